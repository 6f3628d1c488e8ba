"""Options, exit statuses and output that commands share."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from notifier.escape import for_machines
from policywatch.config import DEFAULT_FILE
from policywatch.logs import LogFormat

OK, TROUBLE, WRONG_USE = 0, 1, 2

Config = Annotated[
    Path,
    typer.Option(
        "--config",
        "-c",
        envvar="POLICYWATCH_CONFIG",
        help="The watchlist file.",
        show_default=True,
    ),
]
Json = Annotated[
    bool, typer.Option("--json", help="Print JSON, for a program to read.")
]
Documents = Annotated[
    list[str] | None,
    typer.Option(
        "--document",
        "-d",
        metavar="ID",
        help="Only this document; can be given several times.",
    ),
]
Logs = Annotated[
    LogFormat | None,
    typer.Option(
        "--log-format",
        help="Log with times and levels: lines of text, or a JSON object a line.",
    ),
]
Port = Annotated[
    int,
    typer.Option(
        "--port", min=0, max=65535, help="The port to listen on; 0 takes a free one."
    ),
]
Why = Annotated[
    bool,
    typer.Option("--why", help="Say for each passage why it is classified as it is."),
]
CONFIG = Path(DEFAULT_FILE)
_UNWRAPPED = 100_000  # columns


def command_group(summary: str | None = None) -> typer.Typer:
    """Without a `summary` its callback is a command too."""
    shown: dict[str, Any] = (
        {"help": summary, "no_args_is_help": True} if summary else {}
    )
    group = typer.Typer(add_completion=False, rich_markup_mode="markdown", **shown)
    if summary:
        group.callback()(
            lambda: None
        )  # otherwise a group of one command becomes that command
    return group


def console() -> Console:
    """Styled on a terminal only; text is printed literally."""
    return Console(
        highlight=False, markup=False, emoji=False, soft_wrap=not sys.stdout.isatty()
    )


def print_table(
    headings: Sequence[str],
    rows: Iterable[Sequence[str | Text]],
    *,
    numbers: Sequence[str] = (),
) -> None:
    """Wrapped on a terminal; else a line for each row, for grep. Columns in `numbers` are right-aligned."""
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
    sys.stdout.write(f"{json_text(value, indent=1)}\n")


def json_text(value: Any, indent: int | None = None) -> str:
    """Unescaped where standard output allows it, except invisible characters."""
    takes_all = (sys.stdout.encoding or "utf-8").lower().startswith("utf")
    text = for_machines(json.dumps(value, ensure_ascii=False, indent=indent))
    return text if takes_all else json.dumps(json.loads(text), indent=indent)
