"""The commands that take histories in: import open-terms-archive, wayback, folder."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from messages import counted
from policywatch.cli.opening import known, opened, ready
from policywatch.cli.options import (
    CONFIG,
    Config,
    Json,
    command_group,
    console,
    print_json,
    print_table,
)
from policywatch.config.recipients import Recipients
from policywatch.config.schema import document_id, span, span_text
from policywatch.ingest.archived import import_document
from policywatch.pipeline import Job, crawl_settings
from policywatch.sanitize import sanitize
from policywatch.sources.copies import Span, past_copies, past_texts
from policywatch.sources.imports import DocumentReport, Wish, chosen, import_archive
from policywatch.sources.repository import opened as archive
from policywatch.sources.saved import import_saved, saved_files
from policywatch.sources.wayback import connected
from storage.lock import one_at_a_time

app = command_group()

_BATCH = 5  # copies that are read again at most where an import was stopped
_SHOWN = 3  # texts set aside that are named for a document

_DAY = ["%Y-%m-%d"]  # in UTC


def _span(text: str) -> str:
    try:
        return span_text(text)
    except ValueError as failure:
        raise typer.BadParameter(str(failure)) from failure


import_ = command_group("Take in a history that others have kept; nobody is alerted.")
app.add_typer(import_, name="import")


@import_.command()
def open_terms_archive(
    repository: Annotated[
        str,
        typer.Argument(
            metavar="REPOSITORY",
            help="A repository of versions: a folder, a bundle or a git address.",
        ),
    ],
    config: Config = CONFIG,
    service: Annotated[
        str | None, typer.Option("--service", metavar="NAME", help="Only this service.")
    ] = None,
    document: Annotated[
        list[str] | None,
        typer.Option(
            "--document",
            "-d",
            metavar="TYPE[=ID]",
            help="Only this type of document; with =ID as the history of that one of ours. Can be given several times.",
        ),
    ] = None,
    insist: Annotated[
        bool,
        typer.Option(
            "--insist", help="Import even if the ID is new or of another kind."
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Read an Open Terms Archive repository: its texts become versions with their dates, classified like any others.

    Nobody is alerted. Stopped at any moment, the same command goes on where it was; done again, it takes what is new.

    Examples: `policywatch import open-terms-archive linkedin-history.bundle` · `policywatch import open-terms-archive
    https://github.com/OpenTermsArchive/contrib-versions.git --service LinkedIn -d "Terms of
    Service=linkedin/user-agreement"`
    """
    started = time.monotonic()
    for named in document or ():
        _check_id(named)
    wish = Wish(service, document or (), insist)
    with (
        opened(config) as (watchlist, shared),
        archive(repository) as source,
        one_at_a_time(shared) as database,
    ):
        histories = chosen(source, wish)
        Job(watchlist, database, Recipients()).declare()
        with _progress(
            sum(len(history.records) for history in histories), as_json
        ) as step:
            reports = list(
                import_archive(
                    database, watchlist, source, histories, wish, progress=step
                )
            )
        database.optimize()
    _show(reports, {"repository": source.name}, started, as_json=as_json)


@import_.command()
def folder(
    document: Annotated[
        str, typer.Argument(metavar="DOCUMENT", help="Whose history it is.")
    ],
    path: Annotated[
        Path,
        typer.Argument(
            metavar="PATH",
            exists=True,
            help="A folder, or a CSV of files and their dates.",
        ),
    ],
    config: Config = CONFIG,
    as_json: Json = False,
) -> None:
    """Read pages that were saved, dated by their names or a CSV (HTML, PDF, Markdown, text), as a document's history.

    Examples: `policywatch import folder example/terms saved` (with 2025-11-03.html in it) · `policywatch import folder
    example/terms dates.csv` (with lines like old.pdf,2025-11-03)
    """
    started = time.monotonic()
    with opened(config) as (watchlist, shared), one_at_a_time(shared) as database:
        entry = watchlist.document(*known(watchlist, [document], "DOCUMENT"))
        assert entry is not None
        pages = saved_files(path, entry.addresses[0])
        Job(watchlist, database, Recipients()).declare()
        with _progress(len(pages), as_json) as step:
            report = import_saved(database, watchlist, entry, pages, step)
        database.optimize()
    _show([report], {"path": str(path)}, started, as_json=as_json)


def _show(
    reports: list[DocumentReport],
    source: dict[str, Any],
    started: float,
    *,
    as_json: bool,
) -> None:
    if not as_json:
        _print_reports(console(), reports)
        return
    rows = [report.json() for report in reports]
    totals = {
        name: sum(row[name] for row in rows)
        for name in ("in_archive", "versions", "changes", "flagged", "same")
    }
    aside = sum(len(row["set_aside"]) for row in rows)
    head = source | {"seconds": round(time.monotonic() - started, 2)}
    print_json(head | totals | {"set_aside": aside, "documents": rows})


@import_.command()
def wayback(
    document: Annotated[
        str, typer.Argument(metavar="DOCUMENT", help="Its id in the watchlist.")
    ],
    config: Config = CONFIG,
    since: Annotated[
        datetime | None,
        typer.Option(
            "--from", formats=_DAY, metavar="DAY", help="The first day: 2019-01-31."
        ),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option(
            "--to", formats=_DAY, metavar="DAY", help="The day after the last."
        ),
    ] = None,
    every: Annotated[
        str,
        typer.Option(
            "--every",
            metavar="SPAN",
            callback=_span,
            help="At most one copy in this time: 12h, 30d.",
        ),
    ] = "7d",
    as_json: Json = False,
) -> None:
    """Read a page's past in the public copies of the Internet Archive, up to the first text that is there already.

    Error pages, walls and redirects are left out. Nobody is alerted. Stopped at any moment, the same command goes on
    where it was.

    Example: `policywatch import wayback linkedin/user-agreement --from 2019-01-01 --every 30d`
    """
    with opened(config) as (watchlist, shared), one_at_a_time(shared) as database:
        known(watchlist, [document], "DOCUMENT")
        entry, job = (
            watchlist.document(document),
            Job(ready(watchlist), database, Recipients()),
        )
        assert entry is not None
        job.declare()
        asked = Span(since, until, span(every))
        address, settings = watchlist.sources.wayback_url, crawl_settings(watchlist)
        with connected(address, settings, retries=3) as client:
            records = past_copies(database, client, entry, asked)
            sys.stderr.write(
                f"{counted(len(records), 'copy', 'copies')} to read, about a second each\n"
            )
            with _progress(len(records), as_json) as step:
                texts, progress = (
                    past_texts(client, entry, records, asked),
                    partial(step, entry.id),
                )
                done = import_document(
                    database,
                    entry.id,
                    job.configs[entry.id],
                    texts,
                    batch_size=_BATCH,
                    progress=progress,
                )
        database.optimize()
    report = DocumentReport(
        entry.id, entry.service, entry.title, True, len(records), 0, done
    )
    if as_json:
        print_json(report.json())
    else:
        _print_reports(console(), [report])


def _check_id(named: str) -> None:
    type_, has_id, id_ = named.partition("=")
    try:
        if has_id:
            document_id(id_)
    except ValueError as failure:
        raise typer.BadParameter(
            f"{type_}={id_}: {failure}", param_hint="--document"
        ) from failure


@contextmanager
def _progress(total: int, as_json: bool) -> Iterator[Callable[[str, int], None]]:
    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
    )
    is_hidden = as_json or not sys.stderr.isatty()
    with Progress(
        *columns, console=Console(stderr=True), transient=True, disable=is_hidden
    ) as bar:
        task = bar.add_task("reading", total=total)
        yield lambda document, texts: bar.update(
            task, description=document, advance=texts
        )


def _print_reports(out: Console, reports: list[DocumentReport]) -> None:
    counted = ("texts", "versions", "changes", "flagged", "aside")
    print_table(("document", *counted), map(_counts, reports), numbers=counted)
    for report in reports:
        aside = report.done.set_aside
        notes = (
            [f"“{report.type}” of the archive is its history"]
            if report.continues
            else []
        )
        notes += [
            f"the text of {text.recorded_at:%Y-%m-%d} was set aside: {why}"
            for text, why in aside[:_SHOWN]
        ]
        if len(aside) > _SHOWN:
            notes.append(
                f"{len(aside) - _SHOWN} more were set aside; --json lists them"
            )
        if report.left_out:
            notes.append(
                f"{report.left_out} texts were there before, or are later than our own first text"
            )
        for note in notes:
            out.print(Text(sanitize(f"{report.id}: {note}"), style="dim"))


def _counts(report: DocumentReport) -> list[str]:
    done = report.done
    return [
        report.id,
        *map(
            str,
            (
                report.in_archive,
                done.versions,
                done.changes,
                done.flagged,
                len(done.set_aside),
            ),
        ),
    ]
