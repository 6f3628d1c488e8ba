"""One question, many services: a table to read, to show on another site, as CSV and as JSON."""

from __future__ import annotations

import csv
from io import StringIO

import pytest

from storage.database import Database
from storage.standing import stored_states
from tests.story_of_parley import NOTES, tell
from tests.web_pages import Story, hrefs, page, text, visited

DATABASES = ["sqlite"]


def test_services_answer_one_question_beside_each_other(parley: Story) -> None:
    address = "/today?services=parley,harbour&question=ai_training"
    tree = page(parley.site, address)
    parley_rows, harbour_rows = tree.css(".compared tbody")
    assert "Parley" in text(parley_rows, "th")[0]
    assert "3 November 2025" in text(parley_rows, "td")[2]
    assert "train" in text(parley_rows, "blockquote")[0]
    assert text(harbour_rows, "td") == [
        "No text in force says anything about this."
    ]
    checked = tree.css(".choose [checked]")
    assert [box.attributes["value"] for box in checked] == ["Harbour", "Parley"]
    chosen = page(
        parley.site, "/today?services=Harbour&services=Parley&question=rights"
    )
    assert text(chosen, ".choose [selected]") == ["Which rights do you have?"]
    assert len(chosen.css(".compared tbody")) == 2


def test_texts_of_a_service_are_shown_in_the_language_of_the_visitor(
    parley: Story,
) -> None:
    for language, other in (("en", "fr"), ("fr", "en")):
        tree = page(parley.site, f"/today?services=parley&lang={language}")
        codes = text(tree, ".compared th .code")
        assert codes == [language, other]


def test_the_table_says_what_was_in_force_on_a_day(parley: Story) -> None:
    tree = page(parley.site, "/today?services=parley&day=2025-10-20")
    assert "As of 20 October 2025" in text(tree, "caption")[0]
    assert "No text in force" in text(tree, ".compared td")[0]


def test_the_table_stands_in_a_frame_of_another_site_and_no_other_page_does(
    parley: Story,
) -> None:
    tree = page(parley.site, "/today?services=parley")
    (frame,) = text(tree, "pre")
    address = frame.split('src="')[1].split('"')[0]
    answer = parley.site.get(address)
    assert "frame-ancestors *" in answer.headers["content-security-policy"]
    alone = page(parley.site, address)
    assert text(alone, ".compared blockquote") == text(tree, ".compared blockquote")
    assert not alone.css("header, footer, form")
    assert alone.css("base[target=_blank]")
    for other in ("/today?services=parley", "/services/parley/today", "/"):
        policy = parley.site.get(other).headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy


def test_the_table_as_csv_has_a_row_for_each_quotation(parley: Story) -> None:
    answer = parley.site.get("/today?services=parley,harbour&format=csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "ai_training.csv" in answer.headers["content-disposition"]
    rows = [*csv.DictReader(StringIO(answer.text))]
    english = next(row for row in rows if row["language"] == "en")
    assert english["service"] == "Parley"
    assert english["since"] == "2025-11-03"
    assert english["at_least"] == "false"
    assert parley.site.get(english["url"]).status_code == 200
    assert {row["language"] for row in rows if row["text"]} >= {"en"}
    assert [row["text"] for row in rows if row["service"] == "Harbour"] == [""]


def test_the_api_has_all_languages_of_the_question_alone(parley: Story) -> None:
    answer = parley.site.get(
        "/api/v1/today?services=parley&question=ai_training"
    ).json()
    (service,) = answer["services"]
    whole = parley.site.get("/api/v1/services/parley/today").json()
    assert [group["language"] for group in service["languages"]] == [
        group["language"] for group in whole["languages"]
    ]
    for group, all_answers in zip(
        service["languages"], whole["languages"], strict=True
    ):
        assert group["answers"] == all_answers["answers"][:1]


def test_services_are_found_from_the_pages(parley: Story) -> None:
    assert "/today" in hrefs(page(parley.site, "/services"))
    of_service = hrefs(page(parley.site, "/services/parley/today"), ".answer a")
    assert "/today?services=Parley&question=retention" in of_service
    empty = page(parley.site, "/today")
    assert not empty.css("table")
    assert text(empty, ".empty") == ["Choose one or more services."]


def test_nothing_is_worked_out_until_a_service_is_chosen(store: Database) -> None:
    tell(store)
    with visited(store) as site:
        assert site.get("/today").status_code == 200
        assert site.get("/api/v1/today").json()["services"] == []
        with store.reading() as session:
            assert stored_states(session) == {}
        assert site.get("/today?services=harbour").status_code == 200
        with store.reading() as session:
            assert [*stored_states(session)] == [NOTES]


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("services=nobody", "“nobody” is not a known service."),
        ("services=parley,nobody", "“nobody” is not a known service."),
        ("services=parley&question=weather", "“question” can’t be “weather”."),
        ("services=parley&day=soon", "“day” must be a date"),
        ("services=,", "“” is not a known service."),
    ],
)
def test_what_is_wrong_with_the_question_is_said(
    parley: Story, query: str, problem: str
) -> None:
    answer = parley.site.get(f"/today?{query}")
    assert answer.status_code == 400
    assert problem in answer.text
    assert parley.site.get(f"/api/v1/today?{query}").status_code == 400
