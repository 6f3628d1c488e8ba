"""The pages and feeds as files, for any host that serves files, or none: they open from the disk too."""

from __future__ import annotations

import hashlib
import json
from calendar import monthrange
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from functools import cache, partial
from importlib import resources
from pathlib import Path
from typing import Any

from sqlmodel import Session

from messages import LANGUAGES
from policywatch.config.schema import RouteEntry
from policywatch.second_opinion import second_opinion
from policywatch.web.change_page import announced_page, announced_text, change_page
from policywatch.web.document_pages import (
    document_page,
    health_page,
    service_list,
    version_page,
)
from policywatch.web.feed_formats import JsonFeed, atom, json_feed
from policywatch.web.feeds import effective_dates, feed, feed_key
from policywatch.web.file_names import FileNames, slugs
from policywatch.web.layout import plain_text
from policywatch.web.list_pages import (
    ListQuery,
    by_day,
    home_page,
    list_page,
    upcoming_page,
)
from policywatch.web.page_context import VIEWS, Query
from policywatch.web.query_params import EARLIEST, ChangesQuery
from policywatch.web.rendering import Renderer
from policywatch.web.static_export import ExportResult, File, bring_up_to_date
from storage.announced import announcements
from storage.change_list import Cursor, ListedChange, changes_page, event_of
from storage.changes import Change, changes_of, passages_by_change
from storage.clock import midnight
from storage.database import Database
from storage.documents import Document, known, previews
from storage.errors import Unknown, Withdrawn
from storage.versions import (
    Version,
    current_version,
    numbered_version,
    version_heads,
    versions,
    withdrawn_versions,
)
from storage.withdrawals import Withdrawal

_ALL = 100_000  # more than any list has
_PACKAGES = (
    "analysis",
    "notifier",
    "policywatch",
    "messages",
    "storage",
)  # all that words and pages are made of


def export_site(
    database: Database,
    folder: Path,
    *,
    today: date,
    site: str = "",
    routes: Sequence[RouteEntry] = (),
    query: ChangesQuery | None = None,
    again: bool = False,
    progress: Callable[[str], None] = lambda _name: None,
) -> ExportResult:
    """Write what is not in the folder yet, of the services and from the day that a query asks for. Raises `Unknown`,
    `ForeignFolder` and `OSError`."""
    query = query or ChangesQuery()
    with database.reading() as session:
        plan = _Plan(
            session, f"{site.rstrip('/')}/" if site else "", today, routes, query
        )

        def files() -> Iterator[File]:
            for file in plan.files():
                progress(file.name)
                yield file

        return bring_up_to_date(
            folder, files(), known=f"{_program()} {site} {query.as_query}", again=again
        )


def _program() -> str:
    """A digest of all that makes the pages, another one after an update."""
    digest = hashlib.sha256()
    for package in _PACKAGES:
        for file in sorted(Path(str(resources.files(package))).rglob("*")):
            if file.is_file() and file.suffix != ".pyc":
                digest.update(file.read_bytes())
    return digest.hexdigest()


class _Plan:
    """All files, each once, the first page last: what it leads to is there by then."""

    def __init__(
        self,
        session: Session,
        site: str,
        today: date,
        routes: Sequence[RouteEntry],
        query: ChangesQuery,
    ) -> None:
        self._session = session
        self._renderer = Renderer()
        self._today = today
        self._routes = routes
        self._query = query
        self._documents = known(session, query.service)
        if missing := {*query.service} - {
            document.service for document in self._documents
        }:
            raise Unknown(
                f"no service is called {min(missing)!r}; `policywatch documents` lists them"
            )
        self._names = FileNames(
            site, slugs(document.service for document in self._documents)
        )
        if query.as_query:
            self._names.written = {
                path for document in self._documents for path in self._paths(document)
            }

    def files(self) -> Iterator[File]:
        session, today, wanted = (
            self._session,
            self._today,
            self._within(ListQuery()).filter,
        )
        static = resources.files("policywatch.web") / "static"
        for file in sorted(static.iterdir(), key=lambda file: file.name):
            yield File(f"static/{file.name}", file.read_bytes)
        for document in self._documents:
            yield from self._document(document)
        for service in self._names.services:
            yield from self._service(service)
        yield from self._months()
        yield from self._announced()
        yield from self._feeds(ListQuery())
        yield from self._pages(
            "/health",
            (),
            "health.html",
            partial(health_page, session, (), self._routes),
        )
        yield from self._pages(
            "/services",
            (),
            "services.html",
            partial(service_list, session, self._query.service),
        )
        yield from self._pages(
            "/upcoming",
            (),
            "upcoming.html",
            partial(upcoming_page, session, today, wanted),
        )
        yield from self._pages(
            "/", (), "home.html", partial(home_page, session, today, wanted)
        )

    def _within(self, query: ListQuery) -> ListQuery:
        """Of what the query asks for, what is written."""
        since = max(filter(None, (query.since, self._query.since)), default=None)
        return query.model_copy(
            update={"service": query.service or self._query.service, "since": since}
        )

    def _paths(self, document: Document) -> Iterator[str]:
        """Of what is written of a document: its changes, and the versions from the one before them on."""
        start, rows = (
            midnight(self._query.since or EARLIEST),
            versions(self._session, document.id),
        )
        changes = [
            change
            for change in changes_of(self._session, document.id)
            if change.detected_at >= start
        ]
        changed = {change.before_id for change in changes}
        first = (
            next((at for at, row in enumerate(rows) if row.id in changed), -1)
            if self._query.since
            else 0
        )
        yield from (f"/documents/{document.id}", f"/upcoming/{document.id}")
        yield from (f"/changes/{change.id}" for change in changes)
        yield from (
            f"/documents/{document.id}/versions/{row.number}" for row in rows[first:]
        )
        for version, withdrawal in withdrawn_versions(self._session, document.id):
            if not self._query.since or (
                rows[first:] and version.number > rows[first].number
            ):
                yield f"/documents/{document.id}/versions/{version.number}"
                yield f"/changes/{withdrawal.change_id}"
        self._session.expunge_all()

    def _document(self, document: Document) -> Iterator[File]:
        session, facts = self._session, _facts(document)
        changes = changes_of(session, document.id)
        for change in changes:
            if self._names.has(f"/changes/{change.id}"):
                yield from self._change(change, changes, facts)
        texts = ""  # of this version and those before: its page says where each part of it comes from
        steps = 0
        rows = versions(session, document.id)
        for version, following in zip(rows, [*rows[1:], None], strict=False):
            texts = _key(texts, version.fingerprint)
            if self._names.has(f"/documents/{document.id}/versions/{version.number}"):
                steps += 1
                yield from self._version(
                    version, following.number if following else None, [*facts, texts]
                )
        for version, withdrawal in withdrawn_versions(session, document.id):
            if self._names.has(f"/documents/{document.id}/versions/{version.number}"):
                steps += 1
                yield from self._withdrawn(version, withdrawal)
        yield from self._feeds(ListQuery(document=[document.id]))
        view = partial(document_page, session, document.id, steps=steps)
        yield from self._pages(f"/documents/{document.id}", (), "document.html", view)
        session.expunge_all()

    def _change(
        self, change: Change, changes: Sequence[Change], facts: list[str]
    ) -> Iterator[File]:
        neighbours = [
            other.id
            for other in changes
            if change.before_id == other.version_id
            or change.version_id == other.before_id
        ]
        heads = version_heads(self._session, [change.before_id, change.version_id])
        key = _key(
            self._stored([change]),
            neighbours,
            facts,
            sorted(head.fingerprint for head in heads.values()),
            second_opinion(self._session, change.id),
            announcements(self._session, [change]),
            [_listed_facts(row) for row in event_of(self._session, change)],
        )
        for view in (None, *VIEWS):
            query: Query = (("view", view),) if view else ()
            gather = partial(change_page, self._session, change.id)
            yield from self._pages(
                f"/changes/{change.id}", query, "change.html", gather, key=key
            )

    def _version(
        self, version: Version, newer: int | None, facts: list[str]
    ) -> Iterator[File]:
        id_, number = version.document_id, version.number
        path = f"/documents/{id_}/versions/{number}"
        key = _key(version.model_dump(mode="json", exclude={"page"}), newer, facts)
        yield from self._pages(
            path,
            (),
            "version.html",
            partial(version_page, self._session, id_, number),
            key=key,
        )
        yield File(
            self._names.file(f"{path}/text", ()), partial(self._text, id_, number), key
        )

    def _withdrawn(self, version: Version, withdrawal: Withdrawal) -> Iterator[File]:
        """Where the version and the change to it stood, for who comes from an old message."""
        failure = Withdrawn(
            "", version.document_id, withdrawal.withdrawn_at, withdrawal.reason
        )
        paths = [f"/documents/{version.document_id}/versions/{version.number}"]
        if withdrawal.change_id is not None:
            paths.append(f"/changes/{withdrawal.change_id}")
        for path in paths:
            gather = partial(dict[str, Any], failure=failure)
            yield from self._pages(
                path,
                (),
                "withdrawn.html",
                gather,
                key=_key(path, withdrawal.model_dump(mode="json")),
            )

    def _text(self, document_id: str, number: int) -> bytes:
        return plain_text(
            numbered_version(self._session, document_id, number).page
        ).encode("utf-8", "replace")

    def _service(self, service: str) -> Iterator[File]:
        query: Query = (("service", service),)
        yield from self._pages(
            "/services",
            query,
            "services.html",
            partial(service_list, self._session, only=service),
        )
        yield from self._pages(
            "/changes",
            query,
            "changes.html",
            partial(self._list, ListQuery(service=[service])),
        )
        yield from self._feeds(ListQuery(service=[service]))

    def _list(
        self, query: ListQuery, **around: dict[str, str] | None
    ) -> dict[str, Any]:
        events = changes_page(
            self._session, self._within(query).filter, limit=_ALL, by_event=True
        ).events
        return {
            "query": query,
            "days": by_day(events),
            "older": None,
            "newer": None,
        } | around

    def _months(self) -> Iterator[File]:
        months = list(self._months_with_changes())
        for month, newer, older in zip(
            months, [None, *months], [*months[1:], None], strict=False
        ):
            context = self._list(
                ListQuery.model_validate(month), newer=newer, older=older
            )
            rows = [
                row
                for _, events in context["days"]
                for event in events
                for row in event
            ]
            key = _key(
                self._stored([row.change for row in rows]),
                [*map(_listed_facts, rows)],
                newer,
                older,
            )
            gather = partial(dict[str, Any], context)
            yield from self._pages(
                "/changes", tuple(month.items()), "changes.html", gather, key=key
            )
            self._session.expunge_all()
        yield from self._pages(
            "/changes", (), "changes.html", partial(self._newest, months)
        )

    def _newest(self, months: list[dict[str, str]]) -> dict[str, Any]:
        page = list_page(self._session, self._within(ListQuery()))
        older = months[0] if months and page["older"] else None
        return page | {"query": ListQuery(), "older": older, "newer": None}

    def _months_with_changes(self) -> Iterator[dict[str, str]]:
        """The newest first, as a list is asked for them."""
        place: Cursor | None = None
        while rows := changes_page(
            self._session, self._within(ListQuery()).filter, before=place, limit=1
        ).rows:
            day = rows[0].change.detected_at.date()
            last = monthrange(day.year, day.month)[1]
            yield {"since": f"{day:%Y-%m}-01", "until": f"{day:%Y-%m}-{last}"}
            place = Cursor(datetime(day.year, day.month, 1, tzinfo=UTC), 0)

    def _stored(self, changes: Sequence[Change]) -> list[object]:
        """All that is stored of changes: `read --again` may classify a passage otherwise and leave its change."""
        passages = passages_by_change(
            self._session, [change.id for change in changes if change.id]
        )
        return [
            [
                change.model_dump(mode="json"),
                [
                    passage.model_dump(exclude={"id", "marks"})
                    for passage in passages.get(change.id, [])
                ],
            ]
            for change in changes
        ]

    def _announced(self) -> Iterator[File]:
        for announced, replaced in previews(self._session):
            texts = [
                current_version(self._session, each.id)
                for each in (announced, replaced)
            ]
            if None not in texts:
                key = _key(
                    [text.fingerprint for text in texts if text],
                    _facts(announced),
                    _facts(replaced),
                )
                gather = partial(_announced_page, self._session, announced.id)
                yield from self._pages(
                    f"/upcoming/{announced.id}", (), "announced.html", gather, key=key
                )

    def _pages(
        self,
        path: str,
        query: Query,
        template: str,
        gather: Callable[[], dict[str, Any]],
        *,
        key: str | None = None,
    ) -> Iterator[File]:
        """One in each language, unless the export is narrowed to others."""
        gather = cache(gather)
        for language in LANGUAGES if self._names.has(path) else ():
            address = (*query, ("lang", language))

            def make(address: Query = address) -> bytes:
                page = self._names.page(path, address)

                def link(target: str, /, **query: object) -> str:
                    return page.link(target, **query) if self._names.has(target) else ""

                html = self._renderer.html(page, template, link=link, **gather())
                return html.replace(' href=""', "").encode(
                    "utf-8", "replace"
                )  # a link that leads nowhere

            yield File(self._names.file(path, address), make, key)

    def _feeds(self, query: ListQuery) -> Iterator[File]:
        narrowed, query = (
            {name: values[0] for name, values in query.as_query.items()},
            self._within(query),
        )
        writers: dict[str, Callable[[JsonFeed], bytes]] = {
            "/feed.atom": partial(atom, key=feed_key(query)),
            "/feed.json": json_feed,
        }
        for language in LANGUAGES:
            address: Query = (*narrowed.items(), ("lang", language))
            for path, write in writers.items():
                page = self._names.page(path, address)
                content = feed(
                    self._session,
                    self._renderer,
                    page,
                    query,
                    page.whole(path, **narrowed),
                )
                yield File(self._names.file(path, address), partial(write, content))
            dates = effective_dates(
                self._session, self._names.page("/calendar.ics", address), query
            )
            yield File(self._names.file("/calendar.ics", address), dates.to_ical)


def _announced_page(session: Session, document_id: str) -> dict[str, Any]:
    sides = announced_text(session, document_id)
    return announced_page(sides, sides.compare())


def _facts(document: Document) -> list[str]:
    """What pages say of a document."""
    return [
        document.id,
        document.service,
        document.title,
        document.kind,
        document.language,
        document.url,
    ]


def _listed_facts(row: ListedChange) -> list[object]:
    """What lists say of a change beside what is stored of it."""
    return [row.change.id, _facts(row.document), row.announced]


def _key(*parts: object) -> str:
    return hashlib.sha256(
        json.dumps(parts, sort_keys=True, default=str).encode()
    ).hexdigest()[:24]
