"""Changes as an Atom feed and as a JSON Feed."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import NAMESPACE_URL, uuid5
from xml.etree import ElementTree

from policywatch.sanitize import harmless

_ATOM = "http://www.w3.org/2005/Atom"
# what no XML may hold, not even escaped
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """`key` says which change it is, for ever, on whatever host the feed is served; `content` is HTML."""

    key: str
    title: str
    link: str
    updated: datetime
    author: str
    content: str
    language: str
    categories: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Feed:
    """`key` says which feed it is; `address` is its own and `page` that of the list that it follows."""

    key: str
    title: str
    page: str
    address: str
    language: str
    entries: Sequence[FeedEntry]
    empty_since: datetime

    @property
    def updated(self) -> datetime:
        """When its newest entry came."""
        return max((entry.updated for entry in self.entries), default=self.empty_since)


def atom(feed: Feed) -> bytes:
    """As XML."""
    ElementTree.register_namespace("", _ATOM)
    root = ElementTree.Element(f"{{{_ATOM}}}feed", {"xml:lang": feed.language})
    _put(root, "id", stable_id(feed.key))
    _put(root, "title", harmless(feed.title))
    _put(root, "updated", feed.updated.isoformat())
    _put(root, "link", href=feed.page, rel="alternate", type="text/html")
    _put(root, "link", href=feed.address, rel="self", type="application/atom+xml")
    for entry in feed.entries:
        _entry(root, entry)
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))


def _entry(root: ElementTree.Element, entry: FeedEntry) -> None:
    item = _put(root, "entry")
    _put(item, "id", stable_id(entry.key))
    _put(item, "title", harmless(entry.title))
    _put(item, "updated", entry.updated.isoformat())
    _put(item, "published", entry.updated.isoformat())
    _put(item, "link", href=entry.link, rel="alternate", type="text/html")
    _put(_put(item, "author"), "name", harmless(entry.author))
    for category in entry.categories:
        _put(item, "category", term=category)
    _put(item, "content", entry.content, type="html")


def _put(parent: ElementTree.Element, name: str, text: str | None = None, **attributes: str) -> ElementTree.Element:
    clean = {key: _NOT_XML.sub("\ufffd", value) for key, value in attributes.items()}
    made = ElementTree.SubElement(parent, f"{{{_ATOM}}}{name}", clean)
    if text is not None:
        made.text = _NOT_XML.sub("\ufffd", text)
    return made


def json_feed(feed: Feed) -> bytes:
    """As JSON Feed 1.1."""
    said = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": harmless(feed.title),
        "home_page_url": feed.page,
        "feed_url": feed.address,
        "language": feed.language,
        "items": [
            {
                "id": stable_id(entry.key),
                "url": entry.link,
                "title": harmless(entry.title),
                "content_html": entry.content,
                "date_published": entry.updated.isoformat(),
                "authors": [{"name": harmless(entry.author)}],
                "language": entry.language,
                "tags": list(entry.categories),
            }
            for entry in feed.entries
        ],
    }
    return json.dumps(said, ensure_ascii=False, indent=1).encode("utf-8", "replace")


def stable_id(key: str) -> str:
    """The same for the same thing on every host and at every time."""
    return uuid5(NAMESPACE_URL, f"policywatch:{key}").urn
