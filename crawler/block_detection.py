"""Login walls and challenge pages: answers with status 200 that are not the page that was asked for.

The signs are data, in block_detection.toml. Only texts that nobody knows yet are judged: an answer that says what the
current version says is the page.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from urllib.parse import unquote

from selectolax.lexbor import LexborHTMLParser
from yarl import URL

from crawler.fetching import Answer
from messages import Message

_SIGNS = tomllib.loads(Path(__file__).with_name("block_detection.toml").read_text("utf-8"))
_LOGIN = frozenset(_SIGNS["login"]["words"])
_LARGEST = 512 * 1024  # bytes; a page above has more than a form or a riddle
_SCRIPT = re.compile(r"<script\b.*?(?:</script|\Z)", re.DOTALL)
_OVERLOADED = re.compile(r"<[a-z](?:[^<>\s/]*+[\s/]){2000}")  # so many attributes keep it busy as well
_TAGS = 10_000  # and so has one with more of them; nested, they keep the parser busy


def wall(asked: str, answer: Answer) -> Message | None:
    """What stands before the page, as the end of "The site answered with ..."; None if it is the page."""
    if _led_to_login(asked, answer.url):
        return Message("wall.redirected", url=answer.url[:300])
    for name, values in _SIGNS["headers"].items():
        if (answer.header(name) or "").lower() in values:
            return Message("wall.test")
    body = answer.body
    if len(body) > _LARGEST or body.count(b"<") > _TAGS or b"<" not in body[:1024]:
        return None
    return _shown(body)


def _led_to_login(asked: str, final: str) -> bool:
    return final != asked and bool((_words(final) & _LOGIN) - _words(asked))


def _words(url: str) -> set[str]:
    parsed = URL(url, encoded=True)
    raw = [*parsed.raw_path.split("/"), (parsed.host or "").partition(".")[0]]
    raw += [part for pair in parsed.raw_query_string.split("&") for part in pair.split("=", 1)]
    return {re.sub(r"[-_]|\.[a-z]{2,5}$", "", unquote(part).lower()) for part in raw}


def _shown(body: bytes) -> Message | None:
    markup = body.decode("utf-8", "replace").lower()
    limits = {name: _SIGNS[name]["longest"] for name in ("password", "captcha", "phrases")}
    phrases, marks = _SIGNS["phrases"]["said"], _SIGNS["captcha"]["marks"]
    if not any(sign in markup for sign in ("password", *marks)) and not any(said in markup for said in phrases):
        return None  # nearly all pages, without the cost of a parse
    without_scripts = _SCRIPT.sub("<script></script", markup)
    if _OVERLOADED.search(without_scripts):
        return None
    tree = LexborHTMLParser(without_scripts)
    title = tree.css_first("title")
    heading = title.text(strip=True) if title is not None else ""
    tree.strip_tags(["script", "style", "template", "svg", "head"])
    root = tree.body
    text = " ".join((root.text(separator=" ") if root is not None else "").split())
    if len(text) < limits["password"] and tree.css_first('input[type="password"]') is not None:
        return Message("wall.login")
    if len(text) < limits["captcha"] and any(mark in markup for mark in marks):
        return Message("wall.test")
    if len(text) < limits["phrases"] and any(said in f"{heading} {text}" for said in phrases):
        return Message("wall.human")
    return None
