"""Whether a sentence denies what an answer quotes: "we do not sell your data", "your photo, which we do not keep"."""

from __future__ import annotations

from collections.abc import Iterator

from analysis.brief.names import within_name
from analysis.brief.scene import Scene
from analysis.brief.spans import Span
from analysis.brief.text import Sentence

_ACTS = ("collect", "process", "share", "retain")
_DENY = ("negation", "nobody", "banned")
_FAR = 45  # words behind a denial that it can be of
_CLAUSE = 10  # words between what is said of something and what denies it
_RELATIVE = 4  # words between "which" and its denial
_NOTE = 2  # words of "be aware"
_APOSTROPHES = ("'", "’")
_DOUBLE = 3  # words between a denial and an exception that it denies: "not limited to"


class Denials:
    """Tells what the sentences of one change deny."""

    def __init__(self, scene: Scene) -> None:
        self._reader = scene.reader
        self._grammar = scene.phrases.grammar

    def of(self, span: Span) -> Iterator[int]:
        """Where the denials stand that the words are of: behind one, as its subject, or before "which we do not".

        Nowhere in a language whose file does not tell how far a denial reaches.
        """
        sentence = span.sentence
        if not self._grammar.beyond:
            return
        for at, last in self._denials(sentence):
            end = self._end(sentence, at, last)
            if last <= span.first < end or (
                span.last <= at
                and (self._is_subject(span, at) or self._is_taken_back(span, at) or self._is_antecedent(span, at, last))
            ):
                yield at

    def of_place(self, span: Span) -> bool:
        """Whether a named place is where something is not; a comma may begin another clause."""
        words = span.sentence.words
        named = any(span.first <= at < span.last for at in span.sentence.where("place"))
        return named and any(
            not any("," in word.gap for word in words[at + 1 : span.first + 1]) for at in self.of(span)
        )

    def takes_out(self, span: Span) -> bool:
        """Whether it is said of what the words name that it is taken out: "Kestrel's code was removed"."""
        return any(span.last <= at and self._is_subject(span, at) for at in span.sentence.where("taken_out"))

    def _denials(self, sentence: Sentence) -> Iterator[tuple[int, int]]:
        words, cues, grammar = sentence.words, sentence.cues, self._grammar
        mine = any(word.text in grammar.mine for word in words)  # the name of a link: "do not sell my data"
        for first, last in sorted(
            [place for cue in _DENY for place in cues.get(cue, ())] + [*self._set_aside(sentence)]
        ):
            of_liability = any(at - 1 <= first < end for at, end in cues.get("liability", ()))
            named = within_name(sentence.long_names, first, last)
            if mine or of_liability or named or self._is_choice(sentence, first):
                continue
            if self._reader.only(sentence, first) is not None or self._is_condition(sentence, first):
                continue
            if any(word.text in grammar.partly | grammar.sole for word in words[last : last + 1]):
                continue  # "not only your name but"
            if not self._is_double(sentence, last) and not self._is_measure(sentence, first, last):
                yield first, last

    def _set_aside(self, sentence: Sentence) -> Iterator[tuple[int, int]]:
        """Where it is said that something is left out of what is done: "your address is excluded"."""
        for first, last in sentence.cues.get("set_aside", ()):
            before = sentence.words[max(0, first - _DOUBLE) : first]
            denied = any(first - _DOUBLE <= at < first for at in sentence.where("negation"))
            if before and before[-1].text in self._grammar.passives and not denied:
                yield first, last

    @staticmethod
    def _is_double(sentence: Sentence, last: int) -> bool:
        """Whether an exception is denied: "not limited to", "not excluded"."""
        return any(last <= at < last + _DOUBLE for at, _ in sentence.cues.get("exception", ()))

    def _is_condition(self, sentence: Sentence, at: int) -> bool:
        """Whether the denial is of a case: "if you do not have an account"; "while we do not" concedes."""
        words, grammar = sentence.words, self._grammar
        start = self._reader.clause_start(sentence, at)
        opens = start - 1 if self._reader.hangs(sentence, start) else start
        cases = sentence.where("condition", "unless")
        if opens in cases and words[opens].text not in grammar.concedes:
            return True
        return at + 1 < len(words) and words[at + 1].text in grammar.readers  # "publishers that do not want"

    def _is_choice(self, sentence: Sentence, at: int) -> bool:
        """Whether people may have it so: "if you opt out we do not", "you may instruct us not to"."""
        if self._reader.if_refused(sentence, at):
            return True
        may = max((end for _, end in sentence.cues.get("you_may", ()) if end < at), default=None)
        if may is None or not self._grammar.noting.isdisjoint(word.text for word in sentence.words[may : may + _NOTE]):
            return False  # "please note that we do not"
        return all(self._reader.soft(sentence, near) for near in range(may, at + 1))

    def _is_measure(self, sentence: Sentence, at: int, last: int) -> bool:
        """Whether it only sets a measure: "no longer than"."""
        return any(word.text in self._grammar.beyond for word in sentence.words[last : self._end(sentence, at, last)])

    def _end(self, sentence: Sentence, at: int, last: int) -> int:
        """Up to which word a denial at `at` holds."""
        words, reader = sentence.words, self._reader
        if thing := reader.restricted(sentence, at):
            return thing
        limits = sentence.where("but_for", "condition") - self._before_places(sentence)
        which = self._relative(sentence, at)
        verbs = self._grammar.passives | self._grammar.modals | self._grammar.denied_by | self._grammar.others
        relative = which is not None and all(word.text in verbs for word in words[which + 1 : at])
        only_noun = self._lacks(sentence, at, last) or self._is_aside(sentence, at, last)
        end, inside = last, False
        while end < len(words) and end - at <= _FAR:
            gap = words[end].gap
            if ")" in gap and "(" not in gap and not inside:
                break  # of the brackets that the denial stands in
            inside = ("(" in gap or inside) and ")" not in gap
            over = (relative or only_noun) and "," in gap
            if not inside and (end in limits or over or self._ends(sentence, end) or self._is_done(sentence, at, end)):
                break
            end += 1
        return end

    @staticmethod
    def _before_places(sentence: Sentence) -> set[int]:
        """Where a word that might limit leads to a place: "hors de l'Union européenne"."""
        leads = sentence.cues.get("place_lead", ())
        places = sentence.where("place")
        return {first for first, last in leads if places & {last, last + 1}}

    def _is_aside(self, sentence: Sentence, at: int, last: int) -> bool:
        """Whether something is left out between commas: "your profile, but not your age, to train models"."""
        before = sentence.words[at - 1] if at else None
        aside = before is not None and before.text in self._grammar.breaks and "," in before.gap
        return aside and last not in sentence.where(*_ACTS)

    def _lacks(self, sentence: Sentence, at: int, last: int) -> bool:
        """Whether a denial is of a noun alone: "without human intervention", not "without selling"."""
        words, grammar = sentence.words, self._grammar
        if words[at].text not in grammar.lacking or last >= len(words):
            return False
        return not words[last].text.endswith(grammar.infinitives or (grammar.gerunds,))

    def _is_done(self, sentence: Sentence, denied: int, at: int) -> bool:
        """Whether the verb at `at` is of what a denied clause is of: "commands that it cannot resolve are sent"."""
        words, grammar = sentence.words, self._grammar
        if words[at].text not in grammar.passives:
            return False
        verbal = grammar.denied_by | grammar.modals | grammar.passives | grammar.only_with
        if denied == 0 or at <= denied + 2 or not {words[denied].text, words[denied - 1].text} & verbal:
            return False  # "no company is"
        small = grammar.determiners | grammar.joins | grammar.modals | grammar.denied_by
        opening = grammar.relatives | grammar.subjects | grammar.others | grammar.breaks
        if words[at - 1].text in small or not all(self._reader.soft(sentence, n) for n in range(denied, at + 1)):
            return False
        return not any(word.text in opening for word in words[denied + 1 : at])

    def _relative(self, sentence: Sentence, at: int) -> int | None:
        """Where the "which" stands that the denial at `at` is of."""
        who = self._grammar.relatives | self._grammar.subjects - self._grammar.others
        near = range(at, max(at - _RELATIVE, -1), -1)
        return next((n for n in near if sentence.words[n].text in who), None)

    def _ends(self, sentence: Sentence, at: int) -> bool:
        words, grammar = sentence.words, self._grammar
        gap = words[at].gap
        if self._reader.hard(sentence, at) and "(" not in gap and ")" not in gap:
            return True
        if "," in gap and words[at].text in grammar.others | grammar.breaks - grammar.including:
            return True
        return words[at].text in grammar.joins and self._says_more(sentence, at + 1)

    def _says_more(self, sentence: Sentence, at: int) -> bool:
        """Whether another statement begins: "and our providers have promised"; "and your name" is denied as well."""
        words, grammar = sentence.words, self._grammar
        acts = sentence.where(*_ACTS)
        for near in range(at, len(words)):
            word = words[near].text
            if word in grammar.breaks | grammar.relatives or (near > at and not self._reader.soft(sentence, near)):
                return word in grammar.others
            if word in grammar.modals | grammar.passives | grammar.others | grammar.having:
                return True
            if near > at + 1 and near in acts and not word.endswith(grammar.pasts):
                return words[near - 1].text not in grammar.determiners
        return False

    def _is_subject(self, span: Span, at: int) -> bool:
        """Whether a clause goes from the words to the denial, with no other act in it: "your letters are not sold"."""
        sentence, grammar = span.sentence, self._grammar
        words = sentence.words
        verb = at
        while verb > span.last and words[verb - 1].text in grammar.passives | grammar.modals | grammar.denied_by:
            verb -= 1
        ended = at in sentence.where("set_aside", "taken_out")
        contracted = at + 1 < len(words) and words[at + 1].gap in _APOSTROPHES and words[at + 1].text == "t"
        verbal = verb < at or contracted or grammar.noun_first or "banned" in sentence.cues
        if at - span.last > _CLAUSE or not verbal:
            return False
        if grammar.noun_first and words[at].text not in grammar.only_with and not (ended and verb < at):
            return False
        if words[verb - 1].text in grammar.joins:
            return False  # "use your own address and do not ..."
        acts = sentence.where(*_ACTS)
        other = grammar.relatives | grammar.others | grammar.breaks | grammar.readers
        return all(self._reader.soft(sentence, near) for near in range(span.last, at + 1)) and not any(
            near in acts or words[near].text in other for near in range(span.last, verb)
        )

    def _is_antecedent(self, span: Span, at: int, last: int) -> bool:
        """Whether a relative clause right behind the words denies their use: "notes, which are not used"."""
        sentence = span.sentence
        if self._relative(sentence, at) != span.last:
            return False
        return any(last <= act < last + _DOUBLE for act in sentence.where(*_ACTS, "train"))

    def _is_taken_back(self, span: Span, at: int) -> bool:
        """Whether a clause at the end denies what is listed before it, of which nothing else is said to be done."""
        sentence = span.sentence
        which = self._relative(sentence, at)
        if which is None or which < span.last:
            return False
        acts = sentence.where(*_ACTS)
        if min(acts, default=0) <= at:
            return False
        return not any(self._reader.hard(sentence, near) for near in range(span.last, which + 1))
