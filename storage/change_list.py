"""The list of changes: filtered, newest first, in pages."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import chain, product
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    String,
    and_,
    case,
    cast,
    exists,
    not_,
    or_,
    tuple_,
)
from sqlalchemy.orm import aliased, defer
from sqlmodel import Session, col, func, select

from foundation.vocabulary import SEVERITIES, Cause, gravity
from storage.changes import (
    Change,
    ChangeTopic,
    StoredPassage,
    event_changes,
    passage_counts,
)
from storage.clock import midnight
from storage.columns import Condition, parsed_id
from storage.documents import (
    PREVIEW,
    Document,
    matching,
    replaced_by,
    untranslated_id,
)
from storage.reviews import has_public_note, is_in_state
from storage.versions import Version, version_heads


@dataclass(frozen=True, slots=True)
class Announcement:
    change_id: int
    document_id: str
    day: date


def announcements(
    session: Session, changes: Sequence[Change]
) -> dict[int, Announcement]:
    """By change, the last announcement of exactly its text."""
    announcing: dict[str, list[str]] = {}
    for document in session.exec(select(Document).where(Document.kind == PREVIEW)):
        announcing.setdefault(replaced_by(document) or "", []).append(document.id)
    changes = [change for change in changes if change.document_id in announcing]
    if not changes:
        return {}
    heads = version_heads(session, [change.version_id for change in changes])
    earlier = session.exec(
        select(Change, Version)
        .join(Version, col(Version.id) == Change.version_id)
        .where(
            Change.alert,
            col(Change.document_id).in_(
                {*chain.from_iterable(announcing.values())}
            ),
            col(Version.fingerprint).in_(
                {each.fingerprint for each in heads.values()}
            ),
        )
        .options(defer(Version.page))
        .order_by(col(Change.id))
    ).all()
    by_change: dict[int, Announcement] = {}
    for change, (preview, head) in product(changes, earlier):
        if (
            head.fingerprint == heads[change.version_id].fingerprint
            and preview.document_id in announcing[change.document_id]
            and preview.detected_at <= change.detected_at
        ):
            by_change[change.id] = announcement_by(preview, head)
    return by_change


def announcement_by(change: Change, head: Version) -> Announcement:
    # accepting a text dates the change later than the page showed it
    at = head.captured_at if change.cause == Cause.ACCEPTED else change.detected_at
    return Announcement(change.id, change.document_id, at.date())


_FEW = 1000  # changes of a topic that are listed by id rather than searched for
_FIELDS = {
    "service": col(Document.service),
    "document": col(Document.id),
    "kind": col(Document.kind),
    "language": col(Document.language),
    "topic": col(ChangeTopic.topic),
}
NAMED_FIELDS = tuple(_FIELDS)
_PLACE = tuple_(Change.detected_at, Change.id)
_NEWEST_FIRST = col(Change.detected_at).desc(), col(Change.id).desc()


class Cursor(NamedTuple):
    detected_at: datetime
    id: int

    def __str__(self) -> str:
        return f"{self.detected_at.isoformat()}~{self.id}"

    @classmethod
    def of(cls, change: Change) -> Cursor:
        return cls(change.detected_at, change.id)

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """Raises `ValueError`."""
        moment, _, number = text.partition("~")
        try:
            at = datetime.fromisoformat(
                moment.replace(" ", "+")
            )  # an unescaped "+" of an address
        except ValueError:
            at = None
        id_ = parsed_id(number)
        if not (at and at.tzinfo and id_):
            raise ValueError(f"not a place in a list of changes: {text!r}")
        return cls(at.astimezone(UTC), id_)


@dataclass(frozen=True, slots=True)
class ChangeFilter:
    """Empty or None does not narrow. Days are inclusive (UTC). `cosmetic`: also where no words changed; `state` is the
    review's; `noted`: with a public note; `alerting`: none of an imported history.
    """

    service: Collection[str] = ()
    document: Collection[str] = ()
    kind: Collection[str] = ()
    topic: Collection[str] = ()
    severity: Collection[str] = ()
    direction: Collection[str] = ()
    language: Collection[str] = ()
    since: date | None = None
    until: date | None = None
    effective_from: date | None = None
    effective_to: date | None = None
    cosmetic: bool = False
    state: Collection[str] = ()
    noted: bool = False
    alerting: bool = False


@dataclass(frozen=True, slots=True)
class ListedChange:
    change: Change
    document: Document
    counts: dict[str, int] = field(default_factory=dict)
    announced: Announcement | None = None


@dataclass(frozen=True, slots=True)
class ChangesPage:
    """Newest first. `events` has for each row the matching changes of its event, the row first."""

    rows: list[ListedChange]
    events: list[list[ListedChange]] = field(default_factory=list)
    older: Cursor | None = None
    newer: Cursor | None = None


def changes_page(
    session: Session,
    wanted: ChangeFilter = ChangeFilter(),
    *,
    before: Cursor | None = None,
    after: Cursor | None = None,
    limit: int = 50,
    by_event: bool = False,
) -> ChangesPage:
    """The newest older than `before`; with `after`, the oldest that are newer. `by_event`: of each event only the
    gravest change (of several, the newest).
    """
    matching = conditions(session, wanted)
    ids = select(Change.id).where(*matching)
    if by_event:
        other = aliased(Change)
        its_place = tuple_(other.detected_at, other.id)
        is_later = and_(_rank(other) == _rank(Change), its_place > _PLACE)
        leads = exists().where(
            col(other.event_id) == Change.event_id,
            or_(_rank(other) < _rank(Change), is_later),
            *conditions(session, wanted, other),
        )
        ids = ids.where(~leads)
    if before is not None:
        ids = ids.where(before > _PLACE)
    if after is not None:
        ids = ids.where(after < _PLACE)
        ids = ids.order_by(col(Change.detected_at), col(Change.id))
    else:
        ids = ids.order_by(*_NEWEST_FIRST)
    matches = session.exec(ids.limit(limit + 1)).all()
    rows = listed(session, matches[:limit])
    if not rows:
        return ChangesPage([])
    goes_on = len(matches) > limit
    events = _events(session, rows, matching) if by_event else []
    newest, oldest = Cursor.of(rows[0].change), Cursor.of(rows[-1].change)
    has_older, has_newer = (
        (goes_on, before is not None) if after is None else (True, goes_on)
    )
    return ChangesPage(
        rows, events, oldest if has_older else None, newest if has_newer else None
    )


def count_events(session: Session, wanted: ChangeFilter) -> int:
    event = func.coalesce(Change.event_id, -Change.id)
    counted = select(func.count(func.distinct(event)))
    return session.exec(counted.where(*conditions(session, wanted))).one()


def _rank(of: type[Change]) -> ColumnElement[int]:
    ranks = {name: gravity(name) for name in SEVERITIES}
    return case(ranks, value=of.severity)


def _events(
    session: Session,
    leading: Sequence[ListedChange],
    matching: Sequence[Condition],
) -> list[list[ListedChange]]:
    event_ids = {row.change.event_id for row in leading} - {None}
    of_them = col(Change.event_id).in_(event_ids)
    ids = session.exec(select(Change.id).where(of_them, *matching)).all()
    by_event: dict[int | None, list[ListedChange]] = {}
    for each in listed(session, ids):
        by_event.setdefault(each.change.event_id, []).append(each)
    return [
        [row]
        + [
            each
            for each in by_event.get(row.change.event_id, ())
            if each.change.id != row.change.id
        ]
        for row in leading
    ]


def event_of(session: Session, change: Change) -> list[ListedChange]:
    if change.event_id is None:
        return []
    return listed(
        session, event_changes(session, {change.event_id})[change.event_id]
    )


def grouped_by_event(
    days: Iterable[tuple[date | None, ListedChange]],
) -> list[tuple[date | None, list[ListedChange]]]:
    events: dict[object, tuple[date | None, list[ListedChange]]] = {}
    for day, row in days:
        event = row.change.event_id or -row.change.id
        events.setdefault((event, day), (day, []))[1].append(row)
    return list(events.values())


def leading_first(
    rows: Sequence[ListedChange], language: str
) -> list[ListedChange]:
    """The gravest document first, then in force before announced, then by number of topics; within it the gravest
    change, then this language.
    """
    documents: dict[str, list[ListedChange]] = {}
    for row in rows:
        documents.setdefault(untranslated_id(row.document), []).append(row)

    def of_document(same: Sequence[ListedChange]) -> tuple[Any, ...]:
        gravest = min(gravity(row.change.severity) for row in same)
        most_topics = max(len(row.change.topics) for row in same)
        source = same[0].document
        return gravest, source.kind == PREVIEW, -most_topics, source.id

    def within_it(row: ListedChange) -> tuple[int, bool]:
        return gravity(row.change.severity), row.document.language != language

    ordered = sorted(documents.values(), key=of_document)
    return [row for same in ordered for row in sorted(same, key=within_it)]


def conditions(
    session: Session, wanted: ChangeFilter, of: type[Change] = Change
) -> list[Condition]:
    named = (
        (of.document_id, wanted.document),
        (of.severity, wanted.severity),
        (of.direction, wanted.direction),
    )
    clauses: list[Condition] = [
        col(column).in_(values) for column, values in named if values
    ]
    if wanted.service:
        of_it = select(Document.id).where(*matching(services=wanted.service))
        clauses.append(col(of.document_id).in_(of_it))
    alike = ((Document.language, wanted.language), (Document.kind, wanted.kind))
    for column, values in alike:
        if values:
            # concat keeps the index of documents out: many match, and all their changes would be gathered and sorted
            ids = select(Document.id).where(col(column).in_(values))
            clauses.append(col(of.document_id).concat("").in_(ids))
    found, effective = col(of.detected_at), col(of.effective_date)
    if wanted.since is not None:
        clauses.append(found >= midnight(wanted.since))
    if wanted.until is not None and wanted.until < date.max:
        clauses.append(found < midnight(wanted.until + timedelta(days=1)))
    if wanted.effective_from is not None:
        clauses.append(effective >= wanted.effective_from)
    if wanted.effective_to is not None:
        clauses.append(effective <= wanted.effective_to)
    if wanted.topic:
        clauses.append(_about(session, wanted.topic, of))
    flags = (
        (not wanted.cosmetic, words_changed(of)),
        (wanted.state, is_in_state(wanted.state, of)),
        (wanted.noted, has_public_note(of)),
    )
    clauses += [clause for asked, clause in flags if asked]
    if wanted.alerting:
        imported = select(Version.id).where(Version.imported)
        sides = (
            col(of.before_id).not_in(imported),
            col(of.version_id).not_in(imported),
        )
        clauses += [col(of.alert).is_(True), col(of.waits) == 0, *sides]
    return clauses


def days_of_changes(
    session: Session, wanted: ChangeFilter, *, limit: int
) -> list[tuple[int, date]]:
    """Newest first."""
    rows = select(Change.id, Change.detected_at).where(*conditions(session, wanted))
    newest = session.exec(rows.order_by(*_NEWEST_FIRST).limit(limit))
    return [(id_, at.date()) for id_, at in newest]


def _about(
    session: Session, topics: Collection[str], of: type[Change]
) -> Condition:
    """A rare topic's changes are listed by id; for a common one the list is walked until a page is full."""
    about = col(ChangeTopic.topic).in_(topics)
    ids = session.exec(
        select(ChangeTopic.change_id).where(about).limit(_FEW + 1)
    ).all()
    if len(ids) <= _FEW:
        return col(of.id).in_({*ids})
    return exists().where(col(ChangeTopic.change_id) == of.id, about)


def words_changed(of: type[Change] = Change) -> Condition:
    """Not only the page's form, nor our extraction."""
    return and_(
        col(of.substantive).is_(True), col(of.cause) != Cause.EXTRACTION.value
    )


def listed(session: Session, change_ids: Sequence[int]) -> list[ListedChange]:
    """Newest first."""
    named = select(Change, Document).join(Document)
    rows = session.exec(
        named.where(col(Change.id).in_(change_ids)).order_by(*_NEWEST_FIRST)
    ).all()
    counts = passage_counts(session, change_ids)
    announced = announcements(session, [change for change, _ in rows])
    return [
        ListedChange(
            change, document, counts.get(change.id, {}), announced.get(change.id)
        )
        for change, document in rows
    ]


def changes_to(
    session: Session, version_ids: Collection[int]
) -> dict[int, ListedChange]:
    made = select(Change.id).where(col(Change.version_id).in_(version_ids))
    rows = listed(session, session.exec(made).all())
    return {row.change.version_id: row for row in rows}


def upcoming(
    session: Session, today: date, wanted: ChangeFilter, *, limit: int
) -> list[tuple[date, ListedChange]]:
    """With an effective date or a deadline from `today` on: the nearest first, then the newest."""
    days: dict[int, set[date]] = {}
    for column in (col(Change.effective_date), col(Change.deadline)):
        ids = select(column, Change.id).where(
            column >= today, *conditions(session, wanted)
        )
        ordered = ids.order_by(column, col(Change.detected_at).desc()).limit(limit)
        for day, id_ in session.exec(ordered):
            if day is not None:
                days.setdefault(id_, set()).add(day)
    rows = [
        (day, row)
        for row in listed(session, [*days])
        for day in days[row.change.id]
    ]
    return sorted(rows, key=lambda each: each[0])[:limit]


def changes_with_deadline(
    session: Session, wanted: ChangeFilter, *, limit: int
) -> list[ListedChange]:
    """Newest first."""
    has_one = col(Change.deadline).is_not(None)
    ids = select(Change.id).where(has_one, *conditions(session, wanted))
    return listed(
        session, session.exec(ids.order_by(*_NEWEST_FIRST).limit(limit)).all()
    )


def unknown_name(session: Session, field: str, names: Iterable[str]) -> str | None:
    """The first that no row has in that field."""
    column = _FIELDS[field]
    for name in dict.fromkeys(names):
        known = select(column).where(column == name).limit(1)
        # PostgreSQL refuses NUL
        if "\x00" in name or session.exec(known).first() is None:
            return name
    return None


class DocumentStats(NamedTuple):
    versions: int = 0
    newest: int | None = None
    changed_at: datetime | None = None


def document_stats(
    session: Session, ids: Collection[str]
) -> dict[str, DocumentStats]:
    of_versions, of_changes = col(Version.document_id), col(Change.document_id)
    counted = select(of_versions, func.count(), func.max(Version.number))
    counted = counted.where(of_versions.in_(ids)).group_by(of_versions)
    numbers = {id_: (count, last) for id_, count, last in session.exec(counted)}
    times = select(of_changes, func.max(Change.detected_at)).group_by(of_changes)
    changed = dict(
        session.exec(times.where(words_changed(), of_changes.in_(ids))).all()
    )
    stats = {}
    for id_ in ids:
        count, newest = numbers.get(id_, (0, None))
        stats[id_] = DocumentStats(count, newest, changed.get(id_))
    return stats


class PassagePlace(NamedTuple):
    change: Cursor
    position: int

    def __str__(self) -> str:
        return f"{self.change}~{self.position}"

    @classmethod
    def parse(cls, text: str) -> PassagePlace:
        """Raises `ValueError`."""
        change, _, place = text.rpartition("~")
        position = parsed_id(place)
        if position is None:
            raise ValueError(f"not a place in a list of passages: {text!r}")
        return cls(Cursor.parse(change), position)


@dataclass(frozen=True, slots=True)
class ListedPassage:
    passage: StoredPassage
    document: Document
    detected_at: datetime


@dataclass(frozen=True, slots=True)
class PassagesPage:
    rows: list[ListedPassage]
    older: PassagePlace | None = None


def passages_page(
    session: Session,
    wanted: ChangeFilter,
    *,
    before: PassagePlace | None,
    limit: int,
) -> PassagesPage:
    """Newest change first, in reading order; topics are the passage's."""
    place = col(StoredPassage.position)
    question = (
        select(StoredPassage, Document, Change.detected_at)
        .select_from(StoredPassage)
        .join(Change)
        .join(Document)
        .where(*conditions(session, wanted))
        .order_by(*_NEWEST_FIRST, place)
    )
    if wanted.topic:
        names = cast(StoredPassage.topics, String)
        has_one = (
            names.contains(json.dumps(topic), autoescape=True)
            for topic in wanted.topic
        )
        question = question.where(or_(*has_one))
    if before is not None:
        this = and_(col(Change.id) == before.change.id, place <= before.position)
        question = question.where(before.change >= _PLACE, not_(this))
    found = session.exec(question.limit(limit + 1)).all()
    rows = [ListedPassage(*each) for each in found[:limit]]
    if len(found) <= limit:
        return PassagesPage(rows)
    last = rows[-1]
    change = Cursor(last.detected_at, last.passage.change_id)
    return PassagesPage(rows, PassagePlace(change, last.passage.position))
