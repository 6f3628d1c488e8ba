"""What may answer where no word that the brief knows names it: the object of an act on data, whom something is handed
to, what "in order to" leads to, what to do who would not have it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from analysis.blocks import CELL
from analysis.brief.aims import Aims
from analysis.brief.no_data import DATA
from analysis.brief.nouns import LONGEST, OF
from analysis.brief.text import Sentence, words_of

_TAKING = ("collect", "share", "retain")
_USING = ("process", "train")
_HANDING = ("share", "hand_on")
_DOING = ("collect", "process", "share", "train", "reads")
_HANDED = 12  # words between an act of sharing and with whom
_TITLE = 4  # words of the title of a column
_LABEL = 6  # words before a colon that say what follows
_READ = 8  # words between who reads and the data
_SUPPOSED = 25  # words of what is supposed before what to do
_AGREED = 6  # words between "unless you" and an agreement
_NO_DATA = (
    "ai",
    "recipient_head",
    "person",
    "thing",
    "tool",
    "document",
    "place",
    "purpose_noun",
    "law",
    "refuse_where",
)
_NO_PARTIES = (
    *DATA,
    "recipient_head",
    "person",
    "place",
    "thing",
    "document",
    "purpose_noun",
    "purpose_verb",
    "law",
    "tool",
    "ai",
    "tracking",
    "security",
    "retain",
    "refuse_where",
)
_NO_AIMS = ("place", "recipient_head", "person", "retain", "data_kind", "data_head", "content_kind", "law")
_ORDERS = ("you_may", "go", "contact", "control", "refuse_act")

_Places = Iterator[tuple[int, int]]


class Unnamed(Aims):
    """Reads what the grammar alone gives. Positions are indices of a sentence's words."""

    def unnamed_data(self, sentence: Sentence) -> _Places:
        """What is collected, kept, shared or used: "we import glucose readings and meal entries"."""
        words, grammar, cues = sentence.words, self.grammar, sentence.cues
        label = self._label(sentence)
        texts = {word.text for word in words[: len(label)]}
        if "contact" not in cues and not texts & (grammar.ends | grammar.reach):
            yield from self._labelled(sentence, sentence.where("data_head", "data_kind"))
        used = sentence.where(*_USING) - sentence.where(*_TAKING)
        for first, last in _acts(sentence, (*_TAKING, *_USING)):
            at = self._before_act(sentence, first)
            if at >= 0 and words[at].text in grammar.passives and not words[first].text.endswith(grammar.gerunds):
                found = self._subject(sentence, at)
            elif self._has_object(sentence, at, first, last):
                found = self._phrases(sentence, last)
                if first in used and found and words[last].text not in grammar.yours:
                    found = found if found[1] in sentence.where("purpose_lead") else None  # one uses many things
            else:
                continue
            if found and not self._is_no_data_of_act(sentence, *found):
                yield found

    def unnamed_parties(self, sentence: Sentence) -> _Places:
        """Whom something is handed to, who does something with it, who reads it: "airlines", "viewed by recruiters"."""
        words, cues, grammar = sentence.words, sentence.cues, self.grammar
        yield from self._labelled(sentence, sentence.where("recipient_head", "shared_with"))
        if "negation" in cues:
            return
        for first, last in _acts(sentence, _HANDING):
            if self._says_which(sentence, first):
                continue
            ahead = range(last - 1, min(last + _HANDED, len(words) - 1))
            end = next((at for at in ahead if at >= last and self.hard(sentence, at)), len(words))
            to = next((at for at in ahead if at < end and words[at].text in grammar.handing_to), None)
            yield from self._party(sentence, to + 1) if to is not None else ()
        for _, last in _acts(sentence, _DOING):
            if last + 1 < len(words) and words[last].text in grammar.doers and self.soft(sentence, last):
                yield from self._party(sentence, last + 1)
        if words[0].text not in grammar.yours and "rights" not in cues and "refuse_act" not in cues:
            reads = sentence.where("collect", "process", "reads")
            for first, last in self._party(sentence, 0):
                at = last
                while (
                    at < len(words) and self.soft(sentence, at) and words[at].text in grammar.modals | grammar.between
                ):
                    at += 1
                if at in reads and sentence.where(*DATA) & set(range(at + 1, at + _READ)):
                    yield first, last

    def unnamed_aims(self, sentence: Sentence) -> _Places:
        """What data are used for, whatever the verb or noun: "in order to reach", "for audience extension"."""
        words, grammar = sentence.words, self.grammar
        if {word.text for word in words[: len(self._label(sentence))]} & grammar.ends:
            yield from self._labelled(sentence, range(len(words)))
        if "negation" in sentence.cues:
            return
        acts = [end for _, end in _acts(sentence, ("collect", "process", "share", "train"))]
        for first, last in sentence.cues.get("purpose_lead", ()):
            plain = last - first == 1
            if last >= len(words) or not self.soft(sentence, last) or (plain and all(end > first for end in acts)):
                continue
            if self._is_done_there(sentence, first, last):
                end = self.clause_end(sentence, last, commas=False)
                yield self.trimmed(sentence, last, self.shortened(sentence, last, end))
            elif words[last - 1].text not in grammar.handing_to or grammar.noun_first:
                yield from self._end(sentence, last)

    def unnamed_ways(self, sentence: Sentence) -> _Places:
        """What to do who would not have it: "if you would rather not, tell us", "unless you set it to private"."""
        words, grammar, cues = sentence.words, self.grammar, sentence.cues
        if 0 in sentence.where("unwilling"):
            ends = range(2, min(len(words), _SUPPOSED))
            start = next((at for at in ends if "," in words[at].gap or self.hard(sentence, at)), 0)
            start += words[start].text in grammar.breaks & grammar.readers  # "please"
            if start and not self.hard(sentence, start) and self._is_command(sentence, start):
                end = self.clause_end(sentence, start, commas=True, breaks=False)
                yield self.trimmed(sentence, start, self.shortened(sentence, start, end))
        agreed = sentence.where("consent", "default_off")
        for first, last in cues.get("unless", ()):
            if last + 1 >= len(words) or words[last].text not in grammar.readers & grammar.pronouns:
                continue
            if not agreed & set(range(first, last + _AGREED)):
                end = self.clause_end(sentence, last + 1, commas=False)
                yield self.trimmed(sentence, last + 1, self.shortened(sentence, last + 1, end))

    def under_title(self, sentence: Sentence, *, of_aims: bool) -> bool:
        """Whether a cell stands in a column of aims, or names somebody in one of parties: "Purpose", "Provider"."""
        if CELL not in sentence.text or not sentence.lead or len(sentence.words) > LONGEST:
            return False
        title = words_of(sentence.lead)
        if of_aims or len(title) > _TITLE:
            return len(title) <= _TITLE and any(word.text in self.grammar.ends for word in title)
        if not sentence.words[0].capital or any(self.publisher.is_named(word.text) for word in sentence.words):
            return False
        found = self.phrases.find(title)
        return any(cue in found for cue in ("recipient_head", "shared_with", "set_by"))

    @staticmethod
    def _label(sentence: Sentence) -> range:
        """The words before a colon that say what follows: "Recipients:"."""
        words = sentence.words
        return range(next((at for at in range(1, min(len(words), _LABEL)) if ":" in words[at].gap), 0))

    def _labelled(self, sentence: Sentence, kinds: Iterable[int]) -> _Places:
        """What stands behind a label with one of `kinds` in it."""
        label = self._label(sentence)
        if not any(at in label for at in kinds):
            return
        end = len(label) + 1
        while end < len(sentence.words) and not self.hard(sentence, end):
            end += 1
        if end - len(label) <= LONGEST:
            yield len(label), end

    def _before_act(self, sentence: Sentence, first: int) -> int:
        """The word before an act that is no adverb; -1 where none is."""
        words, at = sentence.words, first - 1
        while at > 0 and (words[at].text.endswith(self.grammar.adverbs) or words[at].text in self.grammar.between):
            at -= 1
        return at

    def _has_object(self, sentence: Sentence, at: int, first: int, last: int) -> bool:
        """Whether the word of an act, behind word `at`, is a verb with an object, and is not done by readers."""
        words, grammar = sentence.words, self.grammar
        if last >= len(words) or not self.soft(sentence, last):
            return False
        before, text = words[at].text if at >= 0 else "", words[first].text
        if grammar.noun_first:
            after = words[last].text
            return after in grammar.determiners - grammar.inner and before not in grammar.determiners | grammar.readers
        if before in grammar.readers & grammar.pronouns or before in grammar.determiners:
            return False
        if text.endswith("s"):
            return not before.endswith("s")
        many = before.endswith("s") and not before.endswith("ss")
        led = grammar.modals | grammar.others | grammar.denied_by | grammar.joins | grammar.relatives
        return (
            many or before in led | grammar.handing_to or (text.endswith(grammar.gerunds) and before in grammar.means)
        )

    def _phrases(self, sentence: Sentence, first: int) -> tuple[int, int] | None:
        """The noun phrase that begins at a word, with the enumeration that it begins."""
        words, noun = sentence.words, first
        while noun < len(words) - 1 and words[noun].text in self.grammar.determiners and self.soft(sentence, noun + 1):
            noun += 1
        text = words[noun].text if noun < len(words) else ""
        if not text or text.isdecimal() or self.ends_phrase(text) or text in self.grammar.pronouns:
            return None
        end = self.phrase_end(sentence, noun + 1)
        listed = self.listed(sentence, first, end)
        torn = first > 0 and self.soft(sentence, first) and self.is_subject_of(sentence, listed)
        first, end = self.trimmed(sentence, first, end if torn else listed)  # "we scan cards, and scans were erased"
        return (first, end) if 0 < end - first <= LONGEST else None

    def _subject(self, sentence: Sentence, at: int) -> tuple[int, int] | None:
        """What stands before a verb at word `at`, where it begins the sentence."""
        words, grammar = sentence.words, self.grammar
        while at > 0 and words[at - 1].text in self._finite | grammar.between | grammar.denied_by | grammar.only_with:
            at -= 1
        found = self._phrases(sentence, 0) if at else None
        if found is None:
            return None
        first, end = found
        if end < at:
            end = max((to for to, _ in self.post_modified(sentence, end) if to <= at), default=end)
        return (first, end) if end == at else None

    def _is_no_data_of_act(self, sentence: Sentence, first: int, last: int) -> bool:
        """Whether words name a party, a document, a tool, a service, an act, or nothing in particular."""
        words, grammar = sentence.words, self.grammar
        told = {word.text for word in words[first:last]}
        if told <= grammar.general | grammar.determiners | grammar.vague | grammar.ends:
            return True
        if self.names_other(sentence, first, last) or self.is_no_data(sentence, first, last):
            return True
        head, others = self.bare(sentence, first, last), [*_acts(sentence, _NO_DATA)]
        if grammar.noun_first:
            return any(at == head for at, _ in others)
        ends = (last, min(last, self.phrase_end(sentence, head + 1)))
        return any(end in ends for _, end in others)

    def _says_which(self, sentence: Sentence, first: int) -> bool:
        """Whether a participle says which things are meant: "content shared with friends"."""
        grammar = self.grammar
        if not sentence.words[first].text.endswith(grammar.pasts) or first == 0:
            return False
        return sentence.words[self._before_act(sentence, first)].text not in self._finite | grammar.joins

    def _party(self, sentence: Sentence, first: int) -> _Places:
        """Those whom words name that begin at `first`, with a plural, a determiner or a capital."""
        words, grammar = sentence.words, self.grammar
        found = self._phrases(sentence, first) if self.soft(sentence, first) or first == 0 else None
        if found is None or words[first].text in grammar.carries_on or self.publisher.is_named(words[first].text):
            return
        first, last = found
        many = words[min(last, self.phrase_end(sentence, self.bare(sentence, first, last) + 1)) - 1].text.endswith("s")
        ours = words[first].text in grammar.ours
        if not (many or (words[first].text in grammar.determiners and not ours) or words[first].capital):
            return
        if not any(first <= at < last for at in sentence.where(*_NO_PARTIES)):
            yield first, last

    def _is_done_there(self, sentence: Sentence, first: int, last: int) -> bool:
        """Whether a verb follows words that lead to an aim: "in order to reach", "afin de toucher"."""
        words, grammar = sentence.words, self.grammar
        text = words[last].text
        if grammar.noun_first:
            verb = text.endswith((*grammar.infinitives, "re")) and not text.endswith(grammar.trades)
            return verb and text not in grammar.determiners
        if words[last - 1].text not in grammar.handing_to or words[last].capital:
            return False
        small = grammar.determiners | grammar.pronouns | grammar.passives | grammar.having
        other = self.ends_phrase(text) and text not in grammar.stops
        if text in small or other or text.endswith(("s", *grammar.pasts, grammar.gerunds)):
            return False
        has_object = last + 1 < len(words) and words[last + 1].text in grammar.determiners
        return last - first > 1 or (has_object and words[first - 1].text not in grammar.stops)

    def _end(self, sentence: Sentence, at: int) -> _Places:
        """The nouns that name an aim, with what they are of: "the generation of feedback"."""
        words, found = sentence.words, self._phrases(sentence, at)
        if found is None or any(found[0] <= at < found[1] for at in sentence.where(*_NO_AIMS)):
            return
        first, last = found
        goes_on = last < len(words) and self.soft(sentence, last)
        if goes_on and last == first + 1 and words[first].text.endswith(self.grammar.gerunds):
            return  # "for applying such terms"
        if goes_on and words[last].text == OF:
            last = next((to for to, how in self.post_modified(sentence, last) if how.endswith("nearest")), last)
        yield first, last

    def _is_command(self, sentence: Sentence, at: int) -> bool:
        """Whether an order begins at a word: "tell the agent", "dial 611", "composez le"."""
        words, grammar = sentence.words, self.grammar
        if at + 1 >= len(words) or words[at].text in grammar.others | grammar.determiners:
            return False
        if at in sentence.where(*_ORDERS):
            return True
        if grammar.noun_first:
            return words[at].text.endswith(grammar.orders or ("",))
        after = words[at + 1].text
        return after.isdecimal() or after in grammar.determiners | grammar.pronouns | grammar.handing_to


def _acts(sentence: Sentence, cues: tuple[str, ...]) -> list[tuple[int, int]]:
    return sorted({place for cue in cues for place in sentence.cues.get(cue, ())})
