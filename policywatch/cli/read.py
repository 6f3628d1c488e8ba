"""The commands that do parts of a run: crawl, read."""

from __future__ import annotations

import sys
from typing import Annotated

from typer import Exit, Option

from messages import counted
from policywatch.cli.opening import known, opened, ready
from policywatch.cli.options import (
    CONFIG,
    TROUBLE,
    Config,
    Documents,
    command_group,
    console,
)
from policywatch.cli.run import (
    Now,
    print_checks,
    print_troubles,
    progress_shown,
    raise_mistakes,
)
from policywatch.config.recipients import Recipients, recipients
from policywatch.ingest.reprocess import reprocess_all
from policywatch.pipeline import Job
from policywatch.report import all_good, outcomes
from storage.checks import last_checks
from storage.database import Database
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
                if done.before:
                    console().print(
                        f"Went on where it was stopped, after {counted(done.before, 'version')}."
                    )
                console().print(
                    f"{counted(done.read, 'version')} read again: {done.different} have another text now, "
                    f"{done.merged} were merged with the version before, {done.split} were split from it, "
                    f"{done.unreadable} can't be read now, or hardly anything of them, and stay as they were."
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
