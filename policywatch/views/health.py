"""Problems of documents, deliveries and the job, for `run`, `doctor`, the health page and probes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from sqlmodel import Session

from foundation.vocabulary import GOOD, Outcome
from messages import counted
from policywatch.config.schema import DocumentEntry
from policywatch.config.watchlist import Watchlist
from policywatch.plan import GRACE, is_late, retries
from policywatch.sanitize import sanitize, terminal_reason
from storage.checks import Check, last_checks, pauses, unread_checks
from storage.clock import is_ahead, utc_now
from storage.database import Database
from storage.deliveries import FAILING, Delivery, deliveries
from storage.documents import Document, failing
from storage.integrity import all_damage, daily_look

_UNREACHED = {"network.name", "network.connection"}  # codes of reasons
_PERHAPS_UNREACHED = {
    *_UNREACHED,
    "archive.unreachable",
    "archive.failed",
}  # archives say no more


@dataclass(frozen=True, slots=True)
class Finding:
    """`text` says what is wrong and how to fix it."""

    good: bool
    about: str
    text: str
    is_configuration: bool = False  # no run begins
    is_note: bool = False  # but worth knowing
    facts: dict[str, str] = field(default_factory=dict)  # for programs


def troubled(session: Session) -> list[tuple[Document, Check]]:
    rows = failing(session)
    checks = last_checks(session, [row.id for row in rows])
    return [
        (row, checks[row.id])
        for row in rows
        if row.id in checks and is_trouble(checks[row.id])
    ]


def is_trouble(check: Check) -> bool:
    return check.outcome is not None and check.outcome not in GOOD


def job_problem(
    session: Session, entries: Sequence[DocumentEntry], now: datetime
) -> str | None:
    checks, waits = (
        last_checks(session, [entry.id for entry in entries]),
        pauses(session, now),
    )
    checked = [(entry, checks[entry.id]) for entry in entries if entry.id in checks]
    if not checked:
        return "no document was checked yet"
    late = [
        check
        for entry, check in checked
        if is_late(entry, check, waits.get(entry.id), now=now)
    ]
    if 2 * len(late) > len(checked):
        newest = max(late, key=lambda check: check.checked_at)
        many = (
            "all" if len(late) == len(checked) else f"{len(late)} of {len(checked)}"
        )
        return f"{many} documents are overdue; {last_checked(newest, now)}"
    return None


def last_checked(check: Check, now: datetime) -> str:
    """With a question if the next one is overdue."""
    at = f"{check.checked_at:%Y-%m-%d %H:%M} UTC"
    if is_ahead(check.checked_at, now):
        return f"the last check is dated {at}, which is still to come: was the clock wrong then, or is it now?"
    return f"the last check was at {at}: does the job still run?"


def unread_captures(session: Session, watchlist: Watchlist) -> list[Finding]:
    """What an interrupted run left unread."""
    findings = []
    for check in unread_checks(session):
        waited = utc_now() - check.checked_at
        if waited > GRACE and watchlist.document(check.document_id):
            hours = counted(int(waited / timedelta(hours=1)), "hour")
            text = f"capture {check.capture_id} has been unread for {hours}; run `policywatch read` to see why"
            findings.append(Finding(False, check.document_id, text))
    return findings


def by_cause(checks: Iterable[Check]) -> list[list[Check]]:
    """A network failure is one cause for all hosts; held texts stand alone, for people review each."""
    groups: dict[object, list[Check]] = {}
    for check in checks:
        groups.setdefault(_cause(check), []).append(check)
    return [*groups.values()]


def _cause(check: Check) -> object:
    if check.outcome == Outcome.HELD or check.reason is None:
        return check.document_id
    if _failed_by(check, _UNREACHED):
        return check.reason.code, str(check.reason.params.get("why", ""))
    return check.outcome, str(check.reason)


def cause_line(checks: Sequence[Check]) -> str:
    first = checks[0]
    why = sanitize(
        f"{first.outcome}: {terminal_reason(first.reason) if first.reason else ''}"
    )
    if len(checks) == 1:
        return f"{first.document_id}: {why}"
    hosts = len({str(check.reason) for check in checks})
    of_hosts = f" of {hosts} hosts, as the first," if hosts > 1 else ""
    return f"{len(checks)} documents{of_hosts} {why} ({few_names([check.document_id for check in checks])})"


def few_names(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - 3} more" if len(ids) > 3 else ""
    return f"{', '.join(ids[:3])}{more}"


def nothing_reached(checks: Collection[Check]) -> str | None:
    unreached = [check.reason for check in checks if _failed_by(check, _UNREACHED)]
    if (
        len(checks) < 2
        or not unreached
        or not all(_failed_by(check, _PERHAPS_UNREACHED) for check in checks)
    ):
        return None
    first = unreached[0]
    return f"none of {len(checks)} documents could be reached: is this machine online? Of the first: {first}"


def _failed_by(check: Check, codes: Collection[str]) -> bool:
    return (
        check.outcome == Outcome.FAILED
        and check.reason is not None
        and check.reason.code in codes
    )


def nothing_read(
    session: Session, entries: Collection[DocumentEntry]
) -> str | None:
    times = retries(session)
    if not entries or not all(entry.id in times for entry in entries):
        return None
    next_ = min(times[entry.id] for entry in entries)
    number = counted(len(entries), "document")
    return f"{number}, none could be read yet: tried again from {next_:%Y-%m-%d %H:%M} UTC on, or at once with --now"


def is_news(row: Document | None, check: Mapping[str, Any]) -> bool:
    """A scheduled run reports robots.txt once, other failures until the operator is notified; `row` is the document, if
    its page fails.
    """
    if check["outcome"] in (None, *GOOD):
        return False
    return row is None or row.failures <= (
        1 if check["outcome"] == Outcome.ROBOTS else row.alert_after
    )


def undelivered(session: Session) -> list[str]:
    """By route, address and reason."""

    def key(delivery: Delivery) -> tuple[str, str, str]:
        return delivery.route, delivery.address, str(delivery.error or "")

    lines = []
    for (route, address, error), run in groupby(
        sorted(deliveries(session, FAILING), key=key), key=key
    ):
        times = [delivery.next_at for delivery in run]
        failed = f"{route}: {counted(len(times), 'message')} to {address} failed: {error.removesuffix('.')}"
        lines.append(
            sanitize(
                f"{failed}; tried again from {min(times):%Y-%m-%d %H:%M} UTC on"
            )
        )
    return lines


def check_store(database: Database, *, deep: bool) -> list[Finding]:
    """Unless `deep`, what takes seconds."""
    damage = list(
        all_damage(database)
        if deep
        else daily_look(database, utc_now().toordinal())
    )
    if not damage:
        looked = (
            "all that is stored is as it was written"
            if deep
            else "no damage in today's sample of the store"
        )
        return [Finding(True, "store", looked)]
    advice = (
        "stop the job, keep a copy of the damaged database, and restore the newest backup that "
        "`policywatch database check` finds whole (docs/deploy.md, Backing up); the next run goes on from there"
    )
    return [
        *(Finding(False, each.about, each.problem) for each in damage),
        Finding(
            False,
            "store",
            f"{counted(len(damage), 'thing is', 'things are')} damaged: {advice}",
        ),
    ]
