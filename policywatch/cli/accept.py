"""The commands by which a person decides what is a document's text: accept, reject, withdraw."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from typer import Argument, Exit, Option

from analysis.model import Page
from messages import counted
from policywatch.cli.opening import known, opened, user
from policywatch.cli.options import (
    CONFIG,
    TROUBLE,
    Config,
    Json,
    Yes,
    command_group,
    console,
    print_json,
)
from policywatch.cli.terminal import show_comparison
from policywatch.config.recipients import recipients
from policywatch.ingest.approve import accept as approve
from policywatch.ingest.approve import held_text
from policywatch.ingest.approve import reject as dismiss
from policywatch.ingest.withdraw import newest_version
from policywatch.ingest.withdraw import withdraw as take_back
from policywatch.pipeline import Job
from policywatch.sanitize import sanitize
from storage.columns import MAX_INTEGER
from storage.lock import one_at_a_time
from storage.versions import current_version

app = command_group()

_BEGINNING = 12  # blocks of a text that a person is asked about

Document = Annotated[
    str, Argument(metavar="DOCUMENT", help="The document whose text is held.")
]


@app.command()
def accept(document: Document, config: Config = CONFIG, yes: Yes = False) -> None:
    """Look at a text that was held, and take it as the next version.

    Its alerts wait for as long as `[alerts] grace` says: meanwhile `policywatch withdraw` takes it back with nothing
    sent. Example: `policywatch accept linkedin/privacy-policy`
    """
    out = console()
    with opened(config) as (watchlist, database):
        known(watchlist, [document], "DOCUMENT")
        job = Job(watchlist, database, recipients(watchlist))
        extraction = job.configs[document]
        with database.reading() as session:
            check, held = held_text(session, document, extraction)
        out.print(
            f"{document}, held on {check.checked_at:%Y-%m-%d %H:%M} UTC: {sanitize(str(check.reason or ''))}"
        )
        _show_text(out, held.page)
        if held.draft is None:
            out.print("It would be a first text, compared with no other.")
        else:
            show_comparison(out, held.draft.comparison)
        if not yes and not typer.confirm("Take it as the document's text?"):
            raise Exit(TROUBLE)
        with one_at_a_time(database) as held_store:
            change = approve(
                held_store,
                document,
                extraction,
                job.recipients.names_for,
                seen=held.page,
                actor=user(),
            )
        with database.reading() as session:
            version = current_version(session, document)
    assert version is not None, "it was taken"
    back = f"`policywatch withdraw {document} {version.number}` takes it back"
    if change is None:
        out.print(f"Taken as version {version.number}; {back}.")
        return
    waits = f" Its alerts wait {watchlist.alerts.grace}, and" if change.alert else ""
    out.print(
        f"Taken. `policywatch show {change.id}` shows the change;{waits} {back}.",
        soft_wrap=True,
    )


def _show_text(out: Console, page: Page) -> None:
    words = counted(sum(len(block.text.split()) for block in page.blocks), "word")
    out.print(f"The fetched text: “{sanitize(page.title)}”, {words}:")
    for block in page.blocks[:_BEGINNING]:
        out.print(f"  {sanitize(block.text)}")
    left = len(page.blocks) - _BEGINNING
    if left > 0:
        out.print(f"  ... and {counted(left, 'more paragraph')}")
    out.print()


@app.command()
def reject(document: Document, config: Config = CONFIG) -> None:
    """Say that a text that was held is not the document's: it is not shown again.

    The last valid version stands; `policywatch accept` still takes the text. Example: `policywatch reject
    linkedin/privacy-policy`
    """
    with opened(config) as (watchlist, database):
        known(watchlist, [document], "DOCUMENT")
        check = dismiss(database, document, actor=user())
    console().print(
        f"Rejected what was held of {document} on {check.checked_at:%Y-%m-%d %H:%M} UTC; "
        f"`policywatch accept {document}` still takes it.",
        soft_wrap=True,
    )


@app.command()
def withdraw(
    document: Annotated[
        str,
        Argument(metavar="DOCUMENT", help="The document that it is a version of."),
    ],
    number: Annotated[
        int,
        Argument(metavar="VERSION", min=1, max=MAX_INTEGER, help="Its newest version."),
    ],
    config: Config = CONFIG,
    reason: Annotated[
        str, Option(metavar="TEXT", help="Why, for those who were alerted.")
    ] = "",
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Take back a version that should never have been, with the alerts of it.

    What was not sent is cancelled; a correction goes to those to whom it was. The version before is in force again, and
    the capture stays as evidence. Example: `policywatch withdraw linkedin/privacy-policy 7 --reason "an error page"`
    """
    out = console()
    with opened(config) as (_, database):
        with database.reading() as session:
            version = newest_version(session, document, number)
        if not yes:
            typer.echo(
                f"{document}, version {number}, captured {version.captured_at:%Y-%m-%d %H:%M} UTC",
                err=True,
            )
            if not typer.confirm("Withdraw it?", err=True):
                raise Exit(TROUBLE)
        with one_at_a_time(database) as held:
            report = take_back(held, document, number, actor=user(), reason=reason)
    if as_json:
        print_json(asdict(report))
        return
    sent = f"a correction goes to {counted(report.corrected, 'address', 'addresses')} with the next run or `deliver`"
    kept = (
        f"{counted(report.cancelled, 'pending alert')} cancelled"
        if report.cancelled
        else ""
    )
    out.print(
        f"Withdrawn: version {number} of {document}. "
        + "; ".join(
            filter(
                None, [sent if report.corrected else "nobody was alerted of it", kept]
            )
        )
        + ".",
        soft_wrap=True,
    )
