"""A page fetched as the crawler does, without a database."""

from __future__ import annotations

from analysis.model import UnreadablePage
from crawler.crawl import fetch_once
from crawler.targets import CrawlSettings, Fetched, Target
from foundation.vocabulary import Robots
from messages import Message, verbatim
from policywatch.ingest.extraction import isolated


def fetched(
    address: str,
    *,
    language: str,
    contact: str,
    allow_private: bool,
    robots: Robots = "obey",
    render: bool = False,
    expand: bool = False,
) -> Fetched:
    """Raises `UnreadablePage`."""
    in_browser = render or expand
    target = Target(
        "try/page",
        address,
        language,
        robots=robots,
        allow_private=allow_private,
        render=in_browser,
        expand=expand,
    )
    # a person waits
    check = fetch_once(
        target, CrawlSettings(contact, delay=0, retry_waits=(1,), patience=5), isolated
    )
    if check.pages:
        return check.pages[0]
    reason = check.reason or verbatim("")
    if reason.code == "network.private":
        reason = Message("network.private_tried", reason=reason)
    raise UnreadablePage(
        Message(
            "part.named",
            name=check.outcome.value if check.outcome else "",
            reason=reason,
        )
    )
