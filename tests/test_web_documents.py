"""The pages of services, documents, versions and health."""

from __future__ import annotations

import httpx

from storage.database import Database
from storage.documents import declare
from tests.story_of_parley import NOTES, PRIVACY, TERMS, documents, tell
from tests.web_pages import Story, hrefs, page, text

ATOM = {"a": "http://www.w3.org/2005/Atom"}


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


def test_a_document_shows_its_timeline_and_its_checks(parley: Story) -> None:
    site = parley.site
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


def test_the_text_of_a_version_is_laid_out_as_it_stood(parley: Story) -> None:
    site = parley.site
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


def test_text_and_capture_of_a_version_can_be_taken_along(parley: Story) -> None:
    site = parley.site
    answer = site.get(f"/documents/{PRIVACY}/versions/2/text")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert "2.3 Assistants that write\n\nFrom 3 November 2025 we use" in answer.text
    answer = site.get(f"/documents/{PRIVACY}/versions/2/capture")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"] == 'attachment; filename="parley-privacy-policy-2.html"'
    assert b"From 3 November 2025 we use" in answer.content
    for what in ("text", "capture"):
        assert site.get(f"/documents/{PRIVACY}/versions/9/{what}").status_code == 404


def test_health_shows_what_could_not_be_read_and_counts_deliveries(parley: Story) -> None:
    site = parley.site
    tree = page(site, "/health")
    assert "2 pages could not be read or believed" in text(tree, ".about")[0]
    assert text(tree, ".documents .reason") == [
        "most of the text is gone: 12 of 640 words are left",
        "the server answered 403: it doesn’t let our program in. Ask the service for permission.",
    ]
    assert text(tree, ".numbers > div") == ["Sent3", "Waiting1", "Being sent0", "Given up1"]
