"""The whole text of a day, with what came since in its place."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from analysis.diff import passages
from analysis.model import Block, Page
from analysis.page_json import page_json
from policywatch.ingest.drafts import stored_passages
from policywatch.web.layout import redline
from tests.stories import passage
from tests.story_of_parley import PRIVACY
from tests.web_pages import Story, page, text

DATABASES = ["sqlite"]
LINES = st.lists(
    st.sampled_from(
        [
            "We collect your name.",
            "We collect your name and your address.",
            "We share your posts with partners of ours.",
            "We share your photos with partners of ours.",
            "Privacy",
            "You can object at any time.",
            "We keep your data for two years.",
        ]
    ),
    max_size=9,
)


def page_of(lines: list[str]) -> Page:
    return Page(
        "Policy", "en", tuple(Block("paragraph", line, ()) for line in lines)
    )


@given(before=LINES, after=LINES)
@example(before=["Privacy"], after=[])
@example(
    before=["Privacy", "You can object at any time."], after=["Privacy", "Privacy"]
)
def test_each_passage_stands_once_and_nothing_of_the_later_text_is_left_out(
    before: list[str], after: list[str]
) -> None:
    old, new = page_of(before), page_of(after)
    differences = stored_passages(passages(old, new))
    marked = redline(differences, page_json(old), page_json(new))
    shown = [
        each.position
        for stretch in marked
        for each in [*stretch.gone, *([stretch.passage] if stretch.passage else [])]
    ]
    assert sorted(shown) == [each.position for each in differences]
    lines = []
    for stretch in marked:
        if stretch.passage:
            lines += (stretch.passage.after or "").split("\n")
        else:
            lines += [line.text for part in stretch.parts for line in part.lines]
    assert sorted(lines) == sorted(after)


def test_what_is_gone_stands_where_it_stood() -> None:
    first, second, third = "We collect names.", "We sell posts.", "You can object."
    old = page_of([first, second, third, "The end.", "It was so."])
    new = page_of([first, third, "The end."])
    marked = redline(
        stored_passages(passages(old, new)), page_json(old), page_json(new)
    )
    order = [
        [*(each.before for each in stretch.gone)]
        + [line.text for part in stretch.parts for line in part.lines]
        for stretch in marked
    ]
    assert order == [[first], [second, third, "The end."], ["It was so."]]


def test_a_text_of_which_all_went_or_came_takes_no_time() -> None:
    old = page_of(["It stays.", *(f"It went {n}." for n in range(4_000))])
    new = page_of(["It stays.", *(f"It is here {n}." for n in range(4_000))])
    differences = [
        passage([], f"It went {n}.", f"It is here {n}.") for n in range(0, 4_000, 2)
    ] + [passage([], f"It went {n}.", None) for n in range(1, 4_000, 2)]
    for position, each in enumerate(differences):
        each.position = position
    began = time.process_time()
    marked = redline(differences, page_json(old), page_json(new))
    assert time.process_time() - began < 2
    assert len(marked) > 2_000


def test_the_text_of_a_day_has_what_came_since_in_its_places(parley: Story) -> None:
    address = f"/documents/{PRIVACY}/compare?from=2025-10-20&view=whole"
    tree = page(parley.site, address)
    assert text(tree, "h1") == ["Privacy Policy as it stood on 20 October 2025"]
    assert "1. What we collect" in text(tree, ".redline h2")
    assert any("2.3 Assistants" in each for each in text(tree, ".redline h3 ins"))
    (changed, heading, training, switch) = tree.css(".redline .changed")
    jumps = [link.attributes["href"] for link in tree.css(".contents a")]
    assert jumps == [
        f"#{each.attributes['id']}" for each in (changed, heading, training, switch)
    ]
    assert "Version 2" in text(training, ".brought")[0]
    unmarked = text(tree, ".redline td")
    assert "Payment firms" in unmarked
    assert len(tree.css(".proof .hash")) == 2
    (chosen,) = tree.css("#on")
    assert chosen.attributes["value"] == "2025-10-20"
    newest = page(parley.site, address.replace("2025-10-20", "2026-01-01"))
    assert not newest.css(".redline :is(ins, del)")
    assert newest.css(".redline h2")


def test_a_day_before_the_first_text_is_answered_with_the_first(
    parley: Story,
) -> None:
    address = f"/documents/{PRIVACY}/compare?from=2020-01-01&view=whole"
    assert "6 October 2025" in text(page(parley.site, address, 404), ".about")[0]


@pytest.mark.parametrize("view", ["inline", "side", "whole"])
def test_a_change_is_read_in_each_view_with_its_passages_to_jump_to(
    parley: Story, view: str
) -> None:
    tree = page(parley.site, f"/changes/{parley.change(PRIVACY)}?view={view}")
    jumps = [link.attributes["href"] or "" for link in tree.css(".contents a")]
    assert len(jumps) > 2
    for jump in jumps:
        assert len(tree.css(jump)) == 1
    assert bool(tree.css(".redline")) == (view == "whole")
