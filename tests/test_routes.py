"""Routes: filters, times, addresses."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from notifier.channels import address, address_problem
from notifier.routes import (
    Address,
    AtOnce,
    Digest,
    Quiet,
    Route,
    parse_quiet,
    parse_when,
)
from storage.changes import Change
from tests.owed import POLICY, documents

PARIS = ZoneInfo("Europe/Paris")


def change(**facts: Any) -> Change:
    about = {
        "alert": True,
        "severity": "medium",
        "direction": "expands",
        "topics": ["ai_training", "user_choice"],
    }
    return Change(**(about | facts))


def wants(filters: dict[str, Any], document: str = POLICY, **facts: Any) -> bool:
    page = next(page for page in documents() if page.id == document)
    return Route("team", (), **filters).wants(page, change(**facts))


@pytest.mark.parametrize(
    ("filters", "facts", "wanted"),
    [
        ({}, {}, True),
        ({}, {"alert": False}, False),
        ({}, {"severity": "none"}, False),
        ({"topics": frozenset({"ai_training"})}, {}, True),
        ({"topics": frozenset({"tracking"})}, {}, False),
        (
            {"topics": frozenset({"our_own_topic"})},
            {"topics": ["our_own_topic"]},
            True,
        ),
        ({"severity": "medium"}, {}, True),
        ({"severity": "high"}, {}, False),
        ({"severity": "high"}, {"severity": "high"}, True),
        ({"services": frozenset({"Parley"})}, {}, True),
        ({"services": frozenset({"Harbour"})}, {}, False),
        ({"documents": frozenset({"parley/privacy-policy"})}, {}, True),
        (
            {"documents": frozenset({"parley/*"})},
            {"document": "parley/privacy-policy.fr"},
            True,
        ),
        (
            {"documents": frozenset({"parley/*"})},
            {"document": "harbour/terms"},
            False,
        ),
        ({"languages": frozenset({"fr"})}, {}, False),
        (
            {"languages": frozenset({"fr"})},
            {"document": "parley/privacy-policy.fr"},
            True,
        ),
        ({"kinds": frozenset({"terms"})}, {}, False),
        ({"directions": frozenset({"limits"})}, {}, False),
        ({"directions": frozenset({"expands", "mixed"})}, {}, True),
        ({"directions": frozenset({"limits"})}, {"direction": "none"}, True),
    ],
)
def test_a_route_lets_through_what_its_people_asked_for(
    filters: dict[str, Any], facts: dict[str, Any], wanted: bool
) -> None:
    assert wants(filters, **facts) is wanted


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("at once", AtOnce()),
        ("At  Once", AtOnce()),
        ("daily 08:00", Digest(time(8))),
        ("daily 8:00", Digest(time(8))),
        ("weekly sunday 23:59", Digest(time(23, 59), 6)),
    ],
)
def test_a_time_to_tell_people_is_understood(written: str, meant: object) -> None:
    assert parse_when(written) == meant


@pytest.mark.parametrize(
    "written",
    [
        "",
        "hourly",
        "daily",
        "daily 24:00",
        "daily 8.30",
        "weekly moonday 08:00",
        "daily 08:60",
    ],
)
def test_a_time_that_is_none_says_what_may_be_written(written: str) -> None:
    with pytest.raises(ValueError, match=r'"daily HH:MM"'):
        parse_when(written)


@given(
    st.integers(0, 2 * 365 * 24 * 60),
    st.times(),
    st.sampled_from(["Europe/Paris", "UTC"]),
)
def test_a_daily_digest_is_due_once_a_day_also_when_the_clocks_change(
    minutes: int, at: time, zone_name: str
) -> None:
    zone = ZoneInfo(zone_name)
    now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    daily = Digest(at.replace(second=0, microsecond=0))
    last = daily.last(now, zone)
    assert last <= now < last + timedelta(hours=26)
    assert daily.last(last, zone) == last
    before = daily.last(last - timedelta(seconds=1), zone)
    assert last.astimezone(zone).date() - before.astimezone(
        zone
    ).date() == timedelta(days=1)


def test_eight_in_the_morning_is_eight_in_summer_and_in_winter() -> None:
    daily = parse_when("daily 08:00")
    assert isinstance(daily, Digest)
    for month, hour in ((1, 7), (7, 6)):
        assert daily.last(
            datetime(2026, month, 10, 12, tzinfo=UTC), PARIS
        ) == datetime(2026, month, 10, hour, tzinfo=UTC)


def test_a_weekly_digest_is_due_on_its_day() -> None:
    weekly = parse_when("weekly monday 08:00")
    assert isinstance(weekly, Digest)
    sunday = datetime(2026, 3, 8, 20, tzinfo=UTC)
    assert weekly.last(sunday, PARIS) == datetime(2026, 3, 2, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    "facts",
    [
        {"severity": "huge"},
        {"timezone": "Europe/Atlantis"},
        {"language": "xx"},
        {"directions": frozenset({"up"})},
    ],
)
def test_a_word_without_a_meaning_is_refused_by_name(facts: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"huge|Atlantis|xx|up"):
        Route("team", (), **facts)


@pytest.mark.parametrize(
    "url",
    [
        "mailtos://watch:s3cret@mail.example.org?to=team@example.org",
        "mailtos://watch:s3cret@mail.example.org",
        "mailto://mail.example.org/ann@a.org/bob@a.org?from=w@a.org&to=Carol <c+x@a.org>, d@a.org&cc=E@A.org",
        "mailto://mail.example.org/?from=w@a.org&to=%22Lee, Ann%22%20%3Cann@a.org%3E bob@a.org,,",
        "json://127.0.0.1/hook",
        "discord://123456789012345678/abcdefghijklmnopqrstuvwxyz",
        "https://discord.com/api/webhooks/123456789012345678/abcdefghijklmnopqrstuvwxyz",
        "console://",
        "file:///var/log/alerts.txt",
        "ntfy://topic",
    ],
)
def test_a_good_address_has_no_problem(url: str) -> None:
    assert address_problem(url) is None


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("hunter2secret", "no Apprise address"),
        ("", "no Apprise address"),
        ("nosuchservice://hunter2secret", "no service called nosuchservice"),
        ("discord://hunter2secret", "missing or malformed"),
        ("mailtos://hunter2secret", "missing or malformed"),
        ("console://hunter2secret", "missing or malformed"),
        ("file://", "missing or malformed"),
        (
            "xmpp://watch:hunter2secret@example.org/team@example.org",
            "without delivering",
        ),
        ("https://example.org/hunter2secret", "missing or malformed"),
        (
            "mailto://h.example/?from=w@a.org&to=ann@a.org,bob@ex%C3%A4mple.org,carol@hunter2",
            "3 people in this address",
        ),
        (
            "mailto://h.example/?from=w@a.org&to=ann@a.org,bob@ex%C3%A4mple.org,carol@hunter2",
            "leaves out number 2, 3;",
        ),
        (
            "mailto://h.example/?from=w@a.org&to=ann@a.org&bcc=hunter2",
            "leaves out number 2;",
        ),
        (
            "mailto://h.example/?from=w@a.org&to=bob@hunter2,org",
            "leaves out number 2;",
        ),
        ("mailto://h.example/?from=w@a.org&to=,", "missing or malformed"),
        (
            "mailto://h.example/hunter2/ann@a.org?from=w@a.org",
            "leaves out number 1;",
        ),
    ],
)
def test_a_bad_address_is_said_to_be_so_without_being_shown(
    url: str, said: str
) -> None:
    problem = address_problem(url)
    assert problem is not None
    assert said in problem
    assert "hunter2" not in problem


def test_an_address_hides_its_url_from_whoever_prints_it() -> None:
    route = Route("team", (Address("${TEAM}", "discord://123/hunter2"),))
    assert "hunter2" not in f"{route} {route!r}"


def test_the_name_of_an_address_is_the_watchlists_word_or_a_url_without_secrets() -> (
    None
):
    assert address("${TEAM}", "discord://1/hunter2").name == "${TEAM}"
    url = "mailtos://watch:hunter2@mail.example.org?to=team@example.org"
    name = address(url, url).name
    assert name.startswith("mailtos://mail.example.org#")
    chat = address("discord://hunter2/hunter3", "discord://hunter2/hunter3").name
    assert "hunter" not in name + chat
    assert chat.startswith("discord://…#")
    assert address(url, url).name == name
    other = url.replace("team@", "all@")
    assert address(other, other).name != name
    written = "mailtos://watch:${PASSWORD}@mail.example.org"
    names = {
        address(written, written.replace("${PASSWORD}", word)).name
        for word in ("old", "new")
    }
    assert len(names) == 1  # what waits goes on when a password changes
    assert (
        address("file:///var/alerts.txt", "file:///var/alerts.txt").name
        == "file:///var/alerts.txt"
    )


@pytest.mark.parametrize(
    ("clock", "until"),
    [
        ("21:59", None),
        ("22:00", "07:00 2"),
        ("23:30", "07:00 2"),
        ("06:59", "07:00 1"),
        ("07:00", None),
    ],
)
def test_quiet_hours_go_over_midnight(clock: str, until: str | None) -> None:
    now = datetime.combine(
        datetime(2026, 7, 1, tzinfo=UTC), time.fromisoformat(clock), tzinfo=PARIS
    )
    ends = parse_quiet("22:00-07:00").until(now, PARIS)
    assert (ends and f"{ends:%H:%M} {ends.day}") == until


@given(st.integers(0, 365 * 24 * 60), st.times(), st.times())
def test_quiet_always_ends_within_a_day_also_when_the_clocks_change(
    minutes: int, start: time, end: time
) -> None:
    assume(start != end)
    now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    ends = Quiet(start, end).until(now, PARIS)
    assert ends is None or now < ends <= now + timedelta(hours=25)
    assert ends is None or Quiet(start, end).until(ends, PARIS) in (
        None,
        ends + timedelta(hours=1),
    )


def test_quiet_hours_are_written_as_times_to_tell_people_are() -> None:
    assert str(parse_quiet("9:30 - 17:00")) == "09:30-17:00"


@pytest.mark.parametrize(
    "written", ["", "22:00", "22-7", "22:00-22:00", "24:00-07:00", "night"]
)
def test_quiet_hours_that_are_none_say_what_may_be_written(written: str) -> None:
    with pytest.raises(ValueError, match=r'write "HH:MM-HH:MM"'):
        parse_quiet(written)
