"""Delivery through kills, crashes, two at once and clocks that are wrong."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from foundation.vocabulary import ReviewState, State
from notifier.delivery import Deliveries, DeliveryRun
from notifier.notifications import Notification
from notifier.plan import plan
from notifier.routes import Address, AfterReview, Route
from notifier.send import Result
from storage.clock import utc_now
from storage.database import Database
from storage.deliveries import Delivery
from storage.lock import is_dead, this_process
from tests import warm
from tests.inbox import mail_server, webhook
from tests.owed import POLICY, owe, route
from tests.post import (
    MINUTE,
    NOON,
    OPERATOR,
    PERMANENT,
    TEMPORARY,
    Post,
    deliver,
    rows,
)
from tests.test_delivery_review import review
from tests.test_events import TERMS, find, flagged


def test_a_permanent_refusal_is_parked_at_once_and_told_to_the_operator_once(
    database: Database,
) -> None:
    owe(database, "team")
    post = Post(A=PERMANENT)
    team = route("team", "json://a", "json://b")
    assert deliver(database, team, post=post, operator=OPERATOR) == Deliveries(
        sent=2, failed=1, pending=0
    )
    assert deliver(database, team, post=post, operator=OPERATOR) == Deliveries(
        0, 0, 0
    )
    (told,) = post.to("OPS")
    assert "${A} (route team) failed permanently: status 404" in told.text


def test_a_clock_set_back_an_hour_delays_and_neither_loses_nor_doubles(
    database: Database,
) -> None:
    owe(database, "team")
    team = route("team", "json://a")
    post = Post(A=TEMPORARY)
    deliver(database, team, post=post)
    good = Post()
    deliver(database, team, post=good, now=NOON - timedelta(hours=1))
    owe(database, "team")
    deliver(database, team, post=good, now=NOON - timedelta(minutes=59))
    assert len(good.sent) == 1
    deliver(database, team, post=good, now=NOON + 5 * MINUTE)
    deliver(database, team, post=good, now=NOON + 9 * MINUTE)
    assert len(good.sent) == 2


def test_a_delivery_planned_under_a_clock_a_year_ahead_is_not_stuck(
    database: Database,
) -> None:
    owe(database, "team")
    team = route("team", "json://a")
    deliver(database, team, post=Post(A=TEMPORARY), now=NOON + timedelta(days=365))
    assert deliver(database, team, post=Post()).sent == 1


def test_a_send_that_breaks_the_program_leaves_its_delivery_for_the_next_run(
    database: Database,
) -> None:
    owe(database, "team")
    team = route("team", "json://a")

    def interrupted(_address: Address, _message: Notification) -> Result:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        DeliveryRun(
            database, [team], send=interrupted, now=lambda: NOON
        ).deliver_due()
    assert [row.state for row in rows(database)] == [State.PENDING]
    assert deliver(database, team, post=Post(), now=NOON + 5 * MINUTE).sent == 1


def test_what_breaks_the_program_holds_up_no_other(database: Database) -> None:
    team = route("team", "json://a")
    bad = owe(database, "team")
    post = Post()

    def send(address: Address, message: Notification) -> Result:
        if re.search(rf"/changes/{bad}\b", message.text):
            raise ZeroDivisionError
        return post(address, message)

    site = "https://watch.example"
    with pytest.raises(ZeroDivisionError):
        DeliveryRun(
            database, [team], send=send, base_url=site, now=lambda: NOON
        ).deliver_due()
    owe(database, "team")
    with pytest.raises(ZeroDivisionError):
        DeliveryRun(
            database,
            [team],
            send=send,
            base_url=site,
            now=lambda: NOON + timedelta(days=1),
        ).deliver_due()
    assert len(post.sent) == 1


def test_what_breaks_the_program_for_a_day_is_parked_and_told(
    database: Database,
) -> None:
    owe(database, "team")
    team = route("team", "json://a")

    def send(_address: Address, _message: Notification) -> Result:
        raise ZeroDivisionError

    for time in (NOON + timedelta(hours=5 * turn) for turn in range(6)):
        with pytest.raises(ZeroDivisionError):
            DeliveryRun(
                database,
                [team, Route("[operator]", OPERATOR)],
                send=send,
                now=lambda time=time: time,
            ).deliver_due()  # type: ignore[misc]
        row = rows(database)[0]
        assert str(row.error) == "sending failed: ZeroDivisionError"
    assert row.state == State.PARKED
    post = Post()
    deliver(
        database, team, post=post, operator=OPERATOR, now=NOON + timedelta(days=2)
    )
    assert "failed permanently: sending failed" in post.to("OPS")[0].text


def claimed(database: Database, by: str, age: timedelta) -> None:
    owe(database, "team")
    with database.writing() as session:
        plan(session, [route("team", "json://a")], NOON)
        (row,) = session.exec(select(Delivery))
        row.state, row.claimed_by, row.claimed_at, row.attempts = (
            State.SENDING.value,
            by,
            NOON - age,
            1,
        )


def dead_process() -> str:
    ended = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"],
        capture_output=True,
        check=True,
    )
    host, _, started = this_process().rsplit(":", 2)
    return f"{host}:{int(ended.stdout)}:{started}"


@pytest.mark.parametrize(
    ("by", "age", "sent"),
    [
        (dead_process, MINUTE, 1),
        (this_process, MINUTE, 0),
        (
            lambda: this_process().rsplit(":", 1)[0] + ":0.1",
            MINUTE,
            1,
        ),  # the number is ours, the process was another
        (lambda: "elsewhere:1:2", MINUTE, 0),
        (lambda: "elsewhere:1:2", 16 * MINUTE, 1),
        (
            lambda: "elsewhere:1:2",
            -60 * MINUTE,
            1,
        ),  # claimed under a clock that was ahead
    ],
)
def test_a_claim_is_swept_when_its_process_is_dead(
    database: Database, by: Callable[[], str], age: timedelta, sent: int
) -> None:
    claimed(database, by(), age)
    post = Post()
    done = deliver(database, route("team", "json://a"), post=post)
    assert done == Deliveries(sent=sent, failed=0, pending=1 - sent)


def test_this_process_is_not_dead() -> None:
    assert not is_dead(this_process())


KILLED = """
import os, signal, sys
from notifier.delivery import DeliveryRun
from notifier.routes import Address, Route
from notifier.send import send
from notifier.routes import AfterReview
from storage.database import Database

def die(address, message):
    if sys.argv[3] == "after":
        assert send(address, message).ok
    os.kill(os.getpid(), signal.SIGKILL)

team = Route("team", (Address("${A}", sys.argv[2]),), when=AfterReview())
DeliveryRun(Database(sys.argv[1]), [team], send=die).deliver_due()
"""


def killed(database_url: str, url: str, when: str) -> None:
    """Deliver in another process that is killed before or after its first message is taken by the server."""
    assert (
        warm.done("-c", KILLED, database_url, url, when).returncode
        == -signal.SIGKILL
    )


@pytest.mark.parametrize(("when", "mails"), [("before", 1), ("after", 2)])
def test_a_kill_at_the_moment_of_sending_loses_nothing(
    database: Database, database_url: str, when: str, mails: int
) -> None:
    owe(database, "team")
    with mail_server() as inbox:
        killed(database_url, inbox.url(), when)
        done = DeliveryRun(database, [route("team", inbox.url())]).deliver_due()
    assert done == Deliveries(sent=1, failed=0, pending=0)
    assert len(inbox.mails) == mails
    # The one window in which a mail can come twice: taken by the server, not yet recorded. It says so by its number.
    assert len({mail["Message-ID"] for mail in inbox.mails}) == 1


@pytest.mark.parametrize(
    ("when", "state", "mails"),
    [
        ("before", ReviewState.CONCERNS_US, 1),
        ("after", ReviewState.CONCERNS_US, 2),
        ("before", ReviewState.NOT_FOR_US, 0),
        ("after", ReviewState.NOT_FOR_US, 1),
    ],
)
def test_after_a_kill_the_last_review_decides_about_what_was_held(
    database: Database, database_url: str, when: str, state: ReviewState, mails: int
) -> None:
    number = owe(database, "team", when=utc_now())
    held = {"when": AfterReview()}
    with mail_server() as inbox:
        team = route("team", inbox.url(), **held)
        assert DeliveryRun(database, [team]).deliver_due().sent == 0
        review(database, number, ReviewState.REVIEWED)
        killed(database_url, inbox.url(), when)
        review(database, number, state)
        DeliveryRun(database, [team]).deliver_due()
        DeliveryRun(database, [team]).deliver_due()
    assert len(inbox.mails) == mails


def test_what_joins_an_event_between_a_kill_and_the_next_run_is_neither_lost_nor_hidden(
    database: Database, database_url: str
) -> None:
    """The mail may have arrived, and comes again under its number as it was; what is new has a mail of its own."""
    find(database, POLICY, "team", severity="medium")
    with mail_server() as inbox:
        killed(database_url, inbox.url(), "after")
        find(
            database,
            TERMS,
            "team",
            passages=flagged("Our licence to your posts covers AI."),
        )
        assert DeliveryRun(
            database, [route("team", inbox.url())]
        ).deliver_due() == Deliveries(sent=2, failed=0, pending=0)
    first, again, more = (str(mail["Subject"]) for mail in inbox.mails)
    assert (first == again, "Terms of Use" in more) == (True, True)
    assert len({mail["Message-ID"] for mail in inbox.mails}) == 2


def test_two_deliverers_at_once_share_the_work_and_double_nothing(
    database: Database, database_url: str
) -> None:
    for _ in range(15):
        owe(database, "team")
    with webhook() as hook:
        team = route("team", hook.url("a"), hook.url("b"))
        counts = _at_once(database_url, team)
    assert sum(done.sent for done in counts) == 30
    assert len(hook.calls) == 30
    assert [row.state for row in rows(database)] == [State.SENT] * 30


def _at_once(database_url: str, team: Route) -> list[Deliveries]:
    together = threading.Barrier(2)

    def work() -> Deliveries:
        own = Database(database_url)
        together.wait()
        done = DeliveryRun(own, [team]).deliver_due()
        own.close()
        return done

    with ThreadPoolExecutor(2) as pool:
        return [done.result() for done in [pool.submit(work) for _ in range(2)]]


FULL = """
import resource, sys
from sqlalchemy.exc import OperationalError
from notifier.delivery import DeliveryRun
from notifier.routes import Address, Route
from notifier.send import send
from storage.database import Database

def send_and_fill(address, message):
    result = send(address, message)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # from here on nothing can be written
    return result

try:
    team = [Route("team", (Address("${A}", sys.argv[2]),))]
    DeliveryRun(Database(sys.argv[1]), team, send=send_and_fill).deliver_due()
except OperationalError:
    sys.exit(7)
"""


def test_a_disk_that_fills_before_the_record_is_written_loses_nothing(
    tmp_path: Path,
) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    database = Database(url)
    owe(database, "team")
    owe(database, "team")
    with mail_server() as inbox:
        assert warm.done("-c", FULL, url, inbox.url()).returncode == 7
        assert len(inbox.mails) == 1
        assert DeliveryRun(
            database, [route("team", inbox.url())]
        ).deliver_due() == Deliveries(sent=2, failed=0, pending=0)
    database.close()
    numbers = [mail["Message-ID"] for mail in inbox.mails]
    assert len(numbers) == 3
    assert (
        len(set(numbers)) == 2
    )  # the one that was not recorded came again, under the same number
