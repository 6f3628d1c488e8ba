"""What a scheduled job must know about this installation."""

from __future__ import annotations

import json
import os
import pwd
import re
import sys
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit

from policywatch.config.watchlist import Watchlist
from policywatch.schedule.interval import CannotSchedule

ENVIRONMENT_FILE = "policywatch.env"  # beside the watchlist
SERVER = "db"  # the host of a PostgreSQL that runs beside the job's containers


@dataclass(frozen=True, slots=True)
class Installation:
    """With absolute paths.

    `program` is the command in words. `database_file` is None for a server, which the job brings if `own_server`.
    `secrets` are names of environment variables, never values. `repository` is the root of the watchlist's git work
    tree. `to_files` are names of routes that write to a file.
    """

    program: Sequence[str]
    config: Path
    user: str
    uid: int
    gid: int
    database_file: Path | None
    own_server: bool = False
    heartbeat: bool = True
    environment_file: Path | None = None
    secrets: Sequence[str] = ()
    to_files: Sequence[str] = ()
    every: str = "1h"
    repository: Path | None = None
    workers: int = 0  # on one PostgreSQL; 0: one job
    release: str = version("policywatch")

    def __post_init__(self) -> None:
        paths = (self.config, self.database_file, self.environment_file)
        for text in (*self.program, *map(str, filter(None, paths))):
            if re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", text):
                raise CannotSchedule(
                    f"{text!r} holds a control character; no scheduler takes such a path"
                )
        for path in filter(None, paths):
            if not path.is_absolute():
                raise CannotSchedule(f"{str(path)!r} is not an absolute path")

    @property
    def backups(self) -> Path:
        """Where the job may write anyway."""
        return (self.database_file or self.config).parent / "backups"


def this_installation(
    watchlist: Watchlist,
    *,
    every: str = "1h",
    environment_file: Path | None = None,
    workers: int = 0,
) -> Installation:
    """`environment_file` defaults to policywatch.env beside the watchlist, if it exists or variables are needed."""
    file = watchlist.file.resolve()
    if workers and watchlist.database.startswith("sqlite"):
        raise CannotSchedule(
            "workers need PostgreSQL, which machines can share; `policywatch database copy` moves a store"
        )
    tables = json.dumps(
        tomllib.loads(file.read_text("utf-8-sig")), default=str
    )  # without comments
    secrets = tuple(sorted({*re.findall(r"\$\{(\w+)\}", tables)}))
    beside = file.with_name(ENVIRONMENT_FILE)
    own_server = urlsplit(watchlist.database).hostname == SERVER
    if environment_file is None and (secrets or own_server or beside.exists()):
        environment_file = beside
    account = pwd.getpwuid(os.getuid())
    return Installation(
        program=program(),
        config=file,
        user=account.pw_name,
        uid=account.pw_uid,
        gid=account.pw_gid,
        database_file=_sqlite_file(watchlist.database),
        own_server=own_server,
        heartbeat=watchlist.operator.heartbeat is not None,
        environment_file=environment_file.absolute() if environment_file else None,
        secrets=secrets,
        to_files=[
            entry.name
            for entry in watchlist.routes
            if any(address.lower().startswith("file:") for address in entry.to)
        ],
        every=every,
        workers=workers,
        repository=next(
            (folder for folder in file.parents if (folder / ".git").exists()), None
        ),
    )


def program() -> tuple[str, ...]:
    """The script beside this Python, if any."""
    script = Path(sys.executable).with_name("policywatch")
    return (
        (str(script),)
        if os.access(script, os.X_OK)
        else (sys.executable, "-P", "-m", "policywatch")
    )


def _sqlite_file(url: str) -> Path | None:
    match = re.fullmatch(r"sqlite(?:\+\w+)?:///([^?]+)(?:\?.*)?", url)
    return Path(match[1]) if match and match[1] != ":memory:" else None
