"""The watchlist: what is watched and who is alerted, from TOML, checked before anything runs."""

from __future__ import annotations

import hashlib
import json
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from importlib.resources import files
from pathlib import Path
from typing import Any, get_args
from urllib.parse import urlsplit

from pydantic import ValidationError

from foundation.vocabulary import TOPICS, Robots
from messages import LANGUAGES
from notifier.routes import AfterReview, AtOnce, parse_quiet, parse_when, zone
from policywatch.config.errors import Problem, WatchlistError
from policywatch.config.schema import (
    DocumentEntry,
    FileSection,
    OperatorEntry,
    RouteEntry,
    ServiceEntry,
    Table,
    WatchlistFile,
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


class Watchlist(WatchlistFile):
    """What a file says as a whole, and what the store adds to it."""

    file: Path = Path()
    lines: tuple[str, ...] = ()
    upgrade: bool = False
    # titles and texts of passages, by document
    ignored: Mapping[str, tuple[tuple[str, str], ...]] = {}
    # ids of documents and names of routes that the file owns; the others are the store's
    of_file: frozenset[str] = frozenset()

    @property
    def digest(self) -> str:
        """Equal for watchlists that a run applies alike."""
        applied = self.model_dump(mode="json", exclude=_OF_NO_RUN)
        return hashlib.sha256(
            json.dumps(applied, sort_keys=True).encode()
        ).hexdigest()

    def document(self, id_: str) -> DocumentEntry | None:
        return next((entry for entry in self.documents if entry.id == id_), None)

    def service(self, name: str) -> str:
        """In the watchlist's spelling; a new name unchanged."""
        spelled = {each.service.casefold(): each.service for each in self.documents}
        return spelled.get(name.casefold(), name)

    def robots(self, entry: DocumentEntry) -> Robots:
        """The document's value, else its service's, else the crawl's."""
        of_service = _of_service(self.services, entry.service) or ServiceEntry()
        return entry.robots or of_service.robots or self.crawl.robots


_OF_NO_RUN = {"file", "lines", "database", "upgrade", "people", "of_file"}


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


def same_database(
    watchlist: Watchlist, first: Watchlist, command: str
) -> Watchlist:
    """Raises `WatchlistError` where it was changed."""
    if watchlist.database != first.database:
        problem = f"can't be changed while `{command}` runs; start it anew"
        raise WatchlistError([watchlist.problem("database", problem)])
    return watchlist


def load(file: Path, environ: Mapping[str, str] = os.environ) -> Watchlist:
    """What routes name may be the store's: `with_additions` checks it. Raises `WatchlistError` with every problem."""
    file = file.resolve()
    raw, lines = _toml(file, environ)
    top = FileSection(file, lines)
    problems = [*_unknown_lists(raw, top), *_doubles(raw, top)]
    raw["documents"], places = _with_shipped(raw, top)
    try:
        written = WatchlistFile.model_validate(raw)
    except ValidationError as failure:
        problems += [
            _problem(error, top, places)
            for error in failure.errors(include_url=False)
        ]
        raise WatchlistError(problems) from failure
    _place(written, top)
    watchlist = _complete(written, file, lines)
    try:
        database = expand(watchlist.database, environ)
        watchlist = watchlist.model_copy(
            update={"database": _beside(file, database)}
        )
    except ValueError as failure:
        problems.append(top.problem("database", str(failure)))
    problems += _misfits(watchlist)
    if problems:
        raise WatchlistError(problems)
    return watchlist


def _toml(
    file: Path, environ: Mapping[str, str]
) -> tuple[dict[str, Any], tuple[str, ...]]:
    try:
        text = Path(environ.get(TEXT) or file).read_text(
            "utf-8-sig"
        )  # with or without a byte order mark
        return tomllib.loads(text), tuple(text.split("\n"))
    except FileNotFoundError as failure:
        problem = "there is no such file; `policywatch init` writes one, --config or POLICYWATCH_CONFIG names another"
        raise WatchlistError([Problem(file, None, "", problem)]) from failure
    except OSError as failure:
        raise WatchlistError(
            [Problem(file, None, "", f"can't be read: {failure.strerror}")]
        ) from failure
    except UnicodeDecodeError as failure:
        bad = failure.object[: failure.start].count(b"\n") + 1
        raise WatchlistError(
            [Problem(file, bad, "", "is not in UTF-8, as TOML must be")]
        ) from failure
    except tomllib.TOMLDecodeError as failure:
        place = re.search(r" \(at line (\d+), column \d+\)", str(failure))
        line = int(place[1]) if place else None
        problem = f"this is not TOML: {str(failure).replace(place[0], '') if place else failure}"
        raise WatchlistError([Problem(file, line, "", problem)]) from failure


def _unknown_lists(raw: Mapping[str, Any], top: FileSection) -> Iterator[Problem]:
    for name in _list(raw, "use"):
        if isinstance(name, str) and name not in shipped():
            text = f"found {name!r}; the watchlists that ship are: {', '.join(shipped())}"
            yield top.problem("use", text)


def _doubles(raw: Mapping[str, Any], top: FileSection) -> Iterator[Problem]:
    for name, key in (("documents", "id"), ("routes", "name"), ("people", "name")):
        names = [_value(table, key) for table in _list(raw, name)]
        for index, each in enumerate(names):
            if each is not None and each in names[:index]:
                text = f"found {each!r} a second time; each needs its own"
                yield top.of(name, index).problem(key, text)


def _list(raw: Mapping[str, Any], name: str) -> list[Any]:
    value = raw.get(name)
    return value if isinstance(value, list) else []


def _value(table: Any, key: str) -> Any:
    return table.get(key) if isinstance(table, dict) else None


def _with_shipped(
    raw: Mapping[str, Any], top: FileSection
) -> tuple[Any, list[FileSection]]:
    """Shipped documents of `use`, each overridden by an own entry with its id; and where each stands."""
    given, services = raw.get("documents", []), raw.get("services")
    services = services if isinstance(services, dict) else {}
    tables: dict[object, Any] = {}
    for name in _list(raw, "use"):
        for table in shipped_documents(name) if name in shipped() else ():
            source = _value(_of_service(services, table["service"]), "source")
            tables[table["id"]] = table | ({"source": source} if source else {})
    places = dict.fromkeys(tables, top)
    for index, table in enumerate(_list(raw, "documents")):
        id_ = _value(table, "id")
        key = id_ if isinstance(id_, str) else index
        is_table = isinstance(table, dict)
        tables[key] = _overridden(tables.get(key, {}), table) if is_table else table
        places[key] = top.of("documents", index)
    return [*tables.values()] if isinstance(given, list) else given, [
        *places.values()
    ]


def _problem(error: Any, top: FileSection, places: list[FileSection]) -> Problem:
    """pydantic's error in our words, where it stands in the file."""
    name, *rest = error["loc"]
    annotation = (
        WatchlistFile.model_fields[name].annotation
        if name in WatchlistFile.model_fields
        else None
    )
    model = next(
        (
            each
            for each in (*get_args(annotation), annotation)
            if isinstance(each, type) and issubclass(each, Table)
        ),
        None,
    )
    if model is None:
        return top.explained(error, error["loc"], WatchlistFile)
    if not rest and error["type"] != "value_error":
        forms = {
            "list_type": f"it in double brackets: [[{name}]]",
            "dict_type": f"[{name}.NAME] tables",
        }
        form = forms.get(error["type"], "a table, in brackets, with keys below it")
        return top.problem(name, f"write {form}")
    match rest:
        case [int(index), *key]:
            section = places[index] if name == "documents" else top.of(name, index)
        case [str(entry), *key] if name in ("services", "topics"):
            section = top.of(f"{name}.{entry}")
        case _:
            section, key = top.of(name), rest
    return section.explained(error, key, model)


def _place(written: WatchlistFile, top: FileSection) -> None:
    """Tells each table where it stands, for what is found in use."""
    for name, value in written:
        match value:
            case Table():
                value.stands_in(top.of(name))
            case list():
                for index, each in enumerate(value):
                    if isinstance(each, Table):
                        each.stands_in(top.of(name, index))
            case dict():
                for key, each in value.items():
                    each.stands_in(top.of(f"{name}.{key}"))


def _complete(
    written: WatchlistFile, file: Path, lines: tuple[str, ...]
) -> Watchlist:
    """Services are spelled as their first document does."""
    spelled = dict[str, str]()
    documents = [
        each.model_copy(
            update={
                "service": spelled.setdefault(each.service.casefold(), each.service)
            }
        )
        for each in written.documents
    ]
    routes = [
        each.model_copy(
            update={
                "services": [spelled.get(n.casefold(), n) for n in each.services]
            }
        )
        if each.services
        else each
        for each in written.routes
    ]
    upgrade = written.upgrade
    if upgrade is None:
        upgrade = written.database.startswith("sqlite")
    values = dict(written) | {
        "documents": documents,
        "routes": routes,
        "upgrade": upgrade,
    }
    watchlist = Watchlist(**values, file=file, lines=lines)
    watchlist.stands_in(FileSection(file, lines))
    return watchlist


def _misfits(watchlist: Watchlist) -> Iterator[Problem]:
    """Values that don't go together."""
    for route in watchlist.routes:
        if route.enabled:
            yield from time_problems(route)
            yield from language_problems(route)
    yield from language_problems(watchlist.operator)
    if watchlist.web.subscribe and not (
        watchlist.mail and _keeps_secrets(watchlist.site or "")
    ):
        text = (
            'needs a [mail] block, and site = "https://..." for the links to confirm and to unsubscribe '
            '(or "http://localhost:8000", to try it)'
        )
        yield watchlist.web.problem("subscribe", text)
    names = sorted({document.service for document in watchlist.documents})
    for name, entry in watchlist.services.items():
        if watchlist.service(name) not in names:
            text = f"no document is of this service; there are: {', '.join(names) or 'none'}"
            yield entry.problem("", text)
    for name in watchlist.topics.keys() & {*TOPICS}:
        text = "this topic ships with the program; give your own another name"
        yield watchlist.topics[name].problem("", text)


def _of_service(services: Mapping[str, Any], name: str) -> Any:
    """Ignoring case."""
    by_name = {key.casefold(): entry for key, entry in services.items()}
    return by_name.get(name.casefold())


def _overridden(
    shipped: Mapping[str, Any], own: Mapping[str, Any]
) -> dict[str, Any]:
    """`own` wins; url and urls replace each other."""
    moved = {"url", "urls"} if {"url", "urls"} & own.keys() else set()
    moved |= {"source", "fallback"} if "urls" in own else set()
    return {**{key: shipped[key] for key in shipped.keys() - moved}, **own}


def _beside(file: Path, database: str) -> str:
    """A relative SQLite file is relative to the watchlist. Raises `ValueError`."""
    if re.fullmatch(r"sqlite(?:\+\w+)?://(?:/(?::memory:)?)?(?:\?.*)?", database):
        raise ValueError(
            "names no file, so nothing would be kept from run to run; write sqlite:///FILE"
        )
    relative = re.fullmatch(r"(sqlite(?:\+\w+)?:///)([^/:].*)", database)
    return f"{relative[1]}{file.parent / relative[2]}" if relative else database


class MissingVariable(ValueError):
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


def filter_problems(watchlist: WatchlistFile) -> Iterator[Problem]:
    """Filters that can never match."""
    names = {route.name for route in watchlist.routes}
    for route in watchlist.routes:
        for name in names.intersection(route.formerly):
            text = f"found {name!r}, which is the name of a current route"
            yield route.problem("formerly", text)
    for route, key, value, allowed in unmatched(watchlist):
        known = ", ".join(sorted(allowed)) or "none, no document is watched"
        yield route.problem(key, f"found {value!r}; allowed: {known}")


def unmatched(
    watchlist: WatchlistFile,
) -> Iterator[tuple[RouteEntry, str, str, set[str]]]:
    """Values of filters that nothing has, with what there is."""
    documents = watchlist.documents
    allowed: dict[str, set[str]] = {
        "topics": {*TOPICS, *watchlist.topics},
        "services": {document.service for document in documents},
        "languages": {document.language for document in documents},
        "kinds": {document.kind for document in documents},
        "documents": {document.id for document in documents},
    }
    for route in watchlist.routes:
        for key, values in allowed.items() if route.enabled else ():
            for value in getattr(route, key) or ():
                is_pattern = key == "documents"
                if value not in values and not (
                    is_pattern and any(fnmatchcase(id_, value) for id_ in values)
                ):
                    yield route, key, value, values


def language_problems(entry: RouteEntry | OperatorEntry) -> Iterator[Problem]:
    if entry.language not in LANGUAGES:
        text = f"found {entry.language!r}; allowed: {', '.join(LANGUAGES)}"
        yield entry.problem("language", text)


def time_problems(route: RouteEntry) -> Iterator[Problem]:
    values = dict[str, Any]()
    for key, parse in (
        ("when", parse_when),
        ("timezone", zone),
        ("quiet", parse_quiet),
    ):
        written = getattr(route, key)
        try:
            values[key] = None if written is None else parse(written)
        except ValueError as failure:
            yield route.problem(key, str(failure))
    when = values.get("when")
    if when and values.get("quiet") and not isinstance(when, AtOnce):
        text = f"is only for routes that send at once; this one sends {when}"
        yield route.problem("quiet", text)
    if route.wait is not None and not isinstance(when, AfterReview):
        text = 'says how long a route with when = "after review" waits for it'
        yield route.problem("wait", text)
    if route.empty and isinstance(when, AtOnce):
        text = "is only for digests; this route sends at once"
        yield route.problem("empty", text)
