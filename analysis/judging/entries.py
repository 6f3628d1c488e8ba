"""What a sentence names beside other things that stayed, and the other side does not: one more right, or one less."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from analysis.change import Side
from analysis.judging.exceptions import is_exception
from analysis.judging.news import is_joined
from analysis.judging.said import Said
from analysis.text.looks import is_content
from analysis.text.words import word_texts

_NO_LETTER = re.compile(r"\W+")
_AROUND = 12  # characters on either side of changed words


def entries(said: Said, side: Side) -> tuple[str, ...]:
    """What it says beside other things that stayed, where the other side has nothing for it."""
    text = said.one.passage.texts[side]
    return tuple(
        text[start:end]
        for sentence, start, end in _alone(said, side)
        if is_joined(text, start, end)
        and any(map(is_content, word_texts(text[start:end])))
        and not is_exception(text, start, sentence)
    )


def alone(said: Said, side: Side) -> Iterator[str]:
    """The words that went where none came, or that came where none went."""
    return (said.one.passage.texts[side][start:end] for _, start, end in _alone(said, side))


@lru_cache(maxsize=512)
def _alone(said: Said, side: Side) -> tuple[tuple[int, int, int], ...]:
    """Where its sentence begins and where changed words stand between others that stand side by side on the other
    side."""
    texts = said.one.passage.texts
    text, other = texts[side], _letters(texts["before" if side == "after" else "after"])
    return tuple(
        (found.start, start, end)
        for found in said.changed(side)
        if not found.whole
        for start, end in found.spans
        if _letters(text[max(found.start, start - _AROUND) : start] + text[end : min(found.end, end + _AROUND)])
        in other
    )


def _letters(text: str) -> str:
    return _NO_LETTER.sub("", text).casefold()
