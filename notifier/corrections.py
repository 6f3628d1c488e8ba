"""Corrections: recipients of a withdrawn change hear that it was wrong."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlmodel import Session

from foundation.vocabulary import NoticeKind
from storage.changes import Change
from storage.deliveries import Delivery, create_delivery
from storage.notices import Notice


def send_correction(
    session: Session,
    change: Change,
    reached: Iterable[Delivery],
    reason: str,
    now: datetime,
    kind: NoticeKind = NoticeKind.WITHDRAWN,
) -> list[Delivery]:
    """To each address of these deliveries, in the name of its route."""
    routes = {delivery.address: delivery.route for delivery in reached}
    if not routes:
        return []
    facts = {
        "change": change.id,
        "day": change.detected_at.date().isoformat(),
        "why": reason,
    }
    document_id = change.document_id
    notice = Notice(
        kind=kind, document_id=document_id, facts=facts, created_at=now, planned_at=now
    )
    session.add(notice)
    session.flush()
    return [
        create_delivery(session, "notice", route, address, now, notice_ids=[notice.id])
        for address, route in routes.items()
    ]
