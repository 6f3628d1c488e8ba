"""What always holds of a change's classification, whatever a model has learnt."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from analysis.classify.features import passage_features
from analysis.classify.model import TARGETS, Model, shipped_model
from analysis.classify.verdict import classify_passage
from analysis.compare import compare
from analysis.diff import block_keys
from analysis.diff.wording import wording
from analysis.extract import read_page
from analysis.model import Block, Comparison, Page, Passage
from analysis.text.word_lists import word_lists

POLICY = (
    "We keep your account data as long as your account is open.",
    "You can ask us for a copy of your personal data at any time.",
)
TRAINING = "We use your posts and comments to train our generative AI models."
PROMISE = "We do not sell your personal data to anyone."
NOISE = (
    ("We keep your account data.", "We keep  your account data ."),
    ("We keep your \u201caccount\u201d data.", 'We keep your "account" data.'),
    ("We keep your account data.", "We keep your\u00a0account data."),
    ("2. We keep your account data.", "3. We keep your account data."),
    ("Last updated: 3 May 2024", "Last updated: 7 June 2025"),
    ("Updated 2 months ago", "Updated 3 months ago"),
    ("We organise our data.", "We organize our data."),
)


def page(
    *texts: str, language: str = "en", section: str = "How we use your data"
) -> Page:
    title = {"en": "Privacy Policy", "fr": "Politique de confidentialité"}.get(
        language, "Datenschutz"
    )
    blocks = [Block("heading", title), Block("heading", section, (title,))]
    return Page(
        title,
        language,
        (*blocks, *(Block("paragraph", text, (title, section)) for text in texts)),
    )


def changed(
    before: tuple[str, ...],
    after: tuple[str, ...],
    language: str = "en",
    **options: object,
) -> Comparison:
    return compare(
        page(*before, language=language),
        page(*after, language=language),
        language=language,
        **options,
    )  # type: ignore[arg-type]


def test_training_on_peoples_content_is_high() -> None:
    found = changed(POLICY, (*POLICY, TRAINING))
    assert found.alert
    assert found.severity == "high"
    assert found.direction == "expands"
    assert "ai_training" in found.topics


@pytest.mark.parametrize(
    "text",
    [
        "Nous utilisons vos publications et vos commentaires pour entraîner nos modèles d'intelligence artificielle.",
        "Vos messages servent à entraîner nos modèles d'IA générative.",
    ],
)
def test_training_is_high_in_french_too(text: str) -> None:
    policy = (
        "Nous conservons les données de votre compte tant que celui-ci est ouvert.",
    )
    found = changed(policy, (*policy, text), "fr")
    assert (found.alert, found.severity) == (True, "high")
    assert "ai_training" in found.topics


@pytest.mark.parametrize(
    ("promise", "topic"),
    [
        (PROMISE, "data_sharing"),
        ("We do not use your private messages to train AI models.", "ai_training"),
        ("We never share your health data with advertisers.", "data_sharing"),
    ],
)
def test_a_promise_that_goes_is_told(promise: str, topic: str) -> None:
    found = changed((*POLICY, promise), POLICY)
    assert found.alert
    assert found.severity == "high"
    assert found.direction == "expands"
    assert topic in found.topics


@pytest.mark.parametrize(
    "denial",
    [
        PROMISE,
        "We will never use your content to train AI models.",
        "We do not share your messages with third parties.",
    ],
)
def test_a_denial_that_comes_is_no_practice(denial: str) -> None:
    found = changed(POLICY, (*POLICY, denial))
    assert found.severity != "high"
    assert found.brief.headline is None or found.brief.headline.claim is None


@pytest.mark.parametrize(("before", "after"), NOISE)
def test_noise_changes_no_verdict(before: str, after: str) -> None:
    found = changed((*POLICY, before), (*POLICY, after))
    assert not found.substantive
    assert not found.alert


def test_noise_beside_news_changes_nothing_about_it() -> None:
    news = changed(POLICY, (*POLICY, TRAINING))
    for before, after in NOISE:
        found = changed((*POLICY, before), (*POLICY, after, TRAINING))
        assert (found.alert, found.severity, found.direction, found.topics) == (
            news.alert,
            news.severity,
            news.direction,
            news.topics,
        )


def test_the_same_text_is_no_change() -> None:
    found = changed(POLICY, POLICY)
    assert not found.substantive
    assert not found.passages


def test_moved_text_is_no_news() -> None:
    assert not changed((*POLICY, TRAINING), (TRAINING, *POLICY)).substantive


def test_evidence_and_answers_stand_on_the_page() -> None:
    found = changed(
        (*POLICY, PROMISE),
        (*POLICY, TRAINING, "You can turn this off in your settings."),
    )
    assert found.alert
    for passage in found.passages:
        for evidence in passage.evidence:
            assert evidence.text in passage.texts[evidence.side]
    after = " ".join((*POLICY, TRAINING, "You can turn this off in your settings."))
    texts = {"before": " ".join((*POLICY, PROMISE)), "after": after}
    quotes = [
        quote
        for name in ("data", "purposes", "recipients", "refuse")
        for quote in getattr(found.brief, name)
    ]
    assert quotes
    assert all(quote.text in texts[quote.side] for quote in quotes)


def test_many_weak_hints_make_no_alert() -> None:
    offices = tuple(
        f"Our office number {number} is at {number} Mill Road, Leeds."
        for number in range(60)
    )
    terms = ("These terms are governed by the law of Ireland.",)
    before, after = (
        Page(
            "Terms of Service",
            "en",
            tuple(
                Block("paragraph", text, ("Terms of Service", "Contact"))
                for text in texts
            ),
        )
        for texts in (terms, (*terms, *offices))
    )
    assert not compare(before, after, document="Terms of Service").alert


class TestReturns:
    def test_text_that_stood_before_is_a_return(self) -> None:
        earlier = [page(*POLICY, TRAINING)]
        found = changed(POLICY, (*POLICY, TRAINING), earlier=keys(earlier))
        assert not found.alert
        assert found.returns
        assert [passage.returns for passage in found.passages] == [True]

    def test_text_that_had_been_gone_before_is_a_return_when_it_goes_again(
        self,
    ) -> None:
        found = changed(
            (*POLICY, PROMISE),
            POLICY,
            earlier=keys([page(*POLICY, PROMISE), page(*POLICY)]),
        )
        assert (found.alert, found.returns) == (False, True)

    def test_text_that_goes_for_the_first_time_is_news(self) -> None:
        assert changed(
            (*POLICY, PROMISE), POLICY, earlier=keys([page(*POLICY)])
        ).alert

    def test_news_beside_a_return_is_told(self) -> None:
        found = changed(
            POLICY,
            (*POLICY, TRAINING, "We sell your data."),
            earlier=keys([page(*POLICY, TRAINING)]),
        )
        assert found.alert
        assert "ai_training" not in found.topics

    def test_a_change_waits_only_where_what_alerts_has_returned(self) -> None:
        office, line = (
            "Our office is at 3 Mill Road, Leeds.",
            "We sell your data to advertisers.",
        )
        earlier = keys([page(*POLICY, office, TRAINING)])
        for added, waits in (
            ((TRAINING,), True),
            ((office, line), False),
            ((TRAINING, line), False),
            ((office,), False),
        ):
            found = changed(POLICY, (*POLICY, *added), earlier=earlier)
            assert any(passage.returns for passage in found.passages)
            assert (
                ("why.returns" in [reason.code for reason in found.why])
                == found.returns
                == waits
            ), added

    def test_text_that_always_stood_and_goes_is_news(self) -> None:
        found = changed(
            (*POLICY, PROMISE), POLICY, earlier=keys([page(*POLICY, PROMISE)])
        )
        assert found.alert


def keys(pages: list[Page]) -> list[frozenset[str]]:
    return [block_keys(each) for each in pages]


class TestLanguageWithoutModel:
    def test_every_change_of_wording_is_reported_with_topics_of_the_word_list(
        self,
    ) -> None:
        policy = ("Conservamos los datos de su cuenta mientras esté abierta.",)
        added = "Usamos sus publicaciones para entrenar nuestros modelos de inteligencia artificial."
        found = changed(policy, (*policy, added), "es")
        assert found.alert
        assert "ai_training" in found.topics
        assert found.direction == "none"
        assert any(
            reason.code == "why.unlearned"
            for passage in found.passages
            for reason in passage.why
        )

    def test_noise_is_no_change(self) -> None:
        assert not changed(
            ("Guardamos  sus datos.",), ("Guardamos sus datos .",), "es"
        ).alert


@pytest.mark.parametrize(
    ("news", "is_told"),
    [
        ("Ihre Rufnummer geben wir an unsere Werbepartner weiter.", True),
        ("Unsere Öfen werden in Suhl gebaut.", False),
    ],
)
def test_german_is_learned_too(news: str, is_told: bool) -> None:
    policy = ("Wir speichern Ihre Kontodaten, solange Ihr Konto besteht.",)
    found = changed(policy, (*policy, news), "de")
    assert found.is_classified
    assert found.alert == is_told


@pytest.mark.parametrize(
    ("sentence", "is_possible"),
    [
        ("Berths are given in the order in which captains ask for them.", False),
        ("Our machine learning model gives out the berths.", True),
    ],
)
def test_nothing_is_about_ai_without_a_word_of_it(
    sentence: str, *, is_possible: bool
) -> None:
    likely = {"alert": 4.0, "ai_features": 3.0}
    columns = len(TARGETS)
    sure = Model(
        {},
        np.zeros((0, columns), np.int8),
        np.ones(columns, np.float32),
        np.array([likely.get(name, -4.0) for name in TARGETS], np.float32),
    )
    passage = Passage(("Harbour Rules", "Berths"), "added", None, sentence)
    features = passage_features(passage, wording(passage), "terms", "en")
    verdict = classify_passage(features, "terms", "en", sure)
    assert verdict.alert
    assert ("ai_features" in verdict.topics) == is_possible


def test_words_that_say_nothing_by_themselves_are_no_evidence() -> None:
    """They are what the model weighs, but nobody is helped by "to our"."""
    found = changed(
        POLICY, (*POLICY, "It may be passed on to the guests of our hotels.")
    )
    small = word_lists().function
    quotes = [each.text for passage in found.passages for each in passage.evidence]
    assert found.alert
    assert all(set(quote.lower().split()) - small for quote in quotes)


LISTS = """# Privacy Policy

## Data we never pass on

- the name of your ship
- your position at sea
- the depth of your keel

## Data we pass on to insurers

- the year your ship was built
- the port it lies in

## Logs

| Log | Kept for | Read by |
| --- | --- | --- |
| Engine | 3 months | our mechanics |
| Route | 3 months | nobody |
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("3 months | nobody", "6 years | nobody"),
        ("3 months | nobody", "3 months | harbour masters and insurers"),
        ("it lies in\n", "it lies in\n- the names of your crew\n"),
        ("- your position at sea\n- the depth", "- the depth"),
    ],
)
def test_a_little_change_is_read_with_what_governs_it(old: str, new: str) -> None:
    after = LISTS.replace(old, new)
    if "position" in old:
        after = after.replace("built\n", "built\n- your position at sea\n")
    pages = [
        read_page(text.encode(), mime="text/markdown", language="en")
        for text in (LISTS, after)
    ]
    found = compare(*pages, language="en")
    assert found.alert
    assert len(found.passages) == 1


def test_an_enormous_change_is_bounded_and_says_so() -> None:
    sentences = [
        f"We share your data number {number} with partner {number}."
        for number in range(3_000)
    ]
    found = changed(POLICY, (*POLICY, *sentences), trusted=True)
    assert found.alert
    assert any(reason.code == "why.left_out" for reason in found.why)


def test_a_topic_without_weights_alerts_by_its_phrases() -> None:
    model = shipped_model()
    column = model.targets.index("retention")
    without = replace(
        model,
        weights=np.delete(model.weights, column, axis=1),
        scales=np.delete(model.scales, column),
        bias=np.delete(model.bias, column),
        targets=tuple(each for each in model.targets if each != "retention"),
    )
    added = "We keep your messages for twelve months and then delete the data."
    found = changed(POLICY, (*POLICY, added), model=without)
    assert found.alert
    assert "retention" in found.topics
    assert "retention" in {quote.topic for quote in found.passages[0].evidence}
