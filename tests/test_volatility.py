"""Pages that never rest: what differs is named, and held still."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from analysis.extract import read_page
from analysis.model import Page
from messages import translate
from policywatch.ingest.noise import find_difference
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

site = pytest.fixture(library)


def page(*more: str) -> Page:
    text = "\n\n".join((*PARAGRAPHS, *more))
    return read_page(text.encode(), mime="text/markdown")


def test_words_are_quoted_short_and_steer_nothing() -> None:
    gap = find_difference(page(), page(f"\x1b[31m\u202e{'long ' * 99}"))
    assert gap is not None
    said = str(gap.message("differing.unstable"))
    assert "one says nothing there, the other “[31m long long" in said
    assert "long…”" in said
    assert said.isprintable()
    assert find_difference(page(), page()) is None


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
    assert (
        "library/privacy answers differently from one moment to the next." in said
    )
    assert (
        "one says “in: book 1204 came home”, the other “in: book 1205 came home”"
        in said
    )
    assert outcomes(run(config, status=0)) == {"library/privacy": "unchanged"}
    site.pages["/privacy"] = lambda: policy(
        f"{AI}</p>{ticker.format(next(numbers))}<p>"
    )
    assert outcomes(run(config, status=0)) == {"library/privacy": "changed"}, (
        "a change beside what differs"
    )
    assert "train generative AI models" in (tmp_path / "alerts.txt").read_text(
        "utf-8"
    )
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
    site.pages["/privacy"] = policy(AI)
    results = [outcomes(run(config, status=0))["library/privacy"] for _ in range(5)]
    assert results == [
        "unchanged",
        "unchanged",
        "unchanged",
        "unchanged",
        "changed",
    ]
    assert "train generative AI models" in (tmp_path / "alerts.txt").read_text(
        "utf-8"
    )


def test_two_answers_with_little_in_common_are_held(
    tmp_path: Path, site: Site
) -> None:
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


def test_a_count_that_grows_from_check_to_check_makes_no_version(
    tmp_path: Path, site: Site
) -> None:
    config = watchlist(tmp_path, site, f"sqlite:///{tmp_path}/watch.db")
    for number in range(12, 16):
        site.pages["/privacy"] = policy(
            f'</p><p class="crowd">{number} happy members of our club</p><p>'
        )
        outcome = "first" if number == 12 else "unchanged"
        assert outcomes(run(config, status=0)) == {"library/privacy": outcome}
    assert not (tmp_path / "operator.txt").exists()


def test_of_several_parts_the_one_is_named_that_differs(
    tmp_path: Path, site: Site
) -> None:
    config = watchlist(tmp_path, site, f"sqlite:///{tmp_path}/watch.db")
    config.write_text(
        config.read_text("utf-8").replace(
            f'url = "{site.url}/privacy"',
            f'urls = ["{site.url}/rules", "{site.url}/privacy"]',
        ),
        "utf-8",
    )
    site.pages["/rules"] = policy()
    site.pages["/privacy"] = ticking(count(12), "<p>{} books came home</p>")
    run(config, status=0)
    said = (tmp_path / "operator.txt").read_text("utf-8")
    assert f"Part 2 of 2 ({site.url}/privacy): Two answers" in said


def test_what_differs_is_said_in_french() -> None:
    gap = find_difference(page("1,204 books at home"), page("1,207 books at home"))
    assert gap is not None
    said = translate(gap.message("differing.unstable"), "fr")
    assert (
        "l’une dit «\u00a01,204 books at home\u00a0», l’autre «\u00a01,207 books at home\u00a0»"
        in said
    )
