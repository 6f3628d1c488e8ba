"""The commands about the database itself: check, upgrade."""

from __future__ import annotations

import typer

from policywatch.cli.options import CONFIG, TROUBLE, Config, Json, console, opened, print_findings

database = typer.Typer(help="Look after the database.", no_args_is_help=True)


def add_to(app: typer.Typer, panel: str) -> None:
    """Add this file's commands, under a heading of the list of them."""
    database.command(name="check")(check)
    database.command(name="upgrade")(upgrade)
    app.add_typer(database, name="database", rich_help_panel=panel)


def check(config: Config = CONFIG, as_json: Json = False) -> None:
    """Read the whole store for damage: file, rows, references, captures against their hashes, the index of words.

    Exit status 1 if there is any. Example: `policywatch database check`
    """
    from policywatch.doctor import check_store

    with opened(config, even_read_only=True) as (_, store):
        findings = check_store(store, deep=True)
    print_findings(findings, quiet=False, as_json=as_json)
    if not all(one.good for one in findings):
        raise typer.Exit(TROUBLE)


def upgrade(config: Config = CONFIG) -> None:
    """Bring the database of an older policywatch up to date; a SQLite file is copied first.

    For PostgreSQL make a dump before it. Example: `policywatch database upgrade`
    """
    with opened(config, upgrade=True) as (_, store):
        console().print(f"{store} is up to date.", soft_wrap=True)
