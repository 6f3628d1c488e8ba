"""The watchlist's routes and operator with their real addresses, checked before anything runs."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from notifier.channels import address, address_problem
from notifier.heartbeat import Heartbeat, heartbeat_problem
from notifier.routes import (
    Address,
    AfterReview,
    Route,
    RouteTo,
    parse_quiet,
    parse_when,
    subscriber_route,
)
from policywatch.config.errors import Problem, WatchlistError
from policywatch.config.schema import (
    PERSON,
    MailEntry,
    OperatorEntry,
    ReaderEntry,
    RouteEntry,
    Table,
    span,
)
from policywatch.config.watchlist import (
    MissingVariable,
    Watchlist,
    expand,
    filter_problems,
    language_problems,
    time_problems,
)
from storage.changes import Change
from storage.deliveries import OPERATOR
from storage.documents import Document


@dataclass(frozen=True, slots=True)
class Recipients:
    routes: tuple[Route, ...] = ()
    operator: Route = field(default_factory=lambda: Route(OPERATOR, ()))
    heartbeat: Heartbeat | None = None
    model: ReaderEntry | None = None
    route_to: RouteTo | None = None
    grace: timedelta = timedelta(0)

    def names_for(self, document: Document, change: Change) -> list[str]:
        return [
            route.name for route in self.routes if route.wants(document, change)
        ]


@dataclass(frozen=True, slots=True)
class _Values:
    """With the environment's variables; what is wrong is collected."""

    environ: Mapping[str, str]
    problems: list[Problem] = field(default_factory=list)

    def expanded(self, entry: Table, key: str, text: str | None) -> str | None:
        try:
            return None if text is None else expand(text, self.environ)
        except MissingVariable as missing:
            self.problems.append(entry.problem(key, str(missing)))
            return None

    def addresses(
        self,
        entry: RouteEntry | OperatorEntry,
        mail: MailEntry | None,
        folder: Path,
    ) -> tuple[Address, ...]:
        good = []
        for index, text in enumerate(entry.to):
            key = f"to[{index}]"
            url = self.expanded(entry, key, text)
            if url is None:
                continue
            url = _by_mail(url, mail)
            if problem := _no_address(text, url) or address_problem(url):
                self.problems.append(entry.problem(key, problem))
            else:
                good.append(_beside(folder, address(text, url)))
        return tuple(good)


def recipients(
    watchlist: Watchlist, environ: Mapping[str, str] = os.environ
) -> Recipients:
    """Raises `WatchlistError` with every unset variable and bad address."""
    values, folder = _Values(environ), watchlist.file.parent
    problems, expanded = values.problems, values.expanded
    mail = watchlist.mail
    if mail:
        login = {
            key: expanded(mail, key, getattr(mail, key))
            for key in ("user", "password")
        }
        mail = mail.model_copy(update=login)
    routes = [
        route_of(entry, values.addresses(entry, mail, folder))
        for entry in watchlist.routes
        if entry.enabled
    ]
    operator, heartbeat = watchlist.operator, None
    to_operator = values.addresses(operator, mail, folder)
    if url := expanded(operator, "heartbeat", operator.heartbeat):
        heartbeat = Heartbeat(url, operator.heartbeat_start)
        if problem := heartbeat_problem(url):
            problems.append(operator.problem("heartbeat", problem))
    reader, model = watchlist.reader, None
    if reader.model is None:
        text = 'needs a language model that answers it: add [reader] with model = "..." (docs/alerts.md)'
        problems += [
            route.problem("about", text)
            for route in watchlist.routes
            if route.enabled and route.about is not None
        ]
    elif find_spec("openai") is None:
        text = "asking a model needs an extra: pip install 'policywatch[reader]'"
        problems.append(reader.problem("model", text))
    else:
        key = expanded(reader, "key", reader.key)
        model = reader.model_copy(update={"key": key})
    if problems:
        raise WatchlistError(problems)
    return Recipients(
        tuple(routes),
        Route(OPERATOR, to_operator, language=operator.language),
        heartbeat,
        model,
        partial(subscriber_route, site=watchlist.site or "", mail_url=mail.url)
        if mail and watchlist.web.subscribe
        else None,
        span(watchlist.alerts.grace),
    )


def address_name(text: str, mail: MailEntry | None) -> str:
    """As it is stored and shown: without secrets."""
    return address(text, _by_mail(text, mail)).name


def _by_mail(text: str, mail: MailEntry | None) -> str:
    return mail.url(text) if mail and re.match(PERSON, text) else text


def route_problems(watchlist: Watchlist, entry: RouteEntry) -> Sequence[Problem]:
    """Of one route, as of the file's."""
    alone = watchlist.model_copy(
        update={"routes": [entry], "operator": OperatorEntry()}
    )
    problems = [
        *time_problems(entry),
        *language_problems(entry),
        *filter_problems(alone),
    ]
    if problems or not entry.enabled:
        return problems
    try:
        recipients(alone)
    except WatchlistError as failure:
        return failure.problems
    return []


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
