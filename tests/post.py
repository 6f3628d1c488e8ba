"""Plays the sending side of delivery: answers as a test wants, and remembers what went where."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlmodel import select

from messages import verbatim
from notifier.delivery import Deliveries, DeliveryRun
from notifier.notifications import Notification
from notifier.routes import Address, Route
from notifier.send import Result, send
from storage.database import Database
from storage.deliveries import OPERATOR as OPERATOR_ROUTE
from storage.deliveries import Delivery, Notice
from tests.owed import owe, route

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
OPERATOR = (Address("${OPS}", "json://unused"),)


class Post:
    """Stands at the `send` seam; answers by address, and remembers what went where."""

    def __init__(self, **answers: Result) -> None:
        self.answers = answers
        self.sent: list[tuple[str, Notification]] = []

    def __call__(self, address: Address, message: Notification) -> Result:
        self.sent.append((address.name, message))
        return self.answers.get(address.name.strip("${}"), Result(ok=True))

    def to(self, name: str) -> list[Notification]:
        return [
            message for address, message in self.sent if address == f"${{{name}}}"
        ]


TEMPORARY = Result(ok=False, answer=verbatim("status 500"))
PERMANENT = Result(ok=False, permanent=True, answer=verbatim("status 404"))


def deliver(
    database: Database,
    *routes: Route,
    post: Post,
    now: datetime = NOON,
    operator: tuple[Address, ...] = (),
    **options: Any,
) -> Deliveries:
    options.setdefault("now", lambda: now)
    return DeliveryRun(
        database,
        [*routes, Route(OPERATOR_ROUTE, operator)],
        send=post,
        chance=lambda: 0.5,
        sleep=lambda _: None,
        **options,
    ).deliver_due()


def rows(database: Database) -> list[Delivery]:
    with database.reading() as session:
        return list(session.exec(select(Delivery).order_by("id")))


def notices(database: Database) -> list[str]:
    with database.reading() as session:
        return [str(notice.facts) for notice in session.exec(select(Notice))]


def one_message(store: Database) -> Notification:
    """An alert as it is sent."""
    taken: list[Notification] = []

    def take(_address: Address, message: Notification) -> Result:
        taken.append(message)
        return Result(ok=True)

    owe(store, "team")
    DeliveryRun(
        store,
        [route("team", "json://unused")],
        base_url="https://watch.example",
        send=take,
    ).deliver_due()
    return taken[0]


def sent(store: Database, url: str, **options: Any) -> Result:
    """What came of sending an alert there."""
    return send(Address("${A}", url), one_message(store), **options)
