"""What the page of a search shows."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field
from sqlmodel import Session

from policywatch.web.query_params import Day, Params, Words
from storage.columns import MAX_BIGINT
from storage.documents import filter_choices
from storage.search import Hit, SearchFilter, search

_HITS = 20
_AROUND = 180  # characters of an excerpt on each side of what was found


class SearchQuery(Params):
    """The words, where to look for them, and the place to go on from."""

    q: Annotated[
        str,
        Field(
            "",
            max_length=300,
            pattern=r"^[^\x00]*$",
            description='words, and "words in a row"',
        ),
    ] = ""
    service: Words = Field([], description="name of a service")
    document: Words = Field([], description="id of a document")
    language: Words = Field([], description="of the document, like en")
    since: Day | None = Field(
        None, description="first day on which the words came, UTC"
    )
    until: Day | None = Field(None, description="last day on which the words came, UTC")
    standing: bool = Field(False, description="only in the texts in force")
    cursor: int | None = Field(
        None, ge=1, le=MAX_BIGINT, description="older than this place"
    )

    @property
    def filter(self) -> SearchFilter:
        return SearchFilter(
            tuple(self.service),
            tuple(self.document),
            tuple(self.language),
            self.since,
            self.until,
            self.standing,
        )


def search_page(session: Session, query: SearchQuery) -> dict[str, Any]:
    """What was found, and what could be narrowed to; nothing is found where nothing was asked."""
    results = search(session, query.q, query.filter, before=query.cursor, limit=_HITS)
    return {"query": query, "results": results, **filter_choices(session)}


def excerpt(hit: Hit) -> list[tuple[bool, str]]:
    """The pieces of a hit, with what lies far from all matches cut out."""
    last = len(hit.marked) - 1
    return [
        (
            is_match,
            text
            if is_match
            else _cut(text, is_first=number == 0, is_last=number == last),
        )
        for number, (is_match, text) in enumerate(hit.marked)
    ]


def _cut(text: str, *, is_first: bool, is_last: bool) -> str:
    if len(text) <= 2 * _AROUND:
        return text
    head = "" if is_first else text[:_AROUND].rsplit(" ", 1)[0]
    tail = "" if is_last else text[-_AROUND:].split(" ", 1)[-1]
    return f"{head} … {tail}"
