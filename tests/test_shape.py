"""Places of a text that look like titles, banners or menus, and are clauses."""

from __future__ import annotations

import pytest

from analysis.compare import compare
from analysis.page import read_page

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
