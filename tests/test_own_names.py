"""A service with "AI" in its own name: the name by itself says nothing of AI."""

from __future__ import annotations

import pytest

from analysis.compare import Comparison, compare
from analysis.page import read_page

PAGE = """# Terms of Service

Welcome to Heron AI! These terms govern your use of Heron AI Studio and of what else we offer (the “Heron AI Products”).

## 1. Using Heron AI Products

You must create a Heron AI account to use the Heron AI Products, and you must be at least thirteen years old. {account}

## 2. Payment

To pay for Heron AI Products, you must provide complete payment details. Heron AI charges you on each renewal. {pay}

## Editor

{name}, a joint stock company with a capital of 15,000 euros, has its registered offices in Leeds. Its chief executive \
is Ada Meunier.
"""
OF_AI = frozenset(("ai_training", "ai_features", "automated_decisions"))


def _compared(**after: str) -> Comparison:
    said = {"account": "", "pay": "", "name": "Heron AI"}
    pages = (
        read_page(PAGE.format(**one).encode(), mime="text/markdown", language="en") for one in (said, {**said, **after})
    )
    return compare(*pages, language="en", document="Terms of Service")


@pytest.mark.parametrize(
    "after",
    [
        {"name": "Heron"},
        {"account": "We delete any Heron AI account that is found to break these rules."},
        {"account": "You may create further Heron AI accounts for the Heron AI Products that you run for others."},
        {"pay": "If your payment fails, we may suspend your access to Heron AI Products until it is received."},
        {"pay": "You are responsible for the payment details that you give to Heron AI."},
    ],
)
def test_the_name_of_the_service_is_no_news_of_ai(after: dict[str, str]) -> None:
    assert OF_AI.isdisjoint(_compared(**after).topics)


@pytest.mark.parametrize(
    ("pay", "topic"),
    [
        ("Heron AI Products now include an AI assistant that reads your documents.", "ai_features"),
        ("Heron AI may use what you enter to train our AI models.", "ai_training"),
    ],
)
def test_what_it_says_of_ai_is(pay: str, topic: str) -> None:
    assert topic in _compared(pay=pay).topics


def test_the_product_of_another_publisher_is_of_ai() -> None:
    before = "# Help\n\nOtter is where you keep your notes. Otter sends them to nobody. Write to Otter if you miss any."
    after = f"{before}\n\n## New\n\nOtter AI sums up the notes that you keep with Otter and answers you."
    pages = (read_page(text.encode(), mime="text/markdown", language="en") for text in (before, after))
    assert "ai_features" in compare(*pages, language="en", document="Help").topics
