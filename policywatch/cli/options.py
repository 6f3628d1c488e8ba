"""Options, exit statuses and output that commands share."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, is_dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import BaseModel
from rich.console import Console
from rich.table import Table
from rich.text import Text
from typer import Argument, BadParameter, Option

from messages import Message
from notifier.escape import for_machines
from policywatch.config import DEFAULT_FILE
from policywatch.logs import LogFormat
from policywatch.sanitize import sanitize
from storage.columns import MAX_INTEGER

OK, TROUBLE, WRONG_USE = 0, 1, 2

Config = Annotated[
    Path,
    Option(
        "--config",
        "-c",
        envvar="POLICYWATCH_CONFIG",
        help="The watchlist file.",
        show_default=True,
    ),
]
Json = Annotated[bool, Option("--json", help="Print JSON, for a program to read.")]
Documents = Annotated[
    list[str] | None,
    Option(
        "--document",
        "-d",
        metavar="ID",
        help="Only this document; can be given several times.",
    ),
]
Logs = Annotated[
    LogFormat | None,
    Option(
        "--log-format",
        help="Log with times and levels: lines of text, or a JSON object a line.",
    ),
]
Port = Annotated[
    int,
    Option(
        "--port",
        min=0,
        max=65535,
        help="The port to listen on; 0 takes a free one.",
    ),
]
Change = Annotated[
    int,
    Argument(
        metavar="CHANGE", max=MAX_INTEGER, help="Its number, as `history` lists it."
    ),
]
Yes = Annotated[bool, Option("--yes", "-y", help="Do it without asking.")]
Why = Annotated[
    bool,
    Option("--why", help="Say for each passage why it is classified as it is."),
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
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=not sys.stdout.isatty(),
    )


def say(text: str = "") -> None:
    """A line, which the terminal alone breaks, so that a command in it can be copied."""
    console().print(sanitize(text), soft_wrap=True)


def checked(check: Callable[[str], str]) -> Callable[[str | None], str | None]:
    """The callback of a parameter whose `check` raises `ValueError`."""

    def callback(text: str | None) -> str | None:
        try:
            return check(text) if text else None
        except ValueError as failure:
            raise BadParameter(f"found {text!r}; {failure}") from failure

    return callback


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
    sys.stdout.writelines(
        f"{line.rstrip()}\n" for line in written.get().splitlines()
    )


def print_json(value: Any) -> None:
    sys.stdout.write(f"{json_text(value, indent=1)}\n")


def json_text(value: Any, indent: int | None = None) -> str:
    """Unescaped where standard output allows it, except invisible characters."""
    takes_all = (sys.stdout.encoding or "utf-8").lower().startswith("utf")
    text = json.dumps(value, ensure_ascii=False, indent=indent, default=_plain)
    text = for_machines(text)
    return text if takes_all else json.dumps(json.loads(text), indent=indent)


def _plain(value: object) -> Any:
    match value:
        case BaseModel():
            return value.model_dump(mode="json")
        case date():
            return value.isoformat()
        case _ if is_dataclass(value) and not isinstance(value, type | Message):
            return asdict(value)
    return str(value)  # a message, in English
