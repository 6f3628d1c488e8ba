"""PDF to blocks, in a process of its own: a file made to exhaust its reader takes that one down, and nothing else."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

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


def read_pdf(body: bytes, *, language: str | None = None) -> Page:
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-c", f"{_PATH}; {_READ}", *sys.path],
            input=body,
            capture_output=True,
            timeout=SECONDS,
        )
    except subprocess.TimeoutExpired as late:
        raise UnreadablePage(Reason("unreadable.costly")) from late
    if done.returncode in _AT_ITS_LIMITS:
        raise UnreadablePage(Reason("unreadable.costly"))
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip()
        raise RuntimeError(f"the reader of PDFs ended with status {done.returncode}: {said[-200:]}")
    answer = json.loads(done.stdout)
    if "unreadable" in answer:
        raise UnreadablePage(Reason(answer["unreadable"]))
    blocks = tuple(Block(kind, text, tuple(heading)) for kind, text, heading in answer["blocks"])
    spoken = language_of(" ".join(block.text for block in blocks), declared=language)
    dropped = tuple(Dropped(text, "running head or page number") for text in answer["dropped"])
    return Page(answer["title"], spoken, blocks, dropped)
