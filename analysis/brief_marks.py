"""What a reader must know of a quoted answer besides its words, so that they say nothing untrue."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from analysis.blocks import Page
from analysis.brief_names import capital_runs
from analysis.brief_phrases import Phrases
from analysis.brief_spans import Question, Span
from analysis.brief_text import ADDRESS, WORD, words_of
from analysis.change import Mark

_SAID_AGAIN = 3  # words: fewer say too little to be the same control
_NAME = 2  # words with capitals, "settings" or the like among them, that are the name of a control
_OF_CONTROLS = ("refuse_act", "control")


class Marks:
    """Marks answers, read with the whole later page."""

    def __init__(self, after: Page, phrases: Phrases) -> None:
        self._page = after
        self._phrases = phrases

    def of(self, field: Question, span: Span) -> tuple[Mark, ...]:
        """The marks of an answer to `field`."""
        gone = field == "refuse" and span.sentence.side == "before"
        return ("stands",) if gone and self._stands(span) else ()

    def _stands(self, span: Span) -> bool:
        """Whether the later page has a way to refuse: in its words, by its address, or by the name of a control."""
        if span.last - span.first >= _SAID_AGAIN and f" {span.key} " in self._said:
            return True
        if any(address.lower() in self._text for address in ADDRESS.findall(span.text)):
            return True
        places = span.sentence.cues.get("refuse_where", ())
        for first, last in capital_runs(span.sentence, self._phrases.grammar, joined=False):
            first, last = max(first, span.first), min(last, span.last)
            name = " ".join(word.text for word in span.sentence.words[first:last])
            if last - first >= _NAME and any(first <= at < last for at, _ in places) and self._is_control(name):
                return True  # "Cookie Settings"
        return False

    def _is_control(self, name: str) -> bool:
        if f" {name} " not in self._said:
            return False
        for block in self._page.blocks:
            words = words_of(block.text)
            if f" {name} " in _key(word.text for word in words) and (cues := self._phrases.find(words)):
                return any(cue in cues for cue in _OF_CONTROLS)
        return False

    @cached_property
    def _text(self) -> str:
        return "\n".join(block.text for block in self._page.blocks).lower()

    @cached_property
    def _said(self) -> str:
        return _key(WORD.findall(self._text))


def _key(words: Iterable[str]) -> str:
    return f" {' '.join(words)} "
