"""SQLite's write-ahead log: its newest pages, with chained checksums.

SQLite silently takes the log for ended at the first wrong page (https://sqlite.org/fileformat2.html#walformat).
"""

from __future__ import annotations

import struct

from storage.database import Database

_MAGIC = (0x377F0682, 0x377F0683)  # the second: big-endian checksums
_HEADER, _FRAME = 32, 24  # bytes


def truncation(database: Database) -> str | None:
    """Where the log ends too early. Blocks writers meanwhile."""
    file = database.sqlite_file
    if file is None:
        return None
    log = file.with_name(f"{file.name}-wal")
    with database.writing() as session:
        session.connection()  # begins the transaction
        written = log.read_bytes() if log.exists() else b""
    if not any(written):
        return None
    pages = _pages_before_the_break(written)
    if pages is None:
        return None
    return (
        f"the log of its newest pages, {log.name}, breaks off after {pages} pages: what was written later is lost. "
        "After a power cut this is harmless; otherwise the log is damaged"
    )


def _pages_before_the_break(log: bytes) -> int | None:
    """Up to the last commit, if an unreadable commit follows; else None.

    Pages behind the last commit are harmless: of a rollback, a killed program, or an earlier log.
    """
    magic, _, size, _, *salt = (
        struct.unpack(">6I", log[:24]) if len(log) >= _HEADER else (0, 0, 0, 0)
    )
    order = ">" if magic & 1 else "<"
    if magic not in _MAGIC or (
        sums := _summed((0, 0), log[:24], order)
    ) != struct.unpack(">2I", log[24:32]):
        return 0
    ended, is_broken = 0, False
    for number, at in enumerate(
        range(_HEADER, len(log) - _FRAME + 1, _FRAME + size), 1
    ):
        head, page = log[at : at + _FRAME], log[at + _FRAME : at + _FRAME + size]
        if [
            *struct.unpack(">2I", head[8:16])
        ] != salt:  # from before the log was restarted
            is_broken = True
            continue
        if not is_broken:
            sums = (
                _summed(_summed(sums, head[:8], order), page, order)
                if len(page) == size
                else (-1, -1)
            )
            is_broken = sums != struct.unpack(">2I", head[16:24])
        if struct.unpack(">I", head[4:8])[0]:  # the file's size afterwards: a commit
            if is_broken:
                return ended
            ended = number
    return None


def _summed(sums: tuple[int, int], data: bytes, order: str) -> tuple[int, int]:
    one, other = sums
    values = iter(struct.unpack(f"{order}{len(data) // 4}I", data))
    for left, right in zip(values, values, strict=True):
        one = (one + left + other) & 0xFFFFFFFF
        other = (other + right + one) & 0xFFFFFFFF
    return one, other
