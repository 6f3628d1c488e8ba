"""How one document is extracted and compared, by the watchlist."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import zstandard

from analysis.diff import block_keys, passages
from analysis.extract import READER, markup_of, read_page
from analysis.extract.ignored import leave_out_ignored
from analysis.extract.markup_digest import markup_digest
from analysis.model import (
    Block,
    Brief,
    Comparison,
    Ignored,
    Page,
    Passage,
    TooCostly,
    UnreadablePage,
)
from analysis.page_json import page_bytes, page_from_json, page_of_bytes
from analysis.text.lexicon import OwnTopic
from analysis.text.normal import fingerprint
from analysis.text.words import word_diff
from analysis.validate.rejection import (
    change_rejection,
    is_unlike,
    page_rejection,
)
from analysis.validate.selectors import finds_less
from crawler.targets import Fetched, Fingerprint
from foundation.vocabulary import UNCLASSIFIED
from messages import Message
from policywatch import sandbox

if TYPE_CHECKING:  # the process that reads pages needs neither database nor NumPy, which load slowly
    from policywatch.config.watchlist import Watchlist
    from policywatch.ingest.drafts import ChangeDraft
    from storage.captures import Capture
    from storage.versions import Version

_LINES = 5  # of a preview


class RawPage(NamedTuple):
    """What the extraction depends on; can go to another process."""

    body: bytes
    mime: str = "text/html"
    charset: str | None = "utf-8"
    url: str = ""
    final_url: str = ""

    @classmethod
    def of(cls, received: Received) -> RawPage:
        return cls(
            received.body,
            received.mime,
            received.charset,
            received.url,
            received.final_url,
        )


Received: TypeAlias = "RawPage | Capture | Fetched"


class Memory(NamedTuple):
    """The text in force as a guide to the next page: its fingerprint, and its blocks' words."""

    text: str | None = None
    blocks: tuple[str, ...] = ()

    @classmethod
    def of(cls, version: Version | None) -> Memory:
        """Empty before the first version."""
        if version is None:
            return cls()
        return cls(
            version.fingerprint,
            tuple(block["text"] for block in version.page["blocks"]),
        )

    @classmethod
    def of_page(cls, page: Page | None) -> Memory:
        return (
            cls()
            if page is None
            else cls(
                fingerprint(page.blocks), tuple(block.text for block in page.blocks)
            )
        )


NO_MEMORY = Memory()


class Extracted(NamedTuple):
    """A page, as `page_bytes`, with its fingerprint."""

    fingerprint: Fingerprint
    page: bytes

    @classmethod
    def of(cls, page: Page, markup: str | None = None) -> Extracted:
        """`markup` is its digest; None if not HTML."""
        text = fingerprint(page.blocks)
        return cls(
            Fingerprint(text, digest_with_text(markup, text)), page_bytes(page)
        )


@dataclass(frozen=True, slots=True)
class ExtractionConfig:
    """The watchlist's settings for one document."""

    title: str
    language: str
    select: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    topics: tuple[OwnTopic, ...] = ()
    read: Callable[..., ChangeDraft] | None = field(
        default=None, repr=False, compare=False
    )  # `policywatch.reader.reader.Reader`
    kind: str | None = None
    section: str | None = None
    service: str = ""
    ignored: tuple[Ignored, ...] = ()  # by a person

    @property
    def extractor(self) -> str:
        """Changes with rules, selectors and language: versions with different ones can't be compared."""
        more = [each for each in (self.section, self.ignored) if each]
        selectors = json.dumps([self.select, self.remove, *more]).encode()
        return f"{READER}:{hashlib.sha256(selectors).hexdigest()[:12]}:{self.language}"  # see `is_read_as`

    @property
    def _portable(self) -> ExtractionConfig:
        """Can go to another process."""
        return replace(self, read=None)

    def extract(self, received: Received, memory: Memory = NO_MEMORY) -> Page:
        """Raises `UnreadablePage`."""
        return sandbox.run(
            ExtractionConfig._page, self._portable, RawPage.of(received), memory
        )

    def extract_new(
        self, received: Received, memory: Memory, markup: str | None
    ) -> Extracted:
        """`markup` is its digest, if known. Raises `UnreadablePage`."""
        return sandbox.run(
            ExtractionConfig._extract_new,
            self._portable,
            RawPage.of(received),
            memory,
            markup,
        )

    def _extract_new(
        self, body: RawPage, memory: Memory, markup: str | None
    ) -> Extracted:
        page = self._page(body, memory)
        return Extracted.of(page, markup or self._markup_digest(body))

    def markup_digest(self, received: Received) -> str | None:
        """With the same one and text in force, a page has the same text. None if not HTML. Raises `UnreadablePage`."""
        return sandbox.run(
            ExtractionConfig._markup_digest, self._portable, RawPage.of(received)
        )

    def _markup_digest(self, body: RawPage) -> str | None:
        markup = markup_of(body.body, mime=body.mime, charset=body.charset)
        if markup is None:
            return None
        digest = markup_digest(markup, (*self.select, *self.remove))
        return hashlib.sha256(
            f"{self.extractor}\0{body.final_url}\0{digest}".encode()
        ).hexdigest()[:32]

    def _page(self, received: RawPage, memory: Memory) -> Page:
        page = read_page(
            received.body,
            mime=received.mime,
            charset=received.charset,
            url=received.final_url,
            language=self.language,
            select=self.select,
            remove=self.remove,
            section=self.section,
            former=memory.blocks,
        )
        return leave_out_ignored(page, self.ignored, memory.blocks, self.language)

    def extract_parts(
        self,
        parts: Sequence[Received],
        *,
        memory: Memory,
        cache: PageCache | None = None,
    ) -> list[Page]:
        """A page for each part, guided by the text in force. Raises `UnreadablePage` if a part has no text."""
        pages = []
        for number, part in enumerate(parts):
            try:
                pages.append(
                    cache.extract(self, part, memory)
                    if cache
                    else self.extract(part, memory)
                )
            except TooCostly:
                raise
            except UnreadablePage as failure:
                raise UnreadablePage(
                    of_part(parts, number, failure.reason)
                ) from failure
        return pages

    def reject_reason(
        self,
        parts: Sequence[Received],
        former: Sequence[Page],
        pages: Sequence[Page],
    ) -> Message | None:
        """Why a part is not the document's; without `former` pages, by its own words only."""
        for number, page in enumerate(pages):
            if former:
                reason = sandbox.run(
                    change_rejection,
                    former[number],
                    page,
                    language=self.language,
                    title=self.title,
                    kind=self.kind,
                )
                if reason is None and self._finds_less(
                    parts[number], former[number], page
                ):
                    reason = Message("selector.less")
                if reason is None and sandbox.run(is_unlike, former[number], page):
                    reason = Message("rejection.unlike")
            else:
                reason = sandbox.run(
                    page_rejection, page, language=self.language, title=self.title
                )
            if reason:
                return of_part(parts, number, reason)
        return None

    def compare(
        self,
        before: Page,
        after: Page,
        *,
        earlier: Sequence[Collection[str]] = (),
        trusted: bool = True,
    ) -> Comparison:
        """As `analysis.compare.compare`, see `compare_within_limits`."""
        return compare_within_limits(
            before,
            after,
            language=self.language,
            document=self.title,
            own_topics=self.topics,
            trusted=trusted,
            earlier=earlier,
        )

    def _finds_less(self, part: Received, before: Page, page: Page) -> bool:
        """Whether the selectors miss former text that the page still has."""
        return bool(self.select) and bool(
            isolated(
                ExtractionConfig._is_elsewhere,
                self._portable,
                RawPage.of(part),
                before,
                page,
            )
        )

    def _is_elsewhere(self, part: RawPage, before: Page, page: Page) -> bool:
        markup = markup_of(part.body, mime=part.mime, charset=part.charset)
        return markup is not None and finds_less(
            markup, before, page, select=self.select, remove=self.remove
        )


def keys_of_earlier(pages: Sequence[dict[str, Any]]) -> list[frozenset[str]]:
    """For `compare`."""
    return [block_keys(page_from_json(page)) for page in pages]


def isolated(function: Callable[..., Any], *args: Any, **options: Any) -> Any:
    """What a function finds in strangers' words; None if too costly."""
    try:
        return sandbox.run(function, *args, **options)
    except TooCostly:
        return None


def compare_within_limits(before: Page, after: Page, **options: Any) -> Comparison:
    """As `analysis.compare.compare`; unclassified if too costly."""
    from analysis.compare import compare  # loads slowly, and is rarely needed

    comparison: Comparison | None = isolated(compare, before, after, **options)
    return comparison or unclassified(before, after)


def differences(before: Page, after: Page) -> tuple[Passage, ...]:
    """As `analysis.diff.passages`; if too costly, whole added and removed paragraphs."""
    found: tuple[Passage, ...] | None = isolated(passages, before, after)
    return unclassified(before, after).passages if found is None else found


def changed_lines(before: Page, after: Page) -> list[str]:
    """Some lines for a person; none if too costly."""
    return isolated(_changed_lines, before, after) or []


def _changed_lines(before: Page, after: Page) -> list[str]:
    marks = {"same": "{}", "removed": "[-{}-]", "added": "{{+{}+}}"}
    lines = []
    for passage in islice(passages(before, after), _LINES):
        parts = word_diff(passage.before or "", passage.after or "")
        words = "".join(marks[tag].format(text) for tag, text in parts)
        lines.append(f"{words[:300]}{'...' if len(words) > 300 else ''}")
    return lines


def unclassified(before: Page, after: Page) -> Comparison:
    """Added and removed paragraphs of a change that was too costly to classify.

    High severity: hiding a sentence beside a costly text must not suppress its alert.
    """
    sides = {"before": before.blocks, "after": after.blocks}
    texts = {
        side: Counter(block.text for block in blocks)
        for side, blocks in sides.items()
    }
    went, came = texts["before"] - texts["after"], texts["after"] - texts["before"]
    passages = [
        *(
            Passage(block.heading, "removed", block.text, None)
            for block in _counted(before.blocks, went)
        ),
        *(
            Passage(block.heading, "added", None, block.text)
            for block in _counted(after.blocks, came)
        ),
    ]
    if not passages:
        return Comparison(substantive=False)
    return Comparison(
        substantive=True,
        alert=True,
        severity="high",
        why=(Message("why.unclassified"),),
        brief=Brief(severity_reasons=(UNCLASSIFIED,)),
        passages=tuple(passages),
    )


def _counted(blocks: Sequence[Block], texts: Counter[str]) -> Iterator[Block]:
    """As often as counted."""
    left = texts.copy()
    for block in blocks:
        if left[block.text] > 0:
            left[block.text] -= 1
            yield block


def extraction_configs(
    watchlist: Watchlist, read: Callable[..., ChangeDraft] | None = None
) -> dict[str, ExtractionConfig]:
    """By document."""
    topics = tuple(
        OwnTopic(name, tuple(entry.phrases), tuple(entry.languages))
        for name, entry in watchlist.topics.items()
    )
    return {
        entry.id: ExtractionConfig(
            entry.title,
            entry.language,
            tuple(entry.select),
            tuple(entry.remove),
            topics,
            read,
            entry.kind,
            entry.section,
            entry.service,
            tuple(Ignored(*each) for each in watchlist.ignored.get(entry.id, ())),
        )
        for entry in watchlist.documents
    }


def digest_with_text(markup: str | None, text: str | None) -> str | None:
    """A digest that becomes invalid with another text in force, wherever that comes from."""
    return (
        hashlib.sha256(f"{markup}\0{text}".encode()).hexdigest()[:32]
        if markup and text
        else None
    )


def of_part(parts: Sequence[Received], number: int, reason: Message) -> Message:
    """Names the part, if there are several."""
    if len(parts) == 1:
        return reason
    return Message(
        "part.one",
        number=number + 1,
        count=len(parts),
        url=parts[number].url[:300],
        reason=reason,
    )


def join_pages(pages: Sequence[Page]) -> Page:
    """With the title of the first."""
    first, *more = pages
    if not more:
        return first
    return replace(
        first,
        blocks=tuple(block for page in pages for block in page.blocks),
        dropped=tuple(text for page in pages for text in page.dropped),
        foreign=tuple(text for page in pages for text in page.foreign),
    )


def source_of(received: Received) -> tuple[str, str, str, str | None, str]:
    """All that its text depends on, besides the configuration."""
    digest = hashlib.sha256(received.body).hexdigest()
    return received.url, received.final_url, received.mime, received.charset, digest


class PageCache:
    """Pages the crawl extracted, for ingest: the last of each address, up to a limit.

    Compressed, for as objects they would take more memory than the rest of a run. Beyond the limit bodies are
    extracted again; the oldest stay, as they are ingested first.
    """

    def __init__(self, limit: int = 8 * 2**20) -> None:  # bytes
        self._free = limit
        self._entries: dict[
            tuple[ExtractionConfig, str], tuple[tuple[Any, ...], bytes]
        ] = {}

    def keep(
        self,
        config: ExtractionConfig,
        received: Received,
        memory: Memory,
        page: bytes | None,
    ) -> None:
        """As `page_bytes`; None if too costly."""
        _, former = self._entries.pop((config, received.url), (None, b""))
        self._free += len(former)
        # a copy: zstandard's result keeps the uncompressed size alive
        packed = (
            bytes(memoryview(zstandard.compress(page, 1)))
            if page is not None
            else b""
        )
        if len(packed) <= self._free:
            self._free -= len(packed)
            self._entries[config, received.url] = (
                (memory.text, *source_of(received)),
                packed,
            )

    def extract(
        self, config: ExtractionConfig, received: Received, memory: Memory
    ) -> Page:
        """Raises `UnreadablePage`; `TooCostly` at once for a body known to be."""
        source, packed = self._entries.get((config, received.url), (None, b""))
        if source is None or source != (memory.text, *source_of(received)):
            return config.extract(received, memory)
        if not packed:
            raise TooCostly
        return page_of_bytes(zstandard.decompress(packed))
