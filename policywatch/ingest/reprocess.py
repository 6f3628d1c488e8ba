"""Reads what was kept once more, after a rule or a selector changed; nobody is alerted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple

from sqlalchemy import update
from sqlmodel import Session, col

from analysis.model import Page, TooCostly, UnreadablePage
from analysis.page_json import page_from_json, page_json
from analysis.text.lexicon import mentions_in
from analysis.text.normal import fingerprint
from analysis.validate.rejection import page_rejection
from policywatch.ingest.captures import Prepared, advance, captures_in_force, earlier_keys, facts, prepared
from policywatch.ingest.extraction import ExtractionConfig, joined
from policywatch.ingest.progress import Progress, forget, how_read
from storage.captures import captures_from, intact
from storage.changes import change_to, passages
from storage.database import Database
from storage.documents import document
from storage.errors import DamagedCapture, isolate_errors
from storage.paragraphs import counted, reindex
from storage.versions import Cause, Version, current_version, in_force, is_read_as, versions


def refresh(database: Database, manners: Mapping[str, ExtractionConfig]) -> dict[str, Exception]:
    """Read the text in force again where rules or selectors changed since.

    Else the next check would take the reader's progress for a change of the policy. So no document can be checked that
    the program trips over here: their ids, each with what was raised.
    """
    with database.reading() as session:
        current = in_force(session)
    stale = [id_ for id_, manner in manners.items() if id_ in current and current[id_].reader != manner.reader]
    tripped: dict[str, Exception] = {}
    for document_id in stale:
        mistakes: list[Exception] = []
        with isolate_errors(mistakes):
            _reread_current(database, document_id, manners[document_id])
        for mistake in mistakes:
            tripped[document_id] = mistake
    return tripped


def _reread_current(database: Database, document_id: str, manner: ExtractionConfig) -> None:
    with database.reading() as session:  # comparing may take long: others can write meanwhile
        current = current_version(session, document_id)
        again = _read_again(session, current, manner) if current is not None else None
    with database.writing() as session:
        row = document(session, document_id)
        row.etag = row.last_modified = row.parts = None  # a 304 would hide what the new rules can't read
        if again is None or current is None:
            return  # the last good version stands; the next check says what is wrong, or holds it
        page, found = again
        if found is None:
            session.get_one(Version, current.id).reader = manner.reader
            return
        kept = captures_in_force(session, current)[0]
        advance(session, None, kept, manner, page, current, found, Cause.READER, source=current.source)


def _read_again(session: Session, current: Version, manner: ExtractionConfig) -> tuple[Page, Prepared | None] | None:
    """The text as it is read now, and what differs, if anything; None where it can't be read, or most of it is lost, or
    where another language is declared now, which only the next answer can be in."""
    if not is_read_as(current.reader, manner.language):
        return None
    try:
        page = joined(manner.read(captures_in_force(session, current)))
        if fingerprint(page.blocks) == current.fingerprint:
            return page, None
        before = page_from_json(current.page)
        return None if _is_lost(before, page, manner) else (page, prepared(manner.compared(before, page)))
    except UnreadablePage:
        return None


def _is_lost(before: Page, page: Page, manner: ExtractionConfig) -> bool:
    """Whether new rules or selectors find so little that a fetched text with no more would be held."""
    return page_rejection(page, before=before, language=manner.language, title=manner.title) is not None


def differs_as_read(session: Session, current: Version, page: Page, manner: ExtractionConfig) -> bool:
    """Whether it is only by how it is read now that a text is another than the one in force."""
    if current.reader == manner.reader:
        return False
    try:
        again = joined(manner.read(captures_in_force(session, current)))
    except UnreadablePage:
        return False
    return fingerprint(again.blocks) == fingerprint(page.blocks)


@dataclass(frozen=True, slots=True)
class Reread:
    """What reading all captures again came to, in versions."""

    read: int = 0
    before: int = 0  # of these, by a call that was stopped
    different: int = 0  # whose text is another now
    merged: int = 0  # whose text is now that of the version before
    split: int = 0  # whose text was that of the version before, and is another now
    unreadable: int = 0  # left as they were, as are those that lost most of their text


def reread_all(database: Database, manners: Mapping[str, ExtractionConfig], mistakes: list[Exception]) -> Reread:
    """Read every version's capture again and compare each with the one before, in place: numbers and addresses stay.

    Nobody is alerted, and alerts that were sent stay as they were. A document that the program trips over stays as it
    was from there on, and what was raised is added to `mistakes`. Wants `one_at_a_time` held. A call that is stopped
    leaves what it did, and the next one goes on there, if the rules and the watchlist are the same.
    """
    total: Counter[str] = Counter()
    for document_id, manner in manners.items():
        with isolate_errors(mistakes):
            total += _reread_document(database, document_id, manner, mistakes)
    with database.writing() as session:
        forget(session)
    return Reread(**{each.name: total[each.name] for each in fields(Reread)})


class _Text(NamedTuple):
    """A version's text as it is read now; `is_other` is None where it can't be read, or is hardly there."""

    version_id: int
    page: Page
    fingerprint: str
    is_other: bool | None


def _reread_document(
    database: Database, document_id: str, manner: ExtractionConfig, mistakes: list[Exception]
) -> Counter[str]:
    """A transaction for each version with the change to it, and none while its text is read and compared: others can
    write in between."""
    how = how_read(manner)
    with database.reading() as session:
        rows = versions(session, document_id)
        came = Progress.of(session, document_id, how, rows)
        before = _stored(session, came.version_id) if came else None
    done = next((number for number, row in enumerate(rows, 1) if came and row.id == came.version_id), 0)
    found: Counter[str] = Counter(came.counts if came else {})
    found["before"] = found["read"]
    if came and came.is_indexed and done == len(rows):
        return found
    was = came.was if came else None
    try:
        for row in rows[done:]:
            with database.reading() as session:
                text = _reread(session, row, manner, mistakes)
                earlier = earlier_keys(session, document_id, row.number - 1)
                rejudged = _rejudged(session, text, before, manner, earlier)
            same, same_now = was == row.fingerprint, before is not None and before.fingerprint == text.fingerprint
            found.update(read=1, merged=same_now and not same, split=same and not same_now)
            found.update(different=text.is_other is True, unreadable=text.is_other is None)
            before, was = text, row.fingerprint
            after = Progress(how, text.version_id, was, dict(found))
            with database.writing() as session:
                _rewrite(session, row, text, rejudged, manner)
                after.keep(session, document_id)
            came = after
    finally:
        with database.reading() as session:
            mentions = counted(session, document_id, mentions_in(manner.language))
        with database.writing() as session:
            reindex(session, document_id, mentions)
            if came and came.version_id == rows[-1].id:
                replace(came, is_indexed=True).keep(session, document_id)
    return found


def _stored(session: Session, version_id: int) -> _Text:
    row = session.get_one(Version, version_id)
    return _Text(version_id, page_from_json(row.page), row.fingerprint, False)


def _reread(session: Session, row: Version, manner: ExtractionConfig, mistakes: list[Exception]) -> _Text:
    """A capture that is damaged can't be read, and is added to `mistakes`."""
    assert row.id is not None
    stored = page_from_json(session.get_one(Version, row.id).page)
    try:
        page = joined(manner.read(intact(captures_from(session, row.capture_id))))
    except DamagedCapture as damaged:
        mistakes.append(damaged)
        return _Text(row.id, stored, row.fingerprint, None)
    except UnreadablePage:
        return _Text(row.id, stored, row.fingerprint, None)
    if fingerprint(page.blocks) == row.fingerprint:
        return _Text(row.id, replace(stored, region=page.region), row.fingerprint, False)
    if _is_lost(stored, page, manner):
        return _Text(row.id, stored, row.fingerprint, None)
    return _Text(row.id, page, fingerprint(page.blocks), True)


def _rejudged(
    session: Session, text: _Text, before: _Text | None, manner: ExtractionConfig, earlier: list[frozenset[str]]
) -> Prepared | None:
    """What differs, where a change says so, and it can be said."""
    change = change_to(session, text.version_id)
    if change is None:
        return None
    if before is not None and change.before_id == before.version_id:
        against = before.page
    else:  # of an announced text this is the one that it will replace, and not the one before
        against = page_from_json(session.get_one(Version, change.before_id).page)
    try:
        return prepared(manner.reviewed(against, text.page, earlier, ask=False))
    except TooCostly:
        return None


def _rewrite(session: Session, row: Version, text: _Text, found: Prepared | None, manner: ExtractionConfig) -> None:
    values: dict[str, Any] = {}
    # a text of another language stays marked as one: the next answer is no change of it
    if text.is_other is not None and is_read_as(row.reader, manner.language):
        values["reader"] = manner.reader
    if text.is_other:
        values |= {"page": page_json(text.page), "fingerprint": text.fingerprint, "cause": Cause.READER.value}
    if values:
        session.exec(update(Version).where(col(Version.id) == row.id).values(**values))
    change = change_to(session, text.version_id)
    if change is None or found is None:
        return
    assert change.id is not None
    for name, value in facts(found.comparison, alert=change.alert).items():
        setattr(change, name, value)
    for passage in passages(session, change.id):
        session.delete(passage)
    for passage in found.passages:
        passage.change_id = change.id
    session.add_all(found.passages)
