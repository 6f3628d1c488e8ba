"""The dates from which changes hold, as a calendar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from icalendar import Calendar, Event

from policywatch.sanitize import harmless
from policywatch.web.feed import stable_id


@dataclass(frozen=True, slots=True)
class Appointment:
    """A whole day; `key` says which change it is, for ever."""

    key: str
    day: date
    title: str
    text: str
    link: str
    known_since: datetime
    categories: Sequence[str] = ()


def icalendar(title: str, appointments: Sequence[Appointment]) -> bytes:
    """RFC 5545, as calendar programs subscribe to it."""
    calendar = Calendar()
    calendar.add("prodid", "-//policywatch//effective dates//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", harmless(title))
    calendar.add("refresh-interval;value=duration", "PT6H")
    for each in appointments:
        event = Event()
        event.add("uid", stable_id(each.key).removeprefix("urn:uuid:"))
        event.add("dtstamp", each.known_since)
        event.add("dtstart", each.day)
        event.add("dtend", each.day + timedelta(days=1))
        event.add("summary", harmless(each.title))
        event.add("description", harmless(each.text))
        event.add("url", each.link)
        event.add("transp", "TRANSPARENT")  # it takes nobody's time
        if each.categories:
            event.add("categories", [harmless(category) for category in each.categories])
        calendar.add_component(event)
    return bytes(calendar.to_ical())
