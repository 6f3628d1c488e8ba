"""The commands that set a watch up: init, services, schedule."""

from __future__ import annotations

import getpass
import json
import shlex
import socket
import sys
from collections import Counter
from contextlib import closing
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, BadParameter, Option

from policywatch.atomic_file import replace_file
from policywatch.cli.options import (
    CONFIG,
    Config,
    Json,
    command_group,
    console,
    print_json,
    print_table,
)
from policywatch.config.schema import DocumentEntry
from policywatch.config.watchlist import (
    Watchlist,
    contact_problem,
    load,
    shipped,
    shipped_documents,
)
from policywatch.entries import with_additions
from policywatch.schedule.installation import this_installation
from policywatch.schedule.jobs import KINDS, Kind, render
from storage.database import Database, parse_address, sqlite_file
from storage.errors import StorageError

app = command_group()


@app.command()
def init(
    folder: Annotated[
        Path | None,
        Argument(
            metavar="[FOLDER]",
            help="Where the watchlist, the database and the evidence will stand.",
            show_default=False,
        ),
    ] = None,
    config: Config = CONFIG,
    contact: Annotated[
        str | None,
        Option(help="An address at which a site's people can reach you."),
    ] = None,
    force: Annotated[
        bool, Option("--force", help="Overwrite a file that is there.")
    ] = False,
) -> None:
    """Write a commented policywatch.toml that watches LinkedIn.

    Example: `policywatch init watch --contact privacy-watch@example.org`
    """
    default = f"{getpass.getuser()}@{socket.gethostname()}"
    if contact is None and sys.stdin.isatty():
        contact = typer.prompt(
            "Your contact address, for the User-Agent", default=default
        )
    contact = contact or default
    if problem := contact_problem(contact):
        raise BadParameter(problem, param_hint="--contact")
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
        config = folder / config
    if config.exists() and not force:
        raise BadParameter(
            f"{config} is there already; --force overwrites it",
            param_hint="--config",
        )
    replace_file(config, starter(contact).encode())
    if folder:
        option = ""
        enter = f"cd {shlex.quote(str(folder))}, then "
    else:
        option = "" if config == CONFIG else f" --config {shlex.quote(str(config))}"
        enter = ""
    next_ = f"{enter}policywatch doctor{option}, then policywatch run{option}"
    console().print(f"Wrote {config}. {_SOURCES}\nNext: {next_}", soft_wrap=True)


_SOURCES = """LinkedIn's robots.txt turns unknown robots away, so twelve of its documents are
followed in Open Terms Archive's public repositories. Its other pages are read in copies of the Internet Archive
once three checks have failed. The file says how to read LinkedIn's own pages."""


def starter(contact: str) -> str:
    """Valid as it is, with `contact` for the User-Agent."""
    text = (files("policywatch.config") / "starter.toml").read_text("utf-8")
    return text.replace('"CONTACT"', json.dumps(contact))


@app.command()
def services(as_json: Json = False) -> None:
    """List the watchlists that ship, for `use` in the watchlist.

    None of their pages could be fetched where the lists were written; each file says so.

    Examples: `policywatch services` · `policywatch services --json`
    """
    lists = {name: shipped_documents(name) for name in shipped()}
    if as_json:
        return print_json(
            [
                {"name": name, "documents": documents}
                for name, documents in lists.items()
            ]
        )
    rows = []
    for name, documents in lists.items():
        kinds = ", ".join(dict.fromkeys(document["kind"] for document in documents))
        sources = Counter(
            DocumentEntry.model_validate(document).source_name
            for document in documents
        )
        read_at = "; ".join(f"{n}: {source}" for source, n in sources.items())
        rows.append(
            (name, documents[0]["service"], str(len(documents)), kinds, read_at)
        )
    return print_table(
        ("use", "service", "documents", "kinds", "read at"),
        rows,
        numbers=("documents",),
    )


@app.command()
def schedule(
    kind: Annotated[
        Kind,
        Argument(
            metavar="KIND", help=f"What is to start the job: {', '.join(KINDS)}."
        ),
    ],
    config: Config = CONFIG,
    every: Annotated[
        str, Option(help="How often the job looks for what is due: 30m, 1h.")
    ] = "1h",
    environment_file: Annotated[
        Path | None, Option(help="The file with the secrets (NAME=value lines).")
    ] = None,
    workers: Annotated[
        int,
        Option(
            min=0,
            max=1000,
            help="So many workers on one PostgreSQL, in place of one job.",
        ),
    ] = 0,
) -> None:
    """Print the ready job for this very installation; nothing is installed.

    Examples: `policywatch schedule cron` · `policywatch schedule systemd --every 30m`
    """
    installation = this_installation(
        _with_stored_routes(load(config)),
        every=every,
        environment_file=environment_file,
        workers=workers,
    )
    if environment_file is not None and not environment_file.exists():
        sys.stderr.write(
            f"policywatch: {environment_file} is not there yet: the job needs it, with the secrets in it\n"
        )
    sys.stdout.write(render(kind, installation))


def _with_stored_routes(watchlist: Watchlist) -> Watchlist:
    """As far as the store can be reached from here."""
    try:
        file = sqlite_file(parse_address(watchlist.database))
        if file is not None and not file.exists():
            return watchlist  # nothing is stored yet
        store = Database(watchlist.database, even_read_only=True, must_exist=True)
        with closing(store):
            return with_additions(watchlist, store)
    except StorageError as failure:
        sys.stderr.write(
            f"policywatch: the secrets of routes that were added on the pages are not listed: {failure}\n"
        )
        return watchlist
