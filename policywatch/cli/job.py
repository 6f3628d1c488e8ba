"""The commands that do parts of a run, and those that stay: crawl, read, watch, worker."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

from typer import BadParameter, Exit, Option

from messages import counted
from policywatch.cli.opening import known, opened, ready
from policywatch.cli.options import (
    CONFIG,
    TROUBLE,
    Config,
    Documents,
    Logs,
    command_group,
    say,
)
from policywatch.cli.run import (
    Now,
    print_checks,
    print_troubles,
    progress_shown,
    raise_mistakes,
)
from policywatch.config.errors import WatchlistError
from policywatch.config.recipients import Recipients, recipients
from policywatch.config.reloadable import Reloadable, at_rest
from policywatch.config.watchlist import Watchlist, load, same_database
from policywatch.entries import additions, with_additions
from policywatch.ingest.reprocess import reprocess_all
from policywatch.logs import LogFormat, start_logging
from policywatch.pipeline import Job
from policywatch.report import all_good, outcomes
from policywatch.watch import watch as stay
from storage.checks import last_checks
from storage.database import Database
from storage.errors import StorageError
from storage.lock import one_at_a_time

app = command_group()


@app.command()
def crawl(
    config: Config = CONFIG, now: Now = False, document: Documents = None
) -> None:
    """Fetch what is due, and leave the reading to `read`.

    Example: `policywatch crawl --now`
    """
    with opened(config) as (watchlist, database):
        only = known(watchlist, document)
        with one_at_a_time(database) as held, progress_shown(as_json=False) as step:
            job = Job(ready(watchlist), held, Recipients())
            planned = job.plan(only=only, force=now or bool(only))
            job.reprocess()
            checks = job.crawl(planned, progress=step)
        _finish(database, checks, job.mistakes)


@app.command()
def read(
    config: Config = CONFIG,
    again: Annotated[
        bool,
        Option(
            "--again",
            help="Read all versions anew, after a rule or a selector changed, which alerts nobody; and what failed by "
            "a mistake of policywatch.",
        ),
    ] = False,
) -> None:
    """Parse fetched pages into versions, changes and alerts.

    Examples: `policywatch read` · `policywatch read --again`
    """
    with opened(config) as (watchlist, database):
        to = recipients(watchlist)
        with one_at_a_time(database) as held:
            job = Job(watchlist, held, to)
            job.declare()
            if again:
                done = reprocess_all(held, job.configs, job.mistakes)
                if before := done["before"]:
                    say(
                        f"Went on where it was stopped, after {counted(before, 'version')}."
                    )
                say(
                    f"{counted(done['read'], 'version')} read again: {done['different']} have another text now, "
                    f"{done['merged']} were merged with the version before, {done['split']} were split from it, "
                    f"{done['unreadable']} can't be read now, or hardly anything of them, and stay as they were."
                )
            job.reprocess()
            checks = job.ingest(again=again)
            job.confirm()
        _finish(database, checks, job.mistakes)


def _finish(database: Database, ids: list[int], mistakes: list[Exception]) -> None:
    done = outcomes(database, ids)
    with database.reading() as session:
        checks = last_checks(session, [check["document"] for check in done])
    if sys.stdout.isatty():
        print_checks(done, checks)
    else:
        print_troubles(done, checks)
    raise_mistakes(mistakes)
    if not all_good(done):
        raise Exit(TROUBLE)


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
        str,
        Option(callback=_queues, help="Only these; each needs a worker somewhere."),
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
