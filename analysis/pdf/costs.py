"""How much a PDF may take before it is too costly to read.

A few hundred bytes can describe gigabytes, or minutes of work. A policy of 40 pages takes some two seconds and 60 MB.
"""

from __future__ import annotations

from contextlib import suppress

SECONDS = 120  # by the clock; all that a system without rlimits (Windows) knows
_CPU_SECONDS = 30
_MEMORY = 1 << 30  # bytes of address space
PAGES = 500
CHARACTERS = 2_000_000
ANSWER = 20_000_000  # bytes: the text with the titles over each of its blocks


class TooCostly(Exception):
    """The PDF has more in it than any policy."""


def limit() -> None:
    """Bound what this process can take from now on. The system kills it where it takes more."""
    try:
        import resource
    except ImportError:
        return
    bounds = ((resource.RLIMIT_CPU, _CPU_SECONDS), (resource.RLIMIT_AS, _MEMORY), (resource.RLIMIT_CORE, 0))
    for what, most in bounds:
        with suppress(ValueError, OSError):  # a system that doesn't let it be set, or set lower already
            resource.setrlimit(what, (most, most))
