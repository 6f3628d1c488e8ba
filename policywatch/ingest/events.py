"""Which event a change belongs to: decided on recording, by the service's other changes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlmodel import Session

from analysis.text.normal import normalize
from foundation.vocabulary import Cause
from messages import Message
from policywatch.logs import log_decision
from storage.change_list import announcements
from storage.changes import (
    Change,
    added_texts,
    changes_between,
    join_event,
    leave_event,
)
from storage.changes import change as stored_change
from storage.documents import Document, document, family_id, untranslated_id
from storage.journal import Action, Actor, enter

NEAR = timedelta(days=7)  # joined by their words alone
SPAN = timedelta(days=90)  # only the announced text itself may join later
_SHARED = 60  # characters of new text


def group(session: Session, change: Change) -> None:
    """The surest reason wins, then the nearest change, then the first."""
    if not _has_words(change):
        return
    if announcement := announcements(session, [change]).get(change.id):
        title = document(session, announcement.document_id).title
        reason = Message("event.announced", title=title)
        join_event(
            session, change, stored_change(session, announcement.change_id), reason
        )
        return
    of, at = document(session, change.document_id), change.detected_at
    rows = changes_between(session, of.service, at - SPAN, at + SPAN)
    texts = _long_texts(
        session, [row.id for row, *_ in rows if abs(row.detected_at - at) <= NEAR]
    )
    candidates = []
    for other, its_document, began_at in rows:
        if other.id == change.id or not _can_join(change, other, began_at):
            continue
        distance = abs(other.detected_at - at)
        shared = (
            texts.get(change.id, set()) & texts.get(other.id, set())
            if its_document.id != of.id
            else set()
        )
        reasons = _reasons(
            change,
            of,
            other,
            its_document,
            is_near=distance <= NEAR,
            has_shared_text=bool(shared),
        )
        candidates += [
            (rank, distance, other.id, code, other, its_document)
            for rank, code in enumerate(reasons)
            if code
        ]
    if candidates:
        _, _, id_, code, other, its_document = min(candidates)
        log_decision(
            of.id,
            "change %d is of the event of change %d: %s",
            change.id,
            id_,
            code,
        )
        join_event(session, change, other, Message(code, title=its_document.title))


def _reasons(
    change: Change,
    of: Document,
    other: Change,
    its_document: Document,
    *,
    is_near: bool,
    has_shared_text: bool,
) -> Iterator[str | None]:
    """Surest first; None for those that do not hold."""
    share_topics = not {*change.topics}.isdisjoint(other.topics)
    days = {change.effective_date, other.effective_date}
    is_family = family_id(of) == family_id(its_document)
    is_translation = (
        untranslated_id(of) == untranslated_id(its_document)
        and of.language != its_document.language
    )
    contradict = (None not in days and len(days) > 1) or {
        change.direction,
        other.direction,
    } == {"expands", "limits"}
    is_alike = (
        share_topics or not (change.topics or other.topics)
    ) and not contradict
    yield "event.language" if is_near and is_translation and is_alike else None
    yield "event.passages" if has_shared_text else None
    yield (
        "event.dates"
        if is_family and share_topics and None not in days and len(days) == 1
        else None
    )


def _can_join(change: Change, other: Change, began_at: datetime) -> bool:
    is_same_way = (change.returns_to is None) == (other.returns_to is None)
    return (
        _has_words(other)
        and is_same_way
        and abs(change.detected_at - began_at) <= SPAN
    )


def _has_words(change: Change) -> bool:
    """The service changed the words: not only the form, nor our extraction."""
    return change.substantive and change.cause != Cause.EXTRACTION


def _long_texts(
    session: Session, change_ids: list[int]
) -> dict[int | None, set[str]]:
    texts: dict[int | None, set[str]] = {}
    for change_id, text in added_texts(session, change_ids):
        if len(text) >= _SHARED:
            texts.setdefault(change_id, set()).add(normalize(text))
    return texts


def split_off(session: Session, change: Change, actor: Actor, at: datetime) -> bool:
    """False if it stood alone already."""
    if change.event_id is None:
        return False
    before = {"change": change.id, "event": change.event_id}
    leave_event(session, change)
    enter(session, actor, Action.SPLIT, change.document_id, at=at, before=before)
    return True
