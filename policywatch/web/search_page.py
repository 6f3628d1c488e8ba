"""What the page of a search shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote

from pydantic import Field
from sqlmodel import Session

from policywatch.web.query_params import Asked, Day, Words
from storage.columns import MAX_BIGINT
from storage.documents import services_and_languages
from storage.search import Hit, SearchFilter, SearchPage, search

_HITS = 20
_AROUND = 180  # characters of an excerpt on each side of what was found


class SearchAsked(Asked):
    """The words, where to look for them, and the place to go on from."""

    q: Annotated[str, Field("", max_length=300, pattern=r"^[^\x00]*$", description='words, and "words in a row"')] = ""
    service: Words = Field([], description="name of a service")
    document: Words = Field([], description="id of a document")
    language: Words = Field([], description="of the document, like en")
    since: Day | None = Field(None, description="first day on which the words came, UTC")
    until: Day | None = Field(None, description="last day on which the words came, UTC")
    standing: bool = Field(False, description="only in the texts in force")
    cursor: int | None = Field(None, ge=1, le=MAX_BIGINT, description="older than this place")

    @property
    def filter(self) -> SearchFilter:
        """What the store is asked for."""
        return SearchFilter(
            tuple(self.service), tuple(self.document), tuple(self.language), self.since, self.until, self.standing
        )


@dataclass(frozen=True, slots=True)
class SearchView:
    """What was found, and what could be narrowed to."""

    asked: SearchAsked
    page: SearchPage
    services: list[str]
    languages: list[str]


def search_view(session: Session, asked: SearchAsked) -> SearchView:
    """Nothing is found where nothing was asked."""
    services, languages = services_and_languages(session)
    page = search(session, asked.q, asked.filter, before=asked.cursor, limit=_HITS)
    return SearchView(asked, page, services, languages)


def excerpt(hit: Hit) -> list[tuple[bool, str]]:
    """The pieces of a hit, with what lies far from all that was found cut out."""
    pieces: list[tuple[bool, str]] = []
    last = len(hit.marked) - 1
    for number, (found, said) in enumerate(hit.marked):
        pieces.append((found, said if found else _cut(said, is_first=number == 0, is_last=number == last)))
    return pieces


def _cut(said: str, *, is_first: bool, is_last: bool) -> str:
    if len(said) <= 2 * _AROUND:
        return said
    head = "" if is_first else said[:_AROUND].rsplit(" ", 1)[0]
    tail = "" if is_last else said[-_AROUND:].split(" ", 1)[-1]
    return f"{head} … {tail}"


def fragment(pieces: Sequence[tuple[bool, str]]) -> str:
    """Ends an address so that a browser scrolls to the words and marks them."""
    words = next((said for found, said in pieces if found), "")
    return f"#:~:text={quote(words, safe='').replace('-', '%2D')}" if words else ""
