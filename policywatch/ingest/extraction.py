"""How a document is read, as its watchlist says."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import NamedTuple, Protocol

from analysis.classify.verdict import Verdict
from analysis.compare import compare
from analysis.extract import READER, is_small, markup_of, read_page
from analysis.model import Comparison, Page, Passage, TooCostly, UnreadablePage
from analysis.runner import Run, here
from analysis.text.lexicon import OwnTopic
from analysis.validate.rejection import change_rejection, page_rejection
from analysis.validate.selectors import (
    Suggestion,
    better_suggestions,
    is_kept_elsewhere,
    suggest_selectors,
    text_overlap,
    with_suggestions,
)
from analysis.validate.volatile import Difference, Reading, find_difference, remove_line
from messages import Message
from storage.captures import Capture
from storage.versions import reader_of

# Asks a second reader about passages, or (False) only looks up what it said of them: verdicts by the passage's number,
# where they are to decide. It may go over the network, so no transaction is open then.
Review = Callable[[Sequence[Passage], bool], Mapping[int, Verdict]]

_SMALL = 32_768  # characters of two texts together


class Received(Protocol):
    """A page as it was received, be it a capture or an answer that is not kept yet."""

    @property
    def url(self) -> str: ...
    @property
    def final_url(self) -> str: ...
    @property
    def mime(self) -> str: ...
    @property
    def charset(self) -> str | None: ...
    @property
    def body(self) -> bytes: ...


class _Body(NamedTuple):
    """What of a page as it was received matters to who reads it."""

    url: str
    final_url: str
    mime: str
    charset: str | None
    body: bytes

    @classmethod
    def of(cls, received: Received) -> _Body:
        return cls(received.url, received.final_url, received.mime, received.charset, received.body)


def naming(kept: Sequence[Received], number: int, reason: Message) -> Message:
    """The reason, with the part that it is about if there are several."""
    if len(kept) == 1:
        return reason
    return Message("part.one", number=number + 1, count=len(kept), url=kept[number].url[:300], reason=reason)


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


def unreviewed(_passages: Sequence[Passage], _ask: bool) -> Mapping[int, Verdict]:
    """Without a second reader."""
    return {}


@dataclass(frozen=True, slots=True)
class ExtractionConfig:
    """The watchlist's word on one document."""

    title: str
    language: str
    select: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    topics: tuple[OwnTopic, ...] = ()
    run: Run = field(default=here, repr=False, compare=False)
    review: Review = field(default=unreviewed, repr=False, compare=False)

    @property
    def reader(self) -> str:
        """Changes when the rules, the selectors or the language do, and only then: versions read otherwise can't be
        compared."""
        selectors = json.dumps([self.select, self.remove]).encode()
        return reader_of(f"{READER}:{hashlib.sha256(selectors).hexdigest()[:12]}", self.language)

    @property
    def _apart(self) -> ExtractionConfig:
        """As it can go to another process."""
        return replace(self, run=here, review=unreviewed)

    def read(self, kept: Sequence[Capture], former: Sequence[Page] = ()) -> list[Page]:
        """A page for each part of the document; raises `UnreadablePage` where one of them gives no text, and says
        where the text of the `former` pages stands now."""
        pages = []
        for number, each in enumerate(kept):
            try:
                pages.append(self.page(each.body, mime=each.mime, charset=each.charset, url=each.final_url))
            except TooCostly:
                raise
            except UnreadablePage as unreadable:
                found = self.elsewhere(each, former[number] if former else None)
                raise UnreadablePage(naming(kept, number, with_suggestions(unreadable.reason, found))) from unreadable
        return pages

    def doubt(self, kept: Sequence[Capture], former: Sequence[Page], pages: Sequence[Page]) -> Message | None:
        """Why one of the parts is not believed to be what it was; None where all are."""
        for number, (before, page) in enumerate(zip(former, pages, strict=True)):
            reason = change_rejection(before, page, language=self.language, title=self.title)
            found = self.elsewhere(kept[number], before, page)
            if reason or found:
                return naming(kept, number, with_suggestions(reason or Message("selector.less"), found))
        return None

    def first_doubt(self, kept: Sequence[Capture], pages: Sequence[Page]) -> Message | None:
        """Why one of the parts is not believed, where there is no earlier text to compare it with."""
        for number, page in enumerate(pages):
            reason = page_rejection(page, language=self.language, title=self.title)
            if reason:
                return naming(kept, number, reason)
        return None

    def unstable(self, first: Sequence[Received | None], second: Sequence[Received]) -> Message:
        """Why two answers that differ are not believed: what differs, and the line that leaves it out."""
        found = self.difference(first, second)
        if found is None:
            return Message("answer.unstable")
        return naming(second, found.part, self.advised(found, found.message("differing.unstable")))

    def difference(self, first: Sequence[Received | None], second: Sequence[Received]) -> Difference | None:
        """What differs between the parts of a document as they were received twice, if that is at hand; None where
        nothing is seen to."""
        both = [(_Body.of(one or other), _Body.of(other)) for one, other in zip(first, second, strict=True)]
        try:
            return self.run(ExtractionConfig._difference, self._apart, both)
        except UnreadablePage:
            return None

    def _difference(self, both: Sequence[tuple[_Body, _Body]]) -> Difference | None:
        return find_difference([(self._reading(one), self._reading(other)) for one, other in both], self.topics)

    def advised(self, found: Difference, reason: Message) -> Message:
        """The reason, and the line for the watchlist that leaves out what differs, if there is one."""
        if not found.remove:
            return reason
        return Message("differing.leave_out", reason=reason, line=remove_line([*self.remove, *found.remove]))

    def _reading(self, received: Received) -> Reading:
        read = partial(self._page, received)
        return Reading(read(()), markup_of(received.body, mime=received.mime, charset=received.charset), read)

    def _page(self, received: Received, remove: Sequence[str]) -> Page:
        more = replace(self, remove=(*self.remove, *remove))
        return more.page(received.body, mime=received.mime, charset=received.charset, url=received.final_url)

    def elsewhere(self, kept: Capture, before: Page | None, page: Page | None = None) -> list[Suggestion]:
        """Other selectors, where those of the watchlist find nothing (no `page`) or less than there is.

        Without an earlier text, the text is what the reader would find by itself.
        """
        if not self.select:
            return []
        try:
            return self.run(ExtractionConfig._elsewhere, self._apart, _Body.of(kept), before, page)
        except TooCostly:
            return []

    def _elsewhere(self, kept: _Body, before: Page | None, page: Page | None) -> list[Suggestion]:
        markup = markup_of(kept.body, mime=kept.mime, charset=kept.charset)
        if markup is None:
            return []
        found = suggest_selectors(markup, before, url=kept.final_url, language=self.language, remove=self.remove)
        if before is None or page is None:
            return better_suggestions(found)
        told = better_suggestions(found, text_overlap(before, page))
        if told and is_kept_elsewhere(markup, before, page, select=self.select, remove=self.remove):
            return []
        return told

    def compared(
        self,
        before: Page,
        after: Page,
        earlier: Sequence[Collection[str]] = (),
        second: Mapping[int, Verdict] | None = None,
    ) -> Comparison:
        """Two texts of which it is settled that they are the document's, and the `block_keys` of those before them,
        oldest first; raises `TooCostly`."""
        return self._compared(before, after, believed=True, earlier=earlier, second=second)

    def reviewed(
        self, before: Page, after: Page, earlier: Sequence[Collection[str]] = (), *, ask: bool = True
    ) -> Comparison:
        """As `compared`, and as the second reader decides what the model is unsure of, where it is to."""
        return self._reviewed(partial(self.compared, before, after, earlier), ask=ask)

    def announced(self, before: Page, after: Page) -> Comparison:
        """The text in force and the one that is to replace it, which need not be the same document's, `reviewed`.

        Raises `TooCostly`.
        """
        return self._reviewed(partial(self._compared, before, after, believed=False), ask=True)

    def _reviewed(self, compared: Callable[..., Comparison], *, ask: bool) -> Comparison:
        found = compared()
        second = self.review(found.passages, ask)
        return compared(second=second) if second else found

    def _compared(
        self,
        before: Page,
        after: Page,
        *,
        believed: bool,
        earlier: Sequence[Collection[str]] = (),
        second: Mapping[int, Verdict] | None = None,
    ) -> Comparison:
        small = sum(len(block.text) for page in (before, after) for block in page.blocks) <= _SMALL
        return (here if small else self.run)(
            compare,
            before,
            after,
            language=self.language,
            document=self.title,
            own_topics=self.topics,
            believed=believed,
            earlier=earlier,
            second=second,
        )

    def page(self, body: bytes, *, mime: str, charset: str | None, url: str) -> Page:
        """Read the bytes of one capture; raises `UnreadablePage`."""
        return (here if is_small(body, mime) else self.run)(
            read_page,
            body,
            mime=mime,
            charset=charset,
            url=url,
            language=self.language,
            select=self.select,
            remove=self.remove,
        )
