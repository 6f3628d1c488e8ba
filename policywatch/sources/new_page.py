"""A page to be watched: extracted as a run would, with a suggested entry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analysis.compare import compare
from analysis.model import Page, UnreadablePage
from analysis.text.phrases import kinds_of
from analysis.validate.rejection import page_rejection
from crawler.markup import canonical_address
from crawler.targets import Fetched
from foundation.addresses import host_of
from messages import Message
from policywatch.config.additions import (
    KINDS,
    bare_address,
    named_entry,
    watched_as,
)
from policywatch.config.schema import DocumentEntry
from policywatch.config.watchlist import Watchlist
from policywatch.ingest.extraction import isolated
from policywatch.sanitize import sanitize
from policywatch.sources.files import fetched, read_capture

_NOT_YET = {
    "id": "service/document",
    "service": "-",
    "title": "-",
    "kind": "other",
}  # the page tells


def read_new(
    watchlist: Watchlist, given: Mapping[str, Any], capture: Fetched | None = None
) -> tuple[Page, Fetched]:
    """Fetched, unless there is a `capture` of it. Raises `ValueError`, `UnreadablePage`."""
    asked = DocumentEntry.model_validate({**_NOT_YET, **given})
    if other := watched_as(watchlist, given["url"]):
        raise ValueError(Message("add.watched", document=other))
    language = given.get("language")
    capture = capture or fetched(
        given["url"], language=language or "en", **_fetching(watchlist, asked)
    )
    page = read_capture(
        capture, select=asked.select, remove=asked.remove, language=language
    )
    if other := watched_as(watchlist, capture.final_url, page.language):
        raise ValueError(Message("add.watched", document=other))
    for entry in _neighbours(watchlist, capture, page):
        if _says_the_same(watchlist, entry, capture):
            raise ValueError(Message("add.watched", document=entry.id))
    return page, capture


def _fetching(watchlist: Watchlist, entry: DocumentEntry) -> dict[str, Any]:
    return {
        "contact": watchlist.contact or "",
        "allow_private": entry.allow_private,
        "robots": watchlist.robots(entry),
    }


def _neighbours(
    watchlist: Watchlist, capture: Fetched, page: Page
) -> list[DocumentEntry]:
    """Documents in its language whose addresses differ by parameters alone, or that it gives as canonical."""
    canonical: str | None = isolated(
        canonical_address, capture.body, capture.mime, capture.final_url
    )
    places = {
        bare_address(url).partition("?")[0]
        for url in (capture.url, capture.final_url)
    }
    if canonical and host_of(canonical) == host_of(capture.final_url):
        places.add(bare_address(canonical).partition("?")[0])
    return [
        entry
        for entry in watchlist.documents
        if entry.url
        and bare_address(entry.url).partition("?")[0] in places
        and page.language in (entry.language, None)
    ]


def _says_the_same(
    watchlist: Watchlist, entry: DocumentEntry, capture: Fetched
) -> bool:
    """Its page now gives the text received from another address."""
    options = {
        "select": entry.select,
        "remove": entry.remove,
        "section": entry.section,
        "language": entry.language,
    }
    try:
        watched = fetched(
            entry.url or "", language=entry.language, **_fetching(watchlist, entry)
        )
        before, after = (
            read_capture(each, **options) for each in (watched, capture)
        )
    except UnreadablePage:  # unknown
        return False
    return not compare(before, after, language=entry.language).substantive


def suggest_entry(
    watchlist: Watchlist, given: Mapping[str, Any], page: Page
) -> DocumentEntry:
    """The `given` keys, completed from the page. Raises `ValueError` for a missing key, and `UnreadablePage` where a
    run would hold the page.
    """
    if rejection := page_rejection(page, language=given.get("language")):
        raise UnreadablePage(rejection)
    named = kinds_of(page.title)
    kind = given.get("kind") or next(
        (kind for word, kind in KINDS.items() if word in named), None
    )
    if kind is None:
        raise ValueError(Message("add.no_kind", title=page.title))
    host = host_of(given["url"])
    known = {
        host_of(url): entry.service
        for entry in watchlist.documents
        for url in entry.addresses
    }
    service = (
        given.get("service")
        or known.get(host)
        or host.removeprefix("www.").split(".")[-2:][0].capitalize()
    )
    service = watchlist.service(service)
    title = given.get("title") or sanitize(page.title).strip() or kind
    table = {
        "service": service,
        "title": title,
        "kind": kind,
        "language": given.get("language") or page.language or "en",
    }
    return named_entry(
        {**table, **given, "service": service},
        {entry.id for entry in watchlist.documents},
    )
