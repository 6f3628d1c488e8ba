"""Plays the demo: the real job on the demo's site."""

from __future__ import annotations

import json
import shlex
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text
from sqlmodel import Session, col, select

from policywatch.config.recipients import recipients
from policywatch.config.watchlist import load
from policywatch.demo.site import (
    DAYS,
    DOCUMENTS,
    EXPECTED,
    EXPECTED_ALERTS,
    SERVICE,
    STORIES,
    DemoSite,
)
from policywatch.pipeline import Job
from policywatch.schedule.installation import program
from policywatch.web.app import create_app
from policywatch.web.serving import Listening, serve
from storage.changes import Change
from storage.database import Database

ShowChange = Callable[[Console, Session, int], None]
_SHOWN = "confrera/privacy-policy"  # shown in full at the end
_ROUTES = {"english": ("en", "alerts.txt"), "french": ("fr", "alertes.txt")}


def play(
    console: Console,
    folder: Path | None,
    show: ShowChange,
    *,
    stay: bool,
    port: int,
) -> bool:
    """All outcomes and alerts are as expected. `show` prints a change."""
    folder = folder or Path(tempfile.mkdtemp(prefix="policywatch-demo-"))
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / "policywatch.db").exists():
        raise FileExistsError(
            f"{folder} holds a demo already; name another folder, or remove it"
        )
    config, alerts = folder / "policywatch.toml", folder / "alerts.txt"
    events = {
        (day, document.partition(".")[0]) for day, document in EXPECTED_ALERTS
    }  # translations count once
    expected = len(events) * len(_ROUTES)
    good, sent = True, 0
    with DemoSite() as site:
        config.write_text(_watchlist(site.url, folder, port), "utf-8")
        watchlist = load(config)
        database = Database(watchlist.database)
        console.print(
            f"{SERVICE}, an invented professional network, is at {site.url} for five days.\n"
        )
        for day in DAYS:
            site.day = day
            console.print(Text(f"Day {day}: {STORIES[day]}", style="bold"))
            report = (
                Job(watchlist, database, recipients(watchlist))
                .run(force=True)
                .json()
            )
            good &= _tell(console, day, report)
            sent += report["deliveries"]["sent"]
    good &= sent == expected
    written = " and ".join(str(folder / file) for _, file in _ROUTES.values())
    console.print(
        f"\n{sent} alerts were delivered, {expected} belong to the story."
    )
    console.print(
        f"Each tells of a change and its translation, in English or in French: {written}.",
        soft_wrap=True,
    )
    _show(console, database, alerts, show)
    console.print(
        "\nAll came as it should."
        if good
        else "\nSomething came otherwise than it should.",
        style="bold green" if good else "bold red",
    )
    if stay:
        serve(create_app(database), Listening(port=port))
    else:
        here = shlex.join(program())  # it may not be on the PATH
        console.print(
            f"Browse it: {here} serve --config {config}, then http://127.0.0.1:{port}/",
            soft_wrap=True,
        )
        console.print(f"or in one go: {here} demo --serve")
    database.close()
    return good


def _watchlist(url: str, folder: Path, port: int) -> str:
    """Strings of JSON are TOML's."""
    text = f"""contact = "demo@example.org"
database = "sqlite:///policywatch.db"
site = "http://127.0.0.1:{port}"
[crawl]
delay = 0
confirm_delay = 0
"""
    for name, (language, file) in _ROUTES.items():
        text += f"""[[routes]]
name = "{name}"
to = [{json.dumps(f"file://{folder / file}")}]
language = "{language}"
"""
    for document in DOCUMENTS:
        text += f"""[[documents]]
id = "{document.id}"
service = "{SERVICE}"
title = "{document.title}"
kind = "{document.kind}"
url = "{url}{document.path}"
language = "{document.language}"
allow_private = true
"""
    return text


def _tell(console: Console, day: int, report: dict[str, Any]) -> bool:
    good = True
    for check in report["checks"]:
        expected = check["outcome"] in EXPECTED[day][check["document"]]
        good &= expected
        line = Text(f"  {check['document']:<32} {check['outcome']}")
        if check["change"] and check["change"]["alert"]:
            line.append(
                f"  ALERT {check['change']['severity']}: {', '.join(check['change']['topics'])}",
                "bold yellow",
            )
        elif check["reason"]:
            line.append(f"  {check['reason']}", "dim")
        console.print(
            line if expected else line.append("  (not expected)", "bold red"),
            soft_wrap=True,
        )
    return good and len(report["checks"]) == len(DOCUMENTS)


def _show(
    console: Console, database: Database, alerts: Path, show: ShowChange
) -> None:
    with database.reading() as session:
        alerted = select(Change.id).where(
            Change.document_id == _SHOWN, col(Change.alert).is_(True)
        )
        change_id = session.exec(alerted.order_by(col(Change.id).desc())).first()
        if change_id is None:
            return
        console.print(
            Text(
                "\nThe alert about the privacy policy, as it was delivered:\n",
                style="bold",
            )
        )
        console.print(Text(_delivered(alerts, change_id)))
        console.print(
            Text("\nIts passages, as `policywatch show` has them:\n", style="bold")
        )
        show(console, session, change_id)


def _delivered(alerts: Path, change_id: int) -> str:
    """Subjects and bodies stand between rules; a body links to its change."""
    parts = [part.strip() for part in alerts.read_text("utf-8").split("=" * 72)]
    for subject, body in zip(parts[1::2], parts[2::2], strict=False):
        if f"/changes/{change_id})" in body:
            return f"{subject}\n\n{body}"
    return ""
