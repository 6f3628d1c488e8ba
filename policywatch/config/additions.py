"""New entries of a watchlist: what a page that was read suggests, and writing them below what stands in the file."""

from __future__ import annotations

import csv
import json
import os
import tempfile
from collections.abc import Container, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from selectolax.lexbor import LexborHTMLParser

from analysis.model import Page, UnreadablePage
from analysis.text.phrases import kinds_of
from analysis.validate.rejection import page_rejection
from crawler.canonical import canonical_address
from crawler.targets import Fetched
from messages import Message
from policywatch.atomic_file import replace_file
from policywatch.config.schema import DocumentEntry
from policywatch.config.watchlist import TEXT, Watchlist, load
from policywatch.ingest.extraction import isolated
from policywatch.sanitize import sanitize
from policywatch.sources.layout import slug

KINDS = {
    "cookies": "cookie-policy",
    "privacy": "privacy-policy",
    "terms": "terms",
    "rules": "guidelines",
}
_NOT_YET = {
    "id": "service/document",
    "service": "-",
    "title": "-",
    "kind": "other",
}  # what the page is asked for
_COLUMNS = ("url", "service", "title", "language")
_LONGEST = 80  # characters of a title that go into an id


def read_new(watchlist: Watchlist, given: Mapping[str, Any]) -> Page:
    """As a run would read it. Raises `ValueError` with why it can't be watched, and `UnreadablePage`."""
    asked = DocumentEntry.model_validate({**_NOT_YET, **given})
    if other := watched_as(watchlist, given["url"]):
        raise ValueError(Message("add.watched", document=other))
    # these load Scrapy and NumPy, which a run that writes proposals does without
    from policywatch.sources.files import read_capture
    from policywatch.sources.page import fetched

    language = given.get("language")
    capture = fetched(
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
    return page


def _fetching(watchlist: Watchlist, entry: DocumentEntry) -> dict[str, Any]:
    return {
        "contact": watchlist.contact or "",
        "allow_private": entry.allow_private,
        "robots": watchlist.robots(entry),
    }


def _neighbours(
    watchlist: Watchlist, capture: Fetched, page: Page
) -> list[DocumentEntry]:
    """Documents whose page this may be, in its language: the addresses differ by their parameters alone, or the page
    gives theirs as its own."""
    canonical: str | None = isolated(
        canonical_address, capture.body, capture.mime, capture.final_url
    )
    places = {_bare(url).partition("?")[0] for url in (capture.url, capture.final_url)}
    if (
        canonical
        and urlsplit(canonical).hostname == urlsplit(capture.final_url).hostname
    ):
        places.add(_bare(canonical).partition("?")[0])
    return [
        entry
        for entry in watchlist.documents
        if entry.url
        and _bare(entry.url).partition("?")[0] in places
        and page.language in (entry.language, None)
    ]


def _says_the_same(
    watchlist: Watchlist, entry: DocumentEntry, capture: Fetched
) -> bool:
    """Whether the document's page says now what was received from another address."""
    from analysis.compare import compare  # loads slowly, as above
    from policywatch.sources.files import read_capture
    from policywatch.sources.page import fetched

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
        before, after = (read_capture(each, **options) for each in (watched, capture))
    except UnreadablePage:  # nobody can tell
        return False
    return not compare(before, after, language=entry.language).substantive


def suggest_entry(
    watchlist: Watchlist, given: Mapping[str, Any], page: Page
) -> DocumentEntry:
    """The entry with the keys that are `given`, the others by what the page says of itself.

    Raises `ValueError` where a key has to be given, and `UnreadablePage` where a run would hold the page.
    """
    if rejection := page_rejection(page, language=given.get("language")):
        raise UnreadablePage(rejection)
    named = kinds_of(page.title)
    kind = given.get("kind") or next(
        (kind for word, kind in KINDS.items() if word in named), None
    )
    if kind is None:
        raise ValueError(Message("add.no_kind", title=page.title))
    host = urlsplit(given["url"]).hostname or ""
    known = {
        urlsplit(url).hostname: entry.service
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


def named_entry(given: Mapping[str, Any], taken: Container[str]) -> DocumentEntry:
    """The entry with these keys, and with an id that is not taken if none is given. Raises `ValueError`."""
    kind, service = given["kind"], slug(given["service"])
    names = [
        slug(given["title"])[:_LONGEST].strip("-"),
        slug(urlsplit(given["url"]).path)[-_LONGEST:].strip("-"),
    ]
    names = [kind, *names] if kind in KINDS.values() else names
    ending = "" if given["language"] == "en" else f".{given['language']}"
    ids = (
        [given["id"]]
        if "id" in given
        else [f"{service}/{name}{ending}" for name in names if name]
    )
    id_ = next((each for each in ids if service and each not in taken), None)
    if id_ is None:
        raise ValueError(Message("add.no_id", ids=", ".join(ids)))
    return DocumentEntry.model_validate({"id": id_, **given})


def pages_in(file: Path) -> list[dict[str, str]]:
    """The keys that each line of a CSV file gives, which may begin with a line of names; or each outline of OPML."""
    text = file.read_text("utf-8-sig")
    rows = [[cell.strip() for cell in row] for row in csv.reader(text.splitlines())]
    if text.lstrip().startswith("<"):
        nodes = (
            node.attributes for node in LexborHTMLParser(text).css("outline[htmlurl]")
        )
        rows = [
            [node["htmlurl"] or "", "", node.get("title") or node.get("text") or ""]
            for node in nodes
        ]
    pages = (
        {key: value for key, value in zip(_COLUMNS, row, strict=False) if value}
        for row in rows
    )
    return [page for page in pages if page.get("url", "url") != "url"]


def watched_as(
    watchlist: Watchlist, url: str, language: str | None = None
) -> str | None:
    """The id of the document that is read from this address, by http or https, with a slash at its end or without; of
    those in a `language`, where it is known."""
    entries = (
        entry for entry in watchlist.documents if language in (entry.language, None)
    )
    return {_bare(each): entry.id for entry in entries for each in entry.addresses}.get(
        _bare(url)
    )


def _bare(url: str) -> str:
    return url.partition("://")[2].partition("#")[0].rstrip("/")


def entry_text(entry: DocumentEntry) -> str:
    """The entry as it stands in the file, of the keys that were set; strings, lists and booleans of JSON are TOML's."""
    keys = entry.model_dump(exclude_unset=True).items()
    return "".join(
        [
            "[[documents]]\n",
            *(
                f"{key} = {json.dumps(value, ensure_ascii=False)}\n"
                for key, value in keys
            ),
        ]
    )


def append_entry(file: Path, entry: DocumentEntry) -> None:
    """Add it at the end of the file, whose own text stays as it is. Raises `WatchlistError` and `OSError`, and then
    nothing was written."""
    body = file.read_bytes()
    body += (b"\n" if body.endswith(b"\n") else b"\n\n") + entry_text(entry).encode()
    with tempfile.NamedTemporaryFile(suffix=".toml") as draft:
        draft.write(body)
        draft.flush()
        load(file, {**os.environ, TEXT: draft.name})
    replace_file(file, body)
