"""The command that takes a text which needs review: accept."""

from __future__ import annotations

from typing import Annotated

import typer

from messages import counted
from policywatch.cli.opening import known, opened
from policywatch.cli.options import CONFIG, TROUBLE, Config, console
from policywatch.cli.terminal import show_comparison
from policywatch.config.recipients import recipients
from policywatch.ingest.approve import accept as approve
from policywatch.ingest.approve import held_text
from policywatch.pipeline import Job
from policywatch.sanitize import sanitize
from storage.lock import one_at_a_time

_BEGINNING = 8  # blocks of a first text that a person is asked about


def accept(
    document: Annotated[str, typer.Argument(metavar="DOCUMENT", help="The document whose text is held.")],
    config: Config = CONFIG,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Take it without asking.")] = False,
) -> None:
    """Look at a text that was held, and take it as the next version.

    Example: `policywatch accept linkedin/privacy-policy`
    """
    out = console()
    with opened(config) as (watchlist, database):
        known(watchlist, [document], "DOCUMENT")
        job = Job(watchlist, database, recipients(watchlist))
        extraction = job.configs[document]
        with database.reading() as session:
            check, held = held_text(session, document, extraction)
        out.print(f"{document}, held on {check.checked_at:%Y-%m-%d %H:%M} UTC: {sanitize(str(check.reason or ''))}")
        if held.draft is None:
            words = counted(sum(len(block.text.split()) for block in held.page.blocks), "word")
            out.print(
                f"It would be a first text, compared with no other: “{sanitize(held.page.title)}”, {words}. It begins:"
            )
            for block in held.page.blocks[:_BEGINNING]:
                out.print(f"  {sanitize(block.text)}")
        else:
            show_comparison(out, held.draft.comparison)
        if not yes and not typer.confirm("Take it as the document's text?"):
            raise typer.Exit(TROUBLE)
        with one_at_a_time(database):
            change = approve(database, document, extraction, job.recipients.names_for, seen=held.page)
    number = held.current.number + 1 if held.current else 1
    out.print(f"Taken. `policywatch show {change.id}` shows the change." if change else f"Taken as version {number}.")
