"""What a run did, for `run --json`, the log and the heartbeat."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from logging import INFO, WARNING
from typing import TYPE_CHECKING, Any

from foundation.vocabulary import GOOD
from messages import counted
from policywatch.logs import log
from policywatch.sanitize import sanitize, terminal_reason
from storage.change_list import ListedChange, changes_to
from storage.checks import Check, checks_by_id
from storage.database import Database
from storage.deliveries import Deliveries
from storage.errors import Busy
from storage.versions import version_heads


@dataclass(frozen=True, slots=True)
class Report:
    """`checks` as of `outcomes`."""

    started_at: datetime
    finished_at: datetime
    checks: list[dict[str, Any]]
    deliveries: Deliveries
    head: str | None = None  # to be kept elsewhere

    def json(self) -> dict[str, Any]:
        """The contract's object."""
        return {
            "started_at": self.started_at,
            "finished_at": self.finished_at,
            "checks": self.checks,
            "deliveries": asdict(self.deliveries),
        }


_COLUMNS = (
    *("id", "substantive", "alert", "severity"),
    *("direction", "topics", "effective_date"),
)


def all_good(checks: Iterable[Mapping[str, Any]]) -> bool:
    """Checks without an outcome do not count."""
    return all(check["outcome"] in GOOD for check in checks if check["outcome"])


def outcomes(database: Database, ids: Collection[int]) -> list[dict[str, Any]]:
    with database.reading() as session:
        checks = checks_by_id(session, ids)
        versions = version_heads(
            session,
            [check.version_id for check in checks if check.version_id is not None],
        )
        changes = changes_to(session, versions.keys())
    return [
        {
            "document": check.document_id,
            "outcome": check.outcome,
            "reason": check.reason and terminal_reason(check.reason),
            "source": check.source,
            "version": versions[check.version_id].number
            if check.version_id is not None
            else None,
            "change": _change(changes.get(check.version_id or 0), check),
        }
        for check in checks
    ]


def _change(listed: ListedChange | None, check: Check) -> dict[str, Any] | None:
    if listed is None or listed.change.check_id != check.id:
        return None  # a later check of the same version
    change = listed.change
    return change.model_dump(include={*_COLUMNS})


def log_report(
    report: Report, checks: Mapping[str, Check], failing: Iterable[str]
) -> None:
    log_checks(report.checks, checks)
    for problem in failing:
        log.warning(
            "delivery failed: %s", problem, extra={"event": "delivery failed"}
        )
    log_deliveries(report.deliveries)
    took = (report.finished_at - report.started_at).total_seconds()
    log.info(
        f"run ended after {took:.1f} s",
        extra={"event": "run ended", "facts": {"ms": round(1000 * took)}},
    )


def log_checks(
    outcomes: Iterable[Mapping[str, Any]], checks: Mapping[str, Check]
) -> None:
    """A line each; a reason is written out once."""
    first: dict[str, str] = {}  # document
    for check in outcomes:
        document, outcome, reason = (
            check["document"],
            check["outcome"],
            check["reason"],
        )
        facts = {"document": document, "outcome": outcome, "reason": reason}
        if (seconds := checks[document].seconds) is not None:
            facts["ms"] = round(seconds * 1000)
        same = first.setdefault(reason, document) if reason else document
        why = (
            (f": {sanitize(reason)}" if same == document else f", as {same}")
            if reason
            else ""
        )
        level = INFO if all_good([check]) else WARNING
        log.log(
            level,
            f"{document}: {outcome or 'fetched'}{why}",
            extra={"event": "checked", "facts": facts},
        )


def log_deliveries(done: Deliveries) -> None:
    log.log(
        WARNING if done.failed else INFO,
        f"alerts: {done.sent} sent, {done.failed} failed, {done.pending} pending",
        extra={"event": "delivered", "facts": asdict(done)},
    )


if TYPE_CHECKING:
    from notifier.heartbeat import Beat, Heartbeat


def with_heartbeat(
    heartbeat: Heartbeat | None, run: Callable[[], Report]
) -> Report:
    """A killed run reports nothing, which the other end notices. A failed ping does not affect the run."""
    if heartbeat is None:
        return run()
    if heartbeat.start:
        ping(heartbeat, "start")
    try:
        report = run()
    except Busy:  # the other run reports
        raise
    except Exception as failure:
        ping(heartbeat, "fail", f"the run broke off: {type(failure).__name__}")
        raise
    problem = run_problem(report)
    lines = [problem or _not_read(report), report.head or ""]
    ping(heartbeat, "fail" if problem else "good", "\n".join(filter(None, lines)))
    return report


def run_problem(report: Report) -> str | None:
    """Why the run as a whole failed; single pages have their notices."""
    if report.checks and not any(all_good([check]) for check in report.checks):
        return f"none of {len(report.checks)} documents could be read: {report.checks[0]['reason']}"[
            :200
        ]
    if report.deliveries.failed:
        return (
            f"{counted(report.deliveries.failed, 'delivery', 'deliveries')} failed"
        )
    return None


def _not_read(report: Report) -> str:
    unread = [check["document"] for check in report.checks if not all_good([check])]
    return f"could not be read: {', '.join(unread)}"[:200] if unread else ""


def ping(heartbeat: Heartbeat, beat: Beat, text: str = "") -> None:
    """A failure is only logged."""
    if problem := heartbeat.beat(beat, text):
        log.warning("the heartbeat could not be sent: %s", problem)
