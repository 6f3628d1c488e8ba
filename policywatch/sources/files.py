"""Pages from files, and from addresses as the crawler fetches them, without a database; and the changes between them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from analysis.diff import block_keys
from analysis.extract import read_page
from analysis.extract.markdown import read_markdown
from analysis.model import Comparison, Page, UnreadablePage
from analysis.page_json import comparison_json
from crawler.crawl import fetch_once
from crawler.targets import CrawlSettings, Fetched, Target
from foundation.vocabulary import Robots
from messages import Message, verbatim
from policywatch import sandbox
from policywatch.config.errors import BadPairs
from policywatch.ingest.extraction import (
    compare_within_limits,
    isolated,
)


def fetched(
    address: str,
    *,
    language: str,
    contact: str,
    allow_private: bool,
    robots: Robots = "obey",
    render: bool = False,
    expand: bool = False,
) -> Fetched:
    """Raises `UnreadablePage`."""
    in_browser = render or expand
    target = Target(
        "try/page",
        address,
        language,
        robots=robots,
        allow_private=allow_private,
        render=in_browser,
        expand=expand,
    )
    # a person waits
    check = fetch_once(
        target,
        CrawlSettings(contact, delay=0, retry_waits=(1,), patience=5),
        isolated,
    )
    if check.pages:
        return check.pages[0]
    reason = check.reason or verbatim("")
    raise UnreadablePage(
        Message(
            "part.named",
            name=check.outcome.value if check.outcome else "",
            reason=reason,
        )
    )


MIMES = {
    ".md": "text/markdown",
    ".markdown": "text/markdown",
    ".html": "text/html",
    ".htm": "text/html",
    ".xhtml": "text/html",
    ".pdf": "application/pdf",
    ".txt": "text/plain",
}


def is_address(source: str) -> bool:
    return urlsplit(source).scheme in {"http", "https"}


def read_source(
    source: str,
    *,
    select: Sequence[str],
    remove: Sequence[str],
    section: str | None = None,
    language: str | None,
    **fetching: Any,
) -> Page:
    """Raises `UnreadablePage`."""
    options: dict[str, Any] = {
        "language": language,
        "select": select,
        "remove": remove,
        "section": section,
    }
    if not is_address(source):
        return read_file(Path(source), **options)
    return read_capture(
        fetched(source, language=language or "en", **fetching), **options
    )


def read_capture(capture: Fetched, **options: Any) -> Page:
    """Raises `UnreadablePage`."""
    body, url = capture.body, capture.final_url
    return sandbox.run(
        read_page,
        body,
        mime=capture.mime,
        charset=capture.charset,
        url=url,
        **options,
    )


def read_file(path: Path, **options: Any) -> Page:
    """By its suffix, else its first bytes. Raises `UnreadablePage`."""
    body = path.read_bytes()
    try:
        return sandbox.run(
            read_page,
            body,
            mime=MIMES.get(path.suffix.lower()) or _guess(body),
            **options,
        )
    except UnreadablePage as failure:
        raise UnreadablePage(
            Message("part.named", name=str(path), reason=failure.reason)
        ) from failure


def _guess(body: bytes) -> str:
    start = body[:1024].lstrip().lower()
    if start.startswith(b"%pdf"):
        return "application/pdf"
    return (
        "text/html" if b"<html" in start or b"<!doctype" in start else "text/plain"
    )


def compare_files(
    old: Path, new: Path, *, language: str | None, document: str | None
) -> Comparison:
    """Raises `UnreadablePage`."""
    before, after = (read_file(file, language=language) for file in (old, new))
    return compare_within_limits(
        before, after, language=language, document=document
    )


def compare_lines(file: Path) -> Iterator[dict[str, Any]]:
    """In order, with ids; a bad line ends it with an error that names its number."""
    opener = gzip.open if file.suffix == ".gz" else open
    with opener(file, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                pair = json.loads(line)
                id_, before, after = pair["id"], pair["before"], pair["after"]
            except (ValueError, KeyError, TypeError) as failure:
                raise BadPairs(
                    f"{file}:{number}: each line is a JSON object with id, before and after"
                ) from failure
            yield {"id": id_, **comparison_json(_compare_pair(before, after, pair))}


def _compare_pair(before: Any, after: Any, pair: dict[str, Any]) -> Comparison:
    """Of Markdown."""
    language = pair.get("language")
    try:
        pages = [
            sandbox.run(
                read_page,
                str(text).encode(),
                mime="text/markdown",
                charset="utf-8",
                language=language,
            )
            for text in (before, after)
        ]
    except UnreadablePage as failure:
        return Comparison(substantive=False, held=failure.reason)
    earlier = [
        block_keys(sandbox.run(read_markdown, text, language=language))
        for text in pair.get("earlier", ())
        if text.strip()
    ]
    return compare_within_limits(
        *pages,
        language=language,
        document=pair.get("document"),
        earlier=earlier,
    )
