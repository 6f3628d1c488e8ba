"""A change as pages, terminal, feeds and JSON show it: typed, with all that belongs to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from notifier.presentation import answered_questions
from policywatch.second_opinion import SecondOpinion, second_opinion
from storage.announced import Announcement, announcements
from storage.captures import Capture, addresses, capture_records
from storage.changes import Change, StoredPassage, change, passages
from storage.documents import Document, document
from storage.versions import Version, version_heads


@dataclass(frozen=True, slots=True)
class Quote:
    """Words of the page, with the link that stands on them where there is one."""

    text: str
    link: str | None


@dataclass(frozen=True, slots=True)
class Answer:
    """A question of the summary, and what the page says to it: the earlier text, where it `is_gone`."""

    question: str
    is_gone: bool
    quotes: list[Quote]


@dataclass(frozen=True, slots=True)
class Summary:
    """The short answers about a change, in the words of the page; what it does not say is empty."""

    meaning: str | None
    default: str | None
    answers: list[Answer]


def summary_of(brief: Mapping[str, Any]) -> Summary:
    """Of the brief that is stored with a change."""
    return Summary(brief.get("meaning"), brief.get("default"), list(_answers(brief)))


def _answers(brief: Mapping[str, Any]) -> Iterator[Answer]:
    for question, is_gone, quotes in answered_questions(brief):
        yield Answer(question, is_gone, [Quote(quote["text"], quote.get("link")) for quote in quotes])


@dataclass(frozen=True, slots=True)
class ChangeView:
    """One change; `captures` are those of the later text, one of each of the document's addresses."""

    change: Change
    document: Document
    before: Version
    after: Version
    returned: Version | None
    announced: Announcement | None
    captures: list[Capture]
    passages: list[StoredPassage]
    second: SecondOpinion | None

    @property
    def addresses(self) -> list[str]:
        return addresses(self.captures, self.document.url)


def change_view(session: Session, change_id: int) -> ChangeView:
    """The versions are without their texts. Raises `UnknownChange`."""
    row = change(session, change_id)
    heads = version_heads(session, [row.before_id, row.version_id, row.returns_to or row.version_id])
    after = heads[row.version_id]
    return ChangeView(
        change=row,
        document=document(session, row.document_id),
        before=heads[row.before_id],
        after=after,
        returned=heads[row.returns_to] if row.returns_to is not None else None,
        announced=announcements(session, [row]).get(change_id),
        captures=capture_records(session, after.capture_id),
        passages=passages(session, change_id),
        second=second_opinion(session, change_id),
    )
