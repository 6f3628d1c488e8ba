"""Words that say the same, and those that only seem to."""

from __future__ import annotations

import pytest

from analysis.change import Passage
from analysis.diff.wording import wording
from analysis.text.spelling import keyed_words
from analysis.text.synonyms import say_the_same


def keys(text: str) -> list[str]:
    return list(keyed_words(text).keys)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("delete", "remove"),
        ("respond to", "answer"),
        ("straight away", "immediately"),
        ("personal information", "personal data"),
        ("USD", "US$"),
        ("courriel", "e-mail"),
        ("renseignements personnels", "données à caractère personnel"),
        ("choose", "select the"),
    ],
)
def test_one_word_for_another_says_the_same(one: str, other: str) -> None:
    assert say_the_same(keys(one), keys(other))
    assert say_the_same(keys(other), keys(one))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("share", "disclose"),
        ("delete", "anonymise"),
        ("may", "will"),
        ("processors", "partners"),
        ("keep", "keep and share"),
        ("must", "may"),
        ("before", "after"),
        ("consent", "legitimate interest"),
        ("conserver", "supprimer"),
        ("peuvent", "doivent"),
        ("", "delete"),
    ],
)
def test_what_lawyers_tell_apart_differs(one: str, other: str) -> None:
    assert not say_the_same(keys(one), keys(other))


def test_a_synonym_is_looks_and_a_synonym_with_news_is_none() -> None:
    before = "We delete your data within 30 days and answer requests by e-mail."
    same = "We remove your data within 30 days and respond to requests by email."
    news = "We remove your data within 60 days and respond to requests by email."
    assert wording(passage(before, same)).looks == "looks.synonym"
    assert wording(passage(before, news)).sentences


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Last revised: May 5, 2024", "LAST REVISED: JUNE 9, 2025"),
        ("Mise à jour : 30 mars 2024", "Last updated: 2 April 2025"),
        ("Published on May 9, 2024Updated on Jul 16, 202423 min read", "Published on May 9, 2024"),
        ("1. Purpose and scope", "Article 1: Purpose and scope"),
    ],
)
def test_a_line_for_its_date_and_a_number_in_another_style_are_looks(before: str, after: str) -> None:
    assert wording(passage(before, after)).looks


def passage(before: str, after: str) -> Passage:
    return Passage(heading=(), operation="reworded", before=before, after=after)
