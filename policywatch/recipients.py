"""Who is told: the watchlist's routes and operator with their real addresses, checked before anything runs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TypeVar

from analysis.change import TOPICS
from notifier.heartbeat import Heartbeat, heartbeat_problem
from notifier.retell import Model
from notifier.routes import Address, Route, address, address_problem, one_of, parse_quiet, parse_when, zone
from notifier.templating import OURS, Templates
from notifier.when import AtOnce
from notifier.wording import languages
from policywatch.entries import OperatorEntry, RouteEntry
from policywatch.problems import Problem, Section, WatchlistError
from policywatch.watchlist import MissingVariable, Watchlist, expand
from storage.changes import Change
from storage.documents import Document

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class Recipients:
    """The routes, the operator's own addresses, language, templates and model, and who hears that the job is alive."""

    routes: tuple[Route, ...] = ()
    operator: tuple[Address, ...] = ()
    operator_language: str = "en"
    heartbeat: Heartbeat | None = None
    templates: Templates = OURS
    model: Model | None = None

    def names_for(self, document: Document, change: Change) -> list[str]:
        """The routes whose filter lets the change pass."""
        return [route.name for route in self.routes if route.wants(document, change)]


def recipients(watchlist: Watchlist, environ: Mapping[str, str] = os.environ) -> Recipients:
    """Raises `WatchlistError` with all that stands in the way: unset variables, addresses and words of no meaning."""
    problems: list[Problem] = []
    routes = [
        _route(watchlist, entry, section, environ, problems) for entry, section in watchlist.routes if entry.enabled
    ]
    entry, section = watchlist.operator
    operator = _addresses(entry.to, section, environ, problems)
    heartbeat = _heartbeat(entry, section, environ, problems)
    try:
        one_of("language", entry.language, languages())
    except ValueError as failure:
        problems.append(section.problem("language", str(failure)))
    model = _model(watchlist, environ, problems)
    if problems:
        raise WatchlistError(problems)
    folder = watchlist.messages.templates
    templates = Templates(watchlist.file.parent / folder) if folder else OURS
    told = tuple(route for route in routes if route is not None)
    return Recipients(told, operator, entry.language, heartbeat, templates, model)


def _model(watchlist: Watchlist, environ: Mapping[str, str], problems: list[Problem]) -> Model | None:
    entry, section = watchlist.brief
    if entry.model_url is None or entry.model is None:
        return None
    try:
        key = expand(entry.model_key, environ) if entry.model_key else None
    except MissingVariable as missing:
        problems.append(section.problem("model_key", str(missing)))
        return None
    return Model(entry.model_url, entry.model, key, entry.model_timeout)


def _heartbeat(
    entry: OperatorEntry, section: Section, environ: Mapping[str, str], problems: list[Problem]
) -> Heartbeat | None:
    if entry.heartbeat is None:
        return None
    try:
        url = expand(entry.heartbeat, environ)
        said = heartbeat_problem(url)
    except MissingVariable as missing:
        said = str(missing)
    if said:
        problems.append(section.problem("heartbeat", said))
        return None
    return Heartbeat(url, entry.heartbeat_start)


def _route(
    watchlist: Watchlist, entry: RouteEntry, section: Section, environ: Mapping[str, str], problems: list[Problem]
) -> Route | None:
    def checked(key: str, make: Callable[[], _Value]) -> _Value | None:
        try:
            return make()
        except ValueError as failure:
            problems.append(section.problem(key, str(failure)))
            return None

    _check_filters(watchlist, entry, section, problems)
    to = _addresses(entry.to, section, environ, problems)
    when = checked("when", lambda: parse_when(entry.when))
    quiet = checked("quiet", lambda: parse_quiet(entry.quiet or "")) if entry.quiet is not None else None
    if quiet is not None and when is not None and not isinstance(when, AtOnce):
        problems.append(section.problem("quiet", f"is for routes that tell at once; this one tells {when}"))
    if entry.empty and isinstance(when, AtOnce):
        problems.append(section.problem("empty", "is for digests; this route tells at once"))
    sound = [
        checked("timezone", lambda: zone(entry.timezone)),
        checked("language", lambda: one_of("language", entry.language, languages())),
    ]
    if when is None or None in sound:
        return None
    return Route(
        name=entry.name,
        to=to,
        topics=_set(entry.topics),
        severity=entry.severity,
        services=_set(entry.services),
        documents=_set(entry.documents),
        languages=_set(entry.languages),
        kinds=_set(entry.kinds),
        directions=_set(entry.directions),
        when=when,
        timezone=entry.timezone,
        quiet=quiet,
        high_breaks_quiet=entry.high_breaks_quiet,
        formerly=tuple(entry.formerly),
        empty=entry.empty,
        language=entry.language,
    )


def _check_filters(watchlist: Watchlist, entry: RouteEntry, section: Section, problems: list[Problem]) -> None:
    """A filter that can never match would be silence that nobody notices."""
    documents = watchlist.documents
    for key, found, allowed in (
        ("topics", entry.topics, {*TOPICS, *watchlist.topics}),
        ("services", entry.services, {document.service for document in documents}),
        ("languages", entry.languages, {document.language for document in documents}),
        ("kinds", entry.kinds, {document.kind for document in documents}),
    ):
        problems += [
            section.problem(
                key, f"found {word!r}; allowed: {', '.join(sorted(allowed)) or 'none, no document is watched'}"
            )
            for word in found or ()
            if word not in allowed
        ]
    for pattern in entry.documents or ():
        if not any(fnmatchcase(document.id, pattern) for document in documents):
            ids = ", ".join(document.id for document in documents) or "none, no document is watched"
            problems.append(
                section.problem("documents", f"found {pattern!r}, which matches none of the documents: {ids}")
            )
    names = {route.name for route, _ in watchlist.routes}
    problems += [
        section.problem("formerly", f"found {name!r}, which is the name of a route that stands here")
        for name in entry.formerly
        if name in names
    ]


def _set(words: Iterable[str] | None) -> frozenset[str] | None:
    return None if words is None else frozenset(words)


def _addresses(
    written: list[str], section: Section, environ: Mapping[str, str], problems: list[Problem]
) -> tuple[Address, ...]:
    found = []
    for index, text in enumerate(written):
        try:
            url = expand(text, environ)
        except MissingVariable as missing:
            problems.append(section.problem(f"to[{index}]", str(missing)))
            continue
        if said := address_problem(url):
            problems.append(section.problem(f"to[{index}]", said))
        else:
            found.append(address(text, url))
    return tuple(found)
