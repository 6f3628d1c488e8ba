"""Bytes of every kind: Markdown and plain text, no text at all, wrong charsets, pages made to exhaust the reader."""

from __future__ import annotations

import re
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.extract import read_page
from analysis.model import UnreadablePage
from analysis.text.normal import fingerprint

MARKDOWN = b"""Privacy Policy
==============

Last updated: **4 March 2025** ![logo](logo.png)

## What we *collect*

* Your [name](https://heron.example/name "why")
  and address
* Your walks

| Name | Kept for |
| --- | --- |
| path_id | 30 days |

Write to <hello@heron.example>.  It's 5 \\* 3 steps.
"""


def test_an_empty_cell_of_markdown_keeps_its_place_as_one_of_html() -> None:
    rows = [
        "| Data | Kept | Shared |",
        "| --- | --- | --- |",
        "| Name | | [Yes](https://a.example) |",
        "| | A month | |",
    ]
    page = read_page(
        "\n".join(["# Data", "", *rows, "| | | |"]).encode(), mime="text/markdown"
    )
    assert [block.text for block in page.blocks[1:]] == [
        "Data | Kept | Shared",
        "Name |  | Yes",
        " | A month",
    ]


def test_markdown() -> None:
    page = read_page(MARKDOWN, mime="text/markdown")
    assert [(block.kind, block.text) for block in page.blocks] == [
        ("heading", "Privacy Policy"),
        ("paragraph", "Last updated: 4 March 2025"),
        ("heading", "What we collect"),
        ("item", "Your name and address"),
        ("item", "Your walks"),
        ("row", "Name | Kept for"),
        ("row", "path_id | 30 days"),
        ("paragraph", "Write to hello@heron.example. It's 5 * 3 steps."),
    ]
    assert page.blocks[3].heading == ("Privacy Policy", "What we collect")
    assert [link.url for block in page.blocks for link in block.links] == [
        "https://heron.example/name",
        "mailto:hello@heron.example",
    ]


def test_a_title_within_an_item_of_a_list_is_a_title() -> None:
    body = (
        b"1. Introduction\n   ------------\n\n   We deliver letters.\n\n"
        b"2. 1\\. Data\n    ----\n\n    ### 1.1 Your name\n\n    We ask.\n"
    )
    page = read_page(body, mime="text/markdown")
    assert [
        (block.heading, block.text)
        for block in page.blocks
        if block.kind == "paragraph"
    ] == [
        (("1. Introduction",), "We deliver letters."),
        (("1. Data", "1.1 Your name"), "We ask."),
    ]


def test_plain_text() -> None:
    page = read_page(
        b"Privacy Policy\n\nWe keep your name\nand your walks.\r\n\r\nBye.",
        mime="text/plain",
    )
    assert [block.text for block in page.blocks] == [
        "Privacy Policy",
        "We keep your name and your walks.",
        "Bye.",
    ]


@pytest.mark.parametrize("mime", ["text/markdown", "text/plain", "text/html"])
def test_signs_of_typesetting_are_in_no_word(mime: str) -> None:
    body = "We use your per\u00adsonal\u200b data to train mo\u200bdels.".encode()
    page = read_page(body, mime=mime, charset="utf-8")
    assert [block.text for block in page.blocks] == [
        "We use your personal data to train models."
    ]


def test_control_characters_are_no_text() -> None:
    kept = "We keep your name for a year.\n\n" * 50
    for mime in ("text/plain", "text/markdown", "text/html"):
        page = read_page(
            f"{kept}We s\0ell it\x0bto\x1fothers\x1b.".encode(), mime=mime
        )
        assert page.blocks[-1].text.endswith("We sell it to others.")


@pytest.mark.parametrize("mime", ["text/html", "text/markdown", "text/plain"])
def test_nothing_but_signs_of_typesetting_is_unreadable(mime: str) -> None:
    with pytest.raises(UnreadablePage, match="no text"):
        read_page("\u200b".encode(), mime=mime)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"   ",
        b"\0\0\0\0",
        b"\xff\xfe",
        b"<html></html>",
        b"<div id=root></div>",
        b"GIF89a\0\1",
        b"%PDF-1.7\n%",
    ],
)
def test_no_text_is_unreadable(body: bytes) -> None:
    with pytest.raises(UnreadablePage, match=r"\w+"):
        read_page(body)


TAGS = "<div> </div> <table> <tr> <td> </td> <li> <a href=# <h1> </h1> <button> </table> x & <!-- \0 é"
MARKUP = st.lists(st.sampled_from(TAGS.split(" ")), max_size=60).map(
    lambda parts: "".join(parts).encode()
)


@given(
    st.one_of(st.binary(max_size=400), MARKUP),
    st.sampled_from(
        [
            "text/html",
            "application/pdf",
            "text/markdown",
            "text/plain",
            "text/html; charset=utf-16",
        ]
    ),
    st.sampled_from(
        [
            None,
            "utf-8",
            "utf-16",
            "shift_jis",
            "zip",
            "no-such",
            "idna",
            "punycode",
            "unicode_escape",
        ]
    ),
)
def test_no_bytes_bring_another_error(
    body: bytes, mime: str, charset: str | None
) -> None:
    try:
        page = read_page(
            body, mime=mime, charset=charset, url="http://[::1/#x", language="en"
        )
    except UnreadablePage:
        return
    assert len(fingerprint(page.blocks)) == 64


def test_a_page_nested_deeper_than_any_other_is_read() -> None:
    deep = (
        b"<div>" * 5_000
        + b"<p>We keep your name at the very bottom of this page.</p>"
        + b"</div>" * 5_000
    )
    assert (
        read_page(deep).blocks[0].text
        == "We keep your name at the very bottom of this page."
    )


def test_a_box_that_nests_deeper_than_any_other_is_read() -> None:
    text = "We keep your name for as long as you have an account with us. " * 20
    deep = "<div>" * 2_000 + "Hello." + "</div>" * 2_000
    box = f"<div>{deep}Letters each week. <a href='/b'>Sign up</a></div>"
    page = read_page(f"<p>{text}</p>{box}".encode())
    assert page.blocks[0].text == text.strip()


@pytest.mark.parametrize(
    "body",
    [
        b"<dl>x " * 60_000,
        b"<x>" * 60_000 + b"</y>" * 60_000,
        b"<b>" * 3_000 + b"<div>x</div>" * 60_000,
        b"<select>" + b"<option>x" * 25_000,
        b"<select>" + (b"<OPTION>" + b"<b>x</b>" * 20 + b"</OPTION>") * 2_600,
    ],
    ids=[
        "nested",
        "never closed",
        "nested, then long",
        "choices",
        "choices that hold much",
    ],
)
@pytest.mark.parametrize("select", [[], ["p"]])
def test_a_page_that_is_made_to_keep_its_reader_busy_is_unreadable_and_soon(
    body: bytes, select: list[str]
) -> None:
    started = process_time()
    with pytest.raises(UnreadablePage, match="nests"):
        read_page(body, select=select)
    assert process_time() - started < 3


def test_many_forms_side_by_side_keep_their_reader_no_longer_than_their_length() -> (
    None
):
    said = (
        "<p>We keep your name for as long as you stay with us, and no longer.</p>"
    )
    started = process_time()
    page = read_page(
        f"<main>{said * 20}{'<form><label>a</label><input></form>' * 24_000}</main>".encode()
    )
    assert page.blocks[0].text.startswith("We keep your name")
    assert process_time() - started < 10


def test_a_page_may_offer_many_choices() -> None:
    said = (
        "<p>We keep your name for as long as you stay with us, and no longer.</p>"
    )
    page = read_page(
        f"<main>{said * 20}<select>{'<option>a country</option>' * 3_000}</select></main>".encode()
    )
    assert {block.text for block in page.blocks} == {said[3:-4]}


def test_what_ends_by_itself_is_not_nested_and_code_is_no_markup() -> None:
    said = (
        "<li>We keep your name for as long as you stay with us, and no longer.<br>"
    )
    body = f"<script>{'for(i=0;i<n;i++)' * 20_000}</script><ul>{said * 20_000}</ul>"
    assert len(read_page(body.encode()).blocks) == 20_000


def test_a_page_of_a_megabyte_with_thousands_of_blocks() -> None:
    many = "".join(
        f"<h3>Part {n}</h3><p>{'We keep what you give us for a while. ' * 8}</p>"
        for n in range(2_500)
    )
    page = read_page(f"<main><h1>Terms</h1>{many}</main>".encode())
    assert len(page.blocks) == 5_001


@pytest.mark.parametrize("mime", ["text/html", "text/markdown", "text/plain"])
@pytest.mark.parametrize(
    "piece",
    [
        b"**a ",
        b"`",
        b"[a](",
        b"<a ",
        b"<table><tr><td>",
        b"<li>a<ul>",
        b"1.",
        b"\xe2\x80\x94 ",
    ],
)
def test_no_text_takes_long(piece: bytes, mime: str) -> None:
    started = process_time()
    try:
        read_page(piece * (100_000 // len(piece)), mime=mime)
    except UnreadablePage as unreadable:
        assert re.search("no text|nests", str(unreadable.reason))  # noqa: PT017
    assert process_time() - started < 5


@pytest.mark.parametrize("mime", ["text/html", "text/markdown"])
def test_letters_that_were_written_twice_are_mended(mime: str) -> None:
    right = (
        "Téléphone, données à caractère personnel : l’accès, « mes traceurs », 5 €"
    )
    twice = right.encode().decode("cp1252").encode()
    page = read_page(
        b"<p>" + twice + b"</p>" if mime == "text/html" else twice,
        mime=mime,
        charset="utf-8",
    )
    assert (
        page.blocks[0].text
        == read_page(right.encode(), mime="text/plain").blocks[0].text
    )
    untouched = "L’entreprise Ânes & Cie, à São Paulo : â, Â et Ã sont des lettres"
    assert (
        read_page(untouched.encode(), mime="text/plain").blocks[0].text == untouched
    )
