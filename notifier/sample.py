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
    starts = date(2026, 1, 15)
    return ChangeView(
        document_id="confrera/privacy-policy",
        service="Confrera",
        title="Privacy Policy",
        pages=(f"{site}/privacy",),
        language=None if language == "en" else words.language_name("en"),
        severity="high",
        severity_name=words.term("severity", "high"),
        direction="expands",
        direction_name=words.direction("expands"),
        topics=tuple(words.topics(("ai_training", "user_choice"), _HIGH)),
        found=words.day(date(2025, 12, 1)),
        starting=words.day(starts),
        starting_name=words("brief.starting"),
        starting_phrase=words("subject.starting", date=words.day(starts)),
        starts=starts,
        default="on",
        default_name=words("brief.on"),
        returned=False,
        announced="",
        thread="sample",
        meaning="we use your posts to train models that write, unless you object",
        answers=(
            Answer(words("brief.data"), (Quoted("your posts"), Quoted("your comments")), "data"),
            Answer(
                words("brief.refuse"),
                (Quoted("object in the settings", "https://confrera.example/settings"),),
                "refuse",
            ),
            Answer(words("brief.excluded"), (Quoted("private messages"),), "excluded"),
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
        unflagged_note=words("say.unflagged", n=2),
        diff=f"{SITE}/changes/1",
        severity_reasons=words.severity_reasons(_HIGH),
        retold=None,
        stored=f"{SITE}/documents/confrera/privacy-policy/versions/2",
    )
