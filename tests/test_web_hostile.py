"""What watched pages, visitors and headers say is hostile: it does no harm on any page, in any file, in any header."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import httpx
import pytest
from selectolax.lexbor import LexborHTMLParser

from policywatch.ingest.extraction import ExtractionConfig
from policywatch.web.backend import WatchlistState
from policywatch.web.export import export_site
from storage.captures import Capture, add_capture
from storage.checks import Check
from storage.database import Database
from tests.stories import HOSTILE_DOCUMENT, LONG_WORD, tell_hostile
from tests.web_pages import hrefs, page, text, visited

DANGEROUS = (
    "\x1b",
    "\x9b",
    "\u202e",
    "\u2066",
    "\u061c",
    "\u200e",
    "\ufeff",
    "\U000e0041",
    "\x00",
    "\ud800",
)
BROKEN = b"<html lang=en><main><h1>Tit\xffle</h1><p>\xc3\x28 <script>owned</script> \xed\xa0\x80 We keep data.</main>"


@pytest.fixture(scope="module")
def attacked(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[httpx.Client, Database, int]]:
    database = Database(
        f"sqlite:///{tmp_path_factory.mktemp('hostile') / 'store.db'}"
    )
    id_ = tell_hostile(database)
    with database.writing() as session:
        kept = session.get_one(Capture, 1)
        same = {
            name: getattr(kept, name)
            for name in Capture.model_fields
            if name not in ("id", "body", "mime")
        }
        held = Capture(**same, mime="text/html; charset=\r\nX: y", body=BROKEN)
        add_capture(session, held)
        check = session.get_one(Check, 3)
        check.capture_id = held.id
        session.add(check)
    desk = WatchlistState(
        configs={HOSTILE_DOCUMENT: ExtractionConfig("Title", "en")}
    )
    with visited(
        database, state=lambda: desk, now=lambda: datetime(2025, 11, 1, tzinfo=UTC)
    ) as site:
        yield site, database, id_
    database.close()


def paths(id_: int) -> list[str]:
    document = f"/documents/{HOSTILE_DOCUMENT}"
    return [
        "/",
        "/changes",
        f"/changes?cosmetic=true&document={HOSTILE_DOCUMENT}",
        f"/changes/{id_}",
        f"/changes/{id_}?view=side",
        f"/changes/{id_}?lang=fr",
        "/services",
        "/upcoming",
        document,
        f"{document}/versions/2",
        f"{document}/compare?from=1&to=2",
        "/search?q=owned",
        "/search?q=%22%3E%3Cscript%3Eowned%3C/script%3E",
        "/health",
        f"/health/held/{HOSTILE_DOCUMENT}",
    ]


def test_no_page_runs_or_leads_to_what_it_quotes(
    attacked: tuple[httpx.Client, Database, int],
) -> None:
    site, _, id_ = attacked
    for path in paths(id_):
        answer = site.get(path)
        assert answer.status_code == 200, path
        sanitize(answer.text, path)
        assert "owned" in answer.text, f"{path}: the attack is shown, as text"
    whole = site.get(f"/changes/{id_}").text
    assert LONG_WORD in whole
    assert "{{ 7 * 7 }}" in whole


def sanitize(html: str, where: str) -> None:
    tree = LexborHTMLParser(html)
    assert not tree.css("script, img, iframe, object, base, [style]"), where
    assert not [
        node.tag
        for node in tree.css("*")
        for name in node.attributes
        if name.startswith("on")
    ], where
    for href in hrefs(tree, "a, link"):
        assert re.match(r"https?://|/|#|\?|[\w.-]+|\.\./", href), href
        assert not href.lower().startswith(("javascript:", "data:", "vbscript:")), (
            href
        )
    for dangerous in DANGEROUS:
        assert dangerous not in html, where


def test_a_name_that_does_not_exist_is_quoted_as_text(
    attacked: tuple[httpx.Client, Database, int],
) -> None:
    for query in (
        "service=%3Cscript%3Eowned%3C/script%3E",
        "topic=owned%22onload=",
        "language=%1B%5Downed",
    ):
        answer = attacked[0].get(f"/changes?{query}")
        assert answer.status_code == 400
        sanitize(answer.text, query)
        assert "owned" in answer.text


def test_nothing_exported_does_either(
    attacked: tuple[httpx.Client, Database, int], tmp_path: Path
) -> None:
    folder = tmp_path / "site"
    export_site(attacked[1], folder, today=date(2025, 10, 30))
    files = list(folder.rglob("*.html"))
    assert len(files) > 20
    for file in files:
        sanitize(file.read_text("utf-8"), str(file))
    for file in folder.rglob("*.txt"):
        assert not [each for each in DANGEROUS if each in file.read_text("utf-8")]


def test_broken_bytes_are_read_as_far_as_they_can_be(
    attacked: tuple[httpx.Client, Database, int],
) -> None:
    tree = page(attacked[0], f"/health/held/{HOSTILE_DOCUMENT}")
    assert any("We keep data." in said for said in text(tree, ".fetched"))


def test_a_capture_is_kept_apart_from_the_site_it_came_from(
    attacked: tuple[httpx.Client, Database, int],
) -> None:
    answer = attacked[0].get(f"/documents/{HOSTILE_DOCUMENT}/versions/2/capture")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_plain_text_holds_no_controls(
    attacked: tuple[httpx.Client, Database, int],
) -> None:
    said = attacked[0].get(f"/documents/{HOSTILE_DOCUMENT}/versions/2/text").text
    assert "owned" in said
    assert not [each for each in DANGEROUS if each in said]


@pytest.mark.parametrize(
    "headers",
    [
        {"Accept-Language": "fr;q=x, \x80, ;;;,," + "en," * 5000},
        {"Cookie": "policywatch=\x80; policywatch=" + "x" * 3000},
        {"Authorization": "Bearer \x80"},
        {"If-None-Match": '"' * 5000},
        {"If-Modified-Since": "Mon, 99 Foo 99999 99:99:99 GMT"},
        {"X-Forwarded-For": "<script>", "X-Forwarded-Proto": "javascript"},
    ],
)
def test_headers_of_visitors_break_nothing(
    attacked: tuple[httpx.Client, Database, int], headers: dict[str, str]
) -> None:
    raw = [
        (name.encode(), value.encode("latin-1")) for name, value in headers.items()
    ]
    for path in ("/", "/feed.atom"):
        assert attacked[0].get(path, headers=raw).status_code == 200


def test_what_an_address_says_gets_into_no_header(
    attacked: tuple[httpx.Client, Database, int],
) -> None:
    for path in (
        "/documents?lang=fr%0d%0aX-Own:%20ed",
        "/documents?view=side%0aX",
        "/sign-in?next=%0d%0aX:y",
    ):
        answer = attacked[0].get(path)
        assert "x-own" not in answer.headers
        assert answer.status_code in (301, 404)
        assert "\n" not in answer.headers.get("location", "")
