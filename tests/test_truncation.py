"""A page that was captured in part is the other's beginning, to the letter; a page that was edited is not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from analysis.compare import compare
from analysis.model import Block, Page
from analysis.validate.truncated import truncation_reason

SECTIONS = [
    (
        f"{number}. {title}",
        f"{said} We say so in section {number} of this policy, and we mean it.",
    )
    for number, (title, said) in enumerate(
        (
            (
                "Who we are",
                "Parley is a quiet place for people who like to write to each other.",
            ),
            (
                "What we collect",
                "We collect your name, your address and the letters that you write.",
            ),
            (
                "What we use it for",
                "We use your data to deliver letters and to keep thieves away.",
            ),
            (
                "Who gets it",
                "We share your address with the post office and with nobody else.",
            ),
            (
                "How long",
                "We keep your letters until you delete them or close your account.",
            ),
            (
                "Your rights",
                "You can ask for a copy of your data and for its deletion at any time.",
            ),
        ),
        1,
    )
]


def policy() -> Page:
    blocks = [Block("heading", "Privacy policy of Parley")]
    for title, said in SECTIONS:
        blocks += [Block("heading", title), Block("paragraph", said)]
    return Page("Privacy policy of Parley", "en", tuple(blocks))


def cut(page: Page, count: int) -> Page:
    return replace(page, blocks=page.blocks[:count])


FOOTER = tuple(
    Block("item", text)
    for text in ("Home", "About us", "Careers", "Press", "Contact")
)


def stopping_in_a_sentence() -> tuple[Page, Page]:
    whole = policy()
    stump = replace(whole.blocks[8], text=whole.blocks[8].text[:45].rstrip())
    return replace(whole, blocks=(*whole.blocks[:8], stump)), whole


def stopping_in_a_word() -> tuple[Page, Page]:
    whole = policy()
    stump = replace(whole.blocks[8], text=whole.blocks[8].text[:16])
    return replace(whole, blocks=(*whole.blocks[:8], stump)), whole


def without_its_end() -> tuple[Page, Page]:
    whole = replace(policy(), blocks=(*policy().blocks, *FOOTER))
    return cut(whole, 9), whole


def the_lesser_half() -> tuple[Page, Page]:
    return cut(policy(), 6), policy()


def stopping_after_a_title() -> tuple[Page, Page]:
    return cut(policy(), 8), policy()


def stopping_in_a_title() -> tuple[Page, Page]:
    whole = policy()
    return replace(
        whole, blocks=(*whole.blocks[:7], Block("paragraph", "**4. Who gets"))
    ), whole


def without_its_beginning() -> tuple[Page, Page]:
    whole = policy()
    return replace(whole, title="Who gets it", blocks=whole.blocks[5:]), whole


@pytest.mark.parametrize(
    "part_and_whole",
    [
        stopping_in_a_sentence,
        stopping_in_a_word,
        stopping_after_a_title,
        stopping_in_a_title,
        without_its_end,
        without_its_beginning,
        the_lesser_half,
    ],
)
def test_a_text_that_was_truncated_or_came_back_is_held(
    part_and_whole: object,
) -> None:
    part, whole = part_and_whole()  # type: ignore[operator]
    for before, after in ((whole, part), (part, whole)):
        found = compare(before, after, language="en")
        assert found.held
        assert ("stored text" in str(found.held)) is (before is part)
        assert not found.substantive
        assert compare(before, after, language="en", trusted=True).substantive


def test_a_section_that_is_added_or_removed_is_a_change() -> None:
    whole = policy()
    for start in (3, 11):
        less = replace(
            whole, blocks=whole.blocks[:start] + whole.blocks[start + 2 :]
        )
        assert truncation_reason(less, whole) is None
        assert truncation_reason(whole, less) is None
        assert compare(whole, less, language="en").alert


@pytest.mark.parametrize(
    "button", ["Read more", "Lire la suite", "Charger la suite…"]
)
def test_the_rest_behind_a_button_is_missing(button: str) -> None:
    whole = policy()
    part = replace(whole, blocks=(*whole.blocks[:6], Block("paragraph", button)))
    for texts in ((whole, part), (part, whole)):
        assert button in str(truncation_reason(*texts))


def test_a_banner_and_a_title_said_twice_that_go_are_no_missing_beginning() -> None:
    whole = policy()
    above = (
        Block("paragraph", "Our shop is closed on Sunday."),
        Block("heading", whole.title or ""),
    )
    assert (
        truncation_reason(replace(whole, blocks=above + whole.blocks), whole)
        is None
    )
