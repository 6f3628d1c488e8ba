"""Whether words were exchanged for others that say the same: "delete" for "remove". `synonyms.toml` lists them."""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files

from analysis.text.looks import looks

_BAR = re.compile(r"\|(?![^()]*\))")  # between two phrases, not within brackets
_MOST = 16  # words of an exchange; more are a clause of their own


def say_the_same(some: Sequence[str], others: Sequence[str]) -> bool:
    """Whether these keys of words (`keyed_words`) have one meaning, each word or turn of phrase for its like."""
    if not some or not others or max(len(some), len(others)) > _MOST:
        return False
    return _meanings(some) == _meanings(others)


def _meanings(keys: Sequence[str]) -> list[str]:
    empty = looks().words.empty
    found = " ".join(keys)
    if _any_meaning().search(found):
        found = _meaning().sub(lambda phrase: f"={phrase.lastgroup}", found)
    return [word for word in found.split() if word not in empty]


@cache
def _meaning() -> re.Pattern[str]:
    """All turns of phrase as one regex, a group a meaning; a longer one is told from a shorter that it begins with."""
    return _phrases(
        f"(?P<{language}{number}>{alternatives})"
        for language, lines in _lines().items()
        for number, alternatives in enumerate(lines)
    )


@cache
def _any_meaning() -> re.Pattern[str]:
    """Whether there is one of them at all: without groups, and written by their first letters, that is told soon."""
    rests: defaultdict[str, list[str]] = defaultdict(list)
    for phrase in (phrase for lines in _lines().values() for line in lines for phrase in _BAR.split(line)):
        first = phrase[0] if phrase[0].isalpha() and phrase[1:2] not in ("?", "*") else ""
        rests[first].append(phrase.removeprefix(first))
    return _phrases(f"{first}(?:{'|'.join(rest)})" for first, rest in rests.items())


def _phrases(alternatives: Iterable[str]) -> re.Pattern[str]:
    return re.compile(rf"(?<!\S)(?:{'|'.join(alternatives)})(?!\S)")


@cache
def _lines() -> dict[str, list[str]]:
    return tomllib.loads((files("analysis") / "synonyms.toml").read_text("utf-8"))
