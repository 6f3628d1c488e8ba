"""The commands that take histories in: import open-terms-archive, wayback, folder, store."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated

from rich.console import Console
from rich.text import Text
from typer import Argument, BadParameter, Option

from policywatch.cli.opening import known, opened, ready
from policywatch.cli.options import (
    CONFIG,
    Config,
    Json,
    checked,
    command_group,
    console,
    print_json,
    print_table,
)
from policywatch.cli.run import progress_bar
from policywatch.config.recipients import Recipients
from policywatch.config.schema import (
    DocumentEntry,
    check_document_id,
    check_span_text,
    span,
)
from policywatch.pipeline import Job, crawl_settings
from policywatch.sanitize import sanitize
from policywatch.sources.open_terms_archive import Selection, import_archive
from policywatch.sources.repository import opened as archive
from policywatch.sources.saved import StoredPages, saved_pages
from policywatch.sources.source import (
    ImportReport,
    Progress,
    Source,
    import_past,
)
from policywatch.sources.wayback import Copies, PastCopies, connected
from storage.lock import one_at_a_time
from storage.older_stores import opened as older_store

app = command_group()

_SHOWN = 3  # rejected texts listed for a document

_DAY = ["%Y-%m-%d"]  # in UTC


import_ = command_group(
    "Take in a history that others have kept; nobody is alerted."
)
app.add_typer(import_, name="import")


@import_.command()
def open_terms_archive(
    repository: Annotated[
        str,
        Argument(
            metavar="REPOSITORY",
            help="A repository of versions: a folder, a bundle or a git address.",
        ),
    ],
    config: Config = CONFIG,
    service: Annotated[
        str | None, Option(metavar="NAME", help="Only this service.")
    ] = None,
    document: Annotated[
        list[str] | None,
        Option(
            "-d",
            metavar="TYPE[=ID]",
            help="Only this type of document; with =ID as the history of that one of ours. Can be given several times.",
        ),
    ] = None,
    insist: Annotated[
        bool,
        Option("--insist", help="Import even if the ID is new or of another kind."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Read an Open Terms Archive repository: its texts become versions with their dates, classified like any others.

    Nobody is alerted. Stopped at any moment, the same command goes on where it was; done again, it takes what is new.

    Examples: `policywatch import open-terms-archive linkedin-history.bundle` · `policywatch import open-terms-archive
    https://github.com/OpenTermsArchive/contrib-versions.git --service LinkedIn -d "Terms of
    Service=linkedin/user-agreement"`
    """
    for named in document or ():
        _check_id(named)
    selection = Selection(service, document or (), insist)
    with archive(repository) as source, _importing(config, as_json) as at:
        reports = list(
            import_archive(
                at.job.database,
                at.job.watchlist,
                source,
                selection,
                progress=at.progress,
            )
        )
    _show(reports, at, as_json=as_json, repository=source.name)


@import_.command()
def folder(
    document: Annotated[
        str, Argument(metavar="DOCUMENT", help="Whose history it is.")
    ],
    path: Annotated[
        Path,
        Argument(
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
    with _importing(config, as_json) as at:
        entry = at.document(document)
        pages = saved_pages(path, entry.id, entry.addresses[0])
        report = at.report(entry, pages, is_watched=False, count=len(pages.files))
    _show([report], at, as_json=as_json, path=str(path))


@import_.command()
def store(
    address: Annotated[
        str,
        Argument(
            metavar="ADDRESS",
            help="The old database's, as `database` of the watchlist has it.",
        ),
    ],
    config: Config = CONFIG,
    as_json: Json = False,
) -> None:
    """Read what a store of before the first release captured, which can't be upgraded, as its documents' histories.

    What the documents of the watchlist said is extracted and classified again. Checks, reviews and deliveries are not
    taken, and nobody is alerted.

    Example: `policywatch import store sqlite:///policywatch-old.db`
    """
    name = address.rpartition("/")[2].partition("?")[0]
    reports = []
    with older_store(address) as older, _importing(config, as_json) as at:
        captures = older.captures()
        for entry in at.job.watchlist.documents:
            if pages := captures.pop(entry.id, None):
                source = StoredPages(older, pages, entry.id, name)
                reports.append(at.report(entry, source, count=len(pages)))
    _show(reports, at, as_json=as_json, store=name)
    if captures:
        sys.stderr.write(
            f"not in the watchlist, and left out: {', '.join(sorted(captures))}\n"
        )


@import_.command()
def wayback(
    document: Annotated[
        str, Argument(metavar="DOCUMENT", help="Its id in the watchlist.")
    ],
    config: Config = CONFIG,
    since: Annotated[
        datetime | None,
        Option(
            "--from", formats=_DAY, metavar="DAY", help="The first day: 2019-01-31."
        ),
    ] = None,
    until: Annotated[
        datetime | None,
        Option("--to", formats=_DAY, metavar="DAY", help="The day after the last."),
    ] = None,
    every: Annotated[
        str,
        Option(
            metavar="SPAN",
            callback=checked(check_span_text),
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
    with _importing(config, as_json) as at:
        entry, watchlist = at.document(document), ready(at.job.watchlist)
        address, settings = watchlist.sources.wayback_url, crawl_settings(watchlist)
        with connected(address, settings, retries=3) as client:
            copies = Copies(client, entry.id, entry.addresses[0])
            report = at.report(entry, PastCopies(copies, since, until, span(every)))
    if as_json:
        print_json(report.json())
    else:
        _print_reports(console(), [report])


@dataclass(frozen=True, slots=True)
class _Importing:
    job: Job
    progress: Progress
    started: float

    def document(self, id_: str) -> DocumentEntry:
        entry = self.job.watchlist.document(
            *known(self.job.watchlist, [id_], "DOCUMENT")
        )
        assert entry is not None
        return entry

    def report(
        self,
        entry: DocumentEntry,
        source: Source,
        *,
        is_watched: bool = True,
        count: int | None = None,
    ) -> ImportReport:
        """`count`: all texts of the source; else those that it yields."""
        done = import_past(
            self.job.database,
            source,
            entry.id,
            self.job.configs[entry.id],
            progress=partial(self.progress, entry.id, count),
        )
        in_archive = done.texts if count is None else count
        return ImportReport(
            entry.id, entry.service, entry.title, is_watched, in_archive, done
        )


@contextmanager
def _importing(config: Path, as_json: bool) -> Iterator[_Importing]:
    with (
        opened(config) as (watchlist, shared),
        one_at_a_time(shared) as database,
        progress_bar(as_json) as step,
    ):
        job = Job(watchlist, database, Recipients())
        job.declare()

        def show(document: str, count: int | None, done: int) -> None:
            step(done, count, document)

        yield _Importing(job, show, time.monotonic())
        database.optimize()


def _show(
    reports: list[ImportReport], at: _Importing, *, as_json: bool, **source: str
) -> None:
    if not as_json:
        _print_reports(console(), reports)
        return
    rows = [report.json() for report in reports]
    names = ("in_archive", "versions", "changes", "flagged", "same")
    print_json(
        source
        | {"seconds": round(time.monotonic() - at.started, 2)}
        | {name: sum(row[name] for row in rows) for name in names}
        | {
            "set_aside": sum(len(row["set_aside"]) for row in rows),
            "documents": rows,
        }
    )


def _check_id(named: str) -> None:
    type_, has_id, id_ = named.partition("=")
    try:
        if has_id:
            check_document_id(id_)
    except ValueError as failure:
        raise BadParameter(
            f"{type_}={id_}: {failure}", param_hint="--document"
        ) from failure


def _print_reports(out: Console, reports: list[ImportReport]) -> None:
    counts = ("texts", "versions", "changes", "flagged", "aside")
    rows = [
        [
            report.id,
            str(report.in_archive),
            str(report.done.versions),
            str(report.done.changes),
            str(report.done.flagged),
            str(len(report.done.set_aside)),
        ]
        for report in reports
    ]
    print_table(("document", *counts), rows, numbers=counts)
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
