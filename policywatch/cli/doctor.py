"""The command that looks over an installation: doctor."""

from __future__ import annotations

from typing import Annotated

import typer

from policywatch.cli.options import (
    CONFIG,
    TROUBLE,
    WRONG_USE,
    Config,
    Json,
    print_findings,
)
from policywatch.views.health import is_alive


def doctor(
    config: Config = CONFIG,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print what is wrong only.")
    ] = False,
    alive: Annotated[
        bool,
        typer.Option(
            "--alive",
            help="Only whether the job does its work, whatever single pages answer.",
        ),
    ] = False,
    deep: Annotated[
        bool,
        typer.Option(
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
    if alive:
        findings = is_alive(config)
    else:
        from policywatch.doctor import (
            examine,
        )  # brings along all that it looks at; a container asks only for `--alive`

        findings = examine(config, deep=deep)
    print_findings(findings, quiet=quiet, as_json=as_json)
    if any(finding.is_configuration for finding in findings):
        raise typer.Exit(WRONG_USE)
    if not all(finding.good for finding in findings):
        raise typer.Exit(TROUBLE)
