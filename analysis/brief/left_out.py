"""The words that could say what is left out and what can't be undone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from analysis.brief.acts import Acts
from analysis.brief.names import within_name
from analysis.brief.nouns import LONGEST, STEP
from analysis.brief.text import Sentence, words_of

_KINDS = ("data_head", "data_kind", "content_kind", "sensitive")
_ABOUT = (
    *_KINDS,
    "collect",
    "process",
    "share",
    "retain",
    "train",
    "ai",
    "consent",
    "person",
    "recipient_head",
    "tracking",
    "purpose_noun",
    "control",
)
_DOUBLE = 3  # words between a denial and an exception that it denies
_WHO = 6  # words between people and their age: "members who we believe are under 18"


class LeftOut(Acts):
    """Reads candidates for `excluded` and `irreversible` out of sentences of one language."""

    def _excluded(self, sentence: Sentence) -> Iterator[tuple[int, int, str]]:
        yield from self._denials(sentence)
        yield from self._set_aside(sentence)
        yield from self._exceptions(sentence)
        yield from self._ages(sentence)

    def _denials(self, sentence: Sentence) -> Iterator[tuple[int, int, str]]:
        cues, words = sentence.cues, sentence.words
        for first, last in (*cues.get("negation", ()), *cues.get("nobody", ())):
            if (
                self._disclaims(sentence, first)
                or self.if_refused(sentence, first)
                or self._is_asked(sentence, first, last)
            ):
                continue
            if within_name(sentence.names, first, last):
                continue  # a button "Read on without ads"
            if self._measures(sentence, last) or self._only_narrows(sentence, first) or self._supposes(sentence, first):
                continue
            if any(last <= at <= first + _DOUBLE and self.soft(sentence, at) for at, _ in cues.get("exception", ())):
                continue  # "it cannot be excluded that", "not limited to"
            if end := self.restricted(sentence, first):
                yield first - 2, end, "exception"
                continue
            if (only := self.only(sentence, first)) is not None:
                yield (
                    self.clause_start(sentence, first),
                    self.clause_end(sentence, only, commas=False),
                    "what is excepted",
                )
                continue
            near = self.denial_end(sentence, first)
            if words[first].text in self.grammar.lacking and not self._tells(sentence, first, near):
                continue  # "without charge"
            far = self.clause_end(sentence, first, commas=True)
            start = self.denial_start(sentence, first)
            yield start, near, "denial"
            if (whole := self._whole_subject(sentence, start)) < start:
                yield whole, near, "denial, whole"
            if far > near and words[start].text not in self.grammar.relatives:
                yield start, far, "denial, on"
            if first > start and self._denies_verb(sentence, first):
                yield first - 1, near, "denial, short"

    def _is_asked(self, sentence: Sentence, at: int, end: int) -> bool:
        """Whether a denial is what people may ask for or wish: "request that we do not", "who do not wish"."""
        words, asked = sentence.words, sentence.cues.get("refuse_act", ())
        if end < len(words) and words[end].text in self.grammar.wishes and "prohibition" not in sentence.cues:
            return True
        return any(first < at < last and words[first].text in self.grammar.readers for first, last in asked)

    def _set_aside(self, sentence: Sentence) -> Iterator[tuple[int, int, str]]:
        """What is said to be left out: "Messages are excluded"; but for contracts whatever begins its sentence."""
        words, grammar = sentence.words, self.grammar
        contract = "legal_matter" in sentence.cues or "liability" in sentence.cues
        for first, last in sentence.cues.get("set_aside", ()):
            verb = first - 1
            if verb > 0 and words[verb].text in grammar.passives and words[verb - 1].text not in self._finite:
                start = self.subject_start(sentence, verb)
                who = {word.text for word in words[start:verb]}
                named = start == 0 and not contract and not who & (grammar.denied_by | grammar.others)
                if named or self._tells(sentence, start, verb):
                    yield start, self.clause_end(sentence, last - 1, commas=False), "denial"

    @staticmethod
    def _tells(sentence: Sentence, first: int, last: int) -> bool:
        """Whether words are about data, what is done with them, people or parties."""
        return any(first <= at < last for at in sentence.where(*_ABOUT))

    def _measures(self, sentence: Sentence, last: int) -> bool:
        """Whether a denial only says how much or how long at most: "for no more than 7 days"."""
        words, beyond = sentence.words, self.grammar.beyond
        return (
            last + 1 < len(words)
            and words[last].text in beyond
            and bool({words[last - 1].text, words[last + 1].text} & beyond)
        )

    def _supposes(self, sentence: Sentence, at: int) -> bool:
        """Whether it is supposed that readers do not something: "if you do not want it"."""
        start = self.clause_start(sentence, at)
        case = start > 0 and start - 1 in sentence.where("condition")
        return case and sentence.words[start].text in self.grammar.readers

    def _only_narrows(self, sentence: Sentence, first: int) -> bool:
        """Whether a denial says of which things something is done: "profiles that have not been opened are deleted"."""
        words, grammar = sentence.words, self.grammar
        which = next((at for at in range(first, max(0, first - STEP), -1) if words[at].text in grammar.relatives), 0)
        if which == 0 or not self.soft(sentence, which):
            return False
        acts = sentence.where("retain")
        for at in range(first + 2, min(first + LONGEST, len(words))):
            if not self.soft(sentence, at):
                return False
            if words[at].text in grammar.passives and words[at - 1].text not in self._finite | grammar.denied_by:
                return any(done in acts for done in range(at + 1, min(at + _DOUBLE, len(words))))
        return False

    def _exceptions(self, sentence: Sentence) -> Iterator[tuple[int, int, str]]:
        cues = sentence.cues
        for first, last in cues.get("exception", ()):
            if self._is_of_denial(sentence, first) or self._disclaims(sentence, first):
                continue
            near = self.restricted(sentence, last - 1) or self.clause_end(sentence, last - 1, commas=False)
            if self._leaves_the_choice(sentence, first, near):
                continue
            yield first, near, "exception"
            if self._bans(sentence, first, last):
                continue  # what is forbidden reads as what is done
            yield last, near, "what is excepted"
            far = self.clause_end(sentence, last - 1, commas=True)
            if far > near and sentence.words[self.clause_start(sentence, first)].text not in self.grammar.relatives:
                yield last, far, "what is excepted, on"

    def restricted(self, sentence: Sentence, at: int) -> int:
        """Where the noun ends that restricts the one before a denial ("notes that are not personal data"), or 0."""
        words, grammar = sentence.words, self.grammar
        if at < 3 or words[at].text not in grammar.denied_by or words[at - 1].text not in grammar.passives:
            return 0
        if words[at - 2].text not in grammar.relatives or not self.soft(sentence, at - 2):
            return 0
        nouns = (last for kind in _KINDS for first, last in sentence.cues.get(kind, ()) if first == at + 1)
        return max((self.chunk(sentence, last - 1, last)[1] for last in nouns), default=0)

    def _is_of_denial(self, sentence: Sentence, first: int) -> bool:
        """Whether the exception at `first` is of a denial, so says what is done: "we don't ..., except to"."""
        cues = sentence.cues
        denied = [last for _, last in cues.get("negation", ()) if last <= first]
        if any(first - last <= _DOUBLE and self.soft(sentence, first) for last in denied):
            return True  # "it cannot be excluded that"
        if first not in sentence.where("but_for"):
            return False
        led = sentence.lead and "negation" in self.phrases.find(words_of(sentence.lead))
        return bool(led) or any(not self._ends_between(sentence, last, first) for last in denied)

    @staticmethod
    def _ends_between(sentence: Sentence, first: int, last: int) -> bool:
        return any(";" in word.gap or "." in word.gap for word in sentence.words[first : last + 1])

    def _denies_verb(self, sentence: Sentence, at: int) -> bool:
        """Whether the word before a denial belongs to it: "do not share", "données ne sont pas", not "data without"."""
        before, grammar = sentence.words[at - 1].text, self.grammar
        if before in grammar.joins:
            return False
        return before in grammar.stops or (grammar.noun_first and sentence.words[at].text in grammar.only_with)

    def _disclaims(self, sentence: Sentence, first: int) -> bool:
        """Whether what is denied is a liability."""
        return any(at - 1 <= first < last for at, last in sentence.cues.get("liability", ()))

    def _bans(self, sentence: Sentence, first: int, last: int) -> bool:
        denied = sentence.words[last - 1].text in self.grammar.denied_by
        return denied or any(at < last and first < end for at, end in sentence.cues.get("prohibition", ()))

    def _ages(self, sentence: Sentence) -> Iterator[tuple[int, int, str]]:
        for first, last in _merged(sentence.cues.get("age", [])):
            start, end = self.chunk(sentence, first, last)
            people = sentence.ends("person")
            if end > last and end not in people and not self.grammar.noun_first:
                continue  # "child exploitation material"
            if sentence.words[start].text in self.grammar.yours and end not in people:
                continue  # "votre tranche d'âge"
            yield start, end, "age"
            for person, stop in sentence.cues.get("person", ()):
                between = {word.text for word in sentence.words[stop:start]}
                if stop <= start <= stop + _WHO and between & self.grammar.subjects:
                    yield self.chunk(sentence, person, stop)[0], end, "age of whom"

    def _whole_subject(self, sentence: Sentence, start: int) -> int:
        """Where a subject begins of which `start` is the last part: "your messages and the groups that ... are not"."""
        words, grammar = sentence.words, self.grammar
        if start < 2 or words[start - 1].text not in grammar.joins or words[start].text not in grammar.determiners:
            return start
        return self.clause_start(sentence, start - 1)

    @staticmethod
    def _leaves_the_choice(sentence: Sentence, first: int, last: int) -> bool:
        """Whether the exception is a person's own: "unless you opt out" says how to refuse, not what is left out."""
        return any(first <= at < last for at in sentence.where("refuse_act", "default_on", "default_off"))

    def _irreversible(self, sentence: Sentence) -> Iterator[tuple[int, int, str]]:
        denied = sentence.where("negation")
        for first, last in sentence.cues.get("irreversible", ()):
            if any(at >= first for at, _ in sentence.cues.get("liability", ())):
                continue  # "irrevocably submit to the jurisdiction of": of courts, not of data
            if first in denied and first > 0 and sentence.words[first - 1].text in self.grammar.stops:
                first -= 1  # "does not affect"
            yield first, min(self.listed(sentence, first, last), last + 2), "lasting"
            near = self.clause_end(sentence, last - 1, commas=False, breaks=False)
            yield first, max(near, last), "lasting, on"
            start = self.clause_start(sentence, first)
            yield start, max(near, last), "lasting, clause"


def _merged(places: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Places that touch or overlap as one: "at least 13" and "years old"."""
    begun: tuple[int, int] | None = None
    for first, last in sorted(places):
        if begun and first <= begun[1]:
            begun = begun[0], max(begun[1], last)
            continue
        if begun:
            yield begun
        begun = first, last
    if begun:
        yield begun
