"""Changes as JSON Feed, Atom, and a calendar of effective dates."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5
from xml.etree import ElementTree

from icalendar import Calendar, Event

from policywatch.sanitize import sanitize, xml_text

_ATOM = "http://www.w3.org/2005/Atom"
EPOCH = datetime(2025, 1, 1, tzinfo=UTC)  # of a feed without entries

JsonFeed = dict[str, Any]  # version 1.1, jsonfeed.org


def updated(feed: JsonFeed) -> datetime:
    return max(
        (datetime.fromisoformat(item["date_modified"]) for item in feed["items"]),
        default=EPOCH,
    )


def json_feed(feed: JsonFeed) -> bytes:
    return json.dumps(feed, ensure_ascii=False, indent=1).encode("utf-8", "replace")


def atom(feed: JsonFeed, key: str) -> bytes:
    """`key` identifies the feed on any host."""
    ElementTree.register_namespace("", _ATOM)
    root = ElementTree.Element(f"{{{_ATOM}}}feed", {"xml:lang": feed["language"]})
    _add(root, "id", stable_id(key))
    _add(root, "title", feed["title"])
    if "description" in feed:
        _add(root, "subtitle", feed["description"])
    _add(root, "updated", updated(feed).isoformat())
    _add(
        root, "link", href=feed["home_page_url"], rel="alternate", type="text/html"
    )
    _add(
        root, "link", href=feed["feed_url"], rel="self", type="application/atom+xml"
    )
    for item in feed["items"]:
        entry = _add(root, "entry")
        _add(entry, "id", item["id"])
        _add(entry, "title", item["title"])
        _add(entry, "updated", item["date_modified"])
        _add(entry, "published", item["date_published"])
        _add(entry, "link", href=item["url"], rel="alternate", type="text/html")
        _add(_add(entry, "author"), "name", item["authors"][0]["name"])
        for category in item["tags"]:
            _add(entry, "category", term=category)
        _add(entry, "content", item["content_html"], type="html")
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))


def _add(
    parent: ElementTree.Element,
    name: str,
    text: str | None = None,
    **attributes: str,
) -> ElementTree.Element:
    clean = {key: xml_text(value) for key, value in attributes.items()}
    element = ElementTree.SubElement(parent, f"{{{_ATOM}}}{name}", clean)
    if text is not None:
        element.text = xml_text(text)
    return element


def calendar(title: str, events: list[Event]) -> Calendar:
    """RFC 5545."""
    content = Calendar()
    content.add("prodid", "-//policywatch//effective dates//EN")
    content.add("version", "2.0")
    content.add("method", "PUBLISH")
    content.add("x-wr-calname", sanitize(title))
    content.add("refresh-interval;value=duration", "PT6H")
    for event in events:
        content.add_component(event)
    return content


def stable_id(key: str) -> str:
    """Independent of host and time."""
    return uuid5(NAMESPACE_URL, f"policywatch:{key}").urn
