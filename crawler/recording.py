"""From a finding to its rows: the check and, if there is one, the capture, in one transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlmodel import Session

from crawler.targets import Fetched, Target
from crawler.visit import Finding, Known, KnownPart, Seen
from storage.captures import Capture, capture, newest_captures
from storage.checks import Check, finish, last_kept, pauses
from storage.database import Database
from storage.documents import Document, document
from storage.versions import InForce, in_force, is_read_as


def known_of(database: Database, targets: Iterable[Target], now: datetime) -> dict[str, Known]:
    """What the store knows of each target's document. Raises `UnknownDocument` for one that was not declared."""
    known = {}
    with database.reading() as session:
        current, waits = in_force(session), pauses(session, now)
        for target in targets:
            row = document(session, target.document)
            version = current.get(row.id)
            known[row.id] = Known(
                parts=_known_parts(target, row, version if _is_of(session, target, version) else None),
                version_id=version.version_id if version else None,
                not_before=waits.get(row.id),
            )
    return known


def _is_of(session: Session, target: Target, version: InForce | None) -> bool:
    """Whether the version in force is a text of what the watchlist declares now; of several addresses that is for
    their parts to say."""
    if version is None or not is_read_as(version.reader, target.language):
        return False
    if target.more or version.url == target.url:
        return True
    later = last_kept(session, target.document, version.version_id)  # the same text, from where it moved to
    return later is not None and capture(session, later).url == target.url


def _known_parts(target: Target, row: Document, version: InForce | None) -> tuple[KnownPart, ...]:
    """Nothing is known of any part where the watchlist's addresses are not those of the version in force."""
    if not target.more and not row.parts:
        whole = KnownPart(version.fingerprint, version.final_url, row.etag, row.last_modified) if version else None
        return (whole or KnownPart(),)
    if version is None or [part["url"] for part in row.parts or ()] != [*target.addresses]:
        return tuple(KnownPart() for _ in target.addresses)
    return tuple(
        KnownPart(part["text"], part["final_url"], part["etag"], part["last_modified"]) for part in row.parts or ()
    )


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
            version_id=known.version_id,
        )
        if target.more:
            check.parts = (
                [_part(*both) for both in zip(finding.seen, known.parts, strict=True)] if finding.seen else None
            )
        elif finding.seen:
            check.etag, check.last_modified = finding.seen[0].etag, finding.seen[0].last_modified
        if finding.pages:
            check.capture_id = _kept(session, finding.pages, finding.at)
        if finding.outcome is None:
            session.add(check)
        else:
            finish(session, check, finding.outcome, finding.reason, not_before=finding.not_before)
        session.flush()
        assert check.id is not None
        return check.id


def _part(seen: Seen, known: KnownPart) -> dict[str, str | None]:
    """The next check's `KnownPart`; a 304 need not repeat the validators."""
    fresh = seen.status != 304
    return {
        "url": seen.url,
        "final_url": seen.final_url,
        "text": seen.text,
        "etag": seen.etag if fresh else known.etag,
        "last_modified": seen.last_modified if fresh else known.last_modified,
    }


def _kept(session: Session, pages: Sequence[Fetched], at: datetime) -> int:
    """The capture that holds the (first) page: the newest one if all parts are the same, else a new one.

    A page that is set aside at every check would otherwise be stored each time.
    """
    fresh = [_capture(page, at) for page in pages]
    newest = newest_captures(session, pages[0].document)
    if list(map(_mark, newest)) == list(map(_mark, fresh)):
        fresh = newest
    else:
        for each in fresh:
            each.head_id = fresh[0].id  # none yet for the first one itself
            session.add(each)
            session.flush()
    assert fresh[0].id is not None
    return fresh[0].id


def _capture(page: Fetched, at: datetime) -> Capture:
    return Capture(
        document_id=page.document,
        fetched_at=at,
        url=page.url,
        final_url=page.final_url,
        status=page.status,
        headers=page.headers,
        mime=page.mime,
        charset=page.charset,
        sha256=hashlib.sha256(page.body).hexdigest(),
        size=len(page.body),
        body=page.body,
    )


def _mark(kept: Capture) -> tuple[object, ...]:
    """What makes that reading one capture gives what reading another gives."""
    return kept.sha256, kept.url, kept.final_url, kept.status, kept.mime, kept.charset
