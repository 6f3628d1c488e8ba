"""Lists of those who get data: whoever joins one, leaves it or comes for another is told, by name."""

from __future__ import annotations

import pytest

from analysis.compare import Comparison, compare
from analysis.judging.listed import party_of
from analysis.page import read_page
from tests.told import policy

WAYS = ("{}: for {}.", "{} – {}", "{} ({})", "{}")
FIRMS = (
    ("Harrow Cloud", "hosting"),
    ("Tern.example", "online chat"),
    ("Osier", "payments"),
    ("Wren Mail", "sending mail"),
)
TITLES = {"en": "List of Sub-processors", "fr": "Sous-traitants ultérieurs", "de": "Unterauftragsverarbeiter"}


def _list(firms: tuple[tuple[str, str], ...], way: str, title: str) -> str:
    return policy(title, "\n".join(f"* {way.format(*firm)}" for firm in firms))


def _table(rows: list[str], title: str) -> str:
    head = ("Name | Purpose | Place", "--- | --- | ---")
    return policy(title, "\n".join(f"| {row} |" for row in (*head, *rows)))


def _compared(before: str, after: str, language: str = "en") -> Comparison:
    pages = (read_page(text.encode(), mime="text/markdown", language=language) for text in (before, after))
    return compare(*pages, language=language, document="Privacy Policy")


def _names(change: Comparison) -> list[tuple[str, str]]:
    return [(quote.text, quote.side) for quote in change.brief.recipients]


@pytest.mark.parametrize("language", TITLES)
@pytest.mark.parametrize("way", WAYS)
def test_who_joins_or_leaves_is_told_by_name(way: str, language: str) -> None:
    fewer, more = (_list(firms, way, TITLES[language]) for firms in (FIRMS[:3], FIRMS))
    joined, left = _compared(fewer, more, language), _compared(more, fewer, language)
    assert joined.alert
    assert left.alert
    assert joined.topics == left.topics == ("data_sharing",)
    assert (joined.direction, left.direction) == ("expands", "limits")
    if language in ("en", "fr"):
        assert _names(joined) == [("Wren Mail", "after")]
        assert FIRMS[3][0] in (joined.brief.meaning or "")


@pytest.mark.parametrize("way", WAYS)
def test_who_comes_for_another_is_told(way: str) -> None:
    before, after = (_list((firm, *FIRMS[1:]), way, TITLES["en"]) for firm in (("Heron", "hosting"), FIRMS[0]))
    change = _compared(before, after)
    assert change.alert
    assert change.topics == ("data_sharing",)
    assert ("Harrow Cloud", "after") in _names(change)
    assert "Harrow Cloud" in (change.brief.meaning or "")


def test_a_row_of_a_table_is_told_whole() -> None:
    rows = ["Harrow Cloud | Hosting | Ireland", "Osier | Payments | Germany", "Tern | Chat | Spain"]
    change = _compared(_table(rows[:2], "Sub-processors"), _table(rows, "Sub-processors"))
    assert change.topics == ("data_sharing",)
    assert change.brief.meaning == "Tern, Chat, Spain"
    assert _names(change) == [("Tern", "after")]


def test_a_row_says_which_cookie_came() -> None:
    rows = ["Parley | prl-id | 1 year", "Parley | prl-draft | 30 days", "Tern | _trn | Session"]
    change = _compared(_table(rows[:1], "Necessary cookies"), _table(rows[:2], "Necessary cookies"))
    assert change.brief.meaning == "Parley, prl-draft, 30 days"


def test_what_an_entry_is_for_is_no_data_of_people() -> None:
    entries = (*FIRMS[:2], ("Osier", "online chat"))
    change = _compared(_list(FIRMS[:2], WAYS[0], "Processors"), _list(entries, WAYS[0], "Processors"))
    assert not change.brief.data


@pytest.mark.parametrize(
    ("title", "entry"),
    [
        ("What providers who help us run the service have to promise", "Heron"),
        ("Colours", "Heron"),
    ],
)
def test_a_name_under_another_title_is_none(title: str, entry: str) -> None:
    names = ["Wren", "Tern", "Stork", "Crane", entry]
    before, after = (policy(title, "\n".join(f"* {name}" for name in some)) for some in (names[:4], names))
    assert not _compared(before, after).alert


@pytest.mark.parametrize(
    ("entry", "name"),
    [
        ("Bank of Tern: payments", "Bank of Tern"),
        ("Harrow, Inc. (Ireland)", "Harrow, Inc."),
        ("n9n Cloud: mail", "n9n Cloud"),
        ("tern.example: chat", "tern.example"),
        ("Osier | Payments | Germany", "Osier"),
        ("Service providers: companies that host", None),
        ("4 MB Download", None),
        ("Transparency. We say what we do.", None),
    ],
)
def test_an_entry_begins_with_a_name(entry: str, name: str | None) -> None:
    found = party_of(entry)
    assert (entry[found[0] : found[1]] if found else None) == name
