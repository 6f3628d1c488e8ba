"""Days in the chain: once a day an entry says what checks and messages there were, by the ids of the rows, as clocks
may be wrong.

A day of which the program itself took something away later, or read it again, can't be compared any more."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import NamedTuple

from sqlalchemy.orm import Mapped
from sqlmodel import Session, col, func, or_, select

from foundation.vocabulary import State
from storage.chain import ChainEntry, add_entry, entry_text, entry_time, next_link
from storage.checks import Check
from storage.clock import AHEAD, midnight
from storage.columns import ROWS, Condition
from storage.database import Database
from storage.deliveries import Delivery, DeliveryItem
from storage.documents import Document
from storage.integrity import Damage

_DAY = re.compile(r"day (\S+), (\d+) checks to (\d+), (\d+) messages to (\d+)")


class _Day(NamedTuple):
    at: datetime
    checks: int = 0
    last_check: int = 0
    messages: int = 0
    last_delivery: int = 0


def close_day(database: Database, now: datetime) -> None:
    """If anything is new."""
    with database.reading() as session:
        before = _last_day(session)
        if before is not None and before.at.date() == now.date():
            return
        known = before or _Day(now)
        between = midnight(now.date() - timedelta(days=1)), now + AHEAD
        last_check = _last_ended(
            session,
            col(Check.id),
            known.last_check,
            col(Check.checked_at).between(*between),
        )
        unsent = col(Delivery.state).in_((State.PENDING.value, State.SENDING.value))
        last_delivery = _last_ended(
            session,
            col(Delivery.id),
            known.last_delivery,
            unsent | col(Delivery.created_at).between(*between),
        )
        if (last_check, last_delivery) == (known.last_check, known.last_delivery):
            return
        checks, digest_of_checks = _digest(
            _checks(session, known.last_check, last_check, now)
        )
        messages, digest_of_messages = _digest(
            _messages(session, known.last_delivery, last_delivery, now)
        )
    comment = f"day {entry_time(now)}, {checks} checks to {last_check}, {messages} messages to {last_delivery}"
    with database.writing() as session:
        number, _ = next_link(session)
        if _last_day(session) == before:
            hashes = {
                f"checks-{number}.txt": digest_of_checks,
                f"messages-{number}.txt": digest_of_messages,
            }
            add_entry(session, partial(entry_text, comment=comment, hashes=hashes))


def _last_day(session: Session) -> _Day | None:
    days = select(ChainEntry).where(col(ChainEntry.text).like("# entry %: day %"))
    entry = session.exec(
        days.order_by(col(ChainEntry.number).desc()).limit(1)
    ).first()
    return _day(entry) if entry else None


def _day(entry: ChainEntry) -> _Day | None:
    match = _DAY.fullmatch(entry.comment)
    if match is None:
        return None
    at, *numbers = match.groups()
    return _Day(datetime.fromisoformat(at), *map(int, numbers))


def _last_ended(
    session: Session, id_: Mapped[int], after: int, is_open: Condition
) -> int:
    first = session.exec(select(func.min(id_)).where(id_ > after, is_open)).one()
    last = first - 1 if first else session.exec(select(func.max(id_))).one()
    return max(last or 0, after)


def _checks(
    session: Session,
    after: int,
    last: int,
    at: datetime,
    renames: Sequence[str] = (),
) -> Iterator[str]:
    """With the names that documents had then."""
    rows = select(Check.checked_at, Check.document_id, Check.outcome, Check.status)
    these = rows.where(Check.id > after, Check.id <= last, Check.checked_at < at)
    former: dict[str, str] = {}
    for rename in renames:
        old, _, new = rename.partition(" to ")
        former[new] = former.pop(old, old)
    for checked_at, document, outcome, status in session.exec(
        these.order_by(col(Check.id)).execution_options(yield_per=ROWS)
    ):
        name = former.get(document, document)
        yield f"{entry_time(checked_at)} {name} {outcome or '-'} {status or '-'}\n"


def _messages(
    session: Session, after: int, last: int, at: datetime
) -> Iterator[str]:
    """With digests of the addresses' names."""
    rows = select(Delivery.sent_at, DeliveryItem.address, DeliveryItem.alert_id)
    these = rows.join(DeliveryItem).where(
        Delivery.id > after,
        Delivery.id <= last,
        Delivery.state == State.SENT.value,
        col(Delivery.sent_at) < at,
        col(DeliveryItem.alert_id).is_not(None),
    )
    for sent_at, address, alert in session.exec(
        these.order_by(col(DeliveryItem.id)).execution_options(yield_per=ROWS)
    ):
        assert sent_at is not None, "the condition says so"
        digest = sha256(address.encode()).hexdigest()
        yield f"{entry_time(sent_at)} {digest} alert-{alert}\n"


def _digest(lines: Iterable[str]) -> tuple[int, str]:
    number, digest = 0, sha256()
    for line in lines:
        number += 1
        digest.update(line.encode())
    return number, digest.hexdigest()


def day_damage(counts: Counter[bool | None], session: Session) -> Iterator[Damage]:
    """`counts`: how many are as the chain counted them (True), or can't be compared (None)."""
    kinds = ("day", "removed", "renamed", "read", "thinned")
    wanted = [col(ChainEntry.text).like(f"# entry %: {kind} %") for kind in kinds]
    entries = session.exec(
        select(ChainEntry).where(or_(*wanted)).order_by(col(ChainEntry.number))
    ).all()
    days = [day for entry in entries if (day := _day(entry))]
    thinned_checks = session.exec(select(func.max(Document.thinned_to))).one() or 0
    thinned_deliveries, is_removed = 0, False
    read: list[int] = []
    renames: list[str] = []
    for entry in reversed(entries):  # what came later is known before the day
        kind, _, about = entry.comment.partition(", of ")
        match kind.partition(" ")[0]:
            case "removed" if "," not in about:
                is_removed = True
            case "renamed":
                renames.insert(0, about)
            case "read":
                read.append(_last_number(about))
            case "thinned":
                thinned_deliveries = max(thinned_deliveries, _last_number(about))
            case "day" if day := _day(entry):
                days.pop()
                _, _, check, _, delivery = days[-1] if days else _Day(day.at)
                checks = _checks(session, check, day.last_check, day.at, renames)
                messages = _messages(session, delivery, day.last_delivery, day.at)
                is_read = any(check < id_ <= day.last_check for id_ in read)
                has_fewer = is_removed or thinned_checks > check
                is_known = True
                # what there was, how many then, and whether the program itself changed some, or took some away
                for what, lines, then, others, fewer in (
                    ("checks", checks, day.checks, is_read, has_fewer),
                    (
                        "messages",
                        messages,
                        day.messages,
                        False,
                        is_removed or thinned_deliveries > delivery,
                    ),
                ):
                    number, digest = _digest(lines)
                    if f"{digest}  {what}-{entry.number}.txt" in entry.lines:
                        continue
                    is_known = False
                    if not (others or (fewer and number < then)):
                        closed = f"the day that {entry.name} closed"
                        yield Damage(
                            what, f"those of {closed} are not those that there were"
                        )
                counts[is_known or None] += 1


def _last_number(text: str) -> int:
    return int(text.rpartition(" ")[2])
