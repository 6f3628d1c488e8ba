"""What feeds and calendars tell of the changes that a filter lets through: on a server and in files alike."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sqlmodel import Session

from messages import Catalogue, catalogue
from notifier.presentation import date_key
from policywatch.inline_diff import Section, flagged_first
from policywatch.web.calendar import Appointment
from policywatch.web.feed import Feed, FeedEntry
from policywatch.web.page_context import Visit
from policywatch.web.query_params import EARLIEST, ChangesAsked
from policywatch.web.rendering import SITE, Renderer
from storage.change_list import ListedChange, changes_page
from storage.changes import passages_by_change
from storage.versions import Version, version_heads

ENTRIES = 30
APPOINTMENTS = 150
_GROUPS = {"topic": "topics", "severity": "severity", "direction": "direction"}  # of filters, in the catalogue
EPOCH = datetime(2025, 1, 1, tzinfo=UTC)  # of what has no entry


@dataclass(frozen=True, slots=True)
class EntryView:
    """A change as the text of a feed's entry has it: what was flagged, else all of it."""

    row: ListedChange
    sections: list[Section]


def feed(session: Session, renderer: Renderer, seen: Visit, asked: ChangesAsked, address: str) -> Feed:
    """The newest changes; three queries and one for the passages, however many they are."""
    words = catalogue(seen.language)
    rows = changes_page(session, asked.filter, limit=ENTRIES).rows
    told = passages_by_change(session, [row.change.id for row in rows if row.change.id is not None])
    heads = version_heads(session, [row.change.version_id for row in rows])
    entries = []
    for row in rows:
        flagged, others = flagged_first(told.get(row.change.id or 0, []), row.document.title)
        content = renderer.html(seen, "feed_entry.html", view=EntryView(row, flagged or others))
        entries.append(_entry(seen, row, heads[row.change.version_id], content))
    narrowed = asked.said
    return Feed(
        key=f"{SITE}{narrowed or ''}",
        title=_title(words, narrowed),
        page=seen.whole("/changes", **narrowed) if seen.has("/changes", **narrowed) else seen.whole("/"),
        address=address,
        language=seen.language,
        entries=entries,
        empty_since=EPOCH,
    )


def _entry(seen: Visit, row: ListedChange, version: Version, content: str) -> FeedEntry:
    return FeedEntry(
        key=_key(row, version),
        title=_named(row, catalogue(seen.language)),
        link=seen.whole(f"/changes/{row.change.id}"),
        updated=row.change.detected_at,
        author=row.document.service,
        content=content,
        language=row.document.language,
        categories=row.change.topics,
    )


def _key(row: ListedChange, version: Version) -> str:
    return f"{row.document.id}/{version.number}/{version.captured_at.isoformat()}"


def _named(row: ListedChange, words: Catalogue) -> str:
    where = f"{row.document.service}, {row.document.title}"
    said = words.headline(row.change.brief)
    return f"{where}: {said}" if said else where


def _title(words: Catalogue, narrowed: dict[str, list[str]]) -> str:
    named = [
        _filter_name(words, name, value) for name, values in narrowed.items() for value in values if name != "cosmetic"
    ]
    return f"{SITE}: {', '.join(named)}" if named else SITE


def _filter_name(words: Catalogue, name: str, value: str) -> str:
    if name == "language":
        return words.language_name(value)
    return words.label(_GROUPS[name], value) if name in _GROUPS else value


def appointments(session: Session, seen: Visit, asked: ChangesAsked) -> tuple[str, list[Appointment]]:
    """The dates of the changes, and what to call all of them."""
    words = catalogue(seen.language)
    dated = replace(asked.filter, effective_from=asked.effective_from or EARLIEST)
    rows = changes_page(session, dated, limit=APPOINTMENTS).rows
    heads = version_heads(session, [row.change.version_id for row in rows])
    made = [
        Appointment(
            key=f"date/{_key(row, heads[row.change.version_id])}",
            day=row.change.effective_date,
            title=words(
                f"calendar.{date_key(row.change, row.document.kind)}",
                title=f"{row.document.service}, {row.document.title}",
            ),
            text=" ".join([*_said(row, words), seen.whole(f"/changes/{row.change.id}")]),
            link=seen.whole(f"/changes/{row.change.id}"),
            known_since=row.change.detected_at,
            categories=[words.label("topics", topic) for topic in row.change.topics],
        )
        for row in rows
        if row.change.effective_date is not None
    ]
    return words("calendar.title", title=_title(words, asked.said)), made


def _said(row: ListedChange, words: Catalogue) -> list[str]:
    said = words.headline(row.change.brief)
    announced = [words("say.announced", date=words.day(row.announced.day))] if row.announced else []
    return [*([f"{said}."] if said else []), *announced]
