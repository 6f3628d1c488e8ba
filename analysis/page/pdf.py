"""PDF to blocks, in a process of its own: a file made to exhaust its reader takes that one down, and nothing else."""

from __future__ import annotations

import hashlib
import json
import signal
import subprocess
import sys
from collections import OrderedDict
from typing import Any

from analysis.blocks import Block, Dropped, Page, UnreadablePage
from analysis.pdf.costs import SECONDS
from analysis.text.language import language_of
from reasons import Reason

# a fresh interpreter, not a fork: this process may have threads. It finds our modules where this one did
_PATH = "import sys; sys.path[:] = sys.argv[1:]"
_READ = "from analysis.pdf.__main__ import main; main()"
# how the system, or a library that gets no memory, ends a process that is at its limits; Windows knows none of them
_AT_ITS_LIMITS = {
    -getattr(signal, name) for name in ("SIGXCPU", "SIGKILL", "SIGSEGV", "SIGABRT", "SIGBUS") if hasattr(signal, name)
}
# One check reads a PDF up to three times (as fetched, as fetched once more, as kept), and a hostile one takes half a
# minute each time: why the last ones gave no text, by their digests
_failed: OrderedDict[bytes, str] = OrderedDict()
_KEPT = 100


def read_pdf(body: bytes, *, language: str | None = None) -> Page:
    digest = hashlib.sha256(body).digest()
    known = _failed.get(digest)
    answer: dict[str, Any] = _read(body) if known is None else {"unreadable": known}
    if "unreadable" in answer:
        _failed[digest] = answer["unreadable"]
        if len(_failed) > _KEPT:
            _failed.popitem(last=False)
        raise UnreadablePage(Reason(answer["unreadable"]))
    blocks = tuple(Block(kind, text, tuple(heading)) for kind, text, heading in answer["blocks"])
    spoken = language_of(" ".join(block.text for block in blocks), declared=language)
    dropped = tuple(Dropped(text, "running head or page number") for text in answer["dropped"])
    return Page(answer["title"], spoken, blocks, dropped)


def _read(body: bytes) -> dict[str, Any]:
    """What the other process says: {"title", "blocks", "dropped"}, or {"unreadable"} with a reason's code."""
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-c", f"{_PATH}; {_READ}", *sys.path],
            input=body,
            capture_output=True,
            timeout=SECONDS,
        )
    except subprocess.TimeoutExpired:
        return {"unreadable": "unreadable.costly"}
    # it may run out of memory even while it says so
    if done.returncode in _AT_ITS_LIMITS or (done.returncode != 0 and b"MemoryError" in done.stderr):
        return {"unreadable": "unreadable.costly"}
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip()
        raise RuntimeError(f"the reader of PDFs ended with status {done.returncode}: {said[-200:]}")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer
