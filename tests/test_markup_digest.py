"""The digest of a page's markup says "the same" only where the reader does, and says so of what nobody sees."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.extract import read_page
from analysis.extract.markup_digest import markup_digest
from analysis.model import UnreadablePage
from analysis.text.normal import fingerprint

SENTENCES = [
    f"We keep what you give us for {number} months, and then we delete it."
    for number in range(1, 9)
]
PAGE = """<!doctype html><html lang="en"><head><title>Privacy</title><script nonce="{0}">var a = "{0}";</script></head>
<body data-build="{0}"><nav><a href="/start?t={0}">Start</a></nav><!-- {0} -->
<main><h1>Privacy policy</h1><p class="text">{1}</p><p>{2}</p><p>{3}</p></main>
<input type="hidden" value="{0}"><template><p>{0}</p></template><noscript><p>{0}</p></noscript></body></html>"""


def page(noise: str = "1") -> str:
    return PAGE.format(noise, *SENTENCES)


def text_of(markup: str) -> str:
    try:
        return fingerprint(read_page(markup.encode(), language="en").blocks)
    except UnreadablePage as failure:
        return str(failure.reason)


def test_what_nobody_sees_makes_no_difference() -> None:
    assert markup_digest(page("1")) == markup_digest(page("2"))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("8 months", "9 months"),
        ('class="text"', 'class="cookie-banner"'),
        ("<nav>", "<div>"),
        ("<h1>", '<h1 id="top">'),
        ("<main>", '<main aria-live="polite">'),
        ('href="/start', 'href="#start'),
        ("<p>", '<p><img alt="Yes">'),
    ],
)
def test_what_the_reader_looks_at_makes_one(before: str, after: str) -> None:
    changed = page().replace("1 months", "8 months").replace(before, after, 1)
    assert changed != page()
    assert markup_digest(changed) != markup_digest(page())


def test_a_selector_may_look_at_any_attribute() -> None:
    assert markup_digest(page("1"), ("main", ".note")) == markup_digest(
        page("2"), ("main", ".note")
    )
    assert markup_digest(page("1"), ("[data-build]",)) != markup_digest(
        page("2"), ("[data-build]",)
    )


ATTRIBUTES = st.lists(
    st.tuples(
        st.sampled_from(
            [
                "class",
                "id",
                "role",
                "href",
                "data-x",
                "style",
                "nonce",
                "title",
                "data-email",
                "hidden",
            ]
        ),
        st.sampled_from(
            [
                "",
                "1",
                "nav footer",
                "dialog",
                'a="b" c=',
                "<p>",
                "#top",
                "/x?y=1",
                "javascript:void(0)",
            ]
        ),
    ),
    max_size=2,
)
ELEMENTS = st.tuples(
    st.sampled_from(
        [
            "p",
            "div",
            "li",
            "h2",
            "aside",
            "a",
            "button",
            "script",
            "template",
            "xmp",
            "td",
        ]
    ),
    ATTRIBUTES,
    st.sampled_from(
        [*SENTENCES, 'class="x" y="', "<!-- a", "--> b", "Cookies", ""]
    ),
)


def built(elements: list[tuple[str, list[tuple[str, str]], str]]) -> str:
    def quoted(value: str) -> str:
        return value.replace("&", "&amp;").replace('"', "&quot;")

    parts = []
    for tag, attributes, text in elements:
        written = "".join(
            f' {name}="{quoted(value)}"' for name, value in attributes
        )
        parts.append(f"<{tag}{written}>{text}</{tag}>")
    return f"<html lang=en><body><main><p>{SENTENCES[0]}</p>{''.join(parts)}<p>{SENTENCES[1]}</p></main></body></html>"


@given(st.lists(ELEMENTS, min_size=1, max_size=6), st.data())
def test_pages_with_one_digest_are_read_alike(
    elements: list[tuple[str, list[tuple[str, str]], str]], data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(elements) - 1))
    changed = [*elements]
    changed[at] = data.draw(
        st.tuples(st.just(elements[at][0]), ATTRIBUTES, st.just(elements[at][2]))
        | ELEMENTS
    )
    before, after = built(elements), built(changed)
    if markup_digest(before) == markup_digest(after):
        assert text_of(before) == text_of(after)
