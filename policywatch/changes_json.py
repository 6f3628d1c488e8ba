"""A stored change as JSON: the contract of `compare --json`, with where and when it was found."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session

from notifier.presentation import reasons
from policywatch.second_opinion import second_opinion
from storage.announced import Announcement, announcement_by, announcements
from storage.change_list import ChangesPage
from storage.changes import Change, StoredPassage, passages
from storage.documents import PREVIEW, Document
from storage.versions import Version, version_heads

# stored with the brief, given beside it or not at all
_BESIDE = ("notice_links", "why", "dated", "place")


def change_json(session: Session, change: Change) -> dict[str, Any]:
    """The whole of a change, for `show --json` and the API."""
    document = session.get_one(Document, change.document_id)
    heads = version_heads(session, [change.before_id, change.version_id, change.returns_to or change.version_id])
    found = passages(session, change.id) if change.id is not None else []
    announced = announcements(session, [change]).get(change.id or 0)
    second = second_opinion(session, change.id or 0)
    return _head_json(change, document, heads, announced) | {
        "second": second.as_json() if second else None,
        "passages": [passage_json(passage) for passage in found],
    }


def changes_json(session: Session, page: ChangesPage) -> list[dict[str, Any]]:
    """The changes of a page of the list, for `changes --json` and the API."""
    named = (id_ for row in page.rows for id_ in (row.change.before_id, row.change.version_id, row.change.returns_to))
    heads = version_heads(session, {id_ for id_ in named if id_ is not None})
    return [_head_json(row.change, row.document, heads, row.announced) for row in page.rows]


def _head_json(
    change: Change, document: Document, heads: dict[int, Version], announced: Announcement | None
) -> dict[str, Any]:
    """A change without its passages, for lists; `heads` holds the versions that it names."""
    if document.kind == PREVIEW:
        announced = announcement_by(change, heads[change.version_id])
    returned = heads[change.returns_to] if change.returns_to is not None else None
    return {
        "id": change.id,
        "document": document.id,
        "service": document.service,
        "title": document.title,
        "kind": document.kind,
        "language": document.language,
        "url": document.url,
        "urls": document.addresses,
        "detected_at": change.detected_at.isoformat(),
        "versions": {
            "before": _version_json(heads[change.before_id]),
            "after": _version_json(heads[change.version_id]),
        },
        "cause": change.cause,
        "returns_to": returned.number if returned is not None else None,
        "substantive": change.substantive,
        "alert": change.alert,
        "severity": change.severity,
        "direction": change.direction,
        "topics": change.topics,
        "effective_date": change.effective_date.isoformat() if change.effective_date is not None else None,
        "announced": None
        if announced is None
        else {"on": announced.day.isoformat(), "change": announced.change_id, "document": announced.document_id},
        "dated": change.brief.get("dated", False),
        "held": None,
        "why": [str(reason) for reason in reasons(change.brief)],
        "brief": {name: said for name, said in change.brief.items() if name not in _BESIDE},
        "notice_links": change.brief.get("notice_links", []),
    }


def passage_json(passage: StoredPassage) -> dict[str, Any]:
    """The columns of `compare --json`; `marks` are left out, for they can be made from before and after."""
    return {
        "heading": passage.heading,
        "operation": passage.operation,
        "before": passage.before,
        "after": passage.after,
        "topics": passage.topics,
        "evidence": passage.evidence,
        "severity": passage.severity,
        "direction": passage.direction,
        "why": [str(reason) for reason in passage.why],
    }


def _version_json(version: Version) -> dict[str, Any]:
    return {"number": version.number, "captured_at": version.captured_at.isoformat(), "source": version.source}
