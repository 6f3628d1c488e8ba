"""Process identities, so that a dead process's claims are found at once."""

from __future__ import annotations

import os
import socket
from pathlib import Path

_PROC = Path("/proc")


def this_process() -> str:
    """host:pid:start-time; the host includes the pid namespace, for containers can share a name."""
    return f"{_host()}:{os.getpid()}:{_started(os.getpid())}"


def is_dead(claim: str) -> bool:
    """On this host; False on others."""
    host, pid, started = claim.rsplit(":", 2)
    if host != _host():
        return False
    number = int(pid)
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return True
    except PermissionError:  # of another user
        pass
    return _started(number) != started


def _host() -> str:
    try:
        space = os.readlink("/proc/self/ns/pid").strip("pid:[]")
    except OSError:
        space = "0"
    return f"{socket.gethostname()}/{space}"


def _started(pid: int) -> str:
    """Boot and ticks since: pids are reused."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text()[:8]
        # the command name, in brackets, may hold anything; the start time is the 20th field after it
        ticks = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return "0"
    return f"{boot}.{ticks}"
