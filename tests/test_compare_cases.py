"""Each case of tests/cases is told as a person would, with the words and the rules that decided."""

from __future__ import annotations

from datetime import date

import pytest

from analysis.change import TOPICS
from analysis.judging.grave import RULES
from tests.written_cases import Case, cases, told


@pytest.mark.parametrize("case", cases())
def test_a_case_is_told_as_a_person_would(case: Case) -> None:
    found = told(case)
    if "substantive" in case:
        assert found.substantive is case["substantive"], found
    if "alert" in case:
        assert found.alert is case["alert"], found
    assert found.held is None
    assert set(case.get("topics", ())) <= set(found.topics), found
    assert not set(case.get("never", ())) & set(found.topics), found
    for key in ("direction", "severity"):
        if key in case:
            assert getattr(found, key) == case[key], found
    if "because" in case:
        assert list(found.brief.because) == case["because"], found
    assert found.severity == "high" or not found.brief.because
    expected = case.get("effective_date")
    assert found.effective_date == (date.fromisoformat(expected) if expected else None), found


def test_there_are_cases_for_each_topic_and_language() -> None:
    all_cases = [param.values[0] for param in cases()]
    assert len(all_cases) >= 120
    for language in ("en", "fr"):
        named = {topic for case in all_cases if case["language"] == language for topic in case.get("topics", ())}
        assert set(TOPICS) <= named
    assert {rule for case in all_cases for rule in case.get("because", ())} == {*RULES}


def test_what_is_flagged_stands_in_its_passage() -> None:
    quoted = 0
    for param in cases():
        for passage in told(param.values[0]).passages:
            for quote in passage.evidence:
                quoted += 1
                assert quote.text in ((passage.before if quote.side == "before" else passage.after) or "")
                assert quote.topic in passage.topics
            assert passage.why
    assert quoted > 100


def test_what_is_told_says_by_which_rule() -> None:
    for param in cases():
        found = told(param.values[0])
        for passage in found.passages:
            assert passage.why
            assert all(passage.why)
        if found.alert:
            assert found.why[0].startswith("told, for "), param.values[0]["name"]
