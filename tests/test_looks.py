"""The lists of looks.toml: a text that a pattern finds something in is never passed over before it is searched."""

from __future__ import annotations

import pytest

from analysis.text.looks import may_have, pattern

FOUND = [
    ("ago", "Edited an hour ago"),
    ("ago", "4 MIN READ"),
    ("ago", "Il y a trois jours"),
    ("opens", "Cookie table (opens in a new window)"),
    ("opens", "Voir la liste (s’ouvre dans un nouvel onglet)"),
    ("opens", "LIEN EXTERNE"),
    ("cloaked", "This email address is being protected from spambots. You need JavaScript enabled to view it."),
]


@pytest.mark.parametrize(("name", "text"), FOUND)
def test_what_a_pattern_finds_is_searched(name: str, text: str) -> None:
    assert pattern(name).search(text)
    assert may_have(name, text.casefold())


@pytest.mark.parametrize("name", ["ago", "opens"])
def test_other_text_is_not(name: str) -> None:
    assert not may_have(name, "we share what you write with our partners.")
