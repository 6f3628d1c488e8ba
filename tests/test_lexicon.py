"""How phrases are written and found, and what a topic of one's own does."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from analysis.classify.model import shipped_model
from analysis.compare import compare
from analysis.extract import read_page
from analysis.model import Page
from analysis.text.lexicon import (
    LANGUAGES,
    Language,
    Lexicon,
    OwnTopic,
    matches,
    section_topics,
)
from foundation.vocabulary import TOPICS


def finds(phrase: str, text: str) -> str | None:
    found = Lexicon([("retention", "decides", phrase)]).matches(text)
    return text[found[0].start : found[0].end] if found else None


@pytest.mark.parametrize(
    ("phrase", "text", "words"),
    [
        ("train*", "We are training models", "training"),
        ("train", "We are training models", None),
        ("ai", "He said so", None),
        ("ai", "An AI-based tool", "AI"),
        ("personali?ed", "Personalised or personalized", "Personalised"),
        ("third part*", "to third-party partners", "third-party"),
        ("opt (in|out)", "You can opt‑out", "opt‑out"),
        ("[our|the] partners", "Our partners", "Our partners"),
        ("[our|the] partners", "partners", "partners"),
        (
            "opt out [of [the]|from]",
            "You may opt out of the sale",
            "opt out of the",
        ),
        ("opt out [of|from]", "You may opt out.", "opt out"),
        (
            "(opt out [of]|leave) [now] [or later]",
            "opt out of now or later",
            "opt out of now or later",
        ),
        (
            "keep ... months",
            "We keep your letters for six months.",
            "keep your letters for six months",
        ),
        ("keep ... months", "We keep letters. Six months pass.", None),
        ("# days", "within thirty days", "thirty days"),
        ("# days", "within 30 days", "30 days"),
        ("(sell|rent (out|away)) data", "rent out data", "rent out data"),
        ("l'(ia|intelligence)", "", ValueError),
        ("droit d'accès", "Votre droit d’accès", "droit d’accès"),
        ("d'*", "base d’entraînement", "d’entraînement"),
        ("please opt-in", "Please optin", "Please optin"),
        ("please opt-in", "Please opt in", "Please opt in"),
        ("we (have|'ve) changed", "We have changed", "We have changed"),
        ("keep [all|the] #", "We keep thirty", "keep thirty"),
        ("sell (e-mail|a* list)", "sell any list", "sell any list"),
        ("sell (not|the data)", "They sell the data", "sell the data"),
    ],
)
def test_a_phrase_finds_what_the_recipe_says(
    phrase: str, text: str, words: str | type[Exception] | None
) -> None:
    if words is ValueError:
        with pytest.raises(ValueError, match="inside a word"):
            finds(phrase, text)
    else:
        assert finds(phrase, text) == words


@pytest.mark.parametrize(
    "phrase", ["", "(sell|rent data", "sell) data", "... data", "data ..."]
)
def test_a_phrase_that_can_not_be_read_is_refused(phrase: str) -> None:
    with pytest.raises(ValidationError):
        Language.model_validate(
            {
                "topics": {"retention": {"decides": [phrase]}},
                "words": {},
            }
        )


def test_an_unknown_topic_is_refused_by_name() -> None:
    with pytest.raises(ValidationError, match="unknown topic 'retentoin'"):
        Language.model_validate(
            {
                "topics": {"retentoin": {"decides": ["keep"]}},
                "words": {},
            }
        )


def test_a_phrase_to_ignore_takes_the_others_with_it() -> None:
    words = "See the Do Not Sell or Share My Personal Information page."
    assert "data_sharing" not in {match.topic for match in matches(words, "en")}


def test_headings_name_the_topics_of_their_section() -> None:
    assert "retention" in section_topics("How long we keep your data", "en")
    assert "data_sharing" in section_topics(
        "Avec qui partageons-nous vos données ?", "fr"
    )


def page(text: str) -> Page:
    markdown = f"# Privacy Policy\n\n## Devices\n\n{text}\n\nYou can write to us about this policy, and we answer."
    return read_page(markdown.encode(), mime="text/markdown", language="en")


QUIET = page("The lamp stands on your desk and you can turn it.")
LAMP = page("The lamp stands on your desk, and you can turn it by ultrasound.")
VOICE = OwnTopic("sound", ("ultrasound", "infrasound"))


def test_an_own_topic_is_flagged_with_its_words() -> None:
    assert not compare(QUIET, LAMP, language="en").alert
    told = compare(QUIET, LAMP, language="en", own_topics=(VOICE,))
    assert told.alert
    assert told.substantive
    assert told.topics == ("sound",)
    assert (told.severity, told.direction) == ("low", "none"), "nobody assessed it"
    assert told.passages[0].direction == "none"
    assert [(quote.topic, quote.text) for quote in told.passages[0].evidence] == [
        ("sound", "ultrasound")
    ]


def test_an_own_topic_of_another_language_says_nothing() -> None:
    french = OwnTopic("sound", ("ultrasound",), languages=("fr",))
    assert not compare(QUIET, LAMP, language="en", own_topics=(french,)).alert


def test_words_that_did_not_change_are_no_own_topic() -> None:
    after = page(
        "The lamp stands on your big desk, and you can turn it by ultrasound."
    )
    assert not compare(LAMP, after, language="en", own_topics=(VOICE,)).alert


SENTENCES: dict[str, Any] = tomllib.loads(
    (Path(__file__).parent / "cases" / "sentences.toml").read_text("utf-8")
)


def with_sentence(language: str, sentence: str) -> Page:
    title, opening = SENTENCES["frames"][language]
    text = f"# {title}\n\n{opening}\n\n{sentence}".strip()
    return read_page(text.encode(), mime="text/markdown", language=language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sentence_that_comes_is_about_its_topic_and_shows_the_words(
    language: str,
) -> None:
    missing = []
    sentences = SENTENCES[language]
    assert sentences.keys() >= TOPICS.keys() - shipped_model().untrained
    for topic, sentence in sentences.items():
        found = compare(
            with_sentence(language, ""),
            with_sentence(language, sentence),
            language=language,
        )
        evidence = [
            quote for passage in found.passages for quote in passage.evidence
        ]
        assert all(quote.text in sentence for quote in evidence)
        if topic not in {quote.topic for quote in evidence}:
            missing.append(topic)
    assert len(missing) <= 1, missing


@pytest.mark.parametrize(
    "ways", SENTENCES["in_other_words"], ids=lambda ways: ways["language"]
)
def test_what_is_said_in_other_words_has_a_phrase_that_decides(
    ways: dict[str, Any],
) -> None:
    language = ways["language"]
    missing = [
        (topic, sentence)
        for topic in set(ways) - {"language"}
        for sentence in ways[topic]
        if (topic, "decides")
        not in {match[:2] for match in matches(sentence, language)}
    ]
    assert not missing
