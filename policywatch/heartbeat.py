"""Reports the end of a run to the heartbeat's address."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from messages import counted
from policywatch.logs import log
from policywatch.report import Report, all_good
from storage.errors import Busy

if TYPE_CHECKING:
    from notifier.heartbeat import Beat, Heartbeat


def with_heartbeat(heartbeat: Heartbeat | None, run: Callable[[], Report]) -> Report:
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
    lines = [problem or _unread(report), report.head or ""]
    ping(heartbeat, "fail" if problem else "good", "\n".join(filter(None, lines)))
    return report


def run_problem(report: Report) -> str | None:
    """Why the run as a whole failed; single pages have their notices."""
    if report.checks and not any(all_good([check]) for check in report.checks):
        return f"none of {len(report.checks)} documents could be read: {report.checks[0]['reason']}"[
            :200
        ]
    if report.deliveries.failed:
        return f"{counted(report.deliveries.failed, 'delivery', 'deliveries')} failed"
    return None


def _unread(report: Report) -> str:
    unread = [check["document"] for check in report.checks if not all_good([check])]
    return f"could not be read: {', '.join(unread)}"[:200] if unread else ""


def ping(heartbeat: Heartbeat, beat: Beat, text: str = "") -> None:
    """A failure is only logged."""
    if problem := heartbeat.beat(beat, text):
        log.warning("the heartbeat could not be sent: %s", problem)
