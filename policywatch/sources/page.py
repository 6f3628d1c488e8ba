"""What an address gives, fetched as the crawler does, without any database of the user's."""

from __future__ import annotations

import tempfile

from analysis.model import UnreadablePage
from crawler.crawl import crawl
from crawler.targets import CrawlSettings, Target
from messages import Message, verbatim
from storage.captures import Capture, capture
from storage.checks import Check
from storage.clock import utc_now
from storage.database import Database
from storage.documents import Document, declare


def fetched(
    address: str, *, language: str, contact: str, allow_private: bool, render: bool = False, expand: bool = False
) -> Capture:
    """Raises `UnreadablePage` with what stood in the way.

    A crawl into a store that is thrown away: a page is tried with just the guards and manners of a real check.
    """
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/try.db")
        target = Target(
            "try/page", address, language, allow_private=allow_private, render=render or expand, expand=expand
        )
        with database.writing() as session:
            declare(session, [_document(target)])
        # somebody waits for the answer: what fails is tried again soon, or not at all
        settings = CrawlSettings(contact, delay=0, confirm_delay=0, retry_waits=(1,), patience=5)
        mistakes: list[Exception] = []
        checks = crawl(database, [target], settings, fingerprint_of=lambda _: "", mistakes=mistakes)
        for mistake in mistakes:
            raise mistake
        with database.reading() as session:
            check = session.get_one(Check, checks[0])
            if check.capture_id is None:
                reason = check.reason or verbatim("")
                if reason.code == "network.private":
                    reason = Message("network.private_tried", reason=reason)
                raise UnreadablePage(Message("part.named", name=check.outcome or "", reason=reason))
            kept = capture(session, check.capture_id)
        database.close()
    return kept


def _document(target: Target) -> Document:
    return Document(
        id=target.document,
        service="",
        title="",
        kind="other",
        url=target.url,
        language=target.language,
        added_at=utc_now(),
    )
