"""A yes for a no, or a no for a yes, in a table of what is done with data and what people may refuse."""

from __future__ import annotations

import pytest

from tests.test_grave import change

TABLES = {
    "en": "\n\n## What we collect and with whom we share it\n\n"
    "| Category | Collected | Sold or shared? | Can you opt out? |\n| --- | --- | --- | --- |\n",
    "fr": "\n\n## Ce que nous recueillons et partageons\n\n"
    "| Catégorie | Recueillie | Partagée avec des tiers | Pouvez-vous vous y opposer ? |\n| --- | --- | --- | --- |\n",
}
ROWS = {
    "en": "| Name | Yes | No | Yes |\n| Results of games | {} | {} | {} |\n",
    "fr": "| Nom | Oui | Non | Oui |\n| Résultats des parties | {} | {} | {} |\n",
}
ANSWERS = {"en": {"y": "Yes", "n": "No"}, "fr": {"y": "Oui", "n": "Non"}}


def row(language: str, answers: str) -> str:
    return TABLES[language] + ROWS[language].format(*(ANSWERS[language][each] for each in answers))


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize(
    ("before", "after", "severity", "direction", "because"),
    [
        ("yny", "yyy", "high", "expands", ("shared_anew",)),
        ("yyy", "yny", "medium", "limits", ()),
        ("yyy", "yyn", "high", "expands", ("choice_gone",)),
        ("yyn", "yyy", "medium", "limits", ()),
        ("nny", "yny", "medium", "expands", ()),
        ("yyy", "ynn", "medium", "limits", ()),
    ],
    ids=["shared", "no longer shared", "not refused", "may be refused", "collected", "nothing left to refuse"],
)
def test_one_word_in_a_table_is_the_news(
    language: str, before: str, after: str, severity: str, direction: str, because: tuple[str, ...]
) -> None:
    told = change(language, row(language, before), row(language, after))
    assert told.alert
    assert (told.severity, told.brief.because) == (severity, because)
    assert told.direction == direction
    assert any("|" in (passage.after or "") and passage.severity == severity for passage in told.passages)


def test_the_row_and_what_its_column_asks_head_the_change() -> None:
    told = change("en", row("en", "yny"), row("en", "yyy"))
    assert told.brief.meaning == "Results of games, Sold or shared? Yes"
    assert "data_sharing" in told.topics
    assert "user_choice" in change("en", row("en", "yyy"), row("en", "yyn")).topics


def test_a_cell_that_says_more_than_yes_or_no_is_none_of_these() -> None:
    before, after = row("en", "yny").replace("| No | Yes |\n| Res", "| Nowhere | Yes |\n| Res"), row("en", "yny")
    assert change("en", before, after).brief.because == ()
