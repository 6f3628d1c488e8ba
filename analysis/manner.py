"""How a document is read, as its watchlist says."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from analysis.blocks import Page
from analysis.page import READER, markup_of, read_page
from analysis.suggest import advice, places, share_of
from analysis.topics import OwnTopic
from storage.captures import Capture


@dataclass(frozen=True, slots=True)
class Manner:
    """The watchlist's word on one document."""

    title: str
    language: str
    select: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    topics: tuple[OwnTopic, ...] = ()

    @property
    def reader(self) -> str:
        """Changes when the rules or the selectors do, and only then: versions read otherwise can't be compared."""
        selectors = json.dumps([self.select, self.remove]).encode()
        return f"{READER}:{hashlib.sha256(selectors).hexdigest()[:12]}"

    def read(self, kept: Capture) -> Page:
        """Raise `UnreadablePage` where a capture gives no text."""
        return self.page(kept.body, mime=kept.mime, charset=kept.charset, url=kept.final_url)

    def advice(self, kept: Capture, before: Page | None, page: Page | None = None) -> str:
        """Other selectors, where those of the watchlist find nothing (no `page`) or less than there is.

        Without an earlier text, the text is what the reader would find by itself.
        """
        markup = markup_of(kept.body, mime=kept.mime, charset=kept.charset) if self.select else None
        if markup is None:
            return ""
        now = share_of(before, page) if before is not None and page is not None else 0.0
        found = places(markup, before, url=kept.final_url, language=self.language, remove=self.remove)
        return advice(found, now)

    def page(self, body: bytes, *, mime: str, charset: str | None, url: str) -> Page:
        """Read the bytes of one capture; raises `UnreadablePage`."""
        return read_page(
            body, mime=mime, charset=charset, url=url, language=self.language, select=self.select, remove=self.remove
        )
