"""The words of a sentence that could answer one of the brief's questions: found by small grammars, not yet judged."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

from analysis.brief.left_out import LeftOut
from analysis.brief.nouns import VOID
from analysis.brief.places import Places
from analysis.brief.text import Sentence, Word
from analysis.brief.unnamed import Unnamed
from analysis.brief.ways_out import WaysOut
from analysis.text.looks import answer

Question = Literal["data", "purposes", "recipients", "refuse", "excluded", "irreversible", "regions"]
FIELDS: tuple[Question, ...] = get_args(Question)
_ASKS = re.compile(r"[\"'”’»)\s]*\?")
_OF_WHAT_IS_TOLD = ("data", "purposes", "recipients", "irreversible")
_NOT_ASKED = ("purposes", "recipients", "refuse")
_OF_DEEDS = ("purposes", "recipients")
_NOT_ON_PATHS = ("data", "purposes", "recipients")  # the steps of a way through menus are none
_OF_WHAT_CHANGED = ("data", "purposes")  # of these people quote next to nothing beside changed words


@dataclass(frozen=True, slots=True)
class Span:
    """Words `first` up to and without `last` of a sentence, and the rule that found them.

    `small` are the language's determiners: "your data" and "that data" say the same. `hangs` where a word like "if" is
    before it, or one like "only" begins it. `reach` is up to which word a denial holds: beyond
    `last` where brackets stand between.
    """

    sentence: Sentence
    first: int
    last: int
    rule: str
    small: frozenset[str] = frozenset()
    hangs: bool = False
    reach: int = 0

    @property
    def words(self) -> Sequence[Word]:
        return self.sentence.words[self.first : self.last]

    @property
    def text(self) -> str:
        return self.sentence.quote(self.first, self.last)

    @property
    def void(self) -> bool:
        return self.rule.startswith(VOID)

    @property
    def key(self) -> str:
        return " ".join([word.text for word in self.words])

    @property
    def telling(self) -> set[str]:
        words = {word.text for word in self.words}
        return words - self.small or words

    @property
    def denies(self) -> bool:
        """Whether it is a clause that says what is not done, and no condition: "if you do not ..."."""
        return self.rule.startswith(("denial", "exception")) and not self.hangs

    def within(self, other: Span) -> bool:
        return self.sentence is other.sentence and other.first <= self.first and self.last <= other.last

    def denied_by(self, denial: Span) -> bool:
        end = max(denial.last, denial.reach)
        return self.sentence is denial.sentence and denial.first <= self.first and self.last <= end

    def meets(self, other: Span) -> bool:
        return self.sentence is other.sentence and self.first < other.last and other.first < self.last


class Reader(WaysOut, LeftOut, Unnamed, Places):
    """Reads candidate spans out of sentences of one language."""

    def spans(self, field: Question, sentence: Sentence) -> list[Span]:
        """Every candidate for `field`, each stretch of words once, in the order of the sentence."""
        found: dict[tuple[int, int], Span] = {}
        if not sentence.touched and field in _OF_WHAT_CHANGED:
            return []
        if not sentence.told and field in _OF_WHAT_IS_TOLD:
            return []
        if field in _NOT_ASKED and _ASKS.match(sentence.text, sentence.words[-1].end):
            return []  # the answer tells it
        if answer(sentence.said) is not None:
            return []  # its row and column are what it is about
        for first, last, rule in self._stretches(field, sentence):
            first = max(self.opened(sentence, first, last), self.after_number(sentence, last))
            whole = self.with_names(sentence, first, self.before_bullet(sentence, first, last))
            if whole is None:
                continue
            first, last = self.trimmed(sentence, whole[0], self.shortened(sentence, *whole))
            if field == "data":
                last = self.owned(sentence, first, self._unhyphened(sentence, last))
                rule = f"{VOID}{rule}" if self.is_no_data(sentence, first, last) else rule
            if field in _OF_DEEDS and self.of_disclaimer(sentence, first):
                continue
            if field in _NOT_ON_PATHS and self.on_path(sentence, first, last):
                continue
            known = found.get((first, last))
            if first < last and (known is None or (known.void and not rule.startswith(VOID))):
                reach = self.reach(sentence, last) if rule.startswith("denial") else last
                hangs = self.hangs(sentence, first) or sentence.words[first].text in self.grammar.sole
                found[first, last] = Span(sentence, first, last, rule, self.grammar.determiners, hangs, reach)
        return sorted(found.values(), key=lambda span: (span.first, span.last))

    def unnamed(self, field: Question, sentence: Sentence) -> list[Span]:
        """What may answer though no known word names it, see unnamed.py."""
        if answer(sentence.said) is not None:
            return []
        places: Iterator[tuple[int, int]] = iter(())
        if not sentence.touched:
            if field in _OF_DEEDS and self.under_title(sentence, of_aims=field == "purposes"):
                places = iter(((0, len(sentence.words)),))
        elif field == "data":
            places = self.unnamed_data(sentence)
        elif field == "purposes":
            places = self.unnamed_aims(sentence)
        elif field == "recipients":
            places = self.unnamed_parties(sentence)
        elif field == "refuse":
            places = self.unnamed_ways(sentence)
        return [Span(sentence, first, last, "unnamed", self.grammar.determiners) for first, last in places]

    def refusing(self, span: Span) -> Span:
        """A way to refuse without the other acts of its list."""
        first = self.refused_from(span.sentence, span.first, span.last)
        if first == span.first:
            return span
        return replace(span, first=first, last=max(span.last, self.clause_end(span.sentence, first, commas=False)))

    def _unhyphened(self, sentence: Sentence, last: int) -> int:
        """Where words end that would be cut within one with a hyphen: "name of the logged-in user"."""
        words = sentence.words
        if last < len(words) and words[last].gap == "-":
            return self.phrase_end(sentence, last + 1)
        return last

    def _stretches(self, field: Question, sentence: Sentence) -> Iterator[tuple[int, int, str]]:
        match field:
            case "data":
                return self._data(sentence)
            case "purposes":
                return self._purposes(sentence)
            case "recipients":
                return self._recipients(sentence)
            case "refuse":
                return self._refuse(sentence)
            case "excluded":
                return self._excluded(sentence)
            case "irreversible":
                return self._irreversible(sentence)
            case "regions":
                return self._regions(sentence)
