"""Stay and run the job whenever something is due; for containers and services."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from select import select
from tempfile import TemporaryDirectory
from types import FrameType

from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from messages import counted
from notifier.plan import has_to_plan
from policywatch.config.recipients import Recipients
from policywatch.config.watchlist import TEXT, Watchlist
from policywatch.due import due_at
from policywatch.logs import log
from storage.checks import last_checks, pauses
from storage.clock import utc_now
from storage.database import Database
from storage.deliveries import next_attempt
from storage.errors import STORE_LOST, with_advice

_LONGEST_SLEEP = timedelta(minutes=5)  # a watchlist's new document or an accepted text need not wait longer
_SHORTEST_SLEEP = timedelta(seconds=5)
_LOST_SLEEP = timedelta(minutes=1)  # where the database or the disk failed


def watch(database: Database, read: Callable[[], tuple[Watchlist, Recipients]], log_format: str) -> None:
    """Until SIGTERM or SIGINT: sleep to the next due time, then run. What is watched and who is told is read anew at
    each turn.

    Each run is a process of its own: its memory comes back, and a crash of one run does not end the watch. Nor does a
    database that is gone for a while, once it was there. A signal lets the run at work finish its step and ends it the
    same way.
    """
    stop = _Stop()
    running: list[subprocess.Popen[bytes]] = []

    def end(_signal: int, _frame: FrameType | None) -> None:
        stop.tell()
        for process in running:
            process.terminate()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    log.info("%s", _beginning(read()[0], database, utc_now()), extra={"event": "watch started"})
    with TemporaryDirectory(prefix="policywatch-") as folder:
        text = Path(folder) / "watchlist.toml"
        lost = ""
        while not stop.told:
            try:
                watchlist, recipients = read()
                documents = _due_documents(watchlist, database, utc_now())
                if documents or _owes(database, recipients, utc_now()):
                    # a run reads what was read here: the file itself may be wrong, or another by then
                    text.write_text("\n".join(watchlist.lines), "utf-8")
                    environ = {**os.environ, TEXT: str(text)}
                    running[:] = [subprocess.Popen(_command(watchlist, documents, log_format), env=environ)]
                    if stop.told:  # before it was known as running
                        running[0].terminate()
                    running[0].wait()
                    running.clear()
                sleep = _sleep(watchlist, database, utc_now())
                lost = _tell_once("", lost)
            except (*STORE_LOST, DBAPIError) as failure:  # what is refused amid a restore, say, may be granted again
                sleep, lost = _LOST_SLEEP, _tell_once(with_advice(getattr(failure, "orig", failure)), lost)
            stop.wait(sleep.total_seconds())


class _Stop:
    """Told by a signal, amid whatever else: of an Event the very thread that is interrupted may hold the lock."""

    def __init__(self) -> None:
        self.told = False
        self._theirs, self._ours = socket.socketpair()

    def tell(self) -> None:
        if not self.told:
            self.told = True
            self._theirs.send(b".")

    def wait(self, seconds: float) -> None:
        """For so long, or until it was told: also just before."""
        select([self._ours], [], [], seconds)


def _tell_once(lost: str, before: str) -> str:
    """What failed, or that nothing does any more."""
    if lost != before:
        if lost:
            log.error("%s; nothing is lost, the watch tries again every minute", lost, extra={"event": "database lost"})
        else:
            log.info("the database is back", extra={"event": "database back"})
    return lost


def _beginning(watchlist: Watchlist, database: Database, now: datetime) -> str:
    """What is watched, and when next: what a person wants to see who has just started it."""
    with database.reading() as session:
        soonest = min(_times(session, watchlist, now), default=now)
    when = "now" if soonest <= now else f"at {soonest:%Y-%m-%d %H:%M} UTC"
    return f"{watchlist.file}: {counted(len(watchlist.documents), 'document')} watched; the next check is due {when}"


def _command(watchlist: Watchlist, documents: list[str], log_format: str) -> list[str]:
    step = ["run", "--log-format", log_format] if documents else ["deliver"]
    chosen = [word for id_ in documents for word in ("--document", id_)]
    return [sys.executable, "-m", "policywatch", *step, *chosen, "--config", str(watchlist.file)]


def _due_documents(watchlist: Watchlist, database: Database, now: datetime) -> list[str]:
    with database.reading() as session:
        times = _times(session, watchlist, now)
    return [entry.id for entry, at in zip(watchlist.documents, times, strict=True) if at <= now]


def _times(session: Session, watchlist: Watchlist, now: datetime) -> list[datetime]:
    """When each document of the watchlist is to be checked, in its order."""
    last, waits = last_checks(session), pauses(session, now)
    return [
        due_at(entry, last.get(entry.id), waits.get(entry.id), now=now, spread=True) for entry in watchlist.documents
    ]


def _owes(database: Database, recipients: Recipients, now: datetime) -> bool:
    """A delivery is due, or a digest whose time has come is still to be made into one."""
    with database.reading() as session:
        at = next_attempt(session)
        return (at is not None and at <= now) or has_to_plan(session, recipients.routes, now)


def _sleep(watchlist: Watchlist, database: Database, now: datetime) -> timedelta:
    with database.reading() as session:
        times, attempt = _times(session, watchlist, now), next_attempt(session)
    times += [attempt] if attempt else []
    soonest = min((at - now for at in times if at > now), default=_LONGEST_SLEEP)
    return max(_SHORTEST_SLEEP, min(soonest, _LONGEST_SLEEP))
