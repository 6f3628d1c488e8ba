"""What the crawler looks for in the markup of an answer; see `Isolate`."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from urllib.parse import urljoin

from selectolax.lexbor import LexborHTMLParser

from crawler.targets import objection
from messages import Message

SIGNS = tomllib.loads(
    Path(__file__).with_name("block_detection.toml").read_text("utf-8")
)
_SCRIPT = re.compile(r"<script\b.*?(?:</script|\Z)", re.DOTALL)
_OVERLOADED = re.compile(
    r"<[a-z](?:[^<>\s/]*+[\s/]){2000}"
)  # so many attributes stall the parser


def sign_in_markup(markup: str) -> Message | None:
    """What small, lower-case markup asks for instead of showing a text: a password, a test."""
    without_scripts = _SCRIPT.sub("<script></script", markup)
    if _OVERLOADED.search(without_scripts):
        return None
    tree = LexborHTMLParser(without_scripts)
    title = tree.css_first("title")
    heading = title.text(strip=True) if title is not None else ""
    tree.strip_tags(["script", "style", "template", "svg", "head"])
    text = " ".join(
        (tree.body.text(separator=" ") if tree.body is not None else "").split()
    )
    if (
        len(text) < SIGNS["password"]["longest"]
        and tree.css_first('input[type="password"]') is not None
    ):
        return Message("wall.login")
    if len(text) < SIGNS["captcha"]["longest"] and any(
        mark in markup for mark in SIGNS["captcha"]["marks"]
    ):
        return Message("wall.test")
    if len(text) < SIGNS["phrases"]["longest"] and any(
        phrase in f"{heading} {text}" for phrase in SIGNS["phrases"]["texts"]
    ):
        return Message("wall.human")
    return None


_LONGEST = 2_000  # characters


def canonical_address(body: bytes, mime: str, url: str) -> str | None:
    """Resolved against `url`, where it was received from."""
    link = (
        LexborHTMLParser(body).css_first('link[rel="canonical"]')
        if "html" in mime
        else None
    )
    try:
        address = urljoin(url, (link and link.attributes.get("href")) or "")
    except ValueError:
        return None
    return (
        address
        if link is not None and len(address) <= _LONGEST and not objection(address)
        else None
    )
