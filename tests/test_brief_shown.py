"""The brief in a message: fixed phrases in the route's language, quotations as they stand on the page."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from notifier.messages import alert_message
from notifier.templating import Format
from storage.alerts import unplanned_alerts
from storage.database import Database
from tests.owed import BRIEF, tell

TAKEN_AWAY = {"excluded": [{"text": "private messages", "side": "before"}]}
SEIZED = {
    "meaning": "Vos publications servent à entraîner nos modèles",
    "default": "off",
    "data": [{"text": "Vos publications", "side": "after"}],
    "excluded": [{"text": "messages privés", "side": "before"}],
}


def body(form: Format, language: str, **facts: Any) -> str:
    database = Database("sqlite://")
    with database.writing() as session:
        tell(session, ["team"], **facts)
        message = alert_message(session, unplanned_alerts(session), language=language, base_url=None)
        text = message.fitted(form, 100_000)
    database.close()
    return " ".join(text.replace("\u00a0", " ").replace("\u202f", " ").split())


@pytest.mark.parametrize("form", ["text", "html", "markdown"])
def test_a_french_route_reads_an_english_page(form: Format) -> None:
    text = body(form, "fr", brief=BRIEF | TAKEN_AWAY, effective_date=date(2030, 1, 1))
    for label in ("En bref", "À partir du", "Si vous ne faites rien", "Quelles données", "Ce qui est exclu"):
        assert label in text, label
    for quoted in ("train our writing models unless you object", "your posts", "private messages"):
        assert quoted in text, quoted
    assert "(n’y est plus)" in text
    assert "1er janvier 2030" in text


@pytest.mark.parametrize("form", ["text", "html", "markdown"])
def test_an_english_route_reads_a_french_page(form: Format) -> None:
    facts = {"document": "parley/privacy-policy.fr", "brief": SEIZED, "effective_date": date(2020, 3, 2)}
    text = body(form, "en", **facts)
    for label in ("In short", "Since", "2 March 2020", "it is off", "Which data", "(no longer there)", "French"):
        assert label in text, label
    for quoted in ("Vos publications servent à entraîner nos modèles", "messages privés"):
        assert quoted in text, quoted
    assert "From" not in text
