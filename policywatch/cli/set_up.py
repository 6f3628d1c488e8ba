"""The commands that set a watch up: init, doctor, schedule, demo."""

from __future__ import annotations

import getpass
import shlex
import socket
import sys
from pathlib import Path
from typing import Annotated

import typer

from policywatch.cli.options import CONFIG, TROUBLE, WRONG_USE, Config, Json, Port, console, print_findings
from policywatch.config.watchlist import contact_problem, load
from policywatch.schedule import KINDS, Kind, render, this_installation


def add_to(app: typer.Typer, panel: str) -> None:
    """Add this file's commands, under a heading of the list of them."""
    for command in (init, doctor, schedule, demo):
        app.command(rich_help_panel=panel)(command)


def init(
    config: Config = CONFIG,
    contact: Annotated[
        str | None, typer.Option("--contact", help="An address at which a site's people can reach you.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a file that is there.")] = False,
) -> None:
    """Write a commented policywatch.toml that watches LinkedIn.

    Example: `policywatch init --contact privacy-watch@example.org`
    """
    from policywatch.cli.replacing import replace_file
    from policywatch.config.starter import starter

    if contact is None and sys.stdin.isatty():
        contact = typer.prompt("Your contact address, for the User-Agent", default=_contact())
    contact = contact or _contact()
    if said := contact_problem(contact):
        raise typer.BadParameter(said, param_hint="--contact")
    if config.exists() and not force:
        raise typer.BadParameter(f"{config} is there already; --force overwrites it", param_hint="--config")
    replace_file(config, starter(contact).encode())
    named = "" if config == CONFIG else f" --config {shlex.quote(str(config))}"
    console().print(f"Wrote {config}. Next: policywatch doctor{named}, then policywatch run{named}", soft_wrap=True)


def _contact() -> str:
    return f"{getpass.getuser()}@{socket.gethostname()}"


def doctor(
    config: Config = CONFIG,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print what is wrong only.")] = False,
    alive: Annotated[
        bool, typer.Option("--alive", help="Only whether the job does its work, whatever single pages answer.")
    ] = False,
    deep: Annotated[
        bool, typer.Option("--deep", help="Read the whole store for damage, as `policywatch database check` does.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Look at configuration, database, routes and last checks: what is wrong, and how to fix it.

    Exit status 1 if something is, 2 if it is the watchlist.

    Examples: `policywatch doctor` · `policywatch doctor --deep` · `policywatch doctor --alive` (a health check)
    """
    from policywatch.doctor import examine, is_alive

    findings = is_alive(config) if alive else examine(config, deep=deep)
    print_findings(findings, quiet=quiet, as_json=as_json)
    if any(one.is_configuration for one in findings):
        raise typer.Exit(WRONG_USE)
    if not all(one.good for one in findings):
        raise typer.Exit(TROUBLE)


def schedule(
    kind: Annotated[
        Kind,
        typer.Argument(metavar="KIND", help=f"What is to start the job: {', '.join(KINDS)}."),
    ],
    config: Config = CONFIG,
    every: Annotated[str, typer.Option("--every", help="How often the job looks for what is due: 30m, 1h.")] = "1h",
    environment_file: Annotated[
        Path | None, typer.Option("--environment-file", help="The file with the secrets (NAME=value lines).")
    ] = None,
) -> None:
    """Print the ready job for this very installation; nothing is installed.

    Examples: `policywatch schedule cron` · `policywatch schedule systemd --every 30m`
    """
    here = this_installation(load(config), every=every, environment_file=environment_file)
    if environment_file is not None and not environment_file.exists():
        sys.stderr.write(
            f"policywatch: {environment_file} is not there yet: the job needs it, with the secrets in it\n"
        )
    sys.stdout.write(render(kind, here))


def demo(
    folder: Annotated[
        Path | None, typer.Option("--folder", help="Where the demo's store and alerts go; a temporary one if left out.")
    ] = None,
    stay: Annotated[bool, typer.Option("--serve", help="Keep the pages open at the end.")] = False,
    port: Port = 8642,
) -> None:
    """Watch a small site of our own through five days: a notice, a change about AI training, an alert.

    Example: `policywatch demo --serve`
    """
    from policywatch.demo.play import play

    if not play(console(), folder, stay=stay, port=port):
        raise typer.Exit(TROUBLE)
