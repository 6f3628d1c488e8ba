"""PDF to blocks."""

from __future__ import annotations

from analysis.extract.pdf.blocks import NoText, blocks_of
from analysis.extract.pdf.costs import TooLarge
from analysis.model import Block, Dropped, Page, UnreadablePage
from analysis.text.language import language_of
from messages import Message


def read_pdf(body: bytes, *, language: str | None = None) -> Page:
    """A few hundred bytes can ask for hours or gigabytes: what comes from the web is read by `policywatch.sandbox`."""
    try:
        found = blocks_of(body)
    except TooLarge as failure:
        raise UnreadablePage(Message("unreadable.costly")) from failure
    except NoText as failure:
        raise UnreadablePage(Message("unreadable.scan")) from failure
    except MemoryError:
        raise
    except Exception as failure:  # hostile bytes bring any error out of the parser: KeyError, TypeError
        raise UnreadablePage(Message("unreadable.pdf")) from failure
    blocks = tuple(Block(kind, text, tuple(heading)) for kind, text, heading in found["blocks"])
    spoken = language_of(" ".join(block.text for block in blocks), declared=language)
    dropped = tuple(Dropped(text, "running head or page number") for text in found["dropped"])
    return Page(found["title"], spoken, blocks, dropped)
