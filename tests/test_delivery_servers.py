"""Delivery to real servers on the loopback, good ones and bad ones."""

from __future__ import annotations

import logging
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import trustme
from sqlalchemy import text
from sqlmodel import SQLModel

from notifier.delivery import Deliveries, deliver_due, try_routes
from notifier.messages import Message
from notifier.routes import Address, address_problem
from notifier.send import Result, retry_after, send
from storage.database import Database
from tests.inbox import Answer, drip, free_port, mail_server, reset, silent, webhook
from tests.owed import owe, route

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
QUICK = "?rto=1&cto=1"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA(key_type=trustme.KeyType.ECDSA)


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    """An authority that this machine's programs believe, told to them as any other is."""
    file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(file))
    return authority


@pytest.fixture
def store() -> Iterator[Database]:
    """In memory, for tests of what a server says: both databases keep that alike."""
    opened = Database("sqlite://")
    yield opened
    opened.close()


def one_message(store: Database) -> Message:
    """An alert as it is sent."""
    taken: list[Message] = []

    def take(_address: Address, message: Message) -> Result:
        taken.append(message)
        return Result(ok=True)

    owe(store, "team")
    deliver_due(store, [route("team", "json://unused")], (), base_url="https://watch.example", send=take)
    return taken[0]


def sent(store: Database, url: str, **options: Any) -> Result:
    return send(Address("${A}", url), one_message(store), **options)


def body(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def test_a_mail_arrives_whole(database: Database) -> None:
    owe(database, "team")
    with mail_server() as inbox:
        done = deliver_due(database, [route("team", inbox.url())], (), base_url="https://watch.example")
    assert done == Deliveries(sent=1, failed=0, pending=0)
    (mail,) = inbox.mails
    assert mail["Subject"] == "Parley, Privacy Policy: personal data to train AI, on by default, from 3 November 2025"
    assert mail["To"] == "reader@example.org"
    assert "watch@example.net" in mail["From"]
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["List-Id"] == "<team.policywatch.example.net>"
    assert len(mail.get_all("Message-ID") or []) == 1
    assert mail["References"] == mail["In-Reply-To"]
    assert "[-show-] {+train our writing models unless+}" in body(mail, "plain")
    assert "<ins" in body(mail, "html")
    assert "https://watch.example/changes/1" in body(mail, "html")


def test_mails_about_one_document_belong_together(store: Database) -> None:
    owe(store, "team")
    owe(store, "team")
    owe(store, "team", document="harbour/terms")
    with mail_server() as inbox:
        deliver_due(store, [route("team", inbox.url())], ())
    threads = [mail["References"] for mail in inbox.mails]
    assert threads[0] == threads[1] != threads[2]
    assert len({mail["Message-ID"] for mail in inbox.mails}) == 3


def test_people_in_one_address_do_not_see_each_other(store: Database) -> None:
    with mail_server() as inbox:
        assert sent(store, inbox.url("a@example.org/b@example.org", "&bcc=c@example.org")).ok
    assert [mail["To"] for mail in inbox.mails] == ["a@example.org", "b@example.org"]
    assert inbox.recipients == [["a@example.org", "c@example.org"], ["b@example.org"]]
    assert "c@example.org" not in str(inbox.mails[0])


def test_the_addresss_own_headers_and_format_are_kept(store: Database) -> None:
    with mail_server() as inbox:
        assert sent(store, inbox.url(more="&%2BX-Team=privacy&format=text")).ok
    (mail,) = inbox.mails
    assert mail["X-Team"] == "privacy"
    assert [part.get_content_maintype() for part in mail.walk()] == ["multipart", "text", "text"]
    assert mail.get_body(("html",)) is None


def test_mail_goes_over_tls_with_a_login(store: Database, trusted: trustme.CA) -> None:
    people = "reader@example.org?from=watch@example.net"
    with mail_server(tls=trusted, password="right") as inbox:
        assert sent(store, f"mailtos://watch:right@localhost:{inbox.port}/{people}").ok
    with mail_server(tls=trusted, implicit=True) as implicit:
        assert sent(store, f"mailtos://localhost:{implicit.port}/{people}&mode=ssl").ok
    assert len(inbox.mails) == len(implicit.mails) == 1


def test_a_wrong_password_is_parked_at_once_and_not_shown(store: Database, trusted: trustme.CA) -> None:
    with mail_server(tls=trusted, password="right") as inbox:
        url = f"mailtos://watch:hunter2@localhost:{inbox.port}/reader@example.org?from=watch@example.net"
        result = sent(store, url)
    assert result.permanent
    assert (result.said or "").startswith("535 ")
    assert "hunter2" not in (result.said or "")


@pytest.mark.parametrize("implicit", [False, True])
def test_a_certificate_of_nobody_known_gets_no_mail(store: Database, authority: trustme.CA, implicit: bool) -> None:
    with mail_server(tls=authority, implicit=implicit) as inbox:
        mode = "ssl" if implicit else "starttls"
        result = sent(store, f"mailtos://localhost:{inbox.port}/r@example.org?from=w@example.net&mode={mode}")
    assert not result.ok
    assert not result.permanent  # it may be mended
    assert "no trusted TLS connection" in (result.said or "")
    assert inbox.mails == []


def test_a_certificate_of_another_host_gets_no_mail(store: Database, trusted: trustme.CA) -> None:
    with mail_server(tls=trusted, name="elsewhere.example") as inbox:
        assert not sent(store, f"mailtos://localhost:{inbox.port}/r@example.org?from=w@example.net").ok
    assert inbox.mails == []


def test_a_server_without_tls_gets_no_mail_that_wants_it(store: Database) -> None:
    with mail_server() as inbox:
        assert not sent(store, f"mailtos://localhost:{inbox.port}/r@example.org?from=w@example.net").ok
    assert inbox.mails == []


@pytest.mark.parametrize(
    ("reply", "permanent"),
    [
        ("550 5.1.1 no such user", True),
        ("452 4.2.2 mailbox full", False),
        ("421 4.3.2 too busy", False),
    ],
)
def test_a_refused_recipient_is_final_or_not_as_the_server_says(store: Database, reply: str, permanent: bool) -> None:
    with mail_server() as inbox:
        inbox.refusals["reader@example.org"] = reply
        result = sent(store, inbox.url())
    assert (result.ok, result.permanent) == (False, permanent)
    assert reply[4:] in (result.said or "")
    assert "reader@" not in (result.said or "")


def test_a_mail_that_is_refused_after_it_was_read_is_not_lost(database: Database) -> None:
    owe(database, "team")
    with mail_server() as inbox:
        inbox.replies = ["451 try later"]
        team = [route("team", inbox.url())]
        assert deliver_due(database, team, (), now=lambda: NOON) == Deliveries(sent=0, failed=1, pending=1)
        assert deliver_due(database, team, (), now=lambda: NOON + timedelta(minutes=5)).sent == 1


def test_a_mail_that_is_too_large_for_its_server_is_parked(store: Database) -> None:
    with mail_server() as inbox:
        inbox.replies = ["552 5.3.4 message too big"]
        result = sent(store, inbox.url())
    assert (result.ok, result.permanent, result.said) == (False, True, "552 5.3.4 message too big")


def test_a_mail_server_that_drips_does_not_hold_us_for_ever(store: Database) -> None:
    def drip_greeting(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with suppress(OSError):
            while True:
                connection.sendall(b"2")
                time.sleep(0.1)

    with socket.socket() as slow:
        slow.bind(("127.0.0.1", 0))
        slow.listen()
        threading.Thread(target=drip_greeting, args=(slow,), daemon=True).start()
        began = time.monotonic()
        result = sent(store, f"mailto://localhost:{slow.getsockname()[1]}/x@example.org?from=w@example.net", deadline=1)
    assert time.monotonic() - began < 3
    assert (result.ok, result.permanent, result.said) == (False, False, "no answer within 1 seconds")


def test_a_mail_server_that_breaks_off_is_tried_again(store: Database) -> None:
    def break_off(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        connection.sendall(b"220 here\r\n")
        connection.recv(100)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()

    with socket.socket() as breaking:
        breaking.bind(("127.0.0.1", 0))
        breaking.listen()
        threading.Thread(target=break_off, args=(breaking,), daemon=True).start()
        result = sent(store, f"mailto://localhost:{breaking.getsockname()[1]}/x@example.org?from=w@example.net")
    assert (result.ok, result.permanent) == (False, False)
    assert (result.said or "").startswith(("the server closed", "no connection: Connection reset"))


def test_one_of_two_people_in_an_address_may_be_gone(store: Database) -> None:
    with mail_server() as inbox:
        inbox.refusals["b@example.org"] = "550 gone"
        result = sent(store, inbox.url("a@example.org/b@example.org"))
    assert len(inbox.mails) == 1
    assert result.permanent
    assert "taken, but not for" in (result.said or "")


def test_one_of_three_addresses_that_is_bad_holds_up_no_other(database: Database) -> None:
    owe(database, "team")
    owe(database, "team")
    with mail_server() as inbox, webhook() as hook:
        bad = f"mailto://localhost:{free_port()}/x@example.org?from=w@example.net"
        done = deliver_due(database, [route("team", inbox.url(), bad, hook.url())], (), now=lambda: NOON)
    assert done == Deliveries(sent=4, failed=1, pending=2)
    assert len(inbox.mails) == len(hook.calls) == 2


def test_a_webhook_gets_subject_and_plain_text(store: Database) -> None:
    with webhook() as hook:
        assert sent(store, hook.url()).ok
    (call,) = hook.calls
    assert call.body["title"].startswith("Parley, Privacy Policy")
    assert "[-show-] {+train our writing models unless+}" in call.body["message"]
    with webhook() as hook:
        assert sent(store, hook.url(more="?format=markdown")).ok
    assert "~~show~~ **train our writing models unless**" in hook.calls[0].body["message"]


@pytest.mark.parametrize(
    ("answer", "permanent", "said"),
    [
        (400, True, "status 400"),
        ((401, {}, "who are you"), True, "status 401: who are you"),
        (404, True, "status 404"),
        (410, True, "status 410"),
        ((413, {}, "too large"), True, "status 413: too large"),
        (408, False, "status 408"),
        (429, False, "status 429"),
        (500, False, "status 500"),
        ((503, {}, "<h1>maintenance</h1>"), False, "status 503: <h1>maintenance</h1>"),
        ((302, {"Location": "http://127.0.0.1:1/elsewhere"}, ""), True, "status 302"),
        (reset, False, "no connection: Connection reset by peer"),
        (silent, False, "no answer in time"),
    ],
)
def test_what_a_webhook_answers_decides_whether_it_is_tried_again(
    store: Database, answer: Answer, permanent: bool, said: str
) -> None:
    with webhook() as hook:
        hook.always = answer
        result = sent(store, hook.url(more=QUICK))
    assert (result.ok, result.permanent, result.said) == (False, permanent, said)
    assert len(hook.calls) == 1


def test_nobody_listens(store: Database) -> None:
    result = sent(store, f"json://127.0.0.1:{free_port()}/hook")
    assert (result.ok, result.permanent, result.said) == (False, False, "no connection: Connection refused")
    mail = sent(store, f"mailto://localhost:{free_port()}/x@example.org?from=w@example.net")
    assert (mail.ok, mail.permanent, mail.said) == (False, False, "no connection: Connection refused")


def test_a_mail_server_that_says_nothing_is_given_up_for_now(store: Database) -> None:
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        result = sent(store, f"mailto://localhost:{mute.getsockname()[1]}/x@example.org?from=w@example.net&cto=1")
    assert (result.ok, result.permanent, result.said) == (False, False, "no answer in time")


def test_a_server_that_drips_does_not_hold_us_for_ever(store: Database) -> None:
    with webhook() as hook:
        hook.always = drip
        began = time.monotonic()
        result = sent(store, hook.url(), deadline=1)
    assert time.monotonic() - began < 3
    assert (result.ok, result.permanent, result.said) == (False, False, "no answer within 1 seconds")


def test_a_webhook_with_a_certificate_of_nobody_known_gets_nothing(
    store: Database, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    with webhook(tls=authority) as hook:
        result = sent(store, f"jsons://127.0.0.1:{hook.port}/hook")
    assert (result.ok, result.permanent, result.said) == (False, False, "no trusted TLS connection")
    assert hook.calls == []


def test_a_webhook_over_tls(store: Database, trusted: trustme.CA) -> None:
    with webhook(tls=trusted) as hook:
        assert sent(store, f"jsons://127.0.0.1:{hook.port}/hook").ok


def test_retry_after_is_obeyed(database: Database) -> None:
    owe(database, "team")
    with webhook() as hook:
        hook.answers = [(429, {"Retry-After": "1800"}, "slow down"), 200]
        team = [route("team", hook.url())]
        assert deliver_due(database, team, (), now=lambda: NOON).pending == 1
        assert deliver_due(database, team, (), now=lambda: NOON + timedelta(minutes=29)).sent == 0
        assert len(hook.calls) == 1
        assert deliver_due(database, team, (), now=lambda: NOON + timedelta(minutes=34)).sent == 1


def test_a_short_pause_that_a_server_asks_for_is_kept_within_the_run(database: Database) -> None:
    owe(database, "team")
    owe(database, "team")
    with webhook() as hook:
        hook.answers = [(429, {"Retry-After": "1"}, "")]
        began = time.monotonic()
        assert deliver_due(database, [route("team", hook.url())], ()) == Deliveries(sent=2, failed=1, pending=0)
    assert time.monotonic() - began >= 1


def test_500_then_good(database: Database) -> None:
    owe(database, "team")
    with webhook() as hook:
        hook.answers = [500]
        team = [route("team", hook.url())]
        assert deliver_due(database, team, (), now=lambda: NOON).failed == 1
        assert deliver_due(database, team, (), now=lambda: NOON + timedelta(minutes=5)).sent == 1
    assert len(hook.calls) == 2


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("120", 120),
        ("Mon, 02 Mar 2026 12:01:00 GMT", 60),
        ("Mon, 02 Mar 2026 11:00:00 GMT", 0),
        ("soon", None),
        ("-5", None),
        (None, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(written: str | None, seconds: int | None) -> None:
    assert retry_after(written, now=NOON) == (None if seconds is None else timedelta(seconds=seconds))


def test_messages_to_one_server_are_not_slowed_down(store: Database) -> None:
    for _ in range(5):
        owe(store, "team")
    with webhook() as hook:
        began = time.monotonic()
        deliver_due(store, [route("team", hook.url())], ())
    assert time.monotonic() - began < 5  # Apprise alone would wait 5.5 seconds between two of them


SECRETS = ("s3cretpath", "hunter2", "swordfish", "topsecretuser", "aHVudGVyMg", "whisper@example.org")


def test_no_secret_shows_anywhere(
    database: Database, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str], trusted: trustme.CA
) -> None:
    caplog.set_level(logging.NOTSET)
    owe(database, "team")
    with webhook() as hook, mail_server(tls=trusted, password="right") as inbox:
        hook.answers = [(403, {}, "no topsecretuser:hunter2 at /s3cretpath?token=swordfish aHVudGVyMg== here"), 500]
        inbox.refusals["whisper@example.org"] = "550 whisper@example.org unknown to swordfish"
        people = "whisper@example.org?from=watch@example.net"
        urls = [
            f"json://topsecretuser:hunter2@127.0.0.1:{hook.port}/s3cretpath?-token=swordfish",
            f"json://127.0.0.1:{hook.port}/s3cretpath",
            f"json://topsecretuser:hunter2@127.0.0.1:{free_port()}/s3cretpath",
            f"mailtos://watch:right@localhost:{inbox.port}/{people}&%2BX=swordfish",
            f"mailtos://topsecretuser:hunter2@localhost:{inbox.port}/{people}",
            "discord://s3cretpath",
            "slack://hunter2",
            "nonsense hunter2",
        ]
        team = route("team", *urls)
        operator = [Address("${OPS}", f"json://127.0.0.1:{hook.port}/ops")]
        assert deliver_due(database, [team], operator, now=lambda: NOON).failed == len(urls)
        tried = try_routes(database, [team])
    told = " ".join(call.body["message"] for call in hook.calls if call.path == "/ops")
    assert "status 403" in told
    with database.reading() as session:
        stored = " ".join(
            str(row)
            for table in SQLModel.metadata.sorted_tables
            for row in session.execute(text(f"SELECT * FROM {table}"))
        )
    shown = " ".join(map(str, [tried, team, operator, *map(address_problem, urls)]))
    out = capsys.readouterr()
    # aiosmtpd, the server of this test, writes its own log.
    logged = "\n".join(record.getMessage() for record in caplog.records if not record.name.startswith("mail."))
    for secret in SECRETS:
        for place in (stored, shown, told, logged, out.out, out.err):
            assert secret not in place
