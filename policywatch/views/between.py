"""The difference between two versions as the sum of stored changes.

Passages inherit topics, evidence and severity from their changes. Text that came and went in between is left out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from foundation.vocabulary import gravity
from storage.change_list import ListedChange, changes_to
from storage.changes import StoredPassage, passages_by_change
from storage.paragraphs import digest, texts_of
from storage.versions import Version, versions


@dataclass(frozen=True, slots=True)
class Step:
    version: Version
    row: ListedChange
    passages: list[StoredPassage]


@dataclass(frozen=True, slots=True)
class Sum:
    """`brought` has each position's steps, oldest first."""

    steps: list[Step]
    passages: list[StoredPassage]
    brought: Mapping[int, list[Step]]


def steps_between(session: Session, before: Version, after: Version) -> list[Step]:
    """Oldest first."""
    numbers = range(before.number + 1, after.number + 1)
    heads = [
        version
        for version in versions(session, after.document_id)
        if version.number in numbers
    ]
    rows = changes_to(session, [version.id for version in heads])
    stored = passages_by_change(session, [row.change.id for row in rows.values()])
    return [
        Step(version, row, stored.get(row.change.id, []))
        for version in heads
        if (row := rows.get(version.id)) is not None
    ]


def sum_of(
    steps: Sequence[Step],
    differences: Sequence[StoredPassage],
    before: Any,
    after: Any,
) -> Sum:
    history = _History(steps, _keys(texts_of(before)), _keys(texts_of(after)))
    passages, brought = [], {}
    for difference in differences:
        parts = history.parts(difference)
        passages.append(
            _with_classification(
                difference,
                [steps[number].passages[place] for number, place in parts],
            )
        )
        brought[difference.position] = [
            steps[number] for number in sorted({number for number, _ in parts})
        ]
    return Sum(list(steps), passages, brought)


_Part = tuple[int, int]  # numbers of a step and of a passage in it


class _History:
    """Follows lines through the steps, to the keys of both ends' lines."""

    def __init__(
        self, steps: Sequence[Step], before: set[str], after: set[str]
    ) -> None:
        self._steps, self._before, self._after = steps, before, after
        self._came: dict[str, list[_Part]] = {}
        self._went: dict[str, list[_Part]] = {}
        self._moved: dict[str, list[_Part]] = {}
        for number, step in enumerate(steps):
            for place, passage in enumerate(step.passages):
                is_moved = passage.operation == "moved"
                for key in _lines(passage.after):
                    (self._moved if is_moved else self._came).setdefault(
                        key, []
                    ).append((number, place))
                for key in () if is_moved else _lines(passage.before):
                    self._went.setdefault(key, []).append((number, place))

    def parts(self, difference: StoredPassage) -> list[_Part]:
        came, went = _lines(difference.after), _lines(difference.before)
        if difference.operation == "moved":
            return [part for key in came for part in self._moved.get(key, ())]
        # else they were renumbered or moved
        came, went = came - self._before or came, went - self._after or went
        began = [
            part for key in came for part in self._began(key, len(self._steps))
        ]
        ended = [part for key in went for part in self._ended(key, -1)]
        return list(dict.fromkeys(began + ended))

    def _began(self, key: str, until: int) -> Iterator[_Part]:
        """Its last addition before a step, and origins."""
        part = max(
            (part for part in self._came.get(key, ()) if part[0] < until),
            default=None,
        )
        if part:
            yield part
            for earlier in _lines(self._passage(part).before) - self._before:
                yield from self._began(earlier, part[0])

    def _ended(self, key: str, since: int) -> Iterator[_Part]:
        """Its removal after a step, and what became of it."""
        part = max(
            (part for part in self._went.get(key, ()) if part[0] > since),
            default=None,
        )
        if part:
            yield part
            for later in _lines(self._passage(part).after) - self._after:
                yield from self._ended(later, part[0])

    def _passage(self, part: _Part) -> StoredPassage:
        return self._steps[part[0]].passages[part[1]]


def _lines(text: str | None) -> set[str]:
    return _keys(text.split("\n")) if text else set()


def _keys(lines: Collection[str]) -> set[str]:
    return {key for line in lines if (key := digest(line))}


def _with_classification(
    difference: StoredPassage, parts: Sequence[StoredPassage]
) -> StoredPassage:
    """Topics of its parts, but those whose evidence all went since."""
    texts = {"before": difference.before or "", "after": difference.after or ""}
    evidence = [
        each
        for part in parts
        for each in part.evidence
        if each["text"] in texts[each["side"]]
    ]
    left = {each["topic"] for each in evidence}
    topics = dict.fromkeys(
        topic
        for part in parts
        for topic in part.topics
        if topic in left or all(each["topic"] != topic for each in part.evidence)
    )
    about = [part for part in parts if not topics.keys().isdisjoint(part.topics)]
    directions = {part.direction for part in about}
    return StoredPassage(
        change_id=0,  # of no single change
        position=difference.position,
        operation=difference.operation,
        heading=difference.heading,
        before=difference.before,
        after=difference.after,
        marks=difference.marks,
        topics=[*topics],
        evidence=[
            each for at, each in enumerate(evidence) if each not in evidence[:at]
        ],
        severity=min(
            (part.severity for part in about), key=gravity, default="none"
        ),
        direction="mixed"
        if len(directions) > 1
        else next(iter(directions), "none"),
    )
