"""What the store says of the documents, for programs and lists."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session

from policywatch.changes_json import change_json
from policywatch.config.watchlist import Watchlist
from storage.changes import changes_of
from storage.checks import Outcome, last_checks
from storage.database import Database
from storage.document_stats import document_stats
from storage.documents import document
from storage.versions import versions


def overview(watchlist: Watchlist, database: Database) -> list[dict[str, Any]]:
    """A row for each document of the watchlist, in its order."""
    with database.reading() as session:
        checks, facts = last_checks(session), document_stats(session, [entry.id for entry in watchlist.documents])
    rows = []
    for entry in watchlist.documents:
        check = checks.get(entry.id)
        outcome = check.outcome if check else None
        rows.append(
            {
                "document": entry.id,
                "service": entry.service,
                "title": entry.title,
                "kind": entry.kind,
                "language": entry.language,
                "url": entry.addresses[0],
                "urls": [*entry.addresses],
                "every": entry.every,
                "robots": watchlist.robots(entry),
                "version": facts[entry.id].versions or None,
                "checked_at": check.checked_at.isoformat() if check else None,
                "outcome": outcome,
                "reason": str(check.reason) if check and check.reason else None,
                "good": Outcome(outcome).is_good if outcome else None,
            }
        )
    return rows


def history_json(session: Session, document_id: str) -> dict[str, Any]:
    """A document with its versions, oldest first, and its changes, newest first. Raises `UnknownDocument`."""
    row = document(session, document_id)
    return {
        "document": row.id,
        "service": row.service,
        "title": row.title,
        "url": row.url,
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
        "changes": [change_json(session, change) for change in changes_of(session, document_id)],
    }
