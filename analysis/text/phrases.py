"""The phrases that tell an error page, a wall or page furniture: phrases/*.toml, one file a language."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources

TABLES = {
    "broken": ("error", "gone", "challenge", "login", "redirect", "shell"),
    "furniture": (
        "consent",
        "choices",
        "cookies",
        "dismiss",
        "controls",
        "top",
        "feedback",
        "counted",
        "counting",
        "reply",
        "signup",
        "promotes",
        "matters",
        "pager",
        "daily",
        "related",
        "contents",
        "skip",
        "visitor",
        "advert",
        "commented",
        "byline",
        "printed",
        "imprint",
        "updated",
        "ago",
    ),
    "documents": ("privacy", "terms", "cookies", "rules", "legal", "providers", "any"),
    "words": ("common",),
}


@dataclass(frozen=True, slots=True)
class Phrases:
    """One language's phrases, as regular expressions that ignore case; `words` are plain."""

    language: str
    broken: dict[str, tuple[str, ...]]
    furniture: dict[str, tuple[str, ...]]
    documents: dict[str, tuple[str, ...]]
    words: dict[str, tuple[str, ...]]


@cache
def all_phrases() -> tuple[Phrases, ...]:
    """Every language's, in the order of their codes. Raises ValueError where a file has a key that is not known."""
    found = []
    for file in sorted(resources.files("analysis").joinpath("phrases").iterdir(), key=lambda file: file.name):
        if not file.name.endswith(".toml"):
            continue
        tables = tomllib.loads(file.read_text("utf-8"))
        read: dict[str, dict[str, tuple[str, ...]]] = {}
        for table, keys in TABLES.items():
            rows = tables.pop(table, {})
            if unknown := sorted(set(rows) - set(keys)):
                raise ValueError(f"{file.name}: [{table}] has no key {unknown[0]!r}; it may have {', '.join(keys)}")
            read[table] = {key: tuple(rows.get(key, ())) for key in keys}
        if tables:
            raise ValueError(f"{file.name}: no table {sorted(tables)[0]!r}; there are {', '.join(TABLES)}")
        found.append(Phrases(file.name.removesuffix(".toml"), **read))
    return tuple(found)


def _any_of(phrases: Iterable[str]) -> str:
    return "|".join(f"(?:{phrase})" for phrase in phrases) or r"(?!)"


@cache
def pattern(table: str, key: str, *, whole: bool = False) -> re.Pattern[str]:
    """Finds any phrase of one kind, in whatever language; with `whole` only a text that is nothing else."""
    alternatives = _any_of(phrase for phrases in all_phrases() for phrase in getattr(phrases, table)[key])
    return re.compile(rf"\W*(?:{alternatives})\W*" if whole else rf"(?<!\w)(?:{alternatives})(?!\w)", re.IGNORECASE)


@cache
def words(key: str) -> dict[str, frozenset[str]]:
    """The plain words of one kind by language."""
    return {phrases.language: frozenset(phrases.words[key]) for phrases in all_phrases()}


def kinds_of(title: str) -> frozenset[str]:
    """What kinds of document a title names: "privacy", "terms" ...; "any" if it only says that it is one."""
    return frozenset(kind for kind in TABLES["documents"] if pattern("documents", kind).search(title))
