"""Asks the pages over the loopback, and looks at what came."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from selectolax.lexbor import LexborHTMLParser, LexborNode

from messages import Message
from policywatch.web.app import create_app
from storage.changes import change, changes_of, join_event
from storage.database import Database
from tests.story_of_parley import PRIVACY, PRIVACY_FR
from tests.web_server import served

Tree = LexborHTMLParser | LexborNode


@contextmanager
def visited(database: Database, **how: Any) -> Iterator[httpx.Client]:
    """The app on a store, asked by someone who reads English (and has no certificates to load)."""
    with (
        served(create_app(database, **how)) as home,
        httpx.Client(
            base_url=home,
            headers={"Accept-Language": "en"},
            timeout=120,
            verify=False,
        ) as client,
    ):
        yield client


@dataclass(frozen=True, slots=True)
class Story:
    """The story of Parley, served; for tests that only look."""

    site: httpx.Client
    database: Database

    def change(self, document: str) -> int:
        """The number of the document's newest change."""
        return change_id(self.database, document)


@contextmanager
def story(file: Path) -> Iterator[Story]:
    """Of a store that it was told into."""
    database = Database(f"sqlite:///{file}")
    with visited(database) as site:
        yield Story(site, database)
    database.close()


def page(site: httpx.Client, path: str, status: int = 200) -> LexborHTMLParser:
    answer = site.get(path)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return LexborHTMLParser(answer.text)


def text(tree: Tree, selector: str) -> list[str]:
    return [re.sub(r"\s+", " ", node.text()).strip() for node in tree.css(selector)]


def hrefs(tree: Tree, selector: str = "a") -> list[str]:
    return [node.attributes["href"] or "" for node in tree.css(selector)]


def translated_event(database: Database) -> tuple[int, int]:
    """The change of Parley's privacy policy and that of its translation, joined."""
    number, translated = (
        change_id(database, each) for each in (PRIVACY, PRIVACY_FR)
    )
    with database.writing() as session:
        why = Message("event.language")
        join_event(
            session, change(session, translated), change(session, number), why
        )
    return number, translated


def change_id(database: Database, document: str) -> int:
    with database.reading() as session:
        id_ = changes_of(session, document)[0].id
    assert id_ is not None
    return id_
