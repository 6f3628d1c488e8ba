"""Setting aside a text that is not believed, with a word to the operator on each one that is new to him."""

from __future__ import annotations

from sqlmodel import Session

from analysis.diff import passages as passages_between
from analysis.model import Page, Passage, UnreadablePage
from analysis.text.normal import fingerprint
from analysis.text.words import word_diff
from analysis.validate.rejection import word_trigrams
from messages import Message
from policywatch.ingest.extraction import ExtractionConfig, joined
from storage.captures import captures_from
from storage.checks import Check, Outcome, finish
from storage.documents import document
from storage.notices import Notice, NoticeKind, notices_of

_SAME = 0.6  # of the words of the longer text


def held_news(
    session: Session, check: Check, before: Page | None, page: Page, manner: ExtractionConfig
) -> list[str] | None:
    """What a text that is set aside would change, some lines of it; None where the operator knows of it already."""
    if _is_known(session, check, page, manner):
        return None
    those = passages_between(before, page) if before is not None else ()
    return [_line(passage) for passage, _ in zip(those, range(5), strict=False)]


def hold(session: Session, check: Check, *, reason: Message, news: list[str] | None) -> None:
    """Set the check's text aside; the operator is told once of each text, with what would change."""
    row = document(session, check.document_id)
    if news is not None or row.alerted_at is None:
        row.alerted_at = check.checked_at  # so that no notice without what would change goes before this one
    finish(session, check, Outcome.HELD, reason)
    if news is None:
        return
    session.flush()
    session.add(
        Notice(
            kind=NoticeKind.HELD,
            document_id=row.id,
            check_id=check.id,
            facts={"reason": reason.to_json(), "passages": news},
            created_at=check.checked_at,
        )
    )


def _is_known(session: Session, check: Check, page: Page, manner: ExtractionConfig) -> bool:
    """The operator was told of this text, or of one that says the same, since the document was last read well.

    An error page that bears another number each time is no news each time.
    """
    since = document(session, check.document_id).failing_since
    if since is None:
        return False
    for notice in notices_of(session, check.document_id, NoticeKind.HELD):
        if notice.created_at >= since and notice.check_id is not None:
            told = _text_of(session, notice.check_id, manner)
            if told is not None and _says_the_same(told, page, manner):
                return True
    return False


def _text_of(session: Session, check_id: int, manner: ExtractionConfig) -> Page | None:
    capture_id = session.get_one(Check, check_id).capture_id
    if capture_id is None:
        return None
    try:
        return joined(manner.read(captures_from(session, capture_id)))
    except UnreadablePage:
        return None


def _says_the_same(told: Page, page: Page, manner: ExtractionConfig) -> bool:
    """Most words of the two are the same, and nothing that would be told anyone differs."""
    if fingerprint(told.blocks) == fingerprint(page.blocks):
        return True
    then, now = word_trigrams(told.blocks), word_trigrams(page.blocks)
    if (then & now).total() < _SAME * max(then.total(), now.total()):
        return False
    return not manner.compared(told, page).alert


def _line(passage: Passage) -> str:
    marks = {"same": "{}", "removed": "[-{}-]", "added": "{{+{}+}}"}
    words = "".join(marks[op].format(text) for op, text in word_diff(passage.before or "", passage.after or ""))
    return f"{words[:300]}{'...' if len(words) > 300 else ''}"
