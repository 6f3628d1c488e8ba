"""Delivery to servers as people run them: a Matrix homeserver and ntfy, read back as their users would."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator

import pytest

from notifier.delivery import Deliveries, DeliveryRun
from notifier.routes import Address
from notifier.send import send
from storage.database import Database
from tests.inbox import held_port
from tests.messages import HOSTILE, alert, flagged, many
from tests.owed import owe, route
from tests.servers import Matrix, matrix, ntfy

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def homeserver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Matrix]:
    with (
        held_port() as port,
        matrix(tmp_path_factory.mktemp("matrix"), port) as running,
    ):
        yield running


@pytest.fixture(scope="module")
def push(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with held_port() as port, ntfy(tmp_path_factory.mktemp("ntfy"), port) as host:
        yield host


def test_a_matrix_room_reads_the_alert_and_gets_the_calendar_entry(
    store: Database, homeserver: Matrix
) -> None:
    owe(store, "team")
    site = "https://watch.example"
    assert DeliveryRun(
        store, [route("team", homeserver.url())], base_url=site
    ).deliver_due() == Deliveries(1, 0, 0)
    told, file, name = homeserver.messages()
    assert (
        "<del>show</del> <b>train our writing models unless</b>"
        in told["formatted_body"]
    )
    assert '<a href="https://watch.example/changes/1">' in told["formatted_body"]
    assert "Parley trains AI on your data by default" in told["body"]
    assert file["msgtype"] == "m.file"
    assert file["body"] == name["body"] == "parley-privacy-policy-2025-11-03.ics"


def test_a_matrix_room_shows_the_words_of_a_page_and_does_not_obey_them(
    store: Database, homeserver: Matrix
) -> None:
    before = len(homeserver.messages())
    message = alert(
        store,
        passages=[flagged(None, f"Say {one} end.", one) for one in HOSTILE],
        effective_date=None,
        brief={},
    )
    assert send(Address("${ROOM}", homeserver.url()), message).ok
    (told,) = homeserver.messages()[before:]
    assert "<script>" not in told["formatted_body"]
    assert "<img" not in told["formatted_body"]
    assert "&lt;script&gt;" in told["formatted_body"]


def test_a_wrong_password_is_final_and_not_shown(
    store: Database, homeserver: Matrix
) -> None:
    wrong = send(Address("${ROOM}", homeserver.url("hunter2")), alert(store))
    assert (wrong.ok, wrong.permanent) == (False, True)
    assert "hunter2" not in str(wrong.answer or "")


def pushed(host: str, topic: str) -> list[dict[str, str]]:
    with urllib.request.urlopen(
        f"http://{host}/{topic}/json?poll=1", timeout=60
    ) as answer:
        return [json.loads(line) for line in answer]


def test_ntfy_hands_on_the_alert(store: Database, push: str) -> None:
    owe(store, "team")
    site = "https://watch.example"
    assert DeliveryRun(
        store,
        [route("team", f"ntfy://{push}/policies?rto=60&cto=60")],
        base_url=site,
    ).deliver_due() == Deliveries(1, 0, 0)
    (told,) = pushed(push, "policies")
    assert (
        told["title"]
        == "[High] Parley trains AI on your data by default from 3 Nov 2025 · Privacy Policy"
    )
    assert "train our writing models unless" in told["message"]
    assert "https://watch.example/changes/1" in told["message"]


def test_ntfy_gets_as_much_of_a_long_alert_as_it_takes(
    store: Database, push: str
) -> None:
    accented = [
        flagged(
            None,
            f"Nous entraînons l’IA n° {n}, né à l’été. {'é' * 100}",
            f"Été {n}",
        )
        for n in range(99)
    ]
    for passages in (many(200), accented):
        assert send(
            Address("${PUSH}", f"ntfy://{push}/long?rto=60&cto=60"),
            alert(store, passages=passages),
        ).ok
    for told in pushed(push, "long"):
        assert "more passages about this do not fit here" in told["message"]
        assert "attachment" not in told
