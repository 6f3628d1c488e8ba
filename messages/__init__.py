"""Why a check brought no text that is believed, and why a change is told or not: sentences in every language of the
pages, each under a code.

Crawler and analysis find the reason, storage keeps it, pages and notices say it in the reader's language.
docs/decisions/0022 says why it is kept twice, as a sentence and as a code with its values.
"""

from __future__ import annotations

import errno
import os
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, partial, reduce
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

ENGLISH = "en"

Value = str | int | float
Text = TypeVar("Text", bound=str)


class Reason(str):
    """The sentence in English, with what it takes to say it in another language.

    A value may be a reason itself. Raises `KeyError` for a code without a sentence, or a sentence without its value.
    """

    code: str
    values: dict[str, Value]

    def __new__(cls, code: str, **values: Value) -> Reason:
        made = super().__new__(cls, sentences(ENGLISH)[code].format(**values))
        made.code, made.values = code, values
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(Reason, self.code, **self.values), ()

    def as_json(self) -> dict[str, Any]:
        """As it is stored beside the sentence."""
        values = {name: one.as_json() if isinstance(one, Reason) else one for name, one in self.values.items()}
        return {"code": self.code, "values": values}


def from_json(stored: Mapping[str, Any]) -> Reason:
    """The reason that `as_json` was stored of."""
    values = {name: from_json(one) if isinstance(one, Mapping) else one for name, one in stored["values"].items()}
    return Reason(stored["code"], **values)


def code_of(said: str | None) -> dict[str, Any] | None:
    """What is stored beside a sentence; nothing where it is in somebody's own words."""
    return said.as_json() if isinstance(said, Reason) else None


def listed(code: str, those: Iterable[Text]) -> Text | Reason:
    """Several as one, each once, joined two by two by the sentence of this code ("{first}, {second}"); at least one."""
    each: Iterable[Text | Reason] = dict.fromkeys(those)
    return reduce(lambda first, second: Reason(code, first=first, second=second), each)


def of_system(number: int) -> str:
    """What the system calls a failure, by its number: a `Reason` where it has a sentence here."""
    code = f"errno.{errno.errorcode.get(number)}"
    return Reason(code) if known(code) else os.strerror(number)


def of_mistake(mistake: Exception) -> Reason:
    """What is said of a page that the program itself tripped over: enough to report it to those who wrote it; or what
    the failure itself says."""
    if isinstance(reason := getattr(mistake, "reason", None), Reason):
        return reason
    return Reason("mistake.page", kind=type(mistake).__name__, said=repr(str(mistake))[:200])


class Told(NamedTuple):
    """A reason as a reader gets it, and the language that it is in."""

    text: str
    language: str


def told(sentence: str | None, stored: Mapping[str, Any] | None, language: str) -> Told:
    """A stored reason in this language; the English sentence where an older or a newer release stored it otherwise."""
    if language != ENGLISH and stored is not None:
        try:
            return Told(_said(stored, language), language)
        except (FileNotFoundError, KeyError, TypeError):  # no such language, or not a code or values of this release
            pass
    return Told(sentence or "", ENGLISH)


def told_each(those: Sequence[str], stored: Sequence[Mapping[str, Any]] | None, language: str) -> list[Told]:
    """Several stored reasons in this language."""
    known_codes = stored if stored and len(stored) == len(those) else [None] * len(those)
    return [told(sentence, code, language) for sentence, code in zip(those, known_codes, strict=True)]


@cache
def sentences(language: str) -> Mapping[str, str]:
    """Every sentence by its dotted code. Raises `FileNotFoundError` for a language that there is no file of."""
    with (Path(__file__).parent / f"{language}.toml").open("rb") as file:
        return {
            f"{table}.{name}": sentence for table, each in tomllib.load(file).items() for name, sentence in each.items()
        }


def known(code: str) -> bool:
    """Whether there is a sentence for this code."""
    return code in sentences(ENGLISH)


def _said(stored: Mapping[str, Any], language: str) -> str:
    values = {name: _said(one, language) if isinstance(one, Mapping) else one for name, one in stored["values"].items()}
    return sentences(language)[stored["code"]].format(**values)
