"""Fills a store with changes that somebody has to be told of, for tests of the notifier."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlmodel import Session

from notifier.routes import Address, Route
from storage.changes import Change, StoredPassage, changes_of
from storage.database import Database
from storage.deliveries import Alert
from storage.documents import Document, declare
from tests.stories import START, Teller, block, passage

POLICY = "parley/privacy-policy"
URL = "https://parley.example/privacy"
OLD = "We use your profile to show you to other members."
NEW = "We use your profile, your posts and your comments to train our writing models unless you object."


@contextmanager
def empty() -> Iterator[Session]:
    """A session on an empty store, which keeps nothing: for tests of what a message says."""
    with _empty().reading() as session:
        yield session


@cache
def _empty() -> Database:
    return Database("sqlite://")


def documents() -> list[Document]:
    """A policy in English and in French, terms, and those of another service."""
    facts: list[tuple[str, str, str, str]] = [
        (POLICY, "Parley", "Privacy Policy", "en"),
        (
            "parley/privacy-policy.fr",
            "Parley",
            "Politique de confidentialité",
            "fr",
        ),
        ("parley/terms", "Parley", "Terms of Use", "en"),
        ("harbour/terms", "Harbour", "Terms", "en"),
    ]
    return [
        Document(
            id=id_,
            service=service,
            title=title,
            kind="privacy-policy",
            url=URL,
            language=language,
            added_at=START,
        )
        for id_, service, title, language in facts
    ]


def training() -> list[StoredPassage]:
    """A flagged passage, and one that is nobody's business."""
    return [
        passage(
            ["Your data", "Our models"],
            OLD,
            NEW,
            evidence=[("ai_training", "train our writing models", "after")],
        ),
        passage(["Contact"], "Write to 1 Quay Street.", "Write to 2 Quay Street."),
    ]


BRIEF: dict[str, Any] = {
    "meaning": "train our writing models unless you object",
    "from": "2025-11-03",
    "default": "on",
    "default_words": [{"text": "unless you object", "side": "after"}],
    "severity_reasons": ["training"],
    "data": [
        {"text": "your posts", "side": "after"},
        {"text": "your comments", "side": "after"},
    ],
    "refuse": [
        {"text": "object", "side": "after", "link": "https://parley.example/object"}
    ],
    "excluded": [{"text": "private messages", "side": "after"}],
}


def tell(
    session: Session,
    routes: Sequence[str],
    *,
    document: str = POLICY,
    passages: Sequence[StoredPassage] | None = None,
    when: datetime = START,
    **facts: Any,
) -> Change:
    """Store a change, and an alert of it for each route, as one transaction of the reader does."""
    if session.get(Document, document) is None:
        declare(session, documents())
        session.flush()
    teller = Teller(session)
    teller.numbers[document] = 2 * len(changes_of(session, document))
    before = teller.version(
        document, when, [block("paragraph", f"{OLD} {when} {teller.numbers}")]
    )
    after = teller.version(
        document, when, [block("paragraph", f"{NEW} {when} {teller.numbers}")]
    )
    about: dict[str, Any] = {
        "severity": "high",
        "direction": "expands",
        "effective_date": date(2025, 11, 3),
        "brief": BRIEF,
    }
    made = teller.change(
        before,
        after,
        training() if passages is None else passages,
        **(about | facts),
    )
    session.add_all(
        Alert(change_id=made.id, route=route, created_at=when) for route in routes
    )
    session.flush()
    return made


def owe(database: Database, *routes: str, **facts: Any) -> int:
    """The same in a transaction of its own; the number of the change."""
    with database.writing() as session:
        return tell(session, routes, **facts).id


def route(name: str, *urls: str, **facts: Any) -> Route:
    """A route whose addresses are called "${A}", "${B}" and so on."""
    return Route(
        name,
        tuple(Address(f"${{{chr(65 + n)}}}", url) for n, url in enumerate(urls)),
        **facts,
    )
