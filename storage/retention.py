"""What a store need not keep for ever: checks without news, captures set aside, sent deliveries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, delete, exists
from sqlmodel import col, select

from foundation.vocabulary import State
from storage.chain import note
from storage.checks import Check, drop_set_aside
from storage.clock import midnight
from storage.columns import Condition
from storage.database import Database, all_tables
from storage.deliveries import Delivery, DeliveryItem
from storage.documents import document

_ROWS = 500  # so that others can write in between


@dataclass(frozen=True, slots=True)
class Retention:
    # then thinned to one a day and outcome
    checks: timedelta | None = None
    deliveries: timedelta | None = None
    # those that wait for a person stay
    set_aside: timedelta | None = None


def thin(
    database: Database,
    retention: Retention,
    documents: Collection[str],
    now: datetime,
) -> Counter[str]:
    """By kind."""
    removed = Counter(checks=0, captures=0, deliveries=0)
    if retention.set_aside is not None:
        for id_ in documents:
            with database.writing() as session:
                removed["captures"] += drop_set_aside(
                    session, id_, now - retention.set_aside
                )
    if retention.checks is not None:
        until = midnight((now - retention.checks).date())
        removed["checks"] = sum(
            _thin_checks(database, id_, until) for id_ in documents
        )
    if retention.deliveries is not None:
        removed["deliveries"] = _drop_deliveries(
            database, midnight((now - retention.deliveries).date())
        )
    return removed


def _thin_checks(database: Database, document_id: str, until: datetime) -> int:
    removed, looked_at = 0, _ROWS
    while looked_at == _ROWS:
        with database.writing() as session:
            row = document(session, document_id)
            after = (
                Check.document_id == document_id,
                Check.id > (row.thinned_to or 0),
            )
            wanted = (
                select(Check.id, Check.checked_at, Check.outcome)
                .where(*after)
                .order_by(col(Check.id))
            )
            old = [
                each
                for each in session.exec(wanted.limit(_ROWS))
                if each[1] < until and each[2] is not None
            ]
            looked_at = len(old)
            if old:
                row.thinned_to = old[-1][0]
                kept = {(at.date(), outcome): id_ for id_, at, outcome in old}
                others = [id_ for id_, _, _ in old if id_ not in kept.values()]
                gone = session.exec(
                    delete(Check).where(
                        col(Check.id).in_(others), _is_without_news()
                    )
                )
                removed += gone.rowcount
    return removed


def _is_without_news() -> Condition:
    keys = [
        key
        for table in all_tables()
        for key in table.foreign_keys
        if key.column is Check.__table__.c.id  # type: ignore[attr-defined]
    ]
    return and_(
        col(Check.capture_id).is_(None),
        *(~exists().where(key.parent == Check.id) for key in keys),
    )


def _drop_deliveries(database: Database, until: datetime) -> int:
    """Alerts and notices keep their own `planned_at`."""
    removed = 0
    while True:
        with database.writing() as session:
            sent = select(Delivery.id, Delivery.created_at).where(
                Delivery.state == State.SENT.value
            )
            oldest = session.exec(
                sent.order_by(col(Delivery.id)).limit(_ROWS)
            ).all()
            old = [id_ for id_, created_at in oldest if created_at < until]
            session.exec(
                delete(DeliveryItem).where(col(DeliveryItem.delivery_id).in_(old))
            )
            session.exec(delete(Delivery).where(col(Delivery.id).in_(old)))
            if old:
                note(session, "thinned", f"deliveries to {max(old)}")
            removed += len(old)
        if len(old) < _ROWS:
            return removed
