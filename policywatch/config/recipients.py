"""The watchlist's routes and operator with their real addresses, checked before anything runs."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from notifier.channels import address, address_problem
from notifier.heartbeat import Heartbeat, heartbeat_problem
from notifier.routes import Address, Route
from notifier.subscriptions import RouteTo, subscriber_route
from notifier.when import AfterReview, parse_quiet, parse_when
from policywatch.config.errors import FileSection, Problem, WatchlistError
from policywatch.config.schema import PERSON, MailEntry, OperatorEntry, RouteEntry, span
from policywatch.config.watchlist import MissingVariable, Watchlist, expand
from policywatch.reader.model import LanguageModel
from storage.changes import Change
from storage.documents import Document


@dataclass(frozen=True, slots=True)
class Recipients:
    routes: tuple[Route, ...] = ()
    operator: tuple[Address, ...] = ()
    operator_language: str = "en"
    heartbeat: Heartbeat | None = None
    model: LanguageModel | None = None
    route_to: RouteTo | None = None
    grace: timedelta = timedelta(0)

    def names_for(self, document: Document, change: Change) -> list[str]:
        return [route.name for route in self.routes if route.wants(document, change)]


def recipients(
    watchlist: Watchlist, environ: Mapping[str, str] = os.environ
) -> Recipients:
    """Raises `WatchlistError` with every unset variable and bad address."""
    problems: list[Problem] = []
    mail = _mail(watchlist, environ, problems)
    routes = [
        route_of(entry, _addresses(entry.to, section, mail, environ, problems))
        for entry, section in watchlist.routes
        if entry.enabled
    ]
    entry, section = watchlist.operator
    operator = _addresses(entry.to, section, mail, environ, problems)
    heartbeat = _heartbeat(entry, section, environ, problems)
    model = _model(watchlist, environ, problems)
    if problems:
        raise WatchlistError(problems)
    route_to = (
        partial(subscriber_route, site=watchlist.site or "", mail_url=mail.url)
        if mail
        else None
    )
    route_to = route_to if watchlist.web.subscribe else None
    grace = span(watchlist.alerts.grace)
    return Recipients(
        tuple(routes), operator, entry.language, heartbeat, model, route_to, grace
    )


def _mail(
    watchlist: Watchlist, environ: Mapping[str, str], problems: list[Problem]
) -> MailEntry | None:
    entry, section = watchlist.mail
    if entry is None:
        return None
    keys = ("user", "password")
    login = {
        key: _expanded(getattr(entry, key), key, section, environ, problems)
        for key in keys
    }
    return entry.model_copy(update=login)


def _model(
    watchlist: Watchlist, environ: Mapping[str, str], problems: list[Problem]
) -> LanguageModel | None:
    entry, section = watchlist.reader
    if entry.model is None:
        for route, of_route in watchlist.routes:
            if route.about is not None and route.enabled:
                text = 'needs a language model that answers it: add [reader] with model = "..." (docs/alerts.md)'
                problems.append(of_route.problem("about", text))
        return None
    if find_spec("openai") is None:
        text = "asking a model needs an extra: pip install 'policywatch[reader]'"
        problems.append(section.problem("model", text))
        return None
    return LanguageModel(
        entry.address,
        entry.name,
        _expanded(entry.key, "key", section, environ, problems),
        entry.seconds,
        entry.use == "decides",
        entry.confirm,
        entry.tokens_a_day,
        entry.tokens_a_month,
        (entry.price[0], entry.price[1]) if entry.price else None,
        entry.money_a_month,
    )


def _heartbeat(
    entry: OperatorEntry,
    section: FileSection,
    environ: Mapping[str, str],
    problems: list[Problem],
) -> Heartbeat | None:
    url = _expanded(entry.heartbeat, "heartbeat", section, environ, problems)
    if url is None:
        return None
    if problem := heartbeat_problem(url):
        problems.append(section.problem("heartbeat", problem))
    return Heartbeat(url, entry.heartbeat_start)


def _expanded(
    text: str | None,
    key: str,
    section: FileSection,
    environ: Mapping[str, str],
    problems: list[Problem],
) -> str | None:
    try:
        return None if text is None else expand(text, environ)
    except MissingVariable as missing:
        problems.append(section.problem(key, str(missing)))
        return None


def route_of(entry: RouteEntry, to: tuple[Address, ...] = ()) -> Route:
    """Without addresses it needs no variables."""
    when = parse_when(entry.when)
    if isinstance(when, AfterReview) and entry.wait is not None:
        when = AfterReview(span(entry.wait))
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
        quiet=parse_quiet(entry.quiet) if entry.quiet is not None else None,
        high_breaks_quiet=entry.high_breaks_quiet,
        formerly=tuple(entry.formerly),
        empty=entry.empty,
        about=entry.about,
        language=entry.language,
    )


def _set(words: Iterable[str] | None) -> frozenset[str] | None:
    return None if words is None else frozenset(words)


def _addresses(
    written: list[str],
    section: FileSection,
    mail: MailEntry | None,
    environ: Mapping[str, str],
    problems: list[Problem],
) -> tuple[Address, ...]:
    addresses = []
    for index, text in enumerate(written):
        url = _expanded(text, f"to[{index}]", section, environ, problems)
        if url is None:
            continue
        if mail and re.match(PERSON, url):
            url = mail.url(url)
        if problem := _no_address(text, url) or address_problem(url):
            problems.append(section.problem(f"to[{index}]", problem))
        else:
            addresses.append(_beside(section.file.parent, address(text, url)))
    return tuple(addresses)


def _no_address(text: str, url: str) -> str | None:
    """What people write at first."""
    if variable := re.fullmatch(r"\$([A-Z][A-Z0-9_]*)", text):
        return f"write ${{{variable[1]}}}, with braces"
    if re.match(PERSON, url):
        return "this names a person, not the server that sends: add a [mail] block (docs/alerts.md)"
    return None


def _beside(folder: Path, to: Address) -> Address:
    """Relative to the watchlist; its name stays as written."""
    relative = re.fullmatch(r"(?i:file://)([^/].*)", to.url)
    return (
        replace(to, url=f"file://{quote(str(folder))}/{relative[1]}")
        if relative
        else to
    )
