"""The watchlist: which documents are watched and who is told, read from TOML and checked before anything runs."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from policywatch.entries import (
    BriefEntry,
    CrawlEntry,
    DocumentEntry,
    MessagesEntry,
    OperatorEntry,
    Robots,
    RouteEntry,
    ServiceEntry,
    Table,
    TopEntry,
    TopicEntry,
)
from policywatch.problems import Problem, Section, WatchlistError
from policywatch.route_words import filter_problems, language_problems, word_problems

DEFAULT_FILE = "policywatch.toml"
_VARIABLE = re.compile(r"\$\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Watchlist:
    """A valid watchlist. `site` is where the pages of `serve` can be reached, for links in alerts."""

    file: Path
    lines: tuple[str, ...]
    database: str
    contact: str | None
    site: str | None
    crawl: CrawlEntry
    services: Mapping[str, ServiceEntry]
    topics: Mapping[str, TopicEntry]
    documents: tuple[DocumentEntry, ...]
    routes: tuple[tuple[RouteEntry, Section], ...]
    operator: tuple[OperatorEntry, Section]
    messages: MessagesEntry
    brief: tuple[BriefEntry, Section]

    def document(self, id_: str) -> DocumentEntry | None:
        """The entry of that id."""
        return next((entry for entry in self.documents if entry.id == id_), None)

    def problem(self, key: str, said: str) -> Problem:
        """A problem with a key at the top of the file, found when it is put to use."""
        return Section(self.file, self.lines).problem(key, said)

    def robots(self, entry: DocumentEntry) -> Robots:
        """The operator's word on robots.txt: the document's, else its service's, else the crawl's."""
        service = self.services.get(entry.service, ServiceEntry())
        return entry.robots or service.robots or self.crawl.robots


def shipped() -> list[str]:
    """The names of the watchlists that ship with the program."""
    folder = files("policywatch") / "watchlists"
    return sorted(file.name.removesuffix(".toml") for file in folder.iterdir() if file.name.endswith(".toml"))


def load(file: Path, environ: Mapping[str, str] = os.environ) -> Watchlist:
    """Read and check a watchlist file. Raises `WatchlistError` with every problem that was found."""
    return _Loader(file, environ).load()


_Entry = TypeVar("_Entry", bound=Table)


class _Loader:
    """Gathers problems while it reads, so that a person sees all of them at once."""

    def __init__(self, file: Path, environ: Mapping[str, str]) -> None:
        self.file = file.resolve()
        self.environ = environ
        self.problems: list[Problem] = []

    def load(self) -> Watchlist:
        raw, lines = self._toml(self.file)
        top = self._checked(TopEntry, {key: raw[key] for key in raw if key not in _SECTIONS}, Section(self.file, lines))
        crawl = self._table(CrawlEntry, raw, "crawl", lines)
        operator = self._table(OperatorEntry, raw, "operator", lines)
        messages = self._table(MessagesEntry, raw, "messages", lines)
        brief = self._table(BriefEntry, raw, "brief", lines)
        documents = self._documents(raw, lines, top.use if top else [])
        watchlist = Watchlist(
            file=self.file,
            lines=lines,
            database=self._database(top, Section(self.file, lines)),
            contact=self._expanded(top.contact, "contact", Section(self.file, lines)) if top else None,
            site=top.site if top else None,
            crawl=crawl or CrawlEntry(),
            services=self._named(ServiceEntry, raw, "services", lines),
            topics=self._named(TopicEntry, raw, "topics", lines),
            documents=documents,
            routes=tuple(self._list(RouteEntry, raw, "routes", lines)),
            operator=(operator or OperatorEntry(), Section(self.file, lines, "operator")),
            messages=messages or MessagesEntry(),
            brief=(brief or BriefEntry(), Section(self.file, lines, "brief")),
        )
        self._distinct([entry.name for entry, _ in watchlist.routes], "routes", "name", lines)
        self.problems += [*word_problems(watchlist.routes), *language_problems(*watchlist.operator)]
        if not self.problems:  # else a document that is meant may be missing here
            self.problems += filter_problems(watchlist.routes, documents, watchlist.topics)
            self.problems += self._unknown_services(watchlist, lines)
        if self.problems:
            raise WatchlistError(self.problems)
        return watchlist

    def _unknown_services(self, watchlist: Watchlist, lines: tuple[str, ...]) -> Iterator[Problem]:
        """What is said of a service that no document is of would hold for nothing."""
        names = sorted({document.service for document in watchlist.documents})
        for name in watchlist.services.keys() - {*names}:
            said = f"no document is of this service; there are: {', '.join(names) or 'none'}"
            yield Section(self.file, lines, f"services.{name}").problem("", said)

    def _toml(self, file: Path) -> tuple[dict[str, Any], tuple[str, ...]]:
        try:
            text = file.read_text("utf-8")
            return tomllib.loads(text), tuple(text.splitlines())
        except FileNotFoundError as failure:
            said = "there is no such file; `policywatch init` writes one, --config or POLICYWATCH_CONFIG names another"
            raise WatchlistError([Problem(file, None, "", said)]) from failure
        except OSError as failure:
            raise WatchlistError([Problem(file, None, "", f"can't be read: {failure.strerror}")]) from failure
        except UnicodeDecodeError as failure:
            bad = failure.object[: failure.start].count(b"\n") + 1
            raise WatchlistError([Problem(file, bad, "", "is not in UTF-8, as TOML must be")]) from failure
        except tomllib.TOMLDecodeError as failure:
            place = re.search(r" \(at line (\d+), column \d+\)", str(failure))
            line = int(place[1]) if place else None
            said = f"this is not TOML: {str(failure).replace(place[0], '') if place else failure}"
            raise WatchlistError([Problem(file, line, "", said)]) from failure

    def _checked(self, model: type[_Entry], value: Any, section: Section) -> _Entry | None:
        try:
            return model.model_validate(value)
        except ValidationError as error:
            self.problems += section.problems(error, model)
            return None

    def _table(self, model: type[_Entry], raw: Mapping[str, Any], name: str, lines: tuple[str, ...]) -> _Entry | None:
        return self._checked(model, raw.get(name, {}), Section(self.file, lines, name))

    def _named(
        self, model: type[_Entry], raw: Mapping[str, Any], name: str, lines: tuple[str, ...]
    ) -> dict[str, _Entry]:
        tables = raw.get(name, {})
        if not isinstance(tables, dict):
            self.problems.append(Section(self.file, lines).problem(name, f"write [{name}.NAME] tables"))
            return {}
        checked = {key: self._checked(model, tables[key], Section(self.file, lines, f"{name}.{key}")) for key in tables}
        return {key: entry for key, entry in checked.items() if entry is not None}

    def _list(
        self, model: type[_Entry], raw: Mapping[str, Any], name: str, lines: tuple[str, ...]
    ) -> list[tuple[_Entry, Section]]:
        tables = raw.get(name, [])
        if not isinstance(tables, list):
            self.problems.append(Section(self.file, lines).problem(name, f"write it in double brackets: [[{name}]]"))
            return []
        sections = [Section(self.file, lines, name, index) for index in range(len(tables))]
        pairs = [
            (self._checked(model, table, section), section) for table, section in zip(tables, sections, strict=True)
        ]
        return [(entry, section) for entry, section in pairs if entry is not None]

    def _documents(self, raw: Mapping[str, Any], lines: tuple[str, ...], use: list[str]) -> tuple[DocumentEntry, ...]:
        """The shipped ones that `use` names, each overridden by the keys of an own entry with its id."""
        tables: dict[str, dict[str, Any]] = {}
        for name in use:
            if name not in shipped():
                said = f"found {name!r}; the watchlists that ship are: {', '.join(shipped())}"
                self.problems.append(Section(self.file, lines).problem("use", said))
                continue
            own = tomllib.loads((files("policywatch") / "watchlists" / f"{name}.toml").read_text("utf-8"))
            tables |= {table["id"]: table for table in own["documents"]}
        given = raw.get("documents", [])
        if not isinstance(given, list):
            self.problems.append(
                Section(self.file, lines).problem("documents", "write it in double brackets: [[documents]]")
            )
            given = []
        sections = {id_: Section(self.file, lines) for id_ in tables}
        ids = [table.get("id") if isinstance(table, dict) else None for table in given]
        self._distinct(ids, "documents", "id", lines)
        for index, (id_, table) in enumerate(zip(ids, given, strict=True)):
            key = id_ if isinstance(id_, str) else f"documents[{index}]"
            tables[key] = _overridden(tables.get(key, {}), table) if isinstance(table, dict) else table
            sections[key] = Section(self.file, lines, "documents", index)
        entries = [self._checked(DocumentEntry, table, sections[key]) for key, table in tables.items()]
        return tuple(entry for entry in entries if entry is not None)

    def _distinct(self, names: list[Any], section: str, key: str, lines: tuple[str, ...]) -> None:
        for index, name in enumerate(names):
            if name is not None and name in names[:index]:
                said = f"found {name!r} a second time; each needs its own"
                self.problems.append(Section(self.file, lines, section, index).problem(key, said))

    def _expanded(self, text: str | None, key: str, section: Section) -> str | None:
        if text is None:
            return None
        try:
            return expand(text, self.environ)
        except MissingVariable as missing:
            self.problems.append(section.problem(key, str(missing)))
            return None

    def _database(self, top: TopEntry | None, section: Section) -> str:
        """A relative SQLite file lies beside the watchlist, wherever the job is started from."""
        text = self._expanded(top.database, "database", section) if top else None
        if text is None:
            return ""
        relative = re.fullmatch(r"(sqlite(?:\+\w+)?:///)([^/:].*)", text)
        return f"{relative[1]}{self.file.parent / relative[2]}" if relative else text


def _overridden(shipped: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of `own` win; url and urls are one thing."""
    moved = {"url", "urls"} if {"url", "urls"} & own.keys() else set()
    return {**{key: shipped[key] for key in shipped.keys() - moved}, **own}


_SECTIONS = {"crawl", "services", "topics", "documents", "routes", "operator", "messages", "brief"}


class MissingVariable(LookupError):
    """`${NAME}` stands in the watchlist, and the environment has no NAME."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return f"the environment variable {self.name} is not set"


def expand(text: str, environ: Mapping[str, str]) -> str:
    """Put the environment's values for each `${NAME}`. Raises `MissingVariable`."""

    def value(match: re.Match[str]) -> str:
        if not environ.get(match[1]):
            raise MissingVariable(match[1])
        return environ[match[1]]

    return _VARIABLE.sub(value, text)
