"""What is special about a chat or another channel: its markup, the length of a message, whether it takes a file.

A channel that needs something of its own gets an entry in `CHANNELS`, and in `DIALECTS` if its markup is new.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from markupsafe import Markup
from markupsafe import escape as html_escape

from notifier.escape import markdown, without_mentions
from notifier.presentation import Mark

Chat = Literal["markdown", "slack", "discord", "teams", "tags"]

_HAIR_SPACE = "\u200a"
_HTML = re.compile(r"[<>]")
_SLACK_MARKS = re.compile(r"[*~`]|(?<!\w)_|_(?!\w)")
_NEXT_LINE = re.compile(r"(?<=[^\s])[ \t]*\n(?=[^\n])")


@dataclass(frozen=True, slots=True)
class Dialect:
    """`{}` is the text, escaped already; `line_end` ends a line that another one follows within a paragraph."""

    escape: Callable[[str], str]
    strong: str = "**{}**"
    removed: str = "~~{}~~"
    link: str = "[{text}]({url})"
    line_end: str = "  \n"
    blank_line: str = "\n\n"
    touches: bool = (
        False  # whether a mark may touch a letter or another mark and is still one
    )

    def bold(self, text: str) -> Markup:
        """The text, escaped and bold."""
        return Markup(self.strong.format(self.escape(text)))  # noqa: S704  # escaped for this chat

    def linked(self, text: str, url: str) -> Markup:
        """The text, escaped, leading to a URL that `web_link` has let through."""
        return Markup(self.link.format(text=self.escape(text), url=url))  # noqa: S704  # escaped for this chat

    def marked(self, marks: Sequence[Mark]) -> Markup:
        """Bold for added words, struck out for removed ones.

        Marks that touch a letter or each other are none to most chats, so a hair space stands between.
        """
        around = (
            {"added": self.strong, "removed": self.removed} if len(marks) > 1 else {}
        )
        out, ended_with_mark = "", False
        for kind, text in marks:
            pattern = around.get(kind)
            apart = out and not out[-1].isspace() and not text[0].isspace()
            if apart and (pattern or ended_with_mark) and not self.touches:
                out += _HAIR_SPACE
            out += (pattern or "{}").format(self.escape(text))
            ended_with_mark = pattern is not None
        return Markup(out)  # noqa: S704  # escaped for this chat

    def lines(self, rendered: str) -> str:
        """What a template printed, its line breaks such that this chat keeps them."""
        kept = _NEXT_LINE.sub(
            lambda _: self.line_end, re.sub(r"\n{3,}", "\n\n", rendered.strip())
        )
        return kept.replace("\n\n", self.blank_line) + "\n"


def _discord(text: str) -> str:
    """It knows backslashes, and no entities; `<` begins its mentions."""
    return _HTML.sub(r"\\\g<0>", markdown(text, entities=False))


def _slack(text: str) -> str:
    """Apprise makes Slack's entities of `\\<`. Slack has no escape for its marks; between spaces they are none."""
    text = _SLACK_MARKS.sub(rf"{_HAIR_SPACE}\g<0>{_HAIR_SPACE}", without_mentions(text))
    return re.sub(r"[<>\[\]]", r"\\\g<0>", text)


def _tags(text: str) -> str:
    return str(html_escape(without_mentions(text)))


DIALECTS: dict[str, Dialect] = {
    "markdown": Dialect(markdown),
    "discord": Dialect(_discord, line_end="\n"),
    # Teams' cards know no struck-out words, and show the tildes.
    "teams": Dialect(markdown, removed="\\[-{}-\\]"),
    "slack": Dialect(_slack, removed="~{}~", link="[{text}](<{url}>)", line_end="\n"),
    # What Telegram and Matrix let through of HTML.
    "tags": Dialect(
        _tags,
        strong="<b>{}</b>",
        removed="<del>{}</del>",
        link='<a href="{url}">{text}</a>',
        line_end="<br>\n",
        blank_line="<br>\n&nbsp;<br>\n",  # Telegram would lose a line that is quite empty
        touches=True,
    ),
}


@dataclass(frozen=True, slots=True)
class Channel:
    """The defaults are right for most of Apprise's services: Markdown where that is understood, and no file.

    `room` is what a message holds in truth, where Apprise says less or more; `counts_bytes` that it isn't characters.
    """

    markup: Chat = "markdown"
    room: int | None = None
    counts_bytes: bool = False
    reads_text: bool = (
        False  # a program reads it: plain text, unless the address says format=
    )
    file: Literal["within", "after"] | None = (
        None  # in the message, or as one more message after it
    )
    text_with_file: bool = False  # without one, an empty message would be posted too


# Most other services that take files are for phones, where a second message would be a second alarm.
CHANNELS: dict[str, Channel] = {
    "discord": Channel("discord", file="after"),
    "gchat": Channel("slack"),
    "slack": Channel("slack"),
    "tgram": Channel("tags", file="after"),
    **dict.fromkeys(
        ("matrix", "matrixs"), Channel("tags", file="after", text_with_file=True)
    ),
    **dict.fromkeys(("workflow", "workflows"), Channel("teams", room=12_000)),
    # ntfy makes a file of what is over 4,096 bytes, and a server that takes no files refuses it for good
    **dict.fromkeys(("ntfy", "ntfys"), Channel(room=4000, counts_bytes=True)),
    **dict.fromkeys(("json", "jsons"), Channel(reads_text=True, file="within")),
    **dict.fromkeys(("form", "forms", "xml", "xmls"), Channel(reads_text=True)),
}
_OTHER = Channel()


def channel_of(scheme: str) -> Channel:
    """What is special about the service of an Apprise URL."""
    return CHANNELS.get(scheme, _OTHER)
