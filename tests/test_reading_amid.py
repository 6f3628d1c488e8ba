"""What interrupts a text: boxes, tips, controls of tables; each with the text that it must not touch."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest

from analysis.extract import read_page
from analysis.model import Block
from analysis.text.normal import fingerprint

SAID = "".join(
    f"<p>We keep the path of your walk {name} for a year.</p>"
    for name in "abcdefgh"
)
TABLE = "<table><tr><th>Path{0}</th><th>Kept{0}</th></tr><tr><td>Shore path</td><td>One year or two</td></tr></table>"
TITLED = (
    "<h1>Terms</h1><p>These terms hold for all walks.</p>{}<h2>Paths</h2>"
    + SAID
    + TABLE.format("")
)


def texts(body: str, former: Sequence[str] = ()) -> list[str]:
    page = read_page(
        f"<html lang='en'><title>Terms</title><body>{body}</body></html>".encode(),
        former=former,
    )
    return [block.text for block in page.blocks]


PLAIN = texts(TITLED.format(""))


@pytest.mark.parametrize(
    "box",
    [
        "<div><h3>Leaving us?</h3><p>Come and see the lake for life.</p><form><input></form></div>",
        "<div><p>Take a tour of the mill, each Sunday at ten.</p><button>Book</button></div>",
    ],
)
def test_a_box_that_comes_into_the_text_is_none_of_it(box: str) -> None:
    assert texts(TITLED.format(box), PLAIN) == PLAIN


def test_where_the_page_stands_in_the_site_is_none_of_the_text() -> None:
    path = '<p class="c"><a href="/">Start</a> » <a href="/a">About</a> » Terms</p>'
    assert texts(TITLED.replace("</h1>", f"</h1>{path}").format("")) == PLAIN
    way = '<p><a href="/s">Settings</a> > Privacy</p>'
    assert len(texts(TITLED.format(way))) == len(PLAIN) + 1


@pytest.mark.parametrize(
    "section",
    [
        "<div><h3>Your choice</h3><p>You may object at any time.</p><a href='/o'>Object</a></div>",
        "<div><h3>Walks</h3><p>All walks end at six.</p><a href='/w'>Learn more</a></div>",
        "<div><h3>Walks</h3><p>All walks end at six, see <a href='/w'>the list</a>.</p></div>",
    ],
)
def test_a_section_that_comes_with_a_link_is_text(section: str) -> None:
    assert len(texts(TITLED.format(section), PLAIN)) >= len(PLAIN) + 2


@pytest.mark.parametrize(
    "said",
    [
        "<div><h3>Your choice</h3><p>You may object at any time.</p><a href='/o'>Object</a></div>",
        "<div><h2>Walks</h2><p>All walks end at six.</p><a href='/w'>See walks</a></div>",
        "<div><h3>Walks</h3><p>All walks end at six.</p><a href='#paths'>Paths</a></div>",
        "<div><h3>Walks</h3><p>All walks end at six, see <a href='/w'>the list</a></p></div>",
        "<div class='cta'><h3>Partners</h3><p>We share what you do with partners.</p><a href='/p'>See</a></div>",
        "<div><p>We sell what you do unless you object to it, which you may.</p><input type='checkbox'></div>",
        "".join(
            f"<h3>{name}</h3><div><p>The site counts what you do here.</p><input type='checkbox'></div>"
            for name in "ABC"
        ),
        "<figure><blockquote>“Personal data shall be kept no longer than needed.”</blockquote>"
        "<figcaption>Ann S., judge</figcaption></figure>",
    ],
)
def test_a_box_of_the_text_stays(said: str) -> None:
    kept = " ".join(texts(TITLED.format(said)))
    assert [
        text
        for text in re.split(r"<[^>]*>", said)
        if len(text) > 20 and text not in kept
    ] == []


@pytest.mark.parametrize(
    "tip",
    [
        "<span role='tooltip'>Half a metre wide or more.</span>",
        "<span class='tooltip-text'><i>Half a metre wide.</i></span>",
        "<span class='tooltiptext'>Half a metre wide.</span>",
    ],
)
def test_a_tip_over_a_word_is_none_of_the_sentence(tip: str) -> None:
    assert (
        texts(TITLED.format("").replace("path of", f"<dfn>path{tip}</dfn> of", 1))
        == PLAIN
    )
    assert (
        texts(TITLED.format("").replace("Shore path", f"Shore <b>path{tip}</b>"))
        == PLAIN
    )


@pytest.mark.parametrize(
    "beside",
    [
        "<p>Updated 2 weeks ago</p>",
        "<p>Mis à jour il y a 3 jours</p>",
        "<p><a href='/t.pdf'>Download as PDF</a></p>",
        "<p><button>Seite drucken</button></p><p>Lesedauer: 5 Minuten</p>",
    ],
)
def test_remarks_below_the_title_are_none_of_the_text(beside: str) -> None:
    assert texts(TITLED.format("").replace("</h1>", f"</h1>{beside}")) == PLAIN


def test_a_title_over_that_of_the_page_is_none_of_the_text() -> None:
    body = "<div><h2>How can we help?</h2></div><div><header><h1>Terms</h1></header><div>{}</div></div>"
    assert texts(body.format(SAID)) == texts(f"<h1>Terms</h1>{SAID}")


@pytest.mark.parametrize(
    "spelt",
    [
        "walk(at)lake.example",
        "walk [at] lake [dot] example",
        "walk (ät) lake.example",
    ],
)
def test_an_address_that_is_kept_from_robots_is_the_same(spelt: str) -> None:
    def printed(address: str) -> str:
        return fingerprint(
            (
                Block(
                    "paragraph",
                    f"Write to {address}, or (at) noon. Come by.",
                    (),
                    (),
                ),
            )
        )

    assert (
        printed(spelt)
        == printed("walk@lake.example")
        != printed("walks@lake.example")
    )
    assert printed("us at lake.example") != printed("us@lake.example")
