"""Messages about changes of an invented policy, and words that must do no harm in one."""

from __future__ import annotations

from typing import Any

from selectolax.lexbor import LexborHTMLParser

from notifier.notifications import Notification, alert_message
from storage.changes import StoredPassage
from storage.database import Database
from storage.deliveries import unplanned_alerts
from tests.owed import tell
from tests.stories import passage

SITE = "https://watch.example"
TRAINING = [("ai_training", "train", "after")]

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[click](https://evil.example)",
    "![x](https://evil.example/x.png)",
    "**bold** _it_ `code` ~~gone~~ # no heading",
    "# heading\n- list\n> quote\n1. one",
    "&lt;b&gt; &amp; AT&T",
    "\x1b[31mred\x1b[0m \x07",
    "abc\u202eevil\u2066x\u061c\u200e\ufeff\U000e0041",
    "{{ 7*7 }} {% raw %}",
    "Subject: x\r\nBcc: victim@example.org",
    "<https://evil.example>",
]


def alert(
    database: Database,
    language: str = "en",
    base_url: str | None = SITE,
    **facts: Any,
) -> Notification:
    with database.writing() as session:
        tell(session, ["team"], **facts)
        alerts = unplanned_alerts(session)[-1:]
        return alert_message(session, alerts, language=language, base_url=base_url)


def flagged(before: str | None, after: str | None, *heading: str) -> StoredPassage:
    return passage(heading, before, after, evidence=TRAINING)


def visible(html: str) -> str:
    body = LexborHTMLParser(html).body
    assert body is not None
    return " ".join(body.text(separator=" ").split())


def many(count: int, length: int = 40) -> list[StoredPassage]:
    text = " ".join(["words"] * length)
    return [
        flagged(
            None,
            f"Passage {number} starts. {text} Passage {number} ends.",
            f"Part {number}",
        )
        for number in range(count)
    ]


LONG_BRIEF: dict[str, Any] = {
    "meaning": "train our models unless you object",
    "default": "on",
    "data": [
        {
            "text": f"your posts of {'a very long kind ' * 6}{number}",
            "side": "after",
        }
        for number in range(6)
    ],
    "refuse": [
        {
            "text": "object in the settings",
            "side": "after",
            "link": "https://parley.example/object",
        }
    ],
    "place": 0,
}
