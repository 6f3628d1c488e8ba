"""Which documents are due, and when each is next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from zlib import crc32

from sqlmodel import Session

from foundation.addresses import host_of
from foundation.vocabulary import Outcome
from policywatch.config.schema import DocumentEntry, span
from policywatch.config.watchlist import Watchlist
from storage.changes import waiting_changes
from storage.checks import Check, earlier_checks, last_checks, pauses, unread_checks
from storage.clock import is_ahead
from storage.deliveries import has_undelivered
from storage.documents import applied_digest, edited, failing, few

_LATENESS = timedelta(hours=3)  # of a scheduler, and when clocks go forward
GRACE = timedelta(hours=1)  # beyond the interval
_RETRY = timedelta(minutes=5)  # of a document that was never read
LOOKED_BACK = 4  # checks of which only one may come early
NEVER = datetime.min.replace(tzinfo=UTC)


def has_work(session: Session, watchlist: Watchlist, now: datetime) -> bool:
    """Whether a run has anything to do; otherwise slow imports are spared."""
    if (
        watchlist.operator.heartbeat
        or watchlist.evidence
        or any(entry.empty for entry in watchlist.routes)
    ):
        return True
    if is_edited(session, watchlist):
        return True
    return bool(
        unread_checks(session)
        or waiting_changes(session)
        or has_undelivered(session)
        or due_documents(session, watchlist.documents, now)
    )


def is_edited(session: Session, watchlist: Watchlist) -> bool:
    """The last run applied another watchlist."""
    return applied_digest(session) != watchlist.digest


def _last_checks(
    session: Session, ids: list[str] | None = None
) -> dict[str, Check]:
    """Without those after which another check was requested."""
    asked = {row.id: row.asked_at for row in edited(session) if row.asked_at}
    return {
        id_: last
        for id_, last in last_checks(session, ids).items()
        if last.checked_at > asked.get(id_, NEVER)
    }


def due_documents(
    session: Session, entries: Iterable[DocumentEntry], now: datetime
) -> list[DocumentEntry]:
    earlier, again = earlier_checks(session, LOOKED_BACK), retries(session)
    return due(
        entries,
        _last_checks(session),
        pauses(session, now),
        now,
        earlier=earlier,
        retries=again,
    )


def retries(session: Session, ids: list[str] | None = None) -> dict[str, datetime]:
    """Of failed documents that were never read: within minutes, then with waits that grow since the first failure."""
    checks, times = last_checks(session, ids), dict[str, datetime]()
    for row in failing(session):
        check = checks.get(row.id)
        if (
            check is not None
            and check.outcome == Outcome.FAILED
            and check.version_id is None
        ):
            failed_for = check.checked_at - (row.failing_since or check.checked_at)
            times[row.id] = check.checked_at + max(_RETRY, failed_for)
    return times


def due_at(
    entry: DocumentEntry,
    last: Check | None,
    pause: datetime | None = None,
    *,
    now: datetime,
    spread: bool = False,
) -> datetime:
    """`NEVER` for an unchecked document. A last check in the future came from a wrong clock and is ignored.

    `spread`: up to a tenth of the interval later, by id, so that documents do not all come at once.
    """
    if last is None or is_ahead(last.checked_at, now):
        return pause or NEVER
    every = span(entry.every)
    later = (
        every * (crc32(entry.id.encode()) % 1000) / 10_000
        if spread
        else timedelta()
    )
    return max(last.checked_at + every + later, pause or NEVER)


def due_times(
    session: Session, entries: Sequence[DocumentEntry], now: datetime
) -> dict[str, datetime]:
    """For a long-running program."""
    ids = few(entry.id for entry in entries)
    last, waits, again = (
        _last_checks(session, ids),
        pauses(session, now, ids),
        retries(session, ids),
    )
    times = {}
    for entry in entries:
        pause = waits.get(entry.id)
        at = due_at(entry, last.get(entry.id), pause, now=now, spread=True)
        times[entry.id] = min(at, max(again.get(entry.id, at), pause or NEVER))
    return times


def by_host(
    entries: Iterable[DocumentEntry], checks: Mapping[str, Check]
) -> dict[str, list[str]]:
    """Ids in groups that share no host, by each group's first host, of addresses and the last answer."""
    hosts, joined = {}, dict[str, set[str]]()
    for entry in entries:
        answered = entry.id in checks and checks[entry.id].final_url
        urls = [*entry.addresses, *([answered] if answered else [])]
        hosts[entry.id] = set(map(host_of, urls))
        together = set[str]().union(
            *(joined.get(host, {host}) for host in hosts[entry.id])
        )
        joined |= dict.fromkeys(together, together)
    groups: dict[str, list[str]] = {}
    for id_, own in hosts.items():
        groups.setdefault(min(joined[next(iter(own))]), []).append(id_)
    return groups


def is_late(
    entry: DocumentEntry,
    last: Check,
    pause: datetime | None = None,
    *,
    now: datetime,
) -> bool:
    """Overdue, with some grace."""
    return now > due_at(entry, last, pause, now=now, spread=True) + GRACE


def due(
    entries: Iterable[DocumentEntry],
    last: Mapping[str, Check],
    pauses: Mapping[str, datetime],
    now: datetime,
    *,
    earlier: Mapping[str, datetime] | None = None,
    retries: Mapping[str, datetime] | None = None,
) -> list[DocumentEntry]:
    """By each document's last check, server pauses, `earlier` (the time of the check `LOOKED_BACK` ago), and `retries`.

    What is almost due counts as due, as schedulers are irregular. `earlier` stops frequent jobs from shortening every
    interval.
    """
    again = {id_ for id_, at in (retries or {}).items() if at <= now}

    def is_due(entry: DocumentEntry) -> bool:
        every, at = span(entry.every), due_at(entry, last.get(entry.id), now=now)
        before, soon = (earlier or {}).get(entry.id), now + _early(every)
        is_regular = before is None or before + LOOKED_BACK * every <= soon
        return entry.id in again or at <= now or (at <= soon and is_regular)

    return [
        entry
        for entry in entries
        if pauses.get(entry.id, NEVER) <= now and is_due(entry)
    ]


def _early(every: timedelta) -> timedelta:
    """A tenth of the interval's first hour, and a quarter of the rest: a job each ten minutes checks an hourly document
    once an hour, while daily ones may be three hours early.
    """
    hour = timedelta(hours=1)
    return min(
        min(every, hour) / 10 + max(every - hour, timedelta()) / 4, _LATENESS
    )
