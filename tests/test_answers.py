"""One word that answers: behind a question, behind a label, in a cell."""

from __future__ import annotations

import pytest

from analysis.change import Direction
from analysis.text.looks import opening_answer
from tests.told import compared, policy


def _directions(title: str, less: str, more: str, language: str = "en") -> tuple[Direction, Direction]:
    """Of the change to what does more with data, and of the one back."""
    pages = [policy(title, text) for text in (less, more)]
    return compared(*pages, language).direction, compared(*reversed(pages), language).direction


@pytest.mark.parametrize(
    ("language", "title", "asked", "less", "more", "topic"),
    [
        ("en", "Questions", "Do you train AI on my posts?\n\n{}", "No.", "Yes.", "ai_training"),
        ("fr", "Questions", "Entraînez-vous l’IA avec mes mots ?\n\n{}", "Non.", "Oui.", "ai_training"),
        ("en", "Questions", "**Do you sell my data?** {}", "No, never.", "Yes, to brokers.", "data_sharing"),
        ("en", "Do we share your data with advertisers?", "{}", "No.", "Yes, if you agree.", "data_sharing"),
        ("en", "Questions", "Can I opt out of AI training?\n\n{}", "Yes, in your settings.", "No.", "user_choice"),
        ("en", "AI", "Used for AI training: {}", "no", "yes", "ai_training"),
    ],
)
def test_an_answer_that_turns_is_high(language: str, title: str, asked: str, less: str, more: str, topic: str) -> None:
    less, more = asked.format(less), asked.format(more)
    change = compared(policy(title, less), policy(title, more), language)
    assert change.severity == "high"
    assert topic in change.topics
    assert _directions(title, less, more, language) == ("expands", "limits")


def test_of_many_answers_it_is_the_one_that_turned() -> None:
    text = "Do you show me ads?\n\nYes.\n\nDo you read my posts?\n\nNo.\n\nDo you train AI on my posts?\n\n{}"
    change = compared(*(policy("Questions", text.format(said)) for said in ("No.", "Yes.")))
    assert change.topics == ("ai_training",)


TABLE = """| Data | Shared with | Sold | AI training |
| --- | --- | --- | --- |
| Name | Our host | No | No |
| Posts | {shared} | {sold} | {trained} |
"""
NO = {"shared": "Nobody", "sold": "No", "trained": "No"}


@pytest.mark.parametrize(
    ("yes", "topic"),
    [
        ({"shared": "Advertisers"}, "data_sharing"),
        ({"sold": "Yes"}, "data_sharing"),
        ({"trained": "Yes"}, "ai_training"),
    ],
)
def test_a_cell_that_turns_is_about_its_column(yes: dict[str, str], topic: str) -> None:
    no, done = TABLE.format(**NO), TABLE.format(**{**NO, **yes})
    change = compared(policy("Data", no), policy("Data", done))
    assert topic in change.topics
    assert change.severity == "high"
    assert _directions("Data", no, done) == ("expands", "limits")
    assert all(quote.text != "Nobody" for quote in change.brief.recipients)


def test_a_new_row_is_read_by_its_answers() -> None:
    rows = TABLE.format(**NO)
    change = compared(
        policy("Data", rows),
        policy("Data", f"{rows}| Messages | Nobody | No | Yes |\n"),
    )
    assert "ai_training" in change.topics
    assert (change.severity, change.direction) == ("high", "expands")


def test_a_promise_in_a_title_is_one() -> None:
    text = "Parley keeps what you write on its own machines in Leeds for as long as you keep your account."
    kept, gone = (policy(title, text) for title in ("We never sell your data", "Your data"))
    assert compared(kept, gone).severity == "high"
    assert (compared(kept, gone).direction, compared(gone, kept).direction) == ("expands", "limits")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("No.", ("No", False)),
        ("Yes, in your settings.", ("Yes", True)),
        ("**Do you sell it?** No, never.", ("No", False)),
        ("Used for training: yes", ("yes", True)),
        ("No data is sold.", None),
        ("Yes we do", None),
        ("Who? We do.", None),
    ],
)
def test_a_text_opens_with_an_answer(text: str, said: tuple[str, bool] | None) -> None:
    found = opening_answer(text)
    assert (found and (text[found[0] : found[1]], found[2])) == said
