"""Checks of a route's values that need neither the environment nor Apprise."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

from foundation.vocabulary import TOPICS
from messages import LANGUAGES
from notifier.when import AfterReview, AtOnce, parse_quiet, parse_when, zone
from policywatch.config.errors import FileSection, Problem
from policywatch.config.schema import DocumentEntry, OperatorEntry, RouteEntry


def word_problems(
    routes: Iterable[tuple[RouteEntry, FileSection]],
) -> Iterator[Problem]:
    for entry, section in routes:
        if entry.enabled:
            yield from _times(entry, section)
            yield from language_problems(entry, section)


def filter_problems(
    routes: Sequence[tuple[RouteEntry, FileSection]],
    documents: Sequence[DocumentEntry],
    own_topics: Iterable[str],
) -> Iterator[Problem]:
    """Filters that can never match."""
    allowed: dict[str, set[str]] = {
        "topics": {*TOPICS, *own_topics},
        "services": {document.service for document in documents},
        "languages": {document.language for document in documents},
        "kinds": {document.kind for document in documents},
    }
    names = {route.name for route, _ in routes}
    for entry, section in routes:
        if entry.enabled:
            yield from _filters(
                entry, section, allowed, [document.id for document in documents]
            )
        for name in entry.formerly:
            if name in names:
                yield section.problem(
                    "formerly", f"found {name!r}, which is the name of a current route"
                )


def language_problems(
    entry: RouteEntry | OperatorEntry, section: FileSection
) -> Iterator[Problem]:
    if entry.language not in LANGUAGES:
        yield section.problem(
            "language", f"found {entry.language!r}; allowed: {', '.join(LANGUAGES)}"
        )


def _times(entry: RouteEntry, section: FileSection) -> Iterator[Problem]:
    when = None
    try:
        when = parse_when(entry.when)
    except ValueError as failure:
        yield section.problem("when", str(failure))
    try:
        zone(entry.timezone)
    except ValueError as failure:
        yield section.problem("timezone", str(failure))
    if entry.quiet is not None:
        try:
            parse_quiet(entry.quiet)
        except ValueError as failure:
            yield section.problem("quiet", str(failure))
        else:
            if when is not None and not isinstance(when, AtOnce):
                yield section.problem(
                    "quiet",
                    f"is only for routes that send at once; this one sends {when}",
                )
    if entry.wait is not None and not isinstance(when, AfterReview):
        yield section.problem(
            "wait", 'says how long a route with when = "after review" waits for it'
        )
    if entry.empty and isinstance(when, AtOnce):
        yield section.problem("empty", "is only for digests; this route sends at once")


def _filters(
    entry: RouteEntry,
    section: FileSection,
    allowed: Mapping[str, set[str]],
    ids: Sequence[str],
) -> Iterator[Problem]:
    none = "none, no document is watched"
    for key, values in allowed.items():
        for value in getattr(entry, key) or ():
            if value not in values:
                yield section.problem(
                    key,
                    f"found {value!r}; allowed: {', '.join(sorted(values)) or none}",
                )
    for pattern in entry.documents or ():
        if not any(fnmatchcase(id_, pattern) for id_ in ids):
            known = ", ".join(ids) or none
            yield section.problem(
                "documents",
                f"found {pattern!r}, which matches none of the documents: {known}",
            )
