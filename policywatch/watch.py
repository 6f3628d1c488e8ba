"""Stays and runs the job whenever something is due; for containers and services."""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from select import select
from tempfile import TemporaryDirectory
from time import monotonic
from types import FrameType

from sqlalchemy.exc import DBAPIError

from messages import counted
from notifier.plan import has_to_plan
from policywatch.config.recipients import Recipients
from policywatch.config.watchlist import TEXT, Watchlist
from policywatch.logs import log
from policywatch.plan import due_times, is_edited
from storage.clock import utc_now
from storage.database import Database
from storage.deliveries import next_attempt
from storage.documents import is_asked
from storage.errors import STORE_LOST, with_advice

_LONGEST_SLEEP = timedelta(
    minutes=5
)  # so that a new document or an accepted text need not wait longer
_SHORTEST_SLEEP = timedelta(seconds=5)
_LOOK = 3.0  # seconds, for a check that somebody asked for on the pages
_LOST_SLEEP = timedelta(minutes=1)  # database or disk failed


def watch(
    database: Database,
    read: Callable[[], tuple[Watchlist, Recipients]],
    log_format: str,
) -> None:
    """Until SIGTERM or SIGINT: run what is due, sleep, and reload the watchlist.

    Each run is a process, so that memory is freed and a crash does not end the watch. A signal lets the current run
    finish its step.
    """
    stop = _Stop()
    log.info(
        "%s", _beginning(read()[0], database), extra={"event": "watch started"}
    )
    with TemporaryDirectory(prefix="policywatch-") as folder:
        text = Path(folder) / "watchlist.toml"
        lost = ""
        while not stop.signalled:
            try:
                woken = utc_now()
                watchlist, recipients = read()
                if command := _command(watchlist, database, recipients, log_format):
                    # the file may have changed or broken since
                    text.write_text("\n".join(watchlist.lines), "utf-8")
                    stop.run(command, {**os.environ, TEXT: str(text)})
                sleep = _sleep(watchlist, database)
                lost = _log_once("", lost)
            except (
                *STORE_LOST,
                DBAPIError,
            ) as failure:  # for instance during a restore
                sleep, lost = (
                    _LOST_SLEEP,
                    _log_once(with_advice(getattr(failure, "orig", failure)), lost),
                )
            _wait(stop, database, sleep.total_seconds(), woken)


class _Stop:
    """A socket wakes the sleep without a race; an Event's lock may be held by the interrupted thread itself."""

    def __init__(self) -> None:
        self.signalled = False
        self._running: subprocess.Popen[bytes] | None = None
        self._theirs, self._ours = socket.socketpair()
        signal.signal(signal.SIGTERM, self._end)
        signal.signal(signal.SIGINT, self._end)

    def _end(self, _signal: int, _frame: FrameType | None) -> None:
        if not self.signalled:
            self.signalled = True
            self._theirs.send(b".")
        if self._running is not None:
            self._running.terminate()

    def run(self, command: list[str], environ: dict[str, str]) -> None:
        self._running = subprocess.Popen(command, env=environ)
        if self.signalled:  # signalled before it was registered
            self._running.terminate()
        self._running.wait()
        self._running = None

    def wait(self, seconds: float) -> None:
        select([self._ours], [], [], seconds)


def _wait(stop: _Stop, database: Database, seconds: float, since: datetime) -> None:
    """Shorter where somebody asks for a check."""
    until = monotonic() + seconds
    while not stop.signalled and (left := until - monotonic()) > 0:
        stop.wait(min(left, _LOOK))
        with suppress(*STORE_LOST, DBAPIError), database.reading() as session:
            if is_asked(session, since):
                return


def _log_once(lost: str, before: str) -> str:
    if lost and lost != before:
        log.error(
            "%s; nothing is lost, the watch tries again every minute",
            lost,
            extra={"event": "database lost"},
        )
    elif before and not lost:
        log.info("the database is back", extra={"event": "database back"})
    return lost


def _beginning(watchlist: Watchlist, database: Database) -> str:
    """For a person who just started it."""
    now = utc_now()
    with database.reading() as session:
        soonest = min(
            due_times(session, watchlist.documents, now).values(), default=now
        )
    when = "now" if soonest <= now else f"at {soonest:%Y-%m-%d %H:%M} UTC"
    return f"{watchlist.file}: {counted(len(watchlist.documents), 'document')} watched; the next check is due {when}"


def _command(
    watchlist: Watchlist,
    database: Database,
    recipients: Recipients,
    log_format: str,
) -> list[str]:
    """Empty if nothing is due and the watchlist is unchanged."""
    now = utc_now()
    with database.reading() as session:
        documents = [
            id_
            for id_, at in due_times(session, watchlist.documents, now).items()
            if at <= now
        ]
        attempt = next_attempt(session)
        edited = is_edited(session, watchlist)
        is_pending = attempt is not None and attempt <= now
        has_deliveries = is_pending or has_to_plan(
            session, recipients.routes, now, grace=recipients.grace
        )
    if not (documents or edited or has_deliveries):
        return []
    step = (
        ["run", "--log-format", log_format] if documents or edited else ["deliver"]
    )
    chosen = [word for id_ in documents for word in ("--document", id_)]
    return [
        sys.executable,
        "-P",  # ignore a messages.py or storage.py beside the watchlist
        "-m",
        "policywatch",
        *(["-v"] if log.isEnabledFor(logging.DEBUG) else []),
        *step,
        *chosen,
        "--config",
        str(watchlist.file),
    ]


def _sleep(watchlist: Watchlist, database: Database) -> timedelta:
    now = utc_now()
    with database.reading() as session:
        attempt = next_attempt(session)
        times = [
            *due_times(session, watchlist.documents, now).values(),
            *([attempt] if attempt else []),
        ]
    soonest = min((at - now for at in times if at > now), default=_LONGEST_SLEEP)
    return max(_SHORTEST_SLEEP, min(soonest, _LONGEST_SLEEP))
