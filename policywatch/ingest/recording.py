"""Writes a decision in one transaction: version, change, alerts, outcome."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col

from analysis.model import Page
from analysis.page_json import page_from_json, page_json
from analysis.text.lexicon import mentions_in
from analysis.text.normal import fingerprint
from foundation.vocabulary import Cause, NoticeKind, Outcome
from policywatch.ingest.alerting import CONFIRMATIONS, RoutesFor, alert
from policywatch.ingest.alternating import note_turns
from policywatch.ingest.checks import finish, release_capture
from policywatch.ingest.decision import (
    Decision,
    NeedsReview,
    NewVersion,
    Unchanged,
    Unreadable,
)
from policywatch.ingest.drafts import ChangeDraft
from policywatch.ingest.events import group
from policywatch.ingest.extraction import ExtractionConfig
from policywatch.ingest.proposals import propose_links
from policywatch.ingest.quarantine import hold
from policywatch.reader.checks import speaks_to_model
from storage.captures import Capture
from storage.changes import Change
from storage.checks import Check
from storage.deliveries import Notice, notices_of
from storage.paragraphs import index_version
from storage.versions import Version, current_version, enter_text, next_number


def apply(
    session: Session,
    check: Check,
    decision: Decision,
    capture: Capture,
    config: ExtractionConfig,
    routes_for: RoutesFor,
) -> None:
    """`capture` is the check's, of several parts the first."""
    match decision:
        case Unchanged(version, fetched):
            check.version_id = version.id
            session.get_one(Version, version.id).extractor = config.extractor
            finish(session, check, Outcome.UNCHANGED)
            if fetched is not None:
                in_force = page_from_json(version.page)
                note_turns(session, check, in_force, fetched, in_force)
                if fingerprint(fetched.blocks) != version.fingerprint:
                    release_capture(session, check)
        case Unreadable(reason, is_costly):
            check.attempts = check.attempts if is_costly else 0
            finish(session, check, Outcome.UNREADABLE, reason)
        case NeedsReview(reason, lines, rejected_as):
            hold(session, check, reason, lines, rejected_as)
        case NewVersion():
            record(session, check, decision, capture, config, routes_for)
            finish(session, check, decision.outcome)


def record(
    session: Session,
    check: Check,
    decision: NewVersion,
    capture: Capture,
    config: ExtractionConfig,
    routes_for: RoutesFor,
    *,
    detected_at: datetime | None = None,
) -> Change | None:
    """The caller must `finish` the check. Dated by it, unless by `detected_at`."""
    if (
        decision.current is not None
        and not decision.is_first
        and decision.cause is not Cause.EXTRACTION
    ):
        before = page_from_json(decision.current.page)
        propose_links(
            session, check, before, decision.page
        )  # its lock comes before that of paragraphs
        if decision.current.source is None:
            note_turns(
                session, check, before, decision.fetched or decision.page, decision.page
            )
    version = add_version(
        session, capture, config, decision.page, decision.current, decision.cause
    )
    version.alternating = [*decision.alternating]
    check.version_id = version.id
    if decision.draft is None or decision.before is None:
        return None
    at = detected_at or check.checked_at
    change = add_change(
        session,
        decision.before,
        version,
        decision.draft,
        decision.cause,
        detected_at=at,
    )
    change.check_id = check.id
    if decision.alerts:
        _report_address(session, check, decision.draft)
        is_settled = change.returns_to is None and decision.draft.comparison.is_settled
        change.waits = (
            CONFIRMATIONS if decision.cause is Cause.PAGE and not is_settled else 0
        )
        alert(session, change, decision.undoes, routes_for)
    return change


def _report_address(session: Session, check: Check, draft: ChangeDraft) -> None:
    """Of a text that speaks to a language model, once for each document."""
    text = speaks_to_model(draft.passages)
    kind = NoticeKind.ADDRESSED
    if text and not notices_of(session, kind, check.document_id):
        session.add(Notice.of(check, kind, text=text))


def add_version(
    session: Session,
    capture: Capture,
    config: ExtractionConfig,
    page: Page,
    current: Version | None,
    cause: Cause,
    *,
    imported: bool = False,
) -> Version:
    version = Version(
        document_id=capture.document_id,
        number=next_number(session, capture.document_id, current),
        capture_id=capture.id,
        captured_at=capture.fetched_at,
        cause=cause.value,
        fingerprint=fingerprint(page.blocks),
        extractor=config.extractor,
        source=capture.source,
        imported=imported,
        page=page_json(page),
    )
    enter_text(session, version)
    session.add(version)
    index_version(session, version, mentions_in(config.language))
    session.flush()
    return version


def add_change(
    session: Session,
    before: Version,
    after: Version,
    draft: ChangeDraft,
    cause: Cause,
    *,
    detected_at: datetime,
) -> Change:
    """With its passages, a return to an earlier text, and its event."""
    change = Change(
        document_id=after.document_id,
        version_id=after.id,
        before_id=before.id,
        detected_at=detected_at,
        cause=cause.value,
        **draft.columns(alert=cause is not Cause.EXTRACTION),
    )
    if cause is Cause.PAGE:
        is_same = col(Version.fingerprint) == after.fingerprint
        earlier = col(Version.number) < after.number
        returned = current_version(session, after.document_id, is_same, earlier)
        change.returns_to = returned.id if returned is not None else None
    session.add(change)
    session.flush()
    for passage in draft.passages:
        passage.change_id = change.id
    session.add_all(draft.passages)
    group(session, change)
    return change
