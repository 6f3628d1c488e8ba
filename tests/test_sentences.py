"""What sentences say by their words, and what those of a change say together."""

from __future__ import annotations

import pytest

from analysis.change import TOPICS
from analysis.compare import compare
from analysis.diff import passages
from analysis.judging.gist import leanings, topics_said
from analysis.judging.seen import look
from analysis.judging.sentences import ASPECTS, Weights, says
from analysis.page import read_page

POLICY = "# Privacy Policy\n\n## What we do\n\nWe keep your walks for two years.\n\nOur office is at the lake.\n"


def chances_of(before: str, after: str) -> dict[str, float]:
    pages = [read_page(text.encode(), mime="text/markdown", language="en") for text in (before, after)]
    seen = look(passages(*pages), *pages, "en", "privacy")
    return {**topics_said(seen), **leanings(seen)}


@pytest.mark.parametrize(
    ("sentence", "language", "said"),
    [
        (
            "We may share your reading history with our advertising partners.",
            "en",
            {"data_sharing", "practice", "expands"},
        ),
        ("You can object to this at any time in your settings.", "en", {"user_choice", "protection", "limits"}),
        ("You must not copy the works of other members.", "en", {"conduct"}),
        ("Nous conservons vos recherches pendant deux ans.", "fr", {"retention", "practice", "worth"}),
        ("Vous pouvez demander l’effacement de vos données.", "fr", {"user_rights", "protection", "limits"}),
    ],
)
def test_a_sentence_says_what_its_words_say(sentence: str, language: str, said: set[str]) -> None:
    chances = says(sentence, language, "rules" if "conduct" in said else "privacy", ())
    assert {aspect for aspect in said if chances[aspect] > 0.5} == said
    assert ("conduct" in said) == (chances["conduct"] > 0.5)


def test_no_words_and_unknown_languages_say_little() -> None:
    for sentence, language in (("", "en"), ("Zzyzx qwrt.", None), ("我们的办公室在湖边。", "zh")):
        chances = says(sentence, language, "other", ())
        assert set(chances) == set(ASPECTS)
        assert max(chances[topic] for topic in TOPICS) < 0.5


def test_an_exchanged_word_says_only_what_it_adds() -> None:
    told = chances_of(POLICY, POLICY.replace("walks for", "walks and your searches for"))
    whole = chances_of(POLICY, POLICY.replace("Our office", "We keep your searches for two years. Our office"))
    assert 0 < told["gist.retention.most"] < whole["gist.retention.most"]


def test_a_safeguard_that_goes_speaks_against_people() -> None:
    promise = "We never sell your personal data and you can always object to its use.\n"
    came, went = chances_of(POLICY, POLICY + "\n" + promise), chances_of(POLICY + "\n" + promise, POLICY)
    assert came["gist.balance"] < 0 < went["gist.balance"]
    assert came["gist.limits_new"] == went["gist.limits_gone"] > 0


def test_a_topic_is_still_told_with_words_of_the_page() -> None:
    pages = [
        read_page(text.encode(), mime="text/markdown", language="en")
        for text in (
            POLICY,
            POLICY + "\nWe share your walks with our affiliates, who use them for their own purposes.\n",
        )
    ]
    told = compare(*pages)
    assert "data_sharing" in told.topics
    assert {quote.topic for passage in told.passages for quote in passage.evidence} == set(told.topics)


def test_weights_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match=r"columns of weights/sentences\.csv"):
        Weights(["sign,one,two", "bias,1,2"])


def test_weights_of_signs_add_up_for_each_aspect_by_itself() -> None:
    most = [100000, *(-1 for _ in ASPECTS[1:])]
    lines = [",".join(map(str, row)) for row in (["sign", *ASPECTS], ["bias", *most], ["we", *most])]
    weights = Weights([*lines, "sell" + "," * len(ASPECTS)])
    assert weights.sums(weights.together(["we", "sell"]), weights.together(["unheard"])) == tuple(2 * n for n in most)
