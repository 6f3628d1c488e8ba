"""The sentences of tests/cases/brief_sentences.toml: what a brief quotes of one paragraph, and what it must not."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from analysis.brief import brief
from analysis.change import Brief, Quote
from analysis.diff import passages
from analysis.page import read_page

CASES: list[dict[str, Any]] = tomllib.loads(
    (Path(__file__).parent / "cases" / "brief_sentences.toml").read_text(encoding="utf8")
)["case"]
FRAMES = {
    "en": "# Privacy policy of Wrenfield\n\nThis page tells how Wrenfield is run.\n\n## Your data\n\n",
    "fr": "# Politique de confidentialité\n\nCette page dit comment Wrenfield est tenu.\n\n## Vos données\n\n",
}


def told(case: dict[str, Any]) -> Brief:
    before, after = (
        read_page(f"{FRAMES[case['language']]}{text}\n".encode(), mime="text/markdown", language=case["language"])
        for text in (case.get("before", ""), case["text"])
    )
    return brief(passages(before, after), before, after, effective=None, language=case["language"])


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_paragraph_is_quoted_for_what_it_says(case: dict[str, Any]) -> None:
    answer = told(case)
    for field, words in case.get("says", {}).items():
        quotes: tuple[Quote, ...] = getattr(answer, field)
        assert any(words in quote.text for quote in quotes), (field, [quote.text for quote in quotes])
    for field, pattern in case.get("never", {}).items():
        assert not [quote.text for quote in getattr(answer, field) if re.search(pattern, quote.text)], field


@pytest.mark.parametrize(
    ("language", "text"),
    [
        (
            "en",
            "We train models with your posts. You can switch this use off at any time:\n\n1. Open Settings and choose "
            "Data privacy.\n2. Choose Data for models.\n3. Turn off “Train models with my posts”.",
        ),
        (
            "fr",
            "Vos posts servent à entraîner des modèles. Vous pouvez désactiver cet usage à tout moment :\n\n1. Ouvrez "
            "les préférences et choisissez Confidentialité des données.\n2. Choisissez Données pour les modèles.\n3. "
            "Désactivez « Entraîner des modèles avec mes posts ».",
        ),
    ],
)
def test_the_steps_of_a_way_are_told_in_their_order_and_are_no_data(language: str, text: str) -> None:
    brief = told({"language": language, "text": text})
    steps = [quote.text.split(" ")[0] for quote in brief.refuse if quote.text[0].isupper()]
    assert steps == (["Open", "Choose", "Turn"] if language == "en" else ["Ouvrez", "Choisissez", "Désactivez"])
    assert not [quote.text for quote in brief.data if "modèles" in quote.text or "Settings" in quote.text]


def test_a_question_is_no_way_to_refuse() -> None:
    brief = told({"language": "en", "text": "Can I switch the assistant off? You can hide it in your settings."})
    assert all("Can I" not in quote.text for quote in brief.refuse)


def test_a_kind_of_data_in_capitals_is_nobody_who_gets_it() -> None:
    text = "Avec votre accord, nos partenaires, tels que Google, traitent vos données (adresse IP, pages vues)."
    assert "IP" not in [quote.text for quote in told({"language": "fr", "text": text}).recipients]


def test_aims_that_stayed_and_those_that_went_give_way_to_new_ones() -> None:
    kept = "We use your notes to improve our search"
    case = {
        "language": "en",
        "before": f"{kept}.\n\nWe use your age to estimate your interests.",
        "text": f"{kept}, to train our models and to personalise your advertisements.\n\n"
        "We use your voice to detect fraud.\n\nWe use your photos to recommend groups.",
    }
    assert {quote.side for quote in told(case).purposes} == {"after"}
    assert not any("search" in quote.text for quote in told(case).purposes)


def test_aims_that_went_are_told_beside_a_new_one_only_among_the_first() -> None:
    went = "to detect fraud.\n\nWe use your age to recommend groups.\n\nWe use your notes to train our models."
    case = {
        "language": "en",
        "before": f"We use your voice {went}\n\nWe use your city to personalise your advertisements.",
        "text": "We use your photos to verify your identity.",
    }
    assert len(told(case).purposes) == 3


def test_a_row_tells_who_and_what_for_where_only_another_cell_of_it_changed() -> None:
    rows = "| Provider | Cookie | Purpose | Where |\n| --- | --- | --- | --- |\n| Corvina | _cv | Heatmaps | {} |\n"
    brief = told({"language": "en", "before": rows.format("shop"), "text": rows.format("shop, news pages")})
    assert [quote.text for quote in brief.recipients] == ["Corvina"]
    assert [quote.text for quote in brief.purposes] == ["Heatmaps"]
