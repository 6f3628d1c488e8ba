"""Subscribers: readers who entered their own address; the row, and the address, go with the subscription."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlalchemy import JSON, update
from sqlmodel import Field, Session, SQLModel, col, func, or_, select

from foundation.vocabulary import State
from storage.database import AdvisoryLock, take
from storage.deliveries import Delivery, create_delivery, drop_unsent

VALID_FOR = timedelta(days=3)  # of the confirmation link
_DAY = timedelta(days=1)  # in which an address gets one
# parked messages after which nothing more is sent
_MOST_FAILED = 3
_NAME = "[subscriber "  # of no route of a watchlist


class Subscriber(SQLModel, table=True):
    """Nothing is sent before `confirmed_at`. `token`, in links, is the right to confirm, edit and unsubscribe."""

    __tablename__ = "subscribers"

    id: int = Field(default=None, primary_key=True)
    name: str = Field(
        default_factory=lambda: f"{_NAME}{secrets.token_hex(4)}]", unique=True
    )
    token: str = Field(
        default_factory=lambda: secrets.token_urlsafe(24), unique=True
    )
    address: str = Field(unique=True)  # lower case
    topics: list[str] = Field(sa_type=JSON)  # all if empty
    service: str | None = None  # all without
    document: str | None = None  # instead of the service
    when: str = "at once"  # as a route's
    severity: str
    language: str
    requested_at: datetime
    confirmed_at: datetime | None = None

    def choose(self, asked: Subscriber) -> None:
        for choice in (
            "topics",
            "service",
            "document",
            "when",
            "severity",
            "language",
        ):
            setattr(self, choice, getattr(asked, choice))


def is_subscriber(route: str) -> bool:
    return route.startswith(_NAME)


def sign_up(session: Session, subscriber: Subscriber, most: int) -> bool:
    """The confirmation mail goes out at most once a day and mailbox; a subscriber gets the link to the subscription.
    False once the `most` mails of a day are used up.
    """
    take(
        session, AdvisoryLock.PLANNING
    )  # of two sign-ups at once, the second finds the first
    since = subscriber.requested_at - _DAY
    if (
        session.exec(
            select(func.count()).where(Subscriber.requested_at > since)
        ).one()
        >= most
    ):
        return False
    row = _of_mailbox(session, subscriber.address)
    if row is not None and row.confirmed_at is None:
        row.choose(subscriber)  # the mailbox's owner decides
    if row is None or row.requested_at <= since:
        if (
            row is None
            or row.confirmed_at is None
            or row not in subscribers(session)
        ):
            unsubscribe(session, *([row] if row else []))
            session.add(subscriber)
            row = subscriber
        row.requested_at = subscriber.requested_at
        create_delivery(
            session, "confirmation", row.name, row.name, row.requested_at
        )
    return True


def _of_mailbox(session: Session, address: str) -> Subscriber | None:
    """name+anything@host is delivered to name@host."""
    local, _, host = address.rpartition("@")
    plain = local.partition("+")[0] or local
    tagged = col(Subscriber.address).startswith(f"{plain}+", autoescape=True)
    same = or_(Subscriber.address == f"{plain}@{host}", tagged)
    of_host = col(Subscriber.address).endswith(f"@{host}", autoescape=True)
    return session.exec(
        select(Subscriber).where(same, of_host).order_by(col(Subscriber.id))
    ).first()


def subscribers(session: Session) -> list[Subscriber]:
    """Unconfirmed ones included, except those whose messages keep failing."""
    failed = (
        select(Delivery.route)
        .where(Delivery.state == State.PARKED.value)
        .group_by(Delivery.route)
    )
    unreachable = failed.having(func.count() >= _MOST_FAILED)
    return list(
        session.exec(
            select(Subscriber).where(col(Subscriber.name).not_in(unreachable))
        )
    )


def signed_up(session: Session) -> list[Subscriber]:
    """All, the newest first."""
    return list(
        session.exec(select(Subscriber).order_by(col(Subscriber.id).desc()))
    )


def subscriber_of(session: Session, token: str, now: datetime) -> Subscriber | None:
    """None if it ended, or was not confirmed in time."""
    holds = col(Subscriber.confirmed_at).is_not(None) | (
        Subscriber.requested_at >= now - VALID_FOR
    )
    return session.exec(
        select(Subscriber).where(Subscriber.token == token, holds)
    ).first()


def unsubscribe(session: Session, *gone: Subscriber) -> None:
    for subscriber in gone:
        drop_unsent(session, subscriber.name)
        session.delete(subscriber)
    session.flush()


def follow_instead(session: Session, old: str, new: str) -> None:
    """Of documents."""
    following = update(Subscriber).where(col(Subscriber.document) == old)
    session.exec(following.values(document=new))


def forget_unconfirmed(session: Session, now: datetime) -> None:
    late = (
        col(Subscriber.confirmed_at).is_(None),
        Subscriber.requested_at < now - VALID_FOR,
    )
    unsubscribe(session, *session.exec(select(Subscriber).where(*late)).all())
