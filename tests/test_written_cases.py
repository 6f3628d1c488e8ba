"""The cases of tests/cases: 551 short changes with what a person says of them. Most are harder than what services
publish, and the model has learnt from them, so their scores are floors that a later model must not fall below."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest

from analysis.classify.model import shipped_model
from foundation.vocabulary import TOPICS
from tests.written_cases import cases, told

FLOORS = {
    "en": {
        "alert": 0.92,
        "topics": 0.95,
        "severity": 0.65,
        "direction": 0.72,
        "high": 0.58,
    },
    "fr": {
        "alert": 0.95,
        "topics": 0.95,
        "severity": 0.75,
        "direction": 0.68,
        "high": 0.78,
    },
}


@pytest.mark.parametrize("language", FLOORS)
def test_scores_do_not_fall(language: str) -> None:
    asked: Counter[str] = Counter()
    right: Counter[str] = Counter()
    for case in (param.values[0] for param in cases()):
        if case["language"] != language:
            continue
        found = told(case)
        answers = (
            [("alert", case["alert"] == found.alert)] if "alert" in case else []
        )
        if case.get("severity") == "high":
            answers.append(("high", found.severity == "high"))
        if case.get("alert") and found.alert:
            answers += [
                ("topics", topic in found.topics)
                for topic in case.get("topics", ())
            ]
            answers += [
                (key, getattr(found, key) == case[key])
                for key in ("severity", "direction")
                if key in case
            ]
        for name, is_right in answers:
            asked[name] += 1
            right[name] += is_right
    scores = {
        name: round(right[name] / asked[name], 3) for name in FLOORS[language]
    }
    assert all(scores[name] >= floor for name, floor in FLOORS[language].items()), (
        scores
    )


def test_dates_are_those_of_the_case() -> None:
    for case in (param.values[0] for param in cases()):
        expected = case.get("effective_date")
        assert told(case).effective_date == (
            date.fromisoformat(expected) if expected else None
        ), case["name"]


def test_there_are_cases_for_each_topic_and_language() -> None:
    for language in FLOORS:
        those = [
            param.values[0]
            for param in cases()
            if param.values[0]["language"] == language
        ]
        assert TOPICS.keys() - shipped_model().untrained <= {
            topic for case in those for topic in case.get("topics", ())
        }


def test_what_is_quoted_stands_in_its_passage() -> None:
    quoted = 0
    for param in cases():
        for passage in told(param.values[0]).passages:
            for quote in passage.evidence:
                quoted += 1
                assert quote.text in passage.texts[quote.side]
                assert quote.topic in passage.topics
            assert passage.why
    assert quoted > 100
