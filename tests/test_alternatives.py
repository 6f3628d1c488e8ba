"""Words of a list as one regex: it finds what the list has, the longest word first, and signs are no signs to it."""

from __future__ import annotations

import re

import pytest

from analysis.text.alternatives import first_letters, one_of

WORDS = ("ten", "twenty", "twenty-four", "e.g.", "six", "sixty")


@pytest.mark.parametrize("word", WORDS)
def test_a_word_is_found_whole(word: str) -> None:
    found = re.search(one_of(WORDS), f"for {word} days")
    assert found
    assert found.group() == word


def test_a_dot_stands_for_itself() -> None:
    assert not re.search(one_of(WORDS), "enga")


def test_every_word_begins_with_one_of_the_letters() -> None:
    assert first_letters(WORDS) == "est"
