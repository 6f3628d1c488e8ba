"""Announced texts: when the text of a change was announced."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import product

from sqlmodel import Session, col, select

from foundation.vocabulary import Cause
from storage.changes import Change
from storage.documents import PREVIEW, Document, replaced_by
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
