"""Tables with and without `<table>` and titles: each entry is one, and the first row is no title by being first."""

from __future__ import annotations

import pytest

from analysis.compare import Comparison, compare
from analysis.extract import read_page

Entries = tuple[tuple[str, str, str], ...]

PROVIDERS: Entries = (
    ("Brightmind, Inc.", "Language models", "United States"),
    ("Otter Search", "Vector search", "Germany"),
    ("Heron SE", "Translation", "Germany"),
    ("Kestrel Mail", "Text messages", "Ireland"),
)
ANOTHER: Entries = (
    ("Northlight LLC", "Language models", "United States"),
    *PROVIDERS[1:],
)
ONE_MORE: Entries = (
    *PROVIDERS,
    ("Sagelight PBC", "Language models", "United States"),
)

# an entry, its cell, and what is around them all
FORMS = {
    "divs": ("<div>{}</div>", "<p>{}</p>", "<div>{}</div>"),
    "list": ("<li>{}</li>", "<p>{}</p>", "<ul>{}</ul>"),
    "definitions": ("<div>{}</div>", "<dd>{}</dd>", "<dl>{}</dl>"),
    "bold": ("<div>{}</div>", "<p><b>{}</b></p>", "<div>{}</div>"),
    "roles": (
        '<div role="row">{}</div>',
        '<div role="cell">{}</div>',
        '<div role="table">{}</div>',
    ),
    "table": ("<tr>{}</tr>", "<td>{}</td>", "<table>{}</table>"),
}


def _page(entries: Entries, form: str) -> bytes:
    entry, cell, whole = FORMS[form]
    grid = whole.format(
        "".join(entry.format("".join(map(cell.format, cells))) for cells in entries)
    )
    return f"""<html lang="en"><title>Providers</title><body><main><h1>Which AI providers we use</h1>
        <p>Quill sends the text of your documents to these providers when you ask the assistant for help.</p>
        <h2>Models and where they run</h2>{grid}
        <p>Administrators can switch the assistant off for the whole workspace in its settings.</p></main>""".encode()


def _rows(body: bytes) -> list[str]:
    return [
        block.text
        for block in read_page(body, language="en").blocks
        if block.kind == "row"
    ]


def _compared(before: bytes, after: bytes) -> Comparison:
    return compare(
        read_page(before, language="en"),
        read_page(after, language="en"),
        language="en",
        document="Providers",
    )


@pytest.mark.parametrize("form", [form for form in FORMS if form != "bold"])
def test_an_entry_of_a_grid_is_a_row(form: str) -> None:
    assert _rows(_page(PROVIDERS, form)) == [
        " | ".join(cells) for cells in PROVIDERS
    ]


@pytest.mark.parametrize("form", [form for form in FORMS if form != "bold"])
def test_another_provider_in_the_first_entry_is_told(form: str) -> None:
    change = _compared(_page(PROVIDERS, form), _page(ANOTHER, form))
    assert change.alert
    assert change.brief is not None
    assert any(
        "Northlight LLC" in (passage.after or "") and passage.topics
        for passage in change.passages
    )


@pytest.mark.parametrize("form", [form for form in FORMS if form != "bold"])
def test_an_entry_that_comes_is_told_with_its_name(form: str) -> None:
    change = _compared(_page(PROVIDERS, form), _page(ONE_MORE, form))
    assert "ai_features" in change.topics
    assert change.brief is not None
    news = change.brief.headline
    assert news is not None
    assert "Sagelight PBC" in " ".join(
        (*news.quotation.lead_in, news.quotation.text)
    )


def test_a_bold_name_begins_an_entry() -> None:
    cards = "".join(
        f"<div><p><b>{name}</b></p><p>Purpose: {use}</p></div>"
        for name, use, _ in PROVIDERS
    )
    body = _page(PROVIDERS, "divs").replace(
        b"<h2>", f"<h2>Cards</h2><div>{cards}</div><h2>".encode()
    )
    assert _rows(body)[0] == "Brightmind, Inc. | Purpose: Language models"


@pytest.mark.parametrize(
    ("cells", "rows"),
    [
        (
            "<dl><dt>Friends see your routes</dt><dd>Nobody</dd><dt>Crash reports</dt><dd>Off</dd></dl>",
            ["Friends see your routes | Nobody", "Crash reports | Off"],
        ),
        (
            "<div><div class=head>Cookie</div><div class=head>Kept for</div>"
            "<p class=cell>_fox</p><p class=cell>13 months</p><p class=cell>_hen</p><p class=cell>a day</p></div>",
            ["Cookie | Kept for", "_fox | 13 months", "_hen | a day"],
        ),
    ],
)
def test_cells_without_an_entry_round_them_are_rows(
    cells: str, rows: list[str]
) -> None:
    body = _page(PROVIDERS, "divs").replace(b"<h2>", f"{cells}<h2>".encode())
    assert _rows(body)[: len(rows)] == rows


@pytest.mark.parametrize(
    "grid",
    [
        "<dl><dt>Data</dt><dd>Name</dd><dd>Birthday</dd><dt>Term</dt><dd>Two years</dd><dd>Ever</dd></dl>",
        "<dl><dt>Name</dt><dd>We keep your name as long as the law asks us to.</dd></dl>",
        "<div><p class=lead>Otter</p><p class=lead>Heron</p><p>Fox</p><p>Hen</p><p>Owl</p></div>",
        "<ul>"
        + "<li>Identity<ul><li>name</li><li>e-mail</li></ul></li>" * 3
        + "</ul>",  # lists within a list
        "<div>"
        + "<div><h3>Speed</h3><p>Fast pages</p></div>" * 3
        + "</div>",  # sections with a title
        "<div>"
        + "<div><p>We never sell what you write to us.</p><p>Ever.</p></div>" * 3
        + "</div>",  # sentences
        "<div>"
        + "<div><p>Otter Search</p><p>Germany</p></div>" * 2
        + "</div>",  # two may be anything
        "<div>"
        + "<div><p>Otter</p><p>Heron</p></div>" * 3
        + "<p>Or others</p></div>",  # not the entries alone
    ],
)
def test_other_short_lines_are_no_rows(grid: str) -> None:
    assert _rows(
        _page(PROVIDERS, "divs").replace(b"<h2>", f"{grid}<h2>".encode())
    ) == _rows(_page(PROVIDERS, "divs"))
