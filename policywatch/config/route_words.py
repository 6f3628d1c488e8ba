"""Checks of a route's values that need neither the environment nor Apprise."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from foundation.vocabulary import TOPICS
from messages import LANGUAGES
from notifier.when import AfterReview, AtOnce, parse_quiet, parse_when, zone
from policywatch.config.errors import Problem
from policywatch.config.schema import OperatorEntry, RouteEntry, WatchlistFile


def filter_problems(watchlist: WatchlistFile) -> Iterator[Problem]:
    """Filters that can never match."""
    documents = watchlist.documents
    allowed: dict[str, set[str]] = {
        "topics": {*TOPICS, *watchlist.topics},
        "services": {document.service for document in documents},
        "languages": {document.language for document in documents},
        "kinds": {document.kind for document in documents},
    }
    ids, none = [document.id for document in documents], "none, no document is watched"
    names = {route.name for route in watchlist.routes}
    for route in watchlist.routes:
        for name in names.intersection(route.formerly):
            text = f"found {name!r}, which is the name of a current route"
            yield route.problem("formerly", text)
        if not route.enabled:
            continue
        for key, values in allowed.items():
            for value in getattr(route, key) or ():
                if value in values:
                    continue
                text = f"found {value!r}; allowed: {', '.join(sorted(values)) or none}"
                yield route.problem(key, text)
        for pattern in route.documents or ():
            if not any(fnmatchcase(id_, pattern) for id_ in ids):
                known = ", ".join(ids) or none
                text = (
                    f"found {pattern!r}, which matches none of the documents: {known}"
                )
                yield route.problem("documents", text)


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
