"""JSON of what is stored, for the command line and the API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlmodel import Session

from analysis.page_json import headline_json
from foundation.vocabulary import Outcome, State
from messages import ENGLISH, catalogue
from notifier.change_view import ChangeView, change_view, listed_view
from policywatch.config.watchlist import Watchlist
from policywatch.ingest.proposals import open_proposals
from policywatch.sanitize import sanitize
from policywatch.views import json_models as json
from policywatch.views.between import Sum
from policywatch.views.routing import WaitingChange
from storage.alternating import alternating_passages
from storage.change_list import (
    ListedChange,
    ListedPassage,
    announcement_by,
    changes_to,
    document_stats,
)
from storage.changes import (
    Change,
    change,
    change_in_any_state,
    changes_of,
    event_changes,
)
from storage.checks import last_checks
from storage.deliveries import alerts_in, newest
from storage.documents import PREVIEW, Document, document
from storage.reviews import Review, last_reviews, reviews_of
from storage.search import Hit
from storage.versions import Version, version_heads, versions, withdrawn_versions
from storage.withdrawals import withdrawal_of_change

# stored with the brief, shown elsewhere or not at all
_BESIDE = (
    "notice_links",
    "why",
    "dated",
    "place",
    "lead",
    "lead_in",
    "meaning_new",
    "headline",
    "unlearned",
    "reader",
    "edit",
)
_OF_A_DOCUMENT = {"service", "title", "kind", "language", "url"}
_OF_A_CHANGE = {*Change.model_fields} & {*json.ChangeHead.model_fields}


def change_json(
    session: Session, change_id: int, *, reviews: bool = False
) -> json.ChangeJson:
    """`reviews` are for the operator's people only. Raises `UnknownChange`."""
    view = change_view(session, change(session, change_id), ENGLISH)
    trail = reviews_of(session, change_id) if reviews else []
    events = event_changes(session, {view.change.event_id})
    return json.ChangeJson(
        **_change_head(view, events, trail[-1] if trail else None),
        reader=view.change.brief.get("reader"),
        passages=view.passages,
        reviews=trail,
    )


def webhook_change(session: Session, change_id: int) -> dict[str, Any]:
    return change_json(session, change_id).model_dump(mode="json")


def changes_json(
    session: Session, rows: Sequence[ListedChange], *, reviews: bool = False
) -> list[json.ChangeHead]:
    ids = (
        id_
        for row in rows
        for id_ in (row.change.before_id, row.change.version_id, row.change.returns_to)
    )
    heads = version_heads(session, {id_ for id_ in ids if id_ is not None})
    events = event_changes(session, {row.change.event_id for row in rows})
    last = last_reviews(session, [row.change.id for row in rows]) if reviews else {}
    words = catalogue(ENGLISH)
    return [
        json.ChangeHead(
            **_change_head(
                replace(listed_view(row, words), heads=heads),
                events,
                last.get(row.change.id),
            )
        )
        for row in rows
    ]


def _change_head(
    view: ChangeView, events: Mapping[int, list[int]], review: Review | None
) -> dict[str, Any]:
    """`events` are its event's changes."""
    row, of, announced = view.change, view.document, view.announced
    if of.kind == PREVIEW:
        announced = announcement_by(row, view.after)
    announcing = announced and {
        "on": announced.day,
        "change": announced.change_id,
        "document": announced.document_id,
    }
    return {
        "document": of.id,
        **of.model_dump(include=_OF_A_DOCUMENT),
        "urls": of.addresses,
        **row.model_dump(include=_OF_A_CHANGE),
        "versions": {"before": view.before, "after": view.after},
        "returns_to": view.returned.number if view.returned else None,
        "announced": announcing,
        "event": row.event_id
        and {
            "id": row.event_id,
            "changes": events[row.event_id],
            "reason": row.event_reason,
        },
        "dated": row.brief.get("dated", False),
        "held": None,
        "why": row.why,
        "headline": headline_json(row.brief, view.headline),
        "classified": not row.brief.get("unlearned", False),
        "brief": {
            name: value for name, value in row.brief.items() if name not in _BESIDE
        },
        "notice_links": row.brief.get("notice_links", []),
        "edited": _edited(view),
        "review": review,
    }


def _edited(view: ChangeView) -> dict[str, Any] | None:
    if not view.edit:
        return None
    machine = view.unedited
    return {
        **{name: view.edit[name] for name in ("by", "at")},
        **{name: view.edit.get(name, {}) for name in ("headline", "note")},
        "machine": {**view.edit["machine"], "headline": machine.headline},
    }


def compared_json(
    session: Session, before: Version, after: Version, whole: Sum
) -> json.Compared:
    return json.Compared(
        document=after.document_id,
        versions=json.VersionNames.model_validate({"before": before, "after": after}),
        changes=changes_json(session, [step.row for step in reversed(whole.steps)]),
        passages=[
            json.SummedPassage(
                **json.PassageJson.model_validate(passage).model_dump(),
                changes=[
                    step.row.change.id for step in whole.brought[passage.position]
                ],
            )
            for passage in whole.passages
        ],
    )


def passage_json(row: ListedPassage) -> json.PlacedPassage:
    """Without marks, which can be derived."""
    return json.PlacedPassage(
        **json.PassageJson.model_validate(row.passage).model_dump(),
        change=row.passage.change_id,
        position=row.passage.position,
        document=row.document.id,
        service=row.document.service,
        detected_at=row.detected_at,
    )


def hit_json(hit: Hit) -> json.HitJson:
    of = hit.document
    return json.HitJson(
        document=of.id,
        service=of.service,
        title=of.title,
        text=hit.text,
        marked=hit.marked,
        stands=hit.stands,
        spans=hit.spans,
    )


def versions_json(session: Session, rows: Sequence[Version]) -> list[json.VersionHead]:
    changes = changes_to(session, [row.id for row in rows])
    return [
        json.VersionHead(
            document=row.document_id,
            **row.model_dump(
                include={"number", "captured_at", "cause", "source", "fingerprint"}
            ),
            change=changes[row.id].change.id if row.id in changes else None,
        )
        for row in rows
    ]


def plain_text(page: dict[str, Any]) -> str:
    """One paragraph for each block."""
    marks = {"item": "- ", "row": "| "}
    return (
        "\n\n".join(
            marks.get(block["kind"], "") + sanitize(str(block["text"]))
            for block in page["blocks"]
        )
        + "\n"
    )


def version_texts(session: Session, rows: Sequence[Version]) -> list[json.VersionText]:
    return [
        json.VersionText(
            **head.model_dump(),
            title=row.page.get("title", ""),
            language=row.page.get("language"),
            text=plain_text(row.page),
        )
        for row, head in zip(rows, versions_json(session, rows), strict=True)
    ]


def documents_json(
    session: Session, rows: Sequence[Document]
) -> list[json.DocumentJson]:
    ids = [row.id for row in rows]
    facts, checks = document_stats(session, ids), last_checks(session, ids)
    return [
        json.DocumentJson(
            id=row.id,
            **row.model_dump(include=_OF_A_DOCUMENT),
            urls=row.addresses,
            watched=not row.retired,
            versions=facts[row.id].versions,
            changed_at=facts[row.id].changed_at,
            last_check=checks.get(row.id),
        )
        for row in rows
    ]


def watched_json(session: Session, watchlist: Watchlist) -> list[dict[str, Any]]:
    """In the watchlist's order."""
    checks, facts = (
        last_checks(session),
        document_stats(session, [entry.id for entry in watchlist.documents]),
    )
    rows = []
    for entry in watchlist.documents:
        check = checks.get(entry.id)
        outcome = check.outcome if check else None
        rows.append(
            {
                "document": entry.id,
                **entry.model_dump(
                    include={"service", "title", "kind", "language", "every", "source"}
                ),
                "url": entry.addresses[0],
                "urls": [*entry.addresses],
                "robots": watchlist.robots(entry),
                "version": facts[entry.id].newest,
                "checked_at": check.checked_at.isoformat() if check else None,
                "outcome": outcome,
                "reason": str(check.reason) if check and check.reason else None,
                "good": Outcome(outcome).is_good if outcome else None,
            }
        )
    return rows


def history_json(session: Session, document_id: str) -> dict[str, Any]:
    """Versions oldest first, changes newest first. Raises `UnknownDocument`."""
    row = document(session, document_id)
    changes = [
        change_json(session, each.id, reviews=True)
        for each in changes_of(session, document_id)
    ]
    return {
        "document": row.id,
        **row.model_dump(include={"service", "title", "url"}),
        "urls": row.addresses,
        "versions": [
            {
                "number": version.number,
                "captured_at": version.captured_at.isoformat(),
                "cause": version.cause,
                "source": version.source,
            }
            for version in versions(session, document_id)
        ],
        "withdrawn": [
            {
                "number": version.number,
                "captured_at": version.captured_at.isoformat(),
                "withdrawn_at": withdrawal.withdrawn_at.isoformat(),
                "reason": withdrawal.reason,
            }
            for version, withdrawal in withdrawn_versions(session, document_id)
        ],
        "alternating": [
            {
                "text": row.text,
                "turns": row.turns,
                "since": row.since.isoformat(),
                "stands": row.stands,
            }
            for row in alternating_passages(session, [document_id])
        ],
        "ignored": [
            {
                "at": click["at"],
                "by": click["by"],
                "passages": [
                    {"heading": heading, "text": text}
                    for heading, text in click["passages"]
                ],
            }
            for click in row.ignored or ()
        ],
        "proposals": [
            {"url": each.url, "entry": each.entry}
            for each in open_proposals(session, document_id)
        ],
        "changes": [each.model_dump(mode="json") for each in changes],
    }


def deliveries_json(
    session: Session,
    *,
    state: State | None = None,
    route: str | None = None,
    limit: int,
) -> list[dict[str, Any]]:
    """Newest first; addresses by name."""
    deliveries = newest(session, state=state, route=route, limit=limit)
    alerts = alerts_in(session, [delivery.id for delivery in deliveries])
    rows = []
    for delivery in deliveries:
        carried = alerts.get(delivery.id, [])
        change_ids = dict.fromkeys(alert.change_id for alert in carried)
        rows.append(
            {
                **delivery.model_dump(
                    include={"id", "kind", "state", "address", "attempts"}
                ),
                "routes": sorted(
                    {alert.route for alert in carried} or {delivery.route}
                ),
                "changes": [
                    _alerted(session, change_in_any_state(session, id_))
                    for id_ in change_ids
                ],
                "created_at": delivery.created_at.isoformat(),
                "sent_at": delivery.sent_at.isoformat() if delivery.sent_at else None,
                "next_try_at": delivery.next_at.isoformat()
                if delivery.state == State.PENDING
                else None,
                "error": None
                if delivery.state == State.SENT or delivery.error is None
                else str(delivery.error),
                "waits": None,
            }
        )
    return rows


def waiting_json(
    session: Session, rows: Sequence[WaitingChange]
) -> list[dict[str, Any]]:
    """Changes without a delivery."""
    return [
        {
            "id": None,
            "kind": "alert" if row.until is None or row.for_review else "digest",
            "state": "waiting",
            "routes": [*row.routes],
            "address": None,
            "changes": [_alerted(session, row.change)],
            "created_at": row.change.detected_at.isoformat(),
            "sent_at": None,
            "next_try_at": row.until.isoformat() if row.until else None,
            "attempts": 0,
            "error": None,
            "waits": row.why,
        }
        for row in rows
    ]


def _alerted(session: Session, row: Change) -> dict[str, Any]:
    of = document(session, row.document_id)
    return {
        "id": row.id,
        "document": of.id,
        "service": of.service,
        "title": of.title,
        "severity": row.severity,
        "withdrawn": withdrawal_of_change(session, row.id) is not None,
    }
