"""From captures to versions, changes and alerts, each step in one transaction with the mark that it is done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlmodel import Session

from analysis.as_json import evidence_json, page_from_json, page_json, stored_brief
from analysis.belief.restless import one_place
from analysis.blocks import Page, UnreadablePage
from analysis.change import Comparison, Passage
from analysis.compare import compare
from analysis.judging.mentions import in_language
from analysis.text.normal import fingerprint
from analysis.text.words import word_diff
from analysis.versions.holding import hold
from analysis.versions.manner import Manner, joined, naming
from analysis.versions.telling import STAYS, RoutesFor, settle, tell
from reasons import Reason, of_mistake
from storage.captures import Capture, captures_from
from storage.changes import Change, StoredPassage, change_to
from storage.checks import Check, Outcome, finish, tripped_before, unread_checks
from storage.database import Database
from storage.documents import document, replaced_by
from storage.mistakes import apart
from storage.notices import Notice, NoticeKind, notices_of
from storage.paragraphs import index_version
from storage.versions import Cause, Version, current_version, earlier_with, versions_of_document

_RESTLESS = 3  # changes in a row at one place
_WITHIN = timedelta(days=60)


def read_unread(
    database: Database,
    manners: Mapping[str, Manner],
    routes_for: RoutesFor,
    mistakes: list[Exception],
    *,
    again: bool = False,
) -> list[int]:
    """Read every capture that waits, oldest first; the ids of their checks.

    A document that left the watchlist in the meantime is not read: nobody says how. A capture that the program trips
    over fails its check alone, and what was raised is added to `mistakes`. It is read once more only with `again`.
    """
    with database.reading() as session:
        unread = [check for check in unread_checks(session, again=again) if check.document_id in manners]
        # an announced text is compared with the one in force, so that one is read first
        unread.sort(key=lambda check: replaced_by(document(session, check.document_id)) is not None)
        waiting = [check.id for check in unread]
    for check_id in waiting:
        tripped: list[Exception] = []
        with apart(tripped), database.writing() as session:
            check = session.get_one(Check, check_id)
            if not again and (why := tripped_before(session, check)):
                finish(session, check, Outcome.FAILED, why)
            else:
                _read(session, check, manners[check.document_id], routes_for)
        for mistake in tripped:
            mistakes.append(mistake)
            with database.writing() as session:
                finish(session, session.get_one(Check, check_id), Outcome.FAILED, of_mistake(mistake))
    with database.writing() as session:
        settle(session, routes_for)
    return [check_id for check_id in waiting if check_id is not None]


def _read(session: Session, check: Check, manner: Manner, routes_for: RoutesFor) -> None:
    assert check.capture_id is not None, "an unread check has a capture"
    kept = captures_from(session, check.capture_id)
    current = current_version(session, check.document_id)
    former = former_pages(session, current, kept, manner) if current is not None else []
    try:
        pages = manner.read(kept, former)
    except UnreadablePage as unreadable:
        return finish(session, check, Outcome.UNREADABLE, unreadable.reason)
    page = joined(pages)
    if current is not None and current.fingerprint == fingerprint(page.blocks):
        check.version_id = current.id
        return finish(session, check, Outcome.UNCHANGED)
    is_first = current is None or current.source is not None  # an archive reads its pages in another way
    reason = manner.doubt(kept, former, pages) if former and not is_first else manner.first_doubt(kept, pages)
    if reason:
        before = page_from_json(current.page) if current is not None and not is_first else None
        return hold(session, check, reason, before, page, manner)
    found = judged(session, check, page, manner, current, is_comparable=bool(former))
    cause = Cause.PAGE if former or is_first else Cause.READER
    take(session, check, kept[0], manner, found, cause, routes_for)
    if is_first or found.comparison is None:
        return finish(session, check, Outcome.FIRST)
    finish(session, check, Outcome.CHANGED if found.comparison.substantive else Outcome.COSMETIC)
    return _tell_restless(session, check, manner)


def former_pages(session: Session, current: Version, kept: list[Capture], manner: Manner) -> list[Page]:
    """The text in force, a page for each part; none where the watchlist has other parts now, so that nobody can say
    what the service changed."""
    captures = captures_from(session, current.capture_id)
    if len(captures) == len(kept) == 1:
        return [page_from_json(current.page)]
    if [each.url for each in captures] != [each.url for each in kept]:
        return []
    try:
        return manner.read(captures)
    except UnreadablePage:
        return []


class Judged(NamedTuple):
    """A text that is believed, and what it changes in which version (neither where there is nothing to compare it
    with), or in none that anyone is to hear of."""

    page: Page
    current: Version | None
    against: Version | None
    comparison: Comparison | None
    is_news: bool


def judged(
    session: Session, check: Check, page: Page, manner: Manner, current: Version | None, *, is_comparable: bool
) -> Judged:
    """What the text of the check changes, whether it is believed at once or on a person's word.

    Of our first text after a history from an archive, nobody saw when it changed; and one that is read from other
    parts than `current` (not `is_comparable`) differs by the watchlist: nobody is told.
    """
    if current is None:
        news = Comparison(substantive=True, alert=True)
        against, will = announced(session, check.document_id, page, manner, news)
        return Judged(page, None, against, will if against is not None and will.passages else None, True)
    found = manner.compared(page_from_json(current.page), page)
    if current.source is not None:
        return Judged(page, current, current, found, False)
    against, found = announced(session, check.document_id, page, manner, found)
    return Judged(page, current, against or current, replace(found, alert=found.alert and is_comparable), is_comparable)


def take(
    session: Session,
    check: Check,
    kept: Capture,
    manner: Manner,
    found: Judged,
    cause: Cause,
    routes_for: RoutesFor,
) -> Change | None:
    """Write a text as the next version, what it changes (None: nothing to compare it with), and who is to be told;
    `finish` of the check is the caller's."""
    if found.comparison is None or found.against is None:
        made = make_version(session, kept, manner, found.page, None, cause)
        session.flush()
        check.version_id = made.id
        return None
    change = advance(
        session, check, kept, manner, found.page, found.current, found.comparison, cause, against=found.against
    )
    if found.is_news:
        tell(session, change, found.page, manner, routes_for)
    else:
        change.waits = 0
    return change


def announced(
    session: Session, document_id: str, page: Page, manner: Manner, since: Comparison
) -> tuple[Version | None, Comparison]:
    """What an announced text will change: the text in force that it is going to replace, and the two compared.

    `since` is what differs from the last announced text; where that is nothing to tell, nobody is told again. Without a
    text in force, or where it is another sort of page (a summary, say), `since` is all there is to say.
    """
    replaced = replaced_by(document(session, document_id))
    against = current_version(session, replaced) if replaced is not None else None
    if against is None:
        return None, since
    will = compare(
        page_from_json(against.page), page, language=manner.language, document=manner.title, own_topics=manner.topics
    )
    if will.held:
        return None, since
    return against, replace(will, alert=will.alert and since.alert)


def make_version(
    session: Session,
    kept: Capture,
    manner: Manner,
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
    index_version(session, made, in_language(manner.language))
    return made


def advance(
    session: Session,
    check: Check | None,
    kept: Capture,
    manner: Manner,
    page: Page,
    current: Version | None,
    found: Comparison,
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
        change.returns_to, change.waits = returns.id, STAYS
    if check:
        change.check_id, check.version_id = check.id, made.id
    return change


def changed(
    session: Session, before: Version, after: Version, found: Comparison, cause: Cause, *, detected_at: datetime
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
        **facts(found, alert=cause is not Cause.READER),
    )
    session.add(change)
    session.flush()
    assert change.id is not None
    session.add_all(stored_passages(change.id, found.passages))
    return change


def facts(found: Comparison, *, alert: bool) -> dict[str, Any]:
    """What a comparison says, as the columns of a change."""
    return {
        "substantive": found.substantive,
        "alert": found.alert and alert,
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
            why=list(passage.why),
            why_codes=[reason.as_json() for reason in passage.why],
            marks=[*word_diff(passage.before or "", passage.after or "")],
        )
        for position, passage in enumerate(those)
    ]


class Restless(NamedTuple):
    """A document that changes at one place only, and never in what is told: since when, what stands around the place,
    and what was exchanged last, with the line that leaves it out."""

    since: datetime
    place: tuple[str, str]
    reason: Reason


def restless(session: Session, document_id: str, manner: Manner, now: datetime) -> Restless | None:
    """None where the last changes were not so, or not of late."""
    rows = versions_of_document(session, document_id, limit=_RESTLESS + 1)
    changes = [change_to(session, row.id) for row in rows[:_RESTLESS] if row.id is not None]
    idle = [change for change in changes if change and change.cause == Cause.PAGE and not change.alert]
    if (
        len(rows) <= _RESTLESS
        or rows[-1].source is not None
        or len(idle) < _RESTLESS
        or now - idle[-1].detected_at > _WITHIN
    ):
        return None
    place = one_place([page_from_json(row.page) for row in reversed(rows)])
    last, before = (captures_from(session, row.capture_id) for row in rows[:2])
    if place is None or len(last) != len(before):
        return None
    found = manner.difference(before, last)
    if found is None:
        return None
    said = found.said("differing.restless")
    reason = manner.advised(found, said) if found.remove else Reason("differing.look", reason=said)
    return Restless(idle[-1].detected_at, place, naming(last, found.part, reason))


def _tell_restless(session: Session, check: Check, manner: Manner) -> None:
    """The operator is told once of each place."""
    found = restless(session, check.document_id, manner, check.checked_at)
    if found is None:
        return
    known = notices_of(session, check.document_id, NoticeKind.RESTLESS)
    if any(notice.facts["place"] == [*found.place] for notice in known):
        return
    facts = {"since": found.since.isoformat(), "reason": str(found.reason), "reason_code": found.reason.as_json()}
    session.add(
        Notice(
            kind=NoticeKind.RESTLESS,
            document_id=check.document_id,
            check_id=check.id,
            facts={**facts, "place": [*found.place]},
            created_at=check.checked_at,
        )
    )
