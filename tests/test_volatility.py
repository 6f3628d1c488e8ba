"""Pages that never rest: what differs is named, with the line for the watchlist that leaves it out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from pathlib import Path

import pytest

from analysis.text.lexicon import OwnTopic
from foundation.vocabulary import NoticeKind
from messages import Message, translate
from notifier.notifications import notice_message
from policywatch.ingest.extraction import ExtractionConfig, RawPage
from storage.database import Database
from storage.deliveries import notices_of
from tests.paper import Ink, pdf
from tests.site import (
    AI,
    PARAGRAPHS,
    Site,
    library,
    outcomes,
    policy,
    policywatch,
    run,
    watchlist,
)

DATABASES = ["sqlite"]

TITLE = "Privacy policy of the library"
URL = "http://127.0.0.1/privacy"


site = pytest.fixture(library)


def page(extra: str) -> RawPage:
    """A policy with this markup amid its paragraphs."""
    first, *rest = PARAGRAPHS * 2
    text = policy(paragraphs=(f"{first}</p>{extra}<p>{rest[0]}", *rest[1:]))
    return RawPage(text.encode(), url=URL, final_url=URL)


def unstable(one: str, other: str, **settings: tuple[str, ...]) -> str:
    return str(
        reason(ExtractionConfig(TITLE, "en", **settings), [page(one)], [page(other)])
    )  # type: ignore[arg-type]


def reason(
    extraction: ExtractionConfig,
    first: Sequence[RawPage | None],
    second: Sequence[RawPage],
) -> Message:
    gap = extraction.difference(first, second)
    return (
        extraction.unstable_reason(gap, second)
        if gap is not None
        else Message("answer.unstable")
    )


def both(markup: str, one: str, other: str) -> tuple[str, str]:
    return markup.format(one), markup.format(other)


TICKER = both('<p class="gauge">{} books at home</p>', "1,204", "1,207")
ROOM = "<p id=room>Our reading room in the old mill opens every day, with {} seats that you can take, for all.</p>"
KIND, FOUND = (
    "They were kind to us from the very first day.",
    "I found every book that I had looked for.",
)


@pytest.mark.parametrize(
    ("answers", "remove"),
    [
        (TICKER, '[".gauge"]'),
        (both('<div id="live"><p class="css-1x2y3z">{} books at home</p></div>', "1,204", "1,207"), '["#live"]'),
        (both("<live-count>{} here</live-count>", "12", "13"), '["live-count"]'),
        (both('<div class="quote"><q>{}</q><p>Anna said so</p></div>', KIND, FOUND), '[".quote q"]'),
        (both('<div class="quote"><blockquote>{0}</blockquote><p>{0} Anna</p></div>', KIND, FOUND), '[".quote"]'),
        (both(ROOM, "<b class=seats>12</b>", "<b class=seats>9</b>"), '[".seats"]'),
        (("", '<p class="offer">Today all of our scones cost half.</p>'), '[".offer"]'),
        (both("<p class=gauge>{0} at home</p><p class=rate>{0} dollars</p>", "1.07", "1.09"), '[".gauge", ".rate"]'),
    ],
    ids=["class", "id around it", "own tag", "tag in a class", "all of a class", "within a sentence", "came", "two"],
)  # fmt: skip
def test_the_smallest_element_with_a_name_is_told(
    answers: tuple[str, str], remove: str
) -> None:
    assert (
        f"leave these elements out in its settings: {', '.join(json.loads(remove))}"
        in unstable(*answers)
    )


@pytest.mark.parametrize(
    "answers",
    [
        both('<p class="css-1x2y3z">{} books at home</p>', "1,204", "1,207"),
        both(ROOM, "12", "9"),
        both('<p id="period">We keep your letters for {}.</p>', "one year", "two years"),
        both('<p class="fish">The fish: {} of them</p>', "30", "40"),
        both('<div class="all">{}</div>', "The fair is in May. " * 9, "Come and see our new chairs. " * 9),
        both('<main class="rest"><p>Hello {}</p><p class="x1">Here we tell you what we do.</p></main>', "you", "there"),
    ],
    ids=["made by a build", "amid words that stay", "of data", "own topic", "much", "another paragraph beside it"],
)  # fmt: skip
def test_what_may_be_the_policys_is_told_without_a_line(
    answers: tuple[str, str],
) -> None:
    own = OwnTopic("fish", ("the fish",))
    said = str(
        reason(
            ExtractionConfig(TITLE, "en", topics=(own,)),
            [page(answers[0])],
            [page(answers[1])],
        )
    )
    assert said.startswith(
        "Two answers a moment apart differ, so neither was accepted: one says “"
    )
    assert "settings" not in said


def test_what_is_left_out_already_stays_left_out() -> None:
    said = unstable(*TICKER, remove=('[title="b"]', "aside"), select=("main",))
    assert "in its settings: .gauge" in said


def test_words_are_quoted_short_and_steer_nothing() -> None:
    said = unstable("", f'<p class="x1">\x1b[31m\u202e{"long " * 99}</p>')
    assert "one says nothing there, the other “[31m long long" in said
    assert "long…”" in said
    assert said.isprintable()


def test_of_several_parts_the_one_is_named_that_differs() -> None:
    extraction = ExtractionConfig(TITLE, "en")
    first, second = ([page(""), page(extra)] for extra in TICKER)
    said = str(reason(extraction, first, second))
    assert said.startswith("Part 2 of 2 (http://127.0.0.1/privacy): Two answers")
    assert "in its settings: .gauge" in said
    held = [page('<p class="gauge">We share your letters.</p>'), second[1]]
    assert "settings" not in str(reason(extraction, [held[0], first[1]], held)), (
        "it would take words away from another part"
    )
    assert "settings: .gauge" in str(reason(extraction, [None, first[1]], second)), (
        "the first one answered 304"
    )
    assert "one says" not in str(reason(extraction, [first[0], None], second))


def test_the_words_of_a_pdf_are_named_too() -> None:
    def printed(number: str) -> RawPage:
        lines = (*PARAGRAPHS, f"Copy {number}")
        return RawPage(
            pdf([[Ink(50, 700 - 20 * n, text) for n, text in enumerate(lines)]]),
            "application/pdf",
        )

    said = str(
        reason(
            ExtractionConfig(TITLE, "en"), [printed("twelve")], [printed("thirteen")]
        )
    )
    assert "Copy twelve”, the other “" in said
    assert "settings" not in said


def ticking(numbers: Iterator[int], markup: str) -> Callable[[], str]:
    return lambda: policy(f"</p>{markup.format(next(numbers))}<p>")


def test_a_ticker_is_held_still_while_the_rest_is_watched(
    tmp_path: Path, site: Site, database_url: str
) -> None:
    config = watchlist(tmp_path, site, database_url)
    operator, numbers = tmp_path / "operator.txt", count(1204)
    ticker = '<p class="gauge">Just in: book {} came home</p>'
    site.pages["/privacy"] = ticking(numbers, ticker)
    assert outcomes(run(config, status=0)) == {"library/privacy": "first"}
    said = operator.read_text("utf-8")
    assert "library/privacy answers differently from one moment to the next." in said
    assert (
        "one says “in: book 1204 came home”, the other “in: book 1205 came home”"
        in said
    )
    assert "in its settings: .gauge" in said
    assert outcomes(run(config, status=0)) == {"library/privacy": "unchanged"}
    site.pages["/privacy"] = lambda: policy(
        f"{AI}</p>{ticker.format(next(numbers))}<p>"
    )
    assert outcomes(run(config, status=0)) == {"library/privacy": "changed"}, (
        "a change beside what differs"
    )
    assert "train generative AI models" in (tmp_path / "alerts.txt").read_text("utf-8")
    assert "came home" not in (tmp_path / "alerts.txt").read_text("utf-8")
    assert outcomes(run(config, status=0)) == {"library/privacy": "unchanged"}
    assert operator.read_text("utf-8") == said, "said once"


def test_what_differs_in_the_text_in_force_stays_as_it_was(
    tmp_path: Path, site: Site
) -> None:
    config = watchlist(tmp_path, site, f"sqlite:///{tmp_path}/watch.db")
    guests = "<p>{}, of the reading club, was our guest of the day.</p>"
    site.pages["/privacy"] = policy(f"</p>{guests.format('Anna')}<p>")
    run(config, status=0)
    names = iter(("Bo", "Cleo", "Dan", "Eve", "Finn", "Gil"))
    site.pages["/privacy"] = ticking(names, guests)
    for _ in range(2):
        assert outcomes(run(config, status=0)) == {"library/privacy": "unchanged"}
    (version,) = json.loads(
        policywatch("history", "library/privacy", "--json", "--config", config)
    )["versions"]
    assert version["number"] == 1


def test_a_roll_out_is_told_once_it_stays(tmp_path: Path, site: Site) -> None:
    config = watchlist(tmp_path, site, f"sqlite:///{tmp_path}/watch.db")
    site.pages["/privacy"] = policy()
    run(config, status=0)
    servers = count()
    site.pages["/privacy"] = lambda: policy(
        f'</p><p class="news">{AI.replace("3", str(3 + next(servers)), 1)}'
    )
    assert outcomes(run(config, status=0)) == {"library/privacy": "unchanged"}
    assert "remove" not in (tmp_path / "operator.txt").read_text("utf-8"), (
        "words of AI may be the policy's"
    )
    site.pages["/privacy"] = policy(AI)
    results = [outcomes(run(config, status=0))["library/privacy"] for _ in range(5)]
    assert results == ["unchanged", "unchanged", "unchanged", "unchanged", "changed"]
    assert "train generative AI models" in (tmp_path / "alerts.txt").read_text("utf-8")


def test_two_answers_with_little_in_common_are_held(tmp_path: Path, site: Site) -> None:
    config = watchlist(tmp_path, site, f"sqlite:///{tmp_path}/watch.db")
    site.pages["/privacy"] = policy()
    run(config, status=0)
    servers = count()
    other = " ".join(
        f"Here we speak of the garden, of its bed number {n} and of the tools."
        for n in range(60)
    )
    site.pages["/privacy"] = lambda: policy(AI if next(servers) % 2 else other)
    report = run(config, status=1)
    assert outcomes(report) == {"library/privacy": "held"}
    assert "neither was accepted" in report["checks"][0]["reason"]


def test_a_count_that_grows_from_check_to_check_is_told_once_and_left_out_by_the_line(
    tmp_path: Path, site: Site, database_url: str
) -> None:
    config = watchlist(tmp_path, site, database_url)
    operator = tmp_path / "operator.txt"

    def grown(number: int) -> None:
        site.pages["/privacy"] = policy(
            f'</p><p class="crowd">{number} happy members of our club</p><p>'
        )
        run(config, status=0)

    for number in range(12, 15):
        grown(number)
    assert not operator.exists()
    assert "kept changing" not in policywatch("doctor", "--config", config)
    grown(15)
    line = 'remove = [".crowd"]'
    last = "“14 happy members of” became “15 happy members of”, and nothing else differed. If these words"
    said = operator.read_text("utf-8")
    assert "library/privacy has kept changing in one place since" in said
    assert last in said
    assert "leave these elements out in its settings: .crowd" in said
    assert "mark them here: http://watch.example/changes/3" in said
    assert last in policywatch("doctor", "--config", config)
    grown(16)
    assert operator.read_text("utf-8") == said, "told once of a place"
    assert "“16 happy members of”" in policywatch("doctor", "--config", config)
    database = Database(database_url)
    with database.reading() as session:
        (notice,) = notices_of(session, NoticeKind.VOLATILE, "library/privacy")
        french = notice_message([notice], language="fr", base_url=None).text
    database.close()
    assert "library/privacy change sans cesse au même endroit depuis le" in french
    assert "excluez ces éléments dans ses réglages\u00a0: .crowd" in french
    config.write_text(f"{config.read_text('utf-8')}{line}\n", "utf-8")
    for number in range(17, 20):
        grown(number)
    history = json.loads(
        policywatch("history", "library/privacy", "--json", "--config", config)
    )
    assert [version["cause"] for version in history["versions"]][-2:] == [
        "page",
        "reader",
    ]
    assert len(history["versions"]) == 6
    assert "kept changing" not in policywatch("doctor", "--config", config)
    assert operator.read_text("utf-8") == said
    assert not (tmp_path / "alerts.txt").exists()


def test_changes_at_two_places_or_that_are_told_are_none_of_a_restless_page(
    tmp_path: Path, site: Site
) -> None:
    config = watchlist(
        tmp_path, site, f"sqlite:///{tmp_path}/watch.db", names=("two", "told")
    )
    for number in range(5):
        crowd = f'<p class="crowd">{number} happy members</p>'
        places = (
            (crowd, f"{PARAGRAPHS[2]}</p>{crowd}")
            if number % 2
            else (f"{PARAGRAPHS[2]}</p>{crowd}", crowd)
        )
        site.pages["/two"] = policy(*places)
        site.pages["/told"] = policy(
            f"{AI} We keep your letters for {number + 2} years."
        )
        run(config, status=0)
    assert not (tmp_path / "operator.txt").exists()
    assert "kept changing" not in policywatch("doctor", "--config", config)


def test_a_restless_place_without_a_name_is_told_with_what_to_look_for(
    tmp_path: Path, site: Site
) -> None:
    config = watchlist(tmp_path, site, f"sqlite:///{tmp_path}/watch.db")
    for number in range(4):
        site.pages["/privacy"] = policy(f"{number + 12} happy members")
        run(config, status=0)
    assert "`policywatch ignore 3` leaves out" in policywatch(
        "doctor", "--config", config
    )


def test_what_differs_is_said_in_french() -> None:
    said = reason(ExtractionConfig(TITLE, "en"), [page(TICKER[0])], [page(TICKER[1])])
    text = translate(said, "fr")
    assert (
        "l’une dit «\u00a01,204 books at home\u00a0», l’autre «\u00a01,207 books at home\u00a0»"
        in text
    )
    assert text.endswith("excluez ces éléments dans ses réglages\u00a0: .gauge")
