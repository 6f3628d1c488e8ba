"""The demo's site: what it serves on each day, and what a watch makes of it."""

from __future__ import annotations

import http.client
import re
from collections.abc import Iterator
from datetime import date

import pytest

from analysis.compare import compare
from analysis.extract import read_page
from analysis.model import Page
from analysis.text.normal import normalize
from policywatch.demo.site import (
    ANNOUNCING,
    BROKEN,
    CHANGE_DAY,
    DAYS,
    DOCUMENTS,
    ERROR_DAY,
    EXPECTED,
    NOISE_DAY,
    NOTICE_DAY,
    QUIET_DAY,
    DemoDocument,
    DemoSite,
    page,
)

EACH = pytest.mark.parametrize(
    "document", DOCUMENTS, ids=lambda document: document.id
)
STARTS = date(2025, 11, 3)


@pytest.fixture
def site() -> Iterator[DemoSite]:
    with DemoSite() as running:
        yield running


def ask(
    site: DemoSite, path: str, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection(
        site.url.removeprefix("http://"), timeout=60
    )
    try:
        connection.request(
            "GET",
            path,
            headers={
                name.replace("_", "-"): value for name, value in headers.items()
            },
        )
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def read(document: DemoDocument, day: int) -> Page:
    return read_page(
        page(document, day).encode(),
        url=f"http://127.0.0.1{document.path}",
        language=document.language,
    )


def lines(document: DemoDocument, day: int) -> list[str]:
    """The words of a page's document as a person reads them, without the moving "updated ... ago"."""
    said = [
        re.sub(r" ?(Updated|Mis à jour) .*", "", normalize(block.text))
        for block in read(document, day).blocks
    ]
    return [line for line in said if line]


def test_site_serves_the_six_documents_with_validators(site: DemoSite) -> None:
    assert [document.id for document in DOCUMENTS] == list(EXPECTED[QUIET_DAY])
    for document in DOCUMENTS:
        status, headers, body = ask(site, document.path)
        assert (status, headers["Content-Type"]) == (
            200,
            "text/html; charset=utf-8",
        )
        assert body.decode() == page(document, QUIET_DAY)
        again = ask(site, document.path, If_None_Match=headers["ETag"])
        assert (again[0], again[2]) == (304, b"")


def test_a_new_day_brings_new_pages_under_the_same_addresses(
    site: DemoSite,
) -> None:
    path = DOCUMENTS[0].path
    etags = []
    for day in DAYS:
        site.day = day
        etags.append(ask(site, path)[1]["ETag"])
    assert (
        etags[NOISE_DAY - 1] == etags[ERROR_DAY - 1]
    )  # the error page is the same each time
    assert len(set(etags)) == 4


def test_robots_are_welcome_and_other_addresses_are_not_found(
    site: DemoSite,
) -> None:
    assert ask(site, "/robots.txt")[2] == b"User-agent: *\nAllow: /\n"
    assert ask(site, "/legal/cookies")[0] == 404
    assert ask(site, "/legal/privacy-policy?trk=ftr")[0] == 200


@EACH
def test_noise_changes_the_page_and_not_its_words(document: DemoDocument) -> None:
    before, after = page(document, QUIET_DAY), page(document, NOISE_DAY)
    assert before != after
    if document.id == BROKEN:
        assert "Something went wrong" in after
        assert lines(document, NOISE_DAY) != lines(document, QUIET_DAY)
        return
    assert "trk=" in after
    assert re.search("[’“]", after)
    assert "&nbsp;" in after
    assert lines(document, NOISE_DAY) == lines(document, QUIET_DAY)


@EACH
def test_only_what_announces_differs_on_the_day_of_the_notice(
    document: DemoDocument,
) -> None:
    before, after = lines(document, QUIET_DAY), lines(document, NOTICE_DAY)
    added = [line for line in after if line not in before]
    if document.id in ANNOUNCING:
        (notice,) = added
        assert "3 November 2025" in notice or "3 novembre 2025" in notice
        assert [line for line in after if line != notice] == before
    else:
        assert after == before


@EACH
def test_every_document_says_the_change_and_keeps_the_rest(
    document: DemoDocument,
) -> None:
    before, after = lines(document, NOTICE_DAY), lines(document, CHANGE_DAY)
    added = " ".join(line for line in after if line not in before)
    assert re.search(
        r"generative AI|generate content|IA générative|génèrent du contenu", added
    )
    assert re.search(r"3 (November|novembre) 2025", added)
    kept = [line for line in before if line in after]
    assert len(kept) >= 0.7 * len(before)
    if document.kind == "privacy-policy":
        assert len(" ".join(after).split()) > 1200


@EACH
def test_nothing_but_the_error_page_is_new_on_the_last_day(
    document: DemoDocument,
) -> None:
    if document.id == BROKEN:
        assert page(document, ERROR_DAY) == page(document, NOISE_DAY)
    else:
        assert page(document, ERROR_DAY) == page(document, CHANGE_DAY)


def test_the_change_of_the_privacy_policy_is_flagged_with_what_a_member_must_know() -> (
    None
):
    for document in DOCUMENTS:
        if document.kind != "privacy-policy":
            continue
        found = compare(
            read(document, NOTICE_DAY),
            read(document, CHANGE_DAY),
            language=document.language,
            document=document.title,
        )
        assert (found.alert, found.severity, found.direction) == (
            True,
            "high",
            "expands",
        )
        assert "ai_training" in found.topics
        assert found.effective_date == STARTS
        assert (found.brief.default, found.brief.start) == ("on", STARTS)
        assert found.brief.severity_reasons[0] == "training"
        said = {
            name: " ".join(quote.text for quote in getattr(found.brief, name))
            for name in ("data", "refuse", "excluded")
        }
        assert re.search("[Pp]rofil", said["data"])
        assert re.search("turn the switch off|désactivez l.option", said["refuse"])
        assert re.search("private messages|messages privés", said["excluded"])
