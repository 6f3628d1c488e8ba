"""What the commands share: options, exit statuses, opening what they work on."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from policywatch.config.errors import WatchlistError
from policywatch.config.watchlist import DEFAULT_FILE, NOTHING_WATCHED, Watchlist, contact_problem, load
from policywatch.logs import LogFormat, log
from policywatch.sanitize import harmless

if TYPE_CHECKING:
    from policywatch.config.recipients import Recipients
    from policywatch.doctor import Finding
    from storage.database import Database

OK, TROUBLE, WRONG_USE = 0, 1, 2

Config = Annotated[
    Path,
    typer.Option("--config", "-c", envvar="POLICYWATCH_CONFIG", help="The watchlist file.", show_default=True),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for a program to read.")]
Documents = Annotated[
    list[str] | None,
    typer.Option("--document", "-d", metavar="ID", help="Only this document; can be given several times."),
]
Logs = Annotated[
    LogFormat | None,
    typer.Option("--log-format", help="Log with times and levels: lines of text, or a JSON object a line."),
]
Port = Annotated[int, typer.Option("--port", min=0, max=65535, help="The port to listen on; 0 takes a free one.")]
CONFIG = Path(DEFAULT_FILE)
_UNWRAPPED = 100_000  # columns


def console() -> Console:
    """Standard output: colours and width of the terminal, plain where there is none. Text is printed as it stands."""
    return Console(highlight=False, markup=False, emoji=False, soft_wrap=not sys.stdout.isatty())


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str | Text]], *, numbers: Sequence[str] = ()) -> None:
    """Wrapped to the width of a terminal; anywhere else a row is a line, however long, for grep and its like.

    The columns that `numbers` names stand to the right.
    """
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        if heading in numbers:
            table.add_column(heading, justify="right", no_wrap=True)
        else:
            table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*row)
    if sys.stdout.isatty():
        console().print(table)
        return
    wide = console()
    wide.width = _UNWRAPPED
    with wide.capture() as written:
        wide.print(table)
    sys.stdout.writelines(f"{line.rstrip()}\n" for line in written.get().splitlines())


def print_json(value: Any) -> None:
    """One JSON value on standard output."""
    sys.stdout.write(f"{json_text(value, indent=1)}\n")


def json_text(value: Any, indent: int | None = None) -> str:
    """With characters as they are, where standard output can take them all."""
    takes_all = (sys.stdout.encoding or "utf-8").lower().startswith("utf")
    return json.dumps(value, ensure_ascii=not takes_all, indent=indent)


def print_findings(findings: Sequence[Finding], *, quiet: bool, as_json: bool) -> None:
    """What was looked at, a line each; with `quiet` only what is wrong."""
    if as_json:
        print_json([{"good": one.good, "about": one.about, "said": one.said} for one in findings])
        return
    for one in findings:
        if not (quiet and one.good):
            mark = Text("ok    ", style="green") if one.good else Text("FIX   ", style="bold red")
            console().print(mark + Text(f"{one.about}: {harmless(one.said)}"))


@contextmanager
def opened(
    config: Path, *, even_read_only: bool = False, upgrade: bool = False
) -> Iterator[tuple[Watchlist, Database]]:
    """The watchlist, checked, and its database; `even_read_only` for commands that only show, and never upgrade it."""
    from storage.database import Database  # loads slowly, and half of the commands need none
    from storage.errors import WrongAddress

    watchlist = load(config)
    upgrade = upgrade or (watchlist.upgrade and not even_read_only)
    try:
        database = Database(watchlist.database, even_read_only=even_read_only, upgrade=upgrade)
    except WrongAddress as failure:
        raise WatchlistError([watchlist.problem("database", str(failure))]) from failure
    if database.copy:
        log.warning("the database was upgraded; as it was, it is kept in %s", database.copy)
    try:
        yield watchlist, database
    finally:
        database.close()


def known(watchlist: Watchlist, ids: list[str] | None, hint: str = "--document") -> list[str]:
    """The ids, all of them in the watchlist; else the command was used wrongly."""
    for id_ in ids or []:
        if watchlist.document(id_) is None:
            names = ", ".join(entry.id for entry in watchlist.documents) or "none"
            raise typer.BadParameter(f"{id_!r} is not in {watchlist.file}; it has: {names}", param_hint=hint)
    return ids or []


def who_is_told(watchlist: Watchlist) -> Recipients:
    """Who is told; what is wrong with the operator's own templates is said, and ours are used instead."""
    from notifier.try_templates import template_problems
    from policywatch.config.recipients import recipients

    found = recipients(watchlist)
    for problem in template_problems(found.templates):
        log.warning("your templates: %s; ours is used instead", problem)
    return found


def ready(watchlist: Watchlist) -> Watchlist:
    """A watchlist that can go out: it watches something, and servers are told whom to write to."""
    if said := contact_problem(watchlist.contact):
        raise WatchlistError([watchlist.problem("contact", said)])
    if not watchlist.documents:
        raise WatchlistError([watchlist.problem("", NOTHING_WATCHED)])
    return watchlist
