"""The page of a change: the brief, the passages word for word, and where it comes from."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from queue import Queue
from threading import Event
from time import monotonic
from typing import Any

import httpx
import pytest
from selectolax.lexbor import LexborHTMLParser

from policywatch import sandbox
from policywatch.ingest.drafts import ChangeDraft
from policywatch.web.access import Access
from policywatch.web.comparisons import Sides
from storage.changes import StoredPassage, changes_of
from storage.database import Database
from storage.documents import declare
from tests.stories import Teller, block, day, passage
from tests.story_of_parley import PRIVACY, TERMS, documents
from tests.web_pages import Story, hrefs, page, text, visited

DATABASES = ["sqlite"]
TOKEN = "a token for programs"


def test_a_change_shows_its_brief_then_the_flagged_passages_then_the_rest(
    parley: Story,
) -> None:
    site = parley.site
    tree = page(site, f"/changes/{parley.change(PRIVACY)}")
    assert text(tree, "h1") == [
        "Parley trains AI on your data by default from 3 November 2025"
    ]
    assert text(tree, "h1 + .quotation")[0].startswith(
        "Parley will use your profile"
    )
    assert text(tree, ".facts + .why-high") == [
        "Reason: your data or content is now used to train AI."
    ]
    assert (
        text(tree, "main > .why li")[0]
        == "told, for data of members is newly used for training"
    )
    assert len(tree.css(".why")) == 1
    assert [
        row.removesuffix(" in the text") for row in text(tree, ".brief dd")
    ] == [
        "3 November 2025",
        "on unless you opt out: This happens by default",
        "your profile",
        "your posts, your comments",
        "your education and your work experience",
        "train the AI models that write text for our members",
        "switch it off under Settings, Data, Improve our assistants",
    ]
    assert hrefs(tree, ".brief a:not(.there)") == [
        "https://parley.example/settings"
    ]
    assert (
        text(tree, "section > .passage h3")[0]
        == "2. How we use your data › 2.3 Assistants that write"
    )
    assert text(tree, "section > .passage .operation") == ["Added", "Reworded"]
    assert text(tree, "details.others .passage .operation") == [
        "Reworded",
        "Removed",
        "Moved",
    ]
    assert (
        tree.css_first("details.others").attributes.get("open", "closed")
        == "closed"
    )
    proof = text(tree, ".proof")[0]
    assert "https://parley.example/privacy" in proof
    assert "Version 1, captured 6 October 2025, 07:30 UTC" in proof


def test_a_change_can_be_read_side_by_side_and_the_choice_goes_along(
    parley: Story,
) -> None:
    site = parley.site
    id_ = parley.change(PRIVACY)
    tree = page(site, f"/changes/{id_}")
    assert not tree.css(".pair")
    assert text(tree, ".switch [aria-current]") == ["In one text"]
    chosen = next(href for href in hrefs(tree, ".switch a") if "side" in href)
    tree = page(site, chosen)
    pairs = [
        text(side, ".diff")
        for side in tree.css("section > .passage")[1].css(".side")
    ]
    assert pairs[0] == [
        "We use your data to show you people and removed: posts (end) that may matter to you. See your "
        "choices to change this."
    ]
    assert "added: and our affiliates (end)" in pairs[1][0]
    assert "removed" not in pairs[1][0]
    assert all(
        "view=side" in href for href in hrefs(tree, "main .where a, header .name")
    )
    assert "view=" not in next(
        href for href in hrefs(tree, ".switch a") if "side" not in href
    )


def test_a_passage_says_what_stands_around_it_and_how_to_quote_it(
    parley: Story,
) -> None:
    site = parley.site
    id_ = parley.change(PRIVACY)
    first = page(site, f"/changes/{id_}").css("section > .passage")[0]
    assert text(first, ".around p") == [
        "2.3 Assistants that write",
        "This passage is here.",
        "You can switch it off under Settings, Data, Improve our assistants. Switching it off does not undo training "
        "that has already taken place.",
    ]
    there = hrefs(first, ".more a")[0]
    address, _, anchor = there.partition("#")
    assert text(page(site, address), f"#{anchor}")[0].startswith(
        "From 3 November 2025 we use your profile"
    )
    quoted = text(first, ".copy")[0]
    assert quoted.startswith("“From 3 November 2025 we use your profile")
    assert (
        "Parley, Privacy Policy, version 2, captured 3 November 2025, 07:30 UTC: https://parley.example/privacy"
        in quoted
    )
    assert quoted.endswith(f"{site.base_url}/changes/{id_}")


def test_links_into_a_version_lead_to_the_very_block(parley: Story) -> None:
    tree = page(parley.site, f"/changes/{parley.change(PRIVACY)}")
    rows = [row for row in tree.css(".brief dd") if row.css(".there")]
    assert len(rows) > 3
    for row in rows:
        version, _, id_ = hrefs(row, ".there")[0].partition("#")
        (block,) = text(page(parley.site, version), f".text [id='{id_}']")
        assert text(row, "q")[0] in block
    assert not [
        row
        for row in tree.css(".brief dd")
        if text(row, "q") == ["your profile"] and row.css(".there")
    ], "which stands in several blocks"


def test_long_unchanged_text_is_folded(
    site: httpx.Client, database: Database
) -> None:
    with database.writing() as session:
        declare(session, documents())
        session.flush()
        teller = Teller(session)
        long = " ".join(f"word{n}" for n in range(100))
        before = teller.version(TERMS, day(0), [block("paragraph", f"Old {long}")])
        after = teller.version(TERMS, day(1), [block("paragraph", f"New {long}")])
        id_ = teller.change(
            before, after, [passage([], f"Old {long}", f"New {long}")]
        ).id
    tree = page(site, f"/changes/{id_}")
    assert text(tree, ".diff .fold > summary") == ["68 unchanged words"]
    assert long in re.sub(r"68 unchanged words", "", text(tree, ".diff")[0]), (
        "folded, not left out"
    )


def test_words_are_marked_and_the_marks_are_said_too(parley: Story) -> None:
    site = parley.site
    tree = page(site, f"/changes/{parley.change(PRIVACY)}")
    assert text(tree, ".diff ins")[0].startswith("added: From 3 November 2025")
    assert "removed: posts (end)" in text(tree, ".diff del")
    assert {
        "train the AI models",
        "by default",
        "our affiliates",
        "advertisements",
    } <= set(text(tree, ".diff mark"))
    assert tree.css_first(".diff mark").attributes["title"] == "AI training"
    assert "checked" not in tree.css_first("#marks").attributes  # until asked for
    moved = tree.css(".passage")[-1]
    assert not moved.css("ins, del")
    assert "moved here from elsewhere" in moved.text()


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
        told = [
            passage(["Terms of use"], None, "New."),
            passage(place, "One.", "Two."),
            passage(place, None, "Three."),
        ]
        id_ = teller.change(before, after, told).id
    tree = page(site, f"/changes/{id_}")
    assert text(tree, "h1") == ["3 passages: 2 added, 1 reworded"]
    assert text(tree, ".passage h3") == ["Start of the page", "1. Fees"]
    assert [len(section.css(".diff")) for section in tree.css(".passage")] == [1, 2]


def test_changes_of_a_document_lead_to_one_another(parley: Story) -> None:
    site = parley.site
    with parley.database.reading() as session:
        newer, older = (change.id for change in changes_of(session, TERMS))
    assert hrefs(page(site, f"/changes/{newer}"), ".pages a") == [
        f"/changes/{older}"
    ]
    assert hrefs(page(site, f"/changes/{older}"), ".pages a") == [
        f"/changes/{newer}"
    ]


def test_a_change_of_our_reading_is_not_shown_as_one_of_the_policy(
    site: httpx.Client, database: Database
) -> None:
    with database.writing() as session:
        declare(session, documents())
        session.flush()
        teller = Teller(session)
        before = teller.version(
            TERMS, day(0), [block("paragraph", "Menu. We keep your data.")]
        )
        after = teller.version(
            TERMS,
            day(1),
            [block("paragraph", "We keep your data.")],
            cause="reader",
        )
        id_ = teller.change(
            before,
            after,
            [passage([], "Menu. We keep your data.", "We keep your data.")],
        ).id
    assert text(page(site, "/changes"), ".entry") == []
    assert len(text(page(site, "/changes?cosmetic=true"), ".entry")) == 1
    assert (
        "The page did not change; the watchlist or the way it is read did."
        in text(page(site, f"/changes/{id_}"), "main")[0]
    )
    assert "Last change: none yet" in text(page(site, "/services"), "main")[0]


def test_a_text_that_returned_says_so(
    site: httpx.Client, database: Database
) -> None:
    with database.writing() as session:
        declare(session, documents())
        session.flush()
        teller = Teller(session)
        first = teller.version(TERMS, day(0), [block("paragraph", "One.")])
        second = teller.version(TERMS, day(1), [block("paragraph", "Two.")])
        third = teller.version(
            TERMS, day(1) + timedelta(hours=6), [block("paragraph", "One.")]
        )
        teller.change(first, second, [passage([], "One.", "Two.")])
        id_ = teller.change(
            second,
            third,
            [passage([], "Two.", "One.")],
            returns_to=first.id,
            waits=3,
        ).id
    shown = text(page(site, f"/changes/{id_}"), "main")[0]
    assert "The text returned to what it was in version 1." in shown
    assert "No alert yet" in shown
    assert site.get(f"/api/v1/changes/{id_}").json()["returns_to"] == 1


def test_any_two_versions_can_be_compared(parley: Story) -> None:
    site = parley.site
    tree = page(site, f"/documents/{PRIVACY}/compare?from=2&to=1")
    assert text(tree, "h1") == ["3 November 2025 compared with 6 October 2025"]
    assert any("train the AI models" in said for said in text(tree, ".diff ins"))
    same = page(site, f"/documents/{PRIVACY}/compare?from=2&to=2")
    assert "No words differ." in text(same, "main")[0]
    by_day = page(
        site, f"/documents/{PRIVACY}/compare?from=2025-11-02&to=2025-12-24"
    )
    assert text(by_day, ".diff ins") == text(tree, ".diff ins")
    for path in ("", "/compare?from=1&to=2", "/compare?from=2025-10-05&to=2"):
        forms = page(
            site, f"/documents/{PRIVACY}{path}", 404 if "-05" in path else 200
        )
        days = forms.css(".compare input[type=date]")
        assert [field.attributes["value"] for field in days] == [
            "2025-10-06",  # of the form for one day
            "2025-10-06",
            "2025-11-03",
        ]
        numbers = forms.css(".compare input[type=number]")
        assert [field.attributes["value"] for field in numbers] == ["1", "2"]
    assert text(forms, ".about") == [
        "No text of 5 October 2025 is stored; the first is of 6 October 2025."
    ]
    page(site, f"/documents/{PRIVACY}/compare?from=yesterday&to=2", 400)
    page(site, f"/documents/{PRIVACY}/compare?from=1&to=9", 404)
    page(site, f"/documents/{PRIVACY}/compare?to=1", 400)
    newest = page(site, f"/documents/{PRIVACY}/compare?from=1")
    assert text(newest, ".diff ins") == text(tree, ".diff ins")


FEES, FEE = "The yearly fee is 48 euros.", "The yearly fee is 54 euros."
SOON = "We will tell you more about this soon."
TRAINED = "From 8 October 2025 we use your posts to train AI."
TRAINED_LATER = (
    "From 8 October 2025 we use your posts and your comments to train AI."
)


@pytest.fixture
def history(database: Database) -> Database:
    """Five versions: training comes, with a line that goes again, is reworded, and the fees rise."""
    texts = [
        [FEES],
        [FEES, TRAINED],
        [FEES, TRAINED, SOON],
        [FEES, TRAINED],
        [FEE, TRAINED_LATER],
    ]
    training = [("ai_training", "train AI", "after")]
    high = {"severity": "high", "direction": "expands"}
    passages = [
        [passage(["AI"], None, TRAINED, evidence=training, **high)],
        [passage([], None, SOON)],
        [passage([], SOON, None)],
        [
            passage([], FEES, FEE),
            passage(
                ["AI"], TRAINED, TRAINED_LATER, evidence=training, severity="low"
            ),
        ],
    ]
    facts: list[dict[str, Any]] = [
        {**high, "effective_date": day(2).date()},
        {},
        {},
        {"severity": "low"},
    ]
    with database.writing() as session:
        declare(session, documents())
        session.flush()
        teller = Teller(session)
        versions = [
            teller.version(
                TERMS, day(10 * n), [block("paragraph", line) for line in lines]
            )
            for n, lines in enumerate(texts)
        ]
        for number, (places, of_it) in enumerate(zip(passages, facts, strict=True)):
            teller.change(versions[number], versions[number + 1], places, **of_it)
    return database


def test_two_versions_are_compared_by_the_changes_between_them(
    site: httpx.Client, history: Database
) -> None:
    tree = page(site, f"/documents/{TERMS}/compare?from=2025-10-06&to=2025-11-30")
    assert text(tree, ".passage .diff ins") == [
        f"added: {TRAINED_LATER} (end)",
        "added: 54 (end)",
    ]
    assert text(tree, ".passage .diff mark") == ["train AI"]
    flagged, other = tree.css(".passage")
    assert text(flagged, ".topic") == ["AI training"]
    assert text(flagged, ".brought a") == [
        "Version 2, 16 October 2025",
        "Version 5, 15 November 2025",
    ]
    assert text(other, ".brought a") == ["Version 5, 15 November 2025"]
    assert hrefs(tree, "#between ~ .timeline h3 a") == ["/changes/4", "/changes/1"]
    assert (
        text(tree, "details > summary")[0]
        == "2 other changes, of which no passage is left"
    )
    assert hrefs(tree, "details .timeline h3 a") == ["/changes/3", "/changes/2"]
    assert not tree.css(".brief, main > .facts, main > .news, main > .why"), (
        "no date and no verdict of its own"
    )
    assert text(tree, ".facts .from") == ["in force since 8 October 2025"], (
        "that of its change"
    )


def test_nothing_is_left_of_what_came_and_went(
    site: httpx.Client, history: Database
) -> None:
    tree = page(site, f"/documents/{TERMS}/compare?from=2&to=4")
    assert "No words differ." in text(tree, "main")[0]
    assert hrefs(tree, "details .timeline h3 a") == ["/changes/3", "/changes/2"]
    gone = page(site, f"/documents/{TERMS}/compare?from=3&to=5")
    assert text(gone, ".brought")[-1] == "Version 4, 5 November 2025"


def test_where_another_document_began_in_between_is_told(
    site: httpx.Client, history: Database
) -> None:
    with history.writing() as session:
        teller = Teller(session, {TERMS: 5})
        teller.version(
            TERMS,
            day(50),
            [block("paragraph", "A notice for Europe.")],
            cause="replaced",
        )
    tree = page(site, f"/documents/{TERMS}/compare?from=4&to=6")
    assert text(tree, ".compare + .note")[0].startswith(
        "Version 6, 25 November 2025: "
    )
    assert not page(site, f"/documents/{TERMS}/compare?from=1&to=5").css(
        ".compare + .note"
    )


def test_the_api_compares_two_versions_alike(
    site: httpx.Client, history: Database
) -> None:
    address = f"/api/v1/documents/{TERMS}/compare"
    whole = site.get(f"{address}?from=1&to=5").json()
    assert [change["id"] for change in whole["changes"]] == [4, 3, 2, 1]
    (fees, training) = whole["passages"]
    assert (fees["after"], fees["topics"], fees["changes"]) == (FEE, [], [4])
    assert (training["after"], training["topics"], training["severity"]) == (
        TRAINED_LATER,
        ["ai_training"],
        "high",
    )
    assert training["changes"] == [1, 4]
    assert whole["versions"]["before"]["number"] == 1
    early = site.get(f"{address}?from=2025-01-01&to=5")
    assert early.status_code == 404
    assert early.json()["detail"].endswith(
        "is known of 2025-01-01: the first is of 2025-10-06"
    )
    assert site.get(f"{address}?to=1").status_code == 400


def test_what_held_already_when_it_was_found_is_told_as_such(
    site: httpx.Client, database: Database
) -> None:
    with database.writing() as session:
        declare(session, documents())
        session.flush()
        teller = Teller(session)
        texts = [
            teller.version(TERMS, day(n), [block("paragraph", each)])
            for n, each in enumerate(("1", "2", "3"))
        ]
        told = [passage([], "1", "2")], [passage([], "2", "3")]
        late = teller.change(
            texts[0],
            texts[1],
            told[0],
            severity="low",
            effective_date=day(0).date(),
        ).id
        soon = teller.change(
            texts[1],
            texts[2],
            told[1],
            severity="low",
            effective_date=day(2).date(),
        ).id
    assert "in force since 6 October 2025" in text(
        page(site, f"/changes/{late}"), ".facts li"
    )
    assert "in force from 8 October 2025" in text(
        page(site, f"/changes/{soon}"), ".facts li"
    )


def changed(
    database: Database, passages: list[StoredPassage], **facts: Any
) -> int | None:
    """The number of a change with these passages in an empty store."""
    with database.writing() as session:
        declare(session, documents())
        session.flush()
        teller = Teller(session)
        texts = [
            teller.version(TERMS, day(n), [block("paragraph", each)])
            for n, each in enumerate(("1", "2"))
        ]
        return teller.change(*texts, passages, **facts).id


@pytest.mark.parametrize(
    ("language", "fact", "name"),
    [
        ("en", "version of 6 October 2025", "Version of"),
        ("fr", "version du 6 octobre 2025", "Version du"),
    ],
)
def test_a_day_that_is_just_the_documents_is_told_as_such(
    site: httpx.Client, database: Database, language: str, fact: str, name: str
) -> None:
    facts = {
        "severity": "low",
        "effective_date": day(0).date(),
        "brief": {"dated": True},
    }
    id_ = changed(database, [passage([], "1", "2")], **facts)
    tree = page(site, f"/changes/{id_}?lang={language}")
    assert fact in text(tree, ".facts li")
    assert text(tree, ".brief dt") == [name]


@pytest.mark.parametrize(
    ("language", "told", "others"),
    [
        ("en", "In 3 places; also under “France”, “Italy”", "1 other difference"),
        (
            "fr",
            "À 3 endroits ; également sous « France », « Italy »",
            "1 autre différence",
        ),
    ],
)
def test_what_is_said_in_several_places_is_shown_once(
    site: httpx.Client, database: Database, language: str, told: str, others: str
) -> None:
    said = [("data_sharing", "share", "after")]
    each = [
        passage([land], None, "We share it.", evidence=said)
        for land in ("Spain", "France", "Italy")
    ]
    id_ = changed(database, [*each, passage([], "1", "2")], severity="low")
    tree = page(site, f"/changes/{id_}?lang={language}")
    assert text(tree, ".passage .places") == [told]
    assert len(tree.css("#flagged ~ .passage .diff")) == 1
    assert text(tree, ".others > summary") == [others]
    feed = (
        site.get(f"/feed.json?lang={language}")
        .json()["items"][0]["content_html"]
        .replace("\u00a0", " ")
    )
    assert told in feed
    assert feed.count("We share it.") == 1


def test_texts_that_take_too_much_to_compare_are_shown_as_they_came_and_went(
    parley: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "SECONDS", 0)
    with visited(parley.database) as site:
        answer = site.get(f"/documents/{PRIVACY}/compare?from=1&to=2")
    assert answer.status_code == 200
    assert "<ins" in answer.text, "what came and went is there"


def test_few_texts_are_compared_at_a_time_and_the_same_two_once(
    parley: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, done = Queue[None](), Event()
    compared = Sides.compare

    def slowly(sides: Sides) -> ChangeDraft:
        begun.put(None)
        assert done.wait(120)
        return compared(sides)

    monkeypatch.setattr(Sides, "compare", slowly)
    paths = [f"/documents/{PRIVACY}/compare?from={n}&to={n}" for n in (1, 2)]
    third = f"/documents/{PRIVACY}/compare?from=1&to=2"
    with (
        visited(parley.database, access=Access(token=TOKEN)) as site,
        ThreadPoolExecutor() as visitors,
    ):
        waiting = [visitors.submit(site.get, path, timeout=300) for path in paths]
        for _ in waiting:
            begun.get(timeout=100)
        began = monotonic()
        answer = site.get(third)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
        assert monotonic() - began < 4, "who is refused holds no thread"
        assert text(LexborHTMLParser(answer.text), "h1") == [
            "Too many comparisons at once"
        ]
        assert site.get("/").status_code == 200, "nobody else waits"
        signed_in = {"Authorization": f"Bearer {TOKEN}"}
        waiting.append(
            visitors.submit(site.get, third, headers=signed_in, timeout=300)
        )
        begun.get(timeout=100)  # whoever signed in has a turn of their own
        done.set()
        assert [each.result().status_code for each in waiting] == [200, 200, 200]
        page(site, paths[0])
        assert begun.empty(), "what was compared is known"
        page(site, third)
