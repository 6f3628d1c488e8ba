"""What a change between two texts is said to be: the cases of tests/cases, and what must hold for any change."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.blocks import Block, Page
from analysis.change import Comparison
from analysis.compare import OwnTopic, compare
from analysis.page import read_page

CASES = Path(__file__).with_name("cases")
Case = dict[str, Any]


def cases() -> list[Any]:
    found = []
    for language in ("en", "fr"):
        for case in tomllib.loads((CASES / f"{language}.toml").read_text("utf-8"))["case"]:
            found.append(pytest.param({"language": language, **case}, id=f"{language}: {case['name']}"))
    return found


@cache
def frame(document: str, language: str) -> str:
    return (CASES / f"{document}.{language}.md").read_text("utf-8")


def page(case: Case, text: str) -> Page:
    """The text in a document that has other sections, too; without a section it stands above them, below the title."""
    markdown = frame(case["document"], case["language"])
    if case["section"]:
        whole = markdown.replace("CHANGED", f"## {case['section']}\n\n{text}")
    else:
        title, rest = markdown.replace("CHANGED\n\n", "").split("\n", 1)
        whole = f"{title}\n\n{text}\n{rest}"
    return read_page(whole.encode(), mime="text/markdown", language=case["language"])


def told(case: Case, *, mirrored: bool = False) -> Comparison:
    before, after = (page(case, case[side]) for side in ("before", "after"))
    return compare(after, before, language=case["language"]) if mirrored else compare(before, after, language=case["language"])


@pytest.mark.parametrize("case", cases())
def test_a_case_is_told_as_a_person_would(case: Case) -> None:
    found = told(case)
    if "substantive" in case:
        assert found.substantive is case["substantive"], found
    if "alert" in case:
        assert found.alert is case["alert"], found
    assert found.held is None
    assert set(case.get("topics", ())) <= set(found.topics), found
    for key in ("direction", "severity"):
        if key in case:
            assert getattr(found, key) == case[key], found
    expected = case.get("effective_date")
    assert found.effective_date == (date.fromisoformat(expected) if expected else None), found


def test_there_are_cases_for_each_topic_and_language() -> None:
    from analysis.change import TOPICS

    all_cases = [param.values[0] for param in cases()]
    assert len(all_cases) >= 120
    for language in ("en", "fr"):
        named = {topic for case in all_cases if case["language"] == language for topic in case.get("topics", ())}
        assert set(TOPICS) <= named
