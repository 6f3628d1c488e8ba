"""What is special about a channel: its markup, the length of a message, whether it takes a file.

A channel that needs something of its own gets an entry in `CHANNELS`, and in `DIALECTS` of `notifier/forms.py` if its
markup is new.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Format = Literal["text", "html", "markdown", "slack", "discord", "teams", "tags"]


@dataclass(frozen=True, slots=True)
class Channel:
    """The defaults are right for most of Apprise's services: Markdown where that is understood, and no file.

    `room` is what a message holds in truth, where Apprise says less or more; `counts_bytes` that it isn't characters.
    """

    markup: Format = "markdown"
    room: int | None = None
    counts_bytes: bool = False
    # a program reads it: plain text, unless the address says format=
    reads_text: bool = False
    # in the message, or as one more message after it
    file: Literal["within", "after"] | None = None
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
    return CHANNELS.get(scheme, _OTHER)
