"""Peculiarities of channels: markup, length, files.

A channel with its own gets an entry in `CHANNELS`, and in `DIALECTS` of `notifier/forms.py` if its markup is new.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Format = Literal["text", "html", "markdown", "slack", "discord", "teams", "tags"]


@dataclass(frozen=True, slots=True)
class Channel:
    """The defaults fit most of Apprise's services. `room` is the real limit where Apprise's is wrong; `counts_bytes`:
    it is not in characters.
    """

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
