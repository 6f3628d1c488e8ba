"""What a route's words mean, asked when the watchlist is read: nothing of it needs the environment or Apprise."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

from analysis.model import TOPICS
from messages import LANGUAGES
from notifier.quiet import parse_quiet
from notifier.when import AtOnce, parse_when, zone
from policywatch.config.errors import Problem, Section
from policywatch.config.schema import DocumentEntry, OperatorEntry, RouteEntry


def word_problems(routes: Iterable[tuple[RouteEntry, Section]]) -> Iterator[Problem]:
    """Times, time zones and languages that mean nothing."""
    for entry, section in routes:
        if entry.enabled:
            yield from _times(entry, section)
            yield from language_problems(entry, section)


def filter_problems(
    routes: Sequence[tuple[RouteEntry, Section]], documents: Sequence[DocumentEntry], own_topics: Iterable[str]
) -> Iterator[Problem]:
    """A filter that can never match would be silence that nobody notices."""
    allowed: dict[str, set[str]] = {
        "topics": {*TOPICS, *own_topics},
        "services": {document.service for document in documents},
        "languages": {document.language for document in documents},
        "kinds": {document.kind for document in documents},
    }
    names = {route.name for route, _ in routes}
    for entry, section in routes:
        if entry.enabled:
            yield from _filters(entry, section, allowed, [document.id for document in documents])
        for name in entry.formerly:
            if name in names:
                yield section.problem("formerly", f"found {name!r}, which is the name of a route that stands here")


def language_problems(entry: RouteEntry | OperatorEntry, section: Section) -> Iterator[Problem]:
    """Whether messages can be written in it."""
    if entry.language not in LANGUAGES:
        yield section.problem("language", f"found {entry.language!r}; allowed: {', '.join(LANGUAGES)}")


def _times(entry: RouteEntry, section: Section) -> Iterator[Problem]:
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
                yield section.problem("quiet", f"is for routes that tell at once; this one tells {when}")
    if entry.empty and isinstance(when, AtOnce):
        yield section.problem("empty", "is for digests; this route tells at once")


def _filters(
    entry: RouteEntry, section: Section, allowed: Mapping[str, set[str]], ids: Sequence[str]
) -> Iterator[Problem]:
    for key, words in allowed.items():
        for word in getattr(entry, key) or ():
            if word not in words:
                known = ", ".join(sorted(words)) or "none, no document is watched"
                yield section.problem(key, f"found {word!r}; allowed: {known}")
    for pattern in entry.documents or ():
        if not any(fnmatchcase(id_, pattern) for id_ in ids):
            known = ", ".join(ids) or "none, no document is watched"
            yield section.problem("documents", f"found {pattern!r}, which matches none of the documents: {known}")
