"""The scheduled job, printed by the command line and tried with the schedulers that are at hand."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sqlite3
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from contextlib import chdir, closing, suppress
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any

import pytest
import yaml
from lightkube.models.apps_v1 import Deployment, StatefulSet
from lightkube.models.autoscaling_v2 import HorizontalPodAutoscaler
from lightkube.models.batch_v1 import CronJob
from lightkube.models.core_v1 import PersistentVolumeClaim, Service

from policywatch.demo.site import DemoSite
from policywatch.schedule.installation import CannotSchedule, Installation, Interval
from policywatch.schedule.jobs import KINDS, files, render
from storage.database import Database
from storage.routes import StoredRoute
from tests.site import policywatch
from tests.warm import PACKAGES, ROOT

POLICYWATCH = Path(sys.executable).with_name("policywatch")
ODD = "my watch, 100% & co's"  # a folder's name that each format must quote
KUBERNETES = {
    "CronJob": CronJob,
    "Deployment": Deployment,
    "HorizontalPodAutoscaler": HorizontalPodAutoscaler,
    "PersistentVolumeClaim": PersistentVolumeClaim,
    "Service": Service,
    "StatefulSet": StatefulSet,
}
WATCHLIST = """
contact = "privacy-watch@example.org"
database = "sqlite:///kept/policywatch.db"

[crawl]
delay = 0
confirm_delay = 0

[[documents]]
id = "confrera/help-generative-ai"
service = "Confrera"
title = "Generative AI on Confrera"
kind = "help"
url = "{site}/help/generative-ai"
allow_private = true

[[routes]]
name = "team"
to = ["${{TEAM_CHAT}}"]
"""


@pytest.fixture
def site() -> Iterator[DemoSite]:
    with DemoSite() as running:
        yield running


@pytest.fixture
def watchlist(tmp_path: Path, site: DemoSite) -> Path:
    """A watchlist that needs a secret, in a folder with an awkward name; the secret is in policywatch.env beside it."""
    folder = tmp_path / ODD
    (folder / "kept").mkdir(parents=True)
    (folder / "policywatch.toml").write_text(WATCHLIST.format(site=site.url))
    (folder / "policywatch.env").write_text(
        "TEAM_CHAT='file://alerts.txt?a=b&c=d'\n"
    )
    return folder / "policywatch.toml"


def schedule(kind: str, watchlist: Path, *options: str) -> str:
    """What the command prints, from a folder that has nothing to do with it."""
    with chdir("/"):
        return policywatch("schedule", kind, "--config", watchlist, *options)


def checks(watchlist: Path) -> list[str]:
    """The outcomes of the checks that runs have written, oldest first."""
    database = watchlist.parent / "kept" / "policywatch.db"
    if not database.exists():
        return []
    with closing(
        sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    ) as connection:
        try:
            found = connection.execute(
                "SELECT outcome FROM checks WHERE outcome IS NOT NULL ORDER BY id"
            )
            return [outcome for (outcome,) in found]
        except sqlite3.OperationalError:  # not migrated yet
            return []


def crontab_line(job: str) -> tuple[str, str]:
    """The schedule and the command of the job."""
    return crontab_lines(job)[0]


def crontab_lines(job: str) -> list[tuple[str, str]]:
    lines = [
        line.split(" ", 5) for line in job.splitlines() if not line.startswith("#")
    ]
    return [(" ".join(fields), command) for *fields, command in lines]


def installation(**changed: Any) -> Installation:
    facts: dict[str, Any] = {
        "program": ["/opt/policywatch/bin/policywatch"],
        "config": Path("/srv/watch/policywatch.toml"),
        "user": "ann",
        "uid": 1000,
        "gid": 1000,
        "database_file": Path("/srv/watch/policywatch.db"),
    }
    return Installation(**(facts | changed))


@pytest.mark.parametrize("kind", KINDS)
def test_no_job_holds_a_secret(kind: str, watchlist: Path) -> None:
    assert "alerts.txt" not in schedule(kind, watchlist)


def test_command_refuses_an_interval_that_no_scheduler_keeps(
    watchlist: Path,
) -> None:
    command = [
        str(POLICYWATCH),
        "schedule",
        "cron",
        "--config",
        str(watchlist),
        "--every",
        "7m",
    ]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 2
    assert "7m" in answer.stderr
    assert "5m, 10m, 15m" in answer.stderr


def test_the_line_that_installs_it_in_cron_prints_this_very_job_from_anywhere(
    watchlist: Path,
) -> None:
    job = schedule("cron", watchlist)
    (installs,) = re.findall(
        r"^# +\(crontab -l 2>/dev/null; (.+)\) \| crontab -$", job, re.MULTILINE
    )
    bare = {"PATH": "/usr/bin:/bin"}
    again = subprocess.run(
        ["/bin/sh", "-c", installs],
        cwd="/",
        env=bare,
        capture_output=True,
        text=True,
        check=True,
    )
    assert again.stdout == job


def test_paths_that_would_add_lines_to_a_crontab_are_refused() -> None:
    with pytest.raises(CannotSchedule, match="control character"):
        installation(config=Path("/srv/a\n* * * * * root rm/policywatch.toml"))


@pytest.mark.parametrize(
    "every",
    [
        "5m",
        "10m",
        "15m",
        "20m",
        "30m",
        "1h",
        "2h",
        "3h",
        "4h",
        "6h",
        "8h",
        "12h",
        "1d",
    ],
)
@pytest.mark.parametrize(
    "seed", ["/srv/watch/policywatch.toml", "/etc/policywatch.toml"]
)
def test_cron_and_systemd_are_told_the_same_times(every: str, seed: str) -> None:
    interval = Interval.parse(every, seed)
    minute, hour, *rest = interval.cron.split()
    assert rest == ["*", "*", "*"]
    times = [
        f"{h:02}:{m:02}:00"
        for h in matching(hour, 24)
        for m in matching(minute, 60)
    ]
    assert len(times) == 24 * 60 // interval.every
    if shutil.which("systemd-analyze") is None:
        pytest.skip("SKIPPED: systemd-analyze is missing; apt-get install systemd")
    command = [
        "systemd-analyze",
        "calendar",
        "--base-time=2025-11-02 23:59:59 UTC",
        f"--iterations={len(times)}",
    ]
    said = subprocess.run(
        [*command, f"{interval.calendar} UTC"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert sorted(re.findall(r"2025-11-03 (\d\d:\d\d:\d\d) UTC", said)) == times


def matching(field: str, below: int) -> list[int]:
    """The numbers that a field of a crontab stands for (the notations that we print)."""
    span, _, step = field.partition("/")
    if span.isdigit() and not step:
        return [int(span)]
    start = int(span.split("-")[0]) if "-" in span else 0
    return list(range(start, below, int(step or 1)))


def test_crontab_line_runs_as_cron_would_hand_it_to_the_shell(
    watchlist: Path,
) -> None:
    for _, command in crontab_lines(schedule("cron", watchlist)):
        # an unescaped % would end the command
        assert re.search(r"(?<!\\)%", command) is None
        bare = {"PATH": "/usr/bin:/bin", "HOME": "/"}
        answer = subprocess.run(
            ["/bin/sh", "-c", command.replace("\\%", "%")],
            cwd="/",
            env=bare,
            capture_output=True,
            text=True,
            check=False,
        )
        # quiet: cron sends no mail
        assert (answer.returncode, answer.stdout, answer.stderr) == (0, "", "")
    assert checks(watchlist) == ["first"]
    (backup,) = (watchlist.parent / "kept" / "backups").iterdir()
    with closing(sqlite3.connect(backup)) as copy:
        assert copy.execute("SELECT outcome FROM checks").fetchall() == [("first",)]


@pytest.mark.server
def test_real_cron_runs_the_printed_line(watchlist: Path) -> None:
    if shutil.which("cron") is None or os.getuid() != 0:
        pytest.skip("SKIPPED: needs root and Debian's cron; apt-get install cron")
    _, command = crontab_line(schedule("cron", watchlist))
    before = subprocess.run(
        ["crontab", "-l"], capture_output=True, text=True, check=False
    )
    subprocess.run(
        ["crontab", "-"], input=f"* * * * * {command}\n", text=True, check=True
    )
    daemon = None if cron_is_running() else subprocess.Popen(["cron", "-f"])
    try:
        deadline = time.monotonic() + 300
        while not (found := checks(watchlist)) and time.monotonic() < deadline:
            time.sleep(1)
    finally:
        if daemon:
            daemon.terminate()
            daemon.wait()
        if before.returncode == 0:
            subprocess.run(
                ["crontab", "-"], input=before.stdout, text=True, check=True
            )
        else:
            subprocess.run(["crontab", "-r"], check=True)
    assert found == ["first"]


def cron_is_running() -> bool:
    names = set()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it ended meanwhile
            names.add((process / "comm").read_text().strip())
    return "cron" in names


@pytest.mark.parametrize("place", ["tmp", "home", "srv"])
def test_systemd_accepts_the_units(
    place: str, watchlist: Path, tmp_path: Path
) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("SKIPPED: systemd-analyze is missing; apt-get install systemd")
    if place == "tmp":
        with (
            TemporaryDirectory() as folder
        ):  # tests may lie in /dev/shm, and systemd runs nothing below /dev
            job = schedule(
                "systemd",
                shutil.copytree(watchlist.parent, Path(folder) / ODD)
                / watchlist.name,
            )
    else:
        folder = Path(f"/{place}/ann") / ODD
        here = installation(
            program=[str(POLICYWATCH)],
            user="root",
            config=folder / "policywatch.toml",
            database_file=folder / "p.db",
            every="15m",
        )
        job = render("systemd", here)
    units = files(job)
    names = ("policywatch", "policywatch-backup")
    assert set(units) == {
        "policywatch-pages.service",
        *(f"{name}.{kind}" for name in names for kind in ("service", "timer")),
    }
    for name, text in units.items():
        (tmp_path / name).write_text(text)
    paths = [tmp_path / name for name in units]
    answer = subprocess.run(
        ["systemd-analyze", "verify", *paths],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "", "")
    exposure = ["systemd-analyze", "security", "--offline=true", "--threshold=40"]
    services = [path for path in paths if path.suffix == ".service"]
    assert (
        subprocess.run([*exposure, *services], capture_output=True).returncode == 0
    )


def test_systemd_sandbox_leaves_what_the_run_needs() -> None:
    at_home = files(
        render("systemd", installation(config=Path("/home/ann/policywatch.toml")))
    )["policywatch.service"]
    assert "ProtectHome=read-only" in at_home
    in_srv = files(render("systemd", installation()))["policywatch.service"]
    assert "ProtectHome=true" in in_srv
    assert "ReadWritePaths=/srv/watch\n" in in_srv
    server = files(render("systemd", installation(database_file=None)))[
        "policywatch.service"
    ]
    assert "ReadWritePaths=/srv/watch\n" in server  # clones of archives lie there


def test_compose_file_fits_its_schema_and_keeps_the_paths(
    watchlist: Path, tmp_path: Path
) -> None:
    (text,) = files(schedule("docker", watchlist)).values()
    fits_schema(tmp_path / "compose.yaml", text, "vendor.compose-spec")
    services = yaml.safe_load(text)["services"]
    for name in ("serve", "backup"):
        assert services[name]["extends"] == {"service": "watch"}
    (*_, words) = services["backup"]["entrypoint"]
    backups = watchlist.parent / "kept" / "backups"
    assert shlex.join(["backup", str(backups), "--keep", "7"]) in words
    service = services["watch"]
    assert service["environment"]["POLICYWATCH_CONFIG"] == str(watchlist)
    folders = [
        (volume["target"], volume["read_only"]) for volume in service["volumes"]
    ]
    assert folders == [
        (str(watchlist.parent), True),
        (str(watchlist.parent / "kept"), False),
    ]
    assert service["read_only"] is True
    assert not service["user"].startswith("0:")


def test_job_takes_the_secrets_of_routes_that_were_added_on_the_pages(
    watchlist: Path,
) -> None:
    file = watchlist.parent / "kept" / "policywatch.db"
    assert "MORE_CHAT" not in schedule("kubernetes", watchlist)
    assert not file.exists(), "the command makes no store"
    with (
        closing(Database(f"sqlite:///{file}")) as store,
        store.writing() as session,
    ):
        entry = {"name": "more", "to": ["${MORE_CHAT}"]}
        session.add(StoredRoute(name="more", entry=entry))
    job = schedule("kubernetes", watchlist)
    assert "MORE_CHAT" in job
    assert "TEAM_CHAT" in job


@pytest.mark.parametrize("database_file", [Path("/srv/watch/policywatch.db"), None])
def test_kubernetes_objects_fit_their_schemas(database_file: Path | None) -> None:
    config = Path("/srv/$(HOME)/policywatch.toml")
    here = installation(
        config=config,
        database_file=database_file,
        secrets=("TEAM_CHAT",),
        every="6h",
    )
    (text,) = files(render("kubernetes", here)).values()
    objects = list(yaml.safe_load_all(text))
    claims = ["PersistentVolumeClaim"] * (2 if database_file else 1)
    assert [one["kind"] for one in objects] == [
        *claims,
        *("CronJob", "CronJob", "Deployment", "Service"),
    ]
    for one in objects:
        # A value of another type is refused, and a name that Kubernetes does not know is gone from what comes back.
        assert KUBERNETES[one["kind"]].from_dict(one).to_dict() == one
    job, backup = (one["spec"] for one in objects if one["kind"] == "CronJob")
    pod = backup["jobTemplate"]["spec"]["template"]["spec"]
    folder, *keep = pod["containers"][0]["args"][2:]
    assert keep == ["--keep", "7"]
    assert folder in {
        each["mountPath"] for each in pod["containers"][0]["volumeMounts"]
    }
    assert ("affinity" in pod) is bool(database_file)
    pod = job["jobTemplate"]["spec"]["template"]["spec"]
    assert job["concurrencyPolicy"] == "Forbid"
    assert {mount["name"] for mount in pod["containers"][0]["volumeMounts"]} == {
        one["name"] for one in pod["volumes"]
    }
    assert (
        pod["containers"][0]["env"][0]["value"] == "/srv/$$(HOME)/policywatch.toml"
    )


def test_workers_fit_the_schemas_of_kubernetes_and_compose(
    watchlist: Path, tmp_path: Path
) -> None:
    here = installation(
        database_file=None,
        own_server=True,
        environment_file=Path("/srv/watch/policywatch.env"),
        workers=2,
    )
    (text,) = files(render("kubernetes", here)).values()
    objects = list(yaml.safe_load_all(text))
    for each in objects:
        assert KUBERNETES[each["kind"]].from_dict(each).to_dict() == each
    kinds = [each["kind"] for each in objects]
    assert kinds[:3] == ["PersistentVolumeClaim", "Service", "StatefulSet"]
    deployment, scaler, _, pages, service = objects[3:]
    assert (
        service["spec"]["selector"]
        == pages["spec"]["template"]["metadata"]["labels"]
    )
    (serving,) = pages["spec"]["template"]["spec"]["containers"]
    assert serving["args"][0] == "serve"
    # what is overdue takes the pages out of no service
    assert serving["readinessProbe"]["httpGet"]["path"] == "/healthz"
    pod = deployment["spec"]["template"]["spec"]
    assert pod["containers"][0]["args"] == ["worker"]
    # a slow site makes documents late on all workers, which no restart helps
    assert "livenessProbe" not in pod["containers"][0]
    mounts = {
        each["name"]: each["mountPath"]
        for each in pod["containers"][0]["volumeMounts"]
    }
    assert mounts["archives"] == "/srv/watch/policywatch-archives"
    assert (
        deployment["spec"]["selector"]["matchLabels"]
        == deployment["spec"]["template"]["metadata"]["labels"]
    )
    assert scaler["spec"]["minReplicas"] == 2
    (text,) = files(render("docker", here)).values()
    fits_schema(tmp_path / "compose.yaml", text, "vendor.compose-spec")
    services = yaml.safe_load(text)["services"]
    assert services.keys() == {"db", "serve", "backup", "worker"}
    assert services["worker"]["command"] == ["worker"]
    (folder,) = services["worker"]["volumes"]
    assert folder["target"] == "/srv/watch"
    assert not folder["read_only"]  # clones of archives lie there
    with pytest.raises(CannotSchedule, match="docker and kubernetes"):
        render("cron", here)
    refused = policywatch(
        "schedule", "kubernetes", "--workers", "2", "--config", watchlist, status=2
    )
    assert "workers need PostgreSQL" in refused


def test_the_database_server_comes_with_the_job_that_names_it(
    watchlist: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POSTGRES_PASSWORD", "secret")
    address = "postgresql+psycopg://policywatch:${POSTGRES_PASSWORD}@%s/policywatch"
    text = watchlist.read_text()
    for host, comes in (("db", True), ("pg.example.org", False)):
        watchlist.write_text(
            text.replace("sqlite:///kept/policywatch.db", address % host)
        )
        for kind in ("docker", "kubernetes"):
            for workers in ("0", "2"):
                job = schedule(kind, watchlist, "--workers", workers)
                assert ("postgres:17" in job) is comes
                assert "None" not in job


def test_a_job_without_a_heartbeat_says_so(watchlist: Path) -> None:
    for kind in KINDS:
        assert "Nobody will know" in schedule(kind, watchlist)
        assert "Nobody will know" not in render(kind, installation())


def test_a_route_to_a_file_that_nobody_keeps_is_named(tmp_path: Path) -> None:
    config = tmp_path / "policywatch.toml"
    policywatch("init", "--contact", "a@example.org", "--config", config)
    assert "another address: file.\n" in schedule("github-actions", config)
    for kept in ("cron", "systemd", "docker", "kubernetes"):
        assert "another address" not in schedule(kept, config)
    server = installation(database_file=None, to_files=["file"])
    assert "another address: file.\n" in render("kubernetes", server)


def test_workflow_needs_the_database_in_the_repository() -> None:
    with pytest.raises(CannotSchedule, match="lies outside"):
        render(
            "github-actions",
            installation(database_file=Path("/var/lib/policywatch.db")),
        )


def test_workflow_steps_run_and_keep_the_database_between_runs(
    watchlist: Path, tmp_path: Path
) -> None:
    """Each job starts in a fresh checkout on a fresh runner; the kept branch is all that they share."""
    subprocess.run(["git", "init", "--quiet", watchlist.parent], check=True)
    (text,) = files(schedule("github-actions", watchlist)).values()
    fits_schema(tmp_path / "policywatch.yaml", text, "vendor.github-workflows")
    workflow = yaml.safe_load(text)
    assert workflow["permissions"] == {"contents": "write"}

    origin = tmp_path / "server" / "ann" / "watch"
    subprocess.run(["git", "init", "--quiet", "--bare", origin], check=True)
    environment = runner(tmp_path, origin)
    first = play(workflow, checkout(watchlist, tmp_path / "1"), environment)
    (install,) = [
        step
        for step in next(iter(workflow["jobs"].values()))["steps"]
        if step.get("name") == "Install"
    ]
    install["run"] = (
        "true"  # what the first run installed is there, and takes longest
    )
    second = play(workflow, checkout(watchlist, tmp_path / "2"), environment)
    assert [checks(place / "policywatch.toml") for place in (first, second)] == [
        ["first"],
        ["first"],
    ]  # not due again
    commits = subprocess.run(
        ["git", "-C", origin, "rev-list", "--count", "policywatch-data"],
        capture_output=True,
        text=True,
        check=True,
    )
    # the repository does not grow with each run
    assert commits.stdout.strip() == "1"

    shutil.rmtree(origin)
    with pytest.raises(subprocess.CalledProcessError):
        play(workflow, checkout(watchlist, tmp_path / "3"), environment)
    assert (
        checks(tmp_path / "3" / "policywatch.toml") == []
    )  # rather none than a history begun anew


def test_a_workflow_that_cannot_save_does_not_send_the_same_alerts_again(
    watchlist: Path, tmp_path: Path
) -> None:
    subprocess.run(["git", "init", "--quiet", watchlist.parent], check=True)
    (text,) = files(schedule("github-actions", watchlist)).values()
    workflow = yaml.safe_load(text)
    origin, ran = tmp_path / "server" / "ann" / "watch", tmp_path / "ran"
    subprocess.run(["git", "init", "--quiet", "--bare", origin], check=True)
    environment = runner(tmp_path, origin)
    run = f"echo run >> {ran}; python -c \"import sqlite3; sqlite3.connect('kept/policywatch.db')\""
    for step in next(iter(workflow["jobs"].values()))["steps"]:
        if step.get("name") in ("Install", "Run"):
            step["run"] = "true" if step["name"] == "Install" else run

    def runs() -> int:
        (place := Path(mkdtemp(dir=tmp_path)) / "work").mkdir()
        with suppress(subprocess.CalledProcessError):
            play(workflow, place, environment)
        return len(ran.read_text().split())

    def refuse(branches: str) -> None:
        hook = origin / "hooks" / "update"
        hook.write_text(f"#!/bin/sh\ncase $1 in {branches}) exit 1;; esac\n")
        hook.chmod(0o755)

    assert [runs(), runs()] == [1, 2]
    refuse("*/policywatch-data")  # as GitHub does where a file is too large
    assert [runs(), runs()] == [3, 3]
    refuse("none")
    subprocess.run(
        ["git", "-C", origin, "branch", "-D", "policywatch-data-unsaved"],
        check=True,
    )
    assert runs() == 4
    refuse("*")
    assert runs() == 4


def runner(tmp_path: Path, origin: Path) -> dict[str, str]:
    """The environment of a runner with a Python of its own, which sees the libraries of this one."""
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", tmp_path / "python"],
        check=True,
    )
    python = tmp_path / "python" / "bin" / "python"
    ask = [
        str(python),
        "-c",
        "import sysconfig; print(sysconfig.get_path('purelib'))",
    ]
    packages = Path(
        subprocess.run(
            ask, capture_output=True, text=True, check=True
        ).stdout.strip()
    )
    (packages / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return {
        "PATH": f"{python.parent}:/usr/local/bin:/usr/bin:/bin",
        "HOME": str(tmp_path),
        "GITHUB_SERVER_URL": f"file://{origin.parent.parent}",
        "GITHUB_REPOSITORY": f"{origin.parent.name}/{origin.name}",
        "GITHUB_RUN_ATTEMPT": "1",
        "PIP_NO_BUILD_ISOLATION": "0",  # "0" switches the isolation off; the build needs no index then
        "PIP_NO_DEPS": "1",
        "PIP_NO_INDEX": "1",
        "PIP_FORCE_REINSTALL": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }


def checkout(watchlist: Path, place: Path) -> Path:
    """A repository that holds the program and the watchlist."""
    place.mkdir()
    for name in PACKAGES:
        shutil.copytree(
            ROOT / name, place / name, ignore=shutil.ignore_patterns("__pycache__")
        )
    for file in (ROOT / "pyproject.toml", ROOT / "README.md", watchlist):
        shutil.copy(file, place)
    return place


def play(
    workflow: dict[str, Any], place: Path, environment: dict[str, str]
) -> Path:
    """Run the `run:` steps in order, as a runner does: bash -e, a later step only after a good one."""
    (job,) = workflow["jobs"].values()
    temporary = place.with_name(place.name + "-temp")
    temporary.mkdir()
    values = {"secrets.TEAM_CHAT": "file://alerts.txt", "github.token": "none"}
    common = (
        environment
        | workflow["env"]
        | {"RUNNER_TEMP": str(temporary), "GITHUB_RUN_ID": place.name}
    )
    for step in job["steps"]:
        if "run" not in step:
            assert re.fullmatch(
                r"actions/(checkout|setup-python|upload-artifact)@v\d+",
                step["uses"],
            )
            continue
        own = {
            name: re.sub(r"\$\{\{ (\S+) \}\}", lambda m: values[m[1]], text)
            for name, text in step.get("env", {}).items()
        }
        subprocess.run(
            ["bash", "-e", "-c", step["run"]],
            cwd=place,
            env=common | own,
            check=True,
        )
    return place


def fits_schema(file: Path, text: str, schema: str) -> None:
    file.write_text(text)
    command = [
        sys.executable,
        "-m",
        "check_jsonschema",
        "--builtin-schema",
        schema,
        str(file),
    ]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_dockerfile_is_slim_not_root_and_brings_only_the_program() -> None:
    steps = [
        line.split(None, 1)
        for line in re.sub(
            r"\\\n\s*", "", (ROOT / "Dockerfile").read_text()
        ).splitlines()
        if line and not line.startswith("#")
    ]
    last = max(index for index, (word, _) in enumerate(steps) if word == "FROM")
    final = dict(steps[last:])
    assert final["FROM"] == "python:3.12-slim"
    assert final["USER"].split(":")[0] not in {"root", "0"}
    assert final["HEALTHCHECK"].endswith(
        'CMD ["policywatch", "doctor", "--alive", "--quiet"]'
    )
    assert (final["ENTRYPOINT"], final["CMD"], final["VOLUME"]) == (
        '["policywatch"]',
        '["watch"]',
        "/data",
    )
    arguments = [rest for word, rest in steps if word == "ARG"]
    assert arguments == [
        "EXTRAS=fast,cluster",
        "EXTRAS",
        "EXTRAS",
        'PACKAGES="git"',
    ]  # each stage asks anew for what stands above
    copied = {
        name for word, rest in steps if word == "COPY" for name in rest.split()[:-1]
    }
    allowed = {
        line[1:]
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    assert copied == allowed
    assert all((ROOT / name).exists() for name in copied)
