"""From a finding to its rows: the check and, if there is one, the capture, in one transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime

from sqlmodel import Session

from crawler.targets import Fetched, Target
from crawler.visit import Finding, Known
from storage.captures import Capture, newest_capture
from storage.checks import Check, finish
from storage.database import Database
from storage.documents import document
from storage.versions import in_force


def known_of(database: Database, targets: Iterable[Target]) -> dict[str, Known]:
    """What the store knows of each target's document. Raises `UnknownDocument` for one that was not declared."""
    known = {}
    with database.reading() as session:
        current = in_force(session)
        for target in targets:
            row = document(session, target.document)
            version = current.get(row.id)
            known[row.id] = Known(
                version_id=version.version_id if version else None,
                fingerprint=version.fingerprint if version else None,
                validated_url=version.final_url if version else None,
                etag=row.etag,
                last_modified=row.last_modified,
                not_before=row.not_before,
            )
    return known


def record(database: Database, target: Target, known: Known, finding: Finding) -> int:
    """Keep what a check found; the id of the check."""
    assert finding.at is not None, "a visit that ended has a time"
    with database.writing() as session:
        check = Check(
            document_id=target.document,
            checked_at=finding.at,
            status=finding.status,
            final_url=finding.final_url,
            seconds=finding.seconds,
            etag=finding.etag,
            last_modified=finding.last_modified,
            version_id=known.version_id,
        )
        if finding.page is not None:
            check.capture_id = _kept(session, finding.page, finding.at)
        if finding.not_before is not None:
            document(session, target.document).not_before = finding.not_before
        if finding.outcome is None:
            session.add(check)
        else:
            finish(session, check, finding.outcome, finding.reason)
        session.flush()
        assert check.id is not None
        return check.id


def _kept(session: Session, page: Fetched, at: datetime) -> int:
    """The capture that holds the page: the newest one if it is the same, else a new one.

    A page that is set aside at every check would otherwise be stored each time.
    """
    digest = hashlib.sha256(page.body).hexdigest()
    newest = newest_capture(session, page.document)
    if newest is not None and newest.id is not None and _same(newest, page, digest):
        return newest.id
    kept = Capture(
        document_id=page.document,
        fetched_at=at,
        url=page.url,
        final_url=page.final_url,
        status=page.status,
        headers=page.headers,
        mime=page.mime,
        charset=page.charset,
        sha256=digest,
        size=len(page.body),
        body=page.body,
    )
    session.add(kept)
    session.flush()
    assert kept.id is not None
    return kept.id


def _same(kept: Capture, page: Fetched, digest: str) -> bool:
    """Whether reading one gives what reading the other gives."""
    return (kept.sha256, kept.url, kept.final_url, kept.status, kept.mime, kept.charset) == (
        digest,
        page.url,
        page.final_url,
        page.status,
        page.mime,
        page.charset,
    )
