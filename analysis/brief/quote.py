"""How the words of an answer are quoted: as they stand on the page, with the link on them."""

from __future__ import annotations

from analysis.brief.spans import Span
from analysis.change import Mark, Quote
from analysis.normal import normal

_CLOSING = {"“": "”", "«": "»", "(": ")", "[": "]", '"': '"'}


def quoted(span: Span, *, linked: bool = False, marks: tuple[Mark, ...] = ()) -> Quote:
    """The span's words as they stand, a quotation mark or bracket that it opens closed."""
    text, words = span.sentence.text, span.sentence.words
    start, end = words[span.first].start, words[span.last - 1].end
    for opening, closing in _CLOSING.items():
        inside = text[start:end]
        unclosed = inside.count(opening) % 2 if opening == closing else inside.count(opening) > inside.count(closing)
        if unclosed and closing in text[end : end + 2]:
            end = text.index(closing, end) + 1
    said = text[start:end]
    return Quote(said, span.sentence.side, _link(span, said) if linked else None, marks)


def _link(span: Span, said: str) -> str | None:
    """The address of a link that stands on the quoted words or has them on it."""
    words = normal(said).lower()
    for link in span.sentence.links:
        on = normal(link.text).lower()
        if on and (on in words or words in on):
            return link.url
    return None
