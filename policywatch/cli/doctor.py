"""The command that looks over an installation: doctor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from rich.text import Text
from typer import Exit, Option

from policywatch.cli.options import (
    CONFIG,
    TROUBLE,
    WRONG_USE,
    Config,
    Json,
    command_group,
    console,
    print_json,
)
from policywatch.doctor import examine
from policywatch.sanitize import sanitize
from policywatch.views.health import Finding, is_alive

app = command_group()


@app.command()
def doctor(
    config: Config = CONFIG,
    quiet: Annotated[
        bool, Option("--quiet", "-q", help="Print what is wrong only.")
    ] = False,
    alive: Annotated[
        bool,
        Option(
            "--alive",
            help="Only whether the job does its work, whatever single pages answer.",
        ),
    ] = False,
    deep: Annotated[
        bool,
        Option(
            "--deep",
            help="Read the whole store for damage, as `policywatch database check` does.",
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Look at configuration, database, routes and last checks: what is wrong, and how to fix it.

    Exit status 1 if something is, 2 if it is the watchlist.

    Examples: `policywatch doctor` · `policywatch doctor --deep` · `policywatch doctor --alive` (a health check)
    """
    findings = is_alive(config) if alive else examine(config, deep=deep)
    print_findings(findings, quiet=quiet, as_json=as_json)
    if any(finding.is_configuration for finding in findings):
        raise Exit(WRONG_USE)
    if not all(finding.good for finding in findings):
        raise Exit(TROUBLE)


def print_findings(
    findings: Sequence[Finding], *, quiet: bool = False, as_json: bool = False
) -> None:
    """A line each; `quiet`: problems only."""
    if as_json:
        print_json(
            [
                {
                    "good": each.good,
                    "about": each.about,
                    "text": each.text,
                    **each.facts,
                }
                for each in findings
            ]
        )
        return
    for finding in findings:
        if not (quiet and finding.good):
            good = (
                Text("note  ", style="yellow")
                if finding.is_note
                else Text("ok    ", style="green")
            )
            mark = good if finding.good else Text("FIX   ", style="bold red")
            console().print(mark + Text(f"{finding.about}: {sanitize(finding.text)}"))
