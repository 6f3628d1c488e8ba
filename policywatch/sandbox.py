"""Reading and comparing in a process of its own: a page made to exhaust it, or to take it over, gets nothing but that.

The process is started at the first call and lives until `close`, or until a page is too much for it. It has no
environment, and reaches no file, socket or process (`policywatch.confinement`). Functions of modules and their
arguments go there pickled; what they return comes back as JSON, and is believed only as far as it is of the type that
they are declared to return.
"""

from __future__ import annotations

import atexit
import gc
import io
import logging
import os
import pickle
import resource
import signal
import struct
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable
from contextlib import suppress
from functools import cache, partial
from threading import Timer
from typing import IO, Any, NamedTuple, ParamSpec, TypeVar, get_type_hints

from pydantic import TypeAdapter, ValidationError

from analysis.model import TooCostly, UnfitModel, UnreadablePage
from messages import Message
from policywatch.confinement import Walls, confine

P = ParamSpec("P")
R = TypeVar("R")

SECONDS = 300  # by the clock, for a machine that has much else to do
CPU_SECONDS = 7
MEMORY = 430 << 20  # bytes of address space, beside what the process has before
_LONGEST_ANSWER = 128 << 20  # bytes
# a fresh interpreter, not a fork: this process may have threads. It finds our modules where this one did
_SERVE = "import sys; sys.path[:] = sys.argv[1:]; from policywatch.sandbox import serve; serve()"
_LIBRARIES = "LD_LIBRARY_PATH"  # without it some installations of Python don't start
_STATM = "/proc/self/statm"
_RETURNED, _UNREADABLE, _COSTLY, _FAILED = b"RUCF"  # kinds of answers
_HEAD = struct.Struct("=BQ")  # the kind, and how many bytes follow
_MESSAGE: TypeAdapter[Message] = TypeAdapter(Message)
_idle: list[
    subprocess.Popen[bytes]
] = []  # one for each thread that has called at the same time
_walls = Walls(files=False, calls=False)  # of this process, where it is one that reads


class _Request(NamedTuple):
    call: partial[Any]
    cpu_seconds: int
    memory: int


class _Failure(NamedTuple):
    """Of our own code, over there."""

    kind: str
    error: str
    trace: str


_FAILURE: TypeAdapter[_Failure] = TypeAdapter(_Failure)


class FailedInside(Exception):
    """A mistake of the program, made in the process that reads; `reason` tells what it raised."""

    def __init__(self, kind: str, error: str) -> None:
        super().__init__(f"{kind}: {error}")
        self.reason = Message("mistake.page", kind=kind, error=repr(error)[:200])


def run(function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
    """What the function returns, which is annotated at it. Raises `TooCostly` where that takes more than the limits,
    `UnreadablePage` and `UnfitModel` where it does, and `FailedInside` for anything else that it raises."""
    call = partial(function, *args, **kwargs)
    process = _process()
    deadline = Timer(SECONDS, process.kill)
    deadline.daemon = True
    deadline.start()
    try:
        kind, answer = _ask(process, _Request(call, CPU_SECONDS, MEMORY))
        result, failure = _understood(call, kind, answer)
    except BaseException:
        _end(process)
        raise
    finally:
        deadline.cancel()
    _idle.append(process)
    if failure is not None:
        raise failure
    return result  # type: ignore[no-any-return]


def walls() -> Walls:
    """What keeps a process that reads from this system."""
    return run(_standing)


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
    process = start()
    if not _pipe(process.stdout).read(1):
        _end(process)
        raise RuntimeError(
            "the process that reads pages did not start"
        )  # it has said why on standard error
    return process


def start() -> subprocess.Popen[bytes]:
    """A process that will say that it is ready."""
    environ = {_LIBRARIES: os.environ[_LIBRARIES]} if _LIBRARIES in os.environ else {}
    command = [sys.executable, "-I", "-c", _SERVE, *map(os.path.abspath, sys.path)]
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environ
    )


def _ask(process: subprocess.Popen[bytes], request: _Request) -> tuple[int, bytes]:
    answers = _pipe(process.stdout)
    pickled = pickle.dumps(request)
    try:
        _pipe(process.stdin).write(_HEAD.pack(0, len(pickled)))
        _pipe(process.stdin).write(pickled)
        _pipe(process.stdin).flush()
    except BrokenPipeError:
        raise TooCostly from None
    head = answers.read(_HEAD.size)
    kind, length = _HEAD.unpack(head) if len(head) == _HEAD.size else (0, 0)
    answer = answers.read(length) if length <= _LONGEST_ANSWER else b""
    if kind == 0 or len(answer) < length:  # it died, perhaps amid its answer
        raise TooCostly
    return kind, answer


def _understood(
    call: partial[Any], kind: int, answer: bytes
) -> tuple[Any, Exception | None]:
    """The result or the exception. What isn't of the type that is expected was not written by our code."""
    try:
        if kind == _RETURNED:
            return _type_of(call.func).validate_json(answer), None
        if kind in (_UNREADABLE, _COSTLY):
            reason = _MESSAGE.validate_json(answer)
            return None, TooCostly(reason) if kind == _COSTLY else UnreadablePage(
                reason
            )
        failure = _FAILURE.validate_json(answer)
    except ValidationError as invalid:
        raise FailedInside(
            "ValidationError", str(invalid.errors(include_input=False)[:1])
        ) from None
    if failure.kind == UnfitModel.__name__:  # no mistake with one page
        return None, UnfitModel(failure.error)
    raised = FailedInside(failure.kind, failure.error)
    raised.add_note(failure.trace)
    return None, raised


@cache
def _type_of(function: Callable[..., Any]) -> TypeAdapter[Any]:
    return TypeAdapter(get_type_hints(function)["return"])


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
    global _walls
    # signals are for the process that waits for this one, and ends it
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, signal.SIG_IGN)
    logging.disable()  # pdfminer has much to say of a bad file
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # more threads only wait for one another
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    statm = os.open(_STATM, os.O_RDONLY) if os.path.exists(_STATM) else None
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (
        0,
        1,
        2,
    ):  # what is printed gets neither between the answers nor into a terminal
        os.dup2(nowhere, number)
    os.close(nowhere)
    _walls = confine()
    tempfile.TemporaryFile = _in_memory  # type: ignore[assignment]  # there is no folder to write to
    gc.set_threshold(100_000)  # what reading makes goes by itself
    answers.write(b"!")
    answers.flush()
    while head := requests.read(_HEAD.size):
        _, length = _HEAD.unpack(head)
        try:
            kind, answer = _answer(requests.read(length), statm)
        except MemoryError:
            os._exit(1)
        answers.write(_HEAD.pack(kind, len(answer)))
        answers.write(answer)
        answers.flush()


def _in_memory(*_: object, **__: object) -> io.BytesIO:
    """What a library unpacks into a temporary file: the model that tells languages apart."""
    return io.BytesIO()


def _answer(pickled: bytes, statm: int | None) -> tuple[int, bytes]:
    try:
        request: _Request = pickle.loads(pickled)  # noqa: S301  # of the process that started this one
        _limit(request, statm)
        result = request.call()
        return _RETURNED, _type_of(request.call.func).dump_json(result)
    except MemoryError:
        raise
    except UnreadablePage as failure:
        kind = _COSTLY if isinstance(failure, TooCostly) else _UNREADABLE
        return kind, _MESSAGE.dump_json(failure.reason)
    except Exception as failure:  # noqa: BLE001  # it is raised where the function was asked for
        failed = _Failure(
            type(failure).__name__,
            str(failure)[:1000],
            traceback.format_exc()[-10_000:],
        )
        return _FAILED, _FAILURE.dump_json(failed)


def _standing() -> Walls:
    return _walls


def _limit(request: _Request, statm: int | None) -> None:
    """Bound what one request can take. The system kills the process where it takes more."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    bounds = {
        resource.RLIMIT_CPU: int(used.ru_utime + used.ru_stime)
        + 1
        + request.cpu_seconds,
        resource.RLIMIT_CORE: 0,
    }
    if statm is not None:
        pages = int(os.pread(statm, 100, 0).split()[0])
        bounds[resource.RLIMIT_AS] = pages * resource.getpagesize() + request.memory
    for limit, bound in bounds.items():
        _, hard = resource.getrlimit(limit)
        resource.setrlimit(
            limit, (bound if hard == resource.RLIM_INFINITY else min(bound, hard), hard)
        )
