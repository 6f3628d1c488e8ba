"""New entries of a watchlist, appended to its file."""

from __future__ import annotations

import csv
import json
import os
import re
import tempfile
import unicodedata
from collections.abc import Container, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from selectolax.lexbor import LexborHTMLParser

from messages import Message
from policywatch.atomic_file import replace_file
from policywatch.config.schema import DocumentEntry, RouteEntry
from policywatch.config.watchlist import TEXT, Watchlist, load

KINDS = {
    "cookies": "cookie-policy",
    "privacy": "privacy-policy",
    "terms": "terms",
    "rules": "guidelines",
}
_COLUMNS = ("url", "service", "title", "language")
_LONGEST = 80  # of a title in an id


def named_entry(given: Mapping[str, Any], taken: Container[str]) -> DocumentEntry:
    """With a free id if none is given. Raises `ValueError`."""
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
    """Of each line of a CSV file, whose first may name its columns, or of each outline of OPML."""
    text = file.read_text("utf-8-sig")
    rows = [[cell.strip() for cell in row] for row in csv.reader(text.splitlines())]
    if text.lstrip().startswith("<"):
        nodes = (
            node.attributes
            for node in LexborHTMLParser(text).css("outline[htmlurl]")
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
    """The id of the document at this address, whatever the scheme and the last slash."""
    entries = (
        entry for entry in watchlist.documents if language in (entry.language, None)
    )
    return {
        bare_address(each): entry.id
        for entry in entries
        for each in entry.addresses
    }.get(bare_address(url))


def bare_address(url: str) -> str:
    return url.partition("://")[2].partition("#")[0].rstrip("/")


def entry_text(entry: DocumentEntry | RouteEntry) -> str:
    """TOML of the keys that were set; strings, lists and booleans of JSON are TOML's."""
    table = "documents" if isinstance(entry, DocumentEntry) else "routes"
    keys = entry.model_dump(exclude_unset=True).items()
    return "".join(
        [
            f"[[{table}]]\n",
            *(
                f"{key} = {json.dumps(value, ensure_ascii=False)}\n"
                for key, value in keys
            ),
        ]
    )


def append_entry(file: Path, entry: DocumentEntry) -> None:
    """Raises `WatchlistError` and `OSError`, and then nothing was written."""
    body = file.read_bytes()
    body += (b"\n" if body.endswith(b"\n") else b"\n\n") + entry_text(
        entry
    ).encode()
    with tempfile.NamedTemporaryFile(suffix=".toml") as draft:
        draft.write(body)
        draft.flush()
        load(file, {**os.environ, TEXT: draft.name})
    replace_file(file, body)


def slug(name: str) -> str:
    """Lower case, digits and single hyphens."""
    plain = (
        unicodedata.normalize("NFKD", name)
        .encode("ascii", "ignore")
        .decode()
        .lower()
    )
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
