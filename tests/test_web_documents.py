"""The pages of services, documents, versions and health."""

from __future__ import annotations

import httpx
from sqlmodel import delete

from policywatch.web.document import chart
from storage.checks import Check
from storage.database import Database
from storage.documents import declare
from storage.paragraphs import Point
from tests.stories import Teller, block, day
from tests.story_of_parley import NOTES, PRIVACY, TERMS, documents, tell
from tests.web_pages import Story, hrefs, page, text

DATABASES = ["sqlite"]


def test_documents_are_listed_by_service_with_their_last_check(
    site: httpx.Client, database: Database
) -> None:
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


def test_a_history_that_was_only_imported_is_not_called_watched(
    site: httpx.Client, database: Database
) -> None:
    with database.writing() as session:
        declare(session, documents())
        session.flush()
        Teller(session).version(
            NOTES, day(0), [block("paragraph", "We keep your notes.")]
        )
        session.exec(delete(Check))
        declare(session, [])
    assert "from an archive" in text(page(site, "/services"), ".documents > li")[0]
    said = text(page(site, f"/documents/{NOTES}"), "main")[0]
    assert "Not watched here: its texts come from an archive." in said
    assert "Watched since" not in said
    assert "no longer watched" not in said.lower()
    assert "Dernière vérification\u00a0: " in site.get("/services?lang=fr").text


def test_a_document_shows_its_timeline_and_its_checks(parley: Story) -> None:
    site = parley.site
    tree = page(site, f"/documents/{TERMS}")
    steps = text(tree, ".timeline > li")
    assert [step.split(" · ")[1][:9] for step in steps] == [
        "Version 3",
        "Version 2",
        "Version 1",
    ]
    assert "Form only" in steps[0]
    assert "First stored text." in steps[2]
    assert "30 checks in all" in text(tree, "main")[0]
    assert text(tree, ".checks .outcome")[:2] == [
        "Only its form changed",
        "Unchanged",
    ]
    troubled = text(page(site, f"/documents/{NOTES}"), "main")[0]
    assert "most of the text is gone: 12 words where there were 640" in troubled
    assert (
        "1 check without a valid text, since 3 November 2025, 10:30 UTC."
        in troubled
    )


def test_the_text_of_a_version_is_laid_out_as_it_stood(parley: Story) -> None:
    site = parley.site
    tree = page(site, f"/documents/{PRIVACY}/versions/2")
    assert text(tree, ".text h2") == [
        "1. What we collect",
        "2. How we use your data",
        "3. Your rights",
    ]
    assert text(tree, ".text h3") == [
        "2.3 Assistants that write",
        "2.2 Whom we tell",
    ]
    assert text(tree, ".text ul li") == [
        "Posts, comments and the groups that you join",
        "What you tell us of your education and your work",
    ]
    assert text(tree, ".text tr:nth-child(2) td") == [
        "Payment firms",
        "To take your subscription",
        "Ten years",
    ]
    assert hrefs(tree, ".text div a") == [
        "https://parley.example/choices",
        "https://parley.example/settings",
    ]
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
    assert (
        answer.headers["content-disposition"]
        == 'attachment; filename="parley-privacy-policy-2.html"'
    )
    assert b"From 3 November 2025 we use" in answer.content
    for what in ("text", "capture"):
        assert (
            site.get(f"/documents/{PRIVACY}/versions/9/{what}").status_code == 404
        )


def test_health_shows_what_could_not_be_read_and_counts_deliveries(
    parley: Story,
) -> None:
    site = parley.site
    tree = page(site, "/health")
    assert "2 pages could not be read or need review" in text(tree, ".about")[0]
    gone, refused = text(tree, ".documents .reason")
    assert gone == "most of the text is gone: 12 words where there were 640"
    assert refused.startswith(
        "parley.example answered 403: it denies access to the page. policywatch does not evade bot"
    )
    assert text(tree, ".numbers > div") == [
        "Sent3",
        "Pending1",
        "Sending0",
        "Failed permanently1",
    ]


def test_a_text_says_since_when_each_part_of_it_stands(parley: Story) -> None:
    tree = page(parley.site, f"/documents/{PRIVACY}/versions/2")
    said = [
        (text(part, ".since")[0], text(part, "div p")[0][:15])
        for part in tree.css(".stretch")
    ]
    assert said == [
        ("Since Version 1, 6 October 2025", "You give us you"),
        ("New in this version", "We and our affi"),
        ("Since Version 1, 6 October 2025", "You may see, co"),
    ]
    first = page(parley.site, f"/documents/{PRIVACY}/versions/1")
    assert text(first, ".since") == ["Since Version 1, 6 October 2025"]


def test_a_list_is_cut_where_its_items_are_of_another_age(
    site: httpx.Client, database: Database
) -> None:
    with database.writing() as session:
        declare(session, documents())
        session.flush()
        teller = Teller(session)
        items = [block("item", each) for each in ("Your name", "***", "Your mail")]
        teller.version(TERMS, day(0), items)
        teller.version(TERMS, day(1), [*items, block("item", "Your face")])
    tree = page(site, f"/documents/{TERMS}/versions/2")
    assert [text(each, "li") for each in tree.css(".stretch")] == [
        ["Your name", "***", "Your mail"],
        ["Your face"],
    ]


def test_a_course_over_the_years_is_drawn_and_tabled(parley: Story) -> None:
    tree = page(parley.site, f"/documents/{PRIVACY}")
    names = text(tree, ".line-name")
    assert names[0] == "Words"
    assert "AI training" in names
    rows = [text(row, "th, td") for row in tree.css(".chart tr")]
    assert rows[0][2:] == names[1:]
    at = rows[0].index("AI training")
    assert [(row[0], row[at]) for row in rows[1:]] == [
        ("3 November 2025 (2)", "1"),
        ("6 October 2025 (1)", "0"),
    ]
    assert int(rows[1][1]) > int(rows[2][1]) > 50
    assert tree.css_first(".lines").attributes["aria-hidden"] == "true", (
        "those who listen have the table"
    )
    assert not page(parley.site, "/documents/parley/help-assistants").css(".chart")


def test_of_many_versions_the_table_has_the_last_of_each_month() -> None:
    points = [
        Point(n, day(n), 100 + n, {"ai_training": n // 50}) for n in range(400)
    ]
    drawn = chart(points)
    assert drawn is not None
    assert drawn.sampled
    assert len(drawn.rows) == 14
    assert drawn.rows[0] is points[-1]
    assert len(drawn.years) == 1
    assert chart(points[:1]) is None
