"""What is wrong with a watchlist, said so that it can be mended: file, line, key, what was found, what is allowed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from rapidfuzz.process import extractOne

_SECRETS = {"to", "database", "heartbeat", "model_key"}  # what stands there may hold a password: never shown
HIDDEN = "hidden"  # the type of an error whose value holds a password
# what pydantic says of programs, said of a file; by its type of error
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
    """One thing to mend; `line` is None where no line of the file is to blame."""

    file: Path
    line: int | None
    key: str
    said: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else str(self.file)
        return f"{place}: {self.key}: {self.said}" if self.key else f"{place}: {self.said}"


class WatchlistError(Exception):
    """The watchlist can't be used; nothing was done."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Section:
    """A table of a watchlist file: `[crawl]` (index None) or the index-th `[[documents]]`; name "" is the top."""

    file: Path
    lines: tuple[str, ...]
    name: str = ""
    index: int | None = None

    def problem(self, key: str, said: str) -> Problem:
        place = f"{self.name}[{self.index}]" if self.index is not None else self.name
        dotted = ".".join(part for part in (place, key) if part)
        return Problem(self.file, self._line(key.split("[")[0].split(".")[0]), dotted, said)

    def problems(self, error: ValidationError, known: Sequence[str]) -> list[Problem]:
        """What pydantic found, in our words; `known` are the keys that may stand here."""
        return [
            self.problem(_key(found["loc"]), _problem_text(found, known)) for found in error.errors(include_url=False)
        ]

    def _line(self, key: str) -> int | None:
        """The line of the key, else of the table's header."""
        start = self._header()
        if start is None:
            return None
        for number, line in enumerate(self.lines[start:], start + 1):
            if re.match(r"\s*\[", line) and not re.match(r"\s*\[[^\]]*\]\s*=", line):
                break
            if re.match(rf"""\s*["']?{re.escape(key)}["']?\s*=""", line):
                return number
        return start or self._opened(key)

    def _opened(self, name: str) -> int | None:
        """The line of the first table of that name, which is none that the top knows."""
        header = re.compile(rf"\s*\[\[?\s*{_dotted(name)}\s*[].]")
        return next((number for number, line in enumerate(self.lines, 1) if name and header.match(line)), None)

    def _header(self) -> int | None:
        """How many lines come before the table's first key; 0 for the top of the file."""
        if not self.name:
            return 0
        opening = r"\[\[" if self.index is not None else r"\["
        header = re.compile(rf"\s*{opening}\s*{_dotted(self.name)}\s*\]")
        seen = -1
        for number, line in enumerate(self.lines, 1):
            if header.match(line):
                seen += 1
                if seen == (self.index or 0):
                    return number
        return None


def _dotted(name: str) -> str:
    """A regular expression for a table's name, its parts quoted or not."""
    return r"\s*\.\s*".join(rf"""["']?{re.escape(part)}["']?""" for part in name.split(".", 1))


def _key(loc: Sequence[int | str]) -> str:
    text = ""
    for part in loc:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _problem_text(found: Any, known: Sequence[str]) -> str:
    name = str(found["loc"][0]) if found["loc"] else ""
    value = "" if not name or name in _SECRETS else f"found {found['input']!r}; "
    match found["type"]:
        case "missing":
            return "is missing"
        case kind if kind == HIDDEN:
            return str(found["msg"])
        case "extra_forbidden":
            return f"is not a key that is known here{nearest(str(found['loc'][-1]), known)}"
        case "value_error":
            return f"{value}{found['ctx']['error']}"
        case kind if kind in _WRITE:
            return f"{value}{_to_write(found)}"
        case _:
            return f"{value}{found['msg'][0].lower()}{found['msg'][1:]}"


def said_of(found: Any) -> str:
    """What pydantic found wrong with a value that stands alone, in our words."""
    if found["type"] in _WRITE:
        return f"found {found['input']!r}; {_to_write(found)}"
    return str(found.get("ctx", {}).get("error", found["msg"])).removesuffix(".")


def _to_write(found: Any) -> str:
    limits = {name: f"{said:g}" if isinstance(said, float) else said for name, said in found.get("ctx", {}).items()}
    return _WRITE[found["type"]].format(**limits)


def nearest(word: str, known: Sequence[str]) -> str:
    """What a word that is not known may stand for, as the end of a sentence."""
    close = extractOne(word, known, score_cutoff=65)
    return f"; did you mean {close[0]!r}?" if close else f"; allowed: {', '.join(known)}"


class BadPairs(Exception):
    """A line of a pairs file is not what it should be."""
