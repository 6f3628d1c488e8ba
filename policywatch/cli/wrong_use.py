"""What Typer finds wrong with the words of a command, in the one line that every other failure takes."""

from __future__ import annotations

import typer
from pydantic import ValidationError

from policywatch.config.errors import explained_value


def wrong_use(failure: typer.TyperException) -> str:
    """What is wrong, and how to write it; nothing where Typer has shown the whole help instead."""
    if isinstance(failure, typer.BadParameter) and failure.message:
        return ": ".join(filter(None, (_name(failure), _problem(failure))))
    message = failure.format_message().removesuffix(".")
    context = getattr(failure, "ctx", None)
    more = f" (`{context.command_path} --help` says what there is)" if context else ""
    return f"{message[0].lower()}{message[1:]}{more}" if message else ""


def _name(failure: typer.BadParameter) -> str:
    hint = (
        failure.param_hint
        or (failure.param.get_error_hint() if failure.param else None)
        or ""
    )
    return (hint if isinstance(hint, str) else " / ".join(hint)).replace("'", "")


def _problem(failure: typer.BadParameter) -> str:
    """Typer has Pydantic judge values."""
    if isinstance(failure.__cause__, ValidationError):
        return explained_value(failure.__cause__.errors()[0])
    return failure.message.removesuffix(".")
