"""The brief in a message: fixed phrases in the route's language, quotations as they stand on the page."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest

from messages import catalogue
from notifier.forms import Format
from notifier.notifications import alert_message
from storage.deliveries import unplanned_alerts
from tests.owed import BRIEF, empty, tell

WHY_HIGH = {"en": "Reason: ", "fr": "Raison : "}
TAKEN_AWAY = {"excluded": [{"text": "private messages", "side": "before"}]}
SEIZED = {
    "meaning": "Vos publications servent à entraîner nos modèles",
    "default": "off",
    "data": [{"text": "Vos publications", "side": "after"}],
    "excluded": [{"text": "messages privés", "side": "before"}],
}


def body(form: Format, language: str, **facts: Any) -> str:
    with empty() as session:
        tell(session, ["team"], **facts)
        message = alert_message(
            session, unplanned_alerts(session), language=language, base_url=None
        )
        text = message.fitted(form, 100_000)
    return " ".join(text.replace("\u00a0", " ").replace("\u202f", " ").split())


@pytest.mark.parametrize("form", ["text", "html", "markdown"])
def test_a_french_route_reads_an_english_page(form: Format) -> None:
    text = body(
        form, "fr", brief=BRIEF | TAKEN_AWAY, effective_date=date(2030, 1, 1)
    )
    for label in (
        "En vigueur à partir du",
        "Par défaut",
        "Données concernées",
        "Auparavant exclu",
    ):
        assert label in text, label
    for quoted in (
        "train our writing models unless you object",
        "your posts",
        "private messages",
    ):
        assert quoted in text, quoted
    assert "1er janvier 2030" in text


@pytest.mark.parametrize("form", ["text", "html", "markdown"])
@pytest.mark.parametrize(
    ("language", "day", "within"),
    [
        ("en", "Version of{}1 January 2030", "version of 1 January 2030"),
        ("fr", "Version du{}1er janvier 2030", "version du 1er janvier"),
    ],
)
def test_a_day_that_is_just_the_documents_is_no_start(
    form: Format, language: str, day: str, within: str
) -> None:
    facts = {"effective_date": date(2030, 1, 1), "severity": "high"}
    shown = body(form, language, brief=BRIEF | {"dated": True}, **facts)
    started = body(form, language, brief=BRIEF, **facts)
    words = catalogue(language)
    assert re.search(
        day.format(r"\W+(?:\w+\W+){0,20}?"), re.sub(r"<[^>]+>", " ", shown)
    )
    assert words("brief.starting") not in shown
    assert words("brief.dated") not in started
    if form == "html":
        assert within in shown  # the title


@pytest.mark.parametrize(
    ("language", "lead"),
    [
        ("en", "No longer stated: “train our"),
        ("fr", "Ne figure plus sur la page : « train our"),
    ],
)
def test_a_meaning_that_is_gone_says_so(language: str, lead: str) -> None:
    assert lead in body("text", language, brief=BRIEF | {"meaning_side": "before"})
    assert lead not in body(
        "text", language, brief=BRIEF | {"meaning_side": "after"}
    )


@pytest.mark.parametrize(
    ("language", "now", "then"),
    [
        ("en", "Exclusions", "Previously excluded"),
        ("fr", "Exclusions", "Auparavant exclu"),
    ],
)
def test_a_promise_that_is_gone_does_not_read_as_if_it_held(
    language: str, now: str, then: str
) -> None:
    excluded = [{"text": "We do not use your messages", "side": "before"}]
    shown = body("text", language, brief=BRIEF | {"excluded": excluded})
    assert then in shown
    assert now not in shown


@pytest.mark.parametrize("form", ["text", "html", "markdown"])
def test_an_english_route_reads_a_french_page(form: Format) -> None:
    facts = {
        "document": "parley/privacy-policy.fr",
        "brief": SEIZED,
        "effective_date": date(2020, 3, 2),
    }
    text = body(form, "en", **facts)
    for label in (
        "In force since",
        "2 March 2020",
        "off until you agree",
        "Data",
        "French",
    ):
        assert label in text, label
    for quoted in (
        "Vos publications servent à entraîner nos modèles",
        "messages privés",
    ):
        assert quoted in text, quoted
    assert "In force from" not in text


@pytest.mark.parametrize("form", ["text", "html", "markdown"])
@pytest.mark.parametrize(
    ("language", "reasons"),
    [
        (
            "en",
            "your data or content is now used to train AI; your data is now sold",
        ),
        (
            "fr",
            "vos données ou vos contenus servent désormais à entraîner l’IA ; vos données sont désormais vendues",
        ),
    ],
)
def test_why_it_is_high_is_said_in_the_routes_language_under_the_weight(
    form: Format, language: str, reasons: str
) -> None:
    shown = body(
        form, language, brief=BRIEF | {"severity_reasons": ["training", "sale"]}
    )
    words = catalogue(language)
    order = [
        words("say.severity"),
        words("say.severity_reasons"),
        reasons,
    ]
    assert sorted(order, key=shown.index) == order
    if form == "text":
        assert f"{WHY_HIGH[language]}{reasons} " in shown


@pytest.mark.parametrize("form", ["text", "html", "markdown"])
def test_where_no_convention_says_so_nothing_is_said_of_why(form: Format) -> None:
    shown = body(
        form, "en", severity="high", brief=BRIEF | {"severity_reasons": []}
    )
    assert catalogue("en")("say.severity_reasons") not in shown
    assert "high" in shown


@pytest.mark.parametrize("form", ["text", "html", "markdown"])
@pytest.mark.parametrize(
    ("language", "question", "stands", "gone"),
    [
        ("en", "recipients", "Recipients", "Recipients (no longer stated here)"),
        (
            "fr",
            "recipients",
            "Destinataires",
            "Destinataires (ne figurent plus ici)",
        ),
        (
            "fr",
            "data",
            "Données concernées",
            "Données concernées (ne figurent plus ici)",
        ),
    ],
)
def test_what_is_no_longer_said_stands_together_behind_what_is(
    form: Format, language: str, question: str, stands: str, gone: str
) -> None:
    those = [("Harrow", "before"), ("Merle", "after"), ("Lark", "before")]
    quotes = [{"text": text, "side": side} for text, side in those]
    shown = re.sub(
        r"<[^>]+>|[*\\]", "", body(form, language, brief={question: quotes})
    )
    order = [stands, "Merle", gone, "Harrow", "Lark"]
    assert [shown.index(each) for each in order] == sorted(
        shown.index(each) for each in order
    )
    assert shown.count(gone) == 1
