"""What can be quoted of a passage: a sentence or row, or the changed clauses of a long one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, pairwise

from analysis.diff.wording import ChangedSentence
from analysis.model import CELL, Passage
from analysis.text.word_lists import word_lists

MOST = 140  # characters of a quotation
LONGEST = 320  # of a sentence or clause that can't be cut without losing a denial
_LEAD_IN = 60  # characters of a governing line
_BORDER = re.compile(r"[;:,](?=\s)|\s[–—-](?=\s)|\)(?=\s)|\s(?=\()")
_COORDINATE = re.compile(r"[,;]\s(?:and|but|et|mais|und|aber|y|pero)\s")
_BULLET = re.compile(r"\s[•▪●*·]\s")
_BREAK = re.compile(r"\s[|•▪●*·]\s")
# that a sentence begins with
_SUBJECTS = (
    "service",
    "reader",
    "pointer",
    "article",
)
_EDGES = " \t\n,;|–—-•▪●*"
DENIAL = re.compile(
    r"(?i)\b(?:not|never|no|without|cannot|neither|nor|\w+n['’]t|(?:prohibit|forbid)\w*"
    r"|ne|n['’]\w+|pas|jamais|aucune?|sans|interdi\w+|kein\w*|nicht|nie|ohne|untersag\w*|sin|nunca)\b"
)


def quotable(
    passage: Passage, changed: Sequence[ChangedSentence]
) -> Iterator[ChangedSentence]:
    """Changed sentences; in a table whole rows, for a cell alone says nothing."""

    def line_of(sentence: ChangedSentence) -> tuple[str, int, int]:
        text = passage.texts[sentence.side]
        first, last = (
            text.rfind("\n", 0, sentence.start) + 1,
            text.find("\n", sentence.end),
        )
        last = len(text) if last < 0 else last
        is_row = CELL in text[first:last]
        return (
            (sentence.side, first, last)
            if is_row
            else (sentence.side, sentence.start, sentence.end)
        )

    for (_, start, end), group in groupby(changed, key=line_of):
        sentences = list(group)
        spans = tuple(span for sentence in sentences for span in sentence.spans)
        whole = all(sentence.whole for sentence in sentences)
        yield ChangedSentence(sentences[0].side, start, end, spans, whole)


def cut(
    text: str,
    sentence: ChangedSentence,
    most: int = MOST,
    holding: tuple[int, int] | None = None,
) -> tuple[int, int] | None:
    """Bounds of a quotation; None if none serves.

    Long sentences are cut at clauses around the changed words, with the beginning if it fits; never leaving out a
    preceding denial, nor the words from `holding` on, for which it is quoted.
    """
    start, end = _trimmed(text, sentence.start, sentence.end)
    is_short_row = end - start <= most and not _BULLET.search(text, start, end)
    if (
        _BREAK.search(text, start, end) and not is_short_row
    ):  # only one of the cells, or of former list items, is quoted
        start, end = max(
            _parts(text, start, end),
            key=lambda part: (_overlap(sentence, *part), -part[0]),
        )
    if end - start <= most:
        return (start, end) if start < end else None
    borders = [
        start,
        *(match.end() for match in _BORDER.finditer(text, start, end)),
        end,
    ]
    denied = [match.start() for match in DENIAL.finditer(text, start, end)]
    size = sum(last - first for first, last in sentence.spans)
    best: tuple[float, int, int] | None = None
    for at, left in enumerate(borders):
        if any(place < left for place in denied):
            break
        for until, right in enumerate(borders[at + 1 :], at + 2):
            first, last = _trimmed(text, left, right)
            if last - first > most:
                break
            if right < end and _hangs(
                text[a:b] for a, b in pairwise(borders[at:until])
            ):
                continue
            if holding and not (first <= holding[0] and holding[1] <= last):
                continue
            new = _overlap(sentence, first, last) / max(1, size)
            length = (last - first) / most
            worth = (
                new + 0.4 * length - 0.2 * any(place >= last for place in denied)
            )
            worth += 0.3 * (left == start) + _opening(text[first:last])
            if new and first < last and (best is None or worth > best[0]):
                best = worth, first, last
    if best is not None and best[2] - best[1] >= MOST // 3:
        return best[1], best[2]
    return _by_words(text, start, end, sentence, denied, most)


def quotation(
    text: str, sentence: ChangedSentence, changed: Iterable[ChangedSentence]
) -> tuple[int, int] | None:
    """What is quoted where a sentence leads: all of it, with the changed ones right beside it in its own line as far as
    there is room; of a longer one what `cut` leaves."""
    ends = cut(text, sentence, LONGEST)
    if ends is None or ends != cut(text, sentence, len(text)):
        return ends
    start, end = ends
    line_start, line_end = text.rfind("\n", 0, start) + 1, text.find("\n", end)
    line_end = len(text) if line_end < 0 else line_end
    beside = sorted(
        (each.start, each.end)
        for each in changed
        if each.side == sentence.side and line_start <= each.start < line_end
    )
    for first, last in beside:
        if (
            first >= end
            and not text[end:first].strip(' .;!?"”»)')
            and last - start <= LONGEST
        ):
            end = last
    for first, last in reversed(beside):
        if (
            last <= start
            and not text[last:start].strip()
            and end - first <= LONGEST
        ):
            start = first
    return start, end


def _parts(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    left = start
    for match in _BREAK.finditer(text, start, end):
        yield _trimmed(text, left, match.start())
        left = match.end()
    yield _trimmed(text, left, end)


def _overlap(sentence: ChangedSentence, start: int, end: int) -> int:
    """Changed characters."""
    return sum(max(0, min(end, b) - max(start, a)) for a, b in sentence.spans)


def _hangs(clauses: Iterable[str]) -> bool:
    """A condition without what follows from it: "While we do not share your name"."""
    first, *later = map(_first_word, clauses)
    openings = word_lists().openings
    return first in openings["condition"] | openings["place"] and not any(
        word in openings[subject] for word in later for subject in _SUBJECTS
    )


def _opening(clause: str) -> float:
    """An actor is a better beginning than a condition or aside."""
    word, openings = _first_word(clause), word_lists().openings
    if word in openings["service"] or word in openings["reader"]:
        return 0.3
    is_aside = clause.endswith(":") or clause.startswith("(")
    return -0.2 if is_aside or word in openings["condition"] else 0.0


def _first_word(clause: str) -> str:
    return clause.lstrip().partition(" ")[0].casefold()


def _by_words(
    text: str,
    start: int,
    end: int,
    sentence: ChangedSentence,
    denied: Sequence[int],
    most: int,
) -> tuple[int, int] | None:
    """Where no clause serves: up to the first changed words, or these with context."""
    first = min(a for a, _ in sentence.spans)
    if end - start <= LONGEST and denied:
        return start, end
    if any(place < first for place in denied) or first - start <= most // 2:
        left = start
    else:
        left = text.rfind(" ", start, first - most // 4) + 1 or start
    most = LONGEST if any(place < first for place in denied) else most
    if first - left > most - 20:
        return None
    right = end if end - left <= most else text.rfind(" ", left, left + most)
    if right < end:
        while (last := text.rfind(" ", left, right) + 1) > left and text[
            last:right
        ].casefold() in word_lists().function:
            right = last - 1
    left, right = _trimmed(text, left, right)
    return (left, right) if left < right else None


def denies(lead_in: Sequence[str]) -> bool:
    """Governing lines that forbid: "You must not:", but not "It is not exclusive, and has limits:"."""
    return any(DENIAL.search(_COORDINATE.split(line)[-1]) for line in lead_in)


def governing(line: str) -> str:
    """Its end, after the words of an earlier denial."""
    if len(line) <= _LEAD_IN:
        return line
    start = line.rfind(" ", 0, len(line) - _LEAD_IN) + 1
    denial = DENIAL.search(line, 0, start)
    if denial is None:
        return f"… {line[start:]}" if start else line
    subject = line.rfind(" ", 0, max(0, denial.start() - 1)) + 1
    opening = line[subject : line.find(" ", denial.end() + _LEAD_IN // 3)]
    before = "" if subject == 0 else "… "
    if subject + len(opening) >= start:
        return f"{before}{line[subject:]}"
    return f"{before}{opening} … {line[start:]}"


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """Without white space and separators at both ends."""
    while start < end and text[start] in _EDGES:
        start += 1
    while start < end and text[end - 1] in _EDGES:
        end -= 1
    return start, end
