"""Announced texts: when the text of a change was announced, and what the day is called from which a change holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import product

from sqlmodel import Session, col, select

from storage.changes import Change
from storage.documents import PREVIEW, Document, replaced_by
from storage.versions import Cause, Version, version_heads


@dataclass(frozen=True, slots=True)
class Announcement:
    """The change by which people were to be told of a text before it came into force, and the day of it."""

    change_id: int
    document_id: str
    day: date


def announcements(session: Session, changes: Sequence[Change]) -> dict[int, Announcement]:
    """By change, where its very text was found as an announced one before, the last time it was."""
    announcing: dict[str, list[str]] = {}
    for row in session.exec(select(Document).where(Document.kind == PREVIEW)):
        announcing.setdefault(replaced_by(row) or "", []).append(row.id)
    those = [change for change in changes if change.document_id in announcing]
    if not those:
        return {}
    of = {id_ for change in those for id_ in announcing[change.document_id]}
    heads = version_heads(session, [change.version_id for change in those])
    texts = {head.fingerprint for head in heads.values()}
    wanted = select(Change).join(Version, col(Version.id) == Change.version_id).where(col(Change.alert))
    wanted = wanted.where(col(Change.document_id).in_(of), col(Version.fingerprint).in_(texts))
    told = session.exec(wanted.order_by(col(Change.id))).all()
    heads |= version_heads(session, [one.version_id for one in told])
    found: dict[int, Announcement] = {}
    for change, one in product(those, told):
        same_text = heads[change.version_id].fingerprint == heads[one.version_id].fingerprint
        announces = one.document_id in announcing[change.document_id] and one.detected_at <= change.detected_at
        if change.id is not None and one.id is not None and same_text and announces:
            found[change.id] = announcement_by(one, heads[one.version_id])
    return found


def announcement_by(change: Change, head: Version) -> Announcement:
    """What a change of an announced text is, whose version begins with `head`."""
    # a person who accepts a text later dates the change; the page showed it before
    at = head.captured_at if change.cause == Cause.ACCEPTED else change.detected_at
    return Announcement(change.id or 0, change.document_id, at.date())


def starting_key(change: Change, kind: str, day: date | None = None) -> str:
    """The key of the words for `effective_date` or another day of a change of a document of that kind.

    What is only announced holds since no day, also where that day is past.
    """
    starts = day or change.effective_date
    if change.brief.get("dated"):
        return "dated"
    if kind == PREVIEW:
        return "announced_for"
    found: date | None = change.detected_at.date() if change.detected_at is not None else None  # none of two files
    return "since" if starts is not None and found is not None and starts < found else "starting"
