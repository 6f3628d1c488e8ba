"""Confines the process that reads strangers' pages, before it reads any.

Landlock (files) and seccomp (system calls) need no privileges and are irrevocable. Where a kernel has only one, that
one is used.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import struct
import sys
import sysconfig
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

_OURS = (
    "analysis",
    "crawler",
    "foundation",
    "messages",
    "policywatch",
)
# libraries of lazily loaded packages, and time zones
_SYSTEM = (
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
    "/etc/ld.so.cache",
    "/usr/share/zoneinfo",
)
_FILES = 64  # open at once
_PR_GET_SECCOMP, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 21, 22, 38


class Restrictions(NamedTuple):
    """What is in force: no files but our own code; no sockets, processes or signals."""

    files: bool
    calls: bool


def confine() -> Restrictions:
    """Afterwards the process can only read the program's code, and use what is open."""
    for limit, most in (
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, _FILES),
    ):
        resource.setrlimit(limit, (most, most))
    if sys.platform != "linux":
        return Restrictions(files=False, calls=False)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return Restrictions(files=False, calls=False)
    return Restrictions(files=_allow_files(libc, _code()), calls=_allow_calls(libc))


def _code() -> set[Path]:
    """Ours, and Python with its packages; never a folder that may hold a store."""
    paths = sysconfig.get_paths()
    folders = {
        Path(paths[name]) for name in ("stdlib", "platstdlib", "purelib", "platlib")
    }
    base = Path(sys.base_prefix) / "lib"
    roots = [Path(entry) for entry in sys.path if entry]
    return {
        *folders,
        base,
        *map(Path, _SYSTEM),
        *(
            root
            for root in roots
            if root.name in ("site-packages", "dist-packages")
        ),
        *(root / name for root in roots for name in _OURS),
    }


# --- Landlock: https://docs.kernel.org/userspace-api/landlock.html ---
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # on all architectures
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
_PATH_BENEATH = 1


def _allow_files(libc: ctypes.CDLL, readable: Iterable[Path]) -> bool:
    """Nothing written; no TCP, where the kernel supports that."""
    version = libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), 1)
    if version < 1:
        return False
    rights = (
        13 + (version >= 2) + (version >= 3) + (version >= 5)
    )  # rights of files this kernel knows
    handled = [(1 << rights) - 1]
    if version >= 4:
        handled.append(0b11)  # bind and connect
    if version >= 6:
        handled.append(0b11)  # abstract sockets, signals to others
    attributes = struct.pack(f"{len(handled)}Q", *handled)
    rules = libc.syscall(
        _CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0
    )
    if rules < 0:
        return False
    try:
        for path in readable:
            if not path.exists():
                continue
            opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
            rule = struct.pack(
                "=Qi", _READ_FILE | (_READ_DIR if path.is_dir() else 0), opened
            )
            failed = libc.syscall(_ADD_RULE, rules, _PATH_BENEATH, rule, 0)
            os.close(opened)
            if failed:
                return False
        return bool(libc.syscall(_RESTRICT_SELF, rules, 0) == 0)
    finally:
        os.close(rules)


# --- seccomp: a filter of system calls, as instructions of the kernel's packet filter ---
_LOAD, _IS, _HAS, _RETURN = (
    0x20,
    0x15,
    0x45,
    0x06,
)  # jump if equal; jump if any bit is set
_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050001, 0x80000000  # refusing is EPERM
_NUMBER, _AUDIT, _ARGUMENTS = 0, 4, 16  # offsets into seccomp_data
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def _allow_calls(libc: ctypes.CDLL) -> bool:
    """All others are refused."""
    table = Path(__file__).with_name("system_calls.toml").read_text("utf-8")
    numbers = tomllib.loads(table).get(platform.machine())
    is_64_bits = sys.maxsize > 2**32  # 32 bits differ
    if (
        numbers is None
        or not is_64_bits
        or libc.prctl(_PR_GET_SECCOMP, 0, 0, 0, 0) != 0
    ):
        return False
    code = b"".join(
        struct.pack("=HBBI", *instruction) for instruction in _filter(numbers)
    )
    kept = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("@HP", len(code) // 8, ctypes.addressof(kept))
    return bool(libc.prctl(_PR_SET_SECCOMP, 2, program, 0, 0) == 0)


def _filter(numbers: dict[str, Any]) -> Iterator[tuple[int, int, int, int]]:
    yield _LOAD, 0, 0, _AUDIT
    yield _IS, 1, 0, numbers["audit"]
    yield _RETURN, 0, 0, _KILL
    yield _LOAD, 0, 0, _NUMBER
    for number, argument in numbers["opens"].values():
        yield _IS, 0, 4, number
        yield _LOAD, 0, 0, _ARGUMENTS + 8 * argument
        yield _HAS, 1, 0, _WRITES
        yield _RETURN, 0, 0, _ALLOW
        yield _RETURN, 0, 0, _REFUSE
    yield _IS, 0, 4, numbers["prlimit64"]
    yield _LOAD, 0, 0, _ARGUMENTS
    yield _IS, 0, 1, 0
    yield _RETURN, 0, 0, _ALLOW
    yield _RETURN, 0, 0, _REFUSE
    for number in numbers["calls"].values():
        yield _IS, 0, 1, number
        yield _RETURN, 0, 0, _ALLOW
    yield _RETURN, 0, 0, _REFUSE
