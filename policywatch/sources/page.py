"""A page, fetched as the crawler does, without any database of the user's."""

from __future__ import annotations

import tempfile

from analysis.model import UnreadablePage
from crawler.crawl import crawl
from crawler.targets import CrawlSettings, Fingerprint, Target
from messages import Message, verbatim
from policywatch.config.schema import Robots
from storage.captures import Capture, capture
from storage.checks import Check
from storage.clock import utc_now
from storage.database import Database
from storage.documents import Document, declare


def fetched(
    address: str,
    *,
    language: str,
    contact: str,
    allow_private: bool,
    robots: Robots = "obey",
    render: bool = False,
    expand: bool = False,
) -> Capture:
    """Raises `UnreadablePage` with what stood in the way.

    A crawl into a store that is thrown away: a page is tried with the guards and politeness of a real check.
    """
    in_browser = render or expand
    target = Target(
        "try/page", address, language, robots=robots, allow_private=allow_private, render=in_browser, expand=expand
    )
    # a person waits for the answer: what fails is tried again soon, or not at all
    settings = CrawlSettings(contact, delay=0, confirm_delay=0, retry_waits=(1,), patience=5)
    mistakes: list[Exception] = []
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/try.db")
        row = Document(
            id=target.document, service="", title="", kind="other", url=address, language=language, added_at=utc_now()
        )
        with database.writing() as session:
            declare(session, [row])
        checks = crawl(database, [target], settings, fingerprint_of=lambda *_: Fingerprint(""), mistakes=mistakes)
        for mistake in mistakes:
            raise mistake
        with database.reading() as session:
            check = session.get_one(Check, checks[0])
            page = capture(session, check.capture_id) if check.capture_id is not None else None
        database.close()
    if page is None:
        reason = check.reason or verbatim("")
        if reason.code == "network.private":
            reason = Message("network.private_tried", reason=reason)
        raise UnreadablePage(Message("part.named", name=check.outcome or "", reason=reason))
    return page
