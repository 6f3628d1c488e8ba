"""What was told to whom, and what still waits: the rows of `alerts --json`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlmodel import Session

from policywatch.waiting import Waiting
from storage.changes import change
from storage.deliveries import Delivery, State, alerts_in, newest
from storage.documents import document


def deliveries_json(
    session: Session, *, state: State | None = None, route: str | None = None, limit: int
) -> list[dict[str, Any]]:
    """Newest first; addresses by their names, never with secrets."""
    deliveries = newest(session, state=state, route=route, limit=limit)
    alerts = alerts_in(session, [delivery.id or 0 for delivery in deliveries])
    rows = []
    for delivery in deliveries:
        carried = alerts.get(delivery.id or 0, [])
        rows.append(
            {
                "id": delivery.id,
                "kind": delivery.kind,
                "state": delivery.state,
                "routes": sorted({alert.route for alert in carried} or {delivery.route}),
                "address": delivery.address,
                "changes": [
                    _change(session, change_id) for change_id in dict.fromkeys(alert.change_id for alert in carried)
                ],
                "created_at": delivery.created_at.isoformat(),
                "sent_at": _time(delivery.sent_at),
                "next_try_at": _time(_next_try(delivery)),
                "attempts": delivery.attempts,
                "error": None if delivery.state == State.SENT or delivery.error is None else str(delivery.error),
                "waits": None,
            }
        )
    return rows


def waiting_json(session: Session, those: Iterable[Waiting]) -> list[dict[str, Any]]:
    """What no delivery carries yet, as rows like the others; without an id, for nothing can be done with them."""
    return [
        {
            "id": None,
            "kind": "alert" if one.until is None else "digest",
            "state": "waiting",
            "routes": [*one.routes],
            "address": None,
            "changes": [_change(session, one.change.id or 0)],
            "created_at": one.change.detected_at.isoformat(),
            "sent_at": None,
            "next_try_at": _time(one.until),
            "attempts": 0,
            "error": None,
            "waits": one.why,
        }
        for one in those
    ]


def _change(session: Session, id_: int) -> dict[str, Any]:
    found = change(session, id_)
    page = document(session, found.document_id)
    return {"id": id_, "document": page.id, "service": page.service, "title": page.title, "severity": found.severity}


def _next_try(delivery: Delivery) -> datetime | None:
    return delivery.next_at if delivery.state == State.PENDING else None


def _time(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
