"""Places of a text that look like titles, banners or menus, and are clauses."""

from __future__ import annotations

import re

import pytest

from analysis.compare import compare
from analysis.page import read_page
from tests.test_grave import change

RULES_OF_THE_PATH = "No one may:\n\n" + "".join(f"- harm stone {n} of the path in any way;\n" for n in range(12))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "OUR LIABILITY WILL NOT EXCEED WHAT YOU PAID US IN THE PREVIOUS SIX MONTHS FOR THE SERVICE.",
            "OUR LIABILITY WILL NOT EXCEED WHAT YOU PAID US IN THE PREVIOUS TWELVE MONTHS FOR THE SERVICE.",
        ),
        (
            f"{RULES_OF_THE_PATH}- break the law.",
            f"{RULES_OF_THE_PATH}- draw maps whose purpose is to lead others astray;\n- break the law.",
        ),
    ],
    ids=["in capitals", "an entry that goes on"],
)
def test_clauses_that_look_like_titles_or_menus_are_text(before: str, after: str) -> None:
    texts = [f"# Terms of Walks\n\n## Rules\n\n{text}\n" for text in (before, after)]
    assert compare(*(read_page(text.encode(), mime="text/markdown") for text in texts), language="en").substantive


TRAINS = "Starting on 3 November we will use your posts to train our AI models, unless you opt out {}."


@pytest.mark.parametrize(
    "text",
    [
        TRAINS.format("[here](https://parley.example/out)"),
        TRAINS.format('<a href="https://parley.example/out">here</a>'),
        "![AI](ai.png) " + TRAINS.format("here"),
    ],
    ids=["link", "tag", "picture"],
)
def test_a_sentence_with_leftovers_of_markup_is_told(text: str) -> None:
    told = change("en", "\n\nWe play.", f"\n\nWe play.\n\n{escaped(text)}")
    assert (told.alert, told.severity) == (True, "high")


def test_a_link_that_is_shown_as_markup_is_no_change() -> None:
    text = "We process your data as the {} says that you sign with us when you open an account."
    linked = text.format(escaped("[agreement on data](/terms/data)"))
    assert not change("en", f"\n\n{text.format('agreement on data')}", f"\n\n{linked}").substantive


@pytest.mark.parametrize(
    "text", ["![AI](ai.png)", "Firms that use our AI win more cases, says Ann Lee.](/stories/lee)"]
)
def test_leftovers_without_a_sentence_are_no_text(text: str) -> None:
    assert not change("en", "\n\nWe play.", f"\n\nWe play.\n\n{escaped(text)}").alert


@pytest.mark.parametrize(("before", "after"), [("30 days", "365 days"), ("three months", "two years")])
def test_a_short_sentence_on_how_long_something_is_kept_is_text(before: str, after: str) -> None:
    texts = [
        f"# Privacy\n\nWe play chess and we answer letters.\n\nWe delete logs after {time}." for time in (before, after)
    ]
    told = compare(*(read_page(text.encode(), mime="text/markdown") for text in texts), language="en")
    assert (told.alert, told.topics, told.direction) == (True, ("retention",), "expands")


def escaped(text: str) -> str:
    """Markdown by which the page shows the text's own signs."""
    return re.sub(r"([\[\]!<>()])", r"\\\1", text)
