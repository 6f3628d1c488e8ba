"""What a reader must know of a quoted answer besides its words, so that they say nothing untrue."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cached_property

from analysis.blocks import Page
from analysis.brief.bans import Bans
from analysis.brief.denied import Denials
from analysis.brief.names import capital_runs
from analysis.brief.scene import Scene
from analysis.brief.spans import Question, Span
from analysis.brief.text import Word, addresses, word_in, words_of
from analysis.change import Mark

_OF_DENIALS: tuple[Question, ...] = ("excluded", "irreversible")
_OF_DEEDS: tuple[Question, ...] = ("data", "purposes", "recipients")
_OF_FACTS: tuple[Question, ...] = (*_OF_DEEDS, "regions")
_OF_BANS: tuple[Question, ...] = ("excluded", "data", "purposes")
_ENDS = re.compile(r"[.;:!?]")

_ITEM = 12  # words; an item of more is a sentence that says itself what is done
_SAID_AGAIN = 3  # words: fewer say too little to be the same control
_NAME = 2  # words with capitals, "settings" or the like among them, that are the name of a control
_OF_CONTROLS = ("refuse_act", "control")


class Marks:
    """Marks answers, read with the whole later page."""

    def __init__(self, scene: Scene, after: Page) -> None:
        self._scene = scene
        self._page = after
        self._phrases = scene.phrases
        self._grammar = scene.phrases.grammar
        self._reader = scene.reader
        self._bans = Bans(scene)
        self._denials = Denials(scene)

    def of(self, field: Question, span: Span) -> tuple[Mark, ...]:
        """The marks of an answer to `field`."""
        denials = list(self._denials.of(span)) if field in _OF_DEEDS else []
        limited = field in _OF_DENIALS and self._is_limited(span)
        forbidden = (field == "excluded" and self._bans.forbid(span)) or (
            field in _OF_DEEDS and self._bans.cover(span, denials)
        )
        held: tuple[tuple[Mark, bool], ...] = (
            ("stands", not denials and self._stands(field, span)),
            ("forbidden", forbidden and field in _OF_BANS),
            ("denied", (bool(denials) or self._is_of_denied(field, span)) and not (forbidden and field in _OF_BANS)),
            ("age", field == "excluded" and span.rule.startswith("age") and not [*self._denials.of(span)]),
            ("limited", self._limits_behind(span) if denials and not forbidden else limited),
        )
        return tuple(mark for mark, holds in held if holds)

    def _is_of_denied(self, field: Question, span: Span) -> bool:
        """Whether it is an item of a list of what is not done: under "We do not collect:" or "What we never do"."""
        above = span.sentence.hangs_on or span.sentence.heading
        listed = field in _OF_DEEDS and span.sentence.item and len(span.sentence.words) <= _ITEM
        return listed and "negation" in self._phrases.find(words_of(above))

    def _is_limited(self, span: Span) -> bool:
        """Whether the sentence limits what a span denies: by an exception, a condition or an aim that is not quoted."""
        if not span.denies and not span.rule.startswith("lasting"):
            return False
        return span.reach > span.last or self._limits_behind(span) or self._limits_before(span)

    def _limits_behind(self, span: Span) -> bool:
        """Whether the denial goes on with an exception or a condition, before another statement begins."""
        words, grammar, limits = span.sentence.words, self._grammar, span.sentence.where("but_for", "condition")
        for at in range(span.last, len(words)):
            if _ENDS.search(words[at].gap) or (words[at].text in grammar.others and self._parts(words, at)):
                return False
            if at in limits:
                return words[at - 1].text not in grammar.joins | grammar.breaks  # "but if you ask"
        return False

    def _parts(self, words: Sequence[Word], at: int) -> bool:
        return "," in words[at].gap or words[at - 1].text in self._grammar.joins

    def _limits_before(self, span: Span) -> bool:
        """Whether the denial is the main clause of a condition: "when you use the paid plan, we do not keep ..."."""
        words, first, limits = span.sentence.words, span.first, span.sentence.where("but_for", "condition")
        if not span.rule.endswith("clause"):
            first = self._reader.clause_start(span.sentence, first) if span.denies else 0
        if first == 0 or "," not in words[first].gap:
            return False
        at = first - 1
        while at > 0 and not _ENDS.search(words[at].gap) and not (at in limits and "," in words[at].gap):
            at -= 1
        return any(at <= limit <= at + 1 for limit in limits)

    def _stands(self, field: Question, span: Span) -> bool:
        if field == "excluded":
            return span.sentence.side == "before" and span.denies and self._says_again(span)
        if field == "refuse":
            return span.sentence.side == "before" and self._is_way_yet(span)
        return field in _OF_FACTS and self._scene.still_said(span)

    def _is_way_yet(self, span: Span) -> bool:
        """Whether the later page has a way to refuse: in its words, by its address, or by the name of a control."""
        if self._says_again(span):
            return True
        if any(address.group().lower() in self._text for address in addresses(span.text)):
            return True
        for first, last in span.sentence.names:
            name = span.sentence.quote(first, last)
            if span.first <= first and last <= span.last and any(name in block.text for block in self._page.blocks):
                return last - first >= _NAME  # a button "No more mail"; not "subscribers may refuse all"
        places = span.sentence.cues.get("refuse_where", ())
        for first, last in capital_runs(span.sentence, self._phrases.grammar, joined=False):
            first, last = max(first, span.first), min(last, span.last)
            name = " ".join(word.text for word in span.sentence.words[first:last])
            if last - first >= _NAME and any(first <= at < last for at, _ in places) and self._is_control(name):
                return True  # "Cookie Settings"
        return False

    def _is_control(self, name: str) -> bool:
        if not self._says(name):
            return False
        for block in self._page.blocks:
            if not _has_all(block.text.lower(), name):
                continue
            words = words_of(block.text)
            if f" {name} " in _key(word.text for word in words) and (cues := self._phrases.find(words)):
                return any(cue in cues for cue in _OF_CONTROLS)
        return False

    def _says_again(self, span: Span) -> bool:
        return span.last - span.first >= _SAID_AGAIN and self._says(span.key)

    def _says(self, key: str) -> bool:
        """Whether the later page has these words in a row, in small letters and without marks."""
        return _has_all(self._text, key) and f" {key} " in self._said

    @cached_property
    def _text(self) -> str:
        return "\n".join(block.text for block in self._page.blocks).lower()

    @cached_property
    def _said(self) -> str:
        return _key(word_in(self._text).findall(self._text))


def _has_all(small: str, key: str) -> bool:
    """Whether a text has these words at all: one that lacks any needs no closer look."""
    return all(word in small for word in key.split(" "))


def _key(words: Iterable[str]) -> str:
    return f" {' '.join(words)} "
