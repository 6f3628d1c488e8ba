"""Extracting and comparing in a process of its own: a page made to exhaust it takes that one down, and nothing else.

It is started at the first call and lives until `close`, or until a page is too much for it. Functions of modules and
their arguments go there pickled; what they raise is raised here.
"""

from __future__ import annotations

import atexit
import gc
import logging
import os
import pickle
import resource
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from threading import Timer
from typing import IO, Any, NamedTuple, ParamSpec, TypeVar

from analysis.model import TooCostly

P = ParamSpec("P")
R = TypeVar("R")

SECONDS = 300  # by the clock, for a machine that has much else to do
CPU_SECONDS = 60
MEMORY = 1 << 30  # bytes of address space, beside what the process has before
# a fresh interpreter, not a fork: this process may have threads. It finds our modules where this one did
_SERVE = "import sys; sys.path[:] = sys.argv[1:]; from policywatch.sandbox import serve; serve()"
_STATM = Path("/proc/self/statm")
_idle: list[subprocess.Popen[bytes]] = []  # one for each thread that has called at the same time


class _Request(NamedTuple):
    call: Callable[[], Any]
    cpu_seconds: int
    memory: int


def run(function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
    """What the function returns. Raises `TooCostly` where that takes more than the limits."""
    process = _process()
    deadline = Timer(SECONDS, process.kill)
    deadline.daemon = True
    deadline.start()
    try:
        result, failure = _ask(process, _Request(partial(function, *args, **kwargs), CPU_SECONDS, MEMORY))
    except BaseException:
        _end(process)
        raise
    finally:
        deadline.cancel()
    _idle.append(process)
    if failure is not None:
        raise failure
    return result  # type: ignore[no-any-return]


@atexit.register
def close() -> None:
    """End the processes that wait for work."""
    while _idle:
        _end(_idle.pop())


def _process() -> subprocess.Popen[bytes]:
    while _idle:
        process = _idle.pop()
        if process.poll() is None:
            return process
        _end(process)
    environ = os.environ | {"OPENBLAS_NUM_THREADS": "1"}  # more threads only wait for one another
    command = [sys.executable, "-I", "-c", _SERVE, *sys.path]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environ)
    if not _pipe(process.stdout).read(1):
        _end(process)
        raise RuntimeError("the process that reads pages did not start")  # it has said why on standard error
    return process


def _ask(process: subprocess.Popen[bytes], request: _Request) -> tuple[Any, BaseException | None]:
    try:
        pickle.dump(request, _pipe(process.stdin))
        _pipe(process.stdin).flush()
        answer: tuple[Any, BaseException | None] = pickle.load(_pipe(process.stdout))  # noqa: S301  # of our own code
    except (EOFError, BrokenPipeError, pickle.UnpicklingError):  # it died, perhaps amid its answer
        raise TooCostly from None
    return answer


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    with suppress(BrokenPipeError):  # what it was not told yet
        _pipe(process.stdin).close()
    with process:  # closes the other pipe, and waits
        pass


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None, "the process was started with pipes"
    return pipe


def serve() -> None:
    """The other side: answer requests until there are no more."""
    # signals are for the process that waits for this one, and ends it
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    logging.disable()  # pdfminer has much to say of a bad file
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # nothing that is printed gets between the answers
    gc.set_threshold(100_000)  # what reading makes goes by itself
    answers.write(b"!")
    answers.flush()
    while True:
        try:
            request = pickle.load(requests)  # noqa: S301
        except EOFError:
            return
        try:
            _limit(request)
            answer = pickle.dumps(_answer(request))
        except MemoryError:
            os._exit(1)
        answers.write(answer)
        answers.flush()


def _answer(request: _Request) -> tuple[Any, BaseException | None]:
    try:
        return request.call(), None
    except MemoryError:
        raise
    except Exception as failure:  # noqa: BLE001  # it is raised where the function was asked for
        if not hasattr(failure, "reason"):
            failure.add_note(traceback.format_exc())
        return None, failure


def _limit(request: _Request) -> None:
    """Bound what one request can take. The system kills the process where it takes more."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    bounds = {
        resource.RLIMIT_CPU: int(used.ru_utime + used.ru_stime) + 1 + request.cpu_seconds,
        resource.RLIMIT_CORE: 0,
    }
    if _STATM.exists():
        pages = int(_STATM.read_text("ascii").split()[0])
        bounds[resource.RLIMIT_AS] = pages * resource.getpagesize() + request.memory
    for limit, bound in bounds.items():
        _, hard = resource.getrlimit(limit)
        resource.setrlimit(limit, (bound if hard == resource.RLIM_INFINITY else min(bound, hard), hard))
