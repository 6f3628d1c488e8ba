"""The list of changes: filtered, newest first, in pages."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Integer,
    String,
    and_,
    bindparam,
    case,
    cast,
    exists,
    not_,
    or_,
    tuple_,
)
from sqlalchemy.orm import aliased
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
from storage.columns import Utc, parsed_id
from storage.documents import PREVIEW, Document, replaced_by, untranslated_id
from storage.reviews import is_in_state
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
    previews = {id_ for change in changes for id_ in announcing[change.document_id]}
    heads = version_heads(session, [change.version_id for change in changes])
    texts = {head.fingerprint for head in heads.values()}
    wanted = (
        select(Change)
        .join(Version, col(Version.id) == Change.version_id)
        .where(col(Change.alert))
    )
    wanted = wanted.where(
        col(Change.document_id).in_(previews), col(Version.fingerprint).in_(texts)
    )
    earlier = session.exec(wanted.order_by(col(Change.id))).all()
    heads |= version_heads(session, [preview.version_id for preview in earlier])
    by_change: dict[int, Announcement] = {}
    for change, preview in product(changes, earlier):
        same_text = (
            heads[change.version_id].fingerprint
            == heads[preview.version_id].fingerprint
        )
        announces = (
            preview.document_id in announcing[change.document_id]
            and preview.detected_at <= change.detected_at
        )
        if same_text and announces:
            by_change[change.id] = announcement_by(preview, heads[preview.version_id])
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


class Cursor(NamedTuple):
    """As text for addresses: "2025-11-03T07:30:00+00:00~17"."""

    detected_at: datetime
    id: int

    def __str__(self) -> str:
        return f"{self.detected_at.isoformat()}~{self.id}"

    @classmethod
    def of(cls, change: Change) -> Cursor:
        return cls(change.detected_at, change.id)

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """Raises `ValueError` for anything that `str` did not make."""
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
    """Empty or None does not narrow; any value of a field will do.

    `since` and `until` are inclusive UTC days of detection. Without `cosmetic`, only changes to which `words_changed`
    applies. `state` is the review's. `alerting`: none of an imported history.
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
    alerting: bool = False


@dataclass(frozen=True, slots=True)
class ListedChange:
    """`counts` are its passages by operation."""

    change: Change
    document: Document
    counts: dict[str, int] = field(default_factory=dict)
    announced: Announcement | None = None


@dataclass(frozen=True, slots=True)
class ChangesPage:
    """Newest first.

    `events` has, for each row, the matching changes of its event: the row, then the others, newest first.
    """

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
    """The newest older than `before`; with `after`, the oldest that are newer.

    `by_event`: of each event only the gravest change is a row (of several, the newest).
    """
    place = tuple_(col(Change.detected_at), col(Change.id))
    matching = conditions(session, wanted)
    ids = select(Change.id).where(*matching).limit(limit + 1)
    if by_event:
        other = aliased(Change)
        is_of_event = col(other.event_id) == col(Change.event_id)
        is_alike = _rank(other) == _rank(Change)
        is_later = tuple_(col(other.detected_at), col(other.id)) > place
        leads = or_(_rank(other) < _rank(Change), and_(is_alike, is_later))
        ids = ids.where(
            ~exists().where(is_of_event, leads, *conditions(session, wanted, other))
        )
    if before is not None:
        ids = ids.where(place < _at(before))
    if after is not None:
        ids = ids.where(place > _at(after)).order_by(
            col(Change.detected_at), col(Change.id)
        )
    else:
        ids = ids.order_by(col(Change.detected_at).desc(), col(Change.id).desc())
    matches = session.exec(ids).all()
    rows = listed(session, matches[:limit])
    if not rows:
        return ChangesPage([])
    more = len(matches) > limit
    events = _events(session, rows, matching) if by_event else []
    newest, oldest = Cursor.of(rows[0].change), Cursor.of(rows[-1].change)
    if after is not None:
        return ChangesPage(rows, events, older=oldest, newer=newest if more else None)
    return ChangesPage(
        rows,
        events,
        older=oldest if more else None,
        newer=newest if before is not None else None,
    )


def count_events(session: Session, wanted: ChangeFilter) -> int:
    """Of events and single changes."""
    event = func.coalesce(col(Change.event_id), -col(Change.id))
    counted = select(func.count(func.distinct(event)))
    return session.exec(counted.where(*conditions(session, wanted))).one()


def after_place(place: Cursor) -> ColumnElement[bool]:
    return tuple_(col(Change.detected_at), col(Change.id)) <= _at(place)


def _at(place: Cursor) -> ColumnElement[Any]:
    return tuple_(
        bindparam(None, place.detected_at, Utc()), bindparam(None, place.id, Integer)
    )


def _rank(of: type[Change]) -> ColumnElement[int]:
    ranks = {name: gravity(name) for name in SEVERITIES}
    return case(ranks, value=col(of.severity))


def _events(
    session: Session,
    leading: Sequence[ListedChange],
    matching: Sequence[ColumnElement[bool]],
) -> list[list[ListedChange]]:
    event_ids = {
        row.change.event_id for row in leading if row.change.event_id is not None
    }
    ids = session.exec(
        select(Change.id).where(col(Change.event_id).in_(event_ids), *matching)
    ).all()
    by_event: dict[int | None, list[ListedChange]] = {}
    for row in listed(session, ids):
        by_event.setdefault(row.change.event_id, []).append(row)
    return [
        [
            row,
            *(
                each
                for each in by_event.get(row.change.event_id, ())
                if each.change.id != row.change.id
            ),
        ]
        for row in leading
    ]


def event_of(session: Session, change: Change) -> list[ListedChange]:
    if change.event_id is None:
        return []
    return listed(session, event_changes(session, {change.event_id})[change.event_id])


def grouped_by_event(
    days: Iterable[tuple[date | None, ListedChange]],
) -> list[tuple[date | None, list[ListedChange]]]:
    """Changes of one event that name the same day."""
    events: dict[object, tuple[date | None, list[ListedChange]]] = {}
    for day, row in days:
        event_id, id_ = row.change.event_id, row.change.id
        key = (id_, None, day) if event_id is None else (None, event_id, day)
        events.setdefault(key, (day, []))[1].append(row)
    return list(events.values())


def leading_first(rows: Sequence[ListedChange], language: str) -> list[ListedChange]:
    """The gravest document first, then in force before announced, then by number of topics; within a document the
    gravest change, then this language.
    """
    documents: dict[str, list[ListedChange]] = {}
    for row in rows:
        documents.setdefault(untranslated_id(row.document), []).append(row)
    ordered = sorted(documents.values(), key=_gravest_first)

    def place(row: ListedChange) -> tuple[int, bool]:
        return gravity(row.change.severity), row.document.language != language

    return [row for same in ordered for row in sorted(same, key=place)]


def _gravest_first(same: Sequence[ListedChange]) -> tuple[Any, ...]:
    severity = min(gravity(row.change.severity) for row in same)
    topics = max(len(row.change.topics) for row in same)
    return severity, same[0].document.kind == PREVIEW, -topics, same[0].document.id


def conditions(
    session: Session, wanted: ChangeFilter, of: type[Change] = Change
) -> list[ColumnElement[bool]]:
    clauses = [*_of_documents(wanted, of), *_between_dates(wanted, of)]
    if wanted.topic:
        clauses.append(_about(session, wanted.topic, of))
    if wanted.severity:
        clauses.append(col(of.severity).in_(wanted.severity))
    if wanted.direction:
        clauses.append(col(of.direction).in_(wanted.direction))
    if not wanted.cosmetic:
        clauses.append(words_changed(of))
    if wanted.state:
        clauses.append(is_in_state(wanted.state, of))
    if wanted.alerting:
        imported = select(Version.id).where(col(Version.imported))
        clauses += [
            col(of.alert).is_(True),
            col(of.waits) == 0,
            col(of.before_id).not_in(imported),
            col(of.version_id).not_in(imported),
        ]
    return clauses


def days_of_changes(
    session: Session, wanted: ChangeFilter, *, limit: int
) -> list[tuple[int, date]]:
    """Their ids and days of detection, the newest first."""
    rows = select(Change.id, Change.detected_at).where(*conditions(session, wanted))
    newest_first = rows.order_by(col(Change.detected_at).desc(), col(Change.id).desc())
    return [(id_, at.date()) for id_, at in session.exec(newest_first.limit(limit))]


def _about(
    session: Session, topics: Collection[str], of: type[Change]
) -> ColumnElement[bool]:
    """A rare topic's changes are listed by id; for a common one the list is walked until a page is full."""
    about = col(ChangeTopic.topic).in_(topics)
    ids = session.exec(select(ChangeTopic.change_id).where(about).limit(_FEW + 1)).all()
    if len(ids) <= _FEW:
        return col(of.id).in_(set(ids))
    return exists().where(col(ChangeTopic.change_id) == col(of.id), about)


def words_changed(of: type[Change] = Change) -> ColumnElement[bool]:
    """The service changed words: not only the page's form, nor our extraction."""
    return and_(col(of.substantive).is_(True), col(of.cause) != Cause.EXTRACTION.value)


def _of_documents(wanted: ChangeFilter, of: type[Change]) -> list[ColumnElement[bool]]:
    clauses: list[ColumnElement[bool]] = []
    if wanted.document:
        clauses.append(col(of.document_id).in_(wanted.document))
    if wanted.service:
        clauses.append(
            col(of.document_id).in_(
                select(Document.id).where(col(Document.service).in_(wanted.service))
            )
        )
    for column, values in (
        (Document.language, wanted.language),
        (Document.kind, wanted.kind),
    ):
        if values:
            # concat keeps the index of documents out: many match, and all their changes would be gathered and sorted
            alike = select(Document.id).where(col(column).in_(values))
            clauses.append(col(of.document_id).concat("").in_(alike))
    return clauses


def _between_dates(wanted: ChangeFilter, of: type[Change]) -> list[ColumnElement[bool]]:
    clauses: list[ColumnElement[bool]] = []
    if wanted.since is not None:
        clauses.append(col(of.detected_at) >= midnight(wanted.since))
    if wanted.until is not None and wanted.until < date.max:
        clauses.append(col(of.detected_at) < midnight(wanted.until + timedelta(days=1)))
    if wanted.effective_from is not None:
        clauses.append(col(of.effective_date) >= wanted.effective_from)
    if wanted.effective_to is not None:
        clauses.append(col(of.effective_date) <= wanted.effective_to)
    return clauses


def listed(session: Session, change_ids: Sequence[int]) -> list[ListedChange]:
    """Newest first, in a constant number of queries."""
    joined = select(Change, Document).join(
        Document, col(Document.id) == col(Change.document_id)
    )
    rows = session.exec(joined.where(col(Change.id).in_(change_ids))).all()
    counts = passage_counts(session, list(change_ids))
    announced = announcements(session, [change for change, _ in rows])
    changes = [
        ListedChange(
            change,
            document,
            counts.get(change.id, {}),
            announced.get(change.id),
        )
        for change, document in rows
    ]
    return sorted(changes, key=lambda row: Cursor.of(row.change), reverse=True)


def changes_to(
    session: Session, version_ids: Collection[int]
) -> dict[int, ListedChange]:
    ids = session.exec(
        select(Change.id).where(col(Change.version_id).in_(version_ids))
    ).all()
    return {row.change.version_id: row for row in listed(session, ids)}


def upcoming(
    session: Session, today: date, wanted: ChangeFilter, *, limit: int
) -> list[tuple[date, ListedChange]]:
    """With an effective date or a deadline from `today` on: the nearest day first, then the newest change."""
    days: list[tuple[date, int]] = []
    for column in (col(Change.effective_date), col(Change.deadline)):
        ids = select(column, Change.id).where(
            column >= today, *conditions(session, wanted)
        )
        ordered = ids.order_by(column, col(Change.detected_at).desc()).limit(limit)
        days += [(day, id_) for day, id_ in session.exec(ordered) if day is not None]
    rows = {row.change.id: row for row in listed(session, [id_ for _, id_ in days])}
    found = [(day, rows[id_]) for day, id_ in dict.fromkeys(days)]
    found.sort(key=lambda each: (each[0], -each[1].change.detected_at.timestamp()))
    return found[:limit]


def changes_with_deadline(
    session: Session, wanted: ChangeFilter, *, limit: int
) -> list[ListedChange]:
    """Newest first."""
    ids = select(Change.id).where(
        col(Change.deadline).is_not(None), *conditions(session, wanted)
    )
    ordered = ids.order_by(col(Change.detected_at).desc()).limit(limit)
    return listed(session, session.exec(ordered).all())


def unknown_name(session: Session, field: str, names: Iterable[str]) -> str | None:
    """The first that no row has in that field, one of `NAMED_FIELDS`."""
    column = _FIELDS[field]
    for name in dict.fromkeys(names):
        # PostgreSQL refuses NUL
        if (
            "\x00" in name
            or session.exec(select(column).where(column == name).limit(1)).first()
            is None
        ):
            return name
    return None


class DocumentStats(NamedTuple):
    """`changed_at`: its words."""

    versions: int = 0
    newest: int | None = None
    changed_at: datetime | None = None


def document_stats(session: Session, ids: Collection[str]) -> dict[str, DocumentStats]:
    of_versions = col(Version.document_id)
    counted = select(of_versions, func.count(), func.max(Version.number)).where(
        of_versions.in_(ids)
    )
    numbers = {
        id_: (count, newest)
        for id_, count, newest in session.exec(counted.group_by(of_versions))
    }
    times = select(Change.document_id, func.max(Change.detected_at)).where(
        words_changed()
    )
    times = times.where(col(Change.document_id).in_(ids)).group_by(
        col(Change.document_id)
    )
    changed = dict(session.exec(times).all())
    stats = {}
    for id_ in ids:
        count, newest = numbers.get(id_, (0, None))
        stats[id_] = DocumentStats(count, newest, changed.get(id_))
    return stats


class PassagePlace(NamedTuple):
    """As text for addresses."""

    change: Cursor
    position: int

    def __str__(self) -> str:
        return f"{self.change}~{self.position}"

    @classmethod
    def parse(cls, text: str) -> PassagePlace:
        """Raises `ValueError` for anything that `str` did not make."""
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
    """Newest change first, in reading order."""

    rows: list[ListedPassage]
    older: PassagePlace | None = None


def passages_page(
    session: Session,
    wanted: ChangeFilter,
    *,
    before: PassagePlace | None = None,
    limit: int = 50,
) -> PassagesPage:
    """Topics are the passage's."""
    question = (
        select(StoredPassage, Document, Change.detected_at)
        .join(Change, col(Change.id) == col(StoredPassage.change_id))
        .join(Document, col(Document.id) == col(Change.document_id))
        .where(*conditions(session, wanted))
        .order_by(
            col(Change.detected_at).desc(),
            col(Change.id).desc(),
            col(StoredPassage.position),
        )
    )
    if wanted.topic:
        names = cast(col(StoredPassage.topics), String)
        question = question.where(
            or_(
                *(
                    names.contains(json.dumps(topic), autoescape=True)
                    for topic in wanted.topic
                )
            )
        )
    if before is not None:
        this = and_(
            col(Change.id) == before.change.id,
            col(StoredPassage.position) <= before.position,
        )
        question = question.where(after_place(before.change), not_(this))
    found = session.exec(question.limit(limit + 1)).all()
    rows = [ListedPassage(*each) for each in found[:limit]]
    last = rows[-1] if len(found) > limit else None
    place = (
        PassagePlace(
            Cursor(last.detected_at, last.passage.change_id), last.passage.position
        )
        if last
        else None
    )
    return PassagesPage(rows, place)
