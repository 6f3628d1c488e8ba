"""E-mail to real mail servers on the loopback, good ones and bad ones."""

from __future__ import annotations

import re
import socket
import struct
import threading
import time
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import pytest
import trustme

from foundation.vocabulary import State
from messages import Message, verbatim
from notifier.delivery import Deliveries, DeliveryRun
from notifier.mail import Mail
from notifier.routes import Address, Route
from notifier.send import Result, send
from storage.database import Database
from storage.deliveries import OPERATOR, Notice
from tests.inbox import mail_server
from tests.owed import owe, route, tell
from tests.post import one_message, rows, sent
from tests.stories import passage

DATABASES = ["sqlite"]
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
QUICK = "?rto=1&cto=1"


def body(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def test_a_mail_arrives_whole(database: Database) -> None:
    owe(database, "team")
    with mail_server() as inbox:
        done = DeliveryRun(
            database, [route("team", inbox.url())], base_url="https://watch.example"
        ).deliver_due()
    assert done == Deliveries(sent=1, failed=0, pending=0)
    (mail,) = inbox.mails
    assert (
        mail["Subject"]
        == "[High] Parley trains AI on your data by default from 3 Nov 2025 · Privacy Policy"
    )
    assert mail["To"] == "reader@example.org"
    assert "watch@example.net" in mail["From"]
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["List-Id"] == "<team.policywatch.example.net>"
    assert len(mail.get_all("Message-ID") or []) == 1
    assert mail["References"] == mail["In-Reply-To"]
    assert "[-show-] {+train our writing models unless+}" in body(mail, "plain")
    assert "<ins" in body(mail, "html")
    assert "https://watch.example/changes/1" in body(mail, "html")


def test_no_space_is_lost_where_a_subject_is_folded(database: Database) -> None:
    meaning = "Nous utilisons vos publications et vos commentaires pour entraîner nos modèles."
    brief = {"meaning": meaning, "severity_reasons": ["training"]}
    with database.writing() as session:
        tell(session, ["team"], document="parley/privacy-policy.fr", brief=brief)
    with mail_server() as inbox:
        DeliveryRun(
            database, [route("team", inbox.url(), language="fr")], base_url=None
        ).deliver_due()
    assert inbox.mails[0]["Subject"] == (
        "[Gravité élevée] Parley entraîne l’IA avec vos données à partir du 3 nov. 2025 · Politique de confidentialité"
    )


def test_a_line_that_begins_with_from_arrives_as_it_was(store: Database) -> None:
    """Also one that does so only on its way, where long lines are folded."""
    said = 60 * "From here on "
    evidence = [("ai_training", "From here on", "after")]
    owe(
        store,
        "team",
        passages=[passage(["Your data"], "Before.", said, evidence=evidence)],
    )
    with store.writing() as session:
        facts = {
            "sent": "alert",
            "address": "A",
            "route": "team",
            "reason": verbatim("no").to_json(),
        }
        session.add(Notice(kind="parked", facts=facts, created_at=NOON))
    with mail_server() as inbox:
        to = Address("${A}", inbox.url())
        routes = [Route("team", (to,)), Route(OPERATOR, (to,))]
        DeliveryRun(store, routes, now=lambda: NOON).deliver_due()
    texts = [body(mail, kind) for mail in inbox.mails for kind in ("plain", "html")]
    assert len(texts) == 4
    assert not [text for text in texts if re.search(r"(^|\s)>From", text)]
    assert [text for text in texts if text.startswith("From policywatch")]


def test_a_list_is_named_by_the_letters_of_its_route(store: Database) -> None:
    owe(store, "Équipe français")
    with mail_server() as inbox:
        DeliveryRun(store, [route("Équipe français", inbox.url())]).deliver_due()
    assert inbox.mails[0]["List-Id"] == "<equipe-francais.policywatch.example.net>"


def test_mails_about_one_document_belong_together(store: Database) -> None:
    owe(store, "team")
    owe(store, "team")
    owe(store, "team", document="harbour/terms")
    with mail_server() as inbox:
        DeliveryRun(store, [route("team", inbox.url())]).deliver_due()
    threads = [mail["References"] for mail in inbox.mails]
    assert threads[0] == threads[1] != threads[2]
    assert len({mail["Message-ID"] for mail in inbox.mails}) == 3


def test_people_in_one_address_do_not_see_each_other(store: Database) -> None:
    with mail_server() as inbox:
        assert sent(
            store, inbox.url("a@example.org/b@example.org", "&bcc=c@example.org")
        ).ok
    assert [mail["To"] for mail in inbox.mails] == [
        "a@example.org",
        "b@example.org",
    ]
    assert inbox.recipients == [
        ["a@example.org", "c@example.org"],
        ["b@example.org"],
    ]
    assert "c@example.org" not in str(inbox.mails[0])


def test_the_addresss_own_headers_and_format_are_kept(store: Database) -> None:
    with mail_server() as inbox:
        assert sent(store, inbox.url(more="&%2BX-Team=privacy&format=text")).ok
    (mail,) = inbox.mails
    assert mail["X-Team"] == "privacy"
    assert [part.get_content_maintype() for part in mail.walk()] == [
        "multipart",
        "text",
        "text",
    ]
    assert mail.get_body(("html",)) is None


def test_mail_goes_over_tls_with_a_login(
    store: Database, trusted: trustme.CA
) -> None:
    people = "reader@example.org?from=watch@example.net"
    with mail_server(tls=trusted, password="right") as inbox:
        assert sent(
            store, f"mailtos://watch:right@localhost:{inbox.port}/{people}"
        ).ok
    with mail_server(tls=trusted, implicit=True) as implicit:
        assert sent(
            store, f"mailtos://localhost:{implicit.port}/{people}&mode=ssl"
        ).ok
    assert len(inbox.mails) == len(implicit.mails) == 1


def test_a_wrong_password_is_parked_at_once_and_not_shown(
    store: Database, trusted: trustme.CA
) -> None:
    with mail_server(tls=trusted, password="right") as inbox:
        url = f"mailtos://watch:hunter2@localhost:{inbox.port}/reader@example.org?from=watch@example.net"
        result = sent(store, url)
    assert result.permanent
    assert str(result.answer or "").startswith("535 ")
    assert "hunter2" not in str(result.answer or "")


def test_a_password_that_can_not_be_sent_is_parked_and_holds_up_nobody(
    store: Database,
) -> None:
    owe(store, "team")
    owe(store, "other")
    with mail_server(password="pässword") as inbox, mail_server() as other:
        bad = f"mailto://watch:p%C3%A4ssword@localhost:{inbox.port}/reader@example.org?from=watch@example.net"
        done = DeliveryRun(
            store,
            [route("team", bad), Route("other", (Address("${B}", other.url()),))],
        ).deliver_due()
    assert done == Deliveries(sent=1, failed=1, pending=0)
    parked = next(row for row in rows(store) if row.state == State.PARKED)
    assert "choose a password of ASCII letters" in str(parked.error or "")
    assert "ssword" not in str(parked.error or "").replace("password", "")


def test_a_mail_that_trips_over_a_fault_of_ours_is_a_failed_try(
    store: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Mail, "_mail", lambda *_: {}["gone"])
    with mail_server() as inbox:
        assert sent(store, inbox.url()) == Result(
            ok=False, answer=Message("delivery.broke_off", kind="KeyError")
        )


@pytest.mark.parametrize("implicit", [False, True])
def test_a_certificate_of_nobody_known_gets_no_mail(
    store: Database, authority: trustme.CA, implicit: bool
) -> None:
    with mail_server(tls=authority, implicit=implicit) as inbox:
        mode = "ssl" if implicit else "starttls"
        result = sent(
            store,
            f"mailtos://localhost:{inbox.port}/r@example.org?from=w@example.net&mode={mode}",
        )
    assert not result.ok
    assert not result.permanent  # it may be mended
    assert "no trusted TLS connection" in str(result.answer or "")
    assert inbox.mails == []


def test_a_certificate_of_another_host_gets_no_mail(
    store: Database, trusted: trustme.CA
) -> None:
    with mail_server(tls=trusted, name="elsewhere.example") as inbox:
        assert not sent(
            store,
            f"mailtos://localhost:{inbox.port}/r@example.org?from=w@example.net",
        ).ok
    assert inbox.mails == []


def test_a_server_without_tls_gets_no_mail_that_wants_it(store: Database) -> None:
    with mail_server() as inbox:
        assert not sent(
            store,
            f"mailtos://localhost:{inbox.port}/r@example.org?from=w@example.net",
        ).ok
    assert inbox.mails == []


def test_a_server_that_stops_offering_a_login_is_tried_again(
    store: Database,
) -> None:
    with mail_server() as inbox:
        result = sent(
            store,
            f"mailto://watch:right@localhost:{inbox.port}/r@example.org?from=w@example.net",
        )
    assert not result.ok
    assert not result.permanent
    assert (
        "the server does not support what the address requires: SMTP AUTH"
        in str(result.answer or "")
    )
    assert inbox.mails == []


@pytest.mark.parametrize(
    ("reply", "permanent"),
    [
        ("550 5.1.1 no such user", True),
        ("452 4.2.2 mailbox full", False),
        ("421 4.3.2 too busy", False),
    ],
)
def test_a_refused_recipient_is_final_or_not_as_the_server_says(
    store: Database, reply: str, permanent: bool
) -> None:
    with mail_server() as inbox:
        inbox.refusals["reader@example.org"] = reply
        result = sent(store, inbox.url())
    assert (result.ok, result.permanent) == (False, permanent)
    assert reply[4:] in str(result.answer or "")
    assert "reader@" not in str(result.answer or "")


def test_a_mail_that_is_refused_after_it_was_read_is_not_lost(
    database: Database,
) -> None:
    owe(database, "team")
    with mail_server() as inbox:
        inbox.replies = ["451 try later"]
        team = [route("team", inbox.url())]
        assert DeliveryRun(
            database, team, now=lambda: NOON
        ).deliver_due() == Deliveries(sent=0, failed=1, pending=1)
        assert (
            DeliveryRun(database, team, now=lambda: NOON + timedelta(minutes=5))
            .deliver_due()
            .sent
            == 1
        )


def test_a_mail_that_is_too_large_for_its_server_is_parked(store: Database) -> None:
    with mail_server() as inbox:
        inbox.replies = ["552 5.3.4 message too big"]
        result = sent(store, inbox.url())
    assert (result.ok, result.permanent, str(result.answer)) == (
        False,
        True,
        "552 5.3.4 message too big",
    )


def test_a_mail_server_that_drips_does_not_hold_us_for_ever(
    store: Database,
) -> None:
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
        result = sent(
            store,
            f"mailto://localhost:{slow.getsockname()[1]}/x@example.org?from=w@example.net",
            deadline=1,
        )
    assert time.monotonic() - began < 15
    assert (result.ok, result.permanent, str(result.answer)) == (
        False,
        False,
        "no answer within 1 seconds",
    )


def test_a_mail_server_that_breaks_off_is_tried_again(store: Database) -> None:
    def break_off(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        connection.sendall(b"220 here\r\n")
        connection.recv(100)
        connection.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )
        connection.close()

    with socket.socket() as breaking:
        breaking.bind(("127.0.0.1", 0))
        breaking.listen()
        threading.Thread(target=break_off, args=(breaking,), daemon=True).start()
        result = sent(
            store,
            f"mailto://localhost:{breaking.getsockname()[1]}/x@example.org?from=w@example.net",
        )
    assert (result.ok, result.permanent) == (False, False)
    assert str(result.answer or "").startswith(
        ("the server closed", "no connection: Connection reset")
    )


def test_one_of_two_people_in_an_address_may_be_gone(store: Database) -> None:
    with mail_server() as inbox:
        inbox.refusals["b@example.org"] = "550 gone"
        result = sent(store, inbox.url("a@example.org/b@example.org"))
    assert len(inbox.mails) == 1
    assert result.permanent
    assert (
        str(result.answer)
        == "accepted, but not for recipient 2 of this address: 550 gone"
    )


def test_who_was_refused_is_told_by_number_also_where_nobody_took_it(
    store: Database,
) -> None:
    with mail_server() as inbox:
        inbox.refusals |= {
            "b@example.org": "550 gone",
            "a@example.org": "451 later",
            "carol@example.org": "550 no",
        }
        said = sent(
            store, inbox.url("b@example.org/a@example.org", "&cc=carol@example.org")
        ).answer
    numbered = "recipient 1 of this address: 550 gone; recipient 2 of this address: 451 later"
    assert str(said) == f"{numbered}; ***@***: 550 no"


def test_who_has_a_mail_does_not_get_it_again_because_of_another(
    database: Database,
) -> None:
    owe(database, "team")
    with mail_server() as inbox:
        inbox.refusals["full@example.org"] = "452 4.2.2 mailbox full"
        team = [
            route(
                "team",
                inbox.url(
                    "full@example.org/ann@example.org", "&cc=carol@example.org"
                ),
            )
        ]
        failed = [
            DeliveryRun(database, team, now=lambda h=h: NOON + timedelta(hours=h))
            .deliver_due()
            .failed
            for h in range(5)
        ]  # type: ignore[misc]
        assert sum(failed) > 2
        (row,) = rows(database)
        assert len(row.taken or []) == 2
        assert "example.org" not in str(row.taken)
        inbox.refusals.clear()
        assert (
            DeliveryRun(database, team, now=lambda: NOON + timedelta(hours=9))
            .deliver_due()
            .sent
            == 1
        )
    assert inbox.recipients == [
        ["carol@example.org"],
        ["ann@example.org"],
        ["full@example.org"],
    ]


def test_a_server_that_breaks_off_after_the_first_of_two_is_asked_for_the_second_only(
    store: Database,
) -> None:
    owe(store, "team")
    with mail_server() as inbox:
        team = [route("team", inbox.url("ann@example.org/bob@example.org"))]
        inbox.replies = ["250 Taken", "451 try later"]
        assert DeliveryRun(store, team, now=lambda: NOON).deliver_due().failed == 1
        assert (
            DeliveryRun(store, team, now=lambda: NOON + timedelta(minutes=5))
            .deliver_due()
            .sent
            == 1
        )
    assert inbox.recipients == [["bob@example.org"]]


def test_of_many_people_nobody_gets_a_mail_twice_from_a_server_that_takes_its_time(
    store: Database,
) -> None:
    people = [f"p{number}@example.org" for number in range(12)]
    with mail_server() as inbox:
        inbox.seconds = 0.3
        address, message = (
            Address("team", inbox.url("/".join(people))),
            one_message(store),
        )
        first = send(address, message, deadline=2)
        assert not first.ok
        assert 0 < len(first.taken) < len(people)
        time.sleep(2)  # the run goes on with other addresses
        assert send(address, replace(message, taken=first.taken)).ok
    assert sorted(person for mail in inbox.recipients for person in mail) == sorted(
        people
    )


def test_a_mail_server_that_says_nothing_is_given_up_for_now(
    store: Database,
) -> None:
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        result = sent(
            store,
            f"mailto://localhost:{mute.getsockname()[1]}/x@example.org?from=w@example.net&cto=1",
        )
    assert (result.ok, result.permanent, str(result.answer)) == (
        False,
        False,
        "no answer in time",
    )
