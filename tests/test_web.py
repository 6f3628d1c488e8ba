"""The pages, the feed and the API, asked over the loopback."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import httpx
import pytest
from selectolax.lexbor import LexborHTMLParser

from policywatch.web.app import create_app
from policywatch.wording import LANGUAGES, wording
from storage.changes import changes_of
from storage.database import Database
from storage.documents import declare
from tests.stories import HOSTILE_DOCUMENT, LONG_WORD, Teller, block, day, passage, tell_hostile
from tests.story_of_parley import NOTES, PRIVACY, PRIVACY_FR, TERMS, documents, tell
from tests.web_server import served

ATOM = {"a": "http://www.w3.org/2005/Atom"}


@pytest.fixture
def site(database: Database) -> Iterator[httpx.Client]:
    """The app on an empty store, answering in English."""
    with (
        served(create_app(database)) as home,
        httpx.Client(base_url=home, headers={"Accept-Language": "en"}) as client,
    ):
        yield client


def page(site: httpx.Client, path: str, status: int = 200) -> LexborHTMLParser:
    answer = site.get(path)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return LexborHTMLParser(answer.text)


def text(tree: LexborHTMLParser, selector: str) -> list[str]:
    return [re.sub(r"\s+", " ", node.text()).strip() for node in tree.css(selector)]


def hrefs(tree: LexborHTMLParser, selector: str = "a") -> list[str]:
    return [node.attributes["href"] or "" for node in tree.css(selector)]


def change_id(database: Database, document: str) -> int:
    with database.reading() as session:
        id_ = changes_of(session, document)[0].id
    assert id_ is not None
    return id_


def test_an_empty_store_says_so_on_every_page(site: httpx.Client) -> None:
    assert "Nothing has changed yet." in text(page(site, "/"), "main")[0]
    assert "No document is watched yet." in text(page(site, "/services"), "main")[0]
    assert "Nothing was checked yet." in text(page(site, "/health"), "main")[0]
    assert site.get("/api/v1/changes").json() == {"changes": [], "next": None}
    assert ElementTree.fromstring(site.get("/feed.atom").content).findall("a:entry", ATOM) == []


def test_the_first_page_lists_changes_of_words_by_day_the_newest_first(site: httpx.Client, database: Database) -> None:
    tell(database)
    tree = page(site, "/")
    assert text(tree, ".day > h2") == [
        "Monday 3 November 2025",
        "Thursday 23 October 2025",
        "Wednesday 15 October 2025",
    ]
    assert text(tree, ".entry h3") == [
        "nous utilisons votre profil et vos publications pour entraîner les modèles d’IA",
        "Parley will use your profile, your posts, your comments, your education and your work experience to train "
        "the AI models that write text for our members",
        "1 passage reworded",
        "Harbour will keep deleted notes for thirty days",
    ]
    assert text(tree, ".entry:nth-of-type(2) .facts li") == [
        "Severity: High",
        "in force from 3 November 2025",
        "Data shared",
        "Advertising",
        "AI training",
        "Your choices",
    ]
    everything = page(site, "/?all=true")
    assert "Form only" in text(everything, ".entry .facts li")
    assert len(everything.css(".entry")) == 5


def test_older_changes_are_reached_by_address_each_once(site: httpx.Client, database: Database) -> None:
    with database.writing() as session:
        declare(session, documents())
        session.flush()
        teller = Teller(session)
        before = teller.version(TERMS, day(0), [block("paragraph", "0")])
        for number in range(1, 71):
            # several a moment, so that the order can't hang on the time alone
            after = teller.version(TERMS, day(number // 4), [block("paragraph", str(number))])
            teller.change(before, after, [passage([], str(number - 1), str(number))])
            before = after
    seen: list[str] = []
    address: str | None = "/"
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


def test_a_change_shows_its_brief_then_the_flagged_passages_then_the_rest(
    site: httpx.Client, database: Database
) -> None:
    tell(database)
    tree = page(site, f"/changes/{change_id(database, PRIVACY)}")
    assert text(tree, "h1")[0].startswith("Parley will use your profile")
    assert text(tree, ".brief dd") == [
        "3 November 2025",
        "It happens by default",
        "your profile",
        "your posts, your comments",
        "your education and your work experience",
        "train the AI models that write text for our members",
        "our affiliates",
        "switch it off under Settings, Data, Improve our assistants",
        "Private messages are not used",
        "does not undo training that has already taken place",
    ]
    assert hrefs(tree, ".brief a") == ["https://parley.example/settings"]
    assert text(tree, "section > .passage h3")[0] == "2. How we use your data › 2.3 Assistants that write"
    assert text(tree, "section > .passage .operation") == ["Added", "Reworded"]
    assert text(tree, "details.others .passage .operation") == ["Reworded", "Removed", "Moved"]
    assert tree.css_first("details.others").attributes.get("open", "closed") == "closed"
    proof = text(tree, ".proof")[0]
    assert "https://parley.example/privacy" in proof
    assert "Version 1, captured 6 October 2025, 07:30 UTC" in proof


def test_a_change_can_be_read_side_by_side_and_the_choice_goes_along(site: httpx.Client, database: Database) -> None:
    tell(database)
    id_ = change_id(database, PRIVACY)
    tree = page(site, f"/changes/{id_}")
    assert not tree.css(".pair")
    assert text(tree, ".switch [aria-current]") == ["In one text"]
    chosen = next(href for href in hrefs(tree, ".switch a") if "side" in href)
    tree = page(site, chosen)
    pairs = [text(side, ".diff") for side in tree.css("section > .passage")[1].css(".side")]
    assert pairs[0] == [
        "We use your data to show you people and removed: posts (end) that may matter to you. See your "
        "choices to change this."
    ]
    assert "added: and our affiliates (end)" in pairs[1][0]
    assert "removed" not in pairs[1][0]
    assert all("view=side" in href for href in hrefs(tree, "main .where a, header .name"))
    assert "view=" not in next(href for href in hrefs(tree, ".switch a") if "side" not in href)


def test_a_passage_says_what_stands_around_it_and_how_to_quote_it(site: httpx.Client, database: Database) -> None:
    tell(database)
    id_ = change_id(database, PRIVACY)
    first = page(site, f"/changes/{id_}").css("section > .passage")[0]
    assert text(first, ".around p") == [
        "2.3 Assistants that write",
        "This passage stands here.",
        "You can switch it off under Settings, Data, Improve our assistants. Switching it off does not undo training "
        "that has already taken place.",
    ]
    there = hrefs(first, ".more a")[0]
    address, _, anchor = there.partition("#")
    assert text(page(site, address), f"#{anchor}")[0].startswith("From 3 November 2025 we use your profile")
    quoted = text(first, ".copy")[0]
    assert quoted.startswith("“From 3 November 2025 we use your profile")
    assert (
        "Parley, Privacy Policy, version 2, captured 3 November 2025, 07:30 UTC: https://parley.example/privacy"
        in quoted
    )
    assert quoted.endswith(f"{site.base_url}/changes/{id_}")


def test_long_unchanged_text_is_folded(site: httpx.Client, database: Database) -> None:
    with database.writing() as session:
        declare(session, documents())
        session.flush()
        teller = Teller(session)
        long = " ".join(f"word{n}" for n in range(100))
        before = teller.version(TERMS, day(0), [block("paragraph", f"Old {long}")])
        after = teller.version(TERMS, day(1), [block("paragraph", f"New {long}")])
        id_ = teller.change(before, after, [passage([], f"Old {long}", f"New {long}")]).id
    tree = page(site, f"/changes/{id_}")
    assert text(tree, ".diff .fold > summary") == ["68 unchanged words"]
    assert long in re.sub(r"68 unchanged words", "", text(tree, ".diff")[0]), "folded, not left out"


def test_text_and_capture_of_a_version_can_be_taken_along(site: httpx.Client, database: Database) -> None:
    tell(database)
    answer = site.get(f"/documents/{PRIVACY}/versions/2/text")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert "2.3 Assistants that write\n\nFrom 3 November 2025 we use" in answer.text
    answer = site.get(f"/documents/{PRIVACY}/versions/2/capture")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"] == 'attachment; filename="parley-privacy-policy-2.html"'
    assert b"From 3 November 2025 we use" in answer.content
    for what in ("text", "capture"):
        assert site.get(f"/documents/{PRIVACY}/versions/9/{what}").status_code == 404


def test_any_two_versions_can_be_compared(site: httpx.Client, database: Database) -> None:
    tell(database)
    tree = page(site, f"/documents/{PRIVACY}/compare?from=2&to=1")
    assert text(tree, "h1") == ["Version 1 and version 2"]
    assert any("train the AI models" in said for said in text(tree, ".diff ins"))
    same = page(site, f"/documents/{PRIVACY}/compare?from=2&to=2")
    assert "No words differ." in text(same, "main")[0]
    page(site, f"/documents/{PRIVACY}/compare?from=1&to=9", 404)
    page(site, f"/documents/{PRIVACY}/compare?from=1", 400)


def test_words_are_marked_and_the_marks_are_said_too(site: httpx.Client, database: Database) -> None:
    tell(database)
    tree = page(site, f"/changes/{change_id(database, PRIVACY)}")
    assert text(tree, ".diff ins")[0].startswith("added: From 3 November 2025")
    assert "removed: posts (end)" in text(tree, ".diff del")
    assert {"train the AI models", "by default", "our affiliates", "advertisements"} <= set(text(tree, ".diff mark"))
    assert tree.css_first(".diff mark").attributes["title"] == "AI training"
    moved = tree.css(".passage")[-1]
    assert not moved.css("ins, del")
    assert "stood elsewhere before" in moved.text()


def test_passages_of_one_place_stand_under_one_heading_without_the_documents_title(
    site: httpx.Client, database: Database
) -> None:
    with database.writing() as session:
        declare(session, documents())
        session.flush()
        teller = Teller(session)
        before = teller.version(TERMS, day(0), [block("paragraph", "One.")])
        after = teller.version(TERMS, day(1), [block("paragraph", "Two.")])
        place = ["Terms of use", "1. Fees"]
        told = [passage(["Terms of use"], None, "New."), passage(place, "One.", "Two."), passage(place, None, "Three.")]
        id_ = teller.change(before, after, told).id
    tree = page(site, f"/changes/{id_}")
    assert text(tree, "h1") == ["3 passages: 2 added, 1 reworded"]
    assert text(tree, ".passage h3") == ["Beginning of the page", "1. Fees"]
    assert [len(section.css(".diff")) for section in tree.css(".passage")] == [1, 2]


def test_changes_of_a_document_lead_to_one_another(site: httpx.Client, database: Database) -> None:
    tell(database)
    with database.reading() as session:
        newer, older = (change.id for change in changes_of(session, TERMS))
    assert hrefs(page(site, f"/changes/{newer}"), ".pages a") == [f"/changes/{older}"]
    assert hrefs(page(site, f"/changes/{older}"), ".pages a") == [f"/changes/{newer}"]


def test_documents_are_listed_by_service_with_their_last_check(site: httpx.Client, database: Database) -> None:
    tell(database)
    with database.writing() as session:
        declare(session, [each for each in documents() if each.id != NOTES])
    tree = page(site, "/services")
    assert text(tree, "main h2") == ["Harbour", "Parley"]
    listed = text(tree, ".documents > li")
    assert "no longer watched" in listed[0]
    assert "Blocked, 3 November 2025, 11:00 UTC" in listed[1]
    assert "0 versions" in listed[1]
    assert "Last change: 3 November 2025 · 2 versions" in listed[2]


def test_a_document_shows_its_timeline_and_its_checks(site: httpx.Client, database: Database) -> None:
    tell(database)
    tree = page(site, f"/documents/{TERMS}")
    steps = text(tree, ".timeline > li")
    assert [step.split(" · ")[1][:9] for step in steps] == ["Version 3", "Version 2", "Version 1"]
    assert "Form only" in steps[0]
    assert "The first text that was kept." in steps[2]
    assert "30 checks in all" in text(tree, "main")[0]
    assert text(tree, ".checks .outcome")[:2] == ["Only its form changed", "Unchanged"]
    troubled = text(page(site, f"/documents/{NOTES}"), "main")[0]
    assert "most of the text is gone: 12 of 640 words are left" in troubled
    assert "1 check brought no text that can be believed, since 3 November 2025, 10:30 UTC." in troubled


def test_the_text_of_a_version_is_laid_out_as_it_stood(site: httpx.Client, database: Database) -> None:
    tell(database)
    tree = page(site, f"/documents/{PRIVACY}/versions/2")
    assert text(tree, ".text h2") == ["1. What we collect", "2. How we use your data", "3. Your rights"]
    assert text(tree, ".text h3") == ["2.3 Assistants that write", "2.2 Whom we tell"]
    assert text(tree, ".text ul li") == [
        "Posts, comments and the groups that you join",
        "What you tell us of your education and your work",
    ]
    assert text(tree, ".text tr:nth-child(2) td") == ["Payment firms", "To take your subscription", "Ten years"]
    assert hrefs(tree, ".text a") == ["https://parley.example/choices", "https://parley.example/settings"]
    assert hrefs(tree, ".pages a") == [f"/documents/{PRIVACY}/versions/1"]
    for href in hrefs(tree, ".contents a"):
        assert tree.css(f".text :is(h2, h3){href}"), href
    page(site, f"/documents/{PRIVACY}/versions/3", 404)


def test_health_shows_what_could_not_be_read_and_counts_deliveries(site: httpx.Client, database: Database) -> None:
    tell(database)
    tree = page(site, "/health")
    assert "2 pages could not be read or believed" in text(tree, ".about")[0]
    assert text(tree, ".documents .reason") == [
        "most of the text is gone: 12 of 640 words are left",
        "the server answered 403: it doesn’t let our program in. Ask the service for permission.",
    ]
    assert text(tree, ".numbers > div") == ["Sent3", "Waiting1", "Being sent0", "Given up1"]


NOT_THERE = (
    "/nothing",
    "/changes/4711",
    "/changes/99999999999999999999",
    "/changes/abc",
    "/documents/no/such",
    "/documents/%00",
    "/documents/a%00b/versions/1",
    "/documents/a/versions/99999999999999999999",
    "/?before=4711",
    "/api/v1/changes/4711",
    "/api/v1/nothing",
)
NOT_UNDERSTOOD = (
    "/?before=99999999999999999999",
    "/?before=x",
    "/?all=perhaps",
    "/api/v1/changes?limit=0",
    "/api/v1/changes?before=-1",
)


def test_a_wrong_address_is_answered_kindly(site: httpx.Client) -> None:
    for path, status in [*((path, 404) for path in NOT_THERE), *((path, 400) for path in NOT_UNDERSTOOD)]:
        answer = site.get(path)
        assert answer.status_code == status, path
        if path.startswith("/api/"):
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["status"] == status
        else:
            assert "See what changed" in answer.text


def test_pages_speak_the_visitors_language_and_keep_the_one_chosen(site: httpx.Client, database: Database) -> None:
    tell(database)
    french = site.get("/", headers={"Accept-Language": "de, fr-CH;q=0.9, en;q=0.5"})
    assert french.headers["content-language"] == "fr"
    assert french.headers["vary"] == "Accept-Language"
    assert "lundi 3 novembre 2025" in french.text
    chosen = page(site, "/?all=true&lang=fr")
    assert text(chosen, "h1") == ["Ce qui a changé"]
    assert all("lang=fr" in href for href in hrefs(chosen, "main a, header .name"))
    assert "/?all=true&lang=en" in hrefs(chosen, ".languages a")
    # what is quoted keeps its own language
    assert [node.attributes["lang"] for node in chosen.css(".entry h3 bdi")] == ["fr", "en", "en"]
    for path in ("/services", f"/documents/{PRIVACY_FR}", "/health", f"/changes/{change_id(database, PRIVACY_FR)}"):
        assert page(site, f"{path}?lang=fr").css_first("html").attributes["lang"] == "fr"


def test_every_language_has_the_same_words() -> None:
    def keys(words: object, path: str = "") -> set[str]:
        if isinstance(words, dict):
            return {key for name, value in words.items() for key in keys(value, f"{path}.{name}")}
        return {f"{path} {sorted(re.findall('{[a-z]+}', str(words)))}"}

    folder = Path(__file__).parent.parent / "policywatch" / "words"
    read = {code: keys(tomllib.loads((folder / f"{code}.toml").read_text())) for code in LANGUAGES}
    assert read["en"] == read["fr"]
    assert wording("fr").day(datetime(2026, 5, 1, tzinfo=UTC)) == "1er mai 2026"


def test_every_answer_forbids_scripts_frames_and_guessing_and_sets_no_cookie(
    site: httpx.Client, database: Database
) -> None:
    tell(database)
    for path in ("/", f"/changes/{change_id(database, PRIVACY)}", "/feed.atom", "/api/v1/changes", "/nothing"):
        answer = site.get(path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "script-src" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "set-cookie" not in answer.headers
        assert "<script" not in answer.text
        assert not re.search(r"\sstyle=", answer.text)
        assert not re.search(r"(src|href)=.https?://(?!parley|harbour|127\.0\.0\.1)", answer.text)
    assert site.get("/static/policywatch.css").headers["x-content-type-options"] == "nosniff"


def test_only_reading_is_possible(site: httpx.Client) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        assert site.request(method, "/").status_code == 405
    assert site.head("/").status_code == 200


def test_what_a_page_says_does_no_harm(site: httpx.Client, database: Database) -> None:
    id_ = tell_hostile(database)
    paths = [
        "/",
        f"/changes/{id_}",
        "/services",
        f"/documents/{HOSTILE_DOCUMENT}",
        f"/documents/{HOSTILE_DOCUMENT}/versions/2",
        "/health",
    ]
    for path in paths:
        answer = site.get(path)
        tree = LexborHTMLParser(answer.text)
        assert answer.status_code == 200
        assert not tree.css("script, img, iframe, [onerror], [style]")
        assert not [href for href in hrefs(tree) if href.lower().startswith("javascript")]
        assert "owned" in answer.text, "the attack is shown, as text"
        for dangerous in ("\x1b", "\x9b", "\u202e", "\u2066"):
            assert dangerous not in answer.text
    assert LONG_WORD in site.get(f"/changes/{id_}").text
    assert "{{ 7 * 7 }}" in site.get(f"/changes/{id_}").text


def test_the_feed_is_well_formed_stable_and_escaped(site: httpx.Client, database: Database) -> None:
    tell(database)
    hostile = tell_hostile(database)
    answer = site.get("/feed.atom")
    assert answer.headers["content-type"] == "application/atom+xml; charset=utf-8"
    feed = ElementTree.fromstring(answer.content)
    entries = feed.findall("a:entry", ATOM)
    assert len(entries) == 5
    assert feed.findtext("a:updated", None, ATOM) == "2025-11-03T08:00:00+00:00"
    first = entries[0]
    assert first.findtext("a:title", None, ATOM).startswith("Parley, Politique de confidentialité: nous utilisons")
    assert "<ins>À partir du 3 novembre 2025" in first.findtext("a:content", None, ATOM)
    assert [each.attrib["term"] for each in first.findall("a:category", ATOM)] == ["ai_training", "user_choice"]
    ids = [entry.findtext("a:id", None, ATOM) for entry in entries]
    assert len(set(ids)) == 5
    attacked = next(each for each in entries if each.find("a:link", ATOM).attrib["href"].endswith(f"/{hostile}"))
    content = LexborHTMLParser(attacked.findtext("a:content", None, ATOM))
    assert not content.css("script, img")
    again = site.get("/feed.atom", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304
    assert again.content == b""
    assert [e.findtext("a:id", None, ATOM) for e in ElementTree.fromstring(site.get("/feed.atom").content)[5:]] == ids


def test_every_page_points_to_the_feed(site: httpx.Client) -> None:
    assert hrefs(page(site, "/services"), "link[type='application/atom+xml']") == ["/feed.atom"]


def test_the_api_gives_a_change_as_show_does(site: httpx.Client, database: Database) -> None:
    tell(database)
    id_ = change_id(database, PRIVACY)
    told = site.get(f"/api/v1/changes/{id_}").json()
    assert told["id"] == id_
    assert told["topics"] == ["data_sharing", "advertising", "ai_training", "user_choice"]
    assert len(told["passages"]) == 6
    listed = site.get("/api/v1/changes").json()["changes"]
    assert [each["document"] for each in listed] == [PRIVACY_FR, PRIVACY, TERMS, NOTES]
    assert told.items() >= listed[1].items()


def test_behind_a_proxy_every_link_keeps_its_prefix(database: Database) -> None:
    tell(database)
    with served(create_app(database), root_path="/watch") as home:
        answer = httpx.get(f"{home}/documents/{PRIVACY}")
        assert answer.status_code == 200
        assert all(href.startswith(("/watch/", "#", "https://parley")) for href in hrefs(LexborHTMLParser(answer.text)))
        assert httpx.get(f"{home}/static/policywatch.css").status_code == 200
        tree = LexborHTMLParser(httpx.get(f"{home}/changes").text)
        assert hrefs(tree, "[aria-current=page]") == ["/watch/changes"]


def test_only_the_allowed_hosts_are_answered(database: Database) -> None:
    with served(create_app(database, allowed_hosts=["policies.example"])) as home:
        assert httpx.get(home).status_code == 400
        assert httpx.get(home, headers={"Host": "policies.example"}).status_code == 200


def test_a_change_of_our_reading_is_not_shown_as_one_of_the_policy(site: httpx.Client, database: Database) -> None:
    with database.writing() as session:
        declare(session, documents())
        session.flush()
        teller = Teller(session)
        before = teller.version(TERMS, day(0), [block("paragraph", "Menu. We keep your data.")])
        after = teller.version(TERMS, day(1), [block("paragraph", "We keep your data.")], cause="reader")
        id_ = teller.change(before, after, [passage([], "Menu. We keep your data.", "We keep your data.")]).id
    assert text(page(site, "/"), ".entry") == []
    assert len(text(page(site, "/?all=true"), ".entry")) == 1
    assert "The page did not change: the way it is read did." in text(page(site, f"/changes/{id_}"), "main")[0]
    assert "Last change: none yet" in text(page(site, "/services"), "main")[0]


def test_a_text_that_returned_says_so(site: httpx.Client, database: Database) -> None:
    with database.writing() as session:
        declare(session, documents())
        session.flush()
        teller = Teller(session)
        first = teller.version(TERMS, day(0), [block("paragraph", "One.")])
        second = teller.version(TERMS, day(1), [block("paragraph", "Two.")])
        third = teller.version(TERMS, day(1) + timedelta(hours=6), [block("paragraph", "One.")])
        teller.change(first, second, [passage([], "One.", "Two.")])
        id_ = teller.change(second, third, [passage([], "Two.", "One.")], returns_to=first.id, waits=3).id
    shown = text(page(site, f"/changes/{id_}"), "main")[0]
    assert "The text returned to what it was in version 1." in shown
    assert "Nobody was told yet" in shown
    assert site.get(f"/api/v1/changes/{id_}").json()["returns_to"] == 1
