"""An invented change, for trying a route or a template before there is a real one."""

from __future__ import annotations

from datetime import date

from messages import catalogue
from notifier.alert_view import Answer, ChangeView, PassageView, Quoted

SITE = "https://watch.example"
_HIGH = {"severity_reasons": ["training"]}


def sample_change(language: str) -> ChangeView:
    """A change of an invented service, with every part that a change can have."""
    words, site = catalogue(language), "https://confrera.example"
    return ChangeView(
        service="Confrera",
        title="Privacy Policy",
        pages=(f"{site}/privacy",),
        language="en",
        severity="high",
        direction="expands",
        topics=tuple(words.topics(("ai_training", "user_choice"), _HIGH)),
        found=date(2025, 12, 1),
        starts=date(2026, 1, 15),
        starting_key="starting",
        default="on",
        returned=False,
        announced=None,
        thread="sample",
        meaning="we use your posts to train models that write, unless you object",
        answers=(
            Answer("data", (Quoted("your posts"), Quoted("your comments"))),
            Answer("refuse", (Quoted("object in the settings", f"{site}/settings"),)),
            Answer("excluded", (Quoted("private messages"),)),
        ),
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
        severity_reasons=words.severity_reasons(_HIGH),
        retold=None,
        stored=f"{SITE}/documents/confrera/privacy-policy/versions/2",
    )
