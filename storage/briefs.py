"""The quotations of a stored brief: in which order they are told, and what is noted behind one; and its default."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

_SAME = 80  # characters by which an excerpt of a sentence is known in another, wherever each was cut

QUOTED = ("data", "purposes", "recipients", "refuse", "excluded", "irreversible", "regions", "see")
_NOTES = {"forbidden": "barred", "denied": "denied", "limited": "limited", "stands": "stands"}  # by mark
_APART = {"forbidden": "forbidden", "age": "ages"}  # keys of what is left out, by mark


def answered(brief: Mapping[str, Any]) -> Iterator[tuple[str, bool, list[dict[str, Any]]]]:
    """The keys of the questions that a brief answers, whether this is no longer said, and the quotations.

    What is forbidden and ages, of what is left out, have keys of their own, and no such mark. What was denied or barred
    before answers nothing.
    """
    for name, apart, gone in product(QUOTED, (None, *_APART), (False, True)):
        quotes = [quote for quote in brief.get(name) or () if _is_gone(quote) == gone]
        those = [quote for quote in quotes if _apart(name, quote) == apart]
        if apart:
            those = [{**quote, "marks": [mark for mark in _marks(quote) if mark != apart]} for quote in those]
        elif gone:
            those = [quote for quote in those if not {"denied", "forbidden"} & set(_marks(quote))]
        if those:
            yield _APART[apart] if apart else name, gone, those


def _apart(name: str, quote: Mapping[str, Any]) -> str | None:
    return next((mark for mark in _APART if name == "excluded" and mark in _marks(quote)), None)


def _is_gone(quote: Mapping[str, Any]) -> bool:
    """Whether its words are no longer said; a way to refuse that stands elsewhere is none of these."""
    return quote.get("side") == "before" and "stands" not in _marks(quote)


def notes(quote: Mapping[str, Any]) -> Iterator[str]:
    """The keys of the words that stand behind a quotation; behind what is no longer said none."""
    marks = set(() if _is_gone(quote) else _marks(quote))
    if {"denied", "limited"} <= marks:  # what is excepted from a denial is done
        yield "denied_but"
        marks -= {"denied", "limited"}
    yield from (note for mark, note in _NOTES.items() if mark in marks)


def default_key(brief: Mapping[str, Any]) -> str | None:
    """The key of the words for whether it happens unless people act; where the page says that of something else than
    the meaning tells of, of the words for some of it."""
    default = brief.get("default")
    if default not in ("on", "off"):
        return None
    said = brief.get("default_words") or {"of_meaning": True}  # briefs of earlier versions quote nothing
    return default if said["of_meaning"] else f"{default}_some"


def default_words(brief: Mapping[str, Any]) -> str | None:
    """The page's words that decided the default; none where they are those of the meaning."""
    said, meaning = (brief.get("default_words") or {}).get("text"), brief.get("meaning") or ""
    return None if said and said[:_SAME] in meaning else said


def _marks(quote: Mapping[str, Any]) -> Sequence[str]:
    return quote.get("marks") or ()  # briefs of earlier versions have none
