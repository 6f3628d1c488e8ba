"""The demo, as `make demo` runs it."""

from __future__ import annotations

import os
import re
from datetime import date
from pathlib import Path

from notifier.notifications import alert_message
from policywatch.demo.site import DOCUMENTS, EXPECTED_ALERTS
from storage.changes import Change, changes_of
from storage.database import Database
from storage.deliveries import Alert
from tests.site import policywatch

WHY_HIGH = {
    "en": "Reason: your data or content is now used to train AI",
    "fr": "Raison\u00a0: vos données ou vos contenus servent désormais à entraîner l’IA",
}
CHANGE = re.compile(r"/changes/(\d+)")


def told_again(folder: Path, language: str) -> str:
    """The alert about the privacy policy, as a route of that language gets it."""
    database = Database(f"sqlite:///{folder / 'policywatch.db'}")
    with database.reading() as session:
        newest = [
            each
            for each in changes_of(session, "confrera/privacy-policy")
            if each.alert
        ][-1]
        message = alert_message(
            session,
            [Alert(change_id=newest.id, route="member")],
            language=language,
            base_url=None,
        )
    database.close()
    return message.text


def alerting(folder: Path) -> list[Change]:
    database = Database(f"sqlite:///{folder / 'policywatch.db'}")
    with database.reading() as session:
        found = [
            each
            for one in DOCUMENTS
            for each in changes_of(session, one.id)
            if each.alert
        ]
    database.close()
    return found


def test_the_demo_tells_just_its_story(tmp_path: Path) -> None:
    said = policywatch("demo", "--folder", os.path.relpath(tmp_path / "demo"))
    assert "All came as it should." in said
    assert "(not expected)" not in said
    alerts = alerting(tmp_path / "demo")
    assert sorted(each.document_id for each in alerts) == sorted(
        id_ for _, id_ in EXPECTED_ALERTS
    )
    assert {each.effective_date for each in alerts} == {date(2025, 11, 3)}
    readme = Path(__file__).parents[1].joinpath("README.md").read_text("utf-8")
    shown = readme.partition("```text\n")[2].partition("\n```")[0]
    assert f"\n{shown}\n" in (tmp_path / "demo" / "alerts.txt").read_text("utf-8")
    for language, reason in WHY_HIGH.items():
        assert reason in told_again(tmp_path / "demo", language)
    for answer in (
        "Default: on unless you opt out: “This use is on by default",
        "“From 3 November 2025, we use personal data of our members and the content",
        "How to opt out: “You can refuse at any time: go to Settings",
    ):
        assert answer in said
    assert "8 alerts were delivered, 8 belong to the story." in said
    for file, title in (
        ("alerts.txt", "Privacy Policy"),
        ("alertes.txt", "Politique de confidentialité"),
    ):
        messages = (
            (tmp_path / "demo" / file).read_text("utf-8").split("=" * 72)[2::2]
        )
        changes = {
            change for message in messages for change in CHANGE.findall(message)
        }
        assert (len(messages), len(changes)) == (4, 8), (
            "a change and its translation are one event, told once"
        )
        assert any(f"Confrera, {title} (" in message for message in messages)
    assert "holds a demo already" in policywatch(
        "demo", "--folder", tmp_path / "demo", status=1
    )
