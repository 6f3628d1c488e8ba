"""The command that does all the work: run."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text
from typer import Exit, Option

from analysis.model import UnfitModel
from foundation.vocabulary import GOOD, Outcome
from messages import counted
from policywatch.cli.opening import known, opened, ready
from policywatch.cli.options import (
    CONFIG,
    TROUBLE,
    Config,
    Documents,
    Json,
    Logs,
    command_group,
    print_json,
    print_table,
    say,
)
from policywatch.config.watchlist import Watchlist
from policywatch.logs import LogFormat, log, start_logging
from policywatch.plan import has_work
from policywatch.report import Report, all_good, log_report, with_heartbeat
from policywatch.sanitize import sanitize, terminal_reason
from policywatch.views.health import (
    by_cause,
    cause_line,
    is_news,
    nothing_reached,
    nothing_read,
    undelivered,
)
from storage.checks import Check, last_checks
from storage.clock import utc_now
from storage.database import Database
from storage.deliveries import Deliveries
from storage.documents import failing as failing_documents
from storage.errors import DamagedCapture, DamagedValue

if TYPE_CHECKING:
    from policywatch.pipeline import Job

app = command_group()
Now = Annotated[
    bool,
    Option("--now", help="Check every document now, not only those that are due."),
]


@app.command()
def run(
    config: Config = CONFIG,
    now: Now = False,
    document: Documents = None,
    as_json: Json = False,
    log_format: Logs = None,
) -> None:
    """Check what is due, compare, and tell people: the scheduled job.

    Quiet when there is no news of trouble, so that cron sends no mail; exit status 1 when a document could not be
    checked or an alert could not be delivered. A page that robots.txt excludes, or that timestamps stopped, is such
    news once, one that stays unreadable until the operator's route was told; with --now or --document each time. On a
    terminal, or with --log-format, each step is logged on standard error.

    Examples: `policywatch run` (from cron) · `policywatch run --now --document linkedin/privacy-policy` (by hand)
    """
    logs = (
        log_format is not None
        or log.isEnabledFor(logging.DEBUG)
        or (sys.stderr.isatty() and not as_json)
    )
    if logs:
        start_logging(log_format)
    with opened(config) as (watchlist, database):
        only, started = known(watchlist, document), utc_now()
        if not watchlist.documents:  # all paused, say
            _job(watchlist, database).notify()
        ready(watchlist)
        with database.reading() as session:
            is_idle = not (now or only or has_work(session, watchlist, started))
            waiting = (
                nothing_read(session, watchlist.documents) if is_idle else None
            )
        log.info("run started", extra={"event": "run started"})
        report, mistakes, unsigned = (
            Report(started, utc_now(), [], Deliveries(0, 0, 0)),
            list[Exception](),
            None,
        )
        if not is_idle:
            job = _job(watchlist, database)
            with progress_shown(as_json or log_format is LogFormat.JSON) as step:
                run_job = partial(
                    job.run, only=only, force=now or bool(only), progress=step
                )
                report = with_heartbeat(job.recipients.heartbeat, run_job)
            mistakes, unsigned = job.mistakes, job.unsigned
        with database.reading() as session:
            failing = undelivered(session) if report.deliveries.failed else []
            checks = last_checks(
                session, [check["document"] for check in report.checks]
            )
            rows = {row.id: row for row in failing_documents(session)}
    offline = nothing_reached(checks.values()) or waiting
    is_asked = now or bool(only)
    news = [
        check
        for check in report.checks
        if is_asked or is_news(rows.get(check["document"]), check)
    ]
    if logs:
        log_report(report, checks, failing)
        if offline:
            log.warning("%s", sanitize(offline), extra={"event": "nothing read"})
    if as_json:
        print_json(report.json())
    elif sys.stdout.isatty():
        _print_report(report, checks, offline)
    elif not logs:
        print_troubles(news, checks, offline)
    if not (as_json or logs) and report.deliveries.failed:
        failed = counted(report.deliveries.failed, "delivery", "deliveries")
        parked = "; `policywatch alerts --parked` lists what was given up"
        sys.stderr.write("\n  ".join([f"{failed} failed{parked}", *failing]) + "\n")
    if not (as_json or logs) and unsigned:
        sys.stderr.write(f"{unsigned}\n")
    raise_mistakes(mistakes)
    if offline or unsigned or report.deliveries.failed or not all_good(news):
        raise Exit(TROUBLE)


def _job(watchlist: Watchlist, database: Database) -> Job:
    """Loads Scrapy, Apprise and the classifier, which most scheduled runs do not need."""
    from policywatch.config.recipients import recipients
    from policywatch.pipeline import Job

    return Job(watchlist, database, recipients(watchlist))


def raise_mistakes(mistakes: list[Exception]) -> None:
    """After everything else is done; reports damage of the store or program."""
    damage = [
        mistake
        for mistake in mistakes
        if isinstance(mistake, DamagedCapture | DamagedValue | UnfitModel)
    ]
    for problem in dict.fromkeys(map(str, damage)):
        log.error("%s", problem, extra={"event": "damaged"})
    if others := [mistake for mistake in mistakes if mistake not in damage]:
        raise ExceptionGroup(
            "mistakes of policywatch, each with one document; the others are done",
            others,
        )
    if damage:
        raise Exit(TROUBLE)


@contextmanager
def progress_shown(as_json: bool) -> Iterator[Callable[[int, int, str], None]]:
    """A bar on a terminal, and a log line for each fetched document."""
    with progress_bar(as_json) as show:

        def step(done: int, of: int, last: str) -> None:
            if last:
                log.info(
                    "%s fetched",
                    last,
                    extra={"event": "fetched", "facts": {"document": last}},
                )
            show(done, of, last or "fetching, with a pause between requests")

        yield step


@contextmanager
def progress_bar(as_json: bool) -> Iterator[Callable[[int, int | None, str], None]]:
    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(
        *columns,
        console=Console(stderr=True),
        transient=True,
        disable=as_json or not sys.stderr.isatty(),
    ) as bar:
        task = bar.add_task("starting", total=None)

        def show(done: int, of: int | None, what: str) -> None:
            bar.update(task, description=what, total=of, completed=done)

        yield show


def _print_report(
    report: Report, checks: Mapping[str, Check], offline: str | None
) -> None:
    if offline:
        say(offline)
    elif report.checks:
        print_checks(report.checks, checks)
    else:
        say("Nothing is due; --now checks all the same.")
    sent = report.deliveries
    say(f"Alerts: {sent.sent} sent, {sent.failed} failed, {sent.pending} waiting.")


def print_checks(done: list[dict[str, Any]], checks: Mapping[str, Check]) -> None:
    """A row each, and one for all with the same failure."""
    good, causes = _by_cause(done, checks)
    rows = [
        (check["document"], _outcome(check["outcome"]), _remark(check))
        for check in good
    ]
    rows += [
        (
            "\n".join(check.document_id for check in group),
            _outcome(group[0].outcome),
            sanitize(
                f"{group[0].source}: " * bool(group[0].source)
                + (terminal_reason(group[0].reason) if group[0].reason else "")
            ),
        )
        for group in causes
    ]
    print_table(("document", "outcome", ""), rows)


def _by_cause(
    done: list[dict[str, Any]], checks: Mapping[str, Check]
) -> tuple[list[dict[str, Any]], list[list[Check]]]:
    good = [check for check in done if all_good([check])]
    failed = dict.fromkeys(
        check["document"] for check in done if not all_good([check])
    )
    return good, by_cause(checks[document] for document in failed)


def _outcome(outcome: str | None) -> Text:
    if outcome is None:
        return Text("fetched, not read yet", style="dim")
    style = (
        "bold yellow"
        if outcome == Outcome.CHANGED
        else "green"
        if outcome in GOOD
        else "red"
    )
    return Text(outcome, style=style)


def _remark(check: dict[str, Any]) -> str:
    change, source = (
        check["change"],
        f"{check['source']}: " if check["source"] else "",
    )
    if change is None:
        return sanitize(source + (check["reason"] or ""))
    alert = f"{change['severity']}, {change['direction']}: {', '.join(change['topics'])}"
    return sanitize(
        f"{source}change {change['id']}: {alert if change['alert'] else 'nothing to alert'}"
    )


def print_troubles(
    done: list[dict[str, Any]],
    checks: Mapping[str, Check],
    offline: str | None = None,
) -> None:
    if offline:
        sys.stderr.write(f"{sanitize(offline)}\n")
        return
    _, causes = _by_cause(done, checks)
    for group in causes:
        sys.stderr.write(f"{cause_line(group)}\n")
