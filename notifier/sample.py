"""An invented change, for trying a route or a template before there is a real one."""

from __future__ import annotations

from datetime import date

from notifier.alert_view import Answer, Quoted, Shown, ShownPassage
from notifier.wording import words

SITE = "https://watch.example"
_HIGH = {"severity_reasons": ["training"]}


def sample_change(language: str) -> Shown:
    """A change of an invented service, with every part that a change can have."""
    said = words(language)
    starts = date(2026, 1, 15)
    return Shown(
        document_id="confrera/privacy-policy",
        service="Confrera",
        title="Privacy Policy",
        pages=("https://confrera.example/privacy",),
        language=None if language == "en" else said.languages["en"],
        severity="high",
        severity_name=said.severities.high,
        direction="expands",
        direction_name=said.directions.expands,
        topics=tuple(said.topics_of(("ai_training", "user_choice"), _HIGH)),
        found=said.date(date(2025, 12, 1)),
        starting=said.date(starts),
        starting_name=said.brief.starting,
        starting_said=said.subject.starting.format(date=said.date(starts)),
        starts=starts,
        default="on",
        default_name=said.brief.on,
        returned=False,
        announced="",
        thread="sample",
        meaning="we use your posts to train models that write, unless you object",
        answers=(
            Answer(said.brief.data, (Quoted("your posts"), Quoted("your comments")), "data"),
            Answer(
                said.brief.refuse, (Quoted("object in the settings", "https://confrera.example/settings"),), "refuse"
            ),
            Answer(said.brief.excluded, (Quoted("private messages"),), "excluded"),
        ),
        passages=(
            ShownPassage(
                heading="Your data › Our models",
                operation=said.operations.reworded,
                topics=(said.topic("ai_training"),),
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
        unflagged_said=said.say.unflagged.of(2),
        diff=f"{SITE}/changes/1",
        severity_reasons=said.why_high(_HIGH),
        retold=None,
        stored=f"{SITE}/documents/confrera/privacy-policy/versions/2",
    )
