"""Fills a store with a history as crawler and reader would have written it, for tests of whatever shows it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlmodel import Session

from analysis.text.lexicon import mentions_in
from analysis.text.words import word_diff
from foundation.vocabulary import GOOD, Outcome
from messages import Message, verbatim
from policywatch.ingest.checks import finish
from storage.captures import Capture, add_capture
from storage.changes import Change, StoredPassage
from storage.checks import Check
from storage.database import Database
from storage.documents import Document
from storage.journal import Actor
from storage.paragraphs import index_version
from storage.versions import Version, enter_text

START = datetime(2025, 10, 6, 7, 30, tzinfo=UTC)
ANNA = Actor("Anna", "pages")


def day(number: int, hours: float = 0) -> datetime:
    """A time on the story's n-th day, from 0."""
    return START + timedelta(days=number, hours=hours)


def block(
    kind: str, text: str, heading: Sequence[str] = (), **links: str
) -> dict[str, Any]:
    """A block of a stored page; `links` are words to addresses, `_` standing for a space."""
    names = {words.replace("_", " "): url for words, url in links.items()}
    found = [
        {"text": words, "url": url, "at": text.index(words)}
        for words, url in names.items()
    ]
    return {"kind": kind, "text": text, "heading": list(heading), "links": found}


def passage(
    heading: Sequence[str],
    before: str | None,
    after: str | None,
    *,
    evidence: Sequence[tuple[str, str, str]] = (),
    severity: str = "none",
    direction: str = "none",
    operation: str | None = None,
    why: Sequence[str] = (),
) -> StoredPassage:
    """A passage as the reader would have stored it; `evidence` holds topic, words and side."""
    guessed = (
        "added" if before is None else "removed" if after is None else "reworded"
    )
    return StoredPassage(
        change_id=0,
        position=0,
        operation=operation or guessed,
        heading=list(heading),
        before=before,
        after=after,
        topics=list(dict.fromkeys(topic for topic, _, _ in evidence)),
        evidence=[
            {"topic": topic, "text": text, "side": side}
            for topic, text, side in evidence
        ],
        severity=severity,
        direction=direction,
        why=[verbatim(reason) for reason in why],
        marks=[*word_diff(before or "", after or "")],
    )


@dataclass
class Teller:
    """Writes documents, checks, versions and changes, one after the other, into one session."""

    session: Session
    numbers: dict[str, int] = field(default_factory=dict)
    last: dict[str, Version] = field(default_factory=dict)

    def checked(
        self,
        document: str,
        when: datetime,
        outcome: Outcome,
        reason: Message | None = None,
    ) -> Check:
        """A check that brought no new version."""
        version = self.last.get(document)
        check = Check(
            document_id=document,
            checked_at=when,
            status=200 if outcome in GOOD else None,
            seconds=0.8,
            version_id=version.id if version else None,
        )
        finish(self.session, check, outcome, reason)
        self.session.flush()
        return check

    def version(
        self,
        document: str,
        when: datetime,
        blocks: Sequence[dict[str, Any]],
        *,
        title: str = "Privacy Policy",
        outcome: Outcome = Outcome.CHANGED,
        cause: str = "page",
    ) -> Version:
        """A check that brought a text: its capture and its version."""
        row = self.session.get_one(Document, document)
        body = "\n".join(str(each["text"]) for each in blocks).encode(
            "utf-8", "replace"
        )
        capture = Capture(
            document_id=document,
            fetched_at=when,
            url=row.url,
            final_url=row.url,
            status=200,
            headers=[("content-type", "text/html; charset=utf-8")],
            mime="text/html",
            charset="utf-8",
            sha256=hashlib.sha256(body).hexdigest(),
            size=len(body),
            body=body,
        )
        add_capture(self.session, capture)
        number = self.numbers[document] = self.numbers.get(document, 0) + 1
        made = Version(
            document_id=document,
            number=number,
            capture_id=capture.id,
            captured_at=when,
            cause=cause,
            fingerprint=hashlib.sha256(body).hexdigest(),
            extractor="story",
            page={"title": title, "language": row.language, "blocks": list(blocks)},
        )
        enter_text(self.session, made)
        self.session.add(made)
        index_version(self.session, made, mentions_in(row.language))
        check = Check(
            document_id=document,
            checked_at=when,
            status=200,
            capture_id=capture.id,
            version_id=made.id,
        )
        finish(self.session, check, Outcome.FIRST if number == 1 else outcome)
        self.last[document] = made
        self.session.flush()
        return made

    def change(
        self,
        before: Version,
        after: Version,
        passages: Sequence[StoredPassage],
        **facts: Any,
    ) -> Change:
        """What differs between two versions that were told."""
        topics = list(
            dict.fromkeys(topic for passage in passages for topic in passage.topics)
        )
        told: dict[str, Any] = {
            "cause": after.cause,
            "substantive": True,
            "alert": bool(topics),
            "severity": "none",
            "direction": "none",
            "topics": topics,
        } | facts
        brief = {
            "severity_reasons": [],
            "default": None,
            "meaning_side": "after",
        } | facts.get("brief", {})
        reason = next(
            (
                name
                for name in brief["severity_reasons"]
                if name in ("training", "sale")
            ),
            None,
        )
        if told["alert"]:
            lead = next((passage for passage in passages if passage.topics), None)
            brief.setdefault(
                "meaning",
                (lead and (lead.after or lead.before)) or "Something changes.",
            )
            clause = [0, min(140, len(brief["meaning"]))]
            brief.setdefault(
                "headline", {"clause": clause, "claim": reason, "notice": False}
            )
        told["brief"] = brief
        made = Change(
            document_id=after.document_id,
            version_id=after.id,
            before_id=before.id,
            detected_at=after.captured_at,
            **told,
        )
        self.session.add(made)
        self.session.flush()
        for position, each in enumerate(passages):
            each.change_id, each.position = made.id, position
            self.session.add(each)
        self.session.flush()
        return made


HOSTILE_DOCUMENT = "hostile/policy"
LONG_WORD = "W" * 3000


def tell_hostile(database: Database) -> int:
    """A document whose page attacks whoever shows it; the id of its change."""
    script = "<script>document.title = 'owned'</script><img src=x onerror=alert(1)>"
    escape = "\x1b]0;owned\x07\x1b[2J\x9b31m"
    override = "\u202eesrever\u202c \u2066open\u061c\u200e\ufeff\U000e0041"
    markup = "[bold red]not markup[/bold red] {{ 7 * 7 }} :smile:"
    attack = f"{script} {escape} {override} {markup}"
    url = "javascript:alert(document.domain)"
    row = Document(
        id=HOSTILE_DOCUMENT,
        service=f"Service {script}{escape}",
        title=f"Title \u202e{script}",
        kind="other",
        language="en",
        url=url,
        added_at=START,
    )
    with database.writing() as session:
        session.add(row)
        session.flush()
        teller = Teller(session)
        blocks = [
            block("heading", attack),
            block("paragraph", f"See {attack}", [attack], See=url),
            block("row", f"{LONG_WORD} | {attack}", [attack]),
            block("item", LONG_WORD),
        ]
        before = teller.version(HOSTILE_DOCUMENT, day(0), blocks[:1])
        after = teller.version(HOSTILE_DOCUMENT, day(1), blocks)
        told = passage(
            [attack, attack],
            f"Before {attack} {LONG_WORD}",
            f"After {attack}",
            evidence=[
                ("ai_training", f"After {script}", "after"),
                (script, "Before", "before"),
            ],
            severity="high",
            direction="expands",
            why=[attack],
        )
        brief = {
            "meaning": attack,
            "default": "on",
            "refuse": [
                {"text": attack, "side": "after", "link": "JaVaScRiPt:alert(1)"}
            ],
            "data": [{"text": LONG_WORD, "side": "before"}],
        }
        made = teller.change(
            before,
            after,
            [told],
            severity="high",
            direction="expands",
            brief=brief,
            effective_date=date(2025, 12, 1),
        )
        teller.checked(
            HOSTILE_DOCUMENT,
            day(2),
            Outcome.HELD,
            Message("rejection.behind", label=attack),
        )
        return made.id
