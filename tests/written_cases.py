"""The cases of tests/cases: short texts of a document before and after, and what a person says of the change."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from analysis.compare import compare
from analysis.extract import read_page
from analysis.model import Comparison, Page

CASES = Path(__file__).with_name("cases")


Case = dict[str, Any]


@cache
def cases() -> list[Any]:
    found = []
    for language in ("en", "fr"):
        written: list[Case] = tomllib.loads(
            (CASES / f"{language}.toml").read_text("utf-8")
        )["case"]
        found += [
            pytest.param(
                {"language": language, **case}, id=f"{language}: {case['name']}"
            )
            for case in written
        ]
    return found


@cache
def frame(document: str, language: str) -> str:
    return (CASES / f"{document}.{language}.md").read_text("utf-8")


def page(case: Case, text: str) -> Page:
    """The text in a document that has other sections, too; without a section it stands above them, below the title."""
    return _page(case["document"], case["language"], case["section"], text)


@cache
def _page(document: str, language: str, section: str, text: str) -> Page:
    markdown = frame(document, language)
    if section:
        whole = markdown.replace("CHANGED", f"## {section}\n\n{text}")
    else:
        title, rest = markdown.replace("CHANGED\n\n", "").split("\n", 1)
        whole = f"{title}\n\n{text}\n{rest}"
    return read_page(whole.encode(), mime="text/markdown", language=language)


def told(case: Case, *, mirrored: bool = False) -> Comparison:
    before, after = (page(case, case[side]) for side in ("before", "after"))
    return (
        compared_once(after, before, case["language"])
        if mirrored
        else compared_once(before, after, case["language"])
    )


@cache  # several tests look at the same answer
def compared_once(before: Page, after: Page, language: str) -> Comparison:
    return compare(before, after, language=language)
