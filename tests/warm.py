"""Starts programs in forks of a process that has loaded all of ours: loading takes longer than most of what they do.

Each is a process of its own, with its own environment, folder, output, exit status and death. Only what Python does at
its start is done once for all: a test of that (the encoding of the output, what a command loads) starts Python. `called`
starts none: what ends by itself, and is neither killed nor watched, needs no process of its own.
"""

from __future__ import annotations

import asyncio
import atexit
import ctypes
import gc
import importlib
import json
import logging
import mmap
import os
import pkgutil
import runpy
import selectors
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, redirect_stdout, suppress
from dataclasses import dataclass
from functools import cache, partial
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any
from unittest.mock import patch

import sqlalchemy
import typer

import storage.database
from analysis.compare import compare
from analysis.extract import read_page
from analysis.text.lexicon import mentions_in
from notifier.change_view import sample_change
from notifier.notifications import change_message
from policywatch import sandbox, watch
from policywatch.cli import app
from policywatch.logs import log
from tests import forked

ROOT = Path(__file__).parents[1]
PACKAGES = (
    "analysis",
    "crawler",
    "foundation",
    "messages",
    "notifier",
    "policywatch",
    "storage",
)
_NOT = ("policywatch.__main__", "policywatch.scrapy_settings")  # which do something
# loaded when they are needed: modules, and packages with all that is in them
_LATE = (
    *(
        "aiohttp.web",
        "requests_file",
        "scrapy.dupefilters",
        "scrapy.logformatter",
        "scrapy.pqueues",
        "scrapy.squeues",
    ),
    *(
        "scrapy.statscollectors",
        "scrapy.utils.engine",
        "sqlalchemy.dialects.postgresql.psycopg",
    ),
    *(
        "sqlalchemy.dialects.sqlite",
        "tldextract",
        "typer._adapters",
        "typer._click.decorators",
    ),
)
_LATE_PACKAGES = (
    "scrapy.downloadermiddlewares",
    "scrapy.extensions",
    "scrapy.spidermiddlewares",
)
_VARIABLE = "POLICYWATCH_TEST_STARTER"
_SHARED = os.environ.pop(_VARIABLE, None)
_ENVIRON = dict(os.environ)  # as it is before a test changes it
_PATIENCE = 600  # seconds
_HUGE = 2 * 2**20  # bytes
_COLLAPSE = 25  # MADV_COLLAPSE, which Python has no name for
_FORK = b"f"
_SERVE = "from policywatch import sandbox; sandbox.serve()"
# after which the statements, phrases, models, catalogues and templates of most programs are made
_COMMANDS = (
    "read --again",
    "deliver",
    "today Library",
    "documents",
    "documents --json",
    "history library/privacy",
    "history library/privacy --json",
    "show 1",
    "changes --json",
    "alerts",
    "doctor",
    "verify",
    "database check",
    "export site {}/public",
)
_LEAVING: list[int] = []  # the exit status of a program that has ended


@dataclass
class Running:
    """A program under way."""

    pid: int
    _line: socket.socket
    _out: IO[str]
    _err: IO[str]
    _status: int | None = None

    def wait(self) -> subprocess.CompletedProcess[str]:
        """What came of it. Fails after ten minutes."""
        if self._status is None:
            self._status = forked.number(self._line)
        return subprocess.CompletedProcess(
            self.pid, self._status, self.output, self.errors
        )

    @property
    def output(self) -> str:
        """So far."""
        return _content(self._out)

    @property
    def errors(self) -> str:
        """What it has written to standard error so far."""
        return _content(self._err)

    def terminate(self) -> None:
        """With SIGTERM."""
        self._line.send(bytes([signal.SIGTERM]))

    def kill(self) -> None:
        """With SIGKILL, unless it has ended by itself."""
        if self._status is None:
            with suppress(BrokenPipeError):  # it ended just now
                self._line.send(bytes([signal.SIGKILL]))
            self.wait()


@contextmanager
def running(
    *words: object, environ: Mapping[str, str] | None = None
) -> Iterator[Running]:
    """`python WORDS`, which begin with -m MODULE or -c CODE. It is dead at the end."""
    with ExitStack() as stack:
        out, err = (
            stack.enter_context(tempfile.TemporaryFile("w+", encoding="utf-8"))
            for _ in range(2)
        )
        nothing = stack.enter_context(Path(os.devnull).open())
        line, pid = forked.start(
            address(),
            [*map(str, words)],
            os.environ if environ is None else environ,
            [file.fileno() for file in (nothing, out, err)],
        )
        line.settimeout(_PATIENCE)
        started = Running(pid, stack.enter_context(line), out, err)
        try:
            yield started
        finally:
            started.kill()


def done(
    *words: object, environ: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run it to its end."""
    with running(*words, environ=environ) as program:
        return program.wait()


def called(
    *words: object, environ: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """`python -m policywatch WORDS` in this process, which is afterwards as it was; in a fork where an event loop runs
    already, as Playwright's does."""
    if _runs_a_loop():
        return done("-m", "policywatch", *words, environ=environ)
    out, err = (TextIOWrapper(BytesIO(), "utf-8") for _ in range(2))
    status: Any = 0
    with (
        _as_it_was(),
        Path(os.devnull).open() as nothing,
        patch.multiple(
            sys,
            argv=["policywatch", *map(str, words)],
            stdin=nothing,
            stdout=out,
            stderr=err,
        ),
        patch.dict(os.environ, environ or {}, clear=environ is not None),
        patch.object(sandbox, "start", partial(_start_reader, address())),
    ):
        try:
            runpy.run_module("policywatch", run_name="__main__", alter_sys=True)
        except SystemExit as end:
            status = end.code
    for each in (out, err):
        each.flush()
    return subprocess.CompletedProcess(
        words,
        status if isinstance(status, int) else int(status is not None),
        *(each.buffer.getvalue().decode() for each in (out, err)),  # type: ignore[attr-defined]
    )


def _runs_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


@contextmanager
def _as_it_was() -> Iterator[None]:
    """What a program sets for its whole process."""
    loggers = [logging.getLogger(), log]
    before = [(each, each.level, [*each.handlers]) for each in loggers]
    mask, threshold = os.umask(0o022), gc.get_threshold()
    os.umask(mask)
    logging.getLogger().handlers.clear()  # pytest's
    try:
        yield
    finally:
        os.umask(mask)
        gc.set_threshold(*threshold)
        for logger, level, handlers in before:
            logger.setLevel(level)
            logger.handlers[:] = handlers


@cache
def address() -> str:
    """Of the process that starts programs: one for all that test at once, which ends with the first of them."""
    if _SHARED is not None:
        return _SHARED
    folder = Path(tempfile.mkdtemp("policywatch-start"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    place = str(folder / "socket")
    by_hand = shlex.join([sys.executable, "-IS", forked.__file__, place])
    for name, words in (("policywatch", " -m policywatch"), ("python", "")):
        (folder / name).write_text(
            f'#!/bin/sh\nexec {by_hand}{words} "$@"\n', "utf-8"
        )
        (folder / name).chmod(0o755)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(place)
        listener.listen(64)
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.warm", str(listener.fileno()), place],
            stdin=subprocess.PIPE,
            pass_fds=[listener.fileno()],
            cwd=ROOT,
            env=_ENVIRON,
        )
    assert process.stdin is not None
    atexit.register(process.wait)
    atexit.register(process.stdin.close)
    return place


def share() -> None:
    """With the processes that this one starts to test."""
    os.environ[_VARIABLE] = address()


def programs() -> Path:
    """The folder of a `policywatch` for shells."""
    return Path(address()).parent


def _content(file: IO[str]) -> str:
    return os.pread(file.fileno(), os.fstat(file.fileno()).st_size, 0).decode(
        "utf-8"
    )


def share_statements() -> None:
    """Compile each SQL statement once a process, and not anew for every database that a test opens."""
    compiled: dict[Any, Any] = {}
    dialects: dict[str, sqlalchemy.Dialect] = {}

    def create_engine(url: sqlalchemy.URL, **options: Any) -> sqlalchemy.Engine:
        engine = sqlalchemy.create_engine(
            url, execution_options={"compiled_cache": compiled}, **options
        )
        known = dialects.get(engine.name)  # statements are kept by it
        if (
            known is None or known.server_version_info is None
        ):  # it has met no server yet
            known = dialects[engine.name] = engine.dialect
        engine.dialect = known
        return engine

    storage.database.create_engine = create_engine


def _load() -> None:
    share_statements()
    with warnings.catch_warnings(
        action="ignore"
    ):  # some of Scrapy's are on their way out
        for package in (*PACKAGES, *_LATE_PACKAGES):
            found = importlib.import_module(package)
            for module in pkgutil.walk_packages(found.__path__, f"{package}."):
                if module.name not in _NOT:
                    importlib.import_module(module.name)
        for late in _LATE:
            importlib.import_module(late)
    _use()
    assert "twisted.internet.reactor" not in sys.modules, "it can't be shared"
    assert threading.active_count() == 1, "a fork has one thread only"
    gc.freeze()
    gc.enable()
    _use_huge_pages()


def _use_huge_pages() -> None:
    """A fork copies an entry for each page, and a page of 4 KB takes 13 + 16 ms to copy and leave; a kernel that has no
    such pages refuses."""
    madvise = ctypes.CDLL(None).madvise
    for line in Path("/proc/self/maps").read_text().splitlines():
        place, rights, *_, name = f"{line.rstrip()} ".split(" ")
        if rights == "rw-p" and name in ("", "[heap]"):
            start, end = (int(number, 16) for number in place.split("-"))
            for page in range(-(-start // _HUGE) * _HUGE, end - _HUGE + 1, _HUGE):
                for advice in (mmap.MADV_HUGEPAGE, _COLLAPSE):
                    madvise(ctypes.c_void_p(page), ctypes.c_size_t(_HUGE), advice)


def _use() -> None:
    """Have made what each program makes for itself: mappers, phrases, models, catalogues, templates, statements."""
    for language, *texts in (
        ("en", "We keep it.", "We train AI."),
        ("fr", "Nous la gardons.", "Nous entraînons l’IA."),
    ):
        before, after = (
            read_page(f"# Terms\n\n{text}".encode(), mime="text/markdown")
            for text in texts
        )
        read_page(f"<h1>Terms</h1><p>{texts[0]}</p>".encode())
        compare(before, after, language=language, trusted=True)
        mentions_in(language)(texts[0])
        change_message(sample_change(language), language, ()).fitted("text", 10_000)
    with tempfile.TemporaryDirectory() as folder:
        _run_once(Path(folder))


def _run_once(folder: Path) -> None:
    """Most of what programs do, in this process."""
    from tests.site import AI, a_site, policy, watchlist  # which knows this module

    alone = sandbox.run
    sandbox.run = lambda function, /, *args, **named: function(*args, **named)  # type: ignore[assignment]
    with a_site() as site:
        config = watchlist(folder, site, f"sqlite:///{folder}/watch.db")
        for site.pages["/privacy"] in (policy(), policy(AI), policy(AI)):
            _command("run", "--now", "--config", config)
    for words in _COMMANDS:
        _command(*words.format(folder).split(), "--config", config)
    sandbox.run = alone


def _command(*words: object) -> None:
    with suppress(typer.Exit), redirect_stdout(StringIO()):
        app([*map(str, words)], standalone_mode=False)


def _start_programs(listener: socket.socket) -> None:
    """Goes on in each program: with what it is to do once this returns."""
    under_way: dict[int, socket.socket] = {}
    ended, wake = _wakened_by_ends()
    selector = selectors.DefaultSelector()
    for source in (sys.stdin, listener, ended):
        selector.register(source, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select():
            if key.fileobj is sys.stdin:  # who started this one is gone
                sys.exit()
            elif key.fileobj is listener:
                line, _ = listener.accept()
                order, files, _, _ = socket.recv_fds(line, 1, 4)
                assert order == _FORK
                pid = os.fork()
                if not pid:
                    signal.set_wakeup_fd(-1)
                    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                    selector.close()
                    for each in (listener, ended, wake, line, *under_way.values()):
                        each.close()
                    return _become(*files)
                for file in files:
                    os.close(file)
                line.sendall(b"%d\n" % pid)
                under_way[pid] = line
                selector.register(line, selectors.EVENT_READ, pid)
            elif key.fileobj is ended:
                ended.recv(1000)
            elif key.data in under_way:
                for number in _asked(under_way[key.data]):
                    os.kill(key.data, number)
        _report_ends(under_way, selector)


def _wakened_by_ends() -> tuple[socket.socket, socket.socket]:
    """What becomes readable when a program ends, and its other side."""
    ended, wake = socket.socketpair()
    for each in (ended, wake):
        each.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake.fileno())
    return ended, wake


def _report_ends(
    under_way: dict[int, socket.socket], selector: selectors.BaseSelector
) -> None:
    for pid in [*under_way]:
        known, status = os.waitpid(pid, os.WNOHANG)
        if known:
            line = under_way.pop(pid)
            selector.unregister(line)
            with line, suppress(OSError):  # nobody waits any more
                line.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))


def _asked(line: socket.socket) -> bytes:
    """Signals, by their numbers."""
    try:
        return line.recv(100) or bytes([signal.SIGKILL])
    except ConnectionError:
        return bytes([signal.SIGKILL])


@dataclass
class _Reader:
    """The process that reads pages, for a program that was forked: such a fork, too."""

    _line: socket.socket
    pid: int
    stdin: IO[bytes]
    stdout: IO[bytes]

    def poll(self) -> int | None:
        """None while it lives; nobody asks how it ended."""
        return None if Path(f"/proc/{self.pid}").exists() else 1

    def kill(self) -> None:
        """As who starts programs does once nobody holds the line."""
        self._line.close()

    def __enter__(self) -> _Reader:
        return self

    def __exit__(self, *_: object) -> None:
        self.stdout.close()


def _start_reader(place: str) -> _Reader:
    (asked, into), (out, answers) = os.pipe(), os.pipe()
    line, pid = forked.start(place, ["-c", _SERVE], {}, [asked, answers, 2])
    os.close(asked)
    os.close(answers)
    return _Reader(line, pid, os.fdopen(into, "wb"), os.fdopen(out, "rb"))


def _become(asked: int, *files: int) -> None:
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    # anew: what stood there was a file of another kind
    sys.stdin = open(0, closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", 1, errors="backslashreplace", closefd=False)  # noqa: SIM115
    with open(asked, encoding="utf-8") as file:
        program: dict[str, Any] = json.load(file)
    os.environ.clear()
    os.environ.update(program["environ"])
    os.chdir(program["folder"])
    # the runs of a watch are such programs, too
    watch.sys = SimpleNamespace(
        executable=str(Path(sys.argv[2]).with_name("python"))
    )  # type: ignore[attr-defined]
    sandbox.start = partial(_start_reader, sys.argv[2])  # type: ignore[assignment]
    kind, what, *sys.argv[1:] = program["words"]
    status = 1
    try:
        if kind == "-m":
            runpy.run_module(what, run_name="__main__", alter_sys=True)
        else:
            sys.argv[0] = kind
            exec(compile(what, "<string>", "exec"), {"__name__": "__main__"})
        status = 0
    except SystemExit as end:
        status = (
            end.code if isinstance(end.code, int) else int(end.code is not None)
        )
        raise
    finally:
        _LEAVING.append(status)


def _leave() -> None:
    """Last of all: to free what was loaded takes longer than the program."""
    for status in _LEAVING:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    atexit.register(_leave)  # before others do
    _load()
    _start_programs(socket.socket(fileno=int(sys.argv[1])))
