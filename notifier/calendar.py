"""The day from which a change holds, as an entry for a calendar (iCalendar, RFC 5545)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, datetime, timedelta


@dataclass(frozen=True, slots=True)
class Event:
    """An all-day event. `number` counts the changes of one document that start on one day: each updates the entry."""

    document_id: str
    day: date
    number: int
    found_at: datetime
    summary: str
    description: str
    url: str | None

    @property
    def file_name(self) -> str:
        """What a person sees beside the paper clip."""
        return f"{self.document_id.replace('/', '-')}-{self.day.isoformat()}.ics"

    def ics(self, organizer: str | None = None) -> bytes:
        """METHOD:PUBLISH: an entry to take over, not an invitation to answer. The same on every call."""
        from icalendar import Calendar  # loads slowly, and few messages have a day
        from icalendar import Event as Entry

        entry = Entry()
        entry.add(
            "uid",
            f"{hashlib.sha256(f'{self.document_id} {self.day}'.encode()).hexdigest()[:24]}@policywatch",
        )
        entry.add("sequence", self.number)
        entry.add("dtstamp", self.found_at)
        entry.add("dtstart", self.day)
        entry.add("dtend", self.day + timedelta(days=1))
        entry.add("summary", self.summary)
        entry.add("description", self.description)
        entry.add("transp", "TRANSPARENT")
        if self.url:
            entry.add("url", self.url)
        if organizer:
            entry.add("organizer", f"mailto:{organizer}")
        calendar = Calendar()
        calendar.add("prodid", "-//policywatch//policywatch//EN")
        calendar.add("version", "2.0")
        calendar.add("method", "PUBLISH")
        calendar.add_component(entry)
        ics: bytes = calendar.to_ical()
        return ics
