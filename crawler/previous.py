"""What the store knows of a document before a check: text, validators, pauses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from crawler.targets import Fingerprint, Target
from storage.captures import capture
from storage.checks import last_kept, pauses
from storage.database import Database
from storage.documents import Document, document, few, known
from storage.versions import InForce, in_force, is_read_as


@dataclass(frozen=True)
class PartState:
    """Rows keep it under these names."""

    url: str
    final_url: str | None = None  # they are sent nowhere else
    text: str | None = None  # fingerprint; None: unknown or unreadable
    etag: str | None = None
    last_modified: str | None = None
    markup: str | None = None  # fingerprint of markup and text

    @property
    def fingerprint(self) -> Fingerprint:
        return Fingerprint(self.text, self.markup)

    def conditions(self, url: str) -> dict[str, str]:
        """Headers of a conditional request."""
        if self.text is None or url != self.final_url:
            return {}
        headers = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in headers.items() if value is not None}


@dataclass(frozen=True)
class PreviousState:
    parts: tuple[PartState, ...]  # one for each address
    version_id: int | None = None
    not_before: datetime | None = None  # of the server's pause


def first_states(targets: Sequence[Target]) -> dict[str, PreviousState]:
    """Unknown to the store."""
    return {
        target.document: PreviousState(tuple(map(PartState, target.addresses)))
        for target in targets
    }


def previous_states(
    database: Database, targets: Sequence[Target], now: datetime
) -> dict[str, PreviousState]:
    """Raises `UnknownDocument`."""
    states = {}
    ids = few(target.document for target in targets)
    with database.reading() as session:
        current, waits = in_force(session, ids), pauses(session, now, ids)
        rows = {row.id: row for row in known(session)} if ids is None else {}
        for target in targets:
            row = rows.get(target.document) or document(session, target.document)
            version = current.get(row.id)
            states[row.id] = PreviousState(
                parts=_parts(
                    target, row, version if _is_of(session, target, version) else None
                ),
                version_id=version.version_id if version else None,
                not_before=waits.get(row.id),
            )
    return states


def _is_of(session: Session, target: Target, version: InForce | None) -> bool:
    """Of what the watchlist declares now."""
    if version is None or not is_read_as(version.extractor, target.language):
        return False
    if target.more or version.url == target.url:
        return True
    moved = last_kept(
        session, target.document, version.version_id
    )  # at another address
    return moved is not None and capture(session, moved).url == target.url


def _parts(
    target: Target, row: Document, version: InForce | None
) -> tuple[PartState, ...]:
    """Unknown if the watchlist's addresses are not those of the version."""
    if version is not None and not target.more and not row.parts:
        return (
            PartState(
                target.url,
                version.final_url,
                version.fingerprint,
                row.etag,
                row.last_modified,
                row.markup,
            ),
        )
    if version is not None and row.addresses == [*target.addresses]:
        return tuple(PartState(**part) for part in row.parts or ())  # type: ignore[arg-type]
    return tuple(PartState(url) for url in target.addresses)
