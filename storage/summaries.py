"""What is stored of a change as a whole: the quotations of its summary, and the reasons of its classification."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

from messages import Message

QUOTED = ("data", "purposes", "recipients", "refuse", "excluded", "irreversible", "regions", "notice_links")


def answered(brief: Mapping[str, Any]) -> Iterator[tuple[str, bool, list[dict[str, Any]]]]:
    """The questions that a brief answers, whether the quotations are of the earlier text, and these."""
    for question, gone in product(QUOTED, (False, True)):
        if quotes := [quote for quote in brief.get(question, ()) if (quote["side"] == "before") == gone]:
            yield question, gone, quotes


def reasons(brief: Mapping[str, Any]) -> list[Message]:
    """Why the change as a whole is alerted or not."""
    return [Message.from_json(stored) for stored in brief.get("why", ())]
