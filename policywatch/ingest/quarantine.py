"""Rejected texts: set aside for review, with a notice of each new one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlmodel import Session

from analysis.model import Page, UnreadablePage
from analysis.text.normal import fingerprint
from analysis.validate.rejection import bears_title, word_trigrams
from foundation.vocabulary import NoticeKind, Outcome
from messages import Message
from policywatch.ingest.alerting import CONFIRMATIONS
from policywatch.ingest.checks import finish
from policywatch.ingest.extraction import (
    ExtractionConfig,
    Memory,
    changed_lines,
    join_pages,
)
from storage.captures import Capture, captures_from
from storage.checks import HELD, Check, count_checks, later_than
from storage.deliveries import Notice, notices_of
from storage.documents import Document, document

_SAME = 0.6  # of the longer text's words
_LONG = timedelta(days=7)
# reasons by which the text in force may be wrong, and by which the page may be incomplete
STORED_LOOKS_WRONG = frozenset(
    ("rejection.earlier", "rejection.grown", "rejection.other_page")
)
_PARTIAL = frozenset(
    (
        "rejection.most_gone",
        "rejection.twice",
        "rejection.stops",
        "rejection.title_last",
        "rejection.behind",
        "rejection.no_beginning",
        "rejection.no_end",
        "rejection.half",
    )
)


class ShownText(NamedTuple):
    """`later`: how many checks rejected one since."""

    captures: Sequence[Capture]
    at: datetime
    checks: int


def shown_texts(session: Session, row: Document) -> list[ShownText]:
    """Rejected texts since the last good check."""
    if row.failing_since is None:
        return []
    shown = []
    for notice in notices_of(session, NoticeKind.HELD, row.id):
        if notice.created_at >= row.failing_since and notice.check_id is not None:
            check = session.get_one(Check, notice.check_id)
            if check.capture_id is not None:
                captures = captures_from(session, check.capture_id)
                later = count_checks(session, row.id, HELD, later_than(notice.check_id))
                shown.append(ShownText(captures, check.checked_at, later))
    return shown


def has_stayed(
    reason: Message,
    page: Page,
    at: datetime,
    shown: Sequence[ShownText],
    config: ExtractionConfig,
    memory: Memory,
    *,
    is_only_text: bool,
) -> bool:
    """For three checks: it is then the document if only its novelty spoke against it, or if the only text in force
    looks wrong beside it; else after a week. A text that says it is no policy never is.
    """
    code = reason.code
    if code == "rejection.other_page" and not bears_title(page, config.title):
        return False
    if code == "rejection.unlike" or (is_only_text and code in STORED_LOOKS_WRONG):
        since = at
    elif code in _PARTIAL or code in STORED_LOOKS_WRONG:
        since = at - _LONG
    else:
        return False
    return any(
        each.at <= since
        and each.checks + 2 >= CONFIRMATIONS
        and says_the_same(each.captures, page, config, memory)
        for each in shown
    )


def preview(
    before: Page | None,
    page: Page,
    shown: Sequence[ShownText],
    config: ExtractionConfig,
    memory: Memory,
) -> list[str] | None:
    """Lines that a rejected text would change; None if the operator was shown an equal one: an error page with a new
    number is no news.
    """
    if any(says_the_same(each.captures, page, config, memory) for each in shown):
        return None
    return changed_lines(before, page) if before is not None else []


def says_the_same(
    captures: Sequence[Capture], page: Page, config: ExtractionConfig, memory: Memory
) -> bool:
    """No difference would alert."""
    try:
        former = join_pages(config.extract_parts(captures, memory=memory))
    except UnreadablePage:
        return False
    if fingerprint(former.blocks) == fingerprint(page.blocks):
        return True
    then, now = word_trigrams(former.blocks), word_trigrams(page.blocks)
    if (then & now).total() < _SAME * max(then.total(), now.total()):
        return False
    return not config.compare(former, page).alert


def hold(
    session: Session,
    check: Check,
    reason: Message,
    lines: list[str] | None,
    rejected_as: int | None,
) -> None:
    """With a notice unless the operator saw or rejected it before."""
    if rejected_as is not None:
        check.rejected_as = rejected_as
        finish(session, check, Outcome.HELD, reason)
        return
    row = document(session, check.document_id)
    if lines is not None or row.alerted_at is None:
        row.alerted_at = check.checked_at  # no notice without a preview is sent first
    finish(session, check, Outcome.HELD, reason)
    if lines is None:
        return
    facts = {"reason": reason.to_json(), "passages": lines}
    session.add(Notice.of(check, NoticeKind.HELD, **facts))
