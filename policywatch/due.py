"""When each document is to be checked again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from zlib import crc32

from policywatch.entries import DocumentEntry, span
from storage.checks import Check
from storage.clock import is_ahead

_EARLY = timedelta(minutes=10)
NEVER = datetime.min.replace(tzinfo=UTC)


def due_at(
    entry: DocumentEntry, last: Check | None, pause: datetime | None = None, *, now: datetime, spread: bool = False
) -> datetime:
    """The time of the document's next check, `NEVER` (the past) for one that was never checked.

    A last check that lies in the future was made under a wrong clock: it holds up the next one no more than none would.

    Not before the end of the `pause` that its server asked for.

    With `spread`, up to a tenth of the interval later, by its id: documents of one interval do not all come at once.
    """
    if last is None or is_ahead(last.checked_at, now):
        return pause or NEVER
    every = span(entry.every)
    later = every * (crc32(entry.id.encode()) % 1000) / 10_000 if spread else timedelta()
    return max(last.checked_at + every + later, pause or NEVER)


def due(
    entries: Iterable[DocumentEntry], last: Mapping[str, Check], pauses: Mapping[str, datetime], now: datetime
) -> list[DocumentEntry]:
    """The documents that a scheduled run checks now; `pauses` are those that their servers asked for, by id.

    A tenth of the interval early (at most ten minutes) counts as due: a job that starts every six hours sharp comes
    some seconds before its own last check is six hours old, and must not skip every second turn. A pause
    counts in full.
    """
    return [
        entry
        for entry in entries
        if pauses.get(entry.id, NEVER) <= now
        and due_at(entry, last.get(entry.id), now=now) <= now + min(_EARLY, span(entry.every) / 10)
    ]
