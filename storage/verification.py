"""Whether the captures are those that were written: each against its entry of the chain, and the entries in a row."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy.exc import NoResultFound
from sqlmodel import Session, col, select

from storage.captures import Capture, capture
from storage.chain import BEGINNING, ChainEntry, Timestamp, entry_name
from storage.errors import DamagedCapture

# what differs where a line of the entry does
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
    """One thing that is not as it was written; `about` is the document that it touches, else a table or the file."""

    about: str
    problem: str


def evidence_damage(session: Session) -> Iterator[Damage]:
    """All that differs from the chain, or breaks it."""
    yield from _chain_damage(session)
    yield from capture_damage(session)


def _chain_damage(session: Session) -> Iterator[Damage]:
    """The first broken link, and what the chain or a timestamp names and is missing."""
    captured: set[int] = set()
    removed: set[str] = set()
    previous, last, is_whole = BEGINNING, 0, True
    for entry in session.exec(
        select(ChainEntry)
        .order_by(col(ChainEntry.number))
        .execution_options(yield_per=500)
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
    for number in session.exec(
        select(Timestamp.entry).where(col(Timestamp.entry) > last)
    ):
        yield Damage(
            "chain",
            f"{entry_name(number)}, which has a timestamp, is missing: the chain ends at {last}",
        )


def missing_digests(digests: Collection[str], session: Session) -> Iterator[Damage]:
    """Those of entries (SHA-256), kept elsewhere, that no entry has any more."""
    left = {*digests}
    for entry in session.exec(select(ChainEntry).execution_options(yield_per=500)):
        left.discard(entry.sha256)
    for digest in sorted(left):
        yield Damage(
            "chain",
            f"no entry has the SHA-256 {digest}: the chain was cut before it, or written anew",
        )


def capture_damage(
    session: Session, only: Sequence[int | None] | None = None
) -> Iterator[Damage]:
    """The captures (or only those) that are not what the chain says of them."""
    wanted = select(Capture.id, Capture.document_id).order_by(col(Capture.id))
    if only is not None:
        wanted = wanted.where(col(Capture.id).in_(only))
    for id_, document in session.exec(wanted).all():
        for what in _differences(session, id_ or 0):
            yield Damage(document, f"capture {id_} is damaged: its {what}")


def _differences(session: Session, id_: int) -> list[str]:
    """What of it is not as its entry says."""
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
