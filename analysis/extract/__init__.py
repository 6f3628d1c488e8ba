"""Bytes in, blocks out."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.extract.decoding import decoded
from analysis.extract.html_page import read_html
from analysis.extract.markdown import read_markdown, read_plain
from analysis.extract.section import section_of
from analysis.model import Page, UnreadablePage
from messages import Message

_CHARACTERS = 2_000_000  # of a text; the longest policies have a tenth
READER = 19  # raise it with every rule change that can alter what is extracted


def read_page(
    body: bytes,
    *,
    mime: str = "text/html",
    charset: str | None = None,
    url: str = "",
    language: str | None = None,
    select: Sequence[str] = (),
    remove: Sequence[str] = (),
    section: str | None = None,
    former: Sequence[str] = (),
) -> Page:
    """The document's text of a capture, or of the section with the heading `section`. `former` are the blocks in
    force, which locate the document.

    `mime` is text/html, application/pdf, text/markdown or text/plain; `charset` the server's, `language` the
    watchlist's. Raises `UnreadablePage` without a text: an empty shell, a scan, a selector or section without match.
    """
    kind = mime.partition(";")[0].strip().lower()
    if _is_pdf(body):
        from analysis.extract.pdf_page import (
            read_pdf,
        )  # loads slowly, rarely needed

        return _bounded(read_pdf(body, language=language), section)
    if kind == "application/pdf":
        kind = "text/html"  # an error page in the file's place
    if (
        b"\0" in body[:1024]
        and not body.startswith((b"\xff\xfe", b"\xfe\xff"))
        and not _looks_wide(body)
    ):
        raise UnreadablePage(Message("unreadable.bytes", mime=mime))
    text = decoded(
        body, charset=charset, html=kind not in ("text/markdown", "text/plain")
    )
    if not text.strip():
        raise UnreadablePage(Message("unreadable.empty"))
    if kind not in ("text/markdown", "text/plain"):
        known = () if section else former  # says nothing of other sections
        page = read_html(
            text,
            url=url,
            language=language,
            select=select,
            remove=remove,
            former=known,
        )
        return _bounded(page, section)
    if len(text) > _CHARACTERS:
        raise UnreadablePage(Message("unreadable.costly"))
    return _bounded(
        (read_markdown if kind == "text/markdown" else read_plain)(
            text, language=language
        ),
        section,
    )


def markup_of(body: bytes, *, mime: str, charset: str | None) -> str | None:
    """None if not HTML."""
    kind = mime.partition(";")[0].strip().lower()
    if _is_pdf(body) or kind in ("text/markdown", "text/plain"):
        return None
    return decoded(body, charset=charset)


def _bounded(page: Page, section: str | None) -> Page:
    """Raises `UnreadablePage` for more text than any policy has."""
    texts = sum(len(block.text) for block in page.blocks)
    titles = sum(
        len(title) for block in page.blocks for title in block.heading
    )  # stored with each block
    if texts > _CHARACTERS or titles > 5 * _CHARACTERS:
        raise UnreadablePage(Message("unreadable.costly"))
    return section_of(page, section) if section else page


def _is_pdf(body: bytes) -> bool:
    return body[:1024].lstrip().startswith(b"%PDF-")


def _looks_wide(body: bytes) -> bool:
    """UTF-16 without a mark: every other byte of its markup is zero."""
    head = body[:64]
    return len(head) > 7 and (not any(head[1:8:2]) or not any(head[0:8:2]))
