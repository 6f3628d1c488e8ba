"""The first page, the list of changes with its filters, and what is announced."""

from __future__ import annotations

from datetime import UTC, date, datetime
from xml.etree import ElementTree

import httpx
import pytest
from icalendar import Calendar
from selectolax.lexbor import LexborHTMLParser
from sqlmodel import select

from storage.changes import Change, changes_of
from storage.database import Database
from storage.documents import Document, declare
from storage.paragraphs import anchor
from tests.stories import Teller, block, day, passage
from tests.story_of_parley import PRIVACY, TERMS, documents, tell
from tests.web_pages import Story, hrefs, page, text, visited

DATABASES = ["sqlite"]
ATOM = {"a": "http://www.w3.org/2005/Atom"}


def test_an_empty_store_says_so_on_every_page(site: httpx.Client) -> None:
    assert "Nothing has changed yet." in text(page(site, "/"), "main")[0]
    assert "Nothing has changed yet." in text(page(site, "/changes"), "main")[0]
    assert "No announced changes." in text(page(site, "/upcoming"), "main")[0]
    assert "No document is watched yet." in text(page(site, "/services"), "main")[0]
    assert "Nothing has been checked yet." in text(page(site, "/health"), "main")[0]
    assert site.get("/api/v1/changes").json() == {"changes": [], "next": None}
    assert (
        ElementTree.fromstring(site.get("/feed.atom").content).findall(
            "a:entry", ATOM
        )
        == []
    )


def test_changes_of_words_are_listed_by_day_the_newest_first(parley: Story) -> None:
    site = parley.site
    tree = page(site, "/changes")
    assert text(tree, ".day > h2") == [
        "Monday 3 November 2025",
        "Thursday 23 October 2025",
        "Wednesday 15 October 2025",
    ]
    assert text(tree, ".entry h3") == [
        "Parley · Politique de confidentialité: “nous utilisons votre profil et vos publications pour entraîner les "
        "modèles d’IA”",
        "Parley trains AI on your data by default from 3 November 2025",
        "1 passage reworded",
        "Harbour · Privacy Notice: “Harbour will keep deleted notes for thirty days”",
    ]
    assert text(tree, ".entry .quotation")[0].startswith(
        "Parley will use your profile"
    )
    assert text(tree, ".entry:nth-of-type(2) .facts li") == [
        "Severity: high",
        "in force from 3 November 2025",
        "Data sharing",
        "Advertising",
        "AI training",
        "Your choices",
    ]
    everything = page(site, "/changes?cosmetic=true")
    assert "Form only" in text(everything, ".entry .facts li")
    assert len(everything.css(".entry")) == 5


def test_older_changes_are_reached_by_address_each_once(
    site: httpx.Client, database: Database
) -> None:
    with database.writing() as session:
        declare(session, documents())
        session.flush()
        teller = Teller(session)
        before = teller.version(TERMS, day(0), [block("paragraph", "0")])
        for number in range(1, 71):
            # several a moment, so that the order can't hang on the time alone
            after = teller.version(
                TERMS, day(number // 4), [block("paragraph", str(number))]
            )
            teller.change(
                before, after, [passage([], str(number - 1), str(number))]
            )
            before = after
    seen: list[str] = []
    address: str | None = "/changes"
    while address:
        tree = page(site, address)
        seen += hrefs(tree, ".entry h3 a")
        address = next(iter(hrefs(tree, ".pages [rel=next]")), None)
    assert seen == [f"/changes/{number}" for number in range(70, 0, -1)]
    ids: list[int] = []
    answer = site.get("/api/v1/changes?limit=40").json()
    ids += [each["id"] for each in answer["changes"]]
    answer = site.get(answer["next"]).json()
    ids += [each["id"] for each in answer["changes"]]
    assert ids == list(range(70, 0, -1))
    assert answer["next"] is None


def test_the_first_page_says_what_this_is_what_matters_and_how_to_be_told(
    parley: Story,
) -> None:
    tree = page(parley.site, "/")
    assert text(tree, "h1") == [
        "Changes to the policies of online services, word for word"
    ]
    assert (
        "Watched here: 5 documents of 2 services. Last check: 3 November 2025, 11:00 UTC."
        in text(tree, ".hero")[0]
    )
    assert (
        text(tree, ".lately .entry h3")[-1]
        == "Harbour · Privacy Notice: “Harbour will keep deleted notes for thirty days”"
    )
    assert "1 passage reworded" not in text(tree, ".lately .entry h3"), (
        "a fee is not about AI or data"
    )
    assert {"/feed.atom", "/feed.json", "/calendar.ics"} <= set(
        hrefs(tree, ".ways a")
    )


@pytest.mark.parametrize(
    ("at", "heading"),
    [
        (40, "Recent changes about AI or your data"),
        (400, "Latest changes about AI or your data"),
    ],
)
def test_what_is_old_is_no_news(parley: Story, at: int, heading: str) -> None:
    with visited(parley.database, now=lambda: day(at)) as site:
        tree = page(site, "/")
    assert text(tree, "#lately") == [heading]
    assert (
        text(tree, ".lately .entry h3")[-1]
        == "Harbour · Privacy Notice: “Harbour will keep deleted notes for thirty days”"
    )


def test_a_list_is_narrowed_by_its_address_and_says_to_what(parley: Story) -> None:
    site = parley.site
    tree = page(
        site,
        "/changes?topic=ai_training&language=en&severity=medium&direction=&until=2025-11-03",
    )
    assert hrefs(tree, ".entry h3 a") == [f"/changes/{parley.change(PRIVACY)}"]
    assert [each.removeprefix("Remove: ") for each in text(tree, ".chosen li")] == [
        "AI training ×",
        "Medium and above ×",
        "English ×",
        "To 2025-11-03 ×",
        "Show everything",
    ]
    fewer = page(site, hrefs(tree, ".chosen a")[2])
    assert text(fewer, ".where .code") == ["fr"]
    feed = hrefs(tree, "link[type='application/atom+xml']")[0]
    assert "topic=ai_training" in feed
    assert site.get(feed).text.count("<entry>") == 1
    for query, found in (
        ("service=Harbour", 1),
        ("direction=limits", 1),
        ("since=2025-11-04", 0),
        (f"document={TERMS}", 1),
        ("kind=terms", 1),
        ("kind=privacy-policy", 3),
    ):
        assert len(page(site, f"/changes?{query}").css(".entry")) == found, query
    assert "No matches." in text(page(site, "/changes?topic=security"), "main")[0]


def test_the_form_sends_what_the_address_takes(parley: Story) -> None:
    tree = page(
        parley.site, "/changes?lang=fr&service=Parley&document=parley/terms"
    )
    form = tree.css_first(".filters form")
    assert form.attributes["action"] == "/changes"
    sent = {
        node.attributes["name"]: node.attributes.get("value")
        for node in form.css("input[type=hidden]")
    }
    assert sent == {"lang": "fr"}
    assert text(form, "select[name=service] option[selected]") == ["Parley"]
    assert [
        node.attributes["value"]
        for node in form.css("select[name=document] option[selected]")
    ] == [TERMS]
    assert "Conditions d’utilisation" in text(form, "select[name=kind] option")
    named = {node.attributes["name"] for node in form.css("select, input")}
    assert named == {
        "lang",
        "document",
        *(
            [
                "topic",
                "severity",
                "service",
                "kind",
                "direction",
                "language",
                "since",
                "until",
                "cosmetic",
                "noted",
            ]
        ),
    }


def test_what_is_announced_stands_by_date_with_the_days_that_are_left(
    database: Database,
) -> None:
    tell(database)
    with visited(
        database, now=lambda: datetime(2025, 10, 24, 9, tzinfo=UTC)
    ) as site:
        tree = page(site, "/upcoming")
        assert text(tree, ".day > h2") == ["Monday 3 November 2025 in 10 days"]
        assert len(tree.css(".entry")) == 2
        assert text(page(site, "/"), ".soon .when") == [
            "3 November 2025",
            "3 November 2025",
        ]
    with visited(database, now=lambda: datetime(2025, 11, 4, tzinfo=UTC)) as site:
        assert text(page(site, "/upcoming"), ".entry") == []
    with database.writing() as session:
        changes_of(session, PRIVACY)[0].deadline = date(2025, 11, 30)
    with visited(database, now=lambda: datetime(2025, 11, 4, tzinfo=UTC)) as site:
        tree = page(site, "/upcoming")
        assert text(tree, ".day > h2") == ["Sunday 30 November 2025 in 26 days"]
        assert "Object by 30 November 2025" in text(tree, ".entry .facts li")
        assert text(page(site, "/"), ".soon .when") == [
            "Object by 30 November 2025"
        ]
        calendar = Calendar.from_ical(site.get("/calendar.ics?language=en").content)
        days = [event.decoded("dtstart") for event in calendar.walk("VEVENT")]
        assert date(2025, 11, 30) in days


def test_an_announced_text_stands_against_the_one_in_force(
    site: httpx.Client, database: Database
) -> None:
    url = "https://parley.example/soon"
    preview = Document(
        id="parley/preview-terms",
        service="P",
        title="Soon",
        kind="preview",
        language="en",
        url=url,
        added_at=day(0),
    )
    with database.writing() as session:
        declare(session, [*documents(), preview])
        session.flush()
        teller = Teller(session)
        teller.version(TERMS, day(0), [block("paragraph", "We keep your notes.")])
    page(site, "/upcoming/parley/preview-terms", 404)
    assert hrefs(page(site, "/upcoming"), ".documents a") == [], (
        "no text of it was read yet"
    )
    with database.writing() as session:
        Teller(session).version(
            "parley/preview-terms",
            day(1),
            [block("paragraph", "We sell your notes.")],
        )
    assert hrefs(page(site, "/upcoming"), ".documents a") == [
        "/upcoming/parley/preview-terms"
    ]
    tree = page(site, "/upcoming/parley/preview-terms")
    assert text(tree, ".diff") == [
        "We removed: keep (end) added: sell (end) your notes."
    ]
    assert hrefs(tree, ".more a") == [
        f"/documents/parley/preview-terms/versions/1#{anchor('We sell your notes.')}"
    ]


def test_what_a_change_no_longer_says_is_called_so(
    database: Database, site: httpx.Client
) -> None:
    tell(database)
    with database.writing() as session:
        for change in session.exec(select(Change)):
            if change.brief:
                change.brief = {**change.brief, "meaning_side": "before"}
                session.add(change)
    news = "Harbour · Privacy Notice: No longer stated: “Harbour will keep deleted notes for thirty days”"
    assert news in text(page(site, "/changes"), ".entry h3")
    assert (
        "Ne figure plus"
        in text(page(site, "/changes?lang=fr"), ".entry .quotation")[0]
    )


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_pages_feeds_and_answers_are_the_same_on_postgresql(
    parley: Story, site: httpx.Client, database: Database
) -> None:
    tell(database)
    waiting, seen = (
        ["/", "/api/changes", "/api/documents", "/health", "/search?q=data"],
        set(),
    )
    while waiting and len(seen) < 60:
        path = waiting.pop(0)
        seen.add(path)
        one, other = (client.get(path) for client in (parley.site, site))
        texts = [
            answer.text.replace("\r\n ", "") for answer in (one, other)
        ]  # a calendar folds its lines
        assert (
            texts[0].replace(str(parley.site.base_url), str(site.base_url))
            == texts[1]
        ), path
        links = hrefs(LexborHTMLParser(other.text), "a[href^='/'], link[href^='/']")
        waiting += [
            link
            for link in dict.fromkeys(links)
            if link not in seen and link not in waiting
        ]
