"""Pages and feeds as static files, which also open from the disk: the application is requested as by a browser."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from importlib import resources
from itertools import product
from pathlib import Path
from urllib.parse import quote, urlencode

from anyio.from_thread import BlockingPortal, start_blocking_portal
from sqlmodel import Session
from starlette.types import ASGIApp, Message

from messages import LANGUAGES
from policywatch.code_digest import code_digest
from policywatch.config.schema import RouteEntry
from policywatch.config.watchlist import Watchlist
from policywatch.views.query_params import EARLIEST, LATEST, ChangesQuery
from policywatch.web.app import create_app
from policywatch.web.backend import WatchlistState
from policywatch.web.changes import month_before
from policywatch.web.page_context import FEEDS, VIEWS, PageContext, Query
from policywatch.web.static_export import ExportResult, File, bring_up_to_date
from storage.change_list import announcements, changes_page, event_of
from storage.changes import changes_of, passages_by_change
from storage.clock import midnight
from storage.database import Database
from storage.documents import DECLARED, Document, known, previews
from storage.errors import Unknown, Withdrawn
from storage.versions import current_version, versions, withdrawn_versions

_SERVED_ONLY = re.compile(r"api/|search$|today$|sign-|.*/(?:compare|capture)$")
_TODAY = re.compile("services/(.+)/today")
_SINGLE = re.compile(r"/(?:changes|documents|upcoming)/|/health$")


class NotExported(LookupError):
    """Only a server can answer it, or it is not exported."""


def slugs(names: Iterable[str]) -> dict[str, str]:
    """Valid on any file system, the same at every export."""
    plain = {
        name: re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
        for name in dict.fromkeys(names)
    }
    shared = [
        slug for slug in plain.values() if list(plain.values()).count(slug) > 1
    ]
    return {
        name: slug
        if slug and slug not in shared
        else f"{slug[:40]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
        for name, slug in plain.items()
    }


_PACKAGES = (
    "analysis",
    "crawler",
    "foundation",
    "notifier",
    "policywatch",
    "messages",
    "storage",
)  # whatever pages are made of
_ANSWERS = (200, 410)  # a withdrawn version says so in its place


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
    """What the folder lacks, for the query's services and from its day on. Raises `Unknown`, `ForeignFolder` and
    `OSError`.
    """
    query = query or ChangesQuery()
    with database.reading() as session, start_blocking_portal() as portal:
        app = create_app(
            _Snapshot(session),  # type: ignore[arg-type]
            state=lambda: WatchlistState(Watchlist(routes=[*routes])),
            now=lambda: datetime.combine(today, time(), UTC),
        )
        withdrawn = app.exception_handlers[Withdrawn]
        app.exception_handlers = {Withdrawn: withdrawn}  # other errors are raised
        edition = _Edition(session, app, portal, query, site)

        def files() -> Iterator[File]:
            for file in edition.files():
                progress(file.name)
                yield file

        return bring_up_to_date(
            folder,
            files(),
            known=f"{code_digest(*_PACKAGES)} {site} {query.as_query}",
            again=again,
        )


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """All pages show one state of the store."""

    session: Session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        yield self.session
        self.session.expunge_all()


class _Edition:
    """Files of these paths, and of lists and feeds. `_site` is the folder's public address with a trailing slash, empty if
    unknown; `_services` maps names to parts of file names.
    """

    def __init__(
        self,
        session: Session,
        app: ASGIApp,
        portal: BlockingPortal,
        query: ChangesQuery,
        site: str,
    ) -> None:
        self._session = session
        self._app = app
        self._portal = portal
        self._query = query
        self._documents = known(session, query.service)
        services = [document.service for document in self._documents]
        if missing := {*query.service} - {*services}:
            raise Unknown(
                f"no service is called {min(missing)!r}; `policywatch documents` lists them"
            )
        self._withdrawn: set[str] = set()
        self._announced = {
            announced.id
            for announced, replaced in previews(session, query.service)
            if current_version(session, announced.id)
            and current_version(session, replaced.id)
        }
        self._written = {each.id: [*self._paths(each)] for each in self._documents}
        self._site = f"{site.rstrip('/')}/" if site else ""
        self._services = slugs(services)
        self._exported = {
            path for paths in self._written.values() for path in paths
        }
        if not query.as_query:
            self._exported.add("/health")  # of the whole watchlist

    def _paths(self, document: Document) -> Iterator[str]:
        """With its changes, and its versions from the one before them on."""
        since, session = self._query.since, self._session
        changes = [
            change
            for change in changes_of(session, document.id)
            if change.detected_at >= midnight(since or EARLIEST)
        ]
        rows = versions(session, document.id)
        if since:
            changed = {change.before_id for change in changes}
            first = next(
                (n for n, row in enumerate(rows) if row.id in changed), None
            )
            rows = rows[first:] if first is not None else []
        yield f"/documents/{document.id}"
        if document.id in self._announced:
            yield f"/upcoming/{document.id}"
        yield from (f"/changes/{change.id}" for change in changes)
        at = f"/documents/{document.id}/versions"
        yield from (f"{at}/{row.number}" for row in rows)
        for version, withdrawal in withdrawn_versions(session, document.id):
            if not since or (rows and version.number > rows[0].number):
                self._withdrawn.add(f"{at}/{version.number}")
                yield f"{at}/{version.number}"
                if withdrawal.change_id is not None:
                    yield f"/changes/{withdrawal.change_id}"
        session.expunge_all()

    def files(self) -> Iterator[File]:
        """The first page last, when all its links exist."""
        session, wanted = self._session, self._query.filter
        static = resources.files("policywatch.web") / "static"
        for file in sorted(static.iterdir(), key=lambda file: file.name):
            yield File(f"static/{file.name}", file.read_bytes)
        keys = {each.id: self._key(each) for each in self._documents}
        all_keys = _digest(keys)
        for id_, (page, *others) in self._written.items():
            for path in others:
                is_announced = path.startswith(
                    "/upcoming/"
                )  # shows another document's text too
                yield from self._pages(
                    path, key=all_keys if is_announced else keys[id_]
                )
            yield from self._feeds(("document", id_), key=all_keys)
            yield from self._pages(page)  # it shows checks
        for service in self._services:
            of_service = ("service", service)
            yield from self._pages("/services", of_service)
            yield from self._pages(f"/services/{service}/today")
            yield from self._pages("/changes", of_service, key=all_keys)
            yield from self._feeds(of_service, key=all_keys)
        month = month_before(session, wanted, LATEST)
        while month:
            yield from self._pages("/changes", *month.items(), key=all_keys)
            until = date.fromisoformat(month["since"])
            month = month_before(session, wanted, until)
        noted = replace(wanted, noted=True, cosmetic=True)
        if changes_page(session, noted, limit=1).rows:
            yield from self._pages("/changes", ("noted", "true"), key=all_keys)
            yield from self._feeds(("noted", "true"), key=all_keys)
        yield from self._pages("/changes", key=all_keys)
        yield from self._feeds(key=all_keys)
        for path in ("/health", "/services", "/upcoming", "/"):
            yield from self._pages(path)

    def _pages(
        self, path: str, *query: tuple[str, str], key: str | None = None
    ) -> Iterator[File]:
        if not self._has(path):
            return
        is_change = path.startswith("/changes/")
        for view, language in product(
            (None, *VIEWS) if is_change else (None,), LANGUAGES
        ):
            chosen = (("view", view),) if view else ()
            yield self._file(path, (*query, *chosen, ("lang", language)), key)
        if "/versions/" in path and path not in self._withdrawn:
            yield self._file(f"{path}/text", (), key)

    def _feeds(self, *query: tuple[str, str], key: str) -> Iterator[File]:
        for path, language in product(FEEDS, LANGUAGES):
            yield self._file(path, (*query, ("lang", language)), key)

    def _file(self, path: str, query: Query, key: str | None) -> File:
        page = self._page(path, query)
        return File(
            self._file_name(path, query),
            lambda: self._portal.call(_ask, self._app, page),
            key,
        )

    def _key(self, document: Document) -> str:
        """Of all that pages of its changes and versions show: `read --again` may reclassify a passage without changing
        its change.
        """
        session = self._session
        changes = changes_of(session, document.id)
        stored = passages_by_change(session, [each.id for each in changes])
        key = _digest(
            document.model_dump(include={*DECLARED}),
            [
                each.model_dump(exclude={"page"})
                for each in versions(session, document.id)
            ],
            [
                [version.number, withdrawal.model_dump()]
                for version, withdrawal in withdrawn_versions(session, document.id)
            ],
            [each.model_dump() for each in changes],
            [
                [each.model_dump(exclude={"id", "marks"}) for each in run]
                for run in stored.values()
            ],
            announcements(session, changes),
            [
                [row.change.id, row.document.model_dump(include={*DECLARED})]
                for change in changes
                for row in event_of(session, change)
            ],
        )
        session.expunge_all()
        return key

    def _has(self, path: str) -> bool:
        return (
            not _SINGLE.match(path) or path.removesuffix("/text") in self._exported
        )

    def _file_name(self, path: str, query: Query) -> str:
        """Raises `NotExported`."""
        if not self._has(path):
            raise NotExported(path)
        params = dict(query)
        language, view = params.pop("lang", LANGUAGES[0]), params.pop("view", None)
        name = self._name(path.strip("/"), params)
        if view in VIEWS and path.startswith("/changes/"):
            name = f"{name.removesuffix('.html')}.{view}.html"
        has_language = not name.startswith("static/") and not name.endswith(".txt")
        return (
            f"{language}/{name}"
            if language != LANGUAGES[0] and has_language
            else name
        )

    def _name(self, bare: str, params: dict[str, str]) -> str:
        kind, _, ending = bare.rpartition(".")
        if kind in ("feed", "calendar") and set(params) in (
            {"service"},
            {"document"},
        ):
            return f"{self._of(params)}.{ending}"
        if set(params) == {"noted"} and bare == "changes":
            return "notes.html"
        if set(params) == {"noted"} and kind in ("feed", "calendar"):
            return f"notes.{ending}"
        if set(params) == {"service"} and bare in ("services", "changes"):
            return (
                f"{self._of(params)}{'-changes' if bare == 'changes' else ''}.html"
            )
        if (
            set(params) == {"since", "until"}
            and bare == "changes"
            and params["since"].endswith("-01")
        ):
            return f"changes/{params['since'][:7]}.html"
        if not params and (service := _TODAY.fullmatch(bare)):
            return f"services/{self._services[service[1]]}-today.html"
        if params or _SERVED_ONLY.match(bare):
            raise NotExported(f"/{bare} {params}")
        if kind in ("feed", "calendar") or bare.startswith("static/"):
            return bare
        return (
            f"{bare.removesuffix('/text')}.txt"
            if bare.endswith("/text")
            else f"{bare or 'index'}.html"
        )

    def _of(self, params: dict[str, str]) -> str:
        if "document" in params:
            return f"documents/{params['document']}"
        return f"services/{self._services[params['service']]}"

    def _page(self, path: str, query: Query) -> PageContext:
        folder = os.path.dirname(self._file_name(path, query))

        def address(target: str, params: Query) -> str:
            """Empty for what is not exported."""
            if not self._has(target):
                return ""
            return quote(
                os.path.relpath(self._file_name(target, params), folder or ".")
            )

        def whole(target: str, params: Query) -> str:
            return (
                f"{self._site}{quote(self._file_name(target, params))}"
                if self._site
                else address(target, params)
            )

        language = dict(query).get("lang", LANGUAGES[0])
        return PageContext(path, query, language, address, whole, self._query)


async def _ask(app: ASGIApp, page: PageContext) -> bytes:
    """Raises the application's exceptions."""
    status, body = 0, b""

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status, body
        status = message.get("status", status)
        body += message.get("body", b"")

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "server": ("localhost", 80),
        "path": page.path,
        "raw_path": quote(page.path).encode(),
        "query_string": urlencode(page.query).encode(),
        "headers": [(b"host", b"localhost")],
        "state": {"page": page},
    }
    await app(scope, receive, send)
    if status not in _ANSWERS:
        raise RuntimeError(f"{page.path} answered with status {status}")
    return body


def _digest(*parts: object) -> str:
    return hashlib.sha256(
        json.dumps(parts, sort_keys=True, default=str).encode()
    ).hexdigest()[:24]
