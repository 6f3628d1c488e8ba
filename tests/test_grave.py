"""What makes a change high by rule, and what looks like it but is not."""

from __future__ import annotations

import pytest

from analysis.change import Comparison
from analysis.compare import compare
from analysis.page import read_page

START = {
    "en": "# Privacy Policy\n\n## What we do\n\nWe use your data to run the club, to answer you and to keep you safe. ",
    "fr": "# Politique de confidentialité\n\n## Usage\n\nNous utilisons vos données pour vous répondre. ",
}


def change(language: str, before: str, after: str) -> Comparison:
    pages = (
        read_page((START[language] + text).encode(), mime="text/markdown", language=language)
        for text in (before, after)
    )
    return compare(*pages, language=language)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Our assistant reads your questions to answer you. Nothing you write is used to train its models."),
        (
            "fr",
            "Un assistant lit vos questions ; il n’utilise pas vos messages, et rien ne sert à entraîner ses modèles.",
        ),
    ],
)
def test_a_new_denial_of_training_is_no_training(language: str, text: str) -> None:
    assert "trains_anew" not in change(language, "", text).brief.because


def test_a_practice_counts_beside_a_promise_in_the_same_sentence() -> None:
    told = change(
        "en", "", "We may scan your face to check your age; the template is deleted at once and never shared."
    )
    assert told.severity == "high"
    assert told.brief.because == ("sensitive_anew",)


def test_what_is_off_and_then_on_is_turned_on() -> None:
    told = change(
        "en",
        "Personalised advertising is off by default; you can switch it on in your account.",
        "Personalised advertising is on by default; you can switch it off in your account.",
    )
    assert told.brief.because == ("turned_on",)


def test_what_is_grave_never_only_clarifies() -> None:
    told = change("en", "We ask for your consent before we use your location for ads.", "We use your location for ads.")
    assert "consent_gone" in told.brief.because
    assert told.direction in ("expands", "mixed")


def test_a_promise_that_stays_in_other_words_is_not_gone() -> None:
    told = change("en", "We do not sell your personal data.", "We will never sell your personal data to anybody.")
    assert told.brief.because == ()


@pytest.mark.parametrize(("before", "after", "direction"), [("7", "90", "expands"), ("90", "7", "limits")])
def test_the_time_for_which_data_is_kept_says_for_whom_it_is_good(before: str, after: str, direction: str) -> None:
    kept = "We keep server logs for {} days, and delete them afterwards."
    assert change("en", kept.format(before), kept.format(after)).direction == direction
