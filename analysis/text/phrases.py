"""Phrases of error pages, login pages and furniture: phrases/*.toml, by language."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib import resources

_KEYS = {
    "broken": "error gone challenge login redirect shell",
    "furniture": "consent choices cookies dismiss controls feedback counted counting matters "
    "related contents skip updated ago",
    "documents": "privacy terms cookies rules legal providers any",
    "links": "help earlier",
    "words": "common",
}
_Phrases = dict[
    str, dict[str, list[str]]
]  # by table and key; regexes ignoring case, except plain `words`


@cache
def _languages() -> dict[str, _Phrases]:
    """Raises `ValueError`."""
    files = (
        file
        for file in resources.files("analysis").joinpath("phrases").iterdir()
        if file.name.endswith(".toml")
    )
    return {
        file.name.removesuffix(".toml"): _checked(
            file.name, tomllib.loads(file.read_text("utf-8"))
        )
        for file in files
    }


def _checked(name: str, phrases: _Phrases) -> _Phrases:
    for table, rows in phrases.items():
        if table not in _KEYS:
            raise ValueError(
                f"{name}: no table {table!r}; there are {', '.join(_KEYS)}"
            )
        if unknown := sorted(rows.keys() - set(_KEYS[table].split())):
            known = ", ".join(_KEYS[table].split())
            raise ValueError(
                f"{name}: [{table}] has no key {unknown[0]!r}; it may have {known}"
            )
    return phrases


@cache
def pattern(table: str, key: str, *, whole: bool = False) -> re.Pattern[str]:
    """Of all languages; `whole`: the text is nothing else."""
    languages = (phrases for _, phrases in sorted(_languages().items()))
    phrases = [
        phrase
        for tables in languages
        for phrase in tables.get(table, {}).get(key, ())
    ]
    alternatives = "|".join(f"(?:{phrase})" for phrase in phrases) or r"(?!)"
    return re.compile(
        rf"\W*(?:{alternatives})\W*"
        if whole
        else rf"(?<!\w)(?:{alternatives})(?!\w)",
        re.IGNORECASE,
    )


@cache
def common_words() -> dict[str, frozenset[str]]:
    """By language."""
    return {
        language: frozenset(tables["words"]["common"])
        for language, tables in _languages().items()
    }


def kinds_of(title: str) -> frozenset[str]:
    """ "privacy", "terms" ...; "any" for a document of unknown kind."""
    return frozenset(
        kind
        for kind in _KEYS["documents"].split()
        if pattern("documents", kind).search(title)
    )
