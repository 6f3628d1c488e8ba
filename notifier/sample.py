"""An invented change, for trying a route or a template before there is a real one."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from messages import catalogue
from notifier.alert_view import ChangeView, PassageView
from notifier.presentation import headline, quotation, uses
from storage.changes import Change

SITE = "https://watch.example"
_STARTS = date(2026, 1, 15)
_BRIEF: dict[str, Any] = {
    "lead": {"topic": "ai_training", "direction": "expands", "reason": "training"},
    "severity_reasons": ["training"],
    "default": "on",
    "meaning": "We use your posts to train models that write, unless you object",
    "meaning_side": "after",
    "meaning_new": [[21, 63]],
    "data": [{"text": "your posts", "side": "after"}, {"text": "your comments", "side": "after"}],
    "refuse": [{"text": "object in the settings", "side": "after", "link": "https://confrera.example/settings"}],
    "excluded": [{"text": "private messages", "side": "after"}],
}


def sample_change(language: str) -> ChangeView:
    """A change of an invented service, with every part that a change can have."""
    words, site = catalogue(language), "https://confrera.example"
    facts: dict[str, Any] = {"severity": "high", "direction": "expands", "effective_date": _STARTS, "brief": _BRIEF}
    change = Change(
        **facts | {"document_id": "confrera/privacy-policy", "version_id": 2, "before_id": 1, "cause": "page"},
        substantive=True,
        alert=True,
        detected_at=datetime(2025, 12, 1, tzinfo=UTC),
    )
    return ChangeView(
        service="Confrera",
        title="Privacy Policy",
        pages=(f"{site}/privacy",),
        language="en",
        severity="high",
        direction="expands",
        topics=tuple(words.term("topics", topic) for topic in ("ai_training", "user_choice")),
        found=date(2025, 12, 1),
        starts=_STARTS,
        starting_key="starting",
        default="on",
        returned=False,
        announced=None,
        archived=None,
        thread="sample",
        headline=headline(words, "Confrera", change, "privacy-policy"),
        short=headline(words, "Confrera", change, "privacy-policy", short=True),
        quotation=quotation(_BRIEF),
        gone=False,
        uses=tuple(uses(_BRIEF)),
        passages=(
            PassageView(
                heading="Your data › Our models",
                operation=words("operation.reworded"),
                topics=(words.term("topics", "ai_training"),),
                marks=(
                    ("same", "We use your posts to "),
                    ("removed", "show them to your contacts"),
                    ("same", " "),
                    ("added", "train models that write, unless you object"),
                    ("same", "."),
                ),
            ),
        ),
        unflagged=2,
        diff=f"{SITE}/changes/1",
        severity_reasons=words.severity_reasons(_BRIEF),
        retold=None,
        stored=f"{SITE}/documents/confrera/privacy-policy/versions/2",
    )
