"""The command for many machines: worker."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Annotated

import typer

from policywatch.cli.opening import opened, ready
from policywatch.cli.options import CONFIG, Config, Logs
from policywatch.config.errors import WatchlistError
from policywatch.config.recipients import Recipients, recipients
from policywatch.config.reloadable import Reloadable, at_rest
from policywatch.config.watchlist import Watchlist, load, same_database
from policywatch.logs import start_logging
from policywatch.plan import edits, with_additions
from storage.errors import StorageError

_QUEUES = ("check", "read", "deliver")


def _queues(text: str) -> str:
    for name in text.split(","):
        if name not in _QUEUES:
            raise typer.BadParameter(
                f"{name!r} is no queue; write some of: {','.join(_QUEUES)}"
            )
    return text


def worker(
    config: Config = CONFIG,
    concurrency: Annotated[
        int, typer.Option("--concurrency", min=1, max=64, help="Jobs at a time.")
    ] = 4,
    queues: Annotated[
        str,
        typer.Option(
            "--queues",
            callback=_queues,
            help="Only these; each needs a worker somewhere.",
        ),
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

        def read() -> tuple[Watchlist, Recipients]:
            watchlist = with_additions(
                same_database(load(at_rest(config)), first, "worker"), database
            )
            return ready(watchlist), recipients(watchlist)

        work = import_module("policywatch.worker").work
        current = Reloadable(config, read, also=lambda: edits(database))
        work(database, current, concurrency=concurrency, queues=queues.split(","))
