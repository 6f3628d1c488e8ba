"""From an archive's texts to versions and classified changes, without alerts."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain, islice

from sqlmodel import Session

from analysis.diff import block_keys
from analysis.model import Page, UnreadablePage
from analysis.page_json import page_from_json
from analysis.text.lexicon import mentions_in
from analysis.text.normal import fingerprint
from analysis.validate.rejection import (
    are_different_documents,
    change_rejection,
    page_rejection,
)
from crawler.targets import Fetched
from foundation.vocabulary import Cause
from messages import Message
from policywatch.ingest.captures import add_change, add_version
from policywatch.ingest.decision import EARLIER
from policywatch.ingest.drafts import ChangeDraft, draft_change
from policywatch.ingest.extraction import ExtractionConfig, Memory
from storage.captures import add_capture
from storage.changes import change_to, dissolve_events, forget_change
from storage.database import Database
from storage.paragraphs import make_room, reindex
from storage.reviews import forget_reviews
from storage.versions import (
    Version,
    archive_name,
    imported_around,
    mark_imported,
)

_BATCH = 5  # of a transaction


@dataclass(frozen=True, slots=True)
class ArchivedText:
    """`load` gets its page, or why it can't be read.

    `mark` says how far the history is read with it (empty: no mark). `address` is the archive's; a text that is no
    page has it as final URL too.
    """

    mark: str
    recorded_at: datetime
    load: Callable[[], Fetched | Message]
    source: str
    address: str

    @property
    def archive(self) -> str:
        return archive_name(self.source) or self.source


@dataclass(slots=True)
class Imported:
    """`same` equalled the version before, `set_aside` made none."""

    texts: int = 0
    versions: int = 0
    changes: int = 0
    flagged: int = 0
    same: int = 0
    set_aside: list[tuple[ArchivedText, Message]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Result:
    """Set aside (`reason`), or the next version (`page`, with a `draft` unless first), or nothing new. `is_another`:
    another document begins. Not `settled`: the archive's next text decides.
    """

    text: ArchivedText
    received: Fetched | None = None
    page: Page | None = None
    draft: ChangeDraft | None = None
    is_another: bool = False
    reason: Message | None = None
    settled: bool = True


def import_document(
    database: Database,
    document_id: str,
    config: ExtractionConfig,
    texts: Iterable[ArchivedText],
    *,
    progress: Callable[[int], None] = lambda _texts: None,
) -> Imported:
    """Oldest first, up to the version that follows.

    In batches, each with its mark, while a thread extracts and compares the next; later versions are renumbered, and
    joined at the end.
    """
    total = Imported()
    texts = iter(texts)
    first = list(islice(texts, 1))
    with database.reading() as session:
        current, own = imported_around(
            session, document_id, first[0].recorded_at if first else None
        )
    before = page_from_json(current.page) if current else None
    results = _results(before, _between(current, chain(first, texts), own), config)
    with ThreadPoolExecutor(1) as ahead:
        following = ahead.submit(lambda: list(islice(results, _BATCH)))
        while batch := following.result():
            following = ahead.submit(lambda: list(islice(results, _BATCH)))
            with database.writing() as session:
                for result in batch:
                    current = _write(
                        session,
                        document_id,
                        config,
                        current,
                        result,
                        total,
                        makes_room=own is not None,
                    )
                for last in [result.text for result in batch if result.settled][
                    -1:
                ]:
                    mark_imported(
                        session,
                        document_id,
                        last.archive,
                        last.mark,
                        last.recorded_at,
                    )
            progress(total.texts)
    if own is not None and current is not None:
        _join(
            database,
            document_id,
            config,
            current,
            own,
            is_longer=total.versions > 0,
        )
    return total


def _between(
    before: Version | None, texts: Iterable[ArchivedText], after: Version | None
) -> Iterator[ArchivedText]:
    """Without the one that made the version before."""
    for text in texts:
        if after is not None and text.recorded_at >= after.captured_at:
            return
        if before is None or text.recorded_at > before.captured_at:
            yield text


def _results(
    before: Page | None, texts: Iterable[ArchivedText], config: ExtractionConfig
) -> Iterator[_Result]:
    """A rejected text waits for the next: if the archive continues with it, it was the document; if it returns, it was
    an error page or half a page.
    """
    rejected: tuple[ArchivedText, Fetched, Page, Message] | None = None
    earlier: deque[frozenset[str]] = deque(maxlen=EARLIER)
    for text in texts:
        received = text.load()
        try:
            if isinstance(received, Message):
                raise UnreadablePage(received)
            page = config.extract(received, Memory.of_page(before))
        except UnreadablePage as failure:
            # the one before it is still undecided
            yield _Result(text, reason=failure.reason, settled=rejected is None)
            continue
        reason = _reject_reason(before, page, config)
        if rejected is not None:
            former, its_page = rejected[0], rejected[2]
            if reason and not _reject_reason(its_page, page, config):
                result = _accepted(before, former, its_page, config, earlier)
                result = replace(result, received=rejected[1])
                before, reason = result.page or before, None
            else:
                result = _Result(former, reason=rejected[3])
            yield result
            rejected = None
        if reason:
            rejected = text, received, page, reason
            continue
        result = replace(
            _next(before, text, page, config, earlier), received=received
        )
        yield result
        before = result.page or before
    if rejected is not None:
        yield _Result(rejected[0], reason=rejected[3], settled=False)


def _reject_reason(
    before: Page | None, page: Page, config: ExtractionConfig
) -> Message | None:
    if before is None:
        return page_rejection(page, language=config.language, title=config.title)
    return change_rejection(
        before, page, language=config.language, title=config.title, kind=config.kind
    )


def _accepted(
    before: Page | None,
    text: ArchivedText,
    page: Page,
    config: ExtractionConfig,
    earlier: deque[frozenset[str]],
) -> _Result:
    """A rejected text with which the archive went on."""
    if before is None or not are_different_documents(
        before, page, title=config.title
    ):
        return _next(before, text, page, config, earlier)
    earlier.clear()
    return _Result(text, page=page, is_another=True)


def _next(
    before: Page | None,
    text: ArchivedText,
    page: Page,
    config: ExtractionConfig,
    earlier: deque[frozenset[str]],
) -> _Result:
    """An accepted text; `earlier` grows by the one before it."""
    if before is None:
        return _Result(text, page=page)
    texts, texts_before = (
        [block.text for block in each.blocks] for each in (page, before)
    )
    if texts == texts_before or fingerprint(before.blocks) == fingerprint(
        page.blocks
    ):  # the usual case
        return _Result(text)
    draft = draft_change(config.compare(before, page, earlier=tuple(earlier)))
    earlier.append(block_keys(before))
    return _Result(text, page=page, draft=draft)


def _write(
    session: Session,
    document_id: str,
    config: ExtractionConfig,
    current: Version | None,
    result: _Result,
    total: Imported,
    *,
    makes_room: bool,
) -> Version | None:
    """The version in force then. `makes_room`: later versions are renumbered."""
    text = result.text
    total.texts += 1
    if result.reason is not None:
        total.set_aside.append((text, result.reason))
        return current
    if result.page is None:
        total.same += 1
        return current
    if makes_room:
        number = current.number + 1 if current else 1
        make_room(session, document_id, number)
    assert result.received is not None, "what was read has bytes"
    total.versions += 1
    capture = result.received.capture(text.recorded_at, text.source)
    add_capture(session, capture)
    is_reread = capture.is_refiltered and current is not None
    cause = Cause.EXTRACTION if is_reread else Cause.PAGE
    cause = Cause.REPLACED if result.is_another else cause
    version = add_version(
        session, capture, config, result.page, current, cause, imported=True
    )
    if current is not None and result.draft is not None:
        change = add_change(
            session,
            current,
            version,
            result.draft,
            cause,
            detected_at=text.recorded_at,
        )
        total.changes += change.substantive and cause is Cause.PAGE
        total.flagged += change.alert
    return version


def _join(
    database: Database,
    document_id: str,
    config: ExtractionConfig,
    theirs: Version,
    own: Version,
    *,
    is_longer: bool,
) -> None:
    """The archive's last text with our first; an earlier import may have done so."""
    with database.reading() as session:
        former = change_to(session, own.id)
        is_same = theirs.fingerprint == own.fingerprint
        if not is_longer and (
            is_same or (former is not None and former.before_id == theirs.id)
        ):
            return
        before, after = (
            page_from_json(session.get_one(Version, each.id).page)
            for each in (theirs, own)
        )
    draft = None if is_same else draft_change(config.compare(before, after))
    with database.writing() as session:
        former = change_to(session, own.id)
        if former is not None:
            forget_reviews(session, former.id)
            forget_change(session, former)
            dissolve_events(session)
        if draft is not None:
            ours = session.get_one(Version, own.id)  # renumbered meanwhile
            add_change(
                session,
                theirs,
                ours,
                draft,
                Cause.PAGE,
                detected_at=own.captured_at,
            )
        reindex(session, document_id, mentions_in(config.language))
