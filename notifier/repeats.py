"""Whether changes of an event say more than was already sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable

from sqlmodel import Session

from foundation.vocabulary import gravity
from storage.changes import Change, changes_of, passages_by_change
from storage.documents import document, untranslated_id

_Words = tuple[str, str | None]


def says_more(
    session: Session, changes: Iterable[Change], sent: Collection[Change]
) -> bool:
    """Whether one is unclassified, graver than all `sent`, has a new topic or date, is the first to take effect as
    announced, or has new flagged words, for its own document and language.
    """
    if not sent:
        return True
    severity = min(gravity(each.severity) for each in sent)
    topics = {topic for each in sent for topic in each.topics}
    days = {None, *(each.effective_date for each in sent)}
    in_force = any(_code(each) == "event.announced" for each in sent)
    words = _flagged_words(session, sent)
    return any(
        each.is_unclassified
        or gravity(each.severity) < severity
        or not topics.issuperset(each.topics)
        or each.effective_date not in days
        or (_code(each) == "event.announced" and not in_force)
        or not (
            _is_translation(session, each, sent)
            or _flagged_words(session, [each]) <= words
        )
        for each in changes
    )


def _code(change: Change) -> str | None:
    return change.event_reason.code if change.event_reason else None


def _is_translation(session: Session, change: Change, sent: Iterable[Change]) -> bool:
    """An event's second change of a document translates the second, not the first."""
    if _code(change) not in ("event.language", "event.announced"):
        return False
    of = document(session, change.document_id)
    own = [
        each for each in changes_of(session, of.id) if each.event_id == change.event_id
    ]
    number = sum(each.id <= change.id for each in own)
    counts = Counter(each.document_id for each in sent)
    others = [
        document(session, id_) for id_, count in counts.items() if count >= number
    ]
    return any(
        each.language != of.language and untranslated_id(each) == untranslated_id(of)
        for each in others
    )


def _flagged_words(session: Session, changes: Iterable[Change]) -> set[_Words]:
    """Of passages with a topic."""
    found = passages_by_change(session, [each.id for each in changes])
    flagged = (each for passages in found.values() for each in passages if each.topics)
    return {
        ("after", each.after) if each.after else ("before", each.before)
        for each in flagged
    }
