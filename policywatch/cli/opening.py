"""Opens the watchlist and its database for commands."""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DBAPIError, InternalError, OperationalError
from sqlmodel import Session
from typer import BadParameter

from policywatch.config.errors import WatchlistError
from policywatch.config.watchlist import (
    NOTHING_WATCHED,
    Watchlist,
    contact_problem,
    load,
)
from policywatch.entries import with_additions
from policywatch.logs import log
from storage.database import Database
from storage.errors import StorageError, WrongAddress, with_advice
from storage.journal import Actor


@contextmanager
def opened(
    config: Path,
    *,
    even_read_only: bool = False,
    works: bool | None = None,
    upgrade: bool = False,
) -> Iterator[tuple[Watchlist, Database]]:
    """`even_read_only` is for commands that only show; all others upgrade the database where the watchlist allows it."""
    watchlist = load(config)
    works = not even_read_only if works is None else works
    upgrade = upgrade or (watchlist.upgrade and works)
    with _failures_explained():
        try:
            database = Database(
                watchlist.database, even_read_only=even_read_only, upgrade=upgrade
            )
        except WrongAddress as failure:
            raise WatchlistError(
                [watchlist.problem("database", str(failure))]
            ) from failure
        if database.copy:
            log.warning(
                "the database was upgraded; as it was, it is kept in %s",
                database.copy,
            )
        try:
            yield with_additions(watchlist, database), database
        finally:
            database.close()


@contextmanager
def reading(config: Path) -> Iterator[tuple[Watchlist, Session]]:
    """For commands that only show."""
    with (
        opened(config, even_read_only=True) as (watchlist, database),
        database.reading() as session,
    ):
        yield watchlist, session


@contextmanager
def _failures_explained() -> Iterator[None]:
    """Raises `StorageError`."""
    try:
        yield
    except (OperationalError, InternalError) as failure:
        problem = f"the database failed: {with_advice(failure.orig)}"
        raise StorageError(
            f"{problem}; what was finished is kept, the rest is done by the next run"
        ) from failure
    except DBAPIError as failure:
        raise StorageError(f"the database refused: {failure.orig}") from failure


def known(
    watchlist: Watchlist, ids: list[str] | None, hint: str = "--document"
) -> list[str]:
    for id_ in ids or []:
        if watchlist.document(id_) is None:
            names = ", ".join(entry.id for entry in watchlist.documents) or "none"
            raise BadParameter(
                f"{id_!r} is not in {watchlist.file}; it has: {names}",
                param_hint=hint,
            )
    return ids or []


def ready(watchlist: Watchlist) -> Watchlist:
    """With documents and a contact."""
    if problem := contact_problem(watchlist.contact):
        raise WatchlistError([watchlist.problem("contact", problem)])
    if not watchlist.documents:
        raise WatchlistError([watchlist.problem("", NOTHING_WATCHED)])
    return watchlist


def user() -> Actor:
    try:
        return Actor(getpass.getuser(), "command")
    except (KeyError, OSError):  # a container's user may have no name
        return Actor(f"uid {os.getuid()}", "command")
