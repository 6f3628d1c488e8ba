"""Flagged passages for a message, the weightiest first, cut to a length."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import groupby

from foundation.vocabulary import gravity
from messages import Catalogue
from notifier.escape import clean
from notifier.summary import Mark
from storage.changes import Change, StoredPassage
from storage.paragraphs import anchor

_SEPARATOR = " › "
_CONTEXT = 160  # unchanged characters on each side


@dataclass(frozen=True, slots=True)
class Excerpt:
    """`url` is its place in a version."""

    passage: StoredPassage
    heading: str
    operation: str
    topics: tuple[str, ...]
    marks: tuple[Mark, ...]
    url: str | None

    def within(self, length: int) -> tuple[Mark, ...]:
        """Unchanged words far from changes go first."""
        return cut_marks(_near_changes(self.marks), length)


def excerpts(
    words: Catalogue,
    change: Change,
    passages: Sequence[StoredPassage],
    texts: tuple[str, str] | None,
) -> tuple[Excerpt, ...]:
    """The meaning's passage, then by sections, the gravest first."""
    is_whole = change.is_unclassified
    flagged = [each for each in passages if each.topics or is_whole]
    following = [*flagged, None][1:]
    alike = group_alike(
        [
            passage
            for passage, after in zip(flagged, following, strict=True)
            if after is None or not _is_title(passage, after)
        ]
    )
    ordered = _gravest_first(alike, change.brief.get("place"))
    return tuple(_excerpt(words, same, texts) for same in ordered)


def group_alike(passages: Sequence[StoredPassage]) -> list[list[StoredPassage]]:
    groups: dict[Hashable, list[StoredPassage]] = {}
    for passage in passages:
        key = (
            passage.operation,
            passage.before,
            passage.after,
            tuple(passage.topics),
        )
        groups.setdefault(key, []).append(passage)
    return list(groups.values())


def _is_title(passage: StoredPassage, after: StoredPassage) -> bool:
    """A title that comes or goes with its section says nothing more."""
    operation = passage.operation
    title = {"added": passage.after, "removed": passage.before}.get(operation)
    is_above = [*passage.heading, title] == after.heading
    return title is not None and operation == after.operation and is_above


def _gravest_first(
    alike: Sequence[list[StoredPassage]], place: int | None
) -> list[list[StoredPassage]]:
    heads = [same for same in alike if place in [each.position for each in same]]
    under = heads[0][0].heading if heads else None
    others = (same for same in alike if same not in heads)
    sections: list[tuple[int, bool, list[list[StoredPassage]]]] = []
    for heading, section in groupby(others, key=lambda same: same[0].heading):
        run = list(section)
        gravest = min(gravity(each.severity) for same in run for each in same)
        sections.append((gravest, heading != under, run))
    sections.sort(key=lambda section: section[:2])
    return [*heads, *(same for _, _, run in sections for same in run)]


def _excerpt(
    words: Catalogue,
    same: Sequence[StoredPassage],
    texts: tuple[str, str] | None,
) -> Excerpt:
    passage, places = same[0], len(same)
    heading = _SEPARATOR.join(map(clean, passage.heading))
    operation = words.term("operation", passage.operation)
    return Excerpt(
        passage,
        heading=heading or words("say.start_of_page"),
        operation=operation + (words("say.places", n=places) if places > 1 else ""),
        topics=tuple(
            clean(words.term("topics", topic)) for topic in passage.topics
        ),
        marks=_trimmed([(kind, clean(text)) for kind, text in passage.word_diff]),
        url=_place(passage, texts) if texts else None,
    )


def _place(passage: StoredPassage, texts: tuple[str, str]) -> str:
    is_gone = passage.after is None
    text, url = (passage.before, texts[0]) if is_gone else (passage.after, texts[1])
    id_ = anchor((text or "").split("\n")[0])
    return f"{url}#{id_}" if id_ else url


def _trimmed(marks: Sequence[Mark]) -> tuple[Mark, ...]:
    """White space at the edges goes outside, where a mark would show nothing."""
    runs: list[Mark] = []
    for kind, text in marks:
        words = text.strip()
        if kind == "same" or not words:
            runs.append(("same", text if kind != "removed" else ""))
        else:
            lead, _, tail = text.partition(words)
            runs += [("same", lead), (kind, words), ("same", tail)]
    joined: list[Mark] = []
    for kind, text in runs:
        spare = text.lstrip() if not joined or joined[-1][1].endswith(" ") else text
        if spare and joined and joined[-1][0] == kind:
            joined[-1] = (kind, joined[-1][1] + spare)
        elif spare:
            joined.append((kind, spare))
    return tuple(joined)


def _near_changes(marks: tuple[Mark, ...]) -> tuple[Mark, ...]:
    near: list[Mark] = []
    last = len(marks) - 1
    for place, (kind, text) in enumerate(marks):
        before = 0 if place == 0 else _CONTEXT
        after = 0 if place == last else _CONTEXT
        if kind != "same" or last == 0 or len(text) <= before + after + 20:
            near.append((kind, text))
            continue
        head = text[:before].rpartition(" ")[0] or text[:before]
        tail = (text[-after:].partition(" ")[2] or text[-after:]) if after else ""
        near.append((kind, f"{head} … {tail}" if head else f"… {tail}"))
    return tuple(near)


def cut_marks(marks: tuple[Mark, ...], length: int) -> tuple[Mark, ...]:
    kept: list[Mark] = []
    for kind, text in marks:
        if len(text) > length:
            space = text.rfind(" ", 0, length)
            text = text[: space if space > 0 else length].rstrip() + " …"
            return (*kept, (kind, text))
        kept.append((kind, text))
        length -= len(text)
    return tuple(kept)
