"""Feeds and the calendar, through the libraries that read them."""

from __future__ import annotations

import json
from datetime import date

import feedparser
import httpx
import pytest
from icalendar import Calendar
from selectolax.lexbor import LexborHTMLParser
from sqlalchemy import Engine, event

from policywatch.web.app import create_app
from storage.database import Database
from storage.documents import declare
from tests.stories import Teller, block, day, passage, tell_hostile
from tests.story_of_parley import PRIVACY, TERMS, documents, tell
from tests.web_pages import Story, hrefs, page, text
from tests.web_server import get, served

DATABASES = ["sqlite"]
FEEDS = ("/feed.atom", "/feed.json", "/calendar.ics")


def test_the_atom_feed_holds_the_changes_of_words_newest_first(
    parley: Story,
) -> None:
    answer = parley.site.get("/feed.atom")
    assert answer.headers["content-type"] == "application/atom+xml; charset=utf-8"
    feed = feedparser.parse(answer.content)
    assert not feed.bozo
    assert feed.version == "atom10"
    assert feed.feed.title == "policywatch"
    assert feed.feed.updated == "2025-11-03T08:00:00+00:00"
    assert len({entry.id for entry in feed.entries}) == len(feed.entries) == 4
    first = feed.entries[0]
    where = "Politique de confidentialité"
    news = "nous utilisons votre profil et vos publications pour entraîner les modèles d’IA"
    assert first.title == f"Parley · {where}: “{news}”"
    assert "<ins>À partir du 3 novembre 2025" in first.content[0].value
    assert [
        each.title.split()[0]
        for each in feed.entries
        if "Reason: your" in each.content[0].value
    ] == ["Parley"]
    assert [tag.term for tag in first.tags] == ["ai_training", "user_choice"]
    assert first.link.startswith(str(parley.site.base_url))
    assert parley.site.get(first.link).status_code == 200


def test_the_json_feed_says_the_same(parley: Story) -> None:
    answer = parley.site.get("/feed.json?lang=fr&topic=retention")
    assert answer.headers["content-type"] == "application/feed+json; charset=utf-8"
    feed = answer.json()
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert feed["title"] == "policywatch: Durée de conservation"
    assert [item["title"] for item in feed["items"]] == [
        "Harbour · Privacy Notice\u00a0: «\u00a0Harbour will keep deleted notes for thirty days\u00a0»"
    ]
    in_atom = feedparser.parse(
        parley.site.get("/feed.atom?topic=retention").content
    )
    assert [item["id"] for item in feed["items"]] == [
        entry.id for entry in in_atom.entries
    ]
    assert httpx.URL(feed["feed_url"]).params["topic"] == "retention"


def test_the_calendar_holds_the_dates_in_force(parley: Story) -> None:
    answer = parley.site.get("/calendar.ics?language=en")
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    calendar = Calendar.from_ical(answer.content)
    events = calendar.walk("VEVENT")
    assert [event.decoded("dtstart") for event in events] == [date(2025, 11, 3)]
    assert events[0]["summary"] == "In force: Parley, Privacy Policy"
    assert (
        events[0]["url"]
        == f"{parley.site.base_url}/changes/{parley.change(PRIVACY)}"
    )
    assert (
        "Parley trains AI on your data by default from 3 November 2025."
        in events[0]["description"]
    )
    again = Calendar.from_ical(parley.site.get("/calendar.ics").content).walk(
        "VEVENT"
    )
    assert events[0]["uid"] in [event["uid"] for event in again]


@pytest.mark.parametrize("address", FEEDS)
def test_nothing_is_sent_twice_to_who_has_it(parley: Story, address: str) -> None:
    answer = parley.site.get(address)
    for headers in (
        {"If-None-Match": f'{answer.headers["etag"]}, "other"'},
        {"If-Modified-Since": answer.headers["last-modified"]},
    ):
        again = parley.site.get(address, headers=headers)
        assert (again.status_code, again.content) == (304, b"")
    for headers in (
        {"If-None-Match": '"other"'},
        {"If-Modified-Since": "Sat, 01 Nov 2025 00:00:00 GMT"},
    ):
        assert parley.site.get(address, headers=headers).status_code == 200
    assert (
        parley.site.get(
            address, headers={"If-Modified-Since": "not a date"}
        ).status_code
        == 200
    )
    assert parley.site.head(address).headers["etag"] == answer.headers["etag"]


def test_ids_stay_the_same_on_another_host(parley: Story) -> None:
    here = feedparser.parse(parley.site.get("/feed.atom").content)
    with served(create_app(parley.database), root_path="/watch") as home:
        there = feedparser.parse(get(f"{home}/feed.atom").content)
    assert [entry.id for entry in here.entries] == [
        entry.id for entry in there.entries
    ]
    assert all(
        entry.link.startswith(f"{home}/watch/changes/") for entry in there.entries
    )


@pytest.mark.parametrize("address", FEEDS)
def test_hostile_text_stays_text(
    site: httpx.Client, database: Database, address: str
) -> None:
    tell(database)
    tell_hostile(database)
    answer = site.get(address)
    assert answer.status_code == 200
    for dangerous in ("\x1b", "\x9b", "\u202e", "\u2066", "\u061c", "\U000e0041"):
        assert dangerous not in answer.text
    if address == "/feed.atom":
        feed = feedparser.parse(answer.content, sanitize_html=False)
        assert not feed.bozo
        contents = [entry.content[0].value for entry in feed.entries]
    elif address == "/feed.json":
        contents = [
            item["content_html"] for item in json.loads(answer.content)["items"]
        ]
    else:
        events = Calendar.from_ical(answer.content).walk("VEVENT")
        assert any("owned" in event["description"] for event in events)
        return
    assert any("owned" in content for content in contents)
    for content in contents:
        assert not LexborHTMLParser(content).css(
            "script, img, [onerror], [style], a"
        )


def test_every_page_points_to_its_feeds(parley: Story) -> None:
    for path, query in (
        ("/services", ""),
        ("/services?service=Harbour", "?service=Harbour"),
        (f"/documents/{PRIVACY}", "?document=parley%2Fprivacy-policy"),
        ("/changes?severity=high", "?severity=high"),
    ):
        links = "link[type='application/atom+xml'], link[type='application/feed+json'], link[type='text/calendar']"
        assert hrefs(page(parley.site, path), links) == [
            f"{address}{query}" for address in FEEDS
        ]


@pytest.mark.parametrize("address", FEEDS)
def test_many_changes_ask_the_store_no_more_often_than_one(
    site: httpx.Client, database: Database, address: str
) -> None:
    asked: list[str] = []

    def listen(
        _connection: object, _cursor: object, statement: str, *_rest: object
    ) -> None:
        asked.append(statement)

    def count() -> int:
        asked.clear()
        assert site.get(address).status_code == 200
        return len(asked)

    with database.writing() as session:
        declare(session, documents())
        session.flush()
        teller = Teller(session)
        versions = [
            teller.version(TERMS, day(n), [block("paragraph", str(n))])
            for n in range(12)
        ]
        teller.change(
            versions[0],
            versions[1],
            [passage([], "0", "1")],
            effective_date=day(0).date(),
        )
    event.listen(Engine, "before_cursor_execute", listen)
    try:
        one = count()
        with database.writing() as session:
            teller = Teller(session)
            for n in range(1, 11):
                told = [passage([], str(n), str(n + 1))]
                teller.change(
                    versions[n], versions[n + 1], told, effective_date=day(0).date()
                )
        assert count() == one
    finally:
        event.remove(Engine, "before_cursor_execute", listen)


def test_an_entry_gives_the_summary(parley: Story) -> None:
    change = parley.change(PRIVACY)
    items = parley.site.get("/feed.json").json()["items"]
    (content,) = [
        item["content_html"]
        for item in items
        if item["url"].endswith(f"/changes/{change}")
    ]
    lines = text(LexborHTMLParser(content), "li")
    assert lines[0].startswith("Default: on unless you opt out: ")
    assert any(line.startswith("Data: ") for line in lines)
