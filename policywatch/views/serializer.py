"""JSON and CSV of what is stored, for the command line and the API."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from io import StringIO
from typing import Any

from sqlmodel import Session, col

from analysis.page_json import headline_json
from foundation.vocabulary import GOOD, State
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
    ChangeFilter,
    ListedChange,
    ListedPassage,
    announcement_by,
    changes_page,
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
from storage.database import Database
from storage.deliveries import Alert, Delivery, items, newest
from storage.documents import DECLARED, PREVIEW, Document, document
from storage.reviews import Review, last_reviews, reviews_of
from storage.search import Hit
from storage.versions import (
    Version,
    version_heads,
    versions,
    withdrawal_of_change,
    withdrawn_versions,
)

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
_OF_A_CHANGE = {*Change.model_fields} & {*json.ChangeHead.model_fields}


def change_json(
    session: Session, change_id: int, *, reviews: bool = False
) -> json.ChangeJson:
    """`reviews` are for the operator's people only. Raises `Unknown`."""
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
        for id_ in (
            row.change.before_id,
            row.change.version_id,
            row.change.returns_to,
        )
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
        **of.model_dump(include={"service", "title", "kind", "language", "url"}),
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
        versions=json.VersionNames.model_validate(
            {"before": before, "after": after}
        ),
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


def versions_json(
    session: Session, rows: Sequence[Version]
) -> list[json.VersionHead]:
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


def version_texts(
    session: Session, rows: Sequence[Version]
) -> list[json.VersionText]:
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
            **row.model_dump(include={*DECLARED}),
            urls=row.addresses,
            watched=not row.retired,
            versions=facts[row.id].versions,
            changed_at=facts[row.id].changed_at,
            last_check=json.LastCheck.model_validate(checks[row.id])
            if row.id in checks
            else None,
        )
        for row in rows
    ]


def watched_json(session: Session, watchlist: Watchlist) -> list[dict[str, Any]]:
    """In the watchlist's order."""
    checks = last_checks(session)
    facts = document_stats(session, [entry.id for entry in watchlist.documents])
    rows = []
    for entry in watchlist.documents:
        check = checks.get(entry.id)
        outcome = check.outcome if check else None
        declared = entry.declared
        rows.append(
            {
                "document": declared.pop("id"),
                **declared,
                **entry.model_dump(include={"every", "source"}),
                "urls": entry.addresses,
                "robots": watchlist.robots(entry),
                "version": facts[entry.id].newest,
                "checked_at": check and check.checked_at,
                "outcome": outcome,
                "reason": check and check.reason,
                "good": outcome in GOOD if outcome else None,
            }
        )
    return rows


def history_json(session: Session, document_id: str) -> dict[str, Any]:
    """Versions oldest first, changes newest first. Raises `UnknownDocument`."""
    row = document(session, document_id)
    return {
        "document": row.id,
        **row.model_dump(include={"service", "title", "url"}),
        "urls": row.addresses,
        "versions": [
            version.model_dump(include={"number", "captured_at", "cause", "source"})
            for version in versions(session, document_id)
        ],
        "withdrawn": [
            version.model_dump(include={"number", "captured_at"})
            | withdrawal.model_dump(include={"withdrawn_at", "reason"})
            for version, withdrawal in withdrawn_versions(session, document_id)
        ],
        "alternating": [
            row.model_dump(include={"text", "turns", "since", "stands"})
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
        "changes": [
            change_json(session, each.id, reviews=True)
            for each in changes_of(session, document_id)
        ],
    }


def deliveries_json(
    session: Session,
    *,
    state: State | None,
    route: str | None,
    limit: int,
) -> list[dict[str, Any]]:
    """Newest first; addresses by name."""
    deliveries = newest(session, state=state, route=route, limit=limit)
    its = items(session, col(Delivery.id).in_([each.id for each in deliveries]))
    rows = []
    for delivery in deliveries:
        carried = [each for each in its[delivery.id] if isinstance(each, Alert)]
        change_ids = dict.fromkeys(alert.change_id for alert in carried)
        facts = {
            "id",
            "kind",
            "state",
            "address",
            "created_at",
            "sent_at",
            "attempts",
        }
        rows.append(
            {
                **delivery.model_dump(include=facts),
                "routes": sorted(
                    {alert.route for alert in carried} or {delivery.route}
                ),
                "changes": [
                    _alerted(session, change_in_any_state(session, id_))
                    for id_ in change_ids
                ],
                "next_try_at": delivery.next_at
                if delivery.state == State.PENDING
                else None,
                "error": None if delivery.state == State.SENT else delivery.error,
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
            "routes": row.routes,
            "address": None,
            "changes": [_alerted(session, row.change)],
            "created_at": row.change.detected_at,
            "sent_at": None,
            "next_try_at": row.until,
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
        **of.model_dump(include={"service", "title"}),
        "severity": row.severity,
        "withdrawn": withdrawal_of_change(session, row.id) is not None,
    }


_CSV = (
    *(
        "id",
        "detected_at",
        "service",
        "document",
        "title",
        "kind",
        "language",
        "url",
        "severity",
        "direction",
    ),
    *(
        "topics",
        "effective_date",
        "substantive",
        "alert",
        "meaning",
        "state",
        "note",
        "by",
        "at",
    ),
)
_AT_ONCE = 200  # changes


def changes_csv(
    database: Database, wanted: ChangeFilter, *, reviews: bool
) -> Iterator[str]:
    """With a header; `reviews` fills the last four columns."""
    yield csv_line(_CSV)
    yield from map(
        csv_line, map(_csv_row, all_changes(database, wanted, reviews=reviews))
    )


def all_changes(
    database: Database, wanted: ChangeFilter, *, reviews: bool = False
) -> Iterator[json.ChangeHead]:
    """Newest first, a page at a time."""
    before = None
    while True:
        with database.reading() as session:
            page = changes_page(session, wanted, before=before, limit=_AT_ONCE)
            changes = changes_json(session, page.rows, reviews=reviews)
        yield from changes
        before = page.older
        if before is None:
            return


def _csv_row(row: json.ChangeHead) -> list[str]:
    head = row.model_dump(mode="json")
    values: dict[str, Any] = {
        **head,
        **(head["review"] or {}),
        "meaning": head["brief"].get("meaning"),
    }
    values["topics"] = ", ".join(row.topics)
    return [cell(values.get(name)) for name in _CSV]


def cell(value: object) -> str:
    """No formulas in spreadsheets."""
    text = "" if value is None else sanitize(str(value))
    return f"'{text}" if text.lstrip().startswith(("=", "+", "-", "@")) else text


def csv_line(cells: Iterable[str]) -> str:
    out = StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue()
