"""What messages, pages and the terminal show of a stored change, and in which order."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from datetime import date
from itertools import product
from typing import Any, Literal

from messages import Message
from storage.changes import Change, StoredPassage
from storage.documents import PREVIEW
from storage.second_readings import SecondReading

QUESTIONS = ("data", "purposes", "recipients", "refuse", "excluded", "irreversible", "regions", "notice_links")
_MEANINGS = 3  # sentences of a language model on one change


def answered_questions(brief: Mapping[str, Any]) -> Iterator[tuple[str, bool, list[dict[str, Any]]]]:
    """Each question that the summary answers, whether its quotations are of the earlier text, and the quotations."""
    for question, gone in product(QUESTIONS, (False, True)):
        if quotes := [quote for quote in brief.get(question, ()) if (quote["side"] == "before") == gone]:
            yield question, gone, quotes


def reasons(brief: Mapping[str, Any]) -> list[Message]:
    """Why the change as a whole is alerted or not."""
    return [Message.from_json(stored) for stored in brief.get("why", ())]


def date_key(
    change: Change, kind: str, day: date | None = None
) -> Literal["dated", "announced_for", "since", "starting"]:
    """The key of the words for a change's effective date, or for another day; `kind` is the document's.

    An announcement takes effect on no day by itself, not even once its day is past.
    """
    day = day or change.effective_date
    if change.brief.get("dated"):
        return "dated"
    if kind == PREVIEW:
        return "announced_for"
    # a comparison of two files has no time of detection
    detected: date | None = change.detected_at.date() if change.detected_at is not None else None
    return "since" if day is not None and detected is not None and day < detected else "starting"


def group_alike(passages: Sequence[StoredPassage]) -> list[list[StoredPassage]]:
    """Passages that say the same in several places together, in the order of the first of each group."""
    groups: dict[Hashable, list[StoredPassage]] = {}
    for passage in passages:
        key = (passage.operation, passage.before, passage.after, tuple(passage.topics))
        groups.setdefault(key, []).append(passage)
    return list(groups.values())


def meanings(readings: Sequence[SecondReading]) -> dict[str, str]:
    """The language model's own words on a change, by language; first on the passages that it would alert of."""
    answers = sorted((row.answer for row in readings if row.answer), key=lambda answer: not answer["alert"])[:_MEANINGS]
    return {
        language: " ".join(answer["meaning"][language] for answer in answers if language in answer["meaning"])
        for language in sorted({language for answer in answers for language in answer["meaning"]})
    }
