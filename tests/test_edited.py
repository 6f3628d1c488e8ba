"""Whoever edits the watchlist is not told of it as of something that the service did."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from policywatch.config.watchlist import load
from policywatch.plan import has_work
from storage.clock import utc_now
from storage.database import Database
from tests.site import (
    AI,
    PARAGRAPHS,
    Site,
    a_job,
    a_site,
    policy,
    policywatch,
    unlike,
    watchlist,
)

DATABASES = ["sqlite"]
FRENCH = (
    "Nous gardons votre nom et votre adresse aussi longtemps que vous êtes membre de la bibliothèque.",
    "Nous utilisons vos données pour vous prêter des livres, et pour rien d'autre que cela.",
    "Vous pouvez nous demander à tout moment de les effacer, et nous le ferons sur-le-champ.",
    "Nous utilisons vos messages pour entraîner des modèles d'intelligence artificielle.",
)
Edit = Callable[[Path, Site], str]
SOLD = "We sell your name and your address to advertisers."


@pytest.fixture
def site() -> Iterator[Site]:
    with a_site() as site:
        site.pages |= {
            "/privacy": policy(),
            "/eu": policy(AI),
            "/more": policy(AI, paragraphs=PARAGRAPHS[:3]),
        }
        yield site


@pytest.fixture
def config(tmp_path: Path, site: Site, database_url: str) -> Path:
    return watchlist(tmp_path, site, database_url)


def edit(config: Path, old: str, new: str) -> None:
    text = config.read_text("utf-8")
    assert old in text
    config.write_text(text.replace(old, new), "utf-8")


def checked(config: Path) -> tuple[str, bool]:
    """The outcome of a run's only check, and whether anybody was told."""
    with a_job(config) as job:
        report = job.run(force=True)
    return report.checks[0]["outcome"], (config.parent / "alerts.txt").exists()


def another_edition(config: Path, site: Site) -> str:
    edit(config, f"{site.url}/privacy", f"{site.url}/eu")
    return "/eu"


def one_address_of_two(config: Path, site: Site) -> str:
    one, two = (
        f'url = "{site.url}/privacy"',
        f'urls = ["{site.url}/privacy", "{site.url}/more"]',
    )
    edit(config, one, two)
    assert checked(config) == ("changed", False)
    edit(config, two, one)
    return "/privacy"


def another_language(config: Path, site: Site) -> str:
    edit(config, "allow_private", 'language = "fr"\nallow_private')
    site.pages["/privacy"] = policy(paragraphs=FRENCH).replace(
        'lang="en"', 'lang="fr"'
    )
    return "/privacy"


@pytest.mark.parametrize(
    "edited", [another_edition, one_address_of_two, another_language]
)
def test_a_text_that_only_the_watchlist_changed_is_told_nobody_and_the_next_change_is(
    config: Path, site: Site, edited: Edit
) -> None:
    assert checked(config) == ("first", False)
    path = edited(config, site)
    assert checked(config) == ("changed", False)
    assert "the way it is read did" in policywatch(
        "history", "library/privacy", "--config", config
    )
    assert checked(config) == ("unchanged", False)
    more = (
        "Nous vendons votre nom à des annonceurs."
        if edited is another_language
        else SOLD
    )
    page = site.pages[path]
    assert isinstance(page, str)
    site.pages[path] = page.replace("</main>", f"<p>{more}</p></main>")
    assert checked(config) == ("changed", True)


def test_a_page_that_moved_with_its_text_is_told_of_its_next_change(
    config: Path, site: Site
) -> None:
    site.pages["/eu"] = policy()
    checked(config)
    another_edition(config, site)
    assert [checked(config) for _ in range(2)] == [("unchanged", False)] * 2
    site.pages["/eu"] = policy(AI)
    assert checked(config) == ("changed", True)


@pytest.mark.parametrize("edited", [another_edition, another_language])
def test_to_accept_such_a_text_tells_nobody_either(
    config: Path, site: Site, edited: Edit
) -> None:
    checked(config)
    path = edited(config, site)
    page, numbers = site.pages[path], count(1)
    assert isinstance(page, str)
    site.pages[path] = lambda: page.replace(
        "</main>", f"<p>{'</p><p>'.join(unlike(SOLD, next(numbers)))}</p></main>"
    )
    assert checked(config) == ("held", False)
    policywatch("accept", "library/privacy", "--yes", "--config", config)
    policywatch("deliver", "--config", config)
    assert not (config.parent / "alerts.txt").exists()


def test_reading_all_again_after_an_edit_does_not_make_news_of_it(
    config: Path, site: Site
) -> None:
    checked(config)
    another_language(config, site)
    policywatch("read", "--again", "--config", config)
    assert checked(config) == ("changed", False)


def test_what_was_fetched_before_a_selector_was_edited_is_read_with_it_on_both_sides(
    config: Path, site: Site
) -> None:
    edit(config, "allow_private", 'remove = ["#ai"]\nallow_private')
    kept = policy().replace("</main>", f'<div id="ai"><p>{AI}</p></div></main>')
    site.pages["/privacy"] = kept
    checked(config)
    site.pages["/privacy"] = kept.replace("one month", "seven months")
    policywatch("crawl", "--now", "--config", config)
    edit(config, 'remove = ["#ai"]\n', "")
    policywatch("read", "--config", config)
    policywatch("deliver", "--config", config)
    told = (config.parent / "alerts.txt").read_text("utf-8")
    assert "seven" in told
    assert "train generative AI models" not in told


def test_the_next_run_applies_an_edit_though_nothing_is_due(
    config: Path, site: Site
) -> None:
    policywatch("run", "--config", config)
    asked = {**site.asked}
    edit(
        config,
        'title = "Privacy policy of the library"',
        'title = "Notice of the library"',
    )
    policywatch("run", "--config", config)
    assert "Notice of the library" in policywatch(
        "history", "library/privacy", "--config", config
    )
    edit(config, "allow_private", 'remove = ["p:last-of-type"]\nallow_private')
    policywatch("run", "--config", config)
    assert "version 2" in policywatch(
        "history", "library/privacy", "--config", config
    )
    assert site.asked == asked


def test_a_run_with_nothing_to_apply_has_no_work(
    config: Path, database: Database
) -> None:
    policywatch("run", "--config", config)
    for old, new, works in (
        ("contact", "# a comment\ncontact", False),
        ('name = "all"', 'name = "all"\nseverity = "high"', True),
        ("delay = 0", "delay = 1", True),
        ("[crawl]", '[topics.voice]\nphrases = ["voice prints"]\n[crawl]', True),
    ):
        edit(config, old, new)
        with database.reading() as session:
            assert has_work(session, load(config), utc_now()) == works, new
        policywatch("run", "--config", config)
    with database.reading() as session:
        assert not has_work(session, load(config), utc_now())
