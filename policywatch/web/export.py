"""The pages and feeds as files, for any host that serves files, or none: they open from the disk too."""

from __future__ import annotations

import hashlib
import json
from calendar import monthrange
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Any

from sqlmodel import Session

from messages import LANGUAGES
from policywatch.config.schema import RouteEntry
from policywatch.second_opinion import second_opinion
from policywatch.web.calendar import icalendar
from policywatch.web.documents import document_view, health_view, services_view, version_view
from policywatch.web.feed import atom, json_feed
from policywatch.web.feed_items import appointments, feed
from policywatch.web.layout import plain
from policywatch.web.lists import ListView, PageAsked, by_day, home_view, list_view, upcoming_view
from policywatch.web.names import Names, slugs
from policywatch.web.one_change import CompareView, announced_text, change_view, compare_view, draft_of
from policywatch.web.page_context import VIEWS, Query
from policywatch.web.query_params import ChangesAsked
from policywatch.web.rendering import Renderer
from policywatch.web.static_export import Done, File, bring_up_to_date
from storage.announced import announcements
from storage.change_list import ChangeFilter, Cursor, changes_page
from storage.changes import Change, changes_of, passages_by_change
from storage.database import Database
from storage.documents import Document, known, previews
from storage.versions import Version, current_version, numbered_version, version_heads, versions

_ALL = 100_000  # more than any list has
_PACKAGES = ("analysis", "notifier", "policywatch", "messages", "storage")  # all that words and pages are made of

Gather = Callable[[], object]


def export_site(
    database: Database,
    folder: Path,
    *,
    today: date,
    site: str = "",
    routes: Sequence[RouteEntry] = (),
    again: bool = False,
    progress: Callable[[str], None] = lambda _name: None,
) -> Done:
    """Write into the folder what is not there yet. Raises `ForeignFolder` and `OSError`."""
    with database.reading() as session:
        plan = _Plan(session, Renderer(), f"{site.rstrip('/')}/" if site else "", today, routes)

        def told() -> Iterator[File]:
            for file in plan.files():
                progress(file.name)
                yield file

        return bring_up_to_date(folder, told(), known=f"{_program()} {site}", again=again)


def _program() -> str:
    """Another one after an update of what makes the pages."""
    parts = hashlib.sha256()
    for package in _PACKAGES:
        for file in sorted(Path(str(resources.files(package))).rglob("*")):
            if file.is_file() and file.suffix != ".pyc":
                parts.update(file.read_bytes())
    return parts.hexdigest()


def _files_of(package: str, folder: str) -> list[Any]:
    return sorted((resources.files(package) / folder).iterdir(), key=lambda file: file.name)


class _Plan:
    """All files, each once, the first page last: what it leads to is there by then."""

    def __init__(
        self, session: Session, renderer: Renderer, site: str, today: date, routes: Sequence[RouteEntry]
    ) -> None:
        self._session = session
        self._renderer = renderer
        self._today = today
        self._routes = routes
        self._documents = known(session)
        self._names = Names(site, slugs(each.service for each in self._documents))

    def files(self) -> Iterator[File]:
        for file in _files_of("policywatch.web", "static"):
            yield File(f"static/{file.name}", file.read_bytes)
        for document in self._documents:
            yield from self._document(document)
        for service in self._names.services:
            yield from self._service(service)
        yield from self._months()
        yield from self._announced()
        yield from self._first()

    def _document(self, document: Document) -> Iterator[File]:
        session, path, facts = self._session, f"/documents/{document.id}", _facts(document)
        made, changes = versions(session, document.id), changes_of(session, document.id)
        for change in changes:
            yield from self._change(change, changes, facts)
        texts = ""  # of this version and those before: where each part of it comes from is said on its page
        for at, version in enumerate(made):
            last = made[at + 1].number if at + 1 < len(made) else None
            texts = _key(texts, version.fingerprint)
            yield from self._version(version, last, [*facts, texts])
        yield from self._feeds(ChangesAsked(document=[document.id]))
        view = partial(document_view, session, document.id, steps=_ALL)
        yield from self._pages(path, (), "document.html", view, paged=False)
        session.expunge_all()

    def _change(self, change: Change, all_of_it: list[Change], facts: list[str]) -> Iterator[File]:
        around = [
            each.id for each in all_of_it if change.before_id == each.version_id or change.version_id == each.before_id
        ]
        texts = [
            each.fingerprint for each in version_heads(self._session, [change.before_id, change.version_id]).values()
        ]
        told = announcements(self._session, [change])
        key = _key(
            self._judged([change]), around, facts, sorted(texts), second_opinion(self._session, change.id or 0), told
        )
        for view in (None, *VIEWS):
            query: Query = (("view", view),) if view else ()
            gather = partial(change_view, self._session, change.id or 0)
            yield from self._pages(f"/changes/{change.id}", query, "change.html", gather, key=key)

    def _version(self, version: Version, newer: int | None, facts: list[str]) -> Iterator[File]:
        id_, number = version.document_id, version.number
        path = f"/documents/{id_}/versions/{number}"
        key = _key(version.model_dump(mode="json", exclude={"page"}), newer, facts)
        gather = partial(version_view, self._session, id_, number)
        yield from self._pages(path, (), "version.html", gather, key=key)

        yield File(self._names.file(f"{path}/text", ()), partial(self._text, id_, number), key)

    def _text(self, document_id: str, number: int) -> bytes:
        return plain(numbered_version(self._session, document_id, number).page).encode("utf-8", "replace")

    def _service(self, service: str) -> Iterator[File]:
        query: Query = (("service", service),)
        yield from self._pages("/services", query, "services.html", partial(services_view, self._session, service))
        yield from self._pages("/changes", query, "changes.html", partial(self._list, service))
        yield from self._feeds(ChangesAsked(service=[service]))

    def _list(self, service: str) -> ListView:
        asked = PageAsked(service=[service])
        return ListView(asked, by_day(changes_page(self._session, asked.filter, limit=_ALL).rows), None, None, [], [])

    def _months(self) -> Iterator[File]:
        months = list(self._months_with_changes())
        for at, month in enumerate(months):
            asked = PageAsked.model_validate(month)
            newer, older = (months[at - 1] if at else None), (months[at + 1] if at + 1 < len(months) else None)
            rows = changes_page(self._session, asked.filter, limit=_ALL).rows
            facts = [(_facts(row.document), row.announced) for row in rows]
            key = _key(self._judged([row.change for row in rows]), facts, newer, older)
            gather = partial(ListView, asked, by_day(rows), _listed(older), _listed(newer), [], [])
            yield from self._pages("/changes", tuple(month.items()), "changes.html", gather, key=key)
            self._session.expunge_all()
        yield from self._pages("/changes", (), "changes.html", partial(self._newest, months))

    def _newest(self, months: list[dict[str, str]]) -> ListView:
        view = list_view(self._session, PageAsked())
        return ListView(view.asked, view.days, _listed(months[0]) if months and view.older else None, None, [], [])

    def _months_with_changes(self) -> Iterator[dict[str, str]]:
        """The newest first, as a list is asked for them."""
        place: Cursor | None = None
        while True:
            rows = changes_page(self._session, ChangeFilter(), before=place, limit=1).rows
            if not rows:
                return
            day = rows[0].change.detected_at.date()
            last = monthrange(day.year, day.month)[1]
            yield {"since": f"{day:%Y-%m}-01", "until": f"{day:%Y-%m}-{last}"}
            place = Cursor(datetime(day.year, day.month, 1, tzinfo=UTC), 0)

    def _judged(self, changes: Sequence[Change]) -> list[object]:
        """All that is stored of them: `read --again` may judge a passage otherwise and leave its change as it was."""
        found = passages_by_change(self._session, [change.id for change in changes if change.id])
        of_each = ((change, found.get(change.id or 0, [])) for change in changes)
        return [
            [change.model_dump(mode="json"), [each.model_dump(exclude={"id", "marks"}) for each in passages]]
            for change, passages in of_each
        ]

    def _announced(self) -> Iterator[File]:
        for announced, replaced in previews(self._session):
            texts = [current_version(self._session, each.id) for each in (announced, replaced)]
            if None not in texts:
                key = _key([each.fingerprint for each in texts if each], _facts(announced), _facts(replaced))
                gather = partial(_announced_view, self._session, announced.id)
                yield from self._pages(f"/upcoming/{announced.id}", (), "compare.html", gather, key=key)

    def _first(self) -> Iterator[File]:
        session, today = self._session, self._today
        yield from self._feeds(ChangesAsked())
        yield from self._pages("/health", (), "health.html", partial(health_view, session, (), self._routes))
        yield from self._pages("/services", (), "services.html", partial(services_view, session))
        yield from self._pages("/upcoming", (), "upcoming.html", partial(upcoming_view, session, today))
        yield from self._pages("/", (), "home.html", partial(home_view, session, today))

    def _pages(
        self, path: str, query: Query, template: str, gather: Gather, *, key: str | None = None, **more: object
    ) -> Iterator[File]:
        """One in each language."""
        for language in LANGUAGES:
            asked = (*query, ("lang", language))

            def make(asked: Query = asked) -> bytes:
                seen = self._names.visit(path, asked)
                return self._renderer.html(seen, template, view=gather(), **more).encode("utf-8", "replace")

            yield File(self._names.file(path, asked), make, key)

    def _feeds(self, asked: ChangesAsked) -> Iterator[File]:
        query: Query = tuple((name, values[0]) for name, values in asked.said.items())
        for language in LANGUAGES:
            in_it = (*query, ("lang", language))
            seen = {name: self._names.visit(name, in_it) for name in ("/feed.atom", "/feed.json", "/calendar.ics")}
            for name, write in (("/feed.atom", atom), ("/feed.json", json_feed)):
                said = dict(query)
                own = seen[name].whole(name, **said)
                made = feed(self._session, self._renderer, seen[name], asked, own)
                yield File(self._names.file(name, in_it), partial(write, made))
            title, dates = appointments(self._session, seen["/calendar.ics"], asked)
            yield File(self._names.file("/calendar.ics", in_it), partial(icalendar, title, dates))


def _announced_view(session: Session, document_id: str) -> CompareView:
    sides = announced_text(session, document_id)
    return compare_view(sides, draft_of(sides))


def _listed(month: dict[str, str] | None) -> dict[str, list[str]] | None:
    return {name: [value] for name, value in month.items()} if month else None


def _facts(document: Document) -> list[str]:
    """What pages say of a document."""
    return [document.id, document.service, document.title, document.kind, document.language, document.url]


def _key(*said: object) -> str:
    return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()[:24]
