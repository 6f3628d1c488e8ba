"""From an archive's texts to versions and changes, judged as any others are; nobody is told of them."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlmodel import Session

from analysis.compare import block_keys
from analysis.model import Page, TooCostly, UnreadablePage
from analysis.page_json import page_from_json
from analysis.text.lexicon import mentions_in
from analysis.text.normal import fingerprint
from analysis.validate.rejection import change_rejection, page_rejection
from messages import Message, verbatim
from policywatch.ingest.captures import EARLIER, Prepared, advance, changed, make_version, prepared
from policywatch.ingest.extraction import ExtractionConfig
from storage.captures import Capture
from storage.changes import change_to, forget_change
from storage.database import Database
from storage.paragraphs import counted, move_on, reindex
from storage.versions import Cause, Version, first_own, last_imported, make_room, mark_imported, numbered_version

_BATCH = 25  # texts in a transaction


@dataclass(frozen=True, slots=True)
class ArchivedText:
    """A text as an archive recorded it; `body` is its Markdown, None where it is too large.

    `address` is that of the archive; `refiltered`: by the archive's word, the page was the same and read otherwise.
    """

    commit: str
    recorded_at: datetime
    body: bytes | None
    source: str
    address: str
    refiltered: bool = False


@dataclass(frozen=True, slots=True)
class SetAside:
    """A text that made no version, and why."""

    commit: str
    recorded_at: datetime
    reason: Message


@dataclass(slots=True)
class Imported:
    """What became of a document's texts; `same` said what the version before says."""

    texts: int = 0
    versions: int = 0
    changes: int = 0
    flagged: int = 0
    same: int = 0
    set_aside: list[SetAside] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Decided:
    """What a text is: the next version (`page`, and `found` unless it is the first), nothing new, or set aside."""

    text: ArchivedText
    page: Page | None = None
    found: Prepared | None = None
    reason: Message | None = None
    settled: bool = True  # else the archive's next text will tell


def import_document(
    database: Database,
    document_id: str,
    manner: ExtractionConfig,
    texts: Iterable[ArchivedText],
    *,
    progress: Callable[[], None] = lambda: None,
) -> Imported:
    """Take a document's texts, oldest first, none older than what was imported before nor newer than our own first.

    Batch by batch, each with the mark up to where it is done; versions of our own move on, and at the end are joined.
    """
    total = Imported()
    with database.reading() as session:
        current, own = last_imported(session, document_id), first_own(session, document_id)
    before = page_from_json(current.page) if current else None
    for batch in _batches(_decided(before, texts, manner)):
        with database.writing() as session:
            for one in batch:
                if own is not None and one.page is not None:
                    number = current.number + 1 if current else 1
                    make_room(session, document_id, number)
                    move_on(session, document_id, number)
                current = _write(session, document_id, manner, current, one, total)
        for _ in batch:
            progress()
    if own is not None and current is not None:
        _join(database, document_id, manner, current, own, anew=total.versions > 0)
    return total


def _batches(decided: Iterator[_Decided]) -> Iterator[list[_Decided]]:
    batch: list[_Decided] = []
    for one in decided:
        batch.append(one)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _decided(before: Page | None, texts: Iterable[ArchivedText], manner: ExtractionConfig) -> Iterator[_Decided]:
    """One for each text.

    A text that is not believed waits for the next one: if the archive goes on with its like, it was the document after
    all; if it comes back to what was before, it was an error page or half a page.
    """
    waiting: list[tuple[_Decided, Page]] = []
    earlier: deque[frozenset[str]] = deque(maxlen=EARLIER)
    for text in texts:
        page = _read(text, manner)
        if isinstance(page, _Decided):
            yield replace(page, settled=not waiting)  # what waits before it is not dealt with yet
            continue
        if before is None:
            reason = page_rejection(page, language=manner.language, title=manner.title)
        else:
            reason = change_rejection(before, page, language=manner.language, title=manner.title)
        if (
            reason
            and waiting
            and change_rejection(waiting[0][1], page, language=manner.language, title=manner.title) is None
        ):
            doubted, doubted_page = waiting.pop()
            taken = _next(before, doubted.text, doubted_page, manner, earlier)
            yield taken
            before, reason = taken.page or before, None
        yield from (doubted for doubted, _ in waiting)
        waiting = []
        if reason:
            waiting = [(_Decided(text, reason=reason), page)]
            continue
        taken = _next(before, text, page, manner, earlier)
        yield taken
        before = taken.page or before
    yield from (replace(doubted, settled=False) for doubted, _ in waiting)


def _read(text: ArchivedText, manner: ExtractionConfig) -> Page | _Decided:
    if text.body is None:
        return _Decided(text, reason=verbatim("the archive's text is missing or too large"))
    try:
        return manner.page(text.body, mime="text/markdown", charset="utf-8", url=text.address)
    except UnreadablePage as unreadable:
        return _Decided(text, reason=unreadable.reason)


def _next(
    before: Page | None, text: ArchivedText, page: Page, manner: ExtractionConfig, earlier: deque[frozenset[str]]
) -> _Decided:
    """What comes of a text that is believed; `earlier` grows by the one before it."""
    if before is None:
        return _Decided(text, page)
    if fingerprint(before.blocks) == fingerprint(page.blocks):
        return _Decided(text)
    try:
        found = prepared(manner.compared(before, page, tuple(earlier)))
    except TooCostly as costly:
        return _Decided(text, reason=costly.reason)
    earlier.append(block_keys(before))
    return _Decided(text, page, found)


def _write(
    session: Session,
    document_id: str,
    manner: ExtractionConfig,
    current: Version | None,
    one: _Decided,
    total: Imported,
) -> Version | None:
    """Write what was decided, with its mark; the version in force then."""
    text = one.text
    total.texts += 1
    if one.settled:
        mark_imported(session, document_id, text.commit, text.recorded_at)
    if one.reason is not None:
        total.set_aside.append(SetAside(text.commit, text.recorded_at, one.reason))
        return current
    if one.page is None:
        total.same += 1
        return current
    kept = _kept(session, document_id, text)
    cause = Cause.READER if text.refiltered else Cause.PAGE
    total.versions += 1
    if current is None or one.found is None:
        return make_version(session, kept, manner, one.page, None, Cause.PAGE, source=text.source)
    change = advance(session, None, kept, manner, one.page, current, one.found, cause, source=text.source)
    change.waits = 0
    total.changes += change.substantive and cause is Cause.PAGE
    total.flagged += change.alert
    return numbered_version(session, document_id, current.number + 1)


def _kept(session: Session, document_id: str, text: ArchivedText) -> Capture:
    assert text.body is not None
    kept = Capture(
        document_id=document_id,
        fetched_at=text.recorded_at,
        url=text.address,
        final_url=text.address,
        status=200,
        headers=[("x-archive-commit", text.commit)],
        mime="text/markdown",
        charset="utf-8",
        sha256=hashlib.sha256(text.body).hexdigest(),
        size=len(text.body),
        body=text.body,
    )
    session.add(kept)
    session.flush()
    return kept


def _join(
    database: Database, document_id: str, manner: ExtractionConfig, theirs: Version, own: Version, *, anew: bool
) -> None:
    """Say what differs between the archive's last text and our first; an earlier import may have said it before, or
    have been ended before it did."""
    assert own.id is not None
    with database.reading() as session:
        former = change_to(session, own.id)
        is_same = theirs.fingerprint == own.fingerprint
        if not anew and (is_same or (former is not None and former.before_id == theirs.id)):
            return
        before, after = (page_from_json(session.get_one(Version, each.id).page) for each in (theirs, own))
        try:
            found = None if is_same else prepared(manner.compared(before, after))
        except TooCostly:
            found = None
        mentions = counted(session, document_id, mentions_in(manner.language))
    with database.writing() as session:
        former = change_to(session, own.id)
        if former is not None:
            forget_change(session, former)
        if found is not None:
            ours = session.get_one(Version, own.id)  # whose number is another now
            changed(session, theirs, ours, found, Cause.PAGE, detected_at=own.captured_at)
        reindex(session, document_id, mentions)
