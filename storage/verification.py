"""Whether captures and texts match their chain entries, and the entries each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sqlalchemy import LargeBinary, func, type_coerce
from sqlalchemy.exc import NoResultFound
from sqlalchemy.orm import defer
from sqlmodel import Session, col, select

from storage.captures import Capture, capture
from storage.chain import (
    BEGINNING,
    ChainEntry,
    Timestamp,
    entry_name,
    entry_time,
    last_timestamp,
)
from storage.checks import Check
from storage.columns import ROWS, decompressed
from storage.errors import DamagedCapture, DamagedValue
from storage.versions import Version, text_name
from storage.withdrawals import with_withdrawn

_SAMPLE = 64  # rows of a daily look
# by the line of the entry that differs
_DIFFERS = (
    *("time is not that of the fetch", "place in the chain is another"),
    *(
        "bytes are not those that were fetched",
        "headers are not those that were fetched",
    ),
    "address, status, type, size or hash is not that of what was fetched",
)


@dataclass(frozen=True, slots=True)
class Damage:
    """`about` is a document, else a table or the file."""

    about: str
    problem: str


def sample_of_day(ids: Sequence[int], day: int) -> Sequence[int]:
    """Others each day."""
    start = day * _SAMPLE % max(1, len(ids))
    return [*ids[start:], *ids[:start]][:_SAMPLE]


def evidence_damage(session: Session) -> Iterator[Damage]:
    yield from _chain_damage(session)
    yield from capture_damage(session)
    yield from text_damage(session)


def _chain_damage(session: Session) -> Iterator[Damage]:
    """The first broken link; captures and texts that are missing."""
    captured: set[int] = set()
    texts: dict[int, list[str]] = {}
    removed: set[str] = set()
    replaced: set[str] = set()
    previous, last, is_whole = BEGINNING, 0, True
    for entry in session.exec(
        select(ChainEntry)
        .order_by(col(ChainEntry.number))
        .execution_options(yield_per=ROWS)
    ):
        if is_whole and entry.lines[1:2] != [f"{previous}  {entry_name(last)}"]:
            is_whole = False
            broken = f"the chain is broken between {entry_name(last)} and {entry.name}"
            yield Damage(
                "chain",
                f"{broken}: an entry is missing, or {entry_name(last)} is another than was written",
            )
        if any(name.startswith("capture-") for name in entry.names):
            captured.add(entry.number)
        elif text_name(entry.number) in entry.names:
            texts[entry.number] = entry.names
            replaced.update(entry.names)
        else:
            removed.update(entry.names)
        previous, last = entry.sha256, entry.number
    captured.difference_update(session.exec(select(col(Capture.entry))))
    for name in map(entry_name, sorted(captured)):
        if name not in removed:
            yield Damage(
                "chain",
                f"the capture of {name} is missing, and no entry says that it was removed",
            )
    with with_withdrawn(session):
        stored = {*session.exec(select(Version.entry))}
    for number, names in texts.items():
        is_gone = not removed.isdisjoint(names)  # with its capture
        if not (number in stored or entry_name(number) in replaced or is_gone):
            yield Damage("chain", f"the text of {entry_name(number)} is missing")
    for number in session.exec(
        select(Timestamp.entry).where(col(Timestamp.entry) > last)
    ):
        yield Damage(
            "chain",
            f"{entry_name(number)}, which has a timestamp, is missing: the chain ends at {last}",
        )


def text_damage(
    session: Session, only: Sequence[int | None] | None = None
) -> Iterator[Damage]:
    renamed = select(ChainEntry).where(
        col(ChainEntry.text).like("# entry %: renamed %")
    )
    renames = session.exec(renamed.order_by(col(ChainEntry.number))).all()
    parts = select(Capture.id, Capture.head_id, Capture.entry, Capture.document_id)
    page = type_coerce(col(Version.page), LargeBinary)
    wanted = (
        select(Version, page, ChainEntry)
        .options(defer(Version.page))
        .outerjoin(ChainEntry, col(ChainEntry.number) == Version.entry)
        .order_by(col(Version.id))
    )
    if only is not None:
        wanted = wanted.where(col(Version.id).in_(only))
        heads = select(Version.capture_id).where(col(Version.id).in_(only))
        parts = parts.where(
            col(Capture.id).in_(heads) | col(Capture.head_id).in_(heads)
        )
    captures: dict[int | None, set[tuple[str, str]]] = defaultdict(set)
    with with_withdrawn(session):
        for id_, head, number, document in session.exec(parts):
            captures[head or id_].add((entry_name(number), document))
        rows = session.exec(wanted.execution_options(yield_per=ROWS))
        for version, stored, entry in rows:
            problem = (
                "has no entry in the chain; `policywatch read --again` writes it"
                if entry is None
                else _text_problem(
                    version, stored, entry, captures[version.capture_id], renames
                )
            )
            if problem:
                text = f"the text of version {version.number} {problem}"
                yield Damage(version.document_id, text)


def _text_problem(
    version: Version,
    stored: bytes,
    entry: ChainEntry,
    captures: Collection[tuple[str, str]],
    renames: Sequence[ChainEntry],
) -> str | None:
    """`stored` is its page, `captures` are their entries' names and documents."""
    what, _, document = entry.comment.partition(", of ")
    for rename in renames:
        old, _, new = rename.comment.partition(", of ")[2].partition(" to ")
        if rename.number > entry.number and old == document:
            document = new
    try:
        digest = sha256(decompressed(stored)).hexdigest()
    except DamagedValue:
        digest = ""
    if f"{digest}  {text_name(entry.number)}" not in entry.lines:
        return "is not the one that was extracted"
    if what != f"text {entry_time(version.captured_at)}":
        return "has another time than the chain says"
    if {document} != {version.document_id, *(name for _, name in captures)}:
        return "or its capture is of another document than the chain says"
    others = {*entry.names} - {text_name(entry.number)}
    former = others - {name for name, _ in captures}
    is_known = all(name.startswith("entry-") for name in former)
    if len(others) != len(captures) + len(former) or len(former) > 1 or not is_known:
        return "is of another capture than the chain says"
    return None


def unsigned_since(session: Session) -> datetime | None:
    """When the oldest capture without a timestamp was fetched; None if all have one."""
    last = last_timestamp(session)
    fetched = select(func.min(Check.checked_at)).join(
        Capture, col(Capture.id) == Check.capture_id
    )
    return session.exec(
        fetched.where(col(Capture.entry) > (last.entry if last else 0))
    ).one()


def missing_digests(digests: Collection[str], session: Session) -> Iterator[Damage]:
    """SHA-256 of entries, kept elsewhere, that no entry has any more."""
    left = {*digests}
    for entry in session.exec(select(ChainEntry).execution_options(yield_per=ROWS)):
        left.discard(entry.sha256)
    for digest in sorted(left):
        yield Damage(
            "chain",
            f"no entry has the SHA-256 {digest}: the chain was cut before it, or written anew",
        )


def capture_damage(
    session: Session, only: Sequence[int] | None = None
) -> Iterator[Damage]:
    wanted = select(Capture.id, Capture.document_id).order_by(col(Capture.id))
    if only is not None:
        wanted = wanted.where(col(Capture.id).in_(only))
    for id_, document in session.exec(wanted).all():
        for what in _differences(session, id_):
            yield Damage(document, f"capture {id_} is damaged: its {what}")


def _differences(session: Session, id_: int) -> list[str]:
    try:
        row = capture(session, id_)
        entry = session.get_one(ChainEntry, row.entry)
        written = row.entry_text(
            entry.number, entry.lines[1].partition("  ")[0]
        ).splitlines()
    except DamagedCapture:
        return [_DIFFERS[2]]
    except (NoResultFound, ValueError, TypeError, IndexError):
        return ["time, headers or entry can't be read"]
    session.expunge(row)
    differences = [
        what
        for what, now, then in zip(_DIFFERS, written, entry.lines, strict=False)
        if now != then
    ]
    return differences or (
        ["entry is not the one that was written"] if written != entry.lines else []
    )
