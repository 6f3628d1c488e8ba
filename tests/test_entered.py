"""Items of lists are read behind their title or the paragraph before their list: alone they say nothing."""

from __future__ import annotations

import pytest

from analysis.compare import Comparison
from tests.told import compared, policy


def _list(title: str, lead: str, items: tuple[str, ...]) -> str:
    listed = "\n".join(f"* {item}" for item in items)
    return policy(title, f"{lead}\n\n{listed}" if lead else listed)


def _joins(title: str, items: tuple[str, ...], language: str = "en", lead: str = "") -> Comparison:
    """The last item is new."""
    return compared(_list(title, lead, items[:-1]), _list(title, lead, items), language)


def _leaves(title: str, items: tuple[str, ...], language: str = "en", lead: str = "") -> Comparison:
    return compared(_list(title, lead, items), _list(title, lead, items[:-1]), language)


DONE = [
    (
        "en",
        "Why we use your data",
        ("Running the service", "Preventing fraud", "Training our AI models"),
        "ai_training",
    ),
    ("en", "Purposes", ("Running the service", "Preventing fraud", "Showing you personalised ads"), "advertising"),
    ("en", "How we use your information", ("to run the service", "to develop new products"), "data_use"),
    ("en", "Personal data we collect", ("Name", "Email address", "Precise location"), "data_collection"),
    ("en", "Where we store your data", ("Ireland", "Germany", "United States"), "transfer"),
    ("en", "Recipients of your data", ("Payment providers", "Insurance companies"), "data_sharing"),
    ("en", "Special categories of data", ("Health data", "Religious beliefs"), "sensitive_minors"),
    ("fr", "Données collectées", ("Nom", "Adresse e-mail", "Géolocalisation précise"), "data_collection"),
    ("fr", "Finalités", ("Fournir le service", "Entraîner nos modèles d’IA"), "ai_training"),
    ("fr", "Destinataires", ("Prestataires de paiement", "Régies publicitaires"), "data_sharing"),
]
HIGH = ("ai_training", "sensitive_minors")


@pytest.mark.parametrize(("language", "title", "items", "topic"), DONE)
def test_an_item_of_what_is_done_does_more(language: str, title: str, items: tuple[str, ...], topic: str) -> None:
    more, less = _joins(title, items, language), _leaves(title, items, language)
    assert topic in more.topics
    assert (more.direction, less.direction) == ("expands", "limits")
    assert more.severity == "high" if topic in HIGH else more.severity != "low"
    assert items[-1] in (more.brief.meaning or "")


@pytest.mark.parametrize(
    ("title", "items", "severity"),
    [
        ("Your rights", ("Access your data", "Delete your data", "Object to processing"), "medium"),
        ("Your choices", ("Turn off personalised ads", "Turn off location"), "high"),
    ],
)
def test_a_right_or_a_choice_that_leaves_its_list_is_a_loss(title: str, items: tuple[str, ...], severity: str) -> None:
    less, more = _leaves(title, items), _joins(title, items)
    assert (less.direction, less.severity) == ("expands", severity)
    assert more.direction == "limits"


@pytest.mark.parametrize(
    ("title", "items"),
    [
        ("What we never do with your data", ("Sell it to data brokers", "Read your messages", "Train AI models on it")),
        ("Data we do not collect", ("Precise location", "Health data")),
    ],
)
def test_under_a_title_that_denies_more_is_less(title: str, items: tuple[str, ...]) -> None:
    assert (_joins(title, items).direction, _leaves(title, items).direction) == ("limits", "expands")
    quotes = (_joins(title, items).brief.data, _joins(title, items).brief.purposes)
    assert all("denied" in quote.marks for field in quotes for quote in field)


THINGS = ("Posts", "Comments", "Private messages")


def test_an_item_goes_on_from_the_paragraph_before_its_list() -> None:
    lead = "We use the following data to train our AI models:"
    more, less = (change("AI training", THINGS, lead=lead) for change in (_joins, _leaves))
    assert (more.topics, more.severity, more.direction) == (("ai_training",), "high", "expands")
    assert (less.topics, less.direction) == (("ai_training",), "limits")
    assert [quote.text for quote in more.brief.data] == ["Private messages"]


def test_an_item_goes_on_from_a_promise_before_its_list() -> None:
    lead = "We do not use the following data to train our AI models:"
    promised, gone = (change("AI training", THINGS, lead=lead) for change in (_joins, _leaves))
    assert (gone.topics, gone.severity, gone.direction) == (("ai_training",), "high", "expands")
    assert (promised.topics, promised.direction) == (("ai_training",), "limits")
    assert [quote.marks for quote in promised.brief.data] == [("denied",)]


def test_a_thing_that_stands_in_another_list_is_news_in_this_one() -> None:
    page = "{}\n\n## Training\n\nWe use the following data to train our AI models:\n\n* Comments\n{}"
    collected = _list("Personal data we collect", "", ("Name", "Photos", "Comments"))
    change = compared(page.format(collected, ""), page.format(collected, "* Photos\n"))
    assert (change.topics, change.severity) == (("ai_training",), "high")


@pytest.mark.parametrize(
    ("title", "before", "after"),
    [
        ("Why we use your data", ("Running the service", "Research"), ("To run the service", "To do research")),
        ("Prohibited content", ("Spam", "Hate speech"), ("Spam", "Hate speech", "Sexual content")),
    ],
)
def test_other_words_or_what_readers_must_not_do_is_no_more(
    title: str, before: tuple[str, ...], after: tuple[str, ...]
) -> None:
    assert compared(_list(title, "", before), _list(title, "", after)).direction in ("none", "clarifies")


def test_an_item_goes_on_from_a_title_that_ends_in_a_colon() -> None:
    change = _joins("We may use your data to:", ("run the service;", "greet you;", "train AI models."))
    assert (change.topics, change.severity, change.direction) == (("ai_training",), "high", "expands")
