"""Noise: what comes and goes, or differs between two answers, is news once; from then on the text in force keeps it as
last recorded, until the page settles (docs/decisions/0051). The operator hears of each place once.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby, pairwise
from typing import NamedTuple

from rapidfuzz import fuzz
from sqlmodel import Session

from analysis.model import Block, Page
from analysis.page_json import page_from_json
from analysis.text.normal import fingerprint, normalize_stable
from analysis.text.words import Edit, edits, without_islands, word_texts, words
from foundation.vocabulary import Cause, NoticeKind, Outcome
from messages import Message
from policywatch.ingest.alerting import CONFIRMATIONS
from storage.alternating import (
    ALTERNATES,
    AlternatingPassage,
    alternating_passages,
    turns_of,
)
from storage.changes import change_to
from storage.checks import VALID, Check, count_checks, later_than
from storage.database import Database
from storage.deliveries import Notice, notices_of
from storage.paragraphs import digest
from storage.versions import Version, current_version, versions_of_document

_STILL = timedelta(days=1)  # the shortest time in which a passage settles
_SHARED = 0.7  # share of the longer answer; with less in common one answer is another text
MEMORY = timedelta(
    weeks=3
)  # a passage that has not turned for so long does not alternate
_VERSIONS = 6  # among which one has the other state of an alternating passage
_CONTEXT = 3  # words around a difference
_SHOWN = 60  # characters


@dataclass(frozen=True, slots=True)
class Turns:
    """Recent turns on a document's page, by key, for a text that comes `at` a time; `good_checks` counts the checks
    that followed each turn.
    """

    rows: Mapping[str, AlternatingPassage]
    good_checks: Mapping[int, int]
    at: datetime  # no turn is older than `MEMORY`
    is_accepted: bool = False  # a person accepted the text in force

    def hold_still(self, before: Page, page: Page) -> tuple[Page, list[str]]:
        """The page with alternating passages, and whatever else turned lately in their places, as in `before`, the
        text in force; and the keys of those held so.

        If a person accepted the text in force and the page is back for the third good check, it is taken as it came:
        a mistaken acceptance must not freeze it.
        """
        stands, stood = {*passage_keys(page)}, {*passage_keys(before)}
        turned = {
            key
            for key, row in self.rows.items()
            if _stood(row, stood) != (key in stands)
        }
        alternating = {
            key
            for key, row in self.rows.items()
            if row.turns + (key in turned) >= ALTERNATES
        }
        unsettled = {
            key
            for key in alternating
            if key in turned or not self._has_settled(self.rows[key])
        }
        keys = sorted(self.rows.keys() & (stands ^ stood))
        if self.is_accepted and any(
            self._is_back(self.rows[key]) for key in keys if key not in turned
        ):
            return page, []
        return (
            (hold_still(before, page, keys, unsettled), keys)
            if unsettled
            else (page, [])
        )

    def has_stayed(self, before: Page, page: Page) -> bool:
        """All differences from the text in force have stood for three good checks."""
        keys = {*passage_keys(before)} ^ {*passage_keys(page)}
        return all(
            (row := self.rows.get(key)) is not None and self._is_back(row)
            for key in keys
            if key is not None
        )

    def _has_settled(self, row: AlternatingPassage) -> bool:
        """It has stood for a day, three checks, and twice its longest interval: what comes every Monday has not
        settled on Wednesday. A passage that only differed between two answers settles after three equal ones.
        """
        if row.only_differs:
            return self.good_checks[row.check_id] >= CONFIRMATIONS
        long_enough = max(_STILL, timedelta(seconds=2 * row.longest))
        return (
            self.at - row.turned_at >= long_enough
            and self.good_checks[row.check_id] >= CONFIRMATIONS
        )

    def _is_back(self, row: AlternatingPassage) -> bool:
        """Unlike the text in force for the third good check in a row."""
        return row.is_away and self.good_checks[row.check_id] + 2 >= CONFIRMATIONS


def load_turns(
    session: Session, document_id: str, current: Version | None, at: datetime
) -> Turns:
    rows = turns_of(session, document_id)
    checks = {row.check_id for row in rows.values()}
    good_checks = {
        id_: count_checks(session, document_id, VALID, later_than(id_))
        for id_ in checks
    }
    return Turns(
        rows,
        good_checks,
        at,
        is_accepted=current is not None and _is_accepted(session, current),
    )


def _is_accepted(session: Session, current: Version) -> bool:
    """By the change to it, or if it was re-extracted since, the one before."""
    change = change_to(session, current.id)
    while change is not None and change.cause == Cause.EXTRACTION:
        change = change_to(session, change.before_id)
    return change is not None and change.cause == Cause.ACCEPTED


class TurningText(NamedTuple):
    """The text in force with passages that alternate or wait; `is_away`: some are not as in the text."""

    page: Page
    turns: Turns
    is_away: bool

    def fingerprint_of(self, page: Page, in_force: str) -> str:
        """One for all states of what alternates, so that a page that turns is not new. The text in force's own only
        if nothing turned.
        """
        if fingerprint(page.blocks) == in_force and not self.is_away:
            return in_force
        return f"{fingerprint(self.turns.hold_still(self.page, page)[0].blocks)} in another state"


def turning_documents(
    session: Session, ids: Collection[str], now: datetime
) -> dict[str, TurningText]:
    """Of these documents, those with passages that alternate, or wait until they have stayed; by id."""
    texts: dict[str, TurningText] = {}
    for id_, rows in groupby(
        alternating_passages(session, ids, away=True),
        key=lambda row: row.document_id,
    ):
        is_away = any(row.is_away for row in rows)
        if (current := current_version(session, id_)) is not None:
            texts[id_] = TurningText(
                page_from_json(current.page),
                load_turns(session, id_, current, now),
                is_away,
            )
    return texts


def note_turns(
    session: Session, check: Check, before: Page, page: Page, recorded: Page
) -> None:
    """Record the turns between `before`, the text in force, and the check's `page`; `recorded` is in force from now
    on.
    """
    rows = turns_of(session, check.document_id)
    texts = {
        key: block.text
        for each in (before, page)
        for key, block in zip(passage_keys(each), each.blocks, strict=True)
    }
    stood, stands, in_force = (
        {*passage_keys(each)} for each in (before, page, recorded)
    )
    for key in {*texts, *rows}:
        row = rows.get(key) if key is not None else None
        if key is not None and (key in stands) != (
            key in stood if row is None else _stood(row, stood)
        ):
            row = row or AlternatingPassage(
                document_id=check.document_id,
                key=key,
                text=texts[key],
                stands=key in stands,
                since=check.checked_at,
                turned_at=check.checked_at,
                check_id=check.id,
            )
            if (
                row.only_differs
            ):  # both answers have it now, so it must stay from here on
                row.since = check.checked_at
            else:
                row.longest = max(
                    row.longest,
                    int((check.checked_at - row.turned_at).total_seconds()),
                )
                row.turns += 1
            row.turned_at, row.check_id = check.checked_at, check.id
        if row is not None:
            row.stands, row.is_away = (
                key in stands,
                (key in stands) != (key in in_force),
            )
            session.add(row)


def hold_still(
    before: Page, page: Page, passages: Collection[str], unsettled: Collection[str]
) -> Page:
    """The page with these passages as in `before`, wherever something `unsettled` differs. Of two states of one place
    one stands; if the page's words are new to both, those that stood there.
    """
    b, a = passage_keys(before), passage_keys(page)
    turned = set(passages) & ({*b} ^ {*a})
    blocks = []
    for run in edits(b, a):
        still = (
            set()
            if set(unsettled).isdisjoint([*b[run.b0 : run.b1], *a[run.a0 : run.a1]])
            else turned
        )
        new = [page.blocks[n] for n in range(run.a0, run.a1) if a[n] not in still]
        kept = {n for n in range(run.b0, run.b1) if b[n] in still}
        if not run.same:
            left_out = run.a1 - run.a0 - len(new)
            others = [n for n in range(run.b0, run.b1) if n not in kept]
            others.sort(key=lambda n: _likeness(before.blocks[n], new))
            kept |= {*others[: max(0, left_out - len(kept))]}
        blocks += [before.blocks[n] for n in sorted(kept)]
        blocks += new
    return replace(page, blocks=tuple(blocks))


def _likeness(block: Block, others: Sequence[Block]) -> float:
    """To its most similar one."""
    return max(
        (fuzz.ratio(block.text, other.text) for other in others), default=0.0
    )


def answers_differ(
    before: Page | None, first: Page, second: Page
) -> dict[str, bool] | None:
    """Passages of only one of two answers, and whether the second has them; None if too little is shared, or other
    things differ.
    """
    texts = [{block.text for block in page.blocks} for page in (first, second)]
    shared = sum(map(len, texts[0] & texts[1]))
    if shared < _SHARED * max(sum(map(len, side)) for side in texts):
        return None
    passages = {text: text in texts[1] for text in sorted(texts[0] ^ texts[1])}
    keys = {key for text in passages if (key := digest(text)) is not None}
    base = before or replace(second, blocks=())
    still = [hold_still(base, page, keys, keys) for page in (first, second)]
    return (
        passages
        if fingerprint(still[0].blocks) == fingerprint(still[1].blocks)
        else None
    )


def _stood(row: AlternatingPassage, stood: Collection[str | None]) -> bool:
    """On the page: for a passage held still, the text in force does not tell."""
    return (
        row.stands if row.is_away or row.turns >= ALTERNATES else row.key in stood
    )


def passage_keys(page: Page) -> list[str | None]:
    """Of each block; None without a letter."""
    return [digest(block.text) for block in page.blocks]


class Difference(NamedTuple):
    """The first place at which two texts differ: its words in each, and the titles above it."""

    before: str
    after: str
    titles: tuple[str, ...]

    def message(self, code: str) -> Message:
        return Message(code, one=_quoted(self.before), other=_quoted(self.after))


def _quoted(text: str) -> Message:
    return (
        Message("differing.words", text=text)
        if text
        else Message("differing.nothing")
    )


def find_difference(before: Page, after: Page) -> Difference | None:
    keys = [
        [normalize_stable(block.text) for block in page.blocks]
        for page in (before, after)
    ]
    run = next((run for run in edits(*keys) if not run.same), None)
    if run is None:
        return None
    gone = before.blocks[run.b0 : run.b1][:1]
    came = after.blocks[run.a0 : run.a1][:1]
    first, second = (blocks[0].text if blocks else "" for blocks in (gone, came))
    return Difference(*_first_words(first, second), (*gone, *came)[0].heading)


def _first_words(before: str, after: str) -> tuple[str, str]:
    runs = without_islands(edits(word_texts(before), word_texts(after)))
    run = next((run for run in runs if not run.same), Edit(False, 0, 0, 0, 0))
    return _in_context(before, run.b0, run.b1), _in_context(after, run.a0, run.a1)


def _in_context(text: str, first: int, last: int) -> str:
    """A few whole words around, without control characters."""
    near = words(text)[max(0, first - _CONTEXT) : last + _CONTEXT]
    if not near:
        return ""
    start, end = text.rfind(" ", 0, near[0].start) + 1, text.find(" ", near[-1].end)
    printable = "".join(
        sign if sign.isprintable() else " "
        for sign in text[start : end if end >= 0 else None]
    )
    shown = " ".join(printable.split())
    return (
        shown
        if len(shown) <= _SHOWN
        else f"{shown[:_SHOWN].rpartition(' ')[0] or shown[:_SHOWN]}…"
    )


def volatile_place(
    session: Session, passage: AlternatingPassage
) -> tuple[Message, int | None] | None:
    """How it turned last, and the newest change that brought or took it; None if no two of the newest texts differ by
    it.
    """
    newest = versions_of_document(session, passage.document_id, limit=_VERSIONS)
    pages = [page_from_json(version.page) for version in newest]
    for number, (after, before) in enumerate(pairwise(pages)):
        difference = find_difference(before, after)
        if difference and (passage.key in passage_keys(before)) != (
            passage.key in passage_keys(after)
        ):
            change = change_to(session, newest[number].id)
            reason = difference.message("differing.volatile")
            return reason, change.id if change is not None else None
    return None


def notify_noise(database: Database, check: Check) -> None:
    """Once for each place; a stopped run does so with the next differing text."""
    if check.outcome not in (Outcome.CHANGED, Outcome.COSMETIC, Outcome.UNCHANGED):
        return
    with database.reading() as session:
        longest = alternating_passages(session, [check.document_id])[:1]
        notices = notices_of(session, NoticeKind.VOLATILE, check.document_id)
        known = [notice.facts["place"][:1] for notice in notices]
        unknown = [passage for passage in longest if [passage.key] not in known]
        place = volatile_place(session, unknown[0]) if unknown else None
    if place is None:
        return
    reason, change_id = place
    facts = {
        "since": unknown[0].since.isoformat(),
        "reason": reason.to_json(),
        "place": [unknown[0].key],
        "change": change_id,
    }
    with database.writing() as session:
        session.add(Notice.of(check, NoticeKind.VOLATILE, **facts))
