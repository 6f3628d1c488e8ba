"""Phrases and clauses of a sentence, found by small grammars that know only the small words of a language."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from analysis.brief.phrases import Phrases
from analysis.brief.text import Sentence

LONGEST = 20  # words of an answer
_HARD = frozenset(".;:|()!?—–\n•[]")  # marks that end a clause
_SOFT_ENDS = _HARD | {","}  # marks that end a phrase
_BULLETS = frozenset("-*·")  # between words with space around: the items of a cell
_INSIDE = (".", "@", ":")  # marks without space around stand inside an address, a number, a name
_LIST_LONGEST = 14  # words of an enumeration
_PHRASES = ("refuse_act", "default_on", "default_off", "control", "go", "contact", "place")  # whose last word belongs
_ACTS = ("collect", "process", "share", "retain")
STEP = 4  # words of one step of a way through menus
_OF_LONGEST = 9  # words that say what a noun is of; the last noun phrase is told whole
_LEFT, _RIGHT = 5, 5  # words that a noun phrase may have beside the words it was found by


@lru_cache(maxsize=4096)
def _soft(gap: str) -> bool:
    return _SOFT_ENDS.isdisjoint(gap) and not _bullet(gap)


@lru_cache(maxsize=4096)
def _hard(gap: str) -> bool:
    return gap not in _INSIDE and (not _HARD.isdisjoint(gap) or _bullet(gap))


@lru_cache(maxsize=4096)
def _bullet(gap: str) -> bool:
    return len(gap) > 1 and gap.strip() in _BULLETS


def _abbreviated(sentence: Sentence, at: int) -> bool:
    """Whether the dot before a word is of capitals with dots, as in "U.S. law": they end nothing."""
    words = sentence.words
    if at < 1 or not words[at - 1].capital or len(words[at - 1].text) > 1:
        return False
    within = words[at].gap == "." and len(words[at].text) == 1
    return within or (words[at].gap == ". " and at > 1 and words[at - 1].gap == ".")


class Clauses:
    """Where phrases and clauses of one language begin and end. Positions are indices of a sentence's words."""

    def __init__(self, phrases: Phrases) -> None:
        self.phrases = phrases
        self.grammar = grammar = phrases.grammar
        self._cuts = grammar.joins | grammar.breaks | grammar.stops
        self._openings = grammar.breaks - grammar.subjects  # of another clause
        self._objects = grammar.determiners | grammar.pronouns
        self._small_of_noun = grammar.determiners | grammar.links

    def soft(self, sentence: Sentence, at: int) -> bool:
        """Whether word `at` follows the word before it without a mark that ends a phrase."""
        gap = sentence.words[at].gap
        return _soft(gap) or (gap.startswith(".") and _abbreviated(sentence, at))

    def hard(self, sentence: Sentence, at: int) -> bool:
        gap = sentence.words[at].gap
        return _hard(gap) and not (gap.startswith(".") and _abbreviated(sentence, at))

    def chunk(self, sentence: Sentence, first: int, last: int) -> tuple[int, int]:
        """The noun phrase around words `first` to `last`, with its determiner."""
        words, grammar = sentence.words, self.grammar
        start = first
        while start > 0 and self.soft(sentence, start):
            word = words[start - 1].text
            if word in grammar.inner and start > 1 and self.soft(sentence, start - 1):
                head = words[start - 2].text
                if not self.ends_phrase(head) and head not in grammar.determiners:
                    start -= 2
                    continue
            if word in grammar.determiners:
                start -= 1
                break
            if grammar.noun_first or first - start >= _LEFT:
                break
            if self.ends_phrase(word) and not self.compound(sentence, start - 1):
                break
            start -= 1
        while start > 0 and words[start].gap == "-":
            start -= 1
        return start, self.phrase_end(sentence, last)

    def ends_phrase(self, word: str) -> bool:
        return word in self.grammar.stops or word in self.grammar.joins or word.endswith(self.grammar.adverbs)

    @staticmethod
    def compound(sentence: Sentence, at: int) -> bool:
        """Whether word `at` is part of a hyphenated one: "device-related"."""
        words = sentence.words
        return words[at].gap == "-" or (at + 1 < len(words) and words[at + 1].gap == "-")

    def phrase_end(self, sentence: Sentence, last: int) -> int:
        """Where the noun phrase ends whose words up to `last` are known."""
        words, grammar = sentence.words, self.grammar
        end = last
        while end < len(words) and end - last < _RIGHT and self.soft(sentence, end):
            word = words[end].text
            if word in grammar.inner:
                noun = end + 1
                while noun < len(words) and words[noun].text in grammar.determiners and self.soft(sentence, noun):
                    noun += 1
                if noun < len(words) and self.soft(sentence, noun) and not self.ends_phrase(words[noun].text):
                    end = noun + 1
                    continue
                break
            if word in grammar.determiners or word in grammar.participles:
                break
            if self.ends_phrase(word) and not self._is_noun(sentence, end):
                break
            end += 1
        return end

    def _is_noun(self, sentence: Sentence, at: int) -> bool:
        """Whether a word that may be a verb ends a noun phrase: "the contents of a support request"."""
        words, grammar = sentence.words, self.grammar
        before = words[at - 1].text
        if words[at].text not in grammar.nouns or self.ends_phrase(before) or before.endswith("s"):
            return False
        if at + 1 == len(words) or not self.soft(sentence, at + 1):
            return True
        after = words[at + 1].text
        return after in grammar.stops | grammar.joins and after not in grammar.determiners

    def clause_end(
        self, sentence: Sentence, first: int, *, commas: bool, breaks: bool = True, noted: bool = False
    ) -> int:
        """Where the clause that begins at `first` ends: at a hard mark, at a word that opens another, at a comma.

        With `noted` it goes on behind brackets that follow its first word: "develop (or help develop) models".
        """
        words = sentence.words
        at = first + 1
        while at < len(words) and at - first <= LONGEST:
            if self.hard(sentence, at) and not self.in_name(sentence, at):
                past = self.noted(sentence, at) if noted and at == first + 1 else at
                if past in (at, len(words)):
                    break
                at = past + 1
                continue
            if breaks and at - first > 1 and self._breaks(sentence, at) and not self._restricts(sentence, at):
                break
            if (not commas and "," in words[at].gap) or self._other_act(sentence, at):
                break
            at += 1
        return at

    def _breaks(self, sentence: Sentence, at: int) -> bool:
        """Whether a word opens another clause: "based on", not "interest based ads"."""
        words, grammar = sentence.words, self.grammar
        if words[at].text not in grammar.breaks:
            return False
        if words[at].text not in grammar.leaning or at + 1 == len(words):
            return True
        return not self.soft(sentence, at + 1) or words[at + 1].text in grammar.stops | grammar.determiners

    @staticmethod
    def in_name(sentence: Sentence, at: int) -> bool:
        return any(first < at < last for first, last in sentence.names)

    def _restricts(self, sentence: Sentence, at: int) -> bool:
        """Whether the word says which people are meant: "members who are under 18", "users who we think ..."."""
        people = sentence.cues.get("person", ())
        return (
            self.soft(sentence, at)
            and sentence.words[at].text in self.grammar.subjects
            and any(last == at for _, last in people)
        )

    def _other_act(self, sentence: Sentence, at: int) -> bool:
        """Whether another act with an object of its own begins: "... and deletes them", "... and share your data"."""
        words, grammar = sentence.words, self.grammar
        if words[at].text not in grammar.joins:
            return False
        acts = [act for cue in _ACTS for act in sentence.cues.get(cue, ())]
        if any(last == at for _, last in acts):
            return False  # "collect and share your data": one object
        ends = [last for first, last in acts if first == at + 1]
        return any(end < len(words) and self.soft(sentence, end) and words[end].text in self._objects for end in ends)

    def shortened(self, sentence: Sentence, first: int, last: int) -> int:
        """Where a stretch too long for an answer is cut: before a comma or a small word, never within a name."""
        if last - first <= LONGEST:
            return last
        for at in range(first + LONGEST, first + STEP, -1):
            word = sentence.words[at]
            if ("," in word.gap or word.text in self._cuts) and not self.in_name(sentence, at):
                return at
        return first + LONGEST

    def with_names(self, sentence: Sentence, first: int, last: int) -> tuple[int, int] | None:
        """The words with the names that they begin or end in whole; None for a part of a name."""
        for start, end in sentence.names:
            if start <= first and last <= end and last - first < end - start:
                return None
            if first < start < last < end:
                last = end
            elif start < first < end < last:
                first = start
        return first, last

    def hangs(self, sentence: Sentence, first: int) -> bool:
        """Whether what begins here is a part of another clause: after "if", "that", "which"."""
        return first > 0 and sentence.words[first - 1].text in self._openings

    def clause_start(self, sentence: Sentence, at: int) -> int:
        first = at
        while first > 0 and at - first < 10:
            before = sentence.words[first - 1].text
            if not self.soft(sentence, first) or before in self.grammar.joins or before in self._openings:
                break
            first -= 1
        return first

    def listed(self, sentence: Sentence, first: int, last: int) -> int:
        """Where the enumeration ends that a noun phrase begins: phrases of up to five words with commas or "and"."""
        words, grammar = sentence.words, self.grammar
        end = last
        while end < len(words) and end - first < _LIST_LONGEST:
            at = end
            joined = "," in words[at].gap and not self.hard(sentence, at)
            if words[at].text in grammar.joins and not self.hard(sentence, at):
                at, joined = at + 1, True
            if not joined or at >= len(words):
                break
            start, stop = at, at
            while stop < len(words) and stop - start < 5 and (stop == start or self.soft(sentence, stop)):
                word = words[stop].text
                if word in grammar.joins or (word in grammar.stops and word not in grammar.inner):
                    break
                stop += 1
            if stop == start:
                break
            end = stop
        return end

    def post_modified(self, sentence: Sentence, last: int) -> Iterator[tuple[int, str]]:
        """Further ends of a noun phrase that goes on: "of ...", "about ...", "licensed from ...", "you provide"."""
        words, grammar = sentence.words, self.grammar
        if last >= len(words) or not self.soft(sentence, last):
            return
        licensed = words[last].text in grammar.participles
        if not licensed and words[last].text not in grammar.links:
            return
        noun = last + 1
        while (
            noun < len(words)
            and self.soft(sentence, noun)
            and (words[noun].text in self._small_of_noun or (licensed and words[noun].text in grammar.after))
        ):
            noun += 1
        if noun < len(words) and self.soft(sentence, noun):
            nearest = max(noun + 1, self.phrase_end(sentence, noun))
            yield nearest, " and its nearest"
        end = last + 1
        while (
            end < len(words)
            and end - last < _OF_LONGEST
            and self.soft(sentence, end)
            and words[end].text not in grammar.breaks
        ):
            end += 1
        if end - last == _OF_LONGEST:
            end = self.phrase_end(sentence, end)
        yield end, " and what it is of"

    def noted(self, sentence: Sentence, last: int) -> int:
        words = sentence.words
        if last >= len(words) or not words[last].gap.rstrip().endswith("("):
            return last
        end = last + 1
        while end < len(words) and end - last < 8 and ")" not in words[end].gap:
            end += 1
        return end

    def opened(self, sentence: Sentence, first: int, last: int) -> int:
        """Where words begin that close a bracket which was opened before them: "media access control (MAC) address"."""
        words = sentence.words
        if ")" not in sentence.text:
            return first
        closes = any(")" in word.gap and "(" not in word.gap for word in words[first + 1 : last])
        if not closes:
            return first
        for at in range(first, max(0, first - STEP), -1):
            if "(" in words[at].gap:
                start = self.chunk(sentence, at - 1, at)[0]
                while start > 1 and words[start].capital and words[start - 1].capital and self.soft(sentence, start):
                    start -= 1
                return start
        return first

    def trimmed(self, sentence: Sentence, first: int, last: int) -> tuple[int, int]:
        """The words without small ones at their end, but for those of a phrase ("opt in"); no half of an address."""
        words, grammar = sentence.words, self.grammar
        while 0 < first < last and words[first].gap in _INSIDE:
            first -= 1
        if last < len(words) and words[last].gap == "://" and last - first > 1:
            last -= 1
        while last - first > 1:
            word, before = words[last - 1].text, words[last - 2].text
            adverb = word.endswith(grammar.adverbs) and before in grammar.dangling and before not in grammar.determiners
            if not adverb and word not in grammar.dangling:
                break
            if any(stop == last for cue in _PHRASES for _, stop in sentence.cues.get(cue, ())):
                break
            last -= 1
        return first, last

    @staticmethod
    def after_number(sentence: Sentence, last: int) -> int:
        """Where a title begins behind its number: "2.4 Training"."""
        words, at = sentence.words, 0
        while at < min(last, len(words)) - 1 and words[at].text.isdecimal():
            at += 1
        return at if words[at].capital else 0

    def on_path(self, sentence: Sentence, first: int, last: int) -> bool:
        """Whether the words are part of a way through menus: "Settings > Data", "go to Settings, Data"."""
        words = sentence.words
        if any(
            stop <= first and all(word.capital for word in words[stop : first + 1]) and not self.hard(sentence, stop)
            for _, stop in sentence.cues.get("go", ())
        ):
            return True
        if any(first < start < last for start, _ in sentence.names) and any(
            first <= at < last for at, _ in sentence.cues.get("refuse_where", ())
        ):
            return True  # "the setting "Data for AI""
        if ">" not in sentence.text:
            return False
        start = first
        while start > 0 and first - start < STEP and _soft(words[start].gap) and ">" not in words[start].gap:
            start -= 1
        return any(">" in word.gap for word in words[start : last + 1])

    def before_bullet(self, sentence: Sentence, first: int, last: int) -> int:
        return next((at for at in range(first + 1, last) if _bullet(sentence.words[at].gap)), last)
