"""Delivery without a server, and the trial of routes."""

from __future__ import annotations

from pathlib import Path

import pytest

from notifier.delivery import Deliveries, DeliveryRun, try_routes
from notifier.routes import Address, Route
from policywatch.views.serializer import webhook_change
from storage.database import Database
from tests.inbox import webhook
from tests.owed import owe, route
from tests.post import MINUTE, NOON, rows
from tests.site import policywatch

DATABASES = ["sqlite"]


def test_routes_are_tried_with_a_marked_sample_and_nothing_is_stored(
    database: Database,
) -> None:
    owe(database, "nobody")
    with webhook() as hook:
        hook.answers = [200, (403, {}, "wrong token")]
        tried = try_routes(
            database,
            [route("team", hook.url("a"), hook.url("b"))],
            change_json=webhook_change,
        )
    assert [(one.route, one.address, one.ok) for one in tried] == [
        ("team", "${A}", True),
        ("team", "${B}", False),
    ]
    assert "403: wrong token" in str(tried[1].answer)
    assert all(title.startswith("TEST: [High] Parley") for title in hook.titles())
    assert rows(database) == []


def test_console_and_file_serve_those_without_a_server(
    database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "our alerts.txt"
    owe(database, "team")
    owe(database, "team")
    team = Route(
        "team",
        (Address("console", "console://"), Address("file", f"file://{file}")),
    )
    assert DeliveryRun(database, [team]).deliver_due().sent == 4
    printed = capsys.readouterr().out
    assert (
        printed.count(
            "[High] Parley trains AI on your data by default from 3 Nov 2025 · Privacy Policy"
        )
        == 2
    )
    assert file.read_text() == printed


def test_a_file_that_cannot_be_written_is_tried_again(
    database: Database, tmp_path: Path
) -> None:
    owe(database, "team")
    team = route("team", f"file://{tmp_path}/missing/alerts.txt")
    assert DeliveryRun(
        database, [team], now=lambda: NOON
    ).deliver_due() == Deliveries(sent=0, failed=1, pending=1)
    assert (
        str(rows(database)[0].error)
        == "the file can't be written: No such file or directory"
    )
    (tmp_path / "missing").mkdir()
    assert (
        DeliveryRun(database, [team], now=lambda: NOON + 5 * MINUTE)
        .deliver_due()
        .sent
        == 1
    )


def test_a_full_disk_leaves_no_half_message(database: Database) -> None:
    owe(database, "team")
    assert (
        DeliveryRun(database, [route("team", "file:///dev/full")], now=lambda: NOON)
        .deliver_due()
        .failed
        == 1
    )
    assert "No space left" in str(rows(database)[0].error)


def test_a_relative_file_lies_beside_the_watchlist(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, elsewhere = tmp_path / "50% ours", tmp_path / "elsewhere"
    for one in (folder, elsewhere):
        one.mkdir()
    config = folder / "policywatch.toml"
    config.write_text(
        'contact = "a@example.org"\n[[routes]]\nname = "file"\nto = ["file://alerts.txt"]\n',
        "utf-8",
    )
    monkeypatch.chdir(elsewhere)
    assert "file://alerts.txt: taken" in policywatch(
        "routes", "test", "--config", config
    )
    assert "TEST" in (folder / "alerts.txt").read_text("utf-8")
    assert not any(elsewhere.iterdir())
