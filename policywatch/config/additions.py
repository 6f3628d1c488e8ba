"""New entries of a watchlist: what a page that was read suggests, and writing them below what stands in the file."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Container, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from analysis.model import Page
from analysis.text.phrases import kinds_of
from policywatch.atomic_file import replace_file
from policywatch.config.schema import DocumentEntry
from policywatch.config.watchlist import TEXT, Watchlist, load
from policywatch.sanitize import sanitize
from policywatch.sources.layout import slug

KINDS = {"cookies": "cookie-policy", "privacy": "privacy-policy", "terms": "terms", "rules": "guidelines"}
_LONGEST = 80  # characters of a title that go into an id


def suggest_entry(watchlist: Watchlist, given: Mapping[str, Any], page: Page) -> DocumentEntry:
    """The entry with the keys that are `given`, the others by what the page says of itself.

    Raises `ValueError` where a key has to be given.
    """
    named = kinds_of(page.title)
    kind = given.get("kind") or next((kind for word, kind in KINDS.items() if word in named), None)
    if kind is None:
        raise ValueError(f"{page.title!r} names no kind of policy; if it is to be watched, say as what with --kind")
    host = urlsplit(given["url"]).hostname or ""
    known = {urlsplit(url).hostname: entry.service for entry in watchlist.documents for url in entry.addresses}
    service = given.get("service") or known.get(host) or host.removeprefix("www.").split(".")[-2:][0].capitalize()
    title = given.get("title") or sanitize(page.title).strip() or kind
    table = {
        "service": service,
        "title": title,
        "kind": kind,
        "language": given.get("language") or page.language or "en",
    }
    return named_entry({**table, **given}, {entry.id for entry in watchlist.documents})


def named_entry(given: Mapping[str, Any], taken: Container[str]) -> DocumentEntry:
    """The entry with these keys, and with an id that is not taken if none is given. Raises `ValueError`."""
    kind, service = given["kind"], slug(given["service"])
    names = [slug(given["title"])[:_LONGEST].strip("-"), slug(urlsplit(given["url"]).path)[-_LONGEST:].strip("-")]
    names = [kind, *names] if kind in KINDS.values() else names
    ending = "" if given["language"] == "en" else f".{given['language']}"
    ids = [given["id"]] if "id" in given else [f"{service}/{name}{ending}" for name in names if name]
    id_ = next((each for each in ids if service and each not in taken), None)
    if id_ is None:
        raise ValueError(f"service and title make no id that is free ({', '.join(ids)}); give one with --id")
    return DocumentEntry.model_validate({"id": id_, **given})


def watched_as(watchlist: Watchlist, url: str) -> str | None:
    """The id of the document that is read from this address, by http or https, with a slash at its end or without."""
    return {_bare(each): entry.id for entry in watchlist.documents for each in entry.addresses}.get(_bare(url))


def _bare(url: str) -> str:
    return url.partition("://")[2].partition("#")[0].rstrip("/")


def entry_text(entry: DocumentEntry) -> str:
    """The entry as it stands in the file, of the keys that were set; strings, lists and booleans of JSON are TOML's."""
    keys = entry.model_dump(exclude_unset=True).items()
    return "".join(["[[documents]]\n", *(f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in keys)])


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
