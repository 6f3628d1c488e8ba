"""From captures to versions, changes and alerts, each step in one transaction with the mark that it is done."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from sqlmodel import Session

from analysis.compare import block_keys
from analysis.model import Comparison, Page, Passage, TooCostly, UnreadablePage
from analysis.page_json import evidence_json, page_from_json, page_json, stored_brief
from analysis.text.lexicon import mentions_in
from analysis.text.normal import fingerprint
from analysis.text.words import word_diff
from messages import Message, program_error
from policywatch.ingest.alerting import STAYS, RoutesFor, settle, tell, undone_by
from policywatch.ingest.extraction import ExtractionConfig, joined
from policywatch.ingest.quarantine import held_news, hold
from policywatch.ingest.volatility import tell_restless
from storage.captures import Capture, captures_from
from storage.changes import Change, StoredPassage
from storage.checks import (
    ATTEMPTS,
    Check,
    Outcome,
    count_attempt,
    finish,
    forget_attempts,
    last_kept,
    tripped_before,
    unread_checks,
)
from storage.database import Database, release_connection
from storage.documents import document, replaced_by
from storage.errors import isolate_errors
from storage.paragraphs import index_version
from storage.versions import Cause, Version, current_version, earlier_with, is_read_as, pages_before

EARLIER = 6  # versions before the one in force that tell a return from news


def read_unread(
    database: Database,
    manners: Mapping[str, ExtractionConfig],
    routes_for: RoutesFor,
    mistakes: list[Exception],
    *,
    again: bool = False,
) -> list[int]:
    """Read every capture that waits, the oldest of a document first; the ids of their checks.

    What takes too much, or ended the program, is tried again when the others are read, and in the end is unreadable.
    A document that left the watchlist in the meantime is not read: nobody says how. A capture that the program trips
    over fails its check alone, and what was raised is added to `mistakes`. It is read once more only with `again`.
    """
    with database.reading() as session:
        unread = [check for check in unread_checks(session, again=again) if check.document_id in manners]
        # an announced text is compared with the one in force, so that one is read first
        unread.sort(key=lambda check: replaced_by(document(session, check.document_id)) is not None)
        tried = {check.document_id for check in unread if check.attempts}
        unread.sort(key=lambda check: check.document_id in tried)
        waiting = [(check.document_id, check.id) for check in unread if check.id is not None]
    if again:
        with database.writing() as session:
            forget_attempts(session, [check_id for _, check_id in waiting])
    documents: dict[str, deque[int]] = defaultdict(deque)
    for document_id, check_id in waiting:
        documents[document_id].append(check_id)
    turns = deque(documents.values())
    while turns:
        checks = turns.popleft()
        while checks and _settled(database, checks[0], manners, routes_for, mistakes, again=again):
            checks.popleft()
        if checks:
            turns.append(checks)  # and what came later of this document waits as well
    with database.writing() as session:
        settle(session, routes_for)
    return [check_id for _, check_id in waiting]


def _settled(
    database: Database,
    check_id: int,
    manners: Mapping[str, ExtractionConfig],
    routes_for: RoutesFor,
    mistakes: list[Exception],
    *,
    again: bool,
) -> bool:
    """Whether the check has its outcome; else it was too costly to read, and is to be tried again."""
    tripped: list[Exception] = []
    with isolate_errors(tripped):
        try:
            _read(database, check_id, manners, routes_for, again=again)
        except TooCostly as costly:
            with database.writing() as session:
                check = session.get_one(Check, check_id)
                if check.attempts < ATTEMPTS:
                    return False
                finish(session, check, Outcome.UNREADABLE, costly.reason)
    for mistake in tripped:
        mistakes.append(mistake)
        with database.writing() as session:
            finish(session, session.get_one(Check, check_id), Outcome.FAILED, program_error(mistake))
    if not tripped:
        with isolate_errors(mistakes):
            tell_restless(database, check_id, manners)
    return True


_Write = Callable[[Session, Check], None]


def _read(
    database: Database, check_id: int, manners: Mapping[str, ExtractionConfig], routes_for: RoutesFor, *, again: bool
) -> None:
    """All that takes long comes before the transaction, so that others can write meanwhile. A run that is killed in
    between has written no more than the attempt, and the next one reads the capture again; nobody else reads, for it
    holds the lock. Raises `TooCostly`."""
    with database.writing() as session:
        if not count_attempt(session, session.get_one(Check, check_id)):
            raise TooCostly
    with database.reading() as session:
        check = session.get_one(Check, check_id)
        tripped = None if again else tripped_before(session, check)
        if tripped is not None and tripped.outcome is not None and tripped.reason is not None:
            write: _Write = partial(
                _finish_likewise, attempts=tripped.attempts, outcome=Outcome(tripped.outcome), reason=tripped.reason
            )
        else:
            write = _decided(session, check, manners[check.document_id], routes_for)
    with database.writing() as session:
        write(session, session.get_one(Check, check_id))


def _decided(session: Session, check: Check, manner: ExtractionConfig, routes_for: RoutesFor) -> _Write:
    """What is to be written of a check's capture; nothing is written here."""
    assert check.capture_id is not None, "an unread check has a capture"
    kept = captures_from(session, check.capture_id)
    current = current_version(session, check.document_id)
    former = former_pages(session, current, kept, manner) if current is not None else []
    try:
        pages = manner.read(kept, former)
    except TooCostly:
        raise
    except UnreadablePage as unreadable:
        return partial(finish, outcome=Outcome.UNREADABLE, reason=unreadable.reason)
    page = joined(pages)
    if current is not None and current.fingerprint == fingerprint(page.blocks):
        return partial(_finish_unchanged, version_id=current.id, reader=manner.reader)
    is_first = current is None or current.source is not None  # an archive reads its pages in another way
    reason = manner.doubt(kept, former, pages) if former and not is_first else manner.first_doubt(kept, pages)
    if reason:
        before = page_from_json(current.page) if current is not None and not is_first else None
        return partial(hold, reason=reason, news=held_news(session, check, before, page, manner))
    found = judged(session, check, page, manner, current, is_comparable=bool(former))
    cause = Cause.PAGE if former or is_first else Cause.READER
    outcome = Outcome.FIRST
    if not is_first and found.prepared is not None:
        outcome = Outcome.CHANGED if found.prepared.comparison.substantive else Outcome.COSMETIC
    write = partial(take, kept=kept[0], manner=manner, found=found, cause=cause, routes_for=routes_for)
    return partial(_finish_taken, write=write, outcome=outcome)


def _finish_likewise(session: Session, check: Check, *, attempts: int, outcome: Outcome, reason: Message) -> None:
    """As an earlier check of the same capture; so `read --again` finds this one."""
    check.attempts = attempts
    finish(session, check, outcome, reason)


def _finish_unchanged(session: Session, check: Check, *, version_id: int | None, reader: str) -> None:
    check.version_id = version_id
    session.get_one(Version, version_id).reader = reader
    finish(session, check, Outcome.UNCHANGED)


def _finish_taken(
    session: Session, check: Check, *, write: Callable[[Session, Check], Change | None], outcome: Outcome
) -> None:
    write(session, check)
    finish(session, check, outcome)


def former_pages(session: Session, current: Version, kept: list[Capture], manner: ExtractionConfig) -> list[Page]:
    """The text in force, a page for each part; none where the watchlist has other addresses now, or another language,
    so that nobody can say what the service changed."""
    captures = captures_from(session, current.capture_id)
    if not _are_alike(captures, kept):
        captures = captures_in_force(session, current)
    if not _are_alike(captures, kept) or not is_read_as(current.reader, manner.language):
        return []
    if len(captures) == 1:
        return [page_from_json(current.page)]
    try:
        return manner.read(captures)
    except UnreadablePage:
        return []


def _are_alike(captures: Sequence[Capture], kept: Sequence[Capture]) -> bool:
    return [each.url for each in captures] == [each.url for each in kept]


def captures_in_force(session: Session, current: Version) -> list[Capture]:
    """The last that said what the text in force says: those that brought it, or later ones from other addresses."""
    assert current.id is not None, "the version in force was written"
    return captures_from(session, last_kept(session, current.document_id, current.id) or current.capture_id)


class Prepared(NamedTuple):
    """A comparison, and its passages as rows with their words marked: what takes long, made before the transaction that
    stores it."""

    comparison: Comparison
    passages: list[StoredPassage]


def prepared(comparison: Comparison) -> Prepared:
    return Prepared(comparison, stored_passages(0, comparison.passages))


class Judged(NamedTuple):
    """A text that is believed, and what it changes in which version (neither where there is nothing to compare it
    with), or in none that anyone is to hear of. `undone` is the change whose alert waits and that it takes back."""

    page: Page
    current: Version | None
    against: Version | None
    prepared: Prepared | None
    is_news: bool
    undone: int | None


def judged(
    session: Session,
    check: Check,
    page: Page,
    manner: ExtractionConfig,
    current: Version | None,
    *,
    is_comparable: bool,
) -> Judged:
    """What the text of the check changes, whether it is believed at once or on a person's word.

    Of our first text after a history from an archive, nobody saw when it changed; and one that is read from other
    addresses than `current` (not `is_comparable`) differs by the watchlist: nobody is told.
    """
    undone = undone_by(session, check.document_id, page, manner)
    if current is None:
        news = Comparison(substantive=True, alert=True)
        against, will = announced(session, check.document_id, page, manner, news)
        told = prepared(will) if against is not None and will.passages else None
        return Judged(page, None, against, told, True, undone)
    before = page_from_json(current.page)
    earlier = earlier_keys(session, check.document_id, current.number)
    release_connection(session)
    found = manner.reviewed(before, page, earlier)
    if current.source is not None:
        return Judged(page, current, current, prepared(found), False, None)
    against, found = announced(session, check.document_id, page, manner, found)
    told = prepared(found if is_comparable else replace(found, alert=False, returns=False))
    return Judged(page, current, against or current, told, is_comparable, undone)


def earlier_keys(session: Session, document_id: str, number: int) -> list[frozenset[str]]:
    """Of the texts before the version of this number: what comes back from them is no news."""
    return [block_keys(page_from_json(page)) for page in pages_before(session, document_id, number, EARLIER)]


def take(
    session: Session,
    check: Check,
    *,
    kept: Capture,
    manner: ExtractionConfig,
    found: Judged,
    cause: Cause,
    routes_for: RoutesFor,
    detected_at: datetime | None = None,
) -> Change | None:
    """Write a text as the next version, what it changes (None: nothing to compare it with), and who is to be told;
    `finish` of the check is the caller's. The change is dated by the check, unless by `detected_at`."""
    if found.prepared is None or found.against is None:
        made = make_version(session, kept, manner, found.page, None, cause)
        session.flush()
        check.version_id = made.id
        return None
    change = advance(
        session, check, kept, manner, found.page, found.current, found.prepared, cause, against=found.against
    )
    change.detected_at = detected_at or change.detected_at
    if found.is_news:
        tell(session, change, found.undone, routes_for)
    else:
        change.waits = 0
    return change


def announced(
    session: Session, document_id: str, page: Page, manner: ExtractionConfig, since: Comparison
) -> tuple[Version | None, Comparison]:
    """What an announced text will change: the text in force that it is going to replace, and the two compared.

    `since` is what differs from the last announced text; where that is nothing to tell, nobody is told again. Without a
    text in force, or where it is another sort of page (a summary, say), `since` is all there is to say.
    """
    replaced = replaced_by(document(session, document_id))
    against = current_version(session, replaced) if replaced is not None else None
    if against is None:
        return None, since
    release_connection(session)
    will = manner.announced(page_from_json(against.page), page)
    if will.held:
        return None, since
    return against, replace(will, alert=will.alert and since.alert)


def make_version(
    session: Session,
    kept: Capture,
    manner: ExtractionConfig,
    page: Page,
    current: Version | None,
    cause: Cause,
    *,
    source: str | None = None,
) -> Version:
    """Write the version after `current`; `source` names the archive that it comes from."""
    assert kept.id is not None
    made = Version(
        document_id=kept.document_id,
        number=current.number + 1 if current else 1,
        capture_id=kept.id,
        captured_at=kept.fetched_at,
        cause=cause.value,
        fingerprint=fingerprint(page.blocks),
        reader=manner.reader,
        source=source,
        page=page_json(page),
    )
    session.add(made)
    index_version(session, made, mentions_in(manner.language))
    return made


def advance(
    session: Session,
    check: Check | None,
    kept: Capture,
    manner: ExtractionConfig,
    page: Page,
    current: Version | None,
    found: Prepared,
    cause: Cause,
    *,
    source: str | None = None,
    against: Version | None = None,
) -> Change:
    """Write the version after `current` and what changed since that one, or `against` the text that an announced one
    will replace; `finish` of the check is the caller's."""
    made = make_version(session, kept, manner, page, current, cause, source=source)
    detected_at = check.checked_at if check else kept.fetched_at
    returns = None
    if cause is Cause.PAGE and current is not None:
        returns = earlier_with(session, kept.document_id, made.fingerprint, current.number)
    before = against or current
    assert before is not None, "a change has two sides"
    change = changed(session, before, made, found, cause, detected_at=detected_at)
    if returns is not None:
        change.returns_to = returns.id
    if returns is not None or (cause is Cause.PAGE and not found.comparison.is_settled):
        change.waits = STAYS
    if check:
        change.check_id, check.version_id = check.id, made.id
    return change


def changed(
    session: Session, before: Version, after: Version, found: Prepared, cause: Cause, *, detected_at: datetime
) -> Change:
    """Write what differs between two versions, with its passages."""
    assert before.id is not None
    assert after.id is not None
    change = Change(
        document_id=after.document_id,
        version_id=after.id,
        before_id=before.id,
        detected_at=detected_at,
        cause=cause.value,
        **facts(found.comparison, alert=cause is not Cause.READER),
    )
    session.add(change)
    session.flush()
    assert change.id is not None
    for passage in found.passages:
        passage.change_id = change.id
    session.add_all(found.passages)
    return change


def facts(found: Comparison, *, alert: bool) -> dict[str, Any]:
    """What a comparison says, as the columns of a change."""
    return {
        "substantive": found.substantive,
        "alert": (found.alert or found.returns) and alert,
        "severity": found.severity,
        "direction": found.direction,
        "topics": list(found.topics),
        "effective_date": found.effective_date,
        "brief": stored_brief(found),
    }


def stored_passages(change_id: int, those: Iterable[Passage]) -> list[StoredPassage]:
    """The passages as rows, with their words marked."""
    return [
        StoredPassage(
            change_id=change_id,
            position=position,
            operation=passage.operation,
            heading=list(passage.heading),
            before=passage.before,
            after=passage.after,
            topics=list(passage.topics),
            evidence=[evidence_json(evidence) for evidence in passage.evidence],
            severity=passage.severity,
            direction=passage.direction,
            returns=passage.returns,
            why=list(passage.why),
            marks=[*word_diff(passage.before or "", passage.after or "")],
        )
        for position, passage in enumerate(those)
    ]
