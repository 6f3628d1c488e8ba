"""Rejected texts: set aside for a person to review, with a notice of each that is new to the operator."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session

from analysis.model import Page, UnreadablePage
from analysis.text.normal import fingerprint
from analysis.validate.rejection import word_trigrams
from foundation.vocabulary import NoticeKind, Outcome
from messages import Message
from policywatch.ingest.extraction import (
    ExtractionConfig,
    Memory,
    changed_lines,
    join_pages,
)
from storage.captures import Capture, captures_from
from storage.checks import Check, finish
from storage.documents import Document, document
from storage.notices import Notice, notices_of

_SAME = 0.6  # of the words of the longer text


def shown_captures(session: Session, row: Document) -> list[list[Capture]]:
    """The rejected texts that the operator was shown since the document was last read well."""
    if row.failing_since is None:
        return []
    shown = []
    for notice in notices_of(session, NoticeKind.HELD, row.id):
        if notice.created_at >= row.failing_since and notice.check_id is not None:
            capture_id = session.get_one(Check, notice.check_id).capture_id
            shown += (
                [captures_from(session, capture_id)] if capture_id is not None else []
            )
    return shown


def preview(
    before: Page | None,
    page: Page,
    shown: Sequence[Sequence[Capture]],
    config: ExtractionConfig,
    memory: Memory,
) -> list[str] | None:
    """Some lines of what a rejected text would change; None where the operator was shown one that says the same: an
    error page with another number each time is no news each time."""
    if any(says_the_same(captures, page, config, memory) for captures in shown):
        return None
    return changed_lines(before, page) if before is not None else []


def says_the_same(
    captures: Sequence[Capture], page: Page, config: ExtractionConfig, memory: Memory
) -> bool:
    """Most words of the two are the same, and no difference would alert anybody."""
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
    """Set the check's text aside, with a notice of what it would change, unless the operator was shown it before or
    rejected it."""
    if rejected_as is not None:
        check.rejected_as = rejected_as
        finish(session, check, Outcome.HELD, reason)
        return
    row = document(session, check.document_id)
    if lines is not None or row.alerted_at is None:
        row.alerted_at = (
            check.checked_at
        )  # so that no notice without what would change goes before this one
    finish(session, check, Outcome.HELD, reason)
    if lines is None:
        return
    session.flush()
    session.add(
        Notice(
            kind=NoticeKind.HELD,
            document_id=row.id,
            check_id=check.id,
            facts={"reason": reason.to_json(), "passages": lines},
            created_at=check.checked_at,
        )
    )
