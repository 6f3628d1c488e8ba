"""The ready job, as the text of the files that the scheduler wants."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Final, Literal, get_args

import jinja2

from policywatch.schedule.installation import Installation
from policywatch.schedule.interval import CannotSchedule, Interval

Kind = Literal["cron", "systemd", "docker", "kubernetes", "github-actions"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

WORKERS_IN: Final = ("docker", "kubernetes")
IMAGE_USER: Final = 10001  # the Dockerfile's; used where the installation is root's
DATA_BRANCH: Final = "policywatch-data"
LARGEST_KEPT: Final = 95_000_000  # bytes of a database before a run; GitHub refuses files of more than 100 MiB


def render(kind: Kind, installation: Installation) -> str:
    """The job for this installation, with how to install it as comments.

    Where it takes several files, each begins with a line "# --- file NAME". Raises `CannotSchedule`.
    """
    if installation.workers and kind not in WORKERS_IN:
        raise CannotSchedule(
            f"--workers goes with {' and '.join(WORKERS_IN)}; elsewhere start `policywatch worker` yourself"
        )
    template = _templates().get_template(f"{kind}.txt")
    facts = _FACTS[kind](installation) if kind in _FACTS else {}
    return template.render(
        installation=installation,
        config=installation.config,
        folder=installation.config.parent,
        data=installation.database_file.parent if installation.database_file else None,
        program=list(installation.program),
        interval=Interval.parse(installation.every, str(installation.config)),
        **facts,
    )


def files(job: str) -> dict[str, str]:
    """The files of a rendered job by name; what stands before the first is explanation."""
    parts = re.split(r"^# --- file (.+)\n", job, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def _systemd_facts(installation: Installation) -> dict[str, object]:
    """Which of the folders that a sandbox would hide this installation lives in."""
    paths = [Path(word) for word in installation.program if word.startswith("/")] + [
        installation.config
    ]
    paths += filter(None, [installation.database_file, installation.environment_file])
    homes = [Path("/home"), Path("/root"), Path("/run/user")]
    return {
        "at_home": any(path.is_relative_to(home) for path in paths for home in homes),
        "in_tmp": any(
            path.is_relative_to(tmp)
            for path in paths
            for tmp in (Path("/tmp"), Path("/var/tmp"))  # noqa: S108
        ),
    }


def _compose_facts(installation: Installation) -> dict[str, object]:
    """Which folders the container sees, each before those within it, and whether it may only read there."""
    folders = {installation.config.parent: True}
    if installation.database_file is not None:
        folders[installation.database_file.parent] = False
    return {"volumes": sorted(folders.items()), **_container_facts(installation)}


def _container_facts(installation: Installation) -> dict[str, object]:
    if installation.uid == 0:
        return {"uid": IMAGE_USER, "gid": IMAGE_USER, "from_root": True}
    return {"uid": installation.uid, "gid": installation.gid, "from_root": False}


def _workflow_facts(installation: Installation) -> dict[str, object]:
    """Paths inside the repository. A database elsewhere on this machine would be empty on every runner."""
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
    """cron ends the command at a %, unless a backslash stands before it."""
    return command.replace("%", "\\%")


def _unit_words(words: list[str]) -> str:
    """A command line for ExecStart, which knows quotes, % specifiers and, after the program, $ variables."""
    return " ".join(
        [
            _unit_quoted(words[0]),
            *(_unit_quoted(word).replace("$", "$$") for word in words[1:]),
        ]
    )


def _unit_quoted(value: object) -> str:
    """One word of a setting that takes several."""
    text = _unit_path(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"' if re.search(r"""[\s'"\\;]""", text) else text


def _unit_path(value: object) -> str:
    """A setting that takes the rest of the line as one path."""
    return str(value).replace("%", "%%")


def _yaml(value: object) -> str:
    """A double-quoted scalar: every JSON string is one."""
    return json.dumps(str(value), ensure_ascii=False)


def _compose(value: object) -> str:
    """The same where a $ would be a variable of Compose."""
    return _yaml(value).replace("$", "$$")


def _kubernetes(value: object) -> str:
    """The same where $(NAME) would be a variable of the pod."""
    return _yaml(value).replace("$(", "$$(")


@cache
def _templates() -> jinja2.Environment:
    environment = jinja2.Environment(  # the output is no HTML: each format has its own quoting, below
        loader=jinja2.PackageLoader("policywatch.schedule", "templates"),
        autoescape=False,  # noqa: S701
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
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
