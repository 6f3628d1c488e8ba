"""What the program says where it is used wrongly, or the machine stands in the way."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
from importlib.metadata import version
from pathlib import Path

import pytest

from storage.errors import with_advice
from tests.site import (
    PARAGRAPHS,
    a_site,
    command,
    policy,
    policywatch,
    run,
    serving,
    watchlist,
    with_small_files,
)

NONE = 'contact = "test@example.org"\n'


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "policywatch.toml"
    file.write_text(NONE, "utf-8")
    return file


def said(*words: object, status: int) -> str:
    """On both outputs, without the frames and breaks of a terminal."""
    return " ".join(policywatch(*words, status=status).replace("│", " ").split())


def test_it_says_which_version_it_is() -> None:
    assert policywatch("--version") == f"policywatch {version('policywatch')}\n"


@pytest.mark.parametrize(
    "source", ["nowhere.html", "example.org/privacy", "ftp://example.org/"]
)
def test_what_is_neither_a_file_nor_an_address_is_not_tried(source: str) -> None:
    assert (
        f"there is no file '{source}', and an address begins with https://"
        in said("try", source, status=2)
    )


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (
            "run --nwo",
            "no such option: --nwo (Possible options: --now) (`{} run --help` says what there is)",
        ),
        (
            "fetch",
            "no such command 'fetch'. Did you mean 'watch'? (`{} --help` says what there is)",
        ),
        ("show", "missing argument 'CHANGE' (`{} show --help` says what there is)"),
        ("show seven", "CHANGE: found 'seven'; write a whole number"),
        (f"show {10**20}", f"CHANGE: found '{10**20}'; allowed: up to 2147483647"),
        (
            f"alerts retry 1 {2**31}",
            "ID: found '2147483648'; allowed: up to 2147483647",
        ),
        (
            f"alerts --limit {10**20}",
            f"--limit: found '{10**20}'; allowed: up to 2147483647",
        ),
        (
            "schedule at",
            "KIND: 'at' is not one of 'cron', 'systemd', 'docker', 'kubernetes', 'github-actions'",
        ),
        (
            "alerts retry",
            "ID: give the ids that `policywatch alerts --parked` lists, or --all",
        ),
        (
            "accept a/b --config nowhere",
            "{}: there is no such file; `policywatch init` writes one",
        ),
    ],
)
def test_a_wrong_command_gets_one_line_like_every_other_failure(
    words: str, answer: str
) -> None:
    wanted = answer.format(
        Path("nowhere").resolve() if "nowhere" in words else "python -m policywatch"
    )
    got = policywatch(*words.split(), status=2)
    assert got.startswith(f"policywatch: {wanted}")
    assert got.count("\n") == 1


@pytest.mark.parametrize("words", [(), ("routes",)])
def test_no_command_at_all_shows_what_there_is(words: tuple[str, ...]) -> None:
    answer = policywatch(*words, status=2)
    assert "Usage: python -m policywatch" in answer
    assert "policywatch: " not in answer


def test_a_question_without_an_answer_is_no_yes(tmp_path: Path) -> None:
    with a_site() as site:
        site.pages["/privacy"] = policy()
        file = watchlist(tmp_path, site, f"sqlite:///{tmp_path}/watch.db")
        run(file)
        site.pages["/privacy"] = policy(paragraphs=PARAGRAPHS[:1])
        run(file)
        answer = policywatch(
            "accept", "library/privacy", "--config", file, status=1
        )
    assert answer.endswith("policywatch: stopped; what was finished is kept\n")


def test_a_port_that_is_taken_or_none(config: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        answer = said("serve", "--port", port, "--config", config, status=1)
        assert f"something else listens on port {port} of 127.0.0.1" in answer
    for host in ("203.0.113.9", "nowhere.invalid"):
        answer = said(
            "serve",
            "--host",
            host,
            "--allowed-host",
            "*",
            "--config",
            config,
            status=1,
        )
        assert f"{host} is no address of this machine; --host names one" in answer
    answer = policywatch("serve", "--port", 99999, "--config", config, status=2)
    assert answer == "policywatch: --port: found '99999'; allowed: up to 65535\n"


_SLOW_TO_SET_UP = """
import time, uvicorn

def set_up(_config):
    try:
        time.sleep(0.5)
    except KeyboardInterrupt:
        raise RuntimeError("broken off") from None

uvicorn.Config.configure_logging = set_up
"""


@pytest.mark.parametrize(
    "slow", ["", _SLOW_TO_SET_UP], ids=["as it is", "slow to set up"]
)
def test_the_pages_end_as_they_say(slow: str, config: Path) -> None:
    # a job in the background ignores SIGINT, and so would ours
    listens = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    )
    with serving(config, first=f"{listens}\n{slow}") as (_, program):
        assert program.output.endswith("(stop with Ctrl-C)\n")
        os.kill(program.pid, signal.SIGINT)
        done = program.wait()
    assert (done.returncode, done.stdout.count("\n"), done.stderr) == (0, 1, "")


def test_a_watchlist_that_is_no_text_or_no_file_is_said(config: Path) -> None:
    assert f"{config.parent}: can't be read: Is a directory" in said(
        "run", "--config", config.parent, status=2
    )
    config.write_bytes(b'contact = "a"\n# caf\xe9\n')
    assert f"{config}:2: is not in UTF-8, as TOML must be" in said(
        "run", "--config", config, status=2
    )


def test_a_private_address_can_be_tried_on_purpose() -> None:
    assert "or --allow-private for once." in said(
        "try", "http://127.0.0.1:9/", status=1
    )


def test_a_failure_of_the_system_names_its_file(config: Path) -> None:
    held = config.parent / "there"
    held.write_text("a file", "utf-8")
    assert (
        policywatch("demo", "--folder", held, status=1)
        == f"policywatch: {held}: File exists\n"
    )


def test_a_watchlist_that_watches_nothing_is_said(config: Path) -> None:
    nothing = (
        f'{config}: nothing is watched; add [[documents]], or use = ["linkedin"]\n'
    )
    assert policywatch("documents", "--config", config) == nothing
    for step in ("run", "crawl", "watch"):
        answer = policywatch(step, "--config", config, status=2)
        assert re.fullmatch(
            r"(policywatch:|[\dTZ:-]+ ERROR) " + re.escape(nothing), answer
        )
    assert f"FIX watchlist: {nothing.strip()}" in said(
        "doctor", "--config", config, status=2
    )
    assert policywatch("doctor", "--alive", "--config", config, status=2).endswith(
        nothing
    )
    config.write_text(
        f'{NONE}[[routes]]\nname = "team"\nto = ["console://"]\nservices = ["Parley"]\n',
        "utf-8",
    )
    answer = said("run", "--config", config, status=2)
    assert "found 'Parley'; allowed: none, no document is watched" in answer


@pytest.mark.parametrize(
    ("address", "status", "words"),
    [
        (
            "mysql://here",
            2,
            "policywatch.toml:2: database: a database of mysql is not supported",
        ),
        (
            "policywatch.db",
            2,
            "policywatch.toml:2: database: the database address can't be understood",
        ),
        (
            "sqlite://watch.db",
            2,
            "policywatch.toml:2: database: the file of a SQLite database comes after three slashes",
        ),
        (
            "postgresql://u:word@127.0.0.1:1/x",
            1,
            "port 1 failed: Connection refused; Is the server running",
        ),
        (
            "postgresql://u:hun@ter2@127.0.0.1:1/x",
            2,
            "database: the database address has more than one @; in a user name",
        ),
        ("postgresql://u:hun@x:ter2@127.0.0.1:1/x", 2, "write %40 for @"),
        (
            "postgresql://u@127.0.0.1:1/x?password=ter2",
            1,
            "can't open postgresql+psycopg://u@127.0.0.1:1/x: ",
        ),
        (
            "postgresql://127.0.0.1:ter2/x",
            2,
            "database: the database address can't be understood",
        ),
        (
            "sqlite:////nowhere/at/all.db",
            1,
            "its file and folder must be there, and writable",
        ),
        (
            "sqlite:///policywatch.toml",
            1,
            "file is not a database; move that file away, or name another one",
        ),
    ],
)
def test_a_database_that_cannot_be_opened(
    config: Path, address: str, status: int, words: str
) -> None:
    config.write_text(f'{NONE}database = "{address}"\n', "utf-8")
    answer = said("documents", "--config", config, status=status)
    assert words in answer
    assert "ter2" not in answer


def test_what_the_database_says_comes_with_what_to_do() -> None:
    with sqlite3.connect(":memory:") as full:
        full.execute("PRAGMA max_page_count = 1")
        with pytest.raises(sqlite3.OperationalError) as failure:
            full.execute("CREATE TABLE too_much (words)")
    assert (
        with_advice(failure.value)
        == "database or disk is full; make room on the disk"
    )
    assert with_advice(OSError("gone")) == "gone"


def test_a_contact_that_reaches_nobody_is_refused(config: Path) -> None:
    config.write_text('contact = "you"\n', "utf-8")
    answer = said("run", "--config", config, status=2)
    assert (
        "policywatch.toml:1: contact: nobody can be reached at 'you'; write contact = "
        in answer
    )
    assert "FIX contact: nobody can be reached at 'you'" in said(
        "doctor", "--config", config, status=2
    )
    answer = said(
        "init",
        "--contact",
        "you",
        "--config",
        config.parent / "other.toml",
        status=2,
    )
    assert "--contact: nobody can be reached at 'you'" in answer
    assert not (config.parent / "other.toml").exists()


def test_a_service_that_no_document_is_of_is_refused(config: Path) -> None:
    config.write_text(
        f'{NONE}use = ["linkedin"]\n[services.Linkedout]\nrobots = "ignore"\n',
        "utf-8",
    )
    answer = said("documents", "--config", config, status=2)
    assert (
        "policywatch.toml:3: services.Linkedout: no document is of this service; there are: LinkedIn"
        in answer
    )


def test_a_topic_of_ones_own_has_a_name_of_its_own(config: Path) -> None:
    config.write_text(f'{NONE}[topics.retention]\nphrases = ["papyrus"]\n', "utf-8")
    answer = said("documents", "--config", config, status=2)
    assert (
        "policywatch.toml:2: topics.retention: this topic ships with the program"
        in answer
    )


def test_where_the_secrets_stand_is_said_where_one_is_missing(config: Path) -> None:
    config.write_text(
        f'{NONE}[[routes]]\nname = "team"\nto = ["${{UNSET}}"]\n', "utf-8"
    )
    assert "the environment variable UNSET is not set" in said(
        "doctor", "--config", config, status=2
    )
    assert "policywatch.env" not in said("doctor", "--config", config, status=2)
    (config.parent / "policywatch.env").write_text("UNSET='console://'\n", "utf-8")
    assert "set -a; . ./policywatch.env; set +a" in said(
        "doctor", "--config", config, status=2
    )


def test_pages_are_exported_for_a_whole_address(config: Path) -> None:
    answer = said(
        "export",
        "site",
        config.parent / "public",
        "--site",
        "policies.example.org",
        "-c",
        config,
        status=2,
    )
    assert (
        "found 'policies.example.org'; write a whole address that begins with https://"
        in answer
    )


def test_a_route_that_got_nothing_yet_is_named_beside_those_there_are(
    config: Path,
) -> None:
    config.write_text(
        f'{NONE}[[routes]]\nname = "team"\nto = ["console://"]\n', "utf-8"
    )
    assert "The watchlist's routes: team." in said(
        "alerts", "--route", "teem", "--config", config, status=0
    )


def test_a_terminal_that_lacks_characters_gets_the_others(tmp_path: Path) -> None:
    file, environ = (
        tmp_path / "page.md",
        {**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    file.write_text(
        "# Confidentialité\n\nNous gardons les noms de ceux qui nous écrivent.\n",
        "utf-8",
    )
    shown, page = (
        subprocess.run(
            command("try", file, *words),
            capture_output=True,
            text=True,
            env=environ,
            check=True,
        ).stdout
        for words in ((), ("--json",))
    )
    assert "qui nous ?crivent." in shown
    assert json.loads(page)["title"] == "Confidentialité"


def test_two_files_of_the_same_words_differ_in_nothing(tmp_path: Path) -> None:
    for name in ("old.md", "new.md"):
        (tmp_path / name).write_text(
            "# Privacy\n\nWe keep the names of those who write to us.\n", "utf-8"
        )
    assert (
        policywatch("compare", tmp_path / "old.md", tmp_path / "new.md")
        == "No words differ.\n"
    )


@pytest.mark.parametrize(
    "command", ["documents", "crawl", "read", "export site public", "doctor"]
)
def test_a_wrong_watchlist_stops_also_what_tells_nobody(
    config: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    config.write_text(
        f'{NONE}[[routes]]\nname = "team"\nto = ["${{UNSET}}"]\nwhen = "sometimes"\n',
        "utf-8",
    )
    monkeypatch.chdir(config.parent)
    answer = said(*command.split(), "--config", config, status=2)
    assert (
        f'{config}:5: routes[0].when: found \'sometimes\'; allowed: "at once", "after review", "daily HH:MM"'
        in answer
    )
    assert not (config.parent / "policywatch.db").exists()


def test_a_closed_input_or_output_is_no_mistake(tmp_path: Path) -> None:
    """A job of an old cron or of a daemon may be started so."""
    with a_site() as site:
        site.pages["/privacy"] = policy()
        config = watchlist(tmp_path, site, f"sqlite:///{tmp_path}/watch.db")
        for closed, *words in (
            ("<&-", "run"),
            ("<&- >&-", "run", "--now"),
            (">&-", "documents"),
        ):
            shell = [
                "sh",
                "-c",
                f'exec "$@" {closed}',
                "sh",
                *command(*words, "--config", config),
            ]
            done = subprocess.run(
                shell, stderr=subprocess.PIPE, text=True, timeout=300, check=False
            )
            assert (done.returncode, done.stderr) == (0, "")
    assert "unchanged" in policywatch("documents", "--config", config)


def test_a_full_disk_does_not_cost_the_watchlist_that_init_was_to_overwrite(
    tmp_path: Path,
) -> None:
    file = tmp_path / "policywatch.toml"
    file.write_text('contact = "mine@example.org"\n')
    file.chmod(0o600)
    (tmp_path / "link.toml").symlink_to(file)
    words = (
        "init",
        "--force",
        "--contact",
        "ops@example.org",
        "--config",
        tmp_path / "link.toml",
    )
    done = with_small_files(512, *words)
    assert (done.returncode, done.stderr) == (
        1,
        f"policywatch: {tmp_path / 'link.toml'}: File too large\n",
    )
    assert file.read_text() == 'contact = "mine@example.org"\n'
    assert sorted(tmp_path.iterdir()) == [tmp_path / "link.toml", file]
    policywatch(*words)
    assert 'contact = "ops@example.org"' in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
