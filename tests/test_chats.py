"""What chats get: their own dialect, within their limits, with words of a page shown and never obeyed."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme
from icalendar import Calendar

from messages import Message
from notifier.notifications import Notification
from notifier.routes import Address
from notifier.send import Result, send
from storage.database import Database
from tests.chats import ADDRESSES, Chats, chats
from tests.inbox import mail_server, silent, webhook
from tests.messages import HOSTILE, alert, flagged, many
from tests.owed import START

SLACK, DISCORD, TEAMS, TELEGRAM, GOOGLE = ADDRESSES


@pytest.fixture
def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Chats]:
    with chats(
        trustme.CA(key_type=trustme.KeyType.ECDSA), monkeypatch.setenv, tmp_path
    ) as running:
        yield running


def told(services: Chats, host: str, message: Notification) -> str:
    """The text of the message that the service took."""
    assert send(Address("${CHAT}", ADDRESSES[host]), message) == Result(
        ok=True, answer=services_said(host)
    )
    bodies = [
        body for at, body in services.taken if at == host and isinstance(body, dict)
    ]
    return text_of(host, bodies[-1])


def services_said(host: str) -> Message:
    return Message(
        "delivery.status", status={DISCORD: 204, TEAMS: 202}.get(host, 200)
    )


def text_of(host: str, body: dict[str, Any]) -> str:
    if host == SLACK:
        return (
            f"{body['attachments'][0]['title']}\n{body['attachments'][0]['text']}"
        )
    if host == TEAMS:
        return "\n".join(
            part["text"] for part in body["attachments"][0]["content"]["body"]
        )
    return str(body["content"] if host == DISCORD else body["text"])


@pytest.mark.parametrize(
    ("host", "removed", "added", "link"),
    [
        (
            SLACK,
            "~show~",
            "*train our writing models unless*",
            "<https://watch.example/changes/1|The whole change>",
        ),
        (
            GOOGLE,
            "~show~",
            "*train our writing models unless*",
            "<https://watch.example/changes/1|The whole change>",
        ),
        (
            DISCORD,
            "~~show~~",
            "**train our writing models unless**",
            "[The whole change](https://watch.example/ch",
        ),
        (
            TEAMS,
            "\\[-show-\\]",
            "**train our writing models unless**",
            "[The whole change](https://watch.example/ch",
        ),
        (
            TELEGRAM,
            "<s>show</s>",
            "<b>train our writing models unless</b>",
            '<a href="https://watch.example/changes/1"',
        ),
    ],
)
def test_each_chat_is_spoken_to_in_its_own_dialect(
    services: Chats, store: Database, host: str, removed: str, added: str, link: str
) -> None:
    text = told(services, host, alert(store))
    for needed in (
        "Parley, Privacy Policy",
        removed,
        added,
        link,
        "1 more passage changed",
    ):
        assert needed in text
    assert "github" not in json.dumps(
        [body for _, body in services.taken if isinstance(body, dict)]
    )


@pytest.mark.parametrize("host", ADDRESSES)
def test_what_is_too_long_is_cut_after_a_passage_and_taken(
    services: Chats, store: Database, host: str
) -> None:
    text = told(services, host, alert(store, passages=many(200)))
    shown = text.count("starts.")
    assert 0 < shown < 200
    assert text.count("ends.") == shown
    assert f"{200 - shown} more passages about this do not fit here." in text
    assert "https://watch.example/changes/1" in text
    assert services.refused == []


@pytest.mark.parametrize("length", range(1, 40, 3))
def test_a_chat_that_counts_the_title_takes_a_message_that_fills_it(
    services: Chats, store: Database, length: int
) -> None:
    told(services, DISCORD, alert(store, passages=many(200, length)))
    assert services.refused == []


@pytest.mark.parametrize("host", ADDRESSES)
def test_a_chat_shows_the_words_of_a_page_and_does_not_obey_them(
    services: Chats, store: Database, host: str
) -> None:
    attacks = [
        *HOSTILE,
        "<!channel> !here> <@U123|x>",
        "@everyone",
        "~struck~ *bold* _it_ `x`",
        "a_b",
    ]
    passages = [flagged(None, f"Say {one} end.", one) for one in attacks]
    # Discord takes less than all of them in one message
    text = "".join(
        told(services, host, alert(store, passages=passages[first::2]))
        for first in (0, 1)
    )
    assert "do not fit here" not in text
    assert not re.search(r"<[!@#]", text.replace("\\<", ""))
    assert "@everyone" not in text
    link = {
        SLACK: r"<https://evil",
        GOOGLE: r"<https://evil",
        TELEGRAM: r"href=.https://evil",
    }.get(host, r"(?<!\\)\]\(https://evil|(?<!\\)<https")
    assert not re.search(link, text)
    if host in (SLACK, GOOGLE):
        assert not re.search(
            r"(?<![\w\u200a])[~*_]struck|[~*_](?:struck|bold|it)[~*_]", text
        )
        assert "&lt;script&gt;" in text
    if host == DISCORD:
        assert "\\<script\\>" in text
    assert "a_b" in text.replace("\\", "")


@pytest.mark.parametrize("host", [DISCORD, TELEGRAM])
def test_a_chat_that_takes_files_gets_the_day_for_a_calendar(
    services: Chats, store: Database, host: str
) -> None:
    told(services, host, alert(store))
    (file,) = [
        body
        for at, body in services.taken
        if at == host and isinstance(body, bytes)
    ]
    assert b"BEGIN:VCALENDAR" in file
    assert b'filename="parley-privacy-policy-2025-11-03.ics"' in file


def test_a_file_that_is_refused_does_not_make_the_alert_come_again(
    services: Chats, store: Database
) -> None:
    services.answers = [(204, {}, ""), (413, {}, "too large")]
    assert send(Address("${CHAT}", ADDRESSES[DISCORD]), alert(store)).ok
    services.answers = [(204, {}, ""), silent]
    assert send(Address("${CHAT}", ADDRESSES[DISCORD]), alert(store), deadline=4).ok


@pytest.mark.parametrize(
    ("answer", "permanent", "wait"),
    [
        ((404, {}, '{"message": "Unknown Webhook"}'), True, None),
        (
            (429, {"Retry-After": "7"}, '{"retry_after": 7}'),
            False,
            timedelta(seconds=7),
        ),
        ((500, {}, ""), False, None),
    ],
)
def test_a_chats_refusal_is_final_or_not_as_its_status_says(
    services: Chats,
    store: Database,
    answer: tuple[int, dict[str, str], str],
    permanent: bool,
    wait: timedelta | None,
) -> None:
    services.answers = [answer] * 5  # Apprise asks Discord again by itself
    result = send(Address("${CHAT}", ADDRESSES[DISCORD]), alert(store))
    assert (result.ok, result.permanent, result.retry_after) == (
        False,
        permanent,
        wait,
    )
    assert "JHZ7lQml277" not in str(result.answer or "")


def entry(mail: Any) -> tuple[Any, Any]:
    """The calendar and its event in a mail."""
    (part,) = [
        part for part in mail.walk() if part.get_content_type() == "text/calendar"
    ]
    assert part.get_param("method") == "PUBLISH"
    calendar = Calendar.from_ical(part.get_payload(decode=True))
    return calendar, calendar.events[0]


def test_a_mail_brings_the_day_for_a_calendar_and_a_later_change_of_that_day_updates_it(
    store: Database,
) -> None:
    with mail_server() as inbox:
        for message in (
            alert(store),
            alert(store),
            alert(store, effective_date=date(2025, 12, 1)),
        ):
            assert send(Address("${MAIL}", inbox.url()), message).ok
    (calendar, first), (_, second), (_, other) = map(entry, inbox.mails)
    assert calendar["METHOD"] == "PUBLISH"
    assert (first["DTSTART"].dt, first["DTEND"].dt) == (
        date(2025, 11, 3),
        date(2025, 11, 4),
    )
    assert (
        first["SUMMARY"]
        == "[High] Parley trains AI on your data by default from 3 Nov 2025 · Privacy Policy"
    )
    assert "https://watch.example/changes/1" in first["DESCRIPTION"]
    assert (first["UID"], first["SEQUENCE"]) == (second["UID"], 0)
    assert second["SEQUENCE"] == 1
    assert other["UID"] != first["UID"]


@pytest.mark.parametrize("hostile", [*HOSTILE, "x" * 5000, 'é;,\\n:"END:VEVENT'])
def test_words_of_a_page_break_no_calendar(store: Database, hostile: str) -> None:
    event = alert(store, brief={"meaning": hostile}).event
    assert event is not None
    (found,) = Calendar.from_ical(event.ics("watch@example.net")).events
    assert found["DTSTART"].dt == date(2025, 11, 3)
    assert "https://watch.example/changes/1" in found["DESCRIPTION"]


def test_the_last_day_to_refuse_is_an_entry_with_a_reminder(
    store: Database,
) -> None:
    brief = {"deadline": "2025-11-01"}
    event = alert(store, brief=brief).event
    assert event is not None
    start, last = Calendar.from_ical(event.ics()).events
    assert start["UID"] != last["UID"]
    assert last["DTSTART"].dt == date(2025, 11, 1)
    assert last["SUMMARY"] == "Last day to object: Parley, Privacy Policy"
    (alarm,) = last.walk("VALARM")
    assert alarm["TRIGGER"].dt == timedelta(days=-7)
    alone = alert(store, effective_date=None, brief=brief).event
    assert alone is not None
    assert len(Calendar.from_ical(alone.ics()).events) == 1


def test_a_day_that_is_past_or_unknown_is_no_entry(store: Database) -> None:
    assert (
        alert(store, effective_date=START.date() - timedelta(days=1)).event is None
    )
    assert alert(store, effective_date=None, brief={}).event is None


def test_a_program_finds_the_calendar_entry_in_its_message(store: Database) -> None:
    with webhook() as hook:
        assert send(Address("${HOOK}", hook.url()), alert(store)).ok
    (file,) = hook.calls[0].body["attachments"]
    assert file["mimetype"] == "text/calendar"
    assert b"DTSTART;VALUE=DATE:20251103" in base64.b64decode(file["base64"])


WITHOUT_SYSTEM_KINDS = """
import mimetypes
mimetypes.knownfiles = []
from notifier.calendar import CalendarEntry
from notifier.notifications import Notification
from notifier.send import attached
from datetime import UTC, date, datetime
event = CalendarEntry("a/b", (date(2026, 1, 1), "s"), None, 0, datetime.now(UTC), "d", None)
assert attached(event)[0].mimetype == "text/calendar"
"""


def test_a_system_that_knows_no_kinds_of_files_sends_them_too() -> None:
    root = Path(__file__).parents[1]
    subprocess.run(
        [sys.executable, "-c", WITHOUT_SYSTEM_KINDS],
        cwd=root,
        check=True,
        timeout=300,
    )
