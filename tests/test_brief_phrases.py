"""The files of phrases that the brief asks with: complete, documented, and a bad one says what is wrong."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from analysis.brief.phrases import CUES, PhraseError, load_phrases, phrases_for
from analysis.brief.text import words_of


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_shipped_phrases_are_complete(language: str) -> None:
    assert phrases_for(language).language == language


def test_an_unknown_language_is_read_with_the_english_phrases() -> None:
    assert phrases_for("xx").language == "en"


def test_what_is_objectionable_is_no_objection() -> None:
    assert "refuse_act" not in phrases_for("en").find(words_of("You may find it objectionable."))


GRAMMAR = """
language = "it"
complete = false
[grammar]
noun_first = true
gerunds = "ndo"
adverbs = ["mente"]
pronouns = ["lo"]
determiners = ["il"]
stops = ["che"]
links = ["di"]
participles = ["raccolti"]
after = ["da"]
inner = ["di"]
breaks = ["che"]
subjects = ["noi"]
joins = ["e"]
general = ["dati"]
dangling = ["di"]
"""


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (GRAMMAR + '[cues]\nfruit = ["mela"]\n', "no such cue: fruit"),
        (GRAMMAR.replace("false", "true", 1) + "[cues]\nai = ['ia']\n", "phrases for"),
        (GRAMMAR + "[cues]\nai = ['IA']\n", "ai"),
        (GRAMMAR.replace("joins", "glue") + "[cues]\n", "glue"),
        ("language = ", "it.toml"),
    ],
)
def test_a_bad_phrase_file_says_what_is_wrong(text: str, complaint: str) -> None:
    with pytest.raises(PhraseError, match=re.escape(complaint)) as refusal:
        load_phrases(text, "it.toml")
    assert str(refusal.value).startswith("it.toml")


def test_docs_name_every_cue() -> None:
    described = (Path(__file__).parent.parent / "docs" / "brief.md").read_text(encoding="utf8")
    assert [cue for cue in CUES if f"`{cue}`" not in described] == []
