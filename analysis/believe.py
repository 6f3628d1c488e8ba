"""Whether a text that was read is believed to be the document's."""

from __future__ import annotations

from analysis.blocks import Page


def disbelief(page: Page, *, before: Page | None = None, language: str | None = None, title: str | None = None) -> str | None:
    """Why `page` is not believed to be the document that `before` is an earlier text of, as a sentence; None if it is.

    Without `before` (a first capture) only what the page says by itself counts: an error text, a wall, another language.
    """
    raise NotImplementedError
