"""What a language model is asked about a change: its word diff, within limits. Pure."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from analysis.text.sentence_ends import sentence_bounds
from foundation.vocabulary import TOPICS, gravity
from messages import Message
from notifier.escape import for_machines
from policywatch.reader.model import answer_schema
from storage.changes import StoredPassage
from storage.documents import PREVIEW

MOST = 12_000  # characters of all passages
_MOST_OF_ONE = 3_000  # of one, if several compete
_AROUND = 160  # unchanged characters around changes
_MARKS = {"same": "{}", "removed": "[-{}-]", "added": "{{+{}+}}"}
_DATED = frozenset(("looks.stamp", "looks.date"))
FIRST_ITEM = re.compile(r"\((?:a|1|i(?=\).*\(ii\)))\)\s")  # (i) also follows (h)
_ABOUT = """\
about: for each of "questions", by its number from 0: does this change bear on it? answer "yes" only where quotes of the
change show it, with one sentence that answers it under the same rules as a statement; else "no", with a short sentence.
"""


class Subject(NamedTuple):
    service: str
    title: str
    kind: str
    language: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """`shown` holds passages by number; `material` is all that the model is given."""

    subject: Subject
    languages: tuple[str, ...]
    about: tuple[str, ...]
    shown: Mapping[int, StoredPassage]
    material: str

    @property
    def messages(self) -> list[dict[str, str]]:
        task = _task() + (_ABOUT if self.about else "")
        return [
            {"role": "system", "content": task},
            {"role": "user", "content": self.material},
        ]

    @property
    def schema(self) -> dict[str, Any]:
        return answer_schema(self.languages, about=bool(self.about))

    @property
    def key(self) -> str:
        asked = json.dumps([self.messages, self.schema])
        return hashlib.sha256(asked.encode()).hexdigest()


def prompt_of(
    subject: Subject,
    passages: Sequence[StoredPassage],
    languages: Sequence[str],
    about: Sequence[str] = (),
    most: int = MOST,
) -> Prompt | None:
    """None where only form differs. The gravest passages first."""
    asked = [row for row in passages if row.marks and not _is_form(row)]
    if all(map(_is_dated, asked)):
        return None
    places = {row.position: _place(row, most) for row in asked}
    size = {number: len(json.dumps(place)) for number, place in places.items()}
    shown: list[StoredPassage] = []
    left = most
    for row in sorted(asked, key=lambda row: _weight(row, size[row.position])):
        left -= size[row.position]
        if left < 0 and shown:
            break
        shown.append(row)
    shown.sort(key=lambda row: row.position)
    facts: dict[str, Any] = {
        "service": subject.service,
        "document": subject.title,
        "kind": subject.kind,
        "language": subject.language,
        "languages": [*languages],
    }
    if subject.kind == PREVIEW:
        facts["known"] = "This text is announced and not in force yet."
    if about:
        facts["questions"] = [*about]
    if len(shown) < len(asked):
        facts["left_out"] = (
            f"{len(asked) - len(shown)} further passages, less grave"
        )
    facts["passages"] = [places[row.position] for row in shown]
    return Prompt(
        subject,
        tuple(languages),
        tuple(about),
        {row.position + 1: row for row in shown},
        for_machines(json.dumps(facts, ensure_ascii=False)),
    )


def _place(row: StoredPassage, most: int) -> dict[str, Any]:
    known = {"known": "these words stood on the page before"} if row.returns else {}
    under = {"under": row.heading} if row.heading else {}
    return (
        {"passage": row.position + 1} | under | known | {"text": _shown(row, most)}
    )


def _is_form(row: StoredPassage) -> bool:
    return row.operation == "moved" or not _DATED.issuperset(_suppressed(row))


def _is_dated(row: StoredPassage) -> bool:
    """As in "Last updated: 3 May"."""
    return not _DATED.isdisjoint(_suppressed(row))


def _suppressed(row: StoredPassage) -> Iterator[str]:
    for why in row.why:
        if isinstance(why, Message) and why.code == "why.suppressed":
            reason = why.params["reason"]
            yield reason.code if isinstance(reason, Message) else ""


def _weight(row: StoredPassage, size: int) -> tuple[bool, int, int, int]:
    """Dates, as they are short; the gravest; the longest."""
    length = -min(size, _MOST_OF_ONE)
    return not _is_dated(row), gravity(row.severity), length, row.position


def _shown(row: StoredPassage, most: int) -> str:
    last = len(row.marks) - 1
    runs = [
        (tag, _near(text, number > 0, number < last) if tag == "same" else text)
        for number, (tag, text) in enumerate(row.marks)
    ]
    size = sum(len(text) for _, text in runs)
    share = min(1.0, min(_MOST_OF_ONE, most) / max(1, size))
    return "".join(
        _MARKS[tag].format(_cut(text, share)) if text.strip() else text
        for tag, text in runs
    )


def _near(text: str, follows: bool, leads: bool) -> str:
    """Before a change also what governs it: the beginning of its sentence, or of a list in it ("Users may not (a)")."""
    if len(text) <= 2 * _AROUND + 40:
        return text
    head = text[:_AROUND].rpartition(" ")[0] if follows else ""
    if not leads:
        return f"{head} … "
    start, _ = sentence_bounds(text)[-1]
    stop = start + _AROUND
    for first in FIRST_ITEM.finditer(text):
        start = text.rfind(" ", 0, max(0, first.start() - _AROUND // 2)) + 1
        stop = first.end()
    tail = text[-_AROUND:].partition(" ")[2]
    if stop > len(text) - _AROUND or (follows and start == 0):
        return f"{head} … {tail}"
    return f"{head} … {text[start:stop].rpartition(' ')[0]} … {tail}"


def _cut(text: str, share: float) -> str:
    room = max(80, int(len(text) * share))
    return text if len(text) <= room else f"{text[:room].rpartition(' ')[0]} …"


@cache
def _task() -> str:
    topics = "\n".join(f"- {name}: {about}" for name, about in TOPICS.items())
    text = Path(__file__).with_name("task.txt").read_text("utf-8")
    return text.replace("TOPICS", topics)
