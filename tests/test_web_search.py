"""The page that searches every text that stands or stood."""

from __future__ import annotations

import httpx

from storage.database import Database
from tests.stories import tell_hostile
from tests.story_of_parley import PRIVACY
from tests.web_pages import Story, hrefs, page, text

DATABASES = ["sqlite"]


def test_words_are_found_marked_with_the_time_in_which_they_stood(
    parley: Story,
) -> None:
    tree = page(parley.site, "/search?q=people+posts")
    assert [text(hit, "mark") for hit in tree.css(".hit")] == [
        ["people", "posts"],
        ["people", "posts"],
    ]
    id_ = parley.change(PRIVACY)
    assert text(tree, ".hit .sides")[0].startswith(
        "Present since 3 November 2025 ·"
    )
    assert text(tree, ".hit .sides")[1].startswith(
        "Present from 6 October 2025 to 3 November 2025 ·"
    )
    assert f"/changes/{id_}" in hrefs(tree.css(".hit")[1], ".sides a")
    there = hrefs(tree.css(".hit")[1], ".sides a")[-1]
    version, _, id_ = there.partition("#")
    assert version == f"/documents/{PRIVACY}/versions/1"
    assert (
        "people and posts" in text(page(parley.site, version), f"[id='{id_}']")[0]
    )


def test_a_search_is_narrowed_by_phrase_place_and_time(parley: Story) -> None:
    for query, found in (
        ("q=%22posts+and+people%22", 0),
        ("q=%22people+and+posts%22", 1),
        ("q=people&standing=true", 1),
        ("q=people&service=Harbour", 0),
        ("q=people&language=en&until=2025-10-31", 1),
        ("q=people&since=", 2),
        ("q=peop*", 2),
    ):
        assert len(page(parley.site, f"/search?{query}").css(".hit")) == found, (
            query
        )
    assert "No results." in text(page(parley.site, "/search?q=zebra"), "main")[0]
    assert not page(parley.site, "/search").css(".hit, .empty")


def test_nothing_that_can_be_written_breaks_it(
    site: httpx.Client, database: Database
) -> None:
    tell_hostile(database)
    for asked in (
        "what's",
        "AI/ML",
        '"',
        "(",
        "NEAR(",
        "a:b",
        "*",
        "-x",
        "'; --",
        "<script>",
        "\u202e",
        "é",
        "\ud83d",
    ):
        answer = site.get(
            "/search", params={"q": asked.encode("utf-8", "surrogatepass")}
        )
        assert answer.status_code == 200, asked
        assert "<script" not in answer.text
    tree = page(site, "/search?q=owned")
    assert tree.css(".hit mark")
    assert not tree.css("script, img")
    assert site.get("/search?q=%00").status_code == 400
    assert site.get(f"/search?q={'a' * 301}").status_code == 400
    assert site.get("/search?q=a&cursor=99999999999999999999").status_code == 400
