"""Prometheus metrics of documents, checks and deliveries, from the store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import APIRouter, HTTPException, Request, Response
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from sqlmodel import SQLModel, col, func, select

from policywatch.plan import due_times
from policywatch.web.access import is_local
from policywatch.web.backend import Backend, Using, WatchlistState
from storage.changes import Change
from storage.checks import Check, last_checks, pauses, unread_checks
from storage.database import Database
from storage.deliveries import counts, oldest_pending
from storage.integrity import unsigned_since
from storage.readings import dropped_since, usage_since
from storage.versions import Version

_MADE: Mapping[str, type[SQLModel]] = {
    "checks": Check,
    "versions": Version,
    "changes": Change,
}


router = APIRouter(include_in_schema=False)


@router.get("/metrics")
def latest(request: Request, backend: Using) -> Response:
    """For the token or people who signed in; where nobody can, for this machine only.

    Never local trust besides: behind a proxy on this machine, every client seems local.
    """
    is_here = not backend.access.knows_anyone and is_local(
        request.client.host if request.client else ""
    )
    if not (request.state.signed_in or is_here):
        raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"})
    registry = CollectorRegistry()
    registry.register(_Store(backend))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


@dataclass(frozen=True, slots=True)
class _Store:
    backend: Backend

    def collect(self) -> Iterator[Metric]:
        backend = self.backend
        return _metrics(backend.database, backend.state(), backend.now())


def _metrics(
    database: Database, state: WatchlistState, now: datetime
) -> Iterator[Metric]:
    entries = state.watchlist.documents
    ids = [entry.id for entry in entries]
    with database.reading() as session:
        checks, waits = last_checks(session, ids), pauses(session, now)
        late = [
            now - at
            for at in due_times(session, entries, now).values()
            if at <= now
        ]
        unsigned = unsigned_since(session)
        unread, deliveries, pending = (
            len(unread_checks(session)),
            counts(session),
            oldest_pending(session),
        )
        month = now - timedelta(days=30)
        usage, dropped = usage_since(session, month), dropped_since(session, month)
        made = {
            name: session.exec(select(func.max(col(table.id)))).one() or 0  # type: ignore[attr-defined]
            for name, table in _MADE.items()
        }
    never = [id_ for id_ in ids if id_ not in checks]
    documents = Counter(
        check.outcome or "unread" for check in checks.values()
    ) + Counter(["never"] * len(never))
    yield _labelled(
        "policywatch_documents",
        "By the outcome of their last check.",
        "outcome",
        documents,
    )
    yield _labelled("policywatch_deliveries", "By state.", "state", deliveries)
    tokens = {"in": usage.tokens_in, "out": usage.tokens_out}
    yield _labelled(
        "policywatch_model_tokens",
        "Of the language model, in the last 30 days.",
        "direction",
        tokens,
    )
    model = state.recipients.model
    cost = model.cost(*tokens.values()) if model else None
    if cost is not None:
        name, what = "policywatch_model_cost", "Of these tokens, at the price set."
        yield GaugeMetricFamily(name, what, cost)
    for (
        name,
        number,
    ) in made.items():  # ids count them: counting ten years of rows is slow
        yield CounterMetricFamily(
            f"policywatch_{name}",
            f"{name.capitalize()} that were ever made.",
            number,
        )
    took = [check.seconds for check in checks.values() if check.seconds is not None]
    checked = [
        at.total_seconds() for at in late if at.days < 36_500
    ]  # never checked: no age
    yield from (
        GaugeMetricFamily(f"policywatch_{name}", description, value)
        for name, description, value in (
            ("overdue_documents", "Documents whose next check is due.", len(late)),
            (
                "overdue_seconds",
                "For how long the longest of them has been due.",
                max(checked, default=0),
            ),
            (
                "paused_documents",
                "Documents whose server asked for a pause.",
                sum(at > now for at in waits.values()),
            ),
            (
                "model_questions",
                "To the language model, in the last 30 days.",
                usage.questions,
            ),
            (
                "model_dropped_sentences",
                "Of its answers in the last 30 days, those that did not stand.",
                dropped,
            ),
            ("unread_captures", "Fetched pages that are not read yet.", unread),
            (
                "longest_check_seconds",
                "Of the documents' last checks, the one that took longest.",
                max(took, default=0),
            ),
            (
                "pending_delivery_seconds",
                "Age of the oldest message that is not sent.",
                _age(pending, now),
            ),
            (
                "unsigned_seconds",
                "Age of the oldest capture that no timestamp proves.",
                _age(unsigned, now),
            ),
            ("database_bytes", "Size of the database.", database.size()),
        )
    )


def _labelled(
    name: str, description: str, label: str, values: Mapping[str, int]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, description, labels=[label])
    for value, number in values.items():
        family.add_metric([value], number)
    return family


def _age(since: datetime | None, now: datetime) -> float:
    return (now - since).total_seconds() if since is not None else 0
