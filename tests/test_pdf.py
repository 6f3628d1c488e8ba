"""PDF files are read as a person reads paper: across columns and pages, without what the printer adds."""

from __future__ import annotations

import pytest

from analysis.extract import read_page
from analysis.model import TooCostly, UnreadablePage
from analysis.text.normal import fingerprint
from policywatch import sandbox
from tests.paper import Ink, Rule, pdf

TITLE = Ink(60, 700, "Privacy Policy", 20, bold=True)


def texts(body: bytes) -> list[tuple[str, str]]:
    return [
        (block.kind, block.text)
        for block in read_page(body, mime="application/pdf").blocks
    ]


def test_lines_become_titles_paragraphs_and_items() -> None:
    body = pdf(
        [
            [
                TITLE,
                Ink(60, 660, "What we collect", 14, bold=True),
                Ink(
                    60,
                    640,
                    "We keep the name that you give us when you join, and the walks",
                ),
                Ink(
                    60,
                    628,
                    "that you tell us about, for as long as you are one of us.",
                ),
                Ink(60, 600, "• Your name"),
                Ink(60, 588, "• Your walks, with their dates"),
            ]
        ]
    )
    page = read_page(body, mime="application/pdf")
    assert [(block.kind, block.text) for block in page.blocks] == [
        ("heading", "Privacy Policy"),
        ("heading", "What we collect"),
        (
            "paragraph",
            "We keep the name that you give us when you join, and the walks that you tell us about, "
            "for as long as you are one of us.",
        ),
        ("item", "Your name"),
        ("item", "Your walks, with their dates"),
    ]
    assert page.title == "Privacy Policy"
    assert page.blocks[-1].heading == ("Privacy Policy", "What we collect")


def test_a_paragraph_goes_on_over_columns_and_pages() -> None:
    left = [
        Ink(60, 640 - 12 * n, f"line {n} of the left column tells of the walks and")
        for n in range(4)
    ]
    right = [
        Ink(
            330,
            640 - 12 * n,
            f"line {n} of the right column tells of the birds and",
        )
        for n in range(4)
    ]
    body = pdf(
        [
            [TITLE, *left, *right],
            [Ink(60, 700, "at last the second page ends the sentence.")],
        ]
    )
    assert [kind for kind, _ in texts(body)] == ["heading", "paragraph"]
    text = texts(body)[1][1]
    assert (
        text.index("line 3 of the left")
        < text.index("line 0 of the right")
        < text.index("at last")
    )


def test_running_heads_and_page_numbers_are_left_out() -> None:
    pages = [
        [
            Ink(60, 780, f"Heron Lake - Policy of 2025 - version {number}"),
            Ink(
                60,
                600,
                f"Paragraph {name} of the policy says what we do with your walks.",
            ),
            Ink(290, 20, f"Page {number} of 3"),
        ]
        for number, name in enumerate(("one", "two", "three"), 1)
    ]
    page = read_page(pdf(pages), mime="application/pdf")
    assert [block.text for block in page.blocks] == [
        f"Paragraph {name} of the policy says what we do with your walks."
        for name in ("one", "two", "three")
    ]
    assert {dropped.reason for dropped in page.dropped} == {
        "running head or page number"
    }


def test_hyphens_at_the_end_of_a_line_are_undone_unless_the_word_has_one() -> None:
    body = pdf(
        [
            [
                Ink(60, 640, "We share your infor-"),
                Ink(60, 628, "mation with third-"),
                Ink(
                    60, 616, "party helpers. Other third-party helpers get nothing."
                ),
            ]
        ]
    )
    assert texts(body)[0][1] == (
        "We share your information with third-party helpers. Other third-party helpers get nothing."
    )


def test_the_same_words_as_pdf_and_as_html_are_the_same_text() -> None:
    body = pdf(
        [
            [
                TITLE,
                Ink(
                    60,
                    640,
                    "We keep your name for as long as you are a member, and your walks",
                ),
                Ink(60, 628, "for two years."),
                Ink(60, 600, "1. You can ask us to delete them."),
            ]
        ]
    )
    html = (
        b"<main><h1>Privacy Policy</h1><p>We keep your name for as long as you are a member, and your walks for "
        b"two years.</p><ol><li>You can ask us to delete them.</li></ol></main>"
    )
    assert fingerprint(
        read_page(body, mime="application/pdf").blocks
    ) == fingerprint(read_page(html).blocks)


def test_a_table_is_read_row_by_row_with_its_cells_apart() -> None:
    table = [
        *(Rule(60, 540, height) for height in (620, 600, 560, 540)),
        Ink(65, 606, "Data", bold=True),
        Ink(200, 606, "Why", bold=True),
        Ink(400, 606, "How long", bold=True),
        Ink(65, 586, "Your name and"),
        Ink(65, 574, "address"),
        Ink(200, 586, "To write to you when"),
        Ink(200, 574, "a boat is yours"),
        Ink(400, 586, "Two years"),
        Ink(65, 546, "Your walks"),
        Ink(200, 546, "To count them"),
        Ink(400, 546, "One year"),
    ]
    before = Ink(
        60,
        660,
        "This is what we keep of you, why we keep it, and for how long we do.",
    )
    after = Ink(
        60,
        500,
        "Nothing else is kept of anybody who ever walked with us around the lake.",
    )
    blocks = texts(pdf([[TITLE, before, *table, after]]))
    assert [text for kind, text in blocks if kind == "row"] == [
        "Data | Why | How long",
        "Your name and address | To write to you when a boat is yours | Two years",
        "Your walks | To count them | One year",
    ]
    assert [kind for kind, _ in blocks] == [
        "heading",
        "paragraph",
        "row",
        "row",
        "row",
        "paragraph",
    ]


def test_columns_between_two_lines_are_no_table() -> None:
    left = [
        Ink(60, 640 - 12 * n, f"line {n} of the left column tells of the walks and")
        for n in range(4)
    ]
    right = [
        Ink(
            330,
            640 - 12 * n,
            f"line {n} of the right column tells of the birds and",
        )
        for n in range(4)
    ]
    body = pdf([[TITLE, Rule(60, 560, 660), *left, *right, Rule(60, 560, 590)]])
    assert [kind for kind, _ in texts(body)] == ["heading", "paragraph"]


def test_halves_of_characters_are_no_text() -> None:
    body = pdf(
        [
            [
                TITLE,
                Ink(
                    60, 640, "We keep #your name# for as long as you are a member."
                ),
            ]
        ],
        {"#": 0xD800},
    )
    assert texts(body)[1][1] == "We keep your name for as long as you are a member."


def test_a_scan_says_that_it_is_one() -> None:
    with pytest.raises(UnreadablePage, match="scan"):
        read_page(pdf([[], []]), mime="application/pdf")


@pytest.mark.parametrize("keep", [9, 40, 200, 420])
def test_a_broken_file_is_unreadable_and_nothing_worse(keep: int) -> None:
    with pytest.raises(UnreadablePage):
        read_page(pdf([[TITLE]])[:keep], mime="application/pdf")


def test_a_file_with_more_pages_than_any_policy_is_too_costly_and_says_so() -> None:
    with pytest.raises(UnreadablePage, match="too costly to read"):
        read_page(pdf([[TITLE]] * 501), mime="application/pdf")


@pytest.mark.parametrize(
    ("name", "most"), [("CPU_SECONDS", 1), ("MEMORY", 40_000_000), ("SECONDS", 1)]
)
def test_a_small_file_that_never_ends_is_stopped(
    monkeypatch: pytest.MonkeyPatch, name: str, most: int
) -> None:
    body = pdf(
        [
            [Ink(60, 700, "We keep your name for as long as you are a member.")]
            * 4000
        ]
    )
    monkeypatch.setattr(sandbox, name, most)
    with pytest.raises(TooCostly, match="too costly to read"):
        sandbox.run(read_page, body, mime="application/pdf")


def test_a_page_in_the_place_of_the_file_is_read_as_what_it_is() -> None:
    page = read_page(
        b"<h1>Not found</h1><p>The file is gone.</p>", mime="application/pdf"
    )
    assert page.title == "Not found"


def test_a_pdf_that_calls_itself_html_is_read_as_pdf() -> None:
    body = pdf(
        [
            [
                TITLE,
                Ink(60, 640, "We keep your name for as long as you are a member."),
            ]
        ]
    )
    assert read_page(body, mime="text/html").title == "Privacy Policy"
