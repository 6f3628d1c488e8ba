"""Whatever a page is made of, reading it and comparing it with another take time and memory that grow with its size."""

from __future__ import annotations

import resource
from collections.abc import Iterable, Sequence
from time import process_time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from analysis.diff import passages
from analysis.extract import read_page
from analysis.model import Block, Page, UnreadablePage
from analysis.text import words
from analysis.text.normal import fingerprint
from analysis.text.words import edits, word_diff
from analysis.validate.rejection import change_rejection, page_rejection

SIZE = 20_000  # bytes of a page, by and large
# a page of sense takes a tenth of it; where time grows with the square, these pages take ten times as much
SECONDS = 3
MEMORY = 400_000  # kB

_BLOCKS = "p div li ul table tr td th h1 h2 h3 section details summary dl dt dd nav footer header main article form pre"
_OTHERS = "span a b button select option svg noscript template script style iframe textarea title label br img aside x-y"
_TAGS = (*_BLOCKS.split(), *_OTHERS.split())
_WITH_ATTRIBUTES = (
    '<a href="/x">',
    '<a href="#a">',
    '<base href="http://x.example/">',
    '<div class="cookie-banner nav menu">',
    '<div role="navigation">',
    "<td colspan=1000 rowspan=1000>",
    '<div aria-label="x" data-email="61626364">',
    '<p lang="fr" id="a">',
    '<div a="',
)
_TEXTS = (
    *(
        "We keep your name. ",
        "word ",
        "a",
        "1",
        "+",
        "-",
        ".",
        ",",
        "a+",
        "a1B",
        "(at)",
        " [dot] ",
        "a@b.example ",
    ),
    *(
        "&amp;",
        "&#0;",
        "&nbsp;",
        "&bogus;",
        "\u202e",
        "\u200b",
        "\u0301",
        "😀",
        "漢",
        "«",
        "“",
        "—",
        " | ",
        "• ",
    ),
    *(
        "; (a) ",
        "! A",
        "...",
        "2024-01-02 ",
        "Updated 2 months ago ",
        "1. ",
        "No. ",
        "\n",
        "\t",
        " ",
        "\u00a0",
    ),
    *(
        "0123456789abcdef",
        "http://x.example/z ",
        "_",
        "*",
        "#",
        "[",
        "](http://x)",
        "<!--",
        "-->",
        "]]>",
        "<",
        "&",
    ),
    *(
        "30 days ",
        "(GDPR) ",
        "Data Protection ",
        "1,203 views ",
        "Cookie ",
        "✓",
        "3. November ",
        "`",
        "\\",
        "=",
        "\x80",
    ),
)
_PIECES = (
    *(f"<{tag}>" for tag in _TAGS),
    *(f"</{tag}>" for tag in _TAGS),
    *_WITH_ATTRIBUTES,
    *_TEXTS,
)
_UNIT = st.lists(st.sampled_from(_PIECES), min_size=1, max_size=5).map("".join)
_UNITS = st.lists(_UNIT, min_size=1, max_size=3)
_MIMES = st.sampled_from(("text/html", "text/html", "text/markdown", "text/plain"))


def grown(units: Sequence[str]) -> bytes:
    """Each of the units again and again, one after another; a part of it is no UTF-8."""
    of_each = [unit * (SIZE // len(units) // len(unit)) for unit in units]
    return "".join(of_each).encode().replace("\x80".encode(), b"\x80")


def bounded(began: float) -> None:
    assert process_time() - began < SECONDS


@pytest.fixture(scope="module", autouse=True)
def _loaded() -> None:
    """What takes a second to load is no cost of a page."""
    read_page(
        "<p>We keep your name — for as long as you are a member of “ours”.</p>".encode()
    )


@given(_UNITS, _UNITS, _MIMES)
@example(["<a>a/ba+"], ["a"], "text/html")
@example(["<!--](http://x)"], ["a"], "text/markdown")
@example(["# a", " ", "b"], ["a"], "text/markdown")
def test_a_page_costs_what_it_weighs(
    units: list[str], others: list[str], mime: str
) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    pages = []
    for body in (grown(units), grown([*units, *others])):
        began = process_time()
        try:
            pages.append(read_page(body, mime=mime, url="http://x.example/y"))
        except UnreadablePage:
            continue
        finally:
            bounded(began)
        began = process_time()
        fingerprint(pages[-1].blocks)
        page_rejection(pages[-1])
        bounded(began)
    if len(pages) == 2:
        began = process_time()
        change_rejection(*pages)
        bounded(began)
        began = process_time()
        for passage in passages(*pages):
            word_diff(passage.before or "", passage.after or "")
        bounded(began)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MEMORY


def of(blocks: Iterable[str]) -> Page:
    return Page("Policy", "en", tuple(Block("item", text) for text in blocks))


def sentences(count: int, word: str) -> list[str]:
    """No two are alike, nor are they to those with another word."""
    return [
        f"We {number % 97} keep {number % 89} your {word} number {number} for {number % 83} days."
        for number in range(count)
    ]


_OLD, _NEW = sentences(10_000, "name"), sentences(10_000, "address")


@pytest.mark.parametrize(
    ("before", "after", "most"),
    [
        ([" ".join(_OLD)], [" ".join(_NEW)], 3),
        (_OLD[:2_500], _NEW[:2_500], 3),
        (_OLD, _OLD[::-1], 5),
        (_OLD, [text.upper() + " x" for text in _OLD[::3]], 5),
        ([" ".join(_OLD)], _NEW, 5),
        (["a b c " * 25_000], ["c a a b " * 25_000], 3),
    ],
    ids=["one paragraph", "items", "turned", "shrunk", "split", "tokens"],
)
def test_a_change_costs_what_it_weighs(
    before: list[str], after: list[str], most: int
) -> None:
    began = process_time()
    found = passages(of(before), of(after))
    assert found
    for passage in found:
        both = passage.before or "", passage.after or ""
        pieces = word_diff(*both)
        assert "".join(text for tag, text in pieces if tag != "added") == both[0]
        assert "".join(text for tag, text in pieces if tag != "removed") == both[1]
    assert process_time() - began < 3 * most


@given(
    st.lists(st.integers(0, 30), max_size=80),
    st.lists(st.integers(0, 30), max_size=80),
)
def test_what_is_too_large_for_the_shortest_way_still_leads_from_one_to_the_other(
    before: list[int], after: list[int]
) -> None:
    with pytest.MonkeyPatch.context() as small:
        small.setattr(words, "_LARGEST", 50)
        runs = edits(before, after)
    assert [
        element for run in runs for element in before[run.b0 : run.b1]
    ] == before
    assert [element for run in runs for element in after[run.a0 : run.a1]] == after
    assert all(
        before[run.b0 : run.b1] == after[run.a0 : run.a1]
        for run in runs
        if run.same
    )
