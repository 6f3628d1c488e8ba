"""Delivery: what is owed to whom, and that it comes once whatever happens to the program."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from notifier.claims import is_dead, this_process
from notifier.delivery import Deliveries, deliver_due, try_routes
from notifier.messages import Message
from notifier.plan import plan
from notifier.routes import Address, Route, parse_when
from notifier.send import Result
from notifier.waits import wait
from storage.alerts import Alert
from storage.database import Database
from storage.deliveries import Delivery, State
from storage.notices import Notice
from tests.inbox import mail_server, webhook
from tests.owed import owe, route

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
OPERATOR = (Address("${OPS}", "json://unused"),)


class Post:
    """Stands at the `send` seam; answers by address, and remembers what went where."""

    def __init__(self, **answers: Result) -> None:
        self.answers = answers
        self.sent: list[tuple[str, Message]] = []

    def __call__(self, address: Address, message: Message) -> Result:
        self.sent.append((address.name, message))
        return self.answers.get(address.name.strip("${}"), Result(ok=True))

    def to(self, name: str) -> list[Message]:
        return [message for address, message in self.sent if address == f"${{{name}}}"]


TEMPORARY = Result(ok=False, said="status 500")
PERMANENT = Result(ok=False, permanent=True, said="status 404")


def deliver(
    database: Database,
    *routes: Route,
    post: Post,
    now: datetime = NOON,
    operator: tuple[Address, ...] = (),
    **options: Any,
) -> Deliveries:
    options.setdefault("now", lambda: now)
    return deliver_due(database, routes, operator, send=post, chance=lambda: 0.5, sleep=lambda _: None, **options)


def rows(database: Database) -> list[Delivery]:
    with database.reading() as session:
        return list(session.exec(select(Delivery).order_by("id")))


def notices(database: Database) -> list[str]:
    with database.reading() as session:
        return [notice.text for notice in session.exec(select(Notice))]


def test_each_address_of_a_route_gets_each_alert_once(database: Database) -> None:
    owe(database, "team")
    owe(database, "team")
    post = Post()
    team = route("team", "json://a", "json://b")
    assert deliver(database, team, post=post) == Deliveries(sent=4, failed=0, pending=0)
    assert deliver(database, team, post=post) == Deliveries(sent=0, failed=0, pending=0)
    assert [name for name, _ in post.sent] == ["${A}", "${B}"] * 2


def test_a_change_that_two_routes_want_comes_once_and_names_both(database: Database) -> None:
    owe(database, "team", "all")
    post = Post()
    deliver(database, route("team", "json://a"), route("all", "json://a", "json://b"), post=post)
    assert [message.routes for message in post.to("A")] == [("all", "team")]
    assert [message.routes for message in post.to("B")] == [("all",)]


def test_nothing_old_floods_a_new_route_or_a_new_address(database: Database) -> None:
    owe(database, "team")
    post = Post()
    deliver(database, route("team", "json://a"), post=post)
    deliver(database, route("team", "json://a", "json://b"), route("new", "json://c"), post=post)
    assert [name for name, _ in post.sent] == ["${A}"]
    owe(database, "team", "new")
    deliver(database, route("team", "json://a", "json://b"), route("new", "json://c"), post=post)
    assert len(post.to("B")) == 1


def test_an_alert_of_a_removed_route_goes_to_nobody_and_stays_so(database: Database) -> None:
    owe(database, "gone")
    post = Post()
    assert deliver(database, route("team", "json://a"), post=post) == Deliveries(0, 0, 0)
    assert deliver(database, route("gone", "json://a"), post=post) == Deliveries(0, 0, 0)
    with database.reading() as session:
        assert [alert.planned_at for alert in session.exec(select(Alert))] == [NOON]


@pytest.mark.parametrize("left", [[], [route("team", "json://a")]])
def test_what_waits_for_an_address_that_left_is_parked_and_told(database: Database, left: list[Route]) -> None:
    owe(database, "team")
    deliver(database, route("team", "json://a", "json://b"), post=Post(A=TEMPORARY, B=TEMPORARY))
    post = Post()
    deliver(database, *left, post=post, now=NOON + 5 * MINUTE, operator=OPERATOR)
    parked = [row.address for row in rows(database) if row.state == State.PARKED]
    assert parked == (["${B}"] if left else ["${A}", "${B}"])
    assert "no longer in the watchlist" in post.to("OPS")[0].text


def test_a_failure_is_tried_again_later_and_later(database: Database) -> None:
    owe(database, "team")
    team = route("team", "json://a")
    post = Post(A=TEMPORARY)
    minutes = [*range(20), *range(20, 60 * 31, 20)]
    tried = [m for m in minutes if deliver(database, team, post=post, now=NOON + m * MINUTE).failed]
    gaps = [after - before for before, after in pairwise(tried)]
    assert tried[:4] == [0, 1, 4, 13]
    assert gaps == sorted(gaps)
    assert len(tried) < 12
    (row,) = rows(database)
    assert row.state == State.PARKED
    assert row.error == "status 500"
    assert 24 * 60 <= tried[-1] <= 24 * 60 + 6 * 60


def test_waits_spread_and_obey_the_server() -> None:
    assert wait(1, None, 0) == timedelta(seconds=48)
    assert wait(1, None, 1) == timedelta(seconds=72)
    assert wait(50, None, 1) == timedelta(hours=7.2)
    assert timedelta(seconds=7) <= wait(9, timedelta(seconds=7), 1) <= timedelta(seconds=8)
    assert wait(1, timedelta(days=400), 0) == timedelta(days=1)


def test_a_permanent_refusal_is_parked_at_once_and_told_to_the_operator_once(database: Database) -> None:
    owe(database, "team")
    post = Post(A=PERMANENT)
    team = route("team", "json://a", "json://b")
    assert deliver(database, team, post=post, operator=OPERATOR) == Deliveries(sent=2, failed=1, pending=0)
    assert deliver(database, team, post=post, operator=OPERATOR) == Deliveries(0, 0, 0)
    (told,) = post.to("OPS")
    assert "${A} (route team) was given up: status 404" in told.text


def test_what_the_operators_own_address_refuses_is_not_told_to_it(database: Database) -> None:
    owe(database, "team")
    deliver(database, route("team", "json://a"), post=Post(A=PERMANENT, OPS=PERMANENT), operator=OPERATOR)
    assert len(notices(database)) == 1
    assert [row.state for row in rows(database)] == [State.PARKED, State.PARKED]


def test_notices_go_to_the_operator_in_one_message_each_once(database: Database) -> None:
    with database.writing() as session:
        session.add_all(Notice(kind="held", text=f"Page {n} is held.", created_at=NOON) for n in range(3))
    post = Post()
    assert deliver(database, post=post, operator=OPERATOR).sent == 1
    assert deliver(database, post=post, operator=OPERATOR).sent == 0
    assert all(f"Page {n} is held." in post.to("OPS")[0].text for n in range(3))


def test_without_an_operator_notices_are_not_kept_for_the_first_one_who_comes(database: Database) -> None:
    with database.writing() as session:
        session.add(Notice(kind="held", text="A page is held.", created_at=NOON))
    post = Post()
    deliver(database, post=post)
    deliver(database, post=post, operator=OPERATOR)
    assert post.sent == []


def test_one_bad_address_holds_up_no_other_and_costs_one_try_a_run(database: Database) -> None:
    for _ in range(5):
        owe(database, "team")
    post = Post(B=TEMPORARY)
    team = route("team", "json://a", "json://b", "json://c")
    assert deliver(database, team, post=post) == Deliveries(sent=10, failed=1, pending=5)
    assert len(post.to("B")) == 1


def test_a_server_that_asks_for_a_short_pause_is_waited_for(database: Database) -> None:
    owe(database, "team")
    owe(database, "team")
    clock = [NOON]
    answers = [Result(ok=False, retry_after=timedelta(seconds=10), said="status 429")]

    def send(_address: Address, _message: Message) -> Result:
        return answers.pop(0) if answers else Result(ok=True)

    def sleep(seconds: float) -> None:
        clock[0] += timedelta(seconds=seconds)

    done = deliver_due(
        database, [route("team", "json://a")], (), send=send, now=lambda: clock[0], sleep=sleep, chance=lambda: 0.5
    )
    assert done == Deliveries(sent=2, failed=1, pending=0)
    assert timedelta(seconds=10) <= clock[0] - NOON <= timedelta(seconds=12)


def test_a_server_that_asks_for_a_long_pause_is_left_alone(database: Database) -> None:
    owe(database, "team")
    post = Post(A=Result(ok=False, retry_after=timedelta(hours=1), said="status 429"))
    team = route("team", "json://a")
    assert deliver(database, team, post=post).pending == 1
    deliver(database, team, post=post, now=NOON + 59 * MINUTE)
    assert len(post.sent) == 1
    deliver(database, team, post=post, now=NOON + 67 * MINUTE)
    assert len(post.sent) == 2


def test_a_digest_waits_for_its_time_and_brings_all_in_one_message(database: Database) -> None:
    daily = route("daily", "json://a", "json://b", when=parse_when("daily 08:00"), timezone="Europe/Paris")
    for hour in (1, 2):
        owe(database, "daily", when=NOON + timedelta(hours=hour))
    post = Post()
    morning = datetime(2026, 3, 3, 7, 0, tzinfo=UTC)  # eight in Paris, in winter
    assert deliver(database, daily, post=post, now=morning - MINUTE) == Deliveries(0, 0, 0)
    owe(database, "daily", when=morning + MINUTE)
    assert deliver(database, daily, post=post, now=morning + 5 * MINUTE).sent == 2
    assert [message.subject for message in post.to("A")] == ["2 policy changes: Parley"]
    assert deliver(database, daily, post=post, now=morning + timedelta(hours=23)).sent == 0
    assert deliver(database, daily, post=post, now=morning + timedelta(hours=24)).sent == 2
    assert post.to("B")[1].subject == "1 policy change: Parley"


def test_a_digest_that_was_missed_comes_with_the_next_run(database: Database) -> None:
    weekly = route("weekly", "json://a", when=parse_when("weekly monday 08:00"))
    owe(database, "weekly", when=NOON)
    post = Post()
    deliver(database, weekly, post=post, now=NOON + timedelta(days=6))
    assert post.sent == []
    deliver(database, weekly, post=post, now=NOON + timedelta(days=9))
    assert len(post.sent) == 1


def test_what_an_address_heard_at_once_is_not_in_its_digest(database: Database) -> None:
    daily = route("daily", "json://a", "json://b", when=parse_when("daily 08:00"))
    owe(database, "team", "daily", when=NOON)
    owe(database, "daily", when=NOON)
    post = Post()
    deliver(database, route("team", "json://a"), daily, post=post)
    deliver(database, route("team", "json://a"), daily, post=post, now=NOON + timedelta(days=1))
    assert [message.subject for message in post.to("A")[1:]] == ["1 policy change: Parley"]
    assert [message.subject for message in post.to("B")] == ["2 policy changes: Parley"]


def test_a_digest_route_that_becomes_an_at_once_route_repeats_nothing(database: Database) -> None:
    owe(database, "team", "other", when=NOON)
    post = Post()
    deliver(database, route("team", "json://a"), route("other", "json://a", when=parse_when("daily 08:00")), post=post)
    deliver(database, route("team", "json://a"), route("other", "json://a", "json://b"), post=post)
    assert [name for name, _ in post.sent] == ["${A}", "${B}"]


def test_a_route_speaks_its_language(database: Database) -> None:
    owe(database, "fr")
    post = Post()
    deliver(database, route("fr", "json://a", language="fr"), post=post)
    assert "activé par défaut" in post.to("A")[0].subject


def test_a_message_has_the_same_key_on_every_try_and_another_for_every_delivery(database: Database) -> None:
    owe(database, "team")
    post = Post(A=TEMPORARY)
    team = route("team", "json://a", "json://b")
    deliver(database, team, post=post)
    deliver(database, team, post=post, now=NOON + 5 * MINUTE)
    assert len({message.key for message in post.to("A")}) == 1
    assert len({message.key for _, message in post.sent}) == 2


def test_a_clock_set_back_an_hour_delays_and_neither_loses_nor_doubles(database: Database) -> None:
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


def test_a_delivery_planned_under_a_clock_a_year_ahead_is_not_stuck(database: Database) -> None:
    owe(database, "team")
    team = route("team", "json://a")
    deliver(database, team, post=Post(A=TEMPORARY), now=NOON + timedelta(days=365))
    assert deliver(database, team, post=Post()).sent == 1


def test_a_send_that_breaks_the_program_leaves_its_delivery_for_the_next_run(database: Database) -> None:
    owe(database, "team")
    team = route("team", "json://a")

    def interrupted(_address: Address, _message: Message) -> Result:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        deliver_due(database, [team], (), send=interrupted, now=lambda: NOON)
    assert [row.state for row in rows(database)] == [State.PENDING]
    assert deliver(database, team, post=Post(), now=NOON + 5 * MINUTE).sent == 1


def test_what_breaks_the_program_again_and_again_comes_last(database: Database) -> None:
    team = route("team", "json://a")
    bad = owe(database, "team")
    post = Post()

    def send(address: Address, message: Message) -> Result:
        if f"/changes/{bad}\n" in message.text:
            raise ZeroDivisionError
        return post(address, message)

    site = "https://watch.example"
    with pytest.raises(ZeroDivisionError):
        deliver_due(database, [team], (), send=send, base_url=site, now=lambda: NOON)
    owe(database, "team")
    with pytest.raises(ZeroDivisionError):
        deliver_due(database, [team], (), send=send, base_url=site, now=lambda: NOON + timedelta(days=1))
    assert len(post.sent) == 1


def claimed(database: Database, by: str, age: timedelta) -> None:
    owe(database, "team")
    with database.writing() as session:
        plan(session, [route("team", "json://a")], (), NOON)
        (row,) = session.exec(select(Delivery))
        row.state, row.claimed_by, row.claimed_at, row.attempts = State.SENDING.value, by, NOON - age, 1


def dead_process() -> str:
    ended = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    host, _, started = this_process().rsplit(":", 2)
    return f"{host}:{int(ended.stdout)}:{started}"


@pytest.mark.parametrize(
    ("by", "age", "sent"),
    [
        (dead_process, MINUTE, 1),
        (this_process, MINUTE, 0),
        (lambda: this_process().rsplit(":", 1)[0] + ":0.1", MINUTE, 1),  # the number is ours, the process was another
        (lambda: "elsewhere:1:2", MINUTE, 0),
        (lambda: "elsewhere:1:2", 16 * MINUTE, 1),
        (lambda: "elsewhere:1:2", -60 * MINUTE, 1),  # claimed under a clock that was ahead
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
from notifier.delivery import deliver_due
from notifier.routes import Address, Route
from notifier.send import send
from storage.database import Database

def die(address, message):
    if sys.argv[3] == "after":
        assert send(address, message).ok
    os.kill(os.getpid(), signal.SIGKILL)

deliver_due(Database(sys.argv[1]), [Route("team", (Address("${A}", sys.argv[2]),))], (), send=die)
"""


def killed(database_url: str, url: str, when: str) -> None:
    """Deliver in another process that is killed before or after its first message is taken by the server."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    done = subprocess.run([sys.executable, "-c", KILLED, database_url, url, when], env=environment, check=False)
    assert done.returncode == -signal.SIGKILL


@pytest.mark.parametrize(("when", "mails"), [("before", 1), ("after", 2)])
def test_a_kill_at_the_moment_of_sending_loses_nothing(
    database: Database, database_url: str, when: str, mails: int
) -> None:
    owe(database, "team")
    with mail_server() as inbox:
        killed(database_url, inbox.url(), when)
        done = deliver_due(database, [route("team", inbox.url())], ())
    assert done == Deliveries(sent=1, failed=0, pending=0)
    assert len(inbox.mails) == mails
    # The one window in which a mail can come twice: taken by the server, not yet recorded. It says so by its number.
    assert len({mail["Message-ID"] for mail in inbox.mails}) == 1


def test_two_deliverers_at_once_share_the_work_and_double_nothing(database: Database, database_url: str) -> None:
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
        done = deliver_due(own, [team], ())
        own.close()
        return done

    with ThreadPoolExecutor(2) as pool:
        return [done.result() for done in [pool.submit(work) for _ in range(2)]]


def test_routes_are_tried_with_a_marked_sample_and_nothing_is_stored(database: Database) -> None:
    owe(database, "nobody")
    with webhook() as hook:
        hook.answers = [200, (403, {}, "wrong token")]
        tried = try_routes(database, [route("team", hook.url("a"), hook.url("b"))])
    assert [(one.route, one.address, one.ok) for one in tried] == [("team", "${A}", True), ("team", "${B}", False)]
    assert "403: wrong token" in tried[1].said
    assert all(title.startswith("TEST: Parley") for title in hook.titles())
    assert rows(database) == []


def test_console_and_file_serve_those_without_a_server(
    database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "our alerts.txt"
    owe(database, "team")
    owe(database, "team")
    team = Route("team", (Address("console", "console://"), Address("file", f"file://{file}")))
    assert deliver_due(database, [team], ()).sent == 4
    printed = capsys.readouterr().out
    assert printed.count("Parley, Privacy Policy: personal data to train AI") == 2
    assert file.read_text() == printed


def test_a_file_that_cannot_be_written_is_tried_again(database: Database, tmp_path: Path) -> None:
    owe(database, "team")
    team = route("team", f"file://{tmp_path}/missing/alerts.txt")
    assert deliver_due(database, [team], (), now=lambda: NOON) == Deliveries(sent=0, failed=1, pending=1)
    assert rows(database)[0].error == "the file can't be written: No such file or directory"
    (tmp_path / "missing").mkdir()
    assert deliver_due(database, [team], (), now=lambda: NOON + 5 * MINUTE).sent == 1


def test_a_full_disk_leaves_no_half_message(database: Database) -> None:
    owe(database, "team")
    assert deliver_due(database, [route("team", "file:///dev/full")], (), now=lambda: NOON).failed == 1
    assert "No space left" in (rows(database)[0].error or "")
