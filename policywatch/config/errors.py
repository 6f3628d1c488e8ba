"""What is wrong with a watchlist: file, line, key, what was found, what is allowed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rapidfuzz.process import extractOne

_SECRETS = {
    "to",
    "database",
    "heartbeat",
    "model_key",
    "password",
}  # may hold a password
HIDDEN = "hidden"  # the value is secret
# by pydantic's type of error
_WRITE = {
    "string_type": "write a text, in quotes",
    "string_too_short": "write at least a letter",
    "list_type": 'write a list, in brackets, like ["a", "b"]',
    "too_short": "write at least {min_length}",
    "too_long": "write at most {max_length}",
    "bool_type": "allowed: true, false",
    "float_type": "write a number, without quotes",
    "int_type": "write a whole number, without quotes",
    "int_from_float": "write a whole number",
    "int_parsing": "write a whole number",
    "date_parsing": "write a day, like 2026-03-02",
    "date_from_datetime_parsing": "write a day, like 2026-03-02",
    "literal_error": "allowed: {expected}",
    "greater_than_equal": "allowed: {ge} and more",
    "less_than_equal": "allowed: up to {le}",
    "model_type": "write a table, in brackets, with keys below it",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """`line` is None where no line is to blame."""

    file: Path
    line: int | None
    key: str
    text: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else str(self.file)
        return (
            f"{place}: {self.key}: {self.text}"
            if self.key
            else f"{place}: {self.text}"
        )


class WatchlistError(Exception):
    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


def dotted(loc: Sequence[int | str]) -> str:
    text = ""
    for part in loc:
        text += (
            f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
        )
    return text


def explained(error: Any, key: Sequence[int | str], known: Sequence[str]) -> str:
    name = str(key[0]) if key else ""
    value = "" if not name or name in _SECRETS else f"found {error['input']!r}; "
    match error["type"]:
        case "missing":
            return "is missing"
        case kind if kind == HIDDEN:
            return str(error["msg"])
        case "extra_forbidden":
            return f"is not a key that is known here{nearest(str(error['loc'][-1]), known)}"
        case "value_error":
            return f"{value}{error['ctx']['error']}"
        case kind if kind in _WRITE:
            return f"{value}{_to_write(error)}"
        case _:
            return f"{value}{error['msg'][0].lower()}{error['msg'][1:]}"


def explained_value(error: Any) -> str:
    """For a value outside a table."""
    if error["type"] in _WRITE:
        return f"found {error['input']!r}; {_to_write(error)}"
    return str(error.get("ctx", {}).get("error", error["msg"])).removesuffix(".")


def _to_write(error: Any) -> str:
    context = error.get("ctx", {})
    limits = {
        name: f"{limit:g}" if isinstance(limit, float) else limit
        for name, limit in context.items()
    }
    return _WRITE[error["type"]].format(**limits)


def nearest(word: str, known: Sequence[str]) -> str:
    """As the end of a sentence."""
    close = extractOne(word, known, score_cutoff=65)
    return (
        f"; did you mean {close[0]!r}?"
        if close
        else f"; allowed: {', '.join(known)}"
    )


class BadPairs(Exception):
    pass
