"""The commands that give what is stored to people and programs: serve, export."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated

from rich.console import Console
from typer import Argument, BadParameter, Option

from messages import Message, counted
from policywatch.atomic_file import replace_file
from policywatch.cli.opening import known, opened, reading
from policywatch.cli.options import (
    CONFIG,
    Change,
    Config,
    Documents,
    Logs,
    Port,
    checked,
    command_group,
    say,
)
from policywatch.cli.show import Service, Since, Until, changes_query
from policywatch.config.recipients import recipients
from policywatch.config.reloadable import Reloadable
from policywatch.config.schema import check_web_address
from policywatch.config.watchlist import Watchlist, load, same_database
from policywatch.entries import additions, with_additions
from policywatch.evidence.bundle import write_bundle
from policywatch.evidence.dataset import MANIFEST, export_data
from policywatch.evidence.warc import write_warc
from policywatch.ingest.extraction import extraction_configs
from policywatch.logs import start_logging
from policywatch.web.access import PASSWORD, TOKEN, Access, UnusablePassword, people
from policywatch.web.app import create_app
from policywatch.web.backend import WatchlistState
from policywatch.web.export import export_site
from policywatch.web.record import record
from policywatch.web.serving import Listening, hosts, root
from policywatch.web.serving import serve as listen
from storage.change_list import unknown_name
from storage.clock import utc_now
from storage.columns import MAX_INTEGER
from storage.documents import known as known_documents

app = command_group()

export = command_group("Write what is stored for use elsewhere.")
app.add_typer(export, name="export")


def _whole_names(names: list[str] | None) -> list[str] | None:
    for name in names or ():
        if name != "*" and "*" in name.removeprefix("*."):
            raise BadParameter(
                f"{name!r} is neither a name nor all names under one, like *.example.org"
            )
    return names


def _proxies(names: list[str] | None) -> list[str] | None:
    """Anything but an address would be kept as a name."""
    for name in names or ():
        try:
            ip_network(name if name != "*" else "0.0.0.0/0")
        except ValueError as failure:
            problem = f"{name!r} is no address or network, like 127.0.0.1 or 10.0.0.0/8; * trusts everybody"
            raise BadParameter(problem) from failure
    return names


@app.command()
def serve(
    config: Config = CONFIG,
    host: Annotated[str, Option(help="The address to listen on.")] = "127.0.0.1",
    port: Port = 8642,
    allowed_host: Annotated[
        list[str] | None,
        Option(
            metavar="NAME",
            callback=_whole_names,
            help="Answer to this name; several times.",
        ),
    ] = None,
    trusted_proxy: Annotated[
        list[str] | None,
        Option(
            metavar="ADDRESS",
            callback=_proxies,
            help="Trust X-Forwarded-* headers from this proxy.",
        ),
    ] = None,
    user_header: Annotated[
        str | None,
        Option(
            metavar="NAME",
            help="Trust this header of that proxy, like Remote-User, for who of the [[people]] signed in there.",
        ),
    ] = None,
    root_path: Annotated[
        str,
        Option(
            metavar="PATH",
            help="What a proxy puts before every address, like /watch.",
        ),
    ] = "",
    private: Annotated[
        bool, Option("--private", help="Let only those read who sign in.")
    ] = False,
    log_format: Logs = None,
) -> None:
    """Serve the pages: changes, documents, feeds. Everyone who reaches them can read.

    The watchlist's `[[people]]`, who sign in, can also review, edit and send again; so can who knows
    POLICYWATCH_PASSWORD of the environment, and a program with POLICYWATCH_TOKEN. The watchlist is read again when it
    was edited.

    Example: `policywatch serve --port 8642`
    """
    if user_header and not trusted_proxy:
        problem = "anybody could send it: give --trusted-proxy ADDRESS beside it"
        raise BadParameter(problem, param_hint="--user-header")
    by_proxy = user_header is not None
    known_people = Reloadable(
        config, lambda: people(load(config), os.environ, by_proxy=by_proxy)
    )
    try:
        logins = Access(
            password=os.environ.get(PASSWORD),
            token=os.environ.get(TOKEN),
            people=known_people,
            private=private,
        )
        where = Listening(
            host, port, trusted_proxy or (), root(root_path), user_header
        )
    except UnusablePassword as failure:
        raise BadParameter(str(failure), param_hint="the environment") from failure
    except ValueError as failure:
        raise BadParameter(str(failure), param_hint="--root-path") from failure
    start_logging(log_format)
    with opened(config, even_read_only=True, works=True) as (watchlist, database):
        try:
            names = hosts(where, allowed_host or (), watchlist.site)
        except ValueError as failure:
            raise BadParameter(str(failure), param_hint="--host") from failure

        def read() -> WatchlistState:
            current = same_database(load(config), watchlist, "serve")
            return _state(
                with_additions(current, database), is_needed=logins.knows_anyone
            )

        last_good = Reloadable(config, read, also=lambda: additions(database))
        app = create_app(
            database,
            allowed_hosts=names,
            access=logins,
            state=lambda: replace(last_good(), problem=last_good.problem),
            with_metrics=watchlist.web.metrics,
        )
        listen(app, where)


def _state(watchlist: Watchlist, *, is_needed: bool) -> WatchlistState:
    """Recipients are needed where texts can be accepted or readers subscribe."""
    state = WatchlistState(watchlist, extraction_configs(watchlist))
    is_needed = is_needed or watchlist.web.subscribe
    return replace(state, recipients=recipients(watchlist)) if is_needed else state


@export.command()
def site(
    folder: Annotated[
        Path,
        Argument(
            metavar="FOLDER", file_okay=False, help="Empty, or an earlier export."
        ),
    ],
    config: Config = CONFIG,
    address: Annotated[
        str | None,
        Option(
            "--site",
            metavar="URL",
            callback=checked(check_web_address),
            help="Where the folder will stand; `site` of the watchlist if left out.",
        ),
    ] = None,
    service: Service = None,
    since: Since = None,
    again: Annotated[bool, Option("--again", help="Make every file anew.")] = False,
) -> None:
    """Write the pages and feeds as files, for any host that serves files; they open from the disk too.

    Done again, it writes what changed, and takes away what is gone or not asked for any more.

    Example: `policywatch export site public --site https://policies.example.org --service LinkedIn`
    """
    with (
        opened(config, even_read_only=True) as (watchlist, database),
        Console(stderr=True).status("starting") as status,
    ):
        done = export_site(
            database,
            folder,
            today=utc_now().date(),
            site=address or watchlist.site or "",
            routes=watchlist.routes,
            query=changes_query({"service": service, "since": since}),
            again=again,
            progress=(lambda name: status.update(name[:70]))
            if sys.stderr.isatty()
            else (lambda _name: None),
        )
    first = folder / "index.html"
    say(
        f"{counted(done.written, 'file')} written, {done.unchanged} are as they were, "
        f"{done.removed} were removed: {first}"
    )


@export.command()
def data(
    folder: Annotated[
        Path,
        Argument(
            metavar="FOLDER", file_okay=False, help="New, or an earlier export."
        ),
    ],
    config: Config = CONFIG,
    service: Service = None,
    as_csv: Annotated[
        bool, Option("--csv", help="As CSV, not as JSON Lines.")
    ] = False,
) -> None:
    """Write documents, texts, changes, passages and checks as compressed JSON Lines or CSV, for research.

    Done again, it writes only the texts of documents with other ones, also after it was interrupted.

    Example: `policywatch export data dataset --service LinkedIn`
    """
    with (
        opened(config, even_read_only=True) as (_, database),
        Console(stderr=True).status("starting") as status,
    ):
        with database.reading() as session:
            wrong = unknown_name(session, "service", service or ())
            documents = known_documents(session, service or ())
        if wrong is not None:
            problem = f"nothing is stored of {wrong!r}"
            raise BadParameter(problem, param_hint="--service")
        done = export_data(
            database,
            folder,
            documents,
            form="csv" if as_csv else "jsonl",
            progress=status.update if sys.stderr.isatty() else (lambda _name: None),
        )
    say(
        f"{counted(done.written, 'file')} written, {done.unchanged} are as they were, "
        f"{counted(done.rows, 'row')} in all: {folder / MANIFEST}"
    )


@export.command()
def warc(
    file: Annotated[
        Path,
        Argument(
            metavar="FILE", dir_okay=False, help="Compressed if it ends in .gz."
        ),
    ],
    config: Config = CONFIG,
    document: Documents = None,
) -> None:
    """Write the captures as a WARC 1.1 file, which the tools of web archives read.

    Example: `policywatch export warc policies.warc.gz --document linkedin/privacy-policy`
    """
    with reading(config) as (watchlist, session):
        written = write_warc(session, file, known(watchlist, document))
    say(f"{counted(written, 'capture')} written: {file}")


@export.command()
def evidence(
    change: Change,
    path: Annotated[
        Path,
        Argument(
            metavar="PATH", help="A new folder, or a ZIP file if it ends in .zip."
        ),
    ],
    config: Config = CONFIG,
) -> None:
    """Write all that proves a change, for whoever wants to check it without policywatch; its README.txt says how.

    Example: `policywatch export evidence 17 change-17.zip`
    """
    with reading(config) as (watchlist, session):
        lacks = write_bundle(session, change, path, watchlist)
    say(f"Written: {path}")
    for problem in lacks:
        say(f"Without {problem}")


@export.command()
def pdf(
    file: Annotated[Path, Argument(metavar="FILE", dir_okay=False)],
    change: Annotated[
        int | None,
        Argument(metavar="[CHANGE]", max=MAX_INTEGER, help="Its number."),
    ] = None,
    config: Config = CONFIG,
    service: Service = None,
    since: Since = None,
    until: Until = None,
) -> None:
    """Write a change, or all of a period, with their reviews as PDF, for a record. It needs a Chromium.

    Examples: `policywatch export pdf change-17.pdf 17` · `policywatch export pdf march.pdf --since 2026-03-01`
    """
    query = changes_query({"service": service, "since": since, "until": until})
    with reading(config) as (watchlist, session):
        content = record(
            session,
            query.filter if change is None else change,
            extraction_configs(watchlist),
            watchlist.site,
        )
    if isinstance(content, Message):
        sys.exit(f"policywatch: {content}")
    replace_file(file, content)
    say(f"Written: {file}")
