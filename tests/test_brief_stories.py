"""The briefs of tests/cases/briefs.toml: what a person learns of a change in a minute, whole and nothing beside it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from analysis.brief.spans import FIELDS
from analysis.change import Brief
from analysis.compare import compare
from analysis.page import read_page

STORIES: list[dict[str, Any]] = tomllib.loads(
    (Path(__file__).parent / "cases" / "briefs.toml").read_text(encoding="utf8")
)["story"]
MOSTLY = 0.7  # of the words of a quotation


def words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.lower())


def holds(whole: str, part: str) -> bool:
    return f" {' '.join(words(part))} " in f" {' '.join(words(whole))} "


def told(story: dict[str, Any]) -> Brief:
    before, after = (
        read_page(f"# Policy\n{story[side]}".encode(), mime="text/markdown", language=story["language"])
        for side in ("before", "after")
    )
    answer = compare(before, after, believed=True).brief
    assert answer is not None, "does not alert"
    return answer


@pytest.mark.parametrize("story", STORIES, ids=[story["name"] for story in STORIES])
def test_a_story_is_told_whole_and_with_nothing_beside_it(story: dict[str, Any]) -> None:
    answer = told(story)
    wrong: list[str] = []
    begun = words(story["meaning"])
    if words(answer.meaning or "")[: len(begun)] != begun:
        wrong.append(f"meaning: {answer.meaning}")
    if answer.default != story.get("default"):
        wrong.append(f"default: {answer.default}")
    for field in FIELDS:
        asked = story.get(field, [])
        known = {word for text in (*asked, *story.get("may", {}).get(field, [])) for word in words(text)}
        quotes = [quote.text for quote in getattr(answer, field)]
        wrong += [f"{field} lacks: {text}" for text in asked if not any(holds(quote, text) for quote in quotes)]
        wrong += [
            f"{field} has: {quote}"
            for quote in quotes
            if sum(word in known for word in words(quote)) < MOSTLY * len(words(quote))
        ]
    assert not wrong
