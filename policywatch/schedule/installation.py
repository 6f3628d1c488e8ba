"""What a scheduled job must know about this installation, and how often it looks for due work."""

from __future__ import annotations

import json
import os
import pwd
import re
import sys
import tomllib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit

from policywatch.config.watchlist import Watchlist

_MINUTES = (
    5,
    10,
    15,
    20,
    30,
)  # divisors of an hour
_HOURS = (1, 2, 3, 4, 6, 8, 12)  # of a day


class CannotSchedule(Exception):
    pass


@dataclass(frozen=True, slots=True)
class Interval:
    """`every` minutes from `offset` past: installations do not all start on the hour."""

    every: int
    offset: int

    @classmethod
    def parse(cls, text: str, seed: str) -> Interval:
        """ "15m", "1h" or "1d"; `seed` gives the offset. Raises `CannotSchedule`."""
        match = re.fullmatch(r"([1-9]\d?)([mhd])", text)
        number, unit = (int(match[1]), match[2]) if match else (0, "")
        allowed = {"m": _MINUTES, "h": _HOURS, "d": (1,)}.get(unit, ())
        if number not in allowed:
            minutes, hours = (
                ", ".join(f"{n}m" for n in _MINUTES),
                ", ".join(f"{n}h" for n in _HOURS),
            )
            raise CannotSchedule(
                f"found every = {text!r}; the job can come every {minutes}, {hours} or 1d"
            )
        every = number * {"m": 1, "h": 60, "d": 24 * 60}[unit]
        return cls(every, zlib.crc32(seed.encode()) % min(every, 60))

    @property
    def cron(self) -> str:
        if self.every < 60:
            return f"{self.offset}-59/{self.every} * * * *"
        return f"{self.offset} {_hours(self.every // 60, '*/{}', '6')} * * *"

    @property
    def calendar(self) -> str:
        """systemd's OnCalendar."""
        if self.every < 60:
            return f"*-*-* *:{self.offset:02}/{self.every}:00"
        return (
            f"*-*-* {_hours(self.every // 60, '00/{}', '06')}:{self.offset:02}:00"
        )

    @property
    def spread(self) -> int:
        """Seconds: a tenth of the interval, at most five minutes."""
        return min(self.every * 6, 300)


def _hours(hours: int, stepped: str, daily: str) -> str:
    if hours == 1:
        return "*"
    return daily if hours == 24 else stepped.format(hours)


ENVIRONMENT_FILE = "policywatch.env"  # beside the watchlist
BACKUPS = "backups"  # the folder of the jobs' backups
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
        return (self.database_file or self.config).parent / BACKUPS


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
    tables = tomllib.loads(file.read_text("utf-8-sig"))  # without comments
    stored = [route.to for route in watchlist.routes]  # by the pages too
    written = json.dumps([tables, stored], default=str)
    secrets = tuple(sorted({*re.findall(r"\$\{(\w+)\}", written)}))
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
