"""The watchlist: what is watched and who is alerted, from TOML, checked before anything runs."""

from __future__ import annotations

import hashlib
import json
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ValidationError

from foundation.vocabulary import TOPICS, Robots
from policywatch.config.errors import FileSection, Problem, WatchlistError
from policywatch.config.route_words import (
    filter_problems,
    language_problems,
    word_problems,
)
from policywatch.config.schema import (
    AlertsEntry,
    CrawlEntry,
    DocumentEntry,
    EvidenceEntry,
    MailEntry,
    OperatorEntry,
    PersonEntry,
    ReaderEntry,
    RetentionEntry,
    RouteEntry,
    ServiceEntry,
    SourcesEntry,
    Table,
    TopEntry,
    TopicEntry,
    WebEntry,
)

NOTHING_WATCHED = 'nothing is watched; add [[documents]], or use = ["linkedin"]'
_VARIABLE = re.compile(r"\$\{(\w+)\}")


def contact_problem(contact: str | None) -> str | None:
    """None if fine."""
    if contact and _VARIABLE.search(contact):
        return "every site reads it, so no variable is put in: write the address itself"
    write = 'write contact = "you@your.example", it goes into the User-Agent so that a site can reach you'
    if not contact:
        return f"is missing; {write}"
    return (
        None
        if re.search(r"[@./]", contact)
        else f"nobody can be reached at {contact!r}; {write}"
    )


@dataclass(frozen=True, slots=True)
class Watchlist:
    """`site` is the public address of `serve`, for links in alerts."""

    file: Path
    lines: tuple[str, ...]
    database: str
    upgrade: bool
    contact: str | None
    site: str | None
    crawl: CrawlEntry
    services: Mapping[str, ServiceEntry]
    sources: SourcesEntry
    topics: Mapping[str, TopicEntry]
    documents: tuple[DocumentEntry, ...]
    routes: tuple[tuple[RouteEntry, FileSection], ...]
    operator: tuple[OperatorEntry, FileSection]
    people: tuple[tuple[PersonEntry, FileSection], ...]
    mail: tuple[MailEntry | None, FileSection]
    alerts: AlertsEntry
    retention: RetentionEntry
    web: WebEntry
    reader: tuple[ReaderEntry, FileSection]
    evidence: tuple[EvidenceEntry | None, FileSection]
    # of the store, not the file: titles and texts of passages, by document
    ignored: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    # ids of the entries that the file owns; the others are the store's
    of_file: frozenset[str] = frozenset()

    @property
    def digest(self) -> str:
        """Equal for watchlists that a run applies alike."""
        applied = {
            field.name: _plain(getattr(self, field.name))
            for field in fields(self)
            if field.name not in _OF_NO_RUN
        }
        return hashlib.sha256(json.dumps(applied, sort_keys=True).encode()).hexdigest()

    def document(self, id_: str) -> DocumentEntry | None:
        return next((entry for entry in self.documents if entry.id == id_), None)

    def service(self, name: str) -> str:
        """In the watchlist's spelling; a new name unchanged."""
        return next(
            (
                each.service
                for each in self.documents
                if each.service.casefold() == name.casefold()
            ),
            name,
        )

    def problem(self, key: str, text: str) -> Problem:
        """Found in use, of a key at the top of the file."""
        return FileSection(self.file, self.lines).problem(key, text)

    def robots(self, entry: DocumentEntry) -> Robots:
        """The document's value, else its service's, else the crawl's."""
        return (
            entry.robots
            or _of_service(self.services, entry.service).robots
            or self.crawl.robots
        )


_OF_NO_RUN = {"file", "lines", "database", "upgrade", "people", "of_file"}


def _plain(value: Any) -> Any:
    match value:
        case BaseModel():
            return value.model_dump(mode="json")
        case FileSection():
            return None
        case Mapping():
            return {name: _plain(each) for name, each in value.items()}
        case tuple():
            return [*map(_plain, value)]
    return value


def shipped() -> list[str]:
    folder = files("policywatch") / "watchlists"
    return sorted(
        file.name.removesuffix(".toml")
        for file in folder.iterdir()
        if file.name.endswith(".toml")
    )


def shipped_documents(name: str) -> list[dict[str, Any]]:
    text = (files("policywatch") / "watchlists" / f"{name}.toml").read_text("utf-8")
    documents: list[dict[str, Any]] = tomllib.loads(text)["documents"]
    return documents


TEXT = "_POLICYWATCH_TEXT"  # by which `watch` passes its runs the text it has read


def same_database(watchlist: Watchlist, first: Watchlist, command: str) -> Watchlist:
    """Raises `WatchlistError` where it was changed."""
    if watchlist.database != first.database:
        problem = f"can't be changed while `{command}` runs; start it anew"
        raise WatchlistError([watchlist.problem("database", problem)])
    return watchlist


def load(file: Path, environ: Mapping[str, str] = os.environ) -> Watchlist:
    """Raises `WatchlistError` with every problem."""
    return _Loader(file, environ).load()


_Entry = TypeVar("_Entry", bound=Table)


class _Loader:
    """A person sees all problems at once."""

    def __init__(self, file: Path, environ: Mapping[str, str]) -> None:
        self.file = file.resolve()
        self.environ = environ
        self.problems: list[Problem] = []
        self.raw, self.lines = self._toml()

    def load(self) -> Watchlist:
        before_tables = {key: self.raw[key] for key in self.raw if key not in _SECTIONS}
        top = self._checked(TopEntry, before_tables, self._section()) or TopEntry()
        database = self._database(top.database)
        services = self._named(ServiceEntry, "services")
        watchlist = Watchlist(
            file=self.file,
            lines=self.lines,
            database=database,
            upgrade=database.startswith("sqlite")
            if top.upgrade is None
            else top.upgrade,
            contact=top.contact,
            site=top.site,
            crawl=self._table(CrawlEntry, "crawl"),
            services=services,
            sources=self._table(SourcesEntry, "sources"),
            topics=self._named(TopicEntry, "topics"),
            documents=self._documents(top.use, services),
            routes=tuple(self._list(RouteEntry, "routes")),
            operator=(
                self._table(OperatorEntry, "operator"),
                self._section("operator"),
            ),
            people=tuple(self._list(PersonEntry, "people")),
            mail=(self._optional(MailEntry, "mail"), self._section("mail")),
            alerts=self._table(AlertsEntry, "alerts"),
            retention=self._table(RetentionEntry, "retention"),
            web=self._table(WebEntry, "web"),
            reader=(
                self._table(ReaderEntry, "reader"),
                self._section("reader"),
            ),
            evidence=(
                self._optional(EvidenceEntry, "evidence"),
                self._section("evidence"),
            ),
        )
        routes = tuple(
            (_spelled(entry, watchlist), section) for entry, section in watchlist.routes
        )
        watchlist = replace(watchlist, routes=routes)
        self._distinct([entry.name for entry, _ in watchlist.routes], "routes", "name")
        self._distinct([entry.name for entry, _ in watchlist.people], "people", "name")
        self.problems += [
            *word_problems(watchlist.routes),
            *language_problems(*watchlist.operator),
        ]
        if watchlist.web.subscribe and not (
            "mail" in self.raw and _keeps_secrets(top.site or "")
        ):
            problem = (
                'needs a [mail] block, and site = "https://..." for the links to confirm and to unsubscribe '
                '(or "http://localhost:8000", to try it)'
            )
            self.problems.append(self._section("web").problem("subscribe", problem))
        if not self.problems:  # else a document may be missing here
            self.problems += filter_problems(
                watchlist.routes, watchlist.documents, watchlist.topics
            )
            self.problems += self._wrong_names(watchlist)
        if self.problems:
            raise WatchlistError(self.problems)
        return watchlist

    def _wrong_names(self, watchlist: Watchlist) -> Iterator[Problem]:
        """Settings for a service without documents, and own topics named like shipped ones."""
        names = sorted({document.service for document in watchlist.documents})
        for name in watchlist.services:
            if watchlist.service(name) in names:
                continue
            problem = f"no document is of this service; there are: {', '.join(names) or 'none'}"
            yield self._section(f"services.{name}").problem("", problem)
        for name in watchlist.topics.keys() & {*TOPICS}:
            problem = "this topic ships with the program; give your own another name"
            yield self._section(f"topics.{name}").problem("", problem)

    def _toml(self) -> tuple[dict[str, Any], tuple[str, ...]]:
        try:
            text = Path(self.environ.get(TEXT) or self.file).read_text(
                "utf-8-sig"
            )  # with or without a byte order mark
            return tomllib.loads(text), tuple(text.split("\n"))
        except FileNotFoundError as failure:
            problem = "there is no such file; `policywatch init` writes one, --config or POLICYWATCH_CONFIG names another"
            raise WatchlistError([Problem(self.file, None, "", problem)]) from failure
        except OSError as failure:
            raise WatchlistError(
                [Problem(self.file, None, "", f"can't be read: {failure.strerror}")]
            ) from failure
        except UnicodeDecodeError as failure:
            bad = failure.object[: failure.start].count(b"\n") + 1
            raise WatchlistError(
                [Problem(self.file, bad, "", "is not in UTF-8, as TOML must be")]
            ) from failure
        except tomllib.TOMLDecodeError as failure:
            place = re.search(r" \(at line (\d+), column \d+\)", str(failure))
            line = int(place[1]) if place else None
            problem = f"this is not TOML: {str(failure).replace(place[0], '') if place else failure}"
            raise WatchlistError([Problem(self.file, line, "", problem)]) from failure

    def _section(self, name: str = "", index: int | None = None) -> FileSection:
        return FileSection(self.file, self.lines, name, index)

    def _problem(self, key: str, text: str) -> None:
        self.problems.append(self._section().problem(key, text))

    def _checked(
        self, model: type[_Entry], value: Any, section: FileSection
    ) -> _Entry | None:
        try:
            return model.model_validate(value)
        except ValidationError as error:
            tables = _SECTIONS if model is TopEntry else ()
            names = (field.alias or name for name, field in model.model_fields.items())
            self.problems += section.problems(error, [*names, *tables])
            return None

    def _table(self, model: type[_Entry], name: str) -> _Entry:
        return (
            self._checked(model, self.raw.get(name, {}), self._section(name)) or model()
        )

    def _optional(self, model: type[_Entry], name: str) -> _Entry | None:
        return (
            self._checked(model, self.raw[name], self._section(name))
            if name in self.raw
            else None
        )

    def _named(self, model: type[_Entry], name: str) -> dict[str, _Entry]:
        tables = self.raw.get(name, {})
        if not isinstance(tables, dict):
            self._problem(name, f"write [{name}.NAME] tables")
            return {}
        checked = {
            key: self._checked(model, tables[key], self._section(f"{name}.{key}"))
            for key in tables
        }
        return {key: entry for key, entry in checked.items() if entry is not None}

    def _tables(self, name: str) -> list[Any]:
        tables = self.raw.get(name, [])
        if isinstance(tables, list):
            return tables
        self._problem(name, f"write it in double brackets: [[{name}]]")
        return []

    def _list(self, model: type[_Entry], name: str) -> list[tuple[_Entry, FileSection]]:
        sections = (
            (table, self._section(name, index))
            for index, table in enumerate(self._tables(name))
        )
        pairs = [
            (self._checked(model, table, section), section)
            for table, section in sections
        ]
        return [(entry, section) for entry, section in pairs if entry is not None]

    def _documents(
        self, use: list[str], services: Mapping[str, ServiceEntry]
    ) -> tuple[DocumentEntry, ...]:
        """Shipped ones of `use`, each overridden by an own entry with its id."""
        tables: dict[str, dict[str, Any]] = {}
        for name in use:
            if name not in shipped():
                self._problem(
                    "use",
                    f"found {name!r}; the watchlists that ship are: {', '.join(shipped())}",
                )
                continue
            own = shipped_documents(name)
            for table in own:
                source = _of_service(services, table["service"]).source
                tables[table["id"]] = table | ({"source": source} if source else {})
        given = self._tables("documents")
        sections = {id_: self._section() for id_ in tables}
        ids = [table.get("id") if isinstance(table, dict) else None for table in given]
        self._distinct(ids, "documents", "id")
        for index, (id_, table) in enumerate(zip(ids, given, strict=True)):
            key = id_ if isinstance(id_, str) else f"documents[{index}]"
            tables[key] = (
                _overridden(tables.get(key, {}), table)
                if isinstance(table, dict)
                else table
            )
            sections[key] = self._section("documents", index)
        entries = [
            self._checked(DocumentEntry, table, sections[key])
            for key, table in tables.items()
        ]
        spelled = dict[str, str]()  # as its first entry spells it
        return tuple(
            entry.model_copy(
                update={
                    "service": spelled.setdefault(
                        entry.service.casefold(), entry.service
                    )
                }
            )
            for entry in entries
            if entry is not None
        )

    def _distinct(self, names: list[Any], section: str, key: str) -> None:
        for index, name in enumerate(names):
            if name is not None and name in names[:index]:
                text = f"found {name!r} a second time; each needs its own"
                self.problems.append(self._section(section, index).problem(key, text))

    def _expanded(self, text: str, key: str) -> str:
        try:
            return expand(text, self.environ)
        except MissingVariable as missing:
            self._problem(key, str(missing))
            return text

    def _database(self, written: str) -> str:
        """A relative SQLite file is relative to the watchlist."""
        text = self._expanded(written, "database")
        if re.fullmatch(r"sqlite(?:\+\w+)?://(?:/(?::memory:)?)?(?:\?.*)?", text):
            self._problem(
                "database",
                "names no file, so nothing would be kept from run to run; write sqlite:///FILE",
            )
        relative = re.fullmatch(r"(sqlite(?:\+\w+)?:///)([^/:].*)", text)
        return f"{relative[1]}{self.file.parent / relative[2]}" if relative else text


def _of_service(services: Mapping[str, ServiceEntry], name: str) -> ServiceEntry:
    """Ignoring case."""
    return next(
        (entry for key, entry in services.items() if key.casefold() == name.casefold()),
        ServiceEntry(),
    )


def _spelled(route: RouteEntry, watchlist: Watchlist) -> RouteEntry:
    """With its services spelt as the documents spell them."""
    names = route.services and [watchlist.service(name) for name in route.services]
    return route.model_copy(update={"services": names}) if names else route


def _overridden(shipped: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """`own` wins; url and urls replace each other."""
    moved = {"url", "urls"} if {"url", "urls"} & own.keys() else set()
    moved |= {"source", "fallback"} if "urls" in own else set()
    return {**{key: shipped[key] for key in shipped.keys() - moved}, **own}


_SECTIONS = (
    *(
        "crawl",
        "services",
        "sources",
        "topics",
        "documents",
        "routes",
        "operator",
        "reader",
        "evidence",
    ),
    *("retention", "web", "people", "mail", "alerts"),
)


class MissingVariable(LookupError):
    pass


def expand(text: str, environ: Mapping[str, str]) -> str:
    """Substitute `${NAME}`. Raises `MissingVariable`."""

    def value(match: re.Match[str]) -> str:
        if not environ.get(match[1]):
            raise MissingVariable(f"the environment variable {match[1]} is not set")
        return environ[match[1]]

    return _VARIABLE.sub(value, text)


def _keeps_secrets(site: str) -> bool:
    """Links to it can be followed without anybody between reading them."""
    parts = urlsplit(site)
    return parts.scheme == "https" or parts.hostname in {
        "localhost",
        "127.0.0.1",
        "::1",
    }
