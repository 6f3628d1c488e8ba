"""Bytes in, blocks out."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.blocks import Page, UnreadablePage
from analysis.page.decoding import decoded
from analysis.page.html_page import read_html
from analysis.page.markdown import read_markdown, read_plain
from reasons import Reason

READER = 8  # raised with every change of the rules that can alter what is read


def read_page(
    body: bytes,
    *,
    mime: str = "text/html",
    charset: str | None = None,
    url: str = "",
    language: str | None = None,
    select: Sequence[str] = (),
    remove: Sequence[str] = (),
) -> Page:
    """Take the document's text out of one capture.

    `mime` is text/html, application/pdf, text/markdown or text/plain; `charset` what the server declared;
    `language` what the watchlist declares. Raises `UnreadablePage` where there is no text: an empty shell, a scan,
    a selector that finds nothing.
    """
    kind = mime.partition(";")[0].strip().lower()
    if body[:1024].lstrip().startswith(b"%PDF-"):
        from analysis.page.pdf import read_pdf  # loads slowly, and few documents need it

        return read_pdf(body, language=language)
    if kind == "application/pdf":
        kind = "text/html"  # an error page in the place of the file
    if b"\0" in body[:1024] and not body.startswith((b"\xff\xfe", b"\xfe\xff")) and not _looks_wide(body):
        raise UnreadablePage(Reason("unreadable.bytes", mime=mime))
    text = decoded(body, charset=charset, html=kind not in ("text/markdown", "text/plain"))
    if not text.strip():
        raise UnreadablePage(Reason("unreadable.empty"))
    if kind == "text/markdown":
        return read_markdown(text, language=language)
    if kind == "text/plain":
        return read_plain(text, language=language)
    return read_html(text, url=url, language=language, select=select, remove=remove)


def markup_of(body: bytes, *, mime: str, charset: str | None) -> str | None:
    """The HTML of a capture; None of what is none."""
    kind = mime.partition(";")[0].strip().lower()
    if body[:1024].lstrip().startswith(b"%PDF-") or kind in ("text/markdown", "text/plain"):
        return None
    return decoded(body, charset=charset)


def _looks_wide(body: bytes) -> bool:
    """UTF-16 without a mark: every other byte of its first markup is zero."""
    head = body[:64]
    return len(head) > 7 and (not any(head[1:8:2]) or not any(head[0:8:2]))
