"""An invented change, for trying routes and templates."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from messages import catalogue
from notifier.change_view import ChangeView
from storage.changes import Change, StoredPassage
from storage.documents import Document

SITE = "https://watch.example"
_FOUND, _STARTS = datetime(2025, 12, 1, tzinfo=UTC), date(2026, 1, 15)
_BRIEF: dict[str, Any] = {
    "headline": {"clause": [0, 63], "claim": "training", "notice": False},
    "severity_reasons": ["training"],
    "default": "on",
    "default_words": [{"text": "unless you object", "side": "after"}],
    "meaning": "We use your posts to train models that write, unless you object",
    "meaning_side": "after",
    "meaning_new": [[21, 63]],
    "data": [{"text": "This is about your posts and your comments", "side": "after"}],
    "refuse": [
        {
            "text": "You can object in the settings",
            "side": "after",
            "link": "https://confrera.example/settings",
        }
    ],
    "excluded": [{"text": "Private messages are left out", "side": "after"}],
}


def sample_change(language: str) -> ChangeView:
    site, id_ = "https://confrera.example", "confrera/privacy-policy"
    page = Document(
        id=id_,
        service="Confrera",
        title="Privacy Policy",
        kind="privacy-policy",
        language="en",
        url=f"{site}/privacy",
        added_at=_FOUND,
    )
    change = Change(
        document_id=id_,
        version_id=2,
        before_id=1,
        cause="page",
        brief=_BRIEF,
        substantive=True,
        alert=True,
        severity="high",
        direction="expands",
        topics=["ai_training", "user_choice"],
        effective_date=_STARTS,
        detected_at=_FOUND,
    )
    marks = [
        ("same", "We use your posts to "),
        ("removed", "show them to your contacts"),
        ("same", " "),
        ("added", "train models that write, unless you object"),
        ("same", "."),
    ]
    stored = [
        StoredPassage(change_id=1, position=number, operation="reworded")
        for number in range(3)
    ]
    stored[0].heading, stored[0].topics, stored[0].marks = (
        ["Your data", "Our models"],
        ["ai_training"],
        marks,
    )
    versions = f"{SITE}/documents/{id_}/versions"
    return ChangeView(
        catalogue(language),
        change,
        page,
        passages=stored,
        diff=f"{SITE}/changes/1",
        texts=(f"{versions}/1", f"{versions}/2"),
    )
