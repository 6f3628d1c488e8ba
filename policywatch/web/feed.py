"""The newest changes as an Atom feed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import NAMESPACE_URL, uuid5
from xml.etree import ElementTree

from policywatch.harmless import harmless

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
    categories: Sequence[str] = ()


def atom(title: str, home: str, address: str, entries: Sequence[FeedEntry], *, empty_since: datetime) -> bytes:
    """The feed's XML; `empty_since` dates a feed without entries."""
    ElementTree.register_namespace("", _ATOM)
    feed = ElementTree.Element(f"{{{_ATOM}}}feed")
    _put(feed, "id", _id(title))
    _put(feed, "title", title)
    _put(feed, "updated", max((entry.updated for entry in entries), default=empty_since).isoformat())
    _put(feed, "link", href=home, rel="alternate", type="text/html")
    _put(feed, "link", href=address, rel="self", type="application/atom+xml")
    for entry in entries:
        _entry(feed, entry)
    return bytes(ElementTree.tostring(feed, encoding="utf-8", xml_declaration=True))


def _entry(feed: ElementTree.Element, entry: FeedEntry) -> None:
    item = _put(feed, "entry")
    _put(item, "id", _id(entry.key))
    _put(item, "title", harmless(entry.title))
    _put(item, "updated", entry.updated.isoformat())
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


def _id(key: str) -> str:
    return uuid5(NAMESPACE_URL, f"policywatch:{key}").urn
