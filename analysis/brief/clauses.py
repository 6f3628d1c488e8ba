"""Clauses of a sentence, found by small grammars that know only the small words of a language."""

from __future__ import annotations

from analysis.brief.entries import Entries
from analysis.brief.nouns import INSIDE, LONGEST, STEP, bullet, softly
from analysis.brief.phrases import Phrases
from analysis.brief.text import Sentence

_PHRASES = ("refuse_act", "default_on", "default_off", "control", "go", "contact", "place")  # whose last word belongs
_ACTS = ("collect", "process", "share", "retain")
_SUBJECT = 14  # words of what is not done or who does not


class Clauses(Entries):
    """Where phrases and clauses of one language begin and end. Positions are indices of a sentence's words."""

    def __init__(self, phrases: Phrases) -> None:
        super().__init__(phrases)
        grammar = self.grammar
        self._cuts = grammar.joins | grammar.breaks | grammar.stops
        self._openings = grammar.breaks - grammar.subjects  # of another clause
        self._objects = grammar.determiners | grammar.pronouns

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
        words, grammar = sentence.words, self.grammar
        if not self.soft(sentence, at) or words[at].text not in grammar.subjects:
            return False
        return words[at - 1].text in grammar.people or at in sentence.ends("person")

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

    def trimmed(self, sentence: Sentence, first: int, last: int) -> tuple[int, int]:
        """The words without small ones at their end, but for those of a phrase ("opt in"); no half of an address."""
        words, grammar = sentence.words, self.grammar
        while 0 < first < last and words[first].gap in INSIDE:
            first -= 1
        if last < len(words) and words[last].gap == "://" and last - first > 1:
            last -= 1
        while last - first > 1:
            word, before = words[last - 1].text, words[last - 2].text
            embedded = last - first > 2 and before in self._subjects and words[last - 3].text in grammar.asked
            if embedded and word in grammar.passives | grammar.having:
                break  # "who you are"
            if last - first > 2 and before in grammar.relatives and word in self._subjects:
                last -= 2  # "the insurers that you"
                continue
            if words[last - 1].gap == ".":
                break  # "Kestrel S.A."
            adverb = word.endswith(grammar.adverbs) and before in grammar.dangling and before not in grammar.determiners
            open_ = word in grammar.lean_on and not (before in grammar.passives or before.endswith(grammar.adverbs))
            if not adverb and not open_ and word not in grammar.dangling:
                break
            if last in sentence.ends(*_PHRASES):
                break
            last -= 1
        return first, last

    def denied_verb(self, sentence: Sentence, first: int) -> int:
        """Where a French denial begins behind the last word of its subject: "profil ne sont jamais"."""
        words, grammar = sentence.words, self.grammar
        noun = words[first].text not in grammar.pronouns | grammar.subjects | grammar.others | grammar.relatives
        return first + 1 if first + 1 < len(words) and noun and words[first + 1].text in grammar.only_with else first

    def subject_start(self, sentence: Sentence, first: int) -> int:
        """Where the subject begins of a verb at `first`, if it stands right before it."""
        words, grammar = sentence.words, self.grammar
        opens = words[first].text in self._finite | grammar.denied_by | grammar.only_with
        start = first
        while opens and start > 0 and self.soft(sentence, start) and words[start - 1].text not in self._openings:
            start -= 1
        if start == first or words[first - 1].text in grammar.joins | grammar.relatives:
            return first
        return first if first - start > _SUBJECT else start

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
        while start > 0 and first - start < STEP and softly(words[start].gap) and ">" not in words[start].gap:
            start -= 1
        return any(">" in word.gap for word in words[start : last + 1])

    def before_bullet(self, sentence: Sentence, first: int, last: int) -> int:
        return next((at for at in range(first + 1, last) if bullet(sentence.words[at].gap)), last)
