"""How a document is read, as its watchlist says."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from analysis.believe import disbelief, doubt
from analysis.blocks import Page, UnreadablePage
from analysis.page import READER, markup_of, read_page
from analysis.suggest import Place, advised, better, is_kept_elsewhere, places, share_of
from analysis.topics import OwnTopic
from reasons import Reason
from storage.captures import Capture


def naming(kept: Sequence[Capture], number: int, reason: Reason) -> Reason:
    """The reason, with the part that it is about if there are several."""
    if len(kept) == 1:
        return reason
    return Reason("part.one", number=number + 1, count=len(kept), url=kept[number].url[:300], reason=reason)


def joined(pages: Sequence[Page]) -> Page:
    """One document of its parts, with the title of the first."""
    first, *more = pages
    if not more:
        return first
    return replace(
        first,
        blocks=tuple(block for page in pages for block in page.blocks),
        dropped=tuple(one for page in pages for one in page.dropped),
    )


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

    def read(self, kept: Sequence[Capture], former: Sequence[Page] = ()) -> list[Page]:
        """A page for each part of the document; raises `UnreadablePage` where one of them gives no text, and says
        where the text of the `former` pages stands now."""
        pages = []
        for number, each in enumerate(kept):
            try:
                pages.append(self.page(each.body, mime=each.mime, charset=each.charset, url=each.final_url))
            except UnreadablePage as unreadable:
                found = self.elsewhere(each, former[number] if former else None)
                raise UnreadablePage(naming(kept, number, advised(unreadable.reason, found))) from unreadable
        return pages

    def doubt(self, kept: Sequence[Capture], former: Sequence[Page], pages: Sequence[Page]) -> Reason | None:
        """Why one of the parts is not believed to be what it was; None where all are."""
        for number, (before, page) in enumerate(zip(former, pages, strict=True)):
            reason = doubt(before, page, language=self.language, title=self.title)
            found = self.elsewhere(kept[number], before, page)
            if reason or found:
                return naming(kept, number, advised(reason or Reason("selector.less"), found))
        return None

    def first_doubt(self, kept: Sequence[Capture], pages: Sequence[Page]) -> Reason | None:
        """Why one of the parts is not believed, where there is no earlier text to compare it with."""
        for number, page in enumerate(pages):
            reason = disbelief(page, language=self.language, title=self.title)
            if reason:
                return naming(kept, number, reason)
        return None

    def elsewhere(self, kept: Capture, before: Page | None, page: Page | None = None) -> list[Place]:
        """Other selectors, where those of the watchlist find nothing (no `page`) or less than there is.

        Without an earlier text, the text is what the reader would find by itself.
        """
        markup = markup_of(kept.body, mime=kept.mime, charset=kept.charset) if self.select else None
        if markup is None:
            return []
        found = places(markup, before, url=kept.final_url, language=self.language, remove=self.remove)
        if before is None or page is None:
            return better(found)
        told = better(found, share_of(before, page))
        if told and is_kept_elsewhere(markup, before, page, select=self.select, remove=self.remove):
            return []
        return told

    def page(self, body: bytes, *, mime: str, charset: str | None, url: str) -> Page:
        """Read the bytes of one capture; raises `UnreadablePage`."""
        return read_page(
            body, mime=mime, charset=charset, url=url, language=self.language, select=self.select, remove=self.remove
        )
