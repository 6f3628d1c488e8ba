"""How the words of an answer are quoted: as they stand on the page, with the link on them."""

from __future__ import annotations

import re

from analysis.brief.spans import Span
from analysis.change import Mark, Quote
from analysis.text.normal import normal

_JOINED = re.compile(r"\w|(?<=\d)[.,](?=\d)")
_CLOSING = {"“": "”", "«": "»", "(": ")", "[": "]", '"': '"'}


def quoted(span: Span, *, linked: bool = False, marks: tuple[Mark, ...] = ()) -> Quote:
    """The span's words as they stand, a quotation mark or bracket that it opens closed.

    A quotation mark that it closes is opened.
    """
    text, words = span.sentence.text, span.sentence.words
    start, end = _whole(text, words[span.first].start, words[span.last - 1].end)
    for opening, closing in _CLOSING.items():
        inside = text[start:end]
        unclosed = inside.count(opening) % 2 if opening == closing else inside.count(opening) > inside.count(closing)
        if unclosed and closing in text[end : end + 2]:
            end = text.index(closing, end) + 1
            continue
        unopened = unclosed if opening == closing else inside.count(closing) > inside.count(opening)
        if unopened and opening not in "([" and text[:start].rstrip().endswith(opening):
            start = text.rindex(opening, 0, start)
    if span.last < len(words) and text[end] == "." and _is_short(span):
        end += 1
    said = text[start:end]
    return Quote(said, span.sentence.side, _link(span, said) if linked else None, marks)


def _whole(text: str, start: int, end: int) -> tuple[int, int]:
    """Where the number or identifier begins and ends that words are a part of: "2,018", "_sid"."""
    while start > 0 and _JOINED.match(text, start - 1):
        start -= 1
    while end < len(text) and _JOINED.match(text, end):
        end += 1
    return start, end


def _is_short(span: Span) -> bool:
    """Whether words end with a company's form, which a dot in the sentence shortens: "Corvina, Inc. and others"."""
    return any(last == span.last for _, last in span.sentence.cues.get("company_form", ()))


def _link(span: Span, said: str) -> str | None:
    """The address of a link that stands on the quoted words or has them on it."""
    words = normal(said).lower()
    for link in span.sentence.links:
        on = normal(link.text).lower()
        if on and (on in words or words in on):
            return link.url
    return None
