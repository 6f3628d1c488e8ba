"""Forms of a message's body: HTML, and text and chat dialects made of it.

Elements of class `pw-only` are for HTML alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import escape as html_escape
from selectolax.lexbor import LexborHTMLParser, LexborNode

from notifier.escape import markdown, without_mentions

Format = Literal["text", "html", "markdown", "slack", "discord", "teams", "tags"]


@dataclass(frozen=True, slots=True)
class Channel:
    """`room` is the real limit where Apprise's is wrong."""

    markup: Format = "markdown"
    room: int | None = None
    counts_bytes: bool = False
    # plain text unless the address has format=
    reads_text: bool = False
    # in the message, or as another one
    file: Literal["within", "after"] | None = None
    text_with_file: bool = False  # otherwise an empty message is posted too


# most other services with files are for phones, where a second message is a second alarm
CHANNELS: dict[str, Channel] = {
    "discord": Channel("discord", file="after"),
    "gchat": Channel("slack"),
    "slack": Channel("slack"),
    "tgram": Channel("tags", file="after"),
    **dict.fromkeys(
        ("matrix", "matrixs"), Channel("tags", file="after", text_with_file=True)
    ),
    **dict.fromkeys(("workflow", "workflows"), Channel("teams", room=12_000)),
    # ntfy turns more than 4,096 bytes into a file, which some servers refuse
    **dict.fromkeys(("ntfy", "ntfys"), Channel(room=4000, counts_bytes=True)),
    **dict.fromkeys(("json", "jsons"), Channel(reads_text=True, file="within")),
    **dict.fromkeys(("form", "forms", "xml", "xmls"), Channel(reads_text=True)),
}
_OTHER = Channel()


def channel_of(scheme: str) -> Channel:
    return CHANNELS.get(scheme, _OTHER)


_HAIR_SPACE = "\u200a"
_HTML = re.compile(r"[<>]")
_SLACK_MARKS = re.compile(r"[*~`]|(?<!\w)_|_(?!\w)")
_SPACE = re.compile(r"[ \t\r\n]+")  # of a template, not of its texts


@dataclass(frozen=True, slots=True)
class Dialect:
    """`footer` comes before the foot of a message; None leaves that out."""

    escape: Callable[[str], str]
    strong: str = "**{}**"
    added: str = "**{}**"
    removed: str = "~~{}~~"
    link: str = "[{text}]({url})"
    bullet: str = "• "
    line_end: str = "  \n"
    blank_line: str = "\n\n"
    footer: str | None = None
    # a mark works next to a letter
    touches: bool = False


def _discord(text: str) -> str:
    """It knows no entities; `<` begins its mentions."""
    return _HTML.sub(r"\\\g<0>", markdown(text, entities=False))


def _slack(text: str) -> str:
    """It can't escape marks, which have no effect between spaces."""
    text = _SLACK_MARKS.sub(
        rf"{_HAIR_SPACE}\g<0>{_HAIR_SPACE}", without_mentions(text)
    )
    return re.sub(r"[<>\[\]]", r"\\\g<0>", text)


def _tags(text: str) -> str:
    return str(html_escape(without_mentions(text)))


DIALECTS: dict[Format, Dialect] = {
    "text": Dialect(
        str,
        strong="{}",
        added="{{+{}+}}",
        removed="[-{}-]",
        link="{text} ({url})",
        bullet="* ",
        line_end="\n",
        footer="-- \n",
        touches=True,
    ),
    "markdown": Dialect(markdown),
    "discord": Dialect(_discord, line_end="\n"),
    # cards show tildes instead of striking out
    "teams": Dialect(markdown, removed="\\[-{}-\\]"),
    "slack": Dialect(
        _slack,
        strong="**{}**",
        removed="~{}~",
        link="[{text}](<{url}>)",
        line_end="\n",
    ),
    "tags": Dialect(
        _tags,
        strong="<b>{}</b>",
        added="<b>{}</b>",
        removed="<del>{}</del>",
        link='<a href="{url}">{text}</a>',
        line_end="<br>\n",
        blank_line="<br>\n&nbsp;<br>\n",  # Telegram drops empty lines
        touches=True,
    ),
}


def render(template: str, form: Format, **values: Any) -> str:
    html = _templates().get_template(f"{template}.html.j2").render(**values)
    return (
        html.strip() + "\n" if form == "html" else in_dialect(html, DIALECTS[form])
    )


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def in_dialect(html: str, dialect: Dialect) -> str:
    body = LexborHTMLParser(html).body
    assert body is not None
    paragraphs = (text for text in _paragraphs(body, dialect) if text)
    written = (text.replace("\n", dialect.line_end) for text in paragraphs)
    return dialect.blank_line.join(written) + "\n"


def _paragraphs(node: LexborNode, dialect: Dialect) -> Iterator[str]:
    for child in node.iter():
        if _is(child, "pw-only"):
            continue
        if child.tag == "table":
            rows = (_row(row, dialect) for row in child.css("tr"))
            yield "\n".join(rows)
        elif child.tag == "ul":
            items = (_lines(item, dialect, indent="  ") for item in child.iter())
            yield "\n".join(dialect.bullet + item for item in items)
        elif child.tag in ("h1", "h2", "h3"):
            yield _strong(child, dialect)
        elif child.tag == "p" and not _is(child, "pw-foot"):
            yield _lines(child, dialect)
        elif child.tag == "p":
            if dialect.footer is not None:
                yield dialect.footer + _lines(child, dialect)
        else:
            yield from _paragraphs(child, dialect)


def _row(row: LexborNode, dialect: Dialect) -> str:
    label, value = row.iter()
    return f"{_strong(label, dialect)} {_lines(value, dialect)}"


def _lines(node: LexborNode, dialect: Dialect, indent: str = "") -> str:
    lines = (line.strip() for line in _line(node, dialect).split("\n"))
    return f"\n{indent}".join(lines)


def _line(node: LexborNode, dialect: Dialect) -> str:
    """A hair space separates marks from letters and each other: most chats ignore them otherwise."""
    line, follows_mark = "", False
    for child in node.iter(include_text=True):
        piece = _piece(child, dialect)
        is_mark = child.tag in ("ins", "del") and not _is(child, "pw-all")
        touches = line and piece and not (line[-1].isspace() or piece[0].isspace())
        if touches and (is_mark or follows_mark) and not dialect.touches:
            line += _HAIR_SPACE
        line += piece
        follows_mark = is_mark
    return line


def _piece(node: LexborNode, dialect: Dialect) -> str:
    text = _SPACE.sub(" ", node.text())
    if node.tag == "-text":
        return dialect.escape(text)
    if _is(node, "pw-only"):
        return ""
    if node.tag == "br":
        return "\n"
    if node.tag == "a":
        url = node.attributes["href"] or ""
        if text == url and dialect is DIALECTS["text"]:
            return url
        return dialect.link.format(text=dialect.escape(text), url=url)
    if node.tag == "strong":
        return _strong(node, dialect)
    if _is(node, "pw-all"):
        return dialect.escape(text)
    if node.tag == "ins":
        return dialect.added.format(dialect.escape(text))
    if node.tag == "del":
        return dialect.removed.format(dialect.escape(text))
    return _line(node, dialect)


def _strong(node: LexborNode, dialect: Dialect) -> str:
    text = _SPACE.sub(" ", node.text()).strip()
    return dialect.strong.format(dialect.escape(text))


def _is(node: LexborNode, name: str) -> bool:
    return name in (node.attributes.get("class") or "").split()
