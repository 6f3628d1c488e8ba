"""The commands that stay: watch, worker."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

from typer import BadParameter, Option

from policywatch.cli.opening import opened, ready
from policywatch.cli.options import CONFIG, Config, Logs, command_group
from policywatch.config.errors import WatchlistError
from policywatch.config.recipients import Recipients, recipients
from policywatch.config.reloadable import Reloadable, at_rest
from policywatch.config.watchlist import Watchlist, load, same_database
from policywatch.entries import additions, with_additions
from policywatch.logs import LogFormat, start_logging
from policywatch.watch import watch as stay
from storage.database import Database
from storage.errors import StorageError

app = command_group()
_QUEUES = ("check", "read", "deliver")


@app.command()
def watch(config: Config = CONFIG, log_format: Logs = None) -> None:
    """Stay, and run whenever a document or a delivery is due; for a container or a service. Ends cleanly on SIGTERM.

    The file is read again before each run, so new documents and routes need no restart.

    Example: `policywatch watch --config /data/policywatch.toml`
    """
    start_logging(log_format)
    with opened(config) as (first, database):
        stay(
            database,
            _reloadable(config, first, database, "watch"),
            log_format or LogFormat.TEXT,
        )


def _queues(text: str) -> str:
    for name in text.split(","):
        if name not in _QUEUES:
            raise BadParameter(
                f"{name!r} is no queue; write some of: {','.join(_QUEUES)}"
            )
    return text


@app.command()
def worker(
    config: Config = CONFIG,
    concurrency: Annotated[int, Option(min=1, max=64, help="Jobs at a time.")] = 4,
    queues: Annotated[
        str, Option(callback=_queues, help="Only these; each needs a worker somewhere.")
    ] = ",".join(_QUEUES),
    log_format: Logs = None,
) -> None:
    """Share the work of a PostgreSQL database with other machines, until SIGTERM.

    Start it as often as you like, on any machine that reaches the database: no host is asked by two at once. SIGTERM
    lets it finish what it has begun.

    Example: `policywatch worker --concurrency 8`
    """
    start_logging(log_format)
    with opened(config) as (first, database):
        if database.is_sqlite:
            problem = "workers need PostgreSQL, which machines can share; `policywatch database copy` moves this store"
            raise WatchlistError([first.problem("database", problem)])
        if find_spec("procrastinate") is None:
            raise StorageError(
                "workers need procrastinate: pip install 'policywatch[cluster]'"
            )
        work = import_module("policywatch.worker").work  # of an optional extra
        current = _reloadable(config, first, database, "worker")
        work(database, current, concurrency=concurrency, queues=queues.split(","))


def _reloadable(
    config: Path, first: Watchlist, database: Database, command: str
) -> Reloadable[tuple[Watchlist, Recipients]]:
    def read() -> tuple[Watchlist, Recipients]:
        watchlist = with_additions(
            same_database(load(at_rest(config)), first, command), database
        )
        return ready(watchlist), recipients(watchlist)

    return Reloadable(config, read, also=lambda: additions(database))
