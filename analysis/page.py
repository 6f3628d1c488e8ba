"""Bytes in, blocks out."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.blocks import Page

READER = 1  # raised with every change of the rules that can alter what is read


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
    raise NotImplementedError
