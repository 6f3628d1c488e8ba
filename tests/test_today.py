"""What holds today: the answers of the texts in force, since when, and how they came to be so."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from datetime import date
from io import StringIO
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from foundation.vocabulary import Outcome
from policywatch.views.today import store_answers, today
from storage.database import Database
from storage.documents import Document, declare
from storage.standing import StandingRow, stored_states
from tests.site import policywatch
from tests.stories import Teller, block
from tests.stories import day as day_of
from tests.story_of_parley import PRIVACY, TERMS, documents, tell
from tests.web_pages import Story, hrefs, page, text, visited

DATABASES = ["sqlite"]
ID = "parley/privacy"
COLLECT = (
    "We collect the name and the e-mail address that you give us with your account."
)
KEEP = "We keep your personal data for two years after you close your account."
SHARE = (
    "We share your personal data with our advertising partners in other countries."
)
TRAIN = "We use your posts and messages to train our generative AI models."
REFUSE = 'You can opt out of this in your <a href="https://parley.example/settings">settings</a> at any time.'
WATCHLIST = """contact = "privacy@example.org"
database = "{database}"

[[documents]]
id = "{id}"
service = "Parley"
title = "Privacy Policy"
kind = "privacy-policy"
url = "https://parley.example/privacy"
language = "{language}"
"""


@pytest.fixture
def config(store: Database, tmp_path: Path) -> Path:
    return watching(store, tmp_path)


def watching(
    store: Database, folder: Path, *more: str, language: str = "en"
) -> Path:
    file = folder / "policywatch.toml"
    entry = WATCHLIST.format(
        database=store.url.render_as_string(), id=ID, language=language
    )
    file.write_text(entry + "".join(more), "utf-8")
    return file


def saved(config: Path, id_: str, texts: Mapping[str, Sequence[str]]) -> None:
    """Import pages of these days; what stands before is the same in all."""
    folder = config.parent / id_.replace("/", "-")
    folder.mkdir()
    for day, paragraphs in texts.items():
        body = "".join(f"<p>{line}</p>" for line in (COLLECT, *paragraphs))
        (folder / f"{day}.html").write_text(
            f"<html lang=en><title>Privacy Policy</title><main><h1>Privacy Policy</h1><h2>Your data</h2>{body}</main>",
            "utf-8",
        )
    policywatch("import", "folder", id_, folder, "--config", config)


def answers(config: Path, *words: str) -> dict[str, dict[str, Any]]:
    """By question, those of the first language."""
    printed = policywatch("today", "parley", "--json", *words, "--config", config)
    (group,) = json.loads(printed)["languages"]
    return {each["question"]: each for each in group["answers"]}


def quoted(answer: Mapping[str, Any]) -> list[str]:
    return [each["text"] for each in answer["quotations"]]


def test_each_question_is_answered_by_words_in_force_with_the_day_they_came(
    config: Path,
) -> None:
    saved(
        config,
        ID,
        {
            "2023-01-01": (KEEP,),
            "2023-05-01": (KEEP, SHARE),
            "2024-09-18": (KEEP.replace("two", "ten"), SHARE, f"{TRAIN} {REFUSE}"),
        },
    )
    now = answers(config)
    assert quoted(now["ai_training"]) == [TRAIN]
    (training,) = now["ai_training"]["quotations"]
    assert training["history"][0]["since"] == "2024-09-18T00:00:00+00:00"
    assert training["history"][0]["version"] == 3
    assert not training["history"][0]["first"]
    assert training["refuse"]["url"] == "https://parley.example/settings"
    (kept,) = now["retention"]["quotations"]
    assert [
        (step["text"], step["version"], step["first"]) for step in kept["history"]
    ] == [
        (KEEP.replace("two", "ten"), 3, False),
        (KEEP, 1, True),
    ]
    assert quoted(now["sharing"]) == [SHARE]
    assert quoted(now["rights"]) == []
    assert now["rights"]["announced"] == []
    then = answers(config, "--day", "2023-06-01")
    assert quoted(then["ai_training"]) == []
    assert quoted(then["retention"]) == [KEEP]
    assert then["sharing"]["quotations"][0]["version"] == 2
    printed = policywatch("today", "Parley", "--config", config)
    assert "since 18 September 2024 (version 3, before: “We keep your" in printed
    assert "No text in force says anything about this." in printed
    assert "Regions" not in printed


def test_words_that_came_and_went_have_stood_since_they_came_last(
    config: Path,
) -> None:
    with_it, without = (KEEP, TRAIN), (KEEP,)
    days = [f"2023-{month:02}-01" for month in range(1, 12)]  # it went five times
    saved(
        config,
        ID,
        {
            day: without if number % 2 else with_it
            for number, day in enumerate(days)
        },
    )
    (training,) = answers(config)["ai_training"]["quotations"]
    steps = [(s["version"], s["until"], s["first"]) for s in training["history"]]
    gone = [(number, number, number == 1) for number in (9, 7, 5, 3, 1)]
    assert steps == [(11, None, False), *gone]
    assert training["history"][0]["since"] == "2023-11-01T00:00:00+00:00"
    (kept,) = answers(config)["retention"]["quotations"]
    assert [s["version"] for s in kept["history"]] == [1]


def test_other_words_beside_a_sentence_do_not_make_it_newer(config: Path) -> None:
    saved(
        config,
        ID,
        {"2023-01-01": (KEEP, TRAIN), "2024-01-01": (KEEP, f"{TRAIN} {REFUSE}")},
    )
    (training,) = answers(config)["ai_training"]["quotations"]
    assert [s["version"] for s in training["history"]] == [1]


def test_an_apostrophe_does_not_make_a_sentence_newer(config: Path) -> None:
    with_it, without = (
        KEEP.replace("your account", mark) for mark in ("it’s open", "its open")
    )
    saved(
        config,
        ID,
        {"2023-01-01": (without, SHARE), "2024-01-01": (with_it, SHARE, TRAIN)},
    )
    (kept,) = answers(config)["retention"]["quotations"]
    assert [s["version"] for s in kept["history"]] == [1]


def test_what_holds_from_a_later_day_is_announced_apart(config: Path) -> None:
    later = f"Effective 3 November 2025: {TRAIN}"
    saved(config, ID, {"2025-01-01": (KEEP,), "2025-09-18": (KEEP, later)})
    before = answers(config, "--day", "2025-10-01")["ai_training"]
    assert not before["quotations"]
    (announced,) = before["announced"]
    assert announced["announced"] == "2025-11-03"
    after = answers(config, "--day", "2025-11-04")["ai_training"]
    assert len(after["quotations"]) == 1
    assert not after["announced"]


def test_each_language_answers_by_itself_and_an_unlearned_one_by_its_lexicon(
    store: Database, tmp_path: Path
) -> None:
    german = WATCHLIST.partition("[[documents]]")[2].format(
        id=f"{ID}.de", language="de"
    )
    config = watching(store, tmp_path, f"\n[[documents]]{german}")
    saved(config, ID, {"2023-01-01": (KEEP, TRAIN)})
    folder = tmp_path / "german"
    folder.mkdir()
    sentence = "Wir verwenden Ihre Beiträge, um unsere KI-Modelle zu trainieren, und geben Ihre Daten nicht weiter."
    (folder / "2023-01-01.html").write_text(
        f"<html lang=de><title>Datenschutz</title><main><h1>Datenschutzerklärung</h1><p>{sentence}</p>"
        "<p>Wir erheben den Namen und die Adresse, die Sie uns mit Ihrem Konto geben.</p></main>",
        "utf-8",
    )
    policywatch("import", "folder", f"{ID}.de", folder, "--config", config)
    printed = policywatch("today", "parley", "--json", "--config", config)
    english, german = (
        {each["language"]: each for each in json.loads(printed)["languages"]}[code]
        for code in ("en", "de")
    )
    assert english["learned"]
    assert not german["learned"]
    by_question = {each["question"]: each for each in german["answers"]}
    assert quoted(by_question["ai_training"]) == [sentence]
    assert "There is no trained model for this language" in policywatch(
        "today", "parley", "--config", config
    )


def test_a_document_without_a_text_is_named(config: Path) -> None:
    policywatch("database", "upgrade", "--config", config)
    with pytest.raises(AssertionError, match="no service is called 'nobody'"):
        policywatch("today", "nobody", "--config", config)


def test_rules_for_users_are_no_practice_of_the_service(config: Path) -> None:
    rule = "<p>You must not:</p><ul><li>use our content to train AI models on personal data.</li></ul>"
    saved(config, ID, {"2023-01-01": (KEEP, f"</p>{rule}<p>")})
    assert quoted(answers(config)["ai_training"]) == []


def test_a_run_stores_answers_and_stored_ones_are_those_worked_out(
    config: Path, store: Database
) -> None:
    saved(config, ID, {"2023-01-01": (KEEP,), "2023-05-01": (KEEP, SHARE)})
    day = date(2026, 1, 1)
    with store.reading() as session:
        worked_out = today(session, "Parley", day)
    assert store_answers(store, day) == 1
    assert store_answers(store, day) == 0
    with store.reading() as session:
        assert today(session, "Parley", day) == worked_out
        (state,) = stored_states(session).values()
    folder = config.parent / "more"
    folder.mkdir()
    (folder / "2024-01-01.html").write_text(
        f"<html lang=en><title>Privacy Policy</title><main><h1>Privacy Policy</h1><h2>Your data</h2>"
        f"<p>{COLLECT}</p><p>{KEEP}</p><p>{SHARE}</p><p>{TRAIN}</p></main>",
        "utf-8",
    )
    policywatch("import", "folder", ID, folder, "--config", config)
    assert store_answers(store, day) == 1
    with store.reading() as session:
        assert stored_states(session) != {ID: state}
    policywatch(
        "documents", "remove", ID, "--imported", "--yes", "--config", config
    )


def test_texts_that_contradict_each_other_are_both_shown_with_whom_they_are_for(
    store: Database,
) -> None:
    denied = TRAIN.replace("We use", "We do not use")
    longer = KEEP.replace("two", "ten")
    texts = {
        PRIVACY: ("If you live in the European Economic Area", denied, KEEP),
        TERMS: ("If you live in the United States", TRAIN, longer),
    }
    with store.writing() as session:
        declare(session, documents())
        session.flush()
        teller = Teller(session)
        for id_, (heading, *lines) in texts.items():
            blocks = [
                block("paragraph", line, ["Your data", heading]) for line in lines
            ]
            teller.version(id_, day_of(0), blocks)
    with visited(store) as site:
        tree = page(site, "/services/parley/today")
        for question, quotations in (
            ("ai_training", {TRAIN, denied}),
            ("retention", {KEEP, longer}),
        ):
            (answer,) = tree.css(f"#en-{question}")
            assert {*text(answer, "blockquote")} == quotations
            shown = text(answer, ".sides")
            assert any("European Economic Area" in each for each in shown)
            assert any("United States" in each for each in shown)
            regions = {each for each in shown if each.startswith("Regions")}
            assert regions == {"Regions: EEA", "Regions: US"}
        french = page(site, "/services/parley/today?lang=fr")
        assert "Régions : EEE" in text(french, "#en-ai_training .sides")
        table = page(site, "/today?services=parley&question=ai_training")
        heads, cells = text(table, "thead th"), text(table, ".compared td")
        column = heads.index("Regions") - 1  # the service stands before the cells
        assert {*cells[column :: len(heads) - 1]} == {"EEA", "US"}
        answer = site.get("/today?services=parley&format=csv")
        rows = csv.DictReader(StringIO(answer.text))
        assert {row["regions"]: row["text"] for row in rows if row["text"]} == {
            "EEA": denied,
            "US": TRAIN,
        }
        api = site.get("/api/v1/today?services=parley").json()
        (group,) = (
            each
            for each in api["services"][0]["languages"]
            if each["language"] == "en"
        )
        quotations = group["answers"][0]["quotations"]
        assert {each["text"]: each["regions"] for each in quotations} == {
            denied: ["EEA"],
            TRAIN: ["US"],
        }


def test_the_terminal_says_for_whom_words_are(config: Path) -> None:
    there = TRAIN.replace("We use", "If you live in the United Kingdom, we use")
    saved(config, ID, {"2023-01-01": (KEEP, there)})
    printed = policywatch("today", "parley", "--config", config)
    assert "  Regions: UK\n" in printed


def test_texts_that_say_the_same_are_shown_once(store: Database) -> None:
    with store.writing() as session:
        declare(session, documents())
        session.flush()
        teller = Teller(session)
        for id_, line in (
            (PRIVACY, TRAIN),
            (TERMS, TRAIN.replace("We", "Parley", 1)),
        ):
            teller.version(
                id_, day_of(0), [block("paragraph", line, ["Your data"])]
            )
    with visited(store) as site:
        tree = page(site, "/services/parley/today")
        assert len(tree.css("#en-ai_training blockquote")) == 1


def test_forty_documents_in_three_languages_answer_each_language_by_itself(
    store: Database,
) -> None:
    texts = {
        "en": TRAIN,
        "fr": "Nous utilisons vos publications et vos messages pour entraîner nos modèles d’IA générative.",
        "de": "Wir verwenden Ihre Beiträge, um unsere KI-Modelle zu trainieren, und geben Ihre Daten nicht weiter.",
    }
    rows = [
        Document(
            id=f"parley/text-{number}.{language}",
            service="Parley",
            title=f"Text {number}",
            kind="privacy-policy",
            url=f"https://parley.example/{number}?{language}",
            language=language,
            added_at=day_of(0),
        )
        for number, language in zip(range(40), cycle(texts), strict=False)
    ]
    with store.writing() as session:
        declare(session, rows)
        session.flush()
        teller = Teller(session)
        for number, row in enumerate(rows):
            teller.version(
                row.id,
                day_of(number),
                [
                    block(
                        "paragraph", f"{texts[row.language]} {KEEP}", ["Your data"]
                    )
                ],
            )
    with visited(store) as site:
        answer = site.get("/api/v1/services/Parley/today").json()
        languages = {each["language"]: each for each in answer["languages"]}
        assert {
            language: len(each["documents"]) for language, each in languages.items()
        } == {"en": 14, "fr": 13, "de": 13}
        for language, sentence in texts.items():
            training = languages[language]["answers"][0]
            assert quoted(training) == [sentence]
            (quotation,) = training["quotations"]
            assert quotation["document"].endswith(f".{language}")
        french = page(site, "/services/Parley/today?lang=fr")
        assert text(french, "h2")[0] == "fr"
        side = page(site, "/today?services=Parley&lang=de")
        assert text(side, ".compared blockquote") == [texts["de"]]


def test_a_text_held_for_a_month_is_named_beside_the_answers(
    store: Database,
) -> None:
    with store.writing() as session:
        declare(session, documents())
        session.flush()
        teller = Teller(session)
        teller.version(
            PRIVACY, day_of(0), [block("paragraph", TRAIN, ["Your data"])]
        )
        for after in range(1, 31):
            teller.checked(PRIVACY, day_of(after), Outcome.HELD)
    with visited(store) as site:
        (note,) = text(
            page(site, "/services/parley/today"), "main .note:has(.held)"
        )
        assert "Privacy Policy: Needs review, since 7 October 2025" in note
        (service,) = text(
            page(site, "/today?services=parley"), ".compared tbody th"
        )
        assert "Needs review, since 7 October 2025" in service
        (held,) = (
            each
            for group in site.get("/api/v1/services/parley/today").json()[
                "languages"
            ]
            for each in group["documents"]
            if each["document"] == PRIVACY
        )
        assert held["outcome"] == "held"
        assert held["since"] == "2025-10-07T07:30:00+00:00"


def test_the_page_stores_its_answers_and_a_run_renews_no_others(
    store: Database,
) -> None:
    day = date(2026, 1, 1)
    tell(store)
    assert store_answers(store, day, asked_before=True) == 0
    with visited(store) as site:
        assert site.get("/services/parley/today").status_code == 200
        with store.reading() as session:
            stored = stored_states(session)
        assert PRIVACY in stored
        assert site.get("/services/parley/today").status_code == 200
    with store.reading() as session:
        assert stored_states(session) == stored
    with store.writing() as session:
        session.get_one(StandingRow, PRIVACY).state = "of a text that is no more"
    assert store_answers(store, day, asked_before=True) == 1
    with store.reading() as session:
        assert stored_states(session) == stored


def test_the_page_has_quotations_with_their_history(parley: Story) -> None:
    tree = page(parley.site, "/services/parley/today")
    assert "Parley: what holds today" in text(tree, "h1")[0]
    (training,) = tree.css("#en-ai_training")
    assert "since 3 November 2025" in text(training, ".sides")[0]
    assert f"/documents/{PRIVACY}/versions/2" in hrefs(training, ".sides a")[1]
    assert f"/changes/{parley.change(PRIVACY)}" in hrefs(training, ".lineage a")
    compared = hrefs(tree, ".lineage a[href*=compare]")
    assert compared
    for address in compared:
        assert parley.site.get(address).status_code == 200
    assert "/services/Parley/today" in hrefs(page(parley.site, "/services"), "a")
    before = page(parley.site, "/services/parley/today?day=2025-10-20")
    assert "train" not in text(before, "#en-ai_training")[0].replace("trained", "")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/services/nobody/today", 404),
        ("/services/parley/today?day=yesterday", 400),
        ("/services/parley/today?day=1000-01-01", 400),
        ("/services/parley/today?day=2000-01-01", 200),
        ("/services/%00/today", 404),
        ("/api/v1/services/nobody/today", 404),
        ("/api/v1/services/parley/today?colour=red", 400),
    ],
)
def test_wrong_addresses_are_answered(
    parley: Story, path: str, status: int
) -> None:
    assert parley.site.get(path).status_code == status


def test_the_api_answers_in_the_same_words(parley: Story) -> None:
    answer = parley.site.get("/api/v1/services/Parley/today").json()
    assert answer["service"] == "Parley"
    words = page(parley.site, "/services/Parley/today").text()
    for group in answer["languages"]:
        for each in group["answers"]:
            for quotation in each["quotations"]:
                assert quotation["text"] in words
