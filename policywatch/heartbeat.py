"""Tells the heartbeat's address how a run ended: that it is alive, or why it is not well."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from messages import counted
from policywatch.logs import log
from policywatch.report import Report, all_good
from storage.errors import Busy

if TYPE_CHECKING:
    from notifier.heartbeat import Beat, Heartbeat


@contextmanager
def beating(heartbeat: Heartbeat | None) -> Iterator[Callable[[Report], None]]:
    """Around a run; its report is handed in. A run that is killed tells nothing, and that is noticed at the other end.

    What becomes of the ping changes nothing about the run.
    """
    if heartbeat is None:
        yield lambda _report: None
        return
    reports: list[Report] = []
    if heartbeat.start:
        _tell(heartbeat, "start", "")
    try:
        yield reports.append
    except Busy:  # the other run tells
        raise
    except Exception as failure:
        _tell(heartbeat, "fail", f"the run broke off: {type(failure).__name__}")
        raise
    for report in reports:
        why = what_is_wrong(report)
        _tell(heartbeat, "fail" if why else "good", why or _unread(report))


def what_is_wrong(report: Report) -> str | None:
    """Why this run was no good one; None if it was.

    One page that can't be read is told to the operator by a notice. Were it told here too, a page that stays blocked
    would hide that the job has died.
    """
    if report.checks and not any(all_good([check]) for check in report.checks):
        return f"none of {len(report.checks)} documents could be read: {report.checks[0]['reason']}"[:200]
    if report.deliveries.failed:
        return f"{counted(report.deliveries.failed, 'delivery', 'deliveries')} failed"
    return None


def _unread(report: Report) -> str:
    unread = [check["document"] for check in report.checks if not all_good([check])]
    return f"could not be read: {', '.join(unread)}"[:200] if unread else ""


def _tell(heartbeat: Heartbeat, beat: Beat, said: str) -> None:
    if why := heartbeat.beat(beat, said):
        log.warning("the heartbeat could not be sent: %s", why)
