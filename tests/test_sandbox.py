"""What strangers wrote is read in a process that reaches nothing of this system, and whose answers are not believed."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from analysis.compare import compare
from analysis.extract import read_page
from analysis.model import TooCostly, UnreadablePage
from analysis.text.words import word_diffs
from policywatch import confinement, sandbox
from policywatch.sandbox import FailedInside
from tests.site import AI, a_site, policy, policywatch, watchlist

DATABASES = ["sqlite"]
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="the walls are of Linux")


@pytest.mark.parametrize(
    ("name", "most"), [("CPU_SECONDS", 1), ("MEMORY", 100_000_000), ("SECONDS", 1)]
)
def test_what_takes_too_much_ends_the_process(
    monkeypatch: pytest.MonkeyPatch, name: str, most: int
) -> None:
    assert sandbox.run(word_diffs, []) == []
    monkeypatch.setattr(sandbox, name, most)
    with pytest.raises(TooCostly, match="too costly to read"):
        sandbox.run(list, range(10**9))
    monkeypatch.undo()
    assert sandbox.run(word_diffs, []) == [], "another takes its place"


def test_who_comes_while_a_process_starts_waits_for_it() -> None:
    sandbox.close()
    with ThreadPoolExecutor(2) as pool:
        assert [*pool.map(sandbox.run, [word_diffs] * 2, [[]] * 2)] == [[], []]
    assert sandbox._idle.qsize() == 1


def test_what_is_raised_there_is_raised_here() -> None:
    with pytest.raises(UnreadablePage, match="no text inside"):
        sandbox.run(read_page, policy().encode(), select=("aside",))
    with pytest.raises(FailedInside, match="ValueError: invalid literal") as raised:
        sandbox.run(int, "a word")
    assert "Traceback" in raised.value.__notes__[0]


def test_pages_and_comparisons_come_back_as_they_are() -> None:
    texts = [policy().encode(), policy(AI).encode()]
    pages = [
        sandbox.run(read_page, text, url="https://example.org/") for text in texts
    ]
    assert pages == [read_page(text, url="https://example.org/") for text in texts]
    comparison = sandbox.run(
        compare, *pages, language="en", document="Privacy Policy"
    )
    assert comparison == compare(*pages, language="en", document="Privacy Policy")
    assert comparison.alert
    assert comparison.effective_date == date(2025, 11, 3)


def test_a_language_without_phrases_is_told_though_its_model_wants_a_temporary_file() -> (
    None
):
    text = (
        "Мы собираем ваши данные и передаем их нашим партнерам, чтобы показывать вам рекламу. "
        * 5
    )
    assert sandbox.run(read_page, text.encode(), mime="text/plain").language == "ru"


FORBIDDEN: dict[str, tuple[Callable[..., Any], Any]] = {
    "a file": (os.open, ("/etc/passwd", os.O_RDONLY)),
    "a folder": (os.listdir, "/"),
    "a new file": (os.open, ("/tmp/taken", os.O_WRONLY | os.O_CREAT)),
    "its own code": (os.open, (confinement.__file__, os.O_WRONLY)),
    "another process": (os.open, (f"/proc/{os.getpid()}/environ", os.O_RDONLY)),
    "a socket": (socket.socket, ()),
    "a socket of this machine": (socket.socketpair, ()),
    "a process": (os.fork, ()),
    "a program": (os.execv, ("/bin/true", ["true"])),
    "a signal": (os.kill, (os.getpid(), 9)),
    "a deletion": (os.unlink, confinement.__file__),
}


@LINUX
@pytest.mark.parametrize("name", FORBIDDEN)
def test_the_process_reaches_nothing(name: str) -> None:
    assert sandbox.walls() == (True, True), (
        "this kernel has no Landlock or no seccomp"
    )
    function, arguments = FORBIDDEN[name]
    with pytest.raises(FailedInside, match="PermissionError"):
        sandbox.run(
            function, *(arguments if isinstance(arguments, tuple) else (arguments,))
        )


@LINUX
def test_the_process_knows_no_secret_and_has_no_open_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEAM_MAIL", "mailto://user:secret@example.org")
    sandbox.close()
    with (tmp_path / "store.db").open("w") as held:
        os.set_inheritable(held.fileno(), True)
        sandbox.run(word_diffs, [])
        child = sandbox._idle.get().pid
        environ = Path(f"/proc/{child}/environ").read_bytes()
        opened = {
            os.readlink(each).partition(":")[0]
            for each in Path(f"/proc/{child}/fd").iterdir()
        }
    assert b"secret" not in environ
    assert opened <= {"pipe", "/dev/null", f"/proc/{child}/statm"}


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"R",
        sandbox._HEAD.pack(*b"R", 3) + b"[[]",
        sandbox._HEAD.pack(*b"R", 4) + b"true",
        sandbox._HEAD.pack(*b"R", 2**60),
        sandbox._HEAD.pack(*b"U", 2) + b"{}",
        sandbox._HEAD.pack(*b"X", 2) + b"{}",
        # what would run a command if it were unpickled
        sandbox._HEAD.pack(*b"R", 60)
        + b"cos\nsystem\n(S'touch taken'\ntR.".ljust(60),
    ],
)
def test_an_answer_of_another_is_not_believed(
    answer: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.close()
    written = tmp_path / "answer"
    written.write_bytes(b"!" + answer)
    monkeypatch.chdir(tmp_path)
    liar = f"import sys; sys.stdout.buffer.write(open({str(written)!r}, 'rb').read()); sys.stdout.flush()"
    monkeypatch.setattr(sandbox, "_SERVE", f"{liar}; sys.stdin.read()")
    monkeypatch.setattr(sandbox, "SECONDS", 2)
    with pytest.raises((TooCostly, FailedInside)):
        sandbox.run(word_diffs, [])
    assert sandbox._idle.empty(), "it is asked for nothing more"
    assert not (tmp_path / "taken").exists()


def test_a_small_page_is_read_there_too(tmp_path: Path) -> None:
    with a_site() as site:
        site.pages["/privacy"] = policy()
        config = watchlist(tmp_path, site, f"sqlite:///{tmp_path}/watch.db")
        program = (
            "import analysis.extract.html_page as page\n"
            "page.LexborHTMLParser = None\n"  # in this process, which reads nothing
            "from policywatch.cli import main\nmain()\n"
        )
        command = [
            sys.executable,
            "-c",
            program,
            "run",
            "--now",
            "--json",
            "--config",
            str(config),
        ]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=300
        )
    assert json.loads(done.stdout)["checks"][0]["outcome"] == "first", done.stderr


@LINUX
def test_doctor_says_what_keeps_hostile_pages_in(
    tmp_path: Path, database_url: str
) -> None:
    with a_site() as site:
        config = watchlist(tmp_path, site, f"sqlite:///{tmp_path}/watch.db")
    output = policywatch("doctor", "--config", config, status=None)
    assert (
        "reads pages in a process that reaches no file, socket or other process"
        in " ".join(output.split())
    )
