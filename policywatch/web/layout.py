"""A stored page's blocks laid out again, and the later of two texts with what differs marked where it stands."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from typing import Any, Generic, Literal, TypeVar

from analysis.text.words import edits
from notifier.escape import web_link
from storage.changes import StoredPassage
from storage.paragraphs import anchor, texts_of

_TOP = 2  # the page's own title is level 1
_Age = TypeVar("_Age")


@dataclass(frozen=True, slots=True)
class Words:
    """`link` is None where none is safe to follow."""

    text: str
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One block, for a row its cells. `block` is its number in the page, from 0; `anchor` ends its id."""

    block: int
    words: tuple[Words, ...]
    anchor: str

    @property
    def text(self) -> str:
        return "".join(words.text for words in self.words)


@dataclass(frozen=True, slots=True)
class Part:
    """A heading (`level` 2 to 6) or paragraph of one line, or a list or table."""

    kind: Literal["heading", "paragraph", "list", "table"]
    lines: tuple[Line, ...]
    level: int = 0


@dataclass(frozen=True, slots=True)
class Stretch(Generic[_Age]):
    """As standing since the same version; None where unknown."""

    since: _Age | None
    parts: list[Part]


def stretches(
    page: dict[str, Any], since: Sequence[_Age | None]
) -> list[Stretch[_Age]]:
    """In reading order. `since` has an entry for each block. Blocks without words join what precedes them."""
    ages = list(since)
    for i in range(1, len(ages)):
        ages[i] = ages[i] or ages[i - 1]
    parts = _parts(page, ages)
    return [
        Stretch(age, list(run))
        for age, run in groupby(parts, key=lambda part: ages[part.lines[0].block])
    ]


def _parts(page: dict[str, Any], ages: Sequence[object]) -> list[Part]:
    """In reading order; lists and tables are cut where lines differ in age."""
    parts: list[Part] = []
    level = _TOP - 1
    ids = anchors(page)
    for (kind, _), run in groupby(
        enumerate(page["blocks"]),
        key=lambda each: (str(each[1]["kind"]), ages[each[0]]),
    ):
        blocks = list(run)
        words = _cells if kind == "row" else _linked
        lines = [
            Line(number, words(block), ids[number]) for number, block in blocks
        ]
        if kind == "item":
            parts.append(Part("list", tuple(lines)))
        elif kind == "row":
            parts.append(Part("table", tuple(lines)))
        elif kind == "heading":
            for line, (_, block) in zip(lines, blocks, strict=True):
                # screen readers' heading navigation skips no levels
                level = min(len(block["heading"]) + _TOP, level + 1, 6)
                parts.append(Part("heading", (line,), level))
        else:
            parts.extend(Part("paragraph", (line,)) for line in lines)
    return parts


def anchors(page: dict[str, Any]) -> list[str]:
    """Ids of blocks; of a repeated text, the first gets the id that links use."""
    ids: dict[str, None] = {}
    for number, text in enumerate(texts_of(page)):
        id_ = anchor(text)
        ids[id_ if id_ and id_ not in ids else f"b{number}"] = None
    return [*ids]


def _cells(block: dict[str, Any]) -> tuple[Words, ...]:
    return tuple(Words(cell) for cell in str(block["text"]).split(" | "))


def _linked(block: dict[str, Any]) -> tuple[Words, ...]:
    """Cut at its links."""
    text, links = str(block["text"]), block.get("links") or []
    words: list[Words] = []
    at = 0
    for link in links:
        named, url, start = link["text"], web_link(link["url"]), link["at"]
        if not url or start < at:
            continue
        words += [Words(text[at:start]), Words(named, url)]
        at = start + len(named)
    return tuple(part for part in [*words, Words(text[at:])] if part.text)


@dataclass(frozen=True, slots=True)
class MarkedStretch:
    """Blocks of the later text: those of one passage, or unchanged ones. `gone` stood before them."""

    gone: list[StoredPassage]
    passage: StoredPassage | None
    parts: list[Part]


def redline(
    passages: Sequence[StoredPassage], before: Any, after: Any
) -> list[MarkedStretch]:
    """`passages` are the differences of these pages, in the later one's order."""
    texts = texts_of(after)
    changed = _changed_blocks(passages, texts)
    gone = _gone(passages, texts_of(before), texts, {*changed.values()})
    by_position = {each.position: each for each in passages}
    ages, cuts = [], 0
    for number in range(len(texts)):
        cuts += number in gone
        ages.append((cuts, changed.get(number)))
    marked, shown = list[MarkedStretch](), set[int]()
    for stretch in stretches(after, ages):
        position = stretch.since[1] if stretch.since else None
        before_it = gone.pop(stretch.parts[0].lines[0].block, [])
        if position is None:
            marked.append(MarkedStretch(before_it, None, stretch.parts))
        elif position not in shown:
            passage = by_position[position]
            marked.append(MarkedStretch(before_it, passage, stretch.parts))
            shown.add(position)
        elif before_it:  # the block is shown with the first of its passage
            marked.append(MarkedStretch(before_it, None, []))
    rest = [each for number in sorted(gone) for each in gone[number]]
    return [*marked, MarkedStretch(rest, None, [])] if rest else marked


def _changed_blocks(
    passages: Sequence[StoredPassage], texts: Sequence[str]
) -> dict[int, int]:
    """By number of a block in the later text, the position of the passage that it is of."""
    places = _places(texts)
    changed: dict[int, int] = {}
    at = 0
    for passage in passages:
        first = None
        for line in passage.after.split("\n") if passage.after else ():
            same = places[line]
            from_here = islice(same, bisect_left(same, at), None)
            place = next((each for each in from_here if each not in changed), None)
            if place is not None:
                changed[place] = passage.position
                first = place if first is None else first
        at = at if first is None else first
    return changed


def _gone(
    passages: Sequence[StoredPassage],
    before: Sequence[str],
    after: Sequence[str],
    shown: Collection[int],
) -> dict[int, list[StoredPassage]]:
    """Passages without a block in the later text, by the number of the block that they preceded there."""
    later = dict[int, int]()  # by number of a block in the earlier text
    for run in edits(before, after):
        for number in range(run.b0, run.b1):
            later[number] = run.a0 + (number - run.b0 if run.same else 0)
    earlier = {text: iter(each) for text, each in _places(before).items()}
    gone: dict[int, list[StoredPassage]] = defaultdict(list)
    place = 0
    for passage in passages:
        if passage.position not in shown:
            first = (passage.before or "").partition("\n")[0]
            stood = next(earlier.get(first, iter(())), None)
            place = place if stood is None else later[stood]
            gone[place].append(passage)
    return gone


def _places(texts: Sequence[str]) -> dict[str, list[int]]:
    places: dict[str, list[int]] = defaultdict(list)
    for number, text in enumerate(texts):
        places[text].append(number)
    return places
