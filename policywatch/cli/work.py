"""The commands that do the work: run, crawl, read, watch, accept."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from messages import counted
from policywatch.cli.options import (
    CONFIG,
    TROUBLE,
    Config,
    Documents,
    Json,
    Logs,
    console,
    known,
    opened,
    print_json,
    print_table,
    ready,
    who_is_told,
)
from policywatch.config.watchlist import Watchlist, load, same_database
from policywatch.logs import LogFormat, log, start_logging
from policywatch.sanitize import harmless

if TYPE_CHECKING:
    from policywatch.report import Report
    from policywatch.trouble import Trouble
    from storage.database import Database

Now = Annotated[bool, typer.Option("--now", help="Check every document now, not only those that are due.")]

_BEGINNING = 8  # blocks of a first text that a person is asked about


def add_to(app: typer.Typer, panel: str) -> None:
    """Add this file's commands, under a heading of the list of them."""
    for command in (run, crawl, read, watch, accept):
        app.command(rich_help_panel=panel)(command)


def run(
    config: Config = CONFIG,
    now: Now = False,
    document: Documents = None,
    as_json: Json = False,
    log_format: Logs = None,
) -> None:
    """Check what is due, compare, and tell people: the scheduled job.

    Quiet when all is well, so that cron sends no mail; exit status 1 when a document could not be checked or an alert
    could not be delivered. On a terminal, or with --log-format, each step is logged on standard error.

    Examples: `policywatch run` (from cron) · `policywatch run --now --document linkedin/privacy-policy` (by hand)
    """
    from policywatch.heartbeat import with_heartbeat
    from policywatch.pipeline import Job
    from policywatch.report import log_report
    from policywatch.trouble import NETWORK, check_troubles, delivery_troubles
    from storage.checks import last_checks

    logs = log_format is not None or (sys.stderr.isatty() and not as_json)
    if logs:
        start_logging(log_format)
    with opened(config) as (watchlist, database):
        only = known(watchlist, document)
        job = Job(ready(watchlist), database, who_is_told(watchlist))
        log.info("run started", extra={"event": "run started"})
        with _progress(as_json or log_format is LogFormat.JSON) as step:
            run_job = partial(job.run, only=only, force=now or bool(only), progress=step)
            report = with_heartbeat(job.recipients.heartbeat, run_job)
        with database.reading() as session:
            failing = delivery_troubles(session) if report.deliveries.failed else []
            checks = last_checks(session, [check["document"] for check in report.checks])
    troubles = check_troubles(checks.values())
    offline = next((trouble.text for trouble in troubles if trouble.about == NETWORK), None)
    if logs:
        log_report(report, checks, failing)
    if as_json:
        print_json(report.json())
    elif sys.stdout.isatty():
        _show(console(), report, offline)
    elif not logs:
        _say_troubles(troubles)
    if not (as_json or logs):
        _say_undelivered(report, failing)
    _raise(job.mistakes)
    if not report.is_well:
        raise typer.Exit(TROUBLE)


def _say_undelivered(report: Report, failing: list[str]) -> None:
    if report.deliveries.failed:
        failed = counted(report.deliveries.failed, "delivery", "deliveries")
        parked = "; `policywatch alerts --parked` lists what was given up"
        sys.stderr.write("\n  ".join([f"{failed} failed{parked}", *failing]) + "\n")


def crawl(config: Config = CONFIG, now: Now = False, document: Documents = None) -> None:
    """Fetch what is due, and leave the reading to `read`.

    Example: `policywatch crawl --now`
    """
    from policywatch.config.recipients import Recipients
    from policywatch.pipeline import Job
    from storage.lock import one_at_a_time

    with opened(config) as (watchlist, database):
        only = known(watchlist, document)
        job = Job(ready(watchlist), database, Recipients())
        with one_at_a_time(database), _progress(as_json=False) as step:
            planned = job.plan(only=only, force=now or bool(only))
            job.reprocess()
            checks = job.crawl(planned, progress=step)
        _finish(database, checks, job.mistakes)


def read(
    config: Config = CONFIG,
    again: Annotated[
        bool,
        typer.Option(
            "--again",
            help="Read all versions anew, after a rule or a selector changed, which alerts nobody; and what failed by "
            "a mistake of policywatch.",
        ),
    ] = False,
) -> None:
    """Read what was fetched: versions, changes and alerts come of it.

    Examples: `policywatch read` · `policywatch read --again`
    """
    from policywatch.config.recipients import recipients
    from policywatch.ingest.reprocess import reprocess_all
    from policywatch.pipeline import Job
    from storage.lock import one_at_a_time

    with opened(config) as (watchlist, database):
        job = Job(watchlist, database, recipients(watchlist))
        with one_at_a_time(database):
            job.declare()
            if again:
                done = reprocess_all(database, job.configs, job.mistakes)
                if done.before:
                    console().print(f"Went on where it was stopped, after {counted(done.before, 'version')}.")
                console().print(
                    f"{counted(done.read, 'version')} read again: {done.different} have another text now, "
                    f"{done.merged} were merged with the version before, {done.split} were split from it, "
                    f"{done.unreadable} can't be read now, or hardly anything of them, and stay as they were."
                )
            job.reprocess()
            checks = job.ingest(again=again)
            job.confirm()
        _finish(database, checks, job.mistakes)


def watch(config: Config = CONFIG, log_format: Logs = None) -> None:
    """Stay, and run whenever a document or a delivery is due; for a container or a service. Ends cleanly on SIGTERM.

    The file is read again before each run, so new documents and routes need no restart.

    Example: `policywatch watch --config /data/policywatch.toml`
    """
    from policywatch.config.recipients import Recipients, recipients
    from policywatch.config.reloadable import LastGood, at_rest
    from policywatch.watch import watch as stay

    start_logging(log_format)
    with opened(config) as (first, database):

        def read() -> tuple[Watchlist, Recipients]:
            watchlist = same_database(ready(load(at_rest(config))), first, "watch")
            return watchlist, recipients(watchlist)

        stay(database, LastGood(read), log_format or LogFormat.TEXT)


def accept(
    document: Annotated[str, typer.Argument(metavar="DOCUMENT", help="The document whose text is held.")],
    config: Config = CONFIG,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Take it without asking.")] = False,
) -> None:
    """Look at a text that was held, and take it as the next version.

    Example: `policywatch accept linkedin/privacy-policy`
    """
    from policywatch.cli.terminal import show_comparison
    from policywatch.config.recipients import recipients
    from policywatch.ingest.approve import accept as take
    from policywatch.ingest.approve import held_text
    from policywatch.pipeline import Job
    from storage.lock import one_at_a_time

    with opened(config) as (watchlist, database):
        known(watchlist, [document], "DOCUMENT")
        job = Job(watchlist, database, recipients(watchlist))
        extraction = job.configs[document]
        with database.reading() as session:
            check, held = held_text(session, document, extraction)
        out = console()
        out.print(f"{document}, held on {check.checked_at:%Y-%m-%d %H:%M} UTC: {harmless(str(check.reason or ''))}")
        if held.draft is None:
            words = sum(len(block.text.split()) for block in held.page.blocks)
            out.print(
                f"It would be the first version: “{harmless(held.page.title)}”, {counted(words, 'word')}. It begins:"
            )
            for block in held.page.blocks[:_BEGINNING]:
                out.print(f"  {harmless(block.text)}")
        else:
            show_comparison(out, held.draft.comparison)
        if not yes and not typer.confirm("Take it as the document's text?"):
            raise typer.Exit(TROUBLE)
        with one_at_a_time(database):
            change = take(database, document, extraction, job.recipients.names_for, seen=held.page)
    out.print(f"Taken. `policywatch show {change.id}` shows the change." if change else "Taken as version 1.")


def _finish(database: Database, ids: list[int], mistakes: list[Exception]) -> None:
    from policywatch.report import all_good, outcomes
    from policywatch.trouble import check_troubles
    from storage.checks import last_checks

    checks = outcomes(database, ids)
    with database.reading() as session:
        troubles = check_troubles(last_checks(session, [check["document"] for check in checks]).values())
    if sys.stdout.isatty():
        _table(checks)
    else:
        _say_troubles(troubles)
    _raise(mistakes)
    if not all_good(checks):
        raise typer.Exit(TROUBLE)


def _raise(mistakes: list[Exception]) -> None:
    """Let mistakes of the program be seen, after everything else was done and told; and what the store has damaged."""
    from storage.errors import DamagedCapture, DamagedValue

    for said in dict.fromkeys(str(each) for each in mistakes if isinstance(each, DamagedCapture | DamagedValue)):
        log.error("%s", said, extra={"event": "damaged"})
    if others := [each for each in mistakes if not isinstance(each, DamagedCapture | DamagedValue)]:
        raise ExceptionGroup("mistakes of policywatch, each with one document; the others are done", others)
    if mistakes:
        raise typer.Exit(TROUBLE)


@contextmanager
def _progress(as_json: bool) -> Iterator[Callable[[int, int, str], None] | None]:
    """A bar on a terminal, and a line in the log for each document that was fetched."""

    def logged(_done: int, _of: int, last: str) -> None:
        if last:
            log.info("%s fetched", last, extra={"event": "fetched", "facts": {"document": last}})

    if as_json or not sys.stderr.isatty():
        yield logged
        return
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("starting", total=None)

        def step(done: int, of: int, last: str) -> None:
            logged(done, of, last)
            bar.update(task, description=last or "fetching, with a pause between requests", total=of, completed=done)

        yield step


def _show(out: Console, report: Report, offline: str | None) -> None:
    if offline:
        out.print(harmless(offline))
    elif report.checks:
        _table(report.checks)
    else:
        out.print("Nothing is due; --now checks all the same.")
    done = report.deliveries
    out.print(f"Alerts: {done.sent} sent, {done.failed} failed, {done.pending} waiting.")


def _table(checks: list[dict[str, Any]]) -> None:
    rows = ((check["document"], _outcome(check["outcome"]), _remark(check)) for check in checks)
    print_table(("document", "outcome", ""), rows)


def _outcome(outcome: str | None) -> Text:
    if outcome is None:
        return Text("fetched, not read yet", style="dim")
    from storage.checks import Outcome

    good = Outcome(outcome).is_good
    style = "bold yellow" if outcome == Outcome.CHANGED else "green" if good else "red"
    return Text(outcome, style=style)


def _remark(check: dict[str, Any]) -> str:
    change = check["change"]
    if change is None:
        return harmless(check["reason"] or "")
    topics = ", ".join(change["topics"])
    told = f"{change['severity']}, {change['direction']}: {topics}" if change["alert"] else "nothing to alert"
    return f"change {change['id']}: {told}"


def _say_troubles(troubles: list[Trouble]) -> None:
    for trouble in troubles:
        sys.stderr.write(f"{harmless(str(trouble))}\n")
