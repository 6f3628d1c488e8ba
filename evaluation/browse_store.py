"""Makes a large store of invented documents, quickly: every table as reading would have filled it."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
import zstandard

from analysis.model import Brief, Headline, Quote
from analysis.page_json import brief_json
from analysis.text.words import word_diff
from foundation.vocabulary import TOPICS
from messages import Message
from storage.captures import Capture
from storage.chain import ChainEntry
from storage.changes import Change, ChangeTopic, StoredPassage
from storage.checks import Check
from storage.database import Database
from storage.deliveries import Alert, Delivery, DeliveryItem
from storage.documents import Document
from storage.paragraphs import (
    ParagraphInterval,
    count_mentions,
    digest,
    earliest_id,
    write_paragraphs,
)
from storage.versions import Version

FIRST = datetime(2021, 1, 4, 6, tzinfo=UTC)
NOW = datetime(2026, 1, 5, 6, tzinfo=UTC)
LONGEST = 2001  # versions of the one document that changed most
_BLOCKS = 90
_CHECKS = 200  # of a document, besides those that brought a version
_PASSAGES = 3
_SUBJECTS = (
    "we",
    "our partners",
    "the service",
    "an affiliate",
    "your employer",
    "a provider",
    "advertisers",
)
_DEEDS = (
    "collect",
    "keep",
    "share",
    "combine",
    "delete",
    "review",
    "disclose",
    "translate",
    "process",
    "rank",
    "sell",
)
_THINGS = (
    *(
        "your posts",
        "your profile",
        "the messages that you send",
        "your address for mail",
        "the pages that you visit",
    ),
    *(
        "your device",
        "your contacts",
        "the pictures in your account",
        "your place",
        "your payments",
        "your votes",
    ),
)
_ENDS = (
    *(
        "to train our models",
        "to show you advertising",
        "for thirty days",
        "with partners abroad",
        "unless you object",
    ),
    *(
        "to keep you safe",
        "when the law asks for it",
        "to improve the service",
        "on our servers",
        "for research",
    ),
)
_ZSTD = zstandard.ZstdCompressor(
    level=1
)  # what is measured reads, and reading does not depend on the level


@dataclass(slots=True)
class Sizes:
    """How much to make."""

    documents: int = 1000
    versions: int = 100_000
    changes: int = 90_000


@dataclass(slots=True)
class _Rows:
    """What is to be written, by table."""

    entries: list[dict[str, Any]] = field(default_factory=list)
    captures: list[dict[str, Any]] = field(default_factory=list)
    versions: list[dict[str, Any]] = field(default_factory=list)
    checks: list[dict[str, Any]] = field(default_factory=list)
    changes: list[dict[str, Any]] = field(default_factory=list)
    topics: list[dict[str, Any]] = field(default_factory=list)
    passages: list[dict[str, Any]] = field(default_factory=list)
    intervals: list[dict[str, Any]] = field(default_factory=list)
    paragraphs: list[tuple[str, int, dict[str, str]]] = field(default_factory=list)
    alerts: list[dict[str, Any]] = field(default_factory=list)
    deliveries: list[dict[str, Any]] = field(default_factory=list)
    items: list[dict[str, Any]] = field(default_factory=list)


def fill(database: Database, sizes: Sizes) -> None:
    """Fill an empty database."""
    chance = random.Random(1)
    counts = [LONGEST if number == 0 else 0 for number in range(sizes.documents)]
    left, rest = sizes.versions - LONGEST, sizes.documents - 1
    for number in range(1, sizes.documents):
        counts[number] = left // rest + (1 if number <= left % rest else 0)
    maker = Maker(chance, sizes.changes / (sizes.versions - sizes.documents))
    with database.writing() as session:
        session.connection().execute(
            sa.insert(Document),
            [_document(number) for number in range(sizes.documents)],
        )
    for number, count in enumerate(counts):
        with database.writing() as session:
            rows = maker.document(_id(number), count)
            _write(session.connection(), rows)
            count_mentions(
                session,
                _id(number),
                lambda text: {"ai_training": 1} if "train" in text else {},
            )
    with database.connect() as connection:
        _settle(connection, maker)


def _id(number: int) -> str:
    return f"service-{number // 10:03}/document-{number % 10}"


def _document(number: int) -> dict[str, Any]:
    kinds = ("privacy-policy", "terms", "cookie-policy", "help", "guidelines")
    return {
        "id": _id(number),
        "service": f"Service {number // 10:03}",
        "title": f"Document {number % 10}",
        "kind": kinds[number % 5],
        "url": f"https://service-{number // 10:03}.example/{number % 10}",
        "language": ("en", "en", "en", "en", "fr", "en", "en", "en", "de", "en")[
            number % 10
        ],
        "added_at": FIRST,
        "retired": False,
        "failures": 0,
    }


class Maker:
    def __init__(self, chance: random.Random, changed: float) -> None:
        self.chance = chance
        self.changed = changed
        self.said = 0
        self.ids = dict.fromkeys(("version", "capture", "check", "change"), 0)

    def next(self, table: str) -> int:
        self.ids[table] += 1
        return self.ids[table]

    def sentence(self) -> str:
        """Two to four of them, in fact; none comes twice, for it ends with a number of its own."""
        self.said += 1
        parts = [
            " ".join(
                self.chance.choice(each)
                for each in (_SUBJECTS, _DEEDS, _THINGS, _ENDS)
            ).capitalize()
            + "."
            for _ in range(self.chance.randint(2, 4))
        ]
        return f"{' '.join(parts)} See rule {self.said}."

    def document(self, id_: str, count: int) -> _Rows:
        rows = _Rows()
        texts = [
            self.sentence() if place % 9 else f"Part {place // 9 + 1}"
            for place in range(_BLOCKS)
        ]
        step = (NOW - FIRST) / (count + 1)
        standing: dict[str, dict[str, Any]] = {}
        ids: dict[str, int] = {}
        before: int | None = None
        for number in range(1, count + 1):
            moment = (
                FIRST
                + step * number
                + timedelta(seconds=self.chance.randint(0, 3600))
            )
            old: dict[int, str] = {}
            if number > 1:
                for place in self.chance.sample(
                    range(_BLOCKS), self.chance.randint(1, 2)
                ):
                    old[place] = texts[place]
                    texts[place] = self.sentence()
            version = self._version(rows, id_, number, moment, texts)
            self._index(rows, id_, number, moment, texts, ids, standing)
            if before is not None and self.chance.random() < self.changed:
                self._change(
                    rows,
                    id_,
                    moment,
                    before,
                    version,
                    [(old[place], texts[place]) for place in old],
                )
            before = version
        for number in range(_CHECKS):
            at = FIRST + (NOW - FIRST) * (number / _CHECKS)
            rows.checks.append(
                self._check(
                    id_, at, "unchanged" if number % 50 else "blocked", before
                )
            )
        return rows

    def _version(
        self, rows: _Rows, id_: str, number: int, moment: datetime, texts: list[str]
    ) -> int:
        version, capture = self.next("version"), self.next("capture")
        rows.entries.append({"number": capture, "text": f"# entry {capture}"})
        rows.captures.append(
            {
                "id": capture,
                "document_id": id_,
                "fetched_at": moment,
                "url": "https://service.example/",
                "final_url": "https://service.example/",
                "status": 200,
                "headers": [],
                "mime": "text/html",
                "charset": "utf-8",
                "sha256": "0" * 64,
                "size": 2,
                "body": b"..",
                "entry": capture,
            }
        )
        heading: list[str] = []
        blocks = []
        for place, text in enumerate(texts):
            if place % 9 == 0:
                heading = [text]
                blocks.append(
                    {"kind": "heading", "heading": [], "text": text, "links": []}
                )
            else:
                blocks.append(
                    {
                        "kind": "paragraph",
                        "heading": heading,
                        "text": text,
                        "links": [],
                    }
                )
        page = json.dumps(
            {"title": "Document", "language": "en", "blocks": blocks}
        ).encode()
        rows.versions.append(
            {
                "id": version,
                "document_id": id_,
                "number": number,
                "capture_id": capture,
                "captured_at": moment,
                "cause": "page",
                "fingerprint": f"{version:064x}",
                "reader": "bench",
                "page": _ZSTD.compress(page),
                "imported": False,
                "alternating": [],
            }
        )
        rows.checks.append(
            self._check(id_, moment, "changed" if number > 1 else "first", version)
        )
        return version

    def _check(
        self, id_: str, moment: datetime, outcome: str, version: int | None
    ) -> dict[str, Any]:
        reason = (
            Message("answer.empty", host="service.example", status=200)
            if outcome == "blocked"
            else None
        )
        return {
            "id": self.next("check"),
            "document_id": id_,
            "checked_at": moment,
            "outcome": outcome,
            "accepted": False,
            "reason": reason,
            "status": 200,
            "version_id": version,
        }

    def _index(
        self,
        rows: _Rows,
        id_: str,
        number: int,
        moment: datetime,
        texts: list[str],
        ids: dict[str, int],
        standing: dict[str, dict[str, Any]],
    ) -> None:
        now = set(texts)
        for gone in standing.keys() - now:
            standing.pop(gone)["last"] = number - 1
        new = [text for text in dict.fromkeys(texts) if text not in standing]
        free = earliest_id(moment) + int(id_[8:11]) * 4096 + int(id_[-1]) * 400
        unseen = {digest(text) or "": text for text in new if text not in ids}
        rows.paragraphs.append((id_, free, unseen))
        ids |= {text: free + place for place, text in enumerate(unseen.values())}
        for text in new:
            standing[text] = {
                "paragraph_id": ids[text],
                "first": number,
                "last": None,
            }
            rows.intervals.append(standing[text])

    def _change(
        self,
        rows: _Rows,
        id_: str,
        moment: datetime,
        before: int,
        after: int,
        pairs: list[tuple[str, str]],
    ) -> None:
        change = self.next("change")
        topics = self._topics()
        day = (
            (moment + timedelta(days=self.chance.randint(5, 60))).date()
            if self.chance.random() < 0.3
            else None
        )
        severity = (
            self.chance.choice(("high", "medium", "low", "low"))
            if topics
            else "none"
        )
        direction = (
            self.chance.choice(("expands", "limits", "clarifies", "mixed"))
            if topics
            else "none"
        )
        meaning = pairs[0][1]
        quotes = (Quote(meaning[:40], "after"),) * 2
        news = Headline(Quote(meaning, "after"), (0, min(140, len(meaning))))
        brief = Brief(headline=news, start=day, data=quotes[:1], refuse=quotes[:1])
        rows.changes.append(
            {
                "id": change,
                "document_id": id_,
                "version_id": after,
                "before_id": before,
                "detected_at": moment,
                "cause": "page",
                "substantive": self.chance.random() < 0.8,
                "alert": bool(topics),
                "severity": severity,
                "direction": direction,
                "topics": topics,
                "effective_date": day,
                "brief": brief_json(brief),
                "waits": 0,
            }
        )
        if topics:  # one route with one address, which had it at once; row and delivery have the change's number
            rows.alerts.append(
                {
                    "id": change,
                    "change_id": change,
                    "route": "team",
                    "created_at": moment,
                }
            )
            rows.alerts[-1]["planned_at"] = moment
            to = {
                "id": change,
                "route": "team",
                "address": "${TEAM}",
                "created_at": moment,
                "next_at": moment,
            }
            rows.deliveries.append(
                {"kind": "alert", "state": "sent", "attempts": 1, "sent_at": moment}
                | to
            )
            rows.items.append(
                {
                    "id": change,
                    "delivery_id": change,
                    "address": "${TEAM}",
                    "alert_id": change,
                }
            )
        rows.topics += [{"topic": topic, "change_id": change} for topic in topics]
        for position in range(_PASSAGES):
            old, new = pairs[position % len(pairs)]
            rows.passages.append(
                {
                    "change_id": change,
                    "position": position,
                    "operation": "reworded",
                    "heading": ["1. What we do"],
                    "before": old,
                    "after": new,
                    "topics": topics,
                    "evidence": [
                        {"topic": topic, "text": new[:20], "side": "after"}
                        for topic in topics
                    ],
                    "severity": severity,
                    "direction": direction,
                    "why": [
                        Message(
                            "why.added",
                            topic=Message(f"topics.{topic}"),
                            text=new[:20],
                        )
                        for topic in topics
                    ],
                    "marks": [*word_diff(old, new)] if position == 0 else [],
                }
            )

    def _topics(self) -> list[str]:
        """None for most changes, then the first of the list far more often than the last."""
        if self.chance.random() < 0.6:
            return []
        return sorted(
            {
                [*TOPICS][min(int(self.chance.expovariate(0.45)), len(TOPICS) - 1)]
                for _ in range(2)
            }
        )


_RAW_VERSIONS = sa.table(
    "versions",
    *(sa.column(column.name, column.type) for column in Version.__table__.c),  # type: ignore[attr-defined]
)
_RAW_VERSIONS.c.page.type = sa.LargeBinary()  # compressed already


def _write(connection: sa.Connection, rows: _Rows) -> None:
    for table, those in (
        (ChainEntry, rows.entries),
        (Capture, rows.captures),
        (_RAW_VERSIONS, rows.versions),
        (Check, rows.checks),
        (Change, rows.changes),
        (ChangeTopic, rows.topics),
        (StoredPassage, rows.passages),
        (Alert, rows.alerts),
        (Delivery, rows.deliveries),
        (DeliveryItem, rows.items),
        (ParagraphInterval, rows.intervals),
    ):
        for part in _parts(those):
            connection.execute(sa.insert(table), part)
    documents = connection.execute(sa.select(Document.id, Document.language))  # type: ignore[call-overload]
    languages = {row.id: row.language for row in documents}
    for id_, first, texts in rows.paragraphs:
        write_paragraphs(connection, id_, languages[id_], first, texts)


def _parts(rows: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    for start in range(0, len(rows), 1000):
        yield rows[start : start + 1000]


def _settle(connection: sa.Connection, maker: Maker) -> None:
    """Let the database know its sizes, as one that grew would."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA optimize")
        return
    numbered = {
        "versions": "version",
        "captures": "capture",
        "checks": "check",
        "changes": "change",
    }
    for table, name in (
        numbered
        | dict.fromkeys(("alerts", "deliveries", "delivery_items"), "change")
    ).items():
        connection.execute(
            sa.text(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), :last)"
            ),
            {"last": maker.ids[name]},
        )
    connection.commit()
    connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql(
        "VACUUM ANALYZE"
    )
