"""The commands about the database itself: check, upgrade."""

from __future__ import annotations

import typer

from policywatch.cli.opening import opened
from policywatch.cli.options import CONFIG, TROUBLE, Config, Json, command_group, console, print_findings
from policywatch.views.health import check_store

database = command_group("Look after the database.")


@database.command()
def check(config: Config = CONFIG, as_json: Json = False) -> None:
    """Read the whole store for damage: file, rows, references, captures against their hashes, the index of words.

    Exit status 1 if there is any. Example: `policywatch database check`
    """
    with opened(config, even_read_only=True) as (_, store):
        findings = check_store(store, deep=True)
    print_findings(findings, as_json=as_json)
    if not all(finding.good for finding in findings):
        raise typer.Exit(TROUBLE)


@database.command()
def upgrade(config: Config = CONFIG) -> None:
    """Bring the database of an older policywatch up to date; a SQLite file is copied first.

    For PostgreSQL make a dump before it. Example: `policywatch database upgrade`
    """
    with opened(config, upgrade=True) as (_, store):
        console().print(f"{store} is up to date.", soft_wrap=True)
