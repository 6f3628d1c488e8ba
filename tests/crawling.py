"""What the crawler's tests share: declared documents, a crawl with short waits, a stand-in for the reader."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from sqlmodel import select

from crawler.crawl import crawl
from crawler.targets import (
    CrawlJob,
    CrawlSettings,
    Fetched,
    Fingerprint,
    FingerprintOf,
    Target,
)
from foundation.vocabulary import Outcome
from policywatch.ingest.checks import finish
from storage.captures import Capture, capture
from storage.checks import Check, unread_checks
from storage.database import Database
from storage.documents import Document, declare
from storage.versions import Version, current_version
from tests.misbehaving import Sites, serving

QUICK = CrawlSettings(
    "watch@example.org",
    delay=0,
    confirm_delay=0.02,
    timeout=20,
    max_size=300_000,
    retry_waits=(0.02, 0.04),
    patience=2,
)
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def fingerprint_of(page: Fetched, _known: Fingerprint | None = None) -> Fingerprint:
    """Of the paragraphs; what stands around them is no text."""
    paragraphs = re.findall(rb"<p>(.*?)</p>", page.body)
    return Fingerprint(
        hashlib.sha256(b"\n".join(paragraphs)).hexdigest() if paragraphs else None
    )


def own(url: str, document: str = "example/policy", **more: object) -> Target:
    """A target on a server of our own."""
    return replace(Target(document, url, "en", allow_private=True), **more)  # type: ignore[arg-type]


def declared(database: Database, targets: Sequence[Target]) -> None:
    with database.writing() as session:
        declare(
            session,
            [
                Document(
                    id=target.document,
                    service="Example",
                    title="Policy",
                    kind="privacy-policy",
                    url=target.url,
                    language=target.language,
                    added_at=NOW,
                )
                for target in targets
            ],
        )


def crawled(
    database: Database,
    *targets: Target,
    settings: CrawlSettings = QUICK,
    now: Callable[[], datetime] = lambda: NOW,
    fingerprint: FingerprintOf = fingerprint_of,
) -> dict[str, Check]:
    """Crawl the targets; their checks by document."""
    declared(database, targets)
    mistakes: list[Exception] = []
    ids = crawl(
        CrawlJob(database, targets, fingerprint, finish=finish),
        settings,
        mistakes=mistakes,
        now=now,
    )
    assert not mistakes
    with database.reading() as session:
        checks = [session.get_one(Check, id_) for id_ in ids]
    assert sorted(check.document_id for check in checks) == sorted(
        target.document for target in targets
    )
    return {check.document_id: check for check in checks}


def checked(
    database: Database, target: Target, settings: CrawlSettings = QUICK
) -> Check:
    """Crawl one target."""
    return crawled(database, target, settings=settings)[target.document]


def believe(database: Database) -> None:
    """Take what is unread for a version, as the reader does with a first text."""
    with database.writing() as session:
        for check in unread_checks(session):
            assert check.capture_id is not None
            page = capture(session, check.capture_id)
            text = fingerprint_of(
                Fetched(
                    page.document_id,
                    page.url,
                    page.final_url,
                    page.status,
                    [],
                    page.mime,
                    None,
                    page.body,
                )
            )
            before = current_version(session, check.document_id)
            version = Version(
                document_id=check.document_id,
                number=before.number + 1 if before else 1,
                capture_id=check.capture_id,
                captured_at=page.fetched_at,
                fingerprint=text.text or "",
                extractor="test:en",
                page={},
            )
            session.add(version)
            session.flush()
            check.version_id = version.id
            finish(session, check, Outcome.CHANGED if before else Outcome.FIRST)


def captures(database: Database) -> list[Capture]:
    with database.reading() as session:
        return list(session.exec(select(Capture)))


def served() -> Iterator[Sites]:
    """The `sites` of a test."""
    with serving() as sites:
        yield sites
