"""The command line."""

from __future__ import annotations

import errno
import os
import sys
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated

import typer

from analysis.model import UnfitModel, UnreadablePage
from policywatch.cli.commands import LazyGroup
from policywatch.cli.options import OK, TROUBLE, WRONG_USE
from policywatch.config.errors import BadPairs, WatchlistError
from policywatch.logs import log
from policywatch.schedule.interval import CannotSchedule
from policywatch.sources.repository import ArchiveUnreachable, NotAnArchive
from storage.errors import DamagedCapture, DamagedValue, StorageError, Unknown

_CTRL_C = 130  # Typer makes this status of it
_STOPPED = "stopped; what was finished is kept"


def _show_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version  # loads slowly

        sys.stdout.write(f"policywatch {version('policywatch')}\n")
        raise typer.Exit


app = typer.Typer(
    cls=LazyGroup,
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
) -> None:
    """Watch the public policies of online services, and tell people when a change touches AI or their data."""


def main() -> None:
    """The console script: every expected failure becomes one clear message and the exit status of the contract."""
    _open_what_is_closed()
    os.umask(
        0o077
    )  # the store knows who subscribed, and others could lock the lock; `export` writes for everyone
    os.environ.setdefault(
        "OPENBLAS_NUM_THREADS", "1"
    )  # for matrices as small as ours, more threads only wait
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(
            errors="replace"
        )  # a terminal that lacks a character gets a question mark
    try:
        status = app(standalone_mode=False)
    except typer.TyperException as failure:
        from policywatch.cli.wrong_use import (
            wrong_use,
        )  # loads Pydantic, which --help does without

        sys.exit(_say(wrong_use(failure), WRONG_USE))
    except (WatchlistError, Unknown, CannotSchedule, BadPairs, NotAnArchive) as failure:
        sys.exit(_say(str(failure), WRONG_USE))
    except (
        DamagedCapture,
        DamagedValue,
        StorageError,
        UnfitModel,
        UnreadablePage,
        ArchiveUnreachable,
    ) as failure:
        sys.exit(_say(str(failure), TROUBLE))
    except OSError as failure:
        sys.exit(_say(_of_the_system(failure), TROUBLE))
    except typer.Abort:  # a question got no answer
        sys.exit(_say(_STOPPED, TROUBLE))
    sys.exit(_say(_STOPPED, status) if status == _CTRL_C else status or OK)


def _open_what_is_closed() -> None:
    """Else a file that is opened next, the database say, gets the number of the output, and what is printed there."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115  # until the end


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
