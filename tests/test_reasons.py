"""Why a check brought no text, or a change is told: sentences in every language, each kept as a code with values."""

from __future__ import annotations

import ast
import copy
import pickle
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from analysis.classify.conventions import CONVENTIONS
from analysis.model import TOPICS
from messages import Reason, sentences, told
from notifier.messages import notice_message
from notifier.wording import words
from policywatch.wording import LANGUAGES
from storage.checks import Check, Outcome, finish
from storage.database import Database
from storage.documents import Document, declare
from storage.notices import Notice, unplanned_notices
from tests.stories import START

ROOT = Path(__file__).parents[1]
PACKAGES = ("analysis", "crawler", "notifier", "policywatch")
BY_NAME = ("errno", "mistake", "page", "part", "topic", "convention")  # tables of names
GONE = Reason("answer.gone", host="parley.example", status=404)
PART = Reason("part.one", number=2, count=2, url="https://parley.example/more", reason=GONE)


def reasons_in_the_code() -> Iterator[tuple[str, set[str]]]:
    """The code of every reason that is made by name, with the values that it is given."""
    for package in PACKAGES:
        for file in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Reason":
                    first = node.args[0]
                    if isinstance(first, ast.Constant):
                        yield first.value, {each.arg for each in node.keywords if each.arg}


def values_of(sentence: str) -> set[str]:
    return set(re.findall(r"{([a-z]+)(?::g)?}", sentence))


def test_every_reason_that_is_given_has_its_sentence_and_every_sentence_its_values() -> None:
    english = sentences("en")
    given = list(reasons_in_the_code())
    assert len(given) > 40
    for code, values in given:
        assert values == values_of(english[code]), code
    source = "".join(file.read_text("utf-8") for name in PACKAGES for file in (ROOT / name).rglob("*.py"))
    unused = [code for code in english if f'"{code}"' not in source and code.split(".")[0] not in BY_NAME]
    assert not unused


def test_every_name_that_a_reason_is_made_of_has_its_words_and_no_other() -> None:
    assert table("topic") == {*TOPICS}
    assert table("convention") == {convention.name for convention in CONVENTIONS}


def table(name: str) -> set[str]:
    return {code.partition(".")[2] for code in sentences("en") if code.startswith(f"{name}.")}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_sentence_with_the_same_values(language: str) -> None:
    english, other = sentences("en"), sentences(language)
    assert english.keys() == other.keys()
    for code, sentence in english.items():
        assert values_of(sentence) == values_of(other[code]), code


def test_a_reason_is_its_sentence_and_is_said_again_in_another_language() -> None:
    assert PART.startswith(
        "Part 2 of 2 (https://parley.example/more): parley.example answered 404: the page is not there"
    )
    stored = PART.as_json()
    assert told(str(PART), stored, "fr").text.startswith(
        "Partie 2 sur 2 (https://parley.example/more)\u00a0: parley.example a répondu 404\u00a0: la page n’y est pas"
    )
    assert told(str(PART), stored, "en") == (str(PART), "en")
    for same in (copy.deepcopy(PART), pickle.loads(pickle.dumps(PART))):
        assert (same, same.as_json()) == (PART, stored)


@pytest.mark.parametrize(
    "stored",
    [None, {"code": "answer.unheard_of", "values": {}}, {"code": "answer.gone", "values": {}}, {"code": "answer.gone"}],
)
def test_what_another_release_stored_is_told_in_english(stored: dict[str, object] | None) -> None:
    assert told("It was gone.", stored, "fr") == ("It was gone.", "en")


def test_a_language_without_sentences_of_its_own_tells_reasons_in_english() -> None:
    assert told(str(GONE), GONE.as_json(), "eo") == (str(GONE), "en")


@pytest.mark.parametrize(("language", "why"), [("en", "Why: Part 2 of 2"), ("fr", "Pourquoi\u00a0: Partie 2 sur 2")])
def test_the_operator_hears_the_reason_in_the_language_of_the_notice(
    database: Database, language: str, why: str
) -> None:
    with database.writing() as session:
        row = Document(
            id="parley/terms", service="Parley", title="Terms", kind="terms", url="", language="en", added_at=START
        )
        row.alert_after = 1
        declare(session, [row])
        session.flush()
        finish(session, Check(document_id="parley/terms", checked_at=START), Outcome.GONE, PART)
        session.flush()
        (notice,) = unplanned_notices(session)
        assert isinstance(notice, Notice)
        assert why in notice_message([notice], language=language, base_url=None).text


@pytest.mark.parametrize("language", LANGUAGES)
def test_reasons_call_topics_as_messages_do(language: str) -> None:
    said, of_messages = sentences(language), words(language)
    for topic in TOPICS:
        last = of_messages.topics[topic].split()[-1]  # in French an article stands before some
        assert said[f"topic.{topic}"].endswith(last)
