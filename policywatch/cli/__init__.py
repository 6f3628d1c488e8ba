"""The command line."""

from __future__ import annotations

import atexit
import ctypes
import errno
import gc
import os
import sys
from contextlib import suppress
from importlib import import_module
from importlib.metadata import version
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from typer.core import TyperGroup
from typer.main import get_group

from analysis.model import UnfitModel, UnreadablePage
from policywatch.cli.options import OK, TROUBLE, WRONG_USE
from policywatch.config.errors import BadPairs, WatchlistError, explained_value
from policywatch.logs import log, start_logging
from policywatch.sanitize import terminal_reason
from policywatch.schedule.installation import CannotSchedule
from policywatch.sources.repository import ArchiveUnreachable, NotAnArchive
from storage.errors import DamagedCapture, DamagedValue, StorageError, Unknown

_M_MMAP_THRESHOLD = -3  # of malloc.h

# by heading of the help: each command with the module of its `app`
COMMANDS = {
    "Setting up": {
        "init": "setup",
        "add": "documents",
        "watchlist": "documents",
        "doctor": "database",
        "services": "setup",
        "schedule": "setup",
        "demo": "demo",
        "database": "database",
        "verify": "database",
    },
    "The job": {
        "run": "run",
        "crawl": "job",
        "read": "job",
        "watch": "job",
        "worker": "job",
        "accept": "curation",
        "reject": "curation",
        "withdraw": "curation",
        "split": "curation",
        "ignore": "curation",
        "unignore": "curation",
        "deliver": "alerts",
        "alerts": "alerts",
        "routes": "alerts",
        "reader": "reader",
    },
    "Showing": {
        "history": "show",
        "show": "show",
        "compare": "files",
        "try": "files",
        "changes": "show",
        "review": "curation",
        "ask": "reader",
        "journal": "show",
        "documents": "documents",
        "today": "show",
    },
    "The pages": {"serve": "pages", "mcp": "mcp", "export": "pages"},
    "Histories of others": {"import": "imports"},
}
_CTRL_C = 130  # Typer's status for it
_STOPPED = "stopped; what was finished is kept"


class _LazyGroup(TyperGroup):
    """Imports a command's module on demand, as Click documents."""

    commands: dict[str, Any]

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = {name: None for rows in COMMANDS.values() for name in rows}

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002  # the signature is Typer's
        if self.commands.get(cmd_name) is None:
            for heading, rows in COMMANDS.items():
                if cmd_name in rows:
                    module = import_module(f"policywatch.cli.{rows[cmd_name]}")
                    command: Any = get_group(module.app).commands[cmd_name]
                    command.rich_help_panel = heading
                    self.commands[cmd_name] = command
            gc.freeze()  # imported modules stay
        return self.commands.get(cmd_name)


def _show_version(asked: bool) -> None:
    if asked:
        sys.stdout.write(f"policywatch {version('policywatch')}\n")
        raise typer.Exit


app = typer.Typer(
    cls=_LazyGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def _options(
    _version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_show_version,
            is_eager=True,
            help="Say which version this is.",
        ),
    ] = False,
    verbose: Annotated[
        bool,
        typer.Option(
            "--verbose",
            "-v",
            help="Log on standard error what is decided of each document, and why.",
        ),
    ] = False,
) -> None:
    """Watch the public policies of online services, and tell people when a change touches AI or their data."""
    if verbose:
        start_logging(None, verbose=True)


def main() -> None:
    """The console script: expected failures become one message and the contract's exit status."""
    # little of our garbage is cyclic, and a full collection takes 80 ms
    gc.set_threshold(10_000, 10, 100)
    # glibc's; else bodies of pages fragment the heap
    with suppress(AttributeError):
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, 64 << 10)
    _open_what_is_closed()
    # the store knows subscribers, and its lock could be held by others; `export` makes files public
    os.umask(0o077)
    # more threads only wait, for matrices this small
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if isinstance(sys.stdout, TextIOWrapper):
        # replaces characters that the terminal lacks
        sys.stdout.reconfigure(errors="replace")
    atexit.register(_drop_unwritten_log)
    try:
        status = app(standalone_mode=False)
    except typer.TyperException as failure:
        sys.exit(_say(_wrong_use(failure), WRONG_USE))
    except (
        WatchlistError,
        Unknown,
        CannotSchedule,
        BadPairs,
        NotAnArchive,
    ) as failure:
        sys.exit(_say(str(failure), WRONG_USE))
    except UnreadablePage as failure:
        sys.exit(_say(terminal_reason(failure.reason), TROUBLE))
    except (
        DamagedCapture,
        DamagedValue,
        StorageError,
        UnfitModel,
        ArchiveUnreachable,
    ) as failure:
        sys.exit(_say(str(failure), TROUBLE))
    except OSError as failure:
        sys.exit(_say(_of_the_system(failure), TROUBLE))
    except typer.Abort:  # a question without an answer
        sys.exit(_say(_STOPPED, TROUBLE))
    sys.exit(_say(_STOPPED, status) if status == _CTRL_C else status or OK)


def _open_what_is_closed() -> None:
    """Otherwise the next opened file, say the database, gets standard output's number and whatever is printed."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115  # until the end


def _drop_unwritten_log() -> None:
    """What a full disk does not take would turn the exit status into 120."""
    try:
        sys.stderr.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def _wrong_use(failure: typer.TyperException) -> str:
    """With the correct form; empty where Typer printed the help."""
    if isinstance(failure, typer.BadParameter) and failure.message:
        cause = failure.__cause__  # Typer validates with Pydantic
        problem = (
            explained_value(cause.errors()[0])
            if isinstance(cause, ValidationError)
            else failure.message.removesuffix(".")
        )
        return ": ".join(filter(None, (_name(failure), problem)))
    message = failure.format_message().removesuffix(".")
    context = getattr(failure, "ctx", None)
    more = (
        f" (`{context.command_path} --help` says what there is)" if context else ""
    )
    return f"{message[0].lower()}{message[1:]}{more}" if message else ""


def _name(failure: typer.BadParameter) -> str:
    hint = (
        failure.param_hint
        or (failure.param.get_error_hint() if failure.param else None)
        or ""
    )
    return (hint if isinstance(hint, str) else " / ".join(hint)).replace("'", "")


def _of_the_system(failure: OSError) -> str:
    problem = failure.strerror or str(failure)
    named = f"{failure.filename}: {problem}" if failure.filename else problem
    return (
        f"{named}; what was finished is kept"
        if failure.errno in (errno.ENOSPC, errno.EDQUOT)
        else named
    )


def _say(text: str, status: int) -> int:
    if text and log.root.handlers:
        log.error("%s", text, extra={"event": "broke off"})
    elif text:
        sys.stderr.write(f"policywatch: {text}\n")
    return status
