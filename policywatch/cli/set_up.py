"""The commands that set a watch up and open it: init, doctor, schedule, demo, serve."""

from __future__ import annotations

import getpass
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.text import Text

from policywatch.cli.options import CONFIG, TROUBLE, Config, Json, console, opened, print_json
from policywatch.harmless import harmless
from policywatch.watchlist import Watchlist, load

if TYPE_CHECKING:
    from analysis.reading import RoutesFor

Kind = Literal["cron", "systemd", "docker", "kubernetes", "github-actions"]
Port = Annotated[int, typer.Option("--port", min=0, max=65535, help="The port to listen on; 0 takes a free one.")]


def add_to(app: typer.Typer) -> None:
    """Add this file's commands."""
    for command in (init, doctor, schedule, demo, serve):
        app.command()(command)


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
    from policywatch.starter import starter

    if contact is None and sys.stdin.isatty():
        contact = typer.prompt("Your contact address, for the User-Agent", default=_contact())
    if config.exists() and not force:
        raise typer.BadParameter(f"{config} is there already; --force overwrites it", param_hint="--config")
    config.write_text(starter(contact or _contact()), "utf-8")
    console().print(f"Wrote {config}. Next: policywatch doctor, then policywatch run")


def _contact() -> str:
    return f"{getpass.getuser()}@{socket.gethostname()}"


def doctor(
    config: Config = CONFIG,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print what is wrong only.")] = False,
    alive: Annotated[
        bool, typer.Option("--alive", help="Only whether the job does its work, whatever single pages answer.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Look at configuration, database, routes and last checks: what is wrong, and how to mend it.

    Exit status 1 if something is. Examples: `policywatch doctor` · `policywatch doctor --alive` (a health check)
    """
    from policywatch.doctor import examine, is_alive

    findings = is_alive(config) if alive else examine(config)
    if as_json:
        print_json([{"good": one.good, "about": one.about, "said": one.said} for one in findings])
    else:
        for one in findings:
            if not (quiet and one.good):
                mark = Text("ok    ", style="green") if one.good else Text("MEND  ", style="bold red")
                console().print(mark + Text(f"{one.about}: {harmless(one.said)}"))
    if not all(one.good for one in findings):
        raise typer.Exit(TROUBLE)


def schedule(
    kind: Annotated[
        Kind,
        typer.Argument(
            metavar="KIND", help="What is to start the job: cron, systemd, docker, kubernetes, github-actions."
        ),
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
    from policywatch.schedule import render, this_installation

    here = this_installation(load(config), every=every, environment_file=environment_file)
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

    if not play(folder, stay=stay, port=port):
        raise typer.Exit(TROUBLE)


def serve(
    config: Config = CONFIG,
    host: Annotated[str, typer.Option("--host", help="The address to listen on.")] = "127.0.0.1",
    port: Port = 8642,
    allowed_host: Annotated[
        list[str] | None, typer.Option("--allowed-host", metavar="NAME", help="Answer to this name; several times.")
    ] = None,
    trusted_proxy: Annotated[
        list[str] | None,
        typer.Option("--trusted-proxy", metavar="ADDRESS", help="Believe this address who asks, and by http or https."),
    ] = None,
    root_path: Annotated[
        str, typer.Option("--root-path", metavar="PATH", help="What a proxy puts before every address, like /watch.")
    ] = "",
    private: Annotated[bool, typer.Option("--private", help="Let only those read who sign in.")] = False,
) -> None:
    """Serve the pages: changes, documents, feeds. Everyone who reaches them can read.

    With a password in the environment (POLICYWATCH_PASSWORD), who signs in can also accept held texts and send again
    what was given up; with POLICYWATCH_TOKEN a program can.

    Example: `policywatch serve --port 8642`
    """
    import os

    from policywatch.manners import manners
    from policywatch.web.access import UnusablePassword, access
    from policywatch.web.app import create_app
    from policywatch.web.desk import Desk
    from policywatch.web.serving import Listening, hosts, root
    from policywatch.web.serving import serve as listen

    try:
        known = access(os.environ, private=private)
        where = Listening(host, port, trusted_proxy or (), root(root_path))
    except UnusablePassword as failure:
        raise typer.BadParameter(str(failure), param_hint="the environment") from failure
    except ValueError as failure:
        raise typer.BadParameter(str(failure), param_hint="--root-path") from failure
    with opened(config) as (watchlist, database):
        desk = Desk(manners(watchlist), _told(watchlist)) if known.knows_anyone else Desk(manners(watchlist))
        names = hosts(where, allowed_host or (), watchlist.site)
        listen(create_app(database, allowed_hosts=names, access=known, desk=desk), where)


def _told(watchlist: Watchlist) -> RoutesFor:
    """Who is told of a text that the operator takes. Only then it needs the routes, and what the environment says."""
    from policywatch.recipients import recipients

    return recipients(watchlist).names_for
