"""No body is extracted twice in a run, and none that differs from the last answer by nothing that is read."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import Any

import pytest
import zstandard

from analysis.extract import read_page
from analysis.model import Page, TooCostly
from policywatch.ingest.extraction import (
    NO_MEMORY,
    Extracted,
    ExtractionConfig,
    PageCache,
    RawPage,
)
from tests.site import AI, PARAGRAPHS, a_job, a_site, outcomes, policy, watchlist

pytestmark = pytest.mark.usefixtures("read_here")


@pytest.fixture
def extracted(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The bodies, in their order."""
    bodies: list[bytes] = []

    def read(body: bytes, **given: Any) -> Page:
        bodies.append(body)
        return read_page(body, **given)

    monkeypatch.setattr("policywatch.ingest.extraction.read_page", read)
    return bodies


_numbers = count()


def built(page: str) -> str:
    """The page with a number that is another in each answer, where nobody sees it."""
    return page.replace("<main>", f'<main data-build="{next(_numbers)}">')


def test_crawl_and_ingest_share_what_was_extracted(
    tmp_path: Path, extracted: list[bytes]
) -> None:
    with (
        a_site() as site,
        a_job(watchlist(tmp_path, site, f"sqlite:///{tmp_path}/watch.db")) as job,
    ):
        for page, outcome, times in (
            (policy(), "first", 1),
            (policy(), "unchanged", 0),
            (policy(noise="utm=1"), "unchanged", 1),
            (lambda: built(policy()), "unchanged", 1),
            (lambda: built(policy()), "unchanged", 0),
            (lambda: built(policy(AI)), "changed", 1),
            (lambda: built(policy(AI)), "unchanged", 0),
        ):
            extracted.clear()
            site.pages["/privacy"] = page
            assert outcomes(job.run(force=True).json()) == {
                "library/privacy": outcome
            }
            assert len(extracted) == times, outcome


def test_other_selectors_have_the_same_bytes_extracted_again(
    tmp_path: Path, extracted: list[bytes]
) -> None:
    with a_site() as site:
        site.pages["/privacy"] = policy()
        config = watchlist(tmp_path, site, f"sqlite:///{tmp_path}/watch.db")
        with a_job(config) as job:
            job.run(force=True)
        config.write_text(
            config.read_text().replace(
                "allow_private", 'select = ["aside"]\nallow_private'
            )
        )
        with a_job(config) as job:
            assert outcomes(job.run(force=True).json()) == {
                "library/privacy": "unreadable"
            }


def test_one_address_of_two_is_not_taken_for_both(
    tmp_path: Path, extracted: list[bytes]
) -> None:
    with a_site() as site:
        site.pages |= {"/privacy": policy(), "/more": policy(AI)}
        config = watchlist(tmp_path, site, f"sqlite:///{tmp_path}/watch.db")
        text = config.read_text()
        one = f'url = "{site.url}/privacy"'
        config.write_text(
            text.replace(one, f'urls = ["{site.url}/privacy", "{site.url}/more"]')
        )
        with a_job(config) as job:
            job.run(force=True)
        config.write_text(text)
        with a_job(config) as job:
            assert outcomes(job.run(force=True).json()) == {
                "library/privacy": "changed"
            }


def test_the_cache_keeps_the_last_body_of_an_address_up_to_its_limit(
    extracted: list[bytes],
) -> None:
    config = ExtractionConfig("Privacy policy", "en")
    first, second, other = (
        RawPage(policy(text).encode(), url=url)
        for text, url in zip(PARAGRAPHS, "aab", strict=False)
    )
    pages = [
        Extracted.of(config.extract(body)).page for body in (first, second, other)
    ]
    cache = PageCache(int(1.5 * len(zstandard.compress(pages[0]))))
    for body, page in zip((first, second, other), pages, strict=True):
        cache.keep(config, body, NO_MEMORY, page)
    extracted.clear()
    for body in (first, second, other):
        cache.extract(config, body, NO_MEMORY)
    assert extracted == [first.body, other.body]


def test_what_was_too_costly_is_not_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[bytes] = []

    def read(body: bytes, **_given: Any) -> Page:
        tried.append(body)
        raise TooCostly

    monkeypatch.setattr("policywatch.ingest.extraction.read_page", read)
    with (
        a_site() as site,
        a_job(watchlist(tmp_path, site, f"sqlite:///{tmp_path}/watch.db")) as job,
    ):
        site.pages["/privacy"] = policy()
        assert outcomes(job.run(force=True).json()) == {
            "library/privacy": "unreadable"
        }
    assert len(tried) == 1
