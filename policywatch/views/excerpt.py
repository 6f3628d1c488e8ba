"""The pieces of a text around matches."""

from __future__ import annotations

from storage.search import Hit

_AROUND = 180  # characters on each side


def excerpt(hit: Hit) -> list[tuple[bool, str]]:
    """Cuts what is far from all matches."""
    last = len(hit.marked) - 1
    return [
        (
            is_match,
            text
            if is_match
            else _cut(text, is_first=number == 0, is_last=number == last),
        )
        for number, (is_match, text) in enumerate(hit.marked)
    ]


def _cut(text: str, *, is_first: bool, is_last: bool) -> str:
    if len(text) <= 2 * _AROUND:
        return text
    head = "" if is_first else text[:_AROUND].rsplit(" ", 1)[0]
    tail = "" if is_last else text[-_AROUND:].split(" ", 1)[-1]
    return f"{head} … {tail}"
