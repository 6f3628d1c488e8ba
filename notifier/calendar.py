"""Effective date and deadline of a change as calendar entries (iCalendar, RFC 5545)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, datetime, timedelta

REMINDER = timedelta(days=7)  # before the deadline


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """`number` counts a document's changes that start on one day: each updates the entry."""

    document_id: str
    start: tuple[date, str] | None
    deadline: tuple[date, str] | None
    number: int
    found_at: datetime
    description: str
    url: str | None

    @property
    def file_name(self) -> str:
        day, _ = self.start or self.deadline or (self.found_at.date(), "")
        return f"{self.document_id.replace('/', '-')}-{day.isoformat()}.ics"

    def ics(self, organizer: str | None = None) -> bytes:
        """Deterministic."""
        from icalendar import (
            Alarm,
            Calendar,
        )  # loads slowly
        from icalendar import Event as Entry

        calendar = Calendar()
        calendar.add("prodid", "-//policywatch//policywatch//EN")
        calendar.add("version", "2.0")
        calendar.add("method", "PUBLISH")
        for kind, named in (("", self.start), (" deadline", self.deadline)):
            if named is None:
                continue
            day, summary = named
            name = hashlib.sha256(f"{self.document_id} {day}{kind}".encode())
            entry = Entry()
            entry.add("uid", f"{name.hexdigest()[:24]}@policywatch")
            entry.add("sequence", self.number)
            entry.add("dtstamp", self.found_at)
            entry.add("dtstart", day)
            entry.add("dtend", day + timedelta(days=1))
            entry.add("summary", summary)
            entry.add("description", self.description)
            entry.add("transp", "TRANSPARENT")
            if self.url:
                entry.add("url", self.url)
            if organizer:
                entry.add("organizer", f"mailto:{organizer}")
            if kind:
                alarm = Alarm()
                alarm.add("action", "DISPLAY")
                alarm.add("trigger", -REMINDER)
                alarm.add("description", summary)
                entry.add_component(alarm)
            calendar.add_component(entry)
        ics: bytes = calendar.to_ical()
        return ics
