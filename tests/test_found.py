"""How pages are found and shared: by search engines, in a message, in a feed reader, and from one change to the next."""

from __future__ import annotations

from itertools import pairwise
from urllib.robotparser import RobotFileParser

import httpx
import pytest
from selectolax.lexbor import LexborHTMLParser

from policywatch.web.access import Access
from policywatch.web.app import create_app
from storage.database import Database
from storage.documents import declare
from tests.stories import Teller, block, day, passage
from tests.story_of_parley import PRIVACY, TERMS, documents
from tests.web_pages import Story, hrefs, page, text, visited
from tests.web_server import served

DATABASES = ["sqlite"]


def meta(tree: LexborHTMLParser) -> dict[str, str]:
    return {
        each.attributes["property"] or "": each.attributes["content"] or ""
        for each in tree.css("meta[property]")
    }


def test_a_shared_page_has_its_title_its_words_and_its_address(
    parley: Story,
) -> None:
    id_ = parley.change(PRIVACY)
    home = str(parley.site.base_url).rstrip("/")
    shared = meta(page(parley.site, f"/changes/{id_}?view=side&utm_source=mail"))
    assert shared["og:title"].startswith("Parley trains AI on your data by default")
    assert shared["og:description"].startswith("Parley, Privacy Policy: ")
    assert "<" not in shared["og:description"]
    assert shared["og:url"] == f"{home}/changes/{id_}"
    listed = page(parley.site, "/changes?topic=ai_training&lang=fr&fbclid=1")
    (canonical,) = hrefs(listed, "link[rel=canonical]")
    assert canonical == f"{home}/changes?topic=ai_training&lang=fr"
    assert not page(parley.site, "/nothing", 404).css("link[rel=canonical]")


def test_addresses_for_use_elsewhere_have_the_prefix_of_the_site(
    parley: Story,
) -> None:
    with served(create_app(parley.database), root_path="/watch") as home:
        root = f"{home}/watch"
        answer = httpx.get(f"{home}/services?lang=fr", verify=False)
        canonical = hrefs(LexborHTMLParser(answer.text), "link[rel=canonical]")
        assert canonical == [f"{root}/services?lang=fr"]
        lines = httpx.get(f"{home}/robots.txt", verify=False).text.splitlines()
        assert "Disallow: /watch/search" in lines
        assert f"Sitemap: {root}/sitemap.xml" in lines


def test_search_engines_read_what_does_not_grow_with_questions(
    parley: Story,
) -> None:
    rules = RobotFileParser()
    rules.parse(parley.site.get("/robots.txt").text.splitlines())
    for path in (
        "/",
        "/changes/3",
        "/services/Parley/today",
        f"/documents/{PRIVACY}",
    ):
        assert rules.can_fetch("robot", path)
    for path in ("/api/v1/changes", "/search?q=data", "/today?services=parley"):
        assert not rules.can_fetch("robot", path)
    tree = LexborHTMLParser(parley.site.get("/sitemap.xml").text)
    addresses = text(tree, "loc")
    home = str(parley.site.base_url).rstrip("/")
    assert f"{home}/services/Parley/today" in addresses
    assert f"{home}/documents/{PRIVACY}" in addresses
    assert f"{home}/changes/{parley.change(PRIVACY)}" in addresses
    for address in addresses:
        assert parley.site.get(address).status_code == 200


def test_a_private_site_is_closed_to_search_engines(parley: Story) -> None:
    access = Access(password="a long enough password", private=True)
    with visited(parley.database, access=access) as site:
        assert site.get("/robots.txt").text == "User-agent: *\nDisallow: /\n"
        assert site.get("/sitemap.xml").status_code == 401


@pytest.mark.parametrize(
    ("path", "query"),
    [
        (f"/documents/{PRIVACY}", f"document={PRIVACY.replace('/', '%2F')}"),
        (
            f"/documents/{PRIVACY}/versions/2",
            f"document={PRIVACY.replace('/', '%2F')}",
        ),
        ("/services/Parley/today", "service=Parley"),
        ("/changes?topic=ai_training", "topic=ai_training"),
    ],
)
def test_a_page_links_the_feeds_of_what_it_shows(
    parley: Story, path: str, query: str
) -> None:
    tree = page(parley.site, path)
    links = hrefs(tree, "footer a")
    for feed in ("/feed.atom", "/feed.json", "/calendar.ics"):
        assert f"{feed}?{query}" in links
        assert feed in links
        assert parley.site.get(f"{feed}?{query}").status_code == 200
    assert f"/feed.atom?{query}" in hrefs(tree, "head link")


def test_a_change_leads_to_its_neighbours_and_to_what_holds_today(
    store: Database,
) -> None:
    with store.writing() as session:
        declare(session, documents())
        session.flush()
        teller = Teller(session)
        texts = [
            teller.version(TERMS, day(n), [block("paragraph", f"Rule {n}")])
            for n in (60, 61, 62)
        ]
        evidence = [("retention", "Rule", "after")]
        first, second = (
            teller.change(
                before,
                after,
                [passage([], "Rule", "Rule", evidence=evidence)],
            ).id
            for before, after in pairwise(texts)
        )
    with visited(store) as site:
        assert f"/changes/{second}" in hrefs(
            page(site, f"/changes/{first}"), ".step-by a"
        )
        tree = page(site, f"/changes/{second}")
        assert hrefs(tree, ".step-by a") == [f"/changes/{first}"]
        asked = "/services/Parley/today#en-retention"
        assert asked in hrefs(tree, "main a")
        assert page(site, asked).css("#en-retention")
