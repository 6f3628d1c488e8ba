"""What the spider yields: checks, with what was known before and what was answered."""

from __future__ import annotations

import pickle
import re
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic

from scrapy.http import Response

from crawler.extensions import Budget
from crawler.targets import Differing, Fetched, Fingerprint, Target
from foundation.vocabulary import Outcome
from messages import Message
from storage.columns import compressed, decompressed

_MAX_VALIDATOR = 512  # characters


@dataclass(frozen=True)
class PartState:
    """Rows keep it under these names."""

    url: str
    final_url: str | None = None  # they are sent nowhere else
    text: str | None = None  # fingerprint; None: unknown or unreadable
    etag: str | None = None
    last_modified: str | None = None
    markup: str | None = None  # fingerprint of markup and text

    @property
    def fingerprint(self) -> Fingerprint:
        return Fingerprint(self.text, self.markup)

    def conditions(self, url: str) -> dict[str, str]:
        """Headers of a conditional request."""
        if self.text is None or url != self.final_url:
            return {}
        headers = {
            "If-None-Match": self.etag,
            "If-Modified-Since": self.last_modified,
        }
        return {name: value for name, value in headers.items() if value is not None}


@dataclass(frozen=True)
class PreviousState:
    parts: tuple[PartState, ...]  # one for each address
    version_id: int | None = None
    not_before: datetime | None = None  # of the server's pause


@dataclass(frozen=True)
class PartAnswer:
    state: PartState
    status: int
    page: Fetched | None = None  # None for a 304


@dataclass
class CheckResult:
    """Filled by the spider's callbacks. `-o FILE` exports the first four fields."""

    document: str
    check: int | None = None  # of its row
    outcome: Outcome | None = None  # None: pages remain to be read
    reason: Message | None = None
    target: Target = field(kw_only=True)
    previous: PreviousState = field(kw_only=True)
    budget: Budget = field(kw_only=True, repr=False)
    answers: list[PartAnswer] = field(
        default_factory=list, repr=False
    )  # one for each address in turn
    unconfirmed: bytes = field(
        default=b"", repr=False
    )  # compressed, as many may wait for their second
    differing: Differing | None = field(
        default=None, repr=False
    )  # between the two answers
    status: int | None = None
    final_url: str | None = None
    moved_to: str | None = None  # of documents with one address
    not_before: datetime | None = None  # of the server's pause
    at: datetime | None = None  # of its end
    seconds: float = 0
    began: float = field(default_factory=monotonic)

    @property
    def url(self) -> str:
        """Of the next part."""
        return self.target.addresses[len(self.answers)]

    @property
    def previous_part(self) -> PartState:
        """Of the next part."""
        return self.previous.parts[len(self.answers)]

    @property
    def first_answers(self) -> list[PartAnswer]:
        return pickle.loads(decompressed(self.unconfirmed))  # type: ignore[no-any-return]  # noqa: S301  # of our own

    def await_confirmation(self) -> None:
        self.unconfirmed, self.answers = compressed(pickle.dumps(self.answers)), []

    @property
    def answer_before(self) -> PartAnswer | None:
        """The next part's first answer, if this is its confirmation."""
        return self.first_answers[len(self.answers)] if self.unconfirmed else None

    @property
    def is_complete(self) -> bool:
        return len(self.answers) == len(self.target.addresses)

    @property
    def is_unchanged(self) -> bool:
        texts = [answer.state.text for answer in self.answers]
        return None not in texts and texts == [
            part.text for part in self.previous.parts
        ]

    @property
    def is_confirmed(self) -> bool:
        return [answer.state.text for answer in self.first_answers] == [
            answer.state.text for answer in self.answers
        ]

    @property
    def pages(self) -> list[Fetched]:
        return [answer.page for answer in self.answers if answer.page is not None]


def part_answer(
    page: Fetched, response: Response, fingerprint: Fingerprint
) -> PartAnswer:
    validators = _validator(response, "ETag"), _validator(response, "Last-Modified")
    state = PartState(
        page.url, response.url, fingerprint.text, *validators, fingerprint.markup
    )
    return PartAnswer(state, response.status, page)


def moved_to(response: Response, url: str) -> str | None:
    """Where a page is now, if all redirects from `url` are permanent."""
    reasons = {*response.meta.get("redirect_reasons", ())}
    return (
        response.url
        if reasons and reasons <= {301, 308} and is_elsewhere(url, response.url)
        else None
    )


def is_elsewhere(url: str, other: str) -> bool:
    """Not only the scheme or the last slash."""
    old, new = (each.partition("://")[2].rstrip("/") for each in (url, other))
    return old != new


def _validator(response: Response, name: str) -> str | None:
    """One that can be sent back unchanged."""
    value = header(response, name)
    return (
        value
        if value
        and len(value) <= _MAX_VALIDATOR
        and value.isascii()
        and value.isprintable()
        else None
    )


def header(response: Response, name: str) -> str:
    """Empty if there is none."""
    return (response.headers.get(name) or b"").decode("latin-1")


def fetched(document: str, url: str, response: Response) -> Fetched:
    """`url` is the one that was asked for first."""
    content_type = header(response, "Content-Type")
    mime = content_type.partition(";")[0].strip().lower()
    if (
        not re.fullmatch(r"[\w.+-]{1,60}/[\w.+-]{1,80}", mime, re.ASCII)
        or mime == "application/octet-stream"
    ):
        mime = (
            "application/pdf" if response.body.startswith(b"%PDF-") else "text/html"
        )
    charset = re.search(
        r"charset\s*=\s*[\"']?([\w.:+-]{1,40})",
        content_type,
        re.ASCII | re.IGNORECASE,
    )
    received = response.meta["received_headers"]
    return Fetched(
        document=document,
        url=url,
        final_url=response.url,
        status=response.status,
        headers=[
            (name, "(not kept)" if name.lower() == "set-cookie" else value)
            for name, value in received
        ],
        mime=mime,
        charset=charset[1] if charset else None,
        body=response.body,
    )
