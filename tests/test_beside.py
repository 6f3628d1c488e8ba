"""What stands amid a policy and says nothing of it: a caption, an offer, a comment. It alerts nobody and makes no version
before it has stayed; the text keeps it then."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.compare import compare
from analysis.extract import read_page
from analysis.model import Comparison, Page
from analysis.text.lexicon import OwnTopic
from storage.changes import changes_of
from storage.versions import current_version
from tests.site import AI, PARAGRAPHS, Site, a_job, library, policy, watchlist

DATABASES = ["sqlite"]
ID = "library/privacy"
CAPTION = "The crew at the summer fair in Bergen, photographed by a guest."
OFFER = "Our garden chairs are half price until Sunday."
LEAVES = "Des bénévoles au nettoyage de printemps, avec des gants et de la soupe."

site = pytest.fixture(library)


def text(*paragraphs: str, under: str = "Your data") -> Page:
    lines = "".join(f"\n\n{paragraph}" for paragraph in paragraphs)
    markdown = f"# Privacy policy\n\n## {under}\n\n{'  '.join(PARAGRAPHS)}{lines}"
    return read_page(markdown.encode(), mime="text/markdown")


def compared(
    came: str, language: str = "en", **options: tuple[OwnTopic, ...]
) -> Comparison:
    """The change where this line comes."""
    return compare(
        text(), text(came), language=language, document="Privacy Policy", trusted=True,
        **options,  # type: ignore[arg-type]
    )  # fmt: skip


@pytest.mark.parametrize(
    ("line", "language"),
    [
        (CAPTION, "en"),
        (OFFER, "en"),
        (LEAVES, "fr"),
        ("Unsere Gartenstühle sind bis Sonntag zum halben Preis zu haben.", "de"),
        (
            "Please switch off your ad blocker: advertising pays for this page.",
            "en",
        ),
        ("Meet Pim, our AI assistant, and ask it for a recipe!", "en"),
    ],
)
def test_it_alerts_nobody_and_may_pass(line: str, language: str) -> None:
    change = compared(line, language)
    assert (change.alert, change.may_pass) == (False, True)


@pytest.mark.parametrize(
    "line",
    [
        AI,
        "We sell the pictures of our summer fair with your name to whoever pays.",
        "Our garden robot reads your letters to train its models.",
        "Sunday offers are sent only if you agree.",
        "From Sunday on our privacy policy changes: chairs are watched by cameras.",
        "Health, faith and shoe size",
    ],
)
def test_a_line_of_the_policy_never_passes(line: str) -> None:
    assert not compared(line).may_pass


@pytest.mark.parametrize(
    ("before", "after", "passes"),
    [
        ("## How to reach the desk", "## Questions for the desk", True),
        ("## Wie Sie uns erreichen", "## So finden Sie zu uns", True),
        ("## Sale of your data", "## Use of your data", False),
        (
            "Trees that readers planted: 310",
            "Trees that readers planted: 318",
            True,
        ),
        ("We answer you on 3 May 2031.", "We answer you on 5 May 2031.", False),
        ("We must answer within a week.", "We must answer within a month.", False),
    ],
)
def test_what_alerts_nobody_and_names_nothing_waits(
    before: str, after: str, passes: bool
) -> None:
    pages = [text(f"{line}\n\nA line that stays.") for line in (before, after)]
    language = "de" if "Sie" in before else "en"
    change = compare(*pages, language=language, trusted=True)
    assert change.passages
    assert (change.may_pass, change.alert) == (passes, False)


@pytest.mark.parametrize("cell", ["Voice recordings | 30 days", "Ads | Yes"])
def test_a_cell_never_waits(cell: str) -> None:
    table = "| Data | Kept |\n| --- | --- |\n| {} |"
    before, after = (text(table.format(row)) for row in (cell, cell[:-3] + "No"))
    assert not compare(before, after, language="en", trusted=True).may_pass


def test_the_label_below_an_offer_passes_with_it() -> None:
    assert compared(f"{OFFER}\n\nChoose one").may_pass
    assert not compared(f"{OFFER}\n\nRefuse the sale of data").may_pass


def test_a_topic_of_the_operators_own_never_passes() -> None:
    assert compared(OFFER).may_pass
    change = compared(OFFER, own_topics=(OwnTopic("chairs", ("garden chairs",)),))
    assert (change.alert, change.may_pass) == (True, False)


def test_a_passage_under_a_line_that_governs_it_is_read_with_it() -> None:
    lead, item = "We share your data with:", "- Garden chairs and summer fairs"
    before, after = (text(lead, "- Banks", *more) for more in ((), (item,)))
    assert not compare(before, after, language="en", trusted=True).may_pass


SONG = "Song of the day: {}."


@pytest.mark.parametrize(
    ("before", "after", "passes"),
    [
        ("Only 12 seats left for the concert.", "Only 9 seats left for the concert.", True),
        (SONG.format("Coal Dust Waltz"), SONG.format("The Heron and the Bell"), True),
        (SONG.format("Coal Dust Waltz"), SONG.format("we sell your personal data"), False),
        (SONG.format("we sell your personal data"), SONG.format("Coal Dust Waltz"), False),
        ("You may object by letter.", "You may object by letter on a Sunday.", False),
        (
            "Offline maps: opening one shows us neither the place nor the route.",
            "Offline maps: opening one shows us the place, but no route.",
            False,
        ),
    ],
)  # fmt: skip
def test_what_is_reworded_passes_where_neither_text_says_anything_of_the_document(
    before: str, after: str, passes: bool
) -> None:
    change = compare(text(before), text(after), language="en", trusted=True)
    assert change.may_pass is passes


def test_what_is_gone_again_makes_no_version_and_what_stays_is_text(
    tmp_path: Path, site: Site
) -> None:
    with a_job(watchlist(tmp_path, site, f"sqlite:///{tmp_path}/watch.db")) as job:

        def check(*more: str) -> str | None:
            site.pages["/privacy"] = policy(*more)
            return job.run(force=True).json()["checks"][0]["outcome"]

        song = SONG.format("Coal Dust Waltz")
        assert [check(song), check(SONG.format("The Heron and the Bell")), check(song)] == [
            "first", *["unchanged"] * 2,
        ]  # fmt: skip
        assert [check(song, OFFER), check(song), check(song, CAPTION)] == [
            *["unchanged"] * 3,
        ]  # fmt: skip
        assert check(song, CAPTION, AI) == "changed", "news does not wait for it"
        with job.database.reading() as session:
            (change,) = changes_of(session, ID)
            assert change.alert
        assert [check(song, AI), check(song, AI), check(song, AI)] == [
            "unchanged",
            "unchanged",
            "cosmetic",
        ]
        with job.database.reading() as session:
            current = current_version(session, ID)
            assert current is not None
            lines = [block["text"] for block in current.page["blocks"]]
            assert AI in lines
            assert CAPTION not in lines
            assert [each.alert for each in changes_of(session, ID)] == [False, True]


def test_words_that_only_go_were_the_documents() -> None:
    title, line = (
        "## Who we are",
        "We answer letters in the order in which they come.",
    )
    whole, short = (
        text(f"{title}\n\n{line}\n\nA line that stays."),
        text(f"{title}\n\nA line that stays."),
    )
    assert compare(short, whole, language="en", trusted=True).may_pass
    assert not compare(whole, short, language="en", trusted=True).may_pass


def test_what_comes_every_other_check_never_stays(
    tmp_path: Path, site: Site
) -> None:
    titles = ("How to reach the desk", "Questions for the desk") * 3
    with a_job(watchlist(tmp_path, site, f"sqlite:///{tmp_path}/watch.db")) as job:
        outcomes = []
        for title in titles:
            site.pages["/privacy"] = policy(f"</p><h2>{title}</h2><p>It is open.")
            outcomes.append(job.run(force=True).json()["checks"][0]["outcome"])
    assert outcomes == ["first", *["unchanged"] * 5]


CALL = "We keep the records of your visits for three years."
CARD = f'<aside class="card"><p>{CALL}</p></aside>'


def marked(body: str, former: Page | None = None) -> Page:
    markup = f"<main><h1>Privacy policy</h1>{body}</main>"
    blocks = [block.text for block in former.blocks] if former else []
    return read_page(markup.encode(), language="en", former=blocks)


@pytest.mark.parametrize(
    ("came", "waits"),
    [
        (CARD, True),
        (CARD.replace("We keep", "From 1 March 2031 we keep"), False),
        (CARD.replace(CALL, AI), False),
        (f"<p>{CALL}</p>", False),
        (f"<ul><li>{CALL}</li></ul>", False),
    ],
)
@pytest.mark.parametrize("names", ["", ' class="css-{}"'])
def test_what_alerts_in_markup_of_its_own_waits(
    came: str, waits: bool, names: str
) -> None:
    """Where each element has a name of its own, they tell nothing."""
    rows = [f"<p{names.format(n)}>{text}</p>" for n, text in enumerate(PARAGRAPHS)]
    before = marked("".join(rows))
    change = compare(
        before, marked("".join((*rows, came)), before), language="en", trusted=True
    )
    assert (change.alert, change.may_pass) == (True, waits and not names)


def test_a_redesign_has_no_foreign_markup() -> None:
    before = marked("".join(f"<p>{text}</p>" for text in PARAGRAPHS))
    boxes = "".join(
        f'<div class="row">{text}</div>' for text in (*PARAGRAPHS, CALL)
    )
    assert not marked(boxes, before).foreign
