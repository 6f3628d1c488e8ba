"""What the text in force tells about the next page: what stood in it stays text, what is new beside it is none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analysis.extract import read_page
from analysis.model import Page
from tests.site import AI, a_job, a_site, policy, policywatch, watchlist

LETTERS = "We keep your letters for two years, for that is how long a reader may ask for them."
CARDS = "Your card tells us which books you took home, and we delete that when you bring them back."
PARTNERS = (
    "We give your name to the bindery only where you ask for a book to be mended."
)
RIGHTS = (
    "You may ask at the desk what we know of you, and we answer within a month."
)
SENTENCES = (LETTERS, CARDS, PARTNERS, RIGHTS)
NEWS = "<p>Volunteers wanted: on Sunday we clean the river bank together, and there is soup.</p>"
WIDGET = f'<div class="x-news">{NEWS}</div>'


def paragraphs(*sentences: str) -> str:
    return "".join(f"<p>{sentence}</p>" for sentence in sentences)


def body(text: str, beside: str = "", above: str = "") -> str:
    return f'<body>{above}<div class="page"><h1>Privacy</h1><div class="text">{text}</div></div>{beside}</body>'


def read(markup: str, former: Page | None = None, **how: tuple[str, ...]) -> Page:
    known = [block.text for block in former.blocks] if former is not None else []
    return read_page(markup.encode(), language="en", former=known, **how)  # type: ignore[arg-type]


def texts(page: Page) -> list[str]:
    return [block.text for block in page.blocks if block.kind != "heading"]


BEFORE = read(body(paragraphs(*SENTENCES)))


@pytest.mark.parametrize(
    "markup",
    [
        body(paragraphs(*SENTENCES), beside=WIDGET),
        body(paragraphs(*SENTENCES), above=WIDGET),
        body(paragraphs(*SENTENCES)).replace(
            "</div></div>", f"</div>{WIDGET}</div>"
        ),
    ],
    ids=["below", "above", "beside it"],
)
def test_what_comes_beside_the_text_is_left_out_and_says_so(markup: str) -> None:
    page = read(markup, BEFORE)
    assert texts(page) == [*SENTENCES]
    assert [each.reason for each in page.dropped if "soup" in each.text] == [
        "beside the text"
    ]
    assert read(markup, page) == page


def test_what_comes_within_the_text_is_text() -> None:
    page = read(
        body(paragraphs(LETTERS, CARDS) + NEWS + paragraphs(PARTNERS, RIGHTS)),
        BEFORE,
    )
    assert any("soup" in text for text in texts(page))


def test_a_letter_to_order_within_the_text_is_none_of_it() -> None:
    form = "<div><p>Once a month we write how the new shelves are coming on.</p><form><button>Go</button></form></div>"
    page = read(
        body(paragraphs(LETTERS, CARDS) + form + paragraphs(PARTNERS, RIGHTS)),
        BEFORE,
    )
    assert texts(page) == [*SENTENCES]


def test_a_section_with_buttons_that_speaks_of_data_is_text() -> None:
    choice = "<section><p>You can opt out of the use of your letters.</p><button>Opt out</button></section>"
    page = read(
        body(paragraphs(LETTERS, CARDS) + choice + paragraphs(PARTNERS, RIGHTS)),
        BEFORE,
    )
    assert "You can opt out of the use of your letters." in texts(page)


def test_a_row_that_comes_with_a_link_is_text() -> None:
    table = "<table><tr><td>shelf</td><td>counts visits</td></tr>{}</table>"
    row = "<tr><td>__obi</td><td><a href='https://mill.example'>Mill</a></td></tr>"
    before = read(body(paragraphs(*SENTENCES) + table.format("")))
    after = read(body(paragraphs(*SENTENCES) + table.format(row)), before)
    assert any("__obi" in text for text in texts(after))


def test_what_stood_in_the_text_stays_text_whatever_it_is_called_now() -> None:
    renamed = body(
        paragraphs(LETTERS, CARDS, PARTNERS)
        + f'<div role="toolbar"><a href="/x">{RIGHTS}</a></div>'
    )
    assert RIGHTS not in texts(read(renamed))
    assert texts(read(renamed, BEFORE)) == [*SENTENCES]


def test_a_paragraph_that_moves_out_of_the_text_stays_text() -> None:
    moved = body(
        paragraphs(LETTERS, CARDS, PARTNERS),
        beside=f"<div class='note'><p>{RIGHTS}</p></div>",
    )
    assert texts(read(moved, BEFORE)) == [*SENTENCES]


def test_one_that_is_reworded_as_it_moves_is_text_too() -> None:
    reworded = RIGHTS.replace("a month", "two months")
    moved = body(
        paragraphs(LETTERS, CARDS, PARTNERS),
        beside=f"<div class='note'><p>{reworded}</p></div>",
    )
    assert reworded in texts(read(moved, BEFORE))


NEW = "The mill next door now borrows what we know."


@pytest.mark.parametrize(
    "beside",
    [
        f'<div class="text"><p>{NEW} Nobody is asked before.</p></div>',
        "<div><h2>More</h2><p>We share your personal data with the mill next door.</p></div>",
    ],
    ids=["of the same kind", "of people's data"],
)
def test_a_text_that_goes_on_beside_its_box_is_read(beside: str) -> None:
    grown = body(paragraphs(*SENTENCES)).replace(
        "</div></div>", f"</div>{beside}</div>"
    )
    page = read(grown, BEFORE)
    assert len(texts(page)) == len(SENTENCES) + 1
    assert read(grown, page).blocks == page.blocks


def test_a_notice_of_changes_above_the_text_is_read() -> None:
    notice = '<div class="n"><p>On 3 May our privacy policy changes: we will lend to robots as well.</p></div>'
    assert any(
        "robots" in text
        for text in texts(read(body(paragraphs(*SENTENCES), above=notice), BEFORE))
    )


def test_half_of_a_page_is_no_box_for_all_of_it() -> None:
    half = read(body(paragraphs(LETTERS, CARDS)))
    rest = "".join(
        f"<p>{sentence} So it is in the mill, too.</p>"
        for sentence in (PARTNERS, RIGHTS)
    )
    grown = body(paragraphs(LETTERS, CARDS)).replace(
        "</div></div>", f"</div><div class='rest'>{rest}</div></div>"
    )
    assert len(texts(read(grown, half))) == len(SENTENCES)


def test_a_redesign_is_read_as_any_page() -> None:
    redesigned = f"<body><main><h1>Privacy</h1>{paragraphs(*SENTENCES, NEW + ' So it is.')}</main></body>"
    assert texts(read(redesigned, BEFORE)) == [*SENTENCES, f"{NEW} So it is."]
    rewritten = f"<body><main><h1>Privacy</h1>{paragraphs(*(each.upper() for each in SENTENCES))}</main></body>"
    assert len(texts(read(rewritten, BEFORE))) == len(SENTENCES)


def test_two_pages_that_share_their_whole_text_are_read_whole_and_told_each(
    tmp_path: Path,
) -> None:
    database = f"sqlite:///{tmp_path}/watch.db"
    with a_site() as site:
        names = ("privacy", "notice")
        config = watchlist(tmp_path, site, database, names=names)
        with a_job(config) as job:
            for text in (policy(), policy(NEW), policy(AI)):
                for name in names:
                    site.pages[f"/{name}"] = text
                report = job.run(force=True)
        assert {check["outcome"] for check in report.checks} == {"changed"}
    told = (tmp_path / "alerts.txt").read_text("utf-8")
    assert AI in told.replace("\n", " ")
    shown = [
        json.loads(
            policywatch("history", f"library/{name}", "--json", "--config", config)
        )
        for name in names
    ]
    assert [each["changes"][0]["passages"][0]["after"] for each in shown] == [
        AI,
        AI,
    ]


def test_what_a_selector_chose_is_text() -> None:
    page = read(
        body(paragraphs(*SENTENCES), beside=WIDGET), BEFORE, select=("body",)
    )
    assert any("soup" in text for text in texts(page))


def test_crawl_ingest_and_reading_again_agree_on_what_is_beside(
    tmp_path: Path,
) -> None:
    with a_site() as site:
        config = watchlist(tmp_path, site, f"sqlite:///{tmp_path}/watch.db")
        text = policy().replace("</main>", "</main>{}")
        site.pages["/privacy"] = text.format("")
        with a_job(config) as job:
            job.run(force=True)
            for number in range(3):
                site.pages["/privacy"] = text.format(
                    f"<div class='x-{number}'>{NEWS}</div>" if number < 2 else ""
                )
                (check,) = job.run(force=True).checks
                assert check["outcome"] == "unchanged"
            site.pages["/privacy"] = text.format(WIDGET).replace(
                "</main>", f"<p>{LETTERS}</p></main>"
            )
            assert job.run(force=True).checks[0]["outcome"] == "changed"
        assert "2 versions read again: 0 have another text now" in policywatch(
            "read", "--again", "--config", config
        )
        assert not (tmp_path / "alerts.txt").exists() or "soup" not in (
            tmp_path / "alerts.txt"
        ).read_text("utf-8")


LISTED = ("On request we:", "mend your book", "print your letters")


@pytest.mark.parametrize("known", [LISTED, (" ".join(LISTED),)])
def test_a_list_of_broken_lines_is_known_again(known: tuple[str, ...]) -> None:
    """Texts in force may be of a time when its lines were one paragraph."""
    markup = body(
        paragraphs(LETTERS, CARDS),
        beside=f"<div><p>{'<br>'.join(LISTED)}</p></div>",
    )
    assert texts(read(markup)) == [LETTERS, CARDS]
    former = ["Privacy", LETTERS, CARDS, *known]
    page = read_page(markup.encode(), language="en", former=former)
    assert texts(page) == [LETTERS, CARDS, *LISTED]


@pytest.mark.parametrize(
    ("box", "is_text"),
    [
        ("<div><p>Leave your e-mail address, we write monthly.</p><input type=email></div>", False),
        ("<div><p>To opt out of the sale of data, leave your address.</p><input type=email></div>", True),
        ("<div><p>We and our partners store cookies.</p><i>Fine</i><div>Accept all</div></div>", False),
        ("<p class=c><a href=/>Start</a> » <a href=/h>About the house</a></p>", False),
        ("<p>Our partner is Norrvik.</p>", True),
    ],
)  # fmt: skip
def test_a_new_box_that_asks_or_links_is_none_of_the_text(
    box: str, is_text: bool
) -> None:
    body = "".join(
        f"<p>We keep the data of account number {n} for as long as you use it.</p>"
        for n in range(12)
    )
    old = f"<main><h1>Privacy Policy</h1>{body}</main>"
    former = tuple(block.text for block in read_page(old.encode()).blocks)
    page = read_page(
        old.replace("</main>", f"{box}</main>").encode(),
        language="en",
        former=former,
    )
    added = len(page.blocks) - len(former)
    assert (added > 0) is is_text
