"""The ready job, as text of the scheduler's files."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Final, Literal, get_args

import jinja2

from policywatch.schedule.installation import CannotSchedule, Installation, Interval

Kind = Literal["cron", "systemd", "docker", "kubernetes", "github-actions"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

WORKERS_IN: Final = ("docker", "kubernetes")
IMAGE_USER: Final = 10001  # the Dockerfile's, if root installed it
DATA_BRANCH: Final = "policywatch-data"
BACKUP_HOUR: Final = 3
KEPT: Final = "7"  # backups, one a day
LARGEST_KEPT: Final = (
    95_000_000  # bytes of a database; GitHub refuses more than 100 MiB
)


def render(kind: Kind, installation: Installation) -> str:
    """With instructions as comments.

    Of several files, each begins with "# --- file NAME". Raises `CannotSchedule`.
    """
    if installation.workers and kind not in WORKERS_IN:
        raise CannotSchedule(
            f"--workers goes with {' and '.join(WORKERS_IN)}; elsewhere start `policywatch worker` yourself"
        )
    template = _templates().get_template(f"{kind}.txt")
    facts = _FACTS[kind](installation) if kind in _FACTS else {}
    interval = Interval.parse(installation.every, str(installation.config))
    return template.render(
        installation=installation,
        config=installation.config,
        folder=installation.config.parent,
        data=installation.database_file.parent
        if installation.database_file
        else None,
        program=list(installation.program),
        interval=interval,
        backup=["database", "backup", str(installation.backups), "--keep", KEPT],
        daily=f"{interval.offset} {BACKUP_HOUR} * * *",
        **facts,
    )


def files(job: str) -> dict[str, str]:
    """By name; text before the first is explanation."""
    parts = re.split(r"^# --- file (.+)\n", job, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def _systemd_facts(installation: Installation) -> dict[str, object]:
    """Folders hidden by systemd's sandbox."""
    paths = [
        Path(word) for word in installation.program if word.startswith("/")
    ] + [installation.config]
    paths += filter(
        None, [installation.database_file, installation.environment_file]
    )
    homes = [Path("/home"), Path("/root"), Path("/run/user")]
    return {
        "at_home": any(
            path.is_relative_to(home) for path in paths for home in homes
        ),
        "in_tmp": any(
            path.is_relative_to(tmp)
            for path in paths
            for tmp in (Path("/tmp"), Path("/var/tmp"))  # noqa: S108
        ),
    }


def _compose_facts(installation: Installation) -> dict[str, object]:
    """For the container, parents first, and whether read-only: clones of archives lie beside the database, or else the
    watchlist."""
    folders = {installation.config.parent: True}
    folders[(installation.database_file or installation.config).parent] = False
    job = "worker" if installation.workers else "watch"
    return {
        "job": job,
        "volumes": sorted(folders.items()),
        **_container_facts(installation),
    }


def _container_facts(installation: Installation) -> dict[str, object]:
    if installation.uid == 0:
        return {"uid": IMAGE_USER, "gid": IMAGE_USER, "from_root": True}
    return {"uid": installation.uid, "gid": installation.gid, "from_root": False}


def _workflow_facts(installation: Installation) -> dict[str, object]:
    """Inside the repository. A database elsewhere would be empty on every runner."""
    root = installation.repository or installation.config.parent
    database = installation.database_file
    if database is not None and not database.is_relative_to(root):
        raise CannotSchedule(
            f"the database {database} lies outside {root}, which is what a workflow has; "
            'write database = "sqlite:///policywatch.db" in the watchlist, or use PostgreSQL'
        )
    return {
        "watchlist": installation.config.relative_to(root).as_posix(),
        "database": database.relative_to(root).as_posix() if database else None,
        "branch": DATA_BRANCH,
        "most": LARGEST_KEPT,
    }


_FACTS: Final[dict[Kind, Callable[[Installation], dict[str, object]]]] = {
    "systemd": _systemd_facts,
    "docker": _compose_facts,
    "kubernetes": _container_facts,
    "github-actions": _workflow_facts,
}


def _shell(value: object) -> str:
    return shlex.quote(str(value))


def _crontab(command: str) -> str:
    """An unescaped % ends cron's command."""
    return command.replace("%", "\\%")


def _unit_words(words: list[str]) -> str:
    """Quotes, % specifiers and, after the program, $ variables."""
    return " ".join(
        [
            _unit_quoted(words[0]),
            *(_unit_quoted(word).replace("$", "$$") for word in words[1:]),
        ]
    )


def _unit_quoted(value: object) -> str:
    """For settings that take several words."""
    text = _unit_path(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"' if re.search(r"""[\s'"\\;]""", text) else text


def _unit_path(value: object) -> str:
    """For settings that take one path."""
    return str(value).replace("%", "%%")


def _yaml(value: object) -> str:
    """Every JSON string is a double-quoted scalar."""
    return json.dumps(str(value), ensure_ascii=False)


def _compose(value: object) -> str:
    """Compose's variables begin with $."""
    return _yaml(value).replace("$", "$$")


def _kubernetes(value: object) -> str:
    """The pod's variables are $(NAME)."""
    return _yaml(value).replace("$(", "$$(")


@cache
def _templates() -> jinja2.Environment:
    environment = (
        jinja2.Environment(  # not HTML: each format has its own quoting, below
            loader=jinja2.PackageLoader("policywatch.schedule", "templates"),
            autoescape=False,  # noqa: S701
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
    )
    environment.filters |= {
        "shell": _shell,
        "crontab": _crontab,
        "unit_words": _unit_words,
        "unit_quoted": _unit_quoted,
        "unit_path": _unit_path,
        "yaml": _yaml,
        "compose": _compose,
        "kubernetes": _kubernetes,
    }
    return environment
