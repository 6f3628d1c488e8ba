"""A yes for a no, or a no for a yes, in a table of what is done with data and what people may refuse."""

from __future__ import annotations

import pytest

from analysis.blocks import Page
from analysis.compare import compare
from analysis.page import read_page
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


def page(*cells: str) -> Page:
    """A page whose table has one row with these cells."""
    row = "".join(f"<td>{cell}</td>" for cell in cells)
    html = (
        "<main><h1>Privacy Policy</h1><p>We run a chess club, and we tell you here what we do with your data.</p>"
        "<h2>What we collect and share</h2><table><tr><th>Category<th>Collected<th>Sold or shared with third parties"
        f"</tr><tr><td>Results</td>{row}</tr></table><p>Write to us, and we answer within a week.</p></main>"
    )
    return read_page(html.encode(), mime="text/html", language="en")


NO, YES = '<img src="no.png" alt="No">', '<svg aria-label="Yes"><path d="M1 1"/></svg>'


@pytest.mark.parametrize(
    ("no", "yes", "told"), [("✗", "✓", "✓"), ("☐", "☑\ufe0f", "☑\ufe0f"), ("", "✔", "✔"), (NO, YES, "Yes")]
)
def test_a_tick_says_yes_and_a_cross_or_nothing_beside_it_no(no: str, yes: str, told: str) -> None:
    shared = compare(page(yes, no), page(yes, yes), language="en")
    assert shared.brief.because == ("shared_anew",)
    assert shared.brief.meaning == f"Results, Sold or shared with third parties: {told}"
    assert not any(shared.brief.recipients)
    ended = compare(page(yes, yes), page(yes, no), language="en")
    assert (ended.severity, ended.direction) == ("medium", "limits")


@pytest.mark.parametrize("yes", ["✓", "✔️", YES])
def test_a_tick_for_the_word_is_no_change(yes: str) -> None:
    assert not compare(page("Yes", "Yes"), page(yes, yes), language="en").passages


def test_the_ticks_before_the_entries_of_a_list_are_no_words() -> None:
    before, after = (
        f"# Privacy Policy\n\nWe promise:\n\n{sign} we never sell your data\n\n{sign} we answer within a week\n"
        for sign in ("✓", "✗")
    )
    assert not compare(*(read_page(text.encode(), mime="text/markdown") for text in (before, after))).substantive
