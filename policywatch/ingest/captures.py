"""Ingest: decide about each unread capture, and write the decision: version, change, alerts, outcome."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlmodel import Session, col

from analysis.model import Page, TooCostly
from analysis.page_json import page_from_json, page_json
from analysis.text.lexicon import mentions_in
from analysis.text.normal import fingerprint
from foundation.vocabulary import Cause, NoticeKind, Outcome
from messages import Message, program_error
from policywatch.ingest.alerting import CONFIRMATIONS, RoutesFor, alert
from policywatch.ingest.checks import finish, release_capture
from policywatch.ingest.decision import (
    Decision,
    NeedsReview,
    NewVersion,
    Unchanged,
    Unreadable,
    decide,
    load_history,
)
from policywatch.ingest.drafts import ChangeDraft
from policywatch.ingest.events import group
from policywatch.ingest.extraction import ExtractionConfig, PageCache
from policywatch.ingest.noise import note_turns, notify_noise
from policywatch.ingest.proposals import propose_links
from policywatch.logs import log_decision
from policywatch.reader.checks import speaks_to_model
from storage.captures import Capture, captures_from
from storage.changes import Change
from storage.checks import (
    ATTEMPTS,
    Check,
    forget_attempts,
    last_trouble,
    unread_checks,
)
from storage.database import Database
from storage.deliveries import Notice, notices_of
from storage.documents import Document, document, may_announce, replaced_by
from storage.errors import isolate_errors
from storage.paragraphs import index_version
from storage.versions import Version, current_version, enter_text, next_number


def ingest(
    database: Database,
    configs: Mapping[str, ExtractionConfig],
    routes_for: RoutesFor,
    mistakes: list[Exception],
    *,
    cache: PageCache | None = None,
    again: bool = False,
    only: str | None = None,
) -> list[int]:
    """A document's oldest first. Returns the ids of their checks.

    `only`: one document, unless others must come first. A program error fails its check alone and is added to
    `mistakes`. Failed and given-up captures are retried only with `again`.
    """
    checks = _unread(database, configs, again=again, only=only)
    for check_id in checks:
        raised: list[Exception] = []
        with isolate_errors(raised):
            check = _ingest(
                database, check_id, configs, routes_for, cache, again=again
            )
        for mistake in raised:
            with database.writing() as session:
                finish(
                    session,
                    session.get_one(Check, check_id),
                    Outcome.FAILED,
                    program_error(mistake),
                )
        if not raised:
            with isolate_errors(raised):
                notify_noise(database, check)
        mistakes += raised
    return checks


def _unread(
    database: Database,
    configs: Mapping[str, ExtractionConfig],
    *,
    again: bool,
    only: str | None,
) -> list[int]:
    """Announced texts come after those in force; captures that ended the program come last."""
    with database.reading() as session:
        unread = [
            check
            for check in unread_checks(session, only, again=again)
            if check.document_id in configs
        ]
        ids = {check.document_id for check in unread}
        announced = {
            id_
            for id_ in ids
            if may_announce(id_) and replaced_by(document(session, id_)) is not None
        }
    tried = {check.document_id for check in unread if check.attempts}
    if only in announced | tried:
        return []
    unread.sort(
        key=lambda check: (
            check.document_id in tried,
            check.document_id in announced,
        )
    )
    checks = [check.id for check in unread]
    if again:
        with database.writing() as session:
            forget_attempts(session, checks)
    return checks


def _ingest(
    database: Database,
    check_id: int,
    configs: Mapping[str, ExtractionConfig],
    routes_for: RoutesFor,
    cache: PageCache | None,
    *,
    again: bool,
) -> Check:
    """Slow work is done between transactions. A killed run has recorded the attempt, and the next one continues."""
    with database.writing() as session:
        check = session.get_one(Check, check_id)
        if check.outcome is not None and not again:
            return check
        config = configs[check.document_id]
        assert check.capture_id is not None, "an unread check has a capture"
        before = None if again else last_trouble(session, check)
        if before is not None and before.outcome is not None:
            check.attempts = max(check.attempts, before.attempts)
            if before.outcome == Outcome.FAILED or before.attempts >= ATTEMPTS:
                finish(session, check, Outcome(before.outcome), before.reason)
                return check
        is_given_up = check.attempts >= ATTEMPTS
        check.attempts += not is_given_up
    with database.reading() as session:  # one snapshot, and nobody waits for it
        captures = captures_from(session, check.capture_id)
        history = load_history(session, check, captures, config)
    decision: Decision
    try:
        if is_given_up:
            raise TooCostly
        decision = decide(captures, history, config, cache)
    except TooCostly as failure:
        decision = Unreadable(failure.reason, is_costly=True)
    log_decision(
        check.document_id, "check %d is %s", check_id, _described(decision)
    )
    with database.writing() as session:
        check = session.get_one(Check, check_id, with_for_update=True)
        if check.outcome is None or again:  # another process was faster
            apply(session, check, decision, captures[0], config, routes_for)
    return check


def _described(decision: Decision) -> str:
    match decision:
        case Unchanged(version):
            return f"unchanged: the text of version {version.number}"
        case Unreadable(reason, is_costly):
            return f"unreadable{', too costly' if is_costly else ''}: {reason}"
        case NeedsReview(reason, _, rejected_as):
            known = (
                f", as capture {rejected_as} was rejected" if rejected_as else ""
            )
            return f"held: {reason}{known}"
    outcome = f"{decision.outcome.value}, cause {decision.cause.value}"
    if decision.draft is None or decision.before is None:
        return f"{outcome}, compared with nothing"
    verdict = decision.draft.comparison
    return (
        f"{outcome}, against version {decision.before.number}: {len(verdict.passages)} passages,"
        f" alert {verdict.alert}, severity {verdict.severity}, topics {', '.join(verdict.topics) or 'none'},"
        f" may alert {decision.alerts}, undoes {decision.undoes}"
    )


def apply(
    session: Session,
    check: Check,
    decision: Decision,
    capture: Capture,
    config: ExtractionConfig,
    routes_for: RoutesFor,
) -> None:
    """`capture` is the check's, of several parts the first."""
    # held to the end: the session holds rows weakly, and would read it again for each step
    row = document(session, check.document_id)
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
            hold(session, check, row, reason, lines, rejected_as)
        case NewVersion():
            record(session, check, decision, capture, config, routes_for)
            finish(session, check, decision.outcome)


def hold(
    session: Session,
    check: Check,
    row: Document,
    reason: Message,
    lines: list[str] | None,
    rejected_as: int | None,
) -> None:
    """With a notice unless the operator saw or rejected it before."""
    if rejected_as is not None:
        check.rejected_as = rejected_as
        finish(session, check, Outcome.HELD, reason)
        return
    if lines is not None or row.alerted_at is None:
        # no notice without a preview is sent first
        row.alerted_at = check.checked_at
    finish(session, check, Outcome.HELD, reason)
    if lines is None:
        return
    facts = {"reason": reason.to_json(), "passages": lines}
    session.add(Notice.of(check, NoticeKind.HELD, **facts))


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
                session,
                check,
                before,
                decision.fetched or decision.page,
                decision.page,
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
        is_settled = (
            change.returns_to is None and decision.draft.comparison.is_settled
        )
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
