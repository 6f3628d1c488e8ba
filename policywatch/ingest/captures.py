"""Ingest: decide about each unread capture (extract, validate, compare, classify), and apply the decision."""

from __future__ import annotations

from collections.abc import Mapping

from analysis.model import TooCostly
from foundation.vocabulary import Outcome
from messages import program_error
from policywatch.ingest.alerting import RoutesFor
from policywatch.ingest.checks import finish
from policywatch.ingest.decision import (
    Decision,
    NeedsReview,
    Unchanged,
    Unreadable,
    decide,
    load_history,
)
from policywatch.ingest.extraction import ExtractionConfig, PageCache
from policywatch.ingest.recording import apply
from policywatch.ingest.volatility import notify_volatility
from policywatch.logs import log_decision
from storage.captures import captures_from
from storage.checks import (
    ATTEMPTS,
    Check,
    forget_attempts,
    last_trouble,
    unread_checks,
)
from storage.database import Database
from storage.documents import document, replaced_by
from storage.errors import isolate_errors


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
            _ingest(database, check_id, configs, routes_for, cache, again=again)
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
                notify_volatility(database, check_id, configs)
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
            id_ for id_ in ids if replaced_by(document(session, id_)) is not None
        }
    tried = {check.document_id for check in unread if check.attempts}
    if only in announced | tried:
        return []
    unread.sort(
        key=lambda check: (check.document_id in tried, check.document_id in announced)
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
) -> None:
    """Slow work is done between transactions. A killed run has recorded the attempt, and the next one continues."""
    with database.writing() as session:
        check = session.get_one(Check, check_id)
        if check.outcome is not None and not again:
            return
        config = configs[check.document_id]
        assert check.capture_id is not None, "an unread check has a capture"
        before = None if again else last_trouble(session, check)
        if before is not None and before.outcome is not None:
            check.attempts = max(check.attempts, before.attempts)
            if before.outcome == Outcome.FAILED or before.attempts >= ATTEMPTS:
                finish(session, check, Outcome(before.outcome), before.reason)
                return
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
    log_decision(check.document_id, "check %d is %s", check_id, _described(decision))
    with database.writing() as session:
        check = session.get_one(Check, check_id, with_for_update=True)
        if check.outcome is None or again:  # another process was faster
            apply(session, check, decision, captures[0], config, routes_for)


def _described(decision: Decision) -> str:
    match decision:
        case Unchanged(version):
            return f"unchanged: the text of version {version.number}"
        case Unreadable(reason, is_costly):
            return f"unreadable{', too costly' if is_costly else ''}: {reason}"
        case NeedsReview(reason, _, rejected_as):
            known = f", as capture {rejected_as} was rejected" if rejected_as else ""
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
