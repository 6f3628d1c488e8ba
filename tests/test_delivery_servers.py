"""Delivery to webhooks on the loopback, good ones and bad ones, and what is kept secret on the way."""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime, timedelta

import pytest
import trustme
from sqlalchemy import text
from sqlmodel import SQLModel

from messages import translate
from notifier.channels import address_problem
from notifier.delivery import Deliveries, DeliveryRun, try_routes
from notifier.routes import Address, Route
from policywatch.views.serializer import webhook_change
from storage.clock import retry_after
from storage.database import Database
from tests.inbox import Answer, drip, held_port, mail_server, reset, silent, webhook
from tests.owed import owe, route
from tests.post import sent

DATABASES = ["sqlite"]
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
QUICK = "?rto=2&cto=2"


def test_one_of_three_addresses_that_is_bad_holds_up_no_other(
    database: Database,
) -> None:
    owe(database, "team")
    owe(database, "team")
    with mail_server() as inbox, webhook() as hook, held_port() as port:
        bad = f"mailto://localhost:{port}/x@example.org?from=w@example.net"
        done = DeliveryRun(
            database,
            [route("team", inbox.url(), bad, hook.url())],
            now=lambda: NOON,
        ).deliver_due()
    assert done == Deliveries(sent=4, failed=1, pending=2)
    assert len(inbox.mails) == len(hook.calls) == 2


def test_a_webhook_gets_subject_and_plain_text(store: Database) -> None:
    with webhook() as hook:
        assert sent(store, hook.url()).ok
    (call,) = hook.calls
    assert call.body["title"].startswith("[High] Parley trains AI on your data")
    assert "[-show-] {+train our writing models unless+}" in call.body["message"]
    with webhook() as hook:
        assert sent(store, hook.url(more="?format=markdown")).ok
    assert (
        "~~show~~ **train our writing models unless**"
        in hook.calls[0].body["message"]
    )


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
        (
            (503, {}, "<h1>maintenance</h1>"),
            False,
            "status 503: <h1>maintenance</h1>",
        ),
        (
            (302, {"Location": "http://127.0.0.1:1/elsewhere"}, ""),
            True,
            "status 302",
        ),
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
    assert (result.ok, result.permanent, str(result.answer)) == (
        False,
        permanent,
        said,
    )
    assert len(hook.calls) == 1


def test_nobody_listens(store: Database) -> None:
    with held_port() as port:
        result = sent(store, f"json://127.0.0.1:{port}/hook")
        mail = sent(
            store, f"mailto://localhost:{port}/x@example.org?from=w@example.net"
        )
    assert (result.ok, result.permanent, str(result.answer)) == (
        False,
        False,
        "no connection: Connection refused",
    )
    assert (mail.ok, mail.permanent, str(mail.answer)) == (
        False,
        False,
        "no connection: Connection refused",
    )


def test_why_nothing_was_taken_can_be_said_in_french(store: Database) -> None:
    with webhook() as hook:
        hook.always = (413, {}, "too large for hook s3cretpath")
        refused = sent(store, hook.url("s3cretpath", more=QUICK)).answer
    with held_port() as port:
        nobody = sent(
            store, f"mailto://localhost:{port}/x@example.org?from=w@example.net"
        ).answer
    unknown = sent(
        store, "mailto://nowhere.invalid/x@example.org?from=w@example.net"
    ).answer
    said = [
        translate(each, "fr").replace("\u00a0", " ")
        for each in (refused, nobody, unknown)
        if each
    ]
    assert said[0].startswith("statut 413 : too large for hook ***")
    assert said[1:] == [
        "pas de connexion : connexion refusée",
        "pas de connexion : le nom du serveur est inconnu",
    ]


def test_a_server_that_drips_does_not_hold_us_for_ever(store: Database) -> None:
    with webhook() as hook:
        hook.always = drip
        began = time.monotonic()
        result = sent(store, hook.url(), deadline=1)
    assert time.monotonic() - began < 9
    assert (result.ok, result.permanent, str(result.answer)) == (
        False,
        False,
        "no answer within 1 seconds",
    )


def test_a_webhook_with_a_certificate_of_nobody_known_gets_nothing(
    store: Database, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    with webhook(tls=authority) as hook:
        result = sent(store, f"jsons://127.0.0.1:{hook.port}/hook")
    assert (result.ok, result.permanent, str(result.answer)) == (
        False,
        False,
        "no trusted TLS connection: unable to get local issuer certificate",
    )
    assert hook.calls == []


def test_a_webhook_over_tls(store: Database, trusted: trustme.CA) -> None:
    with webhook(tls=trusted) as hook:
        assert sent(store, f"jsons://127.0.0.1:{hook.port}/hook").ok


def test_retry_after_is_obeyed(database: Database) -> None:
    owe(database, "team")
    with webhook() as hook:
        hook.answers = [(429, {"Retry-After": "1800"}, "slow down"), 200]
        team = [route("team", hook.url())]
        assert (
            DeliveryRun(database, team, now=lambda: NOON).deliver_due().pending == 1
        )
        assert (
            DeliveryRun(database, team, now=lambda: NOON + timedelta(minutes=29))
            .deliver_due()
            .sent
            == 0
        )
        assert len(hook.calls) == 1
        assert (
            DeliveryRun(database, team, now=lambda: NOON + timedelta(minutes=34))
            .deliver_due()
            .sent
            == 1
        )


def test_a_short_pause_that_a_server_asks_for_is_kept_within_the_run(
    database: Database,
) -> None:
    owe(database, "team")
    owe(database, "team")
    with webhook() as hook:
        hook.answers = [(429, {"Retry-After": "1"}, "")]
        began = time.monotonic()
        assert DeliveryRun(
            database, [route("team", hook.url())]
        ).deliver_due() == Deliveries(sent=2, failed=1, pending=0)
    assert time.monotonic() - began >= 1


def test_500_then_good(database: Database) -> None:
    owe(database, "team")
    with webhook() as hook:
        hook.answers = [500]
        team = [route("team", hook.url())]
        assert (
            DeliveryRun(database, team, now=lambda: NOON).deliver_due().failed == 1
        )
        assert (
            DeliveryRun(database, team, now=lambda: NOON + timedelta(minutes=5))
            .deliver_due()
            .sent
            == 1
        )
    assert len(hook.calls) == 2


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("120", 120),
        ("Mon, 02 Mar 2026 12:01:00 GMT", 60),
        ("Mon, 02 Mar 2026 11:00:00 GMT", 0),
        ("soon", None),
        ("9" * 5000, 10 * 86400),
        ("-5", None),
        ("²", None),
        ("Mon, 02 Mar 99999999999999999999 08:00:00 GMT", None),
        (None, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(
    written: str | None, seconds: int | None
) -> None:
    assert retry_after(written, now=NOON) == (
        None if seconds is None else timedelta(seconds=seconds)
    )


def test_messages_to_one_server_are_not_slowed_down(store: Database) -> None:
    for _ in range(5):
        owe(store, "team")
    with webhook() as hook:
        began = time.monotonic()
        DeliveryRun(store, [route("team", hook.url())]).deliver_due()
    assert (
        time.monotonic() - began < 15
    )  # Apprise alone would wait 5.5 seconds between two of them, 22 in all


SECRETS = (
    "s3cretpath",
    "hunter2",
    "swordfish",
    "topsecretuser",
    "aHVudGVyMg",
    "whisper@example.org",
)


def test_no_secret_shows_anywhere(
    database: Database,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
    trusted: trustme.CA,
) -> None:
    caplog.set_level(logging.NOTSET)
    owe(database, "team")
    with (
        webhook() as hook,
        mail_server(tls=trusted, password="right") as inbox,
        held_port() as port,
    ):
        hook.answers = [
            (
                403,
                {},
                "no topsecretuser:hunter2 at /s3cretpath?token=swordfish aHVudGVyMg== here",
            ),
            500,
        ]
        inbox.refusals["whisper@example.org"] = (
            "550 whisper@example.org unknown to swordfish"
        )
        people = "whisper@example.org?from=watch@example.net"
        urls = [
            f"json://topsecretuser:hunter2@127.0.0.1:{hook.port}/s3cretpath?-token=swordfish",
            f"json://127.0.0.1:{hook.port}/s3cretpath",
            f"json://topsecretuser:hunter2@127.0.0.1:{port}/s3cretpath",
            f"mailtos://watch:right@localhost:{inbox.port}/{people}&%2BX=swordfish",
            f"mailtos://topsecretuser:hunter2@localhost:{inbox.port}/{people}",
            "discord://s3cretpath",
            "slack://hunter2",
            "nonsense hunter2",
        ]
        team = route("team", *urls)
        to = Address("${OPS}", f"json://127.0.0.1:{hook.port}/ops")
        operator = Route("[operator]", (to,))
        assert DeliveryRun(
            database, [team, operator], now=lambda: NOON
        ).deliver_due().failed == len(urls)
        tried = try_routes(database, [team], change_json=webhook_change)
    told = " ".join(
        call.body["message"] for call in hook.calls if call.path == "/ops"
    )
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
    logged = "\n".join(
        record.getMessage()
        for record in caplog.records
        if not record.name.startswith("mail.")
    )
    for secret in SECRETS:
        for place in (stored, shown, told, logged, out.out, out.err):
            assert secret not in place
