"""Pages as they come: each kind of noise has a saved page with its reviewed answer, and any page bears any noise."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from analysis.extract import read_page
from analysis.model import Page, UnreadablePage
from analysis.text.normal import fingerprint, normalize

PAGES = Path(__file__).parent / "pages"
SAVED = sorted(PAGES.glob("*.html"))


def as_json(page: Page) -> dict[str, Any]:
    blocks = []
    for block in page.blocks:
        shown: dict[str, Any] = {
            "kind": block.kind,
            "heading": list(block.heading),
            "text": block.text,
        }
        if block.links:
            shown["links"] = [[link.text, link.url] for link in block.links]
        blocks.append(shown)
    return {"title": page.title, "language": page.language, "blocks": blocks}


@pytest.mark.parametrize("saved", SAVED, ids=lambda path: path.stem)
def test_saved_page_reads_as_reviewed(saved: Path) -> None:
    reviewed = json.loads(saved.with_suffix(".json").read_text("utf8"))
    how = reviewed.pop("read")
    assert as_json(read_page(saved.read_bytes(), **how)) == reviewed


def test_what_was_left_out_says_why() -> None:
    page = read_page((PAGES / "widgets.html").read_bytes())
    reasons = {dropped.text: dropped.reason for dropped in page.dropped}
    assert reasons["Français"] == "navigation"
    assert reasons["How to leave a group"] == "related pages"
    assert reasons["4 min read"] == "feedback"


# any page with any noise

NOUNS = "walks lake members paths birds data years account group name shore weather map request reason law"
WORDS = NOUNS.split()
SENTENCE = st.lists(st.sampled_from(WORDS), min_size=8, max_size=20).map(
    lambda words: "We " + " ".join(words) + "."
)
SECTION = st.tuples(
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(
        lambda words: "About " + " ".join(words)
    ),
    st.lists(SENTENCE, min_size=1, max_size=3),
    st.lists(SENTENCE, max_size=4),
)
POLICY = st.lists(SECTION, min_size=2, max_size=5)
LINKS = "<ul><li><a href='/walks'>Walks</a></li><li><a href='/groups'>Groups</a></li></ul>"
NOISE: dict[str, Callable[[str], str]] = {
    "menu": lambda body: f"<nav>{LINKS}</nav>{body}",
    "menu of boxes": lambda body: (
        f"<div class='top-nav'><a href='/a'>Walks</a><a href='/b'>Groups</a></div>{body}"
    ),
    "footer": lambda body: (
        f"{body}<footer>{LINKS}<p>© 2025 Heron Lake</p></footer>"
    ),
    "cookie dialog": lambda body: (
        f"{body}<div><p>We use cookies to count walks.</p><button>Accept all</button><button>Reject all</button></div>"
    ),
    "cookie bar": lambda body: (
        f"<div><p>This site uses cookies, as all sites do.</p><button>Got it</button></div>{body}"
    ),
    "language picker": lambda body: (
        f"<div class='lang-switcher'><a href='/fr'>Français</a><a href='/en'>English</a></div>{body}"
    ),
    "print button": lambda body: f"<button>Print this page</button>{body}",
    "feedback": lambda body: (
        f"{body}<div>Was this helpful? <button>Yes</button> <button>No</button></div>"
    ),
    "related pages": lambda body: f"{body}<h2>Related articles</h2>{LINKS}",
    "skip link": lambda body: f"<a href='#m'>Skip to main content</a>{body}",
    "noscript": lambda body: f"<noscript><iframe src='/n'></noscript>{body}",
    "script": lambda body: (
        f"{body}<script>let page = '<p>We never said this.</p>'</script><style>p {{}}</style>"
    ),
    "spinner": lambda body: f"<div role='status'>Loading the page</div>{body}",
    "trace": lambda body: (
        f"{body}<div class='debug'>8f14e45fceea167a5a36dedd4bea2543</div>"
    ),
    "random classes": lambda body: body.replace("<p>", "<p class='css-1x2y3z'>"),
    "soft hyphens": lambda body: body.replace("members", "mem&shy;bers").replace(
        "weather", "wea\u200bther"
    ),
    "nbsp": lambda body: body.replace("We ", "We&nbsp;"),
    "link tokens": lambda body: body.replace(
        "account", "<a href='/account?token=9f8e7d'>account</a>"
    ),
    "paragraphs as boxes": lambda body: re.sub(r"<(/?)p\b", r"<\1div", body),
    "contents of buttons": lambda body: (
        body.replace(
            "</h1>",
            "</h1>"
            + "".join(
                f"<div><button>{title}</button></div>"
                for title in titles(body)
                if title.startswith("About")
            ),
            1,
        )
        if len(titles(body)) >= 3
        else body
    ),
    "path": lambda body: (
        f"<p><a href='/'>Home</a> &gt; <a href='/legal'>Legal</a> &gt; Privacy Policy</p>{body}"
    ),
    "views": lambda body: f"{body}<div>1,234 views</div>",
    "cards": lambda body: (
        f"{body}<h3>Related articles</h3><div><a href='/w'><h4>Walks</h4><p>How we walk.</p></a></div>"
    ),
    "imprint": lambda body: (
        f"{body}<p>Copyright 2025 Heron Lake. All rights reserved.</p>"
    ),
    "marks": lambda body: re.sub(r"</h2>", " <span>+</span></h2>", body),
    "link bar": lambda body: (
        f"{body}<div><p>This site uses cookies of others.</p><a role='button'>Deny</a><a role='button'>Accept</a></div>"
    ),
    "copy buttons": lambda body: body.replace(
        "</h2>", " <button>Copy link</button></h2>"
    ),
    "links in a line": lambda body: (
        f"<a href='/a'>Walks</a> <a href='/b'>Groups</a> <button>Menu</button>{body}"
    ),
    "languages in a line": lambda body: (
        f"<span class='lang-switcher'><a href='/fr'>Français</a> <a href='/en'>English</a></span> <a>Print</a>{body}"
    ),
    "visitors": lambda body: f"<div>You are visitor no. 214438</div>{body}",
    "cards with links": lambda body: (
        f"{body}<h2>More from us</h2><a href='/w'><h3>Winter</h3></a><a href='/s'><h3>Summer</h3></a>"
    ),
    "old footer": lambda body: (
        f"{body}<p><a href='/'>Home</a> | <a href='/t'>Trips</a><br>© 1998-2025 The Club</p>"
    ),
    "relative date": lambda body: body.replace(
        "</h1>", "</h1><p>Updated 3 weeks ago</p>", 1
    ),
}


def titles(body: str) -> list[str]:
    return [
        re.sub(r"<(span|button)>.*?</\1>|<[^>]*>", "", title).strip()
        for title in re.findall(r"<h2>(.*?)</h2>", body)
    ]


def policy(sections: list[tuple[str, list[str], list[str]]]) -> str:
    parts = ["<h1 id='m'>Privacy Policy</h1>"]
    for title, paragraphs, items in sections:
        parts.append(
            f"<h2>{title}</h2>" + "".join(f"<p>{text}</p>" for text in paragraphs)
        )
        if items:
            parts.append(
                "<ul>" + "".join(f"<li>{text}</li>" for text in items) + "</ul>"
            )
    return "".join(parts)


def read(body: str, frame: str) -> Page:
    return read_page(
        f"<html lang='en'><title>Privacy Policy</title><body>{frame.format(body)}</body></html>".encode()
    )


SHORT = [
    (title, ["We walk and walk and walk in all weather."], [])
    for title in ("About walks", "About birds")
]


@example(SHORT, ["links in a line", "path"], "{}")
@example(SHORT, ["imprint", "cards with links"], "{}")
@given(
    POLICY,
    st.lists(st.sampled_from(sorted(NOISE)), min_size=1, max_size=5, unique=True),
    st.sampled_from(["{}", "<div><div>{}</div></div>"]),
)
def test_any_page_with_noise_reads_the_same(
    sections: list[tuple[str, list[str], list[str]]], kinds: list[str], frame: str
) -> None:
    clean = frame.format(policy(sections))
    noisy = clean
    for kind in kinds:
        noisy = NOISE[kind](noisy)
    quiet = read(
        clean.replace("</h1>", "</h1><p>Updated 2 years ago</p>", 1)
        if "relative date" in kinds
        else clean,
        "{}",
    )
    loud = read(noisy, "{}")
    assert fingerprint(loud.blocks) == fingerprint(quiet.blocks), [
        block.text for block in loud.blocks
    ]


@pytest.mark.parametrize("kind", sorted(NOISE))
def test_each_noise_on_a_short_page(kind: str) -> None:
    dated = policy(SHORT).replace("</h1>", "</h1><p>Updated 2 years ago</p>", 1)
    clean = dated if kind == "relative date" else policy(SHORT)
    assert fingerprint(
        read(NOISE[kind](policy(SHORT)), "{}").blocks
    ) == fingerprint(read(clean, "{}").blocks)


def test_a_title_that_leads_to_itself_is_none_of_the_contents() -> None:
    names = ("walks", "birds", "lake")
    contents = "".join(
        f"<li><a href='#{name}'>About {name}</a></li>" for name in names
    )
    for title in (
        "<h2 id='{0}'><a href='#{0}'>About {0}</a></h2>",
        "<h2 id='{0}'>About {0} <a href='#{0}'><span>Permalink</span></a></h2>",
    ):
        text = "".join(
            f"{title.format(name)}<p>We walk and walk and walk in all weather.</p>"
            for name in names
        )
        page = read(f"<h1>Terms</h1><ul>{contents}</ul>{text}", "{}")
        titles = [block.text for block in page.blocks if block.kind == "heading"]
        assert titles == ["Terms", *(f"About {name}" for name in names)]


@given(
    POLICY,
    st.sampled_from(
        ["{}", "<main>{}</main>", "<div class='page'><article>{}</article></div>"]
    ),
)
def test_every_word_of_the_policy_is_in_a_block(
    sections: list[tuple[str, list[str], list[str]]], frame: str
) -> None:
    page = read(
        NOISE["menu"](NOISE["footer"](frame.format(policy(sections)))), "{}"
    )
    said = [
        text
        for title, paragraphs, items in sections
        for text in (title, *paragraphs, *items)
    ]
    assert [block.text for block in page.blocks] == ["Privacy Policy", *said]


@given(POLICY, st.integers(0, 10**6))
def test_a_word_more_is_seen(
    sections: list[tuple[str, list[str], list[str]]], where: int
) -> None:
    before = policy(sections)
    places = [
        match.start()
        for match in re.finditer(
            r"(?<=[a-z]) (?=[a-z])", before.partition("</h1>")[2]
        )
    ]
    place = before.index("</h1>") + 5 + places[where % len(places)]
    after = before[:place] + " not" + before[place:]
    assert fingerprint(read(before, "{}").blocks) != fingerprint(
        read(after, "{}").blocks
    )


@pytest.mark.parametrize(
    "said",
    [
        "<div class='version-label'>Version 3, in force from 1 March 2025</div>",
        "<p>Last updated: 3/4/2025 <a href='/old'>Earlier versions</a></p>",
        "<div class='comment'><p>In short: we keep little of what you tell us.</p></div>",
        "<ul><li>English law holds.</li><li>French is the language of the text.</li><li>Deutsch too.</li></ul>",
        "<p>By Anna · whoever she is</p>",
        "<ul><li>About walks</li><li>About birds</li></ul>",
        "<p>Copyright notices are kept for 30 days.</p>",
        "<p>Home / work addresses and paths &gt; 5 km</p>",
        "<section class='comments'><p>We read what you write below a walk.</p></section>",
        "<header><h2>About the lake</h2></header>",
        "<p>In short:</p><aside>We keep little of what you tell us.</aside><h2>At length</h2>",
    ],
)
def test_what_looks_like_furniture_and_is_text_stays(said: str) -> None:
    body = "".join(
        f"<p>We keep the path of your walk {name} for a year.</p>"
        for name in "abcdefghijklmnop"
    )
    places = (
        f"{said}<h1>Terms</h1>{body}",
        f"<h1>Terms</h1>{said}{body}",
        f"<h1>Terms</h1>{body}{said}",
    )
    for place, frame in itertools.product(places, ("<main>{}</main>", "{}")):
        page = read(place, frame)
        words = re.sub(r"<[^>]*>", " ", said).replace("&gt;", ">").split()
        assert set(words) <= set(
            " ".join(block.text for block in page.blocks).split()
        )


# what is text and what is not


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("« Oui » : vos choix", "«Oui»: vos choix"),
        ("“It’s yours” – always…", '"It\'s yours" - always...'),
        ("1. Who we are", "2.1 Who we are"),
        ("• your name", "- your name"),
        ("(a) your name", "your name"),
        ("non\u2011EU member\u00adship", "non-EU membership"),
        ("Write to us ( now ) .", "Write to us (now)."),
        ("ﬁle № 1", "file No 1"),
    ],
)
def test_what_a_reader_does_not_see_is_not_text(one: str, other: str) -> None:
    assert normalize(one) == normalize(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("You must be 16 years old.", "You must be 18 years old."),
        ("16 years or older", "18 years or older"),
        ("It costs 1.5 EUR.", "It costs 2.5 EUR."),
        ("1.5 million people", "2.5 million people"),
        ("We keep it for 30 days.", "We keep it for 90 days."),
        ("We may share it.", "We may not share it."),
        (
            "Accounts closed more than 2 years ago are deleted.",
            "Accounts closed more than 3 years ago are deleted.",
        ),
    ],
)
def test_numbers_and_small_words_are_text(one: str, other: str) -> None:
    def mark(text: str) -> str:
        return fingerprint(
            read_page(f"<h1>Terms</h1><p>{text}</p>".encode()).blocks
        )

    assert mark(one) != mark(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Updated: 2 days ago", "Updated: 3 months ago"),
        ("Last updated yesterday", "Last updated last week"),
        ("Mis à jour il y a 2 mois", "Mis à jour il y a un an"),
        ("Zuletzt aktualisiert vor 3 Tagen", "Zuletzt aktualisiert vor einem Jahr"),
        (
            "Request 7f0c2a94-8a44-4c1e-9d7b-1f6f4e2d8a11",
            "Request 0b9e6c1d-2f3a-4b5c-8d7e-6f5a4b3c2d1e",
        ),
    ],
)
def test_what_moves_on_by_itself_makes_no_other_text(one: str, other: str) -> None:
    def mark(text: str) -> str:
        page = read_page(
            f"<h1>Terms</h1><p>{text}</p><p>You may walk with us if you like to.</p>".encode()
        )
        return fingerprint(page.blocks)

    assert mark(one) == mark(other)


def test_a_new_dress_for_the_same_words_is_the_same_text() -> None:
    old = b"<h2>Terms</h2><p>You may join.<br><br>You may leave.</p><ol><li>Be kind.</li><li>Be on time.</li></ol>"
    new = b"<main><h3>Terms</h3><p>You may join.</p><div>You may leave.</div><table><tr><td>1. Be kind.</td></tr>"
    new += b"<tr><td>2. Be on time.</td></tr></table></main>"
    assert fingerprint(read_page(old).blocks) == fingerprint(read_page(new).blocks)


# selectors

SELECTABLE = b"<main><div id=b>Second words here.</div><p class=a>First <b class=a>words</b> here.</p><i>Gone</i></main>"


def test_selected_elements_alone_are_read_in_page_order() -> None:
    page = read_page(SELECTABLE, select=[".a", "#b"])
    assert [block.text for block in page.blocks] == [
        "Second words here.",
        "First words here.",
    ]


def test_removed_elements_are_not_read() -> None:
    assert [
        block.text for block in read_page(SELECTABLE, remove=["i", "#b"]).blocks
    ] == ["First words here."]


@pytest.mark.parametrize("selector", [".nowhere", "main >", ":::", "#b:empty"])
def test_a_selector_that_finds_nothing_is_named(selector: str) -> None:
    with pytest.raises(UnreadablePage, match=re.escape(selector)):
        read_page(SELECTABLE, select=[selector])


def test_a_fragment_that_names_a_heading_means_its_section() -> None:
    body = (PAGES / "several-documents.html").read_bytes()
    page = read_page(body, url="https://heron.example/legal#cookies")
    assert page.blocks[0].text == "Cookies"
    assert len(page.blocks) == 3


def test_a_fragment_that_names_nothing_means_the_page() -> None:
    body = (PAGES / "several-documents.html").read_bytes()
    assert (
        len(read_page(body, url="https://heron.example/legal#nothing").blocks) == 10
    )


@pytest.mark.parametrize(
    ("mime", "body"),
    [
        (
            "text/html",
            "<main><p>Your settings and your <a href='/a'> settings</a>.<br><br>Or <b><a href='/b'>set&#8203;tings</a>"
            "</b> and <a href='/c'>a form</a>, which is all that there is to say about it.</p>"
            "<table><tr><td>form</td><td>a <a href='/d'>form</a></td></tr></table></main>",
        ),
        (
            "text/markdown",
            "Your settings and your [settings](https://x.example/a).\n\nOr **[settings](https://x.example/b)** and"
            " [*a* form](https://x.example/c), which is all.\n\n| form | a |\n|---|---|\n"
            "| a | a [form](https://x.example/d) |",
        ),
    ],
)
def test_a_link_knows_where_its_words_stand(mime: str, body: str) -> None:
    page = read_page(body.encode(), mime=mime, url="https://x.example/")
    links = [(block.text, link) for block in page.blocks for link in block.links]
    assert [link.url[-1] for _, link in links] == ["a", "b", "c", "d"]
    assert all(text.startswith(link.text, link.at) for text, link in links)
    assert links[0][1].at == len("Your settings and your ")
