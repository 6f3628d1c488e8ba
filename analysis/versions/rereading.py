"""Reads what was kept once more, after a rule or a selector changed; nobody is alerted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, fields
from itertools import pairwise

from sqlmodel import Session

from analysis.as_json import page_from_json, page_json
from analysis.belief.believe import disbelief
from analysis.blocks import Page, UnreadablePage
from analysis.judging.mentions import in_language
from analysis.text.normal import fingerprint
from analysis.versions.manner import Manner, joined
from analysis.versions.reading import Prepared, advance, captures_in_force, facts, prepared, stored_passages
from storage.captures import captures_from
from storage.changes import change_to, passages
from storage.database import Database
from storage.documents import document
from storage.mistakes import apart
from storage.paragraphs import reindex
from storage.versions import Cause, Version, current_version, in_force, is_read_as, versions


def refresh(database: Database, manners: Mapping[str, Manner]) -> dict[str, Exception]:
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
        with apart(mistakes):
            _reread_current(database, document_id, manners[document_id])
        for mistake in mistakes:
            tripped[document_id] = mistake
    return tripped


def _reread_current(database: Database, document_id: str, manner: Manner) -> None:
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


def _read_again(session: Session, current: Version, manner: Manner) -> tuple[Page, Prepared | None] | None:
    """The text as it is read now, and what differs, if anything; None where it can't be read, or most of it is lost, or
    where another language is declared now, which only the next answer can be in."""
    if not is_read_as(current.reader, manner.language):
        return None
    try:
        page = joined(manner.read(captures_in_force(session, current)))
    except UnreadablePage:
        return None
    if fingerprint(page.blocks) == current.fingerprint:
        return page, None
    before = page_from_json(current.page)
    return None if _is_lost(before, page, manner) else (page, prepared(manner.compared(before, page)))


def _is_lost(before: Page, page: Page, manner: Manner) -> bool:
    """Whether new rules or selectors find so little that a fetched text with no more would be held."""
    return disbelief(page, before=before, language=manner.language, title=manner.title) is not None


def differs_as_read(session: Session, current: Version, page: Page, manner: Manner) -> bool:
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
    different: int = 0  # whose text is another now
    merged: int = 0  # whose text is now that of the version before
    split: int = 0  # whose text was that of the version before, and is another now
    unreadable: int = 0  # left as they were, as are those that lost most of their text


def reread_all(database: Database, manners: Mapping[str, Manner], mistakes: list[Exception]) -> Reread:
    """Read every version's capture again and compare each with the one before, in place: numbers and addresses stay.

    Nobody is alerted, and alerts that were sent stay as they were. A document that the program trips over stays as it
    was too, and what was raised is added to `mistakes`.
    """
    total: Counter[str] = Counter()
    for document_id, manner in manners.items():
        with apart(mistakes), database.writing() as session:
            total += _reread_document(session, document_id, manner)
    return Reread(**{each.name: total[each.name] for each in fields(Reread)})


def _reread_document(session: Session, document_id: str, manner: Manner) -> Counter[str]:
    rows = versions(session, document_id)
    same = [before.fingerprint == after.fingerprint for before, after in pairwise(rows)]
    counts = [_reread(session, row, manner) for row in rows]
    same_now = [_recompare(session, before, after, manner) for before, after in pairwise(rows)]
    reindex(session, document_id, in_language(manner.language))
    turned = Counter(zip(same, same_now, strict=True))
    return Counter(
        read=len(rows),
        different=counts.count(True),
        merged=turned[False, True],
        split=turned[True, False],
        unreadable=counts.count(None),
    )


def _reread(session: Session, row: Version, manner: Manner) -> bool | None:
    """Whether the text is another now; None when it can't be read, or is hardly there."""
    try:
        page = joined(manner.read(captures_from(session, row.capture_id)))
    except UnreadablePage:
        return None
    # a text of another language stays marked as one: the next answer is no change of it
    reader = manner.reader if is_read_as(row.reader, manner.language) else row.reader
    if fingerprint(page.blocks) == row.fingerprint:
        row.reader = reader
        return False
    if _is_lost(page_from_json(row.page), page, manner):
        return None
    row.reader = reader
    row.page, row.fingerprint, row.cause = page_json(page), fingerprint(page.blocks), Cause.READER.value
    _let_go(session, row)
    return True


def _recompare(session: Session, before: Version, after: Version, manner: Manner) -> bool:
    """Judge the change again; whether both texts are the same now."""
    assert after.id is not None
    change = change_to(session, after.id)
    if change is None:
        return before.fingerprint == after.fingerprint
    assert change.id is not None
    # of an announced text this is the one that it will replace, and not the one before
    against = before if change.before_id == before.id else session.get_one(Version, change.before_id)
    found = manner.compared(page_from_json(against.page), page_from_json(after.page))
    for name, value in facts(found, alert=change.alert).items():
        setattr(change, name, value)
    for passage in passages(session, change.id):
        session.delete(passage)
    session.add_all(stored_passages(change.id, found.passages))
    _let_go(session, before)
    return before.fingerprint == after.fingerprint


def _let_go(session: Session, row: Version) -> None:
    """Write the row and forget its page, so that a long history takes no more memory than a short one."""
    session.flush()
    session.expire(row, ["page"])
