"""Reading and comparing in a separate process, so that a hostile page can exhaust or take over nothing else.

It lives until `close`, or until a page exceeds the limits, without environment, files, sockets or processes
(`policywatch.confinement`). Calls are pickled; results are JSON, validated against the function's annotated return
type.
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
from queue import Empty, SimpleQueue
from threading import Lock, Timer
from typing import IO, Any, NamedTuple, ParamSpec, TypeVar, get_type_hints

from pydantic import TypeAdapter, ValidationError

from analysis.model import TooCostly, UnfitModel, UnreadablePage
from messages import Message
from policywatch.confinement import Restrictions, confine

P = ParamSpec("P")
R = TypeVar("R")

SECONDS = 300  # wall clock
CPU_SECONDS = 7
MEMORY = 430 << 20  # bytes of address space, beyond what the process has
_LONGEST_ANSWER = 128 << 20  # bytes
# not a fork, as this process may have threads
_SERVE = "import sys; sys.path[:] = sys.argv[1:]; from policywatch.sandbox import serve; serve()"
_LIBRARIES = "LD_LIBRARY_PATH"  # for some installations of Python
_STATM = "/proc/self/statm"
_RETURNED, _UNREADABLE, _COSTLY, _FAILED = b"RUCF"  # kinds of answers
_HEAD = struct.Struct("=BQ")  # kind and length
_MESSAGE: TypeAdapter[Message] = TypeAdapter(Message)
_PATIENCE = (
    0.2  # seconds that a call waits for a busy process before it starts another
)
_idle: SimpleQueue[subprocess.Popen[bytes]] = SimpleQueue()
_busy: list[subprocess.Popen[bytes]] = []
_taking = Lock()
_walls = Restrictions(files=False, calls=False)  # of this process


class _Request(NamedTuple):
    call: partial[Any]
    cpu_seconds: int
    memory: int


class _Failure(NamedTuple):
    """A program error in that process."""

    kind: str
    error: str
    trace: str


_FAILURE: TypeAdapter[_Failure] = TypeAdapter(_Failure)


class FailedInside(Exception):
    """A program error in that process; `reason` contains it."""

    def __init__(self, kind: str, error: str) -> None:
        super().__init__(f"{kind}: {error}")
        self.reason = Message("mistake.page", kind=kind, error=repr(error)[:200])


def run(function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
    """Call the function there; its return type must be annotated. Raises `TooCostly` beyond the limits,
    `UnreadablePage` and `UnfitModel` as it does, `FailedInside`.
    """
    call = partial(function, *args, **kwargs)
    with _taking:  # who comes while one starts waits for that one
        process = _process()
        _busy.append(process)
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
        _busy.remove(process)
    _idle.put(process)
    if failure is not None:
        raise failure
    return result  # type: ignore[no-any-return]


def walls() -> Restrictions:
    return run(_standing)


@atexit.register
def close() -> None:
    with suppress(Empty):
        while True:
            _end(_idle.get_nowait())


def _process() -> subprocess.Popen[bytes]:
    with suppress(Empty):
        while True:
            process = _idle.get(timeout=_PATIENCE if _busy else 0)
            if process.poll() is None:
                return process
            _end(process)
    process = start()
    if not _pipe(process.stdout).read(1):
        _end(process)
        raise RuntimeError(
            "the process that reads pages did not start"
        )  # its reason is on standard error
    return process


def start() -> subprocess.Popen[bytes]:
    """It will report being ready."""
    environ = (
        {_LIBRARIES: os.environ[_LIBRARIES]} if _LIBRARIES in os.environ else {}
    )
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
    if kind == 0 or len(answer) < length:  # died
        raise TooCostly
    return kind, answer


def _understood(
    call: partial[Any], kind: int, answer: bytes
) -> tuple[Any, Exception | None]:
    """The result or exception. Values of another type were not written by our code."""
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
    if failure.kind == UnfitModel.__name__:  # not about one page
        return None, UnfitModel(failure.error)
    raised = FailedInside(failure.kind, failure.error)
    raised.add_note(failure.trace)
    return None, raised


@cache
def _type_of(function: Callable[..., Any]) -> TypeAdapter[Any]:
    return TypeAdapter(get_type_hints(function)["return"])


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    with suppress(BrokenPipeError):  # unread requests
        _pipe(process.stdin).close()
    with process:  # closes the other pipe, and waits
        pass


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None, "the process was started with pipes"
    return pipe


def serve() -> None:
    """Answers requests until the end."""
    global _walls
    # which the parent handles
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, signal.SIG_IGN)
    logging.disable()  # pdfminer is verbose
    os.environ["OPENBLAS_NUM_THREADS"] = (
        "1"  # more threads only wait for each other
    )
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    statm = os.open(_STATM, os.O_RDONLY) if os.path.exists(_STATM) else None
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (
        0,
        1,
        2,
    ):  # nor reach a terminal
        os.dup2(nowhere, number)
    os.close(nowhere)
    _walls = confine()
    tempfile.TemporaryFile = _in_memory  # type: ignore[assignment]  # no folder is writable
    gc.set_threshold(100_000)  # extraction leaves few cycles
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
    """For libraries that unpack a model into a temporary file."""
    return io.BytesIO()


def _answer(pickled: bytes, statm: int | None) -> tuple[int, bytes]:
    try:
        request: _Request = pickle.loads(pickled)  # noqa: S301  # from the parent process
        _limit(request, statm)
        result = request.call()
        return _RETURNED, _type_of(request.call.func).dump_json(result)
    except MemoryError:
        raise
    except UnreadablePage as failure:
        kind = _COSTLY if isinstance(failure, TooCostly) else _UNREADABLE
        return kind, _MESSAGE.dump_json(failure.reason)
    except Exception as failure:  # noqa: BLE001  # raised in the parent process
        failed = _Failure(
            type(failure).__name__,
            str(failure)[:1000],
            traceback.format_exc()[-10_000:],
        )
        return _FAILED, _FAILURE.dump_json(failed)


def _standing() -> Restrictions:
    return _walls


def _limit(request: _Request, statm: int | None) -> None:
    """Of one request; the system kills the process beyond them."""
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
            limit,
            (bound if hard == resource.RLIM_INFINITY else min(bound, hard), hard),
        )
