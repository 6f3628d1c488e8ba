"""Digests, what the operator is told, and samples."""

from __future__ import annotations

import html as html_escapes
import re
from datetime import timedelta
from typing import Any

import pytest

from messages import LANGUAGES, catalogue, verbatim
from notifier.notifications import (
    Notification,
    digest_message,
    notice_message,
    sample_message,
)
from storage.database import Database
from storage.deliveries import Alert, Notice, unplanned_alerts
from tests.messages import LONG_BRIEF, SITE, visible
from tests.owed import POLICY, START, owe


def test_a_digest_goes_by_service_the_weightiest_first(store: Database) -> None:
    owe(store, "team", severity="low")
    owe(store, "team", severity="high", when=START + timedelta(days=1))
    owe(store, "team", severity="medium", document="harbour/terms")
    with store.reading() as session:
        alerts = unplanned_alerts(session)
        message = digest_message(session, alerts, language="en", base_url=SITE)
    assert message.subject == (
        "[High] Parley trains AI on your data by default from 3 Nov 2025 · Privacy Policy · and 2 more changes"
    )
    order = [
        message.text.index(word)
        for word in ("Harbour\n", "Terms (medium)", "Parley\n", "(high)", "(low)")
    ]
    assert order == sorted(order)
    assert message.text.count("How to opt out") == 1  # the brief of the high one
    for number in (1, 2, 3):
        assert f"{SITE}/changes/{number}" in message.html
    assert "· et 2 autres changements" in _digest(store, alerts, "fr").subject


def _digest(store: Database, alerts: list[Alert], language: str) -> Notification:
    with store.reading() as session:
        return digest_message(session, alerts, language=language, base_url=SITE)


def test_a_digest_too_short_for_a_whole_brief_shows_its_changes_all_the_same(
    store: Database,
) -> None:
    owe(store, "team", brief=LONG_BRIEF)
    with store.reading() as session:
        message = digest_message(
            session, unplanned_alerts(session), language="en", base_url=SITE
        )
    body = message.fitted("text", 1000)
    assert "Privacy Policy (high)" in body
    assert "Parley · Privacy Policy: “" in body
    assert "a very long kind" not in body


def test_a_long_digest_says_how_many_did_not_fit(store: Database) -> None:
    for number in range(12):
        owe(store, "team", when=START + timedelta(days=number))
    with store.reading() as session:
        alerts = unplanned_alerts(session)
    body = _digest(store, alerts, "en").fitted("markdown", 2000)
    assert len(body) <= 2000
    assert re.search(r"\d more items? do(?:es)? not fit here", body)


def test_notices_of_one_kind_are_said_once_with_their_count() -> None:
    facts = {"sent": "alert", "address": "${A}", "route": "team"}
    notices = [
        Notice(
            kind="parked",
            facts=facts | {"reason": verbatim(reason).to_json()},
            created_at=START,
        )
        for reason in ("A & <b>", "B", "A & <b>")
    ]
    message = notice_message(notices, language="en", base_url=SITE)
    assert message.subject == "policywatch: 2 things need your attention"
    assert "A & <b> (2 times)" in message.text
    assert html_escapes.escape("A & <b> (2 times)") in message.html
    one = notice_message(notices[1:2], language="fr", base_url=None)
    assert one.subject.endswith("\u00a0: B")


def test_a_test_message_is_marked_as_one(store: Database) -> None:
    with store.reading() as session:
        empty = sample_message(session, language="en", base_url=SITE, route="team")
    assert empty.subject.startswith("TEST: [High] Confrera trains AI on your data")
    assert "invented" in empty.text
    assert "[-show them to your contacts-] {+train models" in empty.text
    assert f"The whole change ({SITE})\n" in empty.text
    with store.reading() as session:
        nowhere = sample_message(
            session, language="en", base_url=None, route="team"
        )
    for body in (nowhere.text, nowhere.html):
        assert "The whole change" not in body
        assert "watch.example" not in body
    owe(store, "team")
    with store.reading() as session:
        sample = sample_message(session, language="fr", base_url=SITE, route="team")
    assert sample.subject.startswith("ESSAI\u00a0: [Gravité élevée] Parley")
    for body in (sample.text, sample.html, sample.fitted("markdown", 10**6)):
        assert "Ceci est un essai" in body
        assert "train our writing models" in body


NOTICES = [
    (
        "unreadable",
        {
            "since": "2026-03-02T09:00:00+00:00",
            "outcome": "blocked",
            "reason": "status 403 <b>",
        },
    ),
    ("recovered", {"since": "2026-03-02T09:00:00+00:00"}),
    ("held", {"reason": "another language", "passages": ["We [-do-] {+sell+}"]}),
    (
        "parked",
        {
            "sent": "alert",
            "address": "${A}",
            "route": "team",
            "reason": "status 404",
        },
    ),
    (
        "volatile",
        {
            "since": "2026-03-02T09:00:00+00:00",
            "reason": "12 became 13",
            "place": ["", "The end."],
        },
    ),
]


@pytest.mark.parametrize(("kind", "facts"), NOTICES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_notice_is_said_in_every_language(
    kind: str, facts: dict[str, Any], language: str
) -> None:
    reason = (
        {"reason": verbatim(facts["reason"]).to_json()} if "reason" in facts else {}
    )
    notice = Notice(
        kind=kind, document_id=POLICY, facts=facts | reason, created_at=START
    )
    message = notice_message([notice], language=language, base_url=SITE)
    for said in (
        message.text,
        visible(message.html),
        message.fitted("markdown", 10**6).replace("\\", ""),
    ):
        assert "{" not in said.replace("${", "").replace("{+", "")
        for value in (facts.get("reason"), *facts.get("passages", ())):
            assert value is None or html_escapes.unescape(
                str(value)
            ) in html_escapes.unescape(said)
    assert (
        catalogue(language).day(START.replace(2026, 3, 2)) in message.text
        or "since" not in facts
    )
    assert "<b>" not in message.html.split("<body", 1)[1].replace("&lt;b&gt;", "")
