"""What a change says of itself with `--why`: in words, of the whole and of each passage, in every language."""

from __future__ import annotations

import re

import pytest

from analysis.compare import compare
from analysis.extract import read_page
from analysis.model import Comparison
from messages import translate
from tests.written_cases import cases, told

# "looks.stamp", "ai_training"
CODE = re.compile(r"\b[a-z]+\.[a-z_]+\b|[a-z]_[a-z]")
OPENING = (
    "We wrote this policy for those who read it, and we answer questions about it."
)
TRAINING = "We use your posts to train our AI models."


def change(before: str, after: str) -> Comparison:
    pages = (
        read_page(
            f"# Privacy Policy\n\n{OPENING}\n\n{text}".encode(),
            mime="text/markdown",
            language="en",
        )
        for text in (before, after)
    )
    return compare(*pages, language="en", document="Privacy Policy")


def codes(found: Comparison) -> set[str]:
    return {reason.code for passage in found.passages for reason in passage.why}


def test_no_reason_is_the_name_of_a_code() -> None:
    for param in cases()[::3]:
        found = told(param.values[0])
        reasons = [
            *found.why,
            *(reason for passage in found.passages for reason in passage.why),
        ]
        words = [re.sub(r"“.*?”", "", str(reason)) for reason in reasons]
        assert not [reason for reason in words if CODE.search(reason)], (
            param.values[0]["name"]
        )


def test_each_reason_can_be_said_in_french() -> None:
    for param in cases()[::7]:
        for passage in told(param.values[0]).passages:
            for reason in passage.why:
                assert not CODE.search(
                    re.sub(r"«.*?»", "", translate(reason, "fr"))
                )


def test_an_alert_names_the_words_that_weighed() -> None:
    found = change("", TRAINING)
    assert codes(found) >= {"why.added", "why.chance", "why.words"}
    (words,) = [
        reason
        for passage in found.passages
        for reason in passage.why
        if reason.code == "why.words"
    ]
    assert "train" in str(words)


def test_a_convention_that_decided_is_named() -> None:
    found = change("We do not sell your personal data to anyone.", "")
    assert "why.convention" in codes(found)
    assert found.brief.severity_reasons == ("promise_gone",)


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        (
            "Last updated: 3 May 2024",
            "Last updated: 7 June 2025",
            "only a date of the document",
        ),
        (
            "We organise data.",
            "We organize data.",
            "only punctuation, case or white space differs",
        ),
        (
            "We may change these terms twice a year.",
            "We may change these terms once a year.",
            "the model gives a probability of",
        ),
    ],
)
def test_what_is_not_told_says_why(before: str, after: str, why: str) -> None:
    found = change(before, after)
    assert not found.alert
    assert any(
        why in str(reason) for passage in found.passages for reason in passage.why
    )


def test_text_that_is_not_believed_says_why_it_is_held_and_no_more() -> None:
    error = read_page(
        b"# Error\n\nSomething went wrong. Please try again later.",
        mime="text/markdown",
        language="en",
    )
    policy = read_page(
        f"# Privacy Policy\n\n{OPENING} {TRAINING}".encode(),
        mime="text/markdown",
        language="en",
    )
    found = compare(policy, error, language="en")
    assert found.held
    assert not found.why
    assert not codes(found)
