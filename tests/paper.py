"""Small PDF files for tests: lines of text at places, in Helvetica and Helvetica-Bold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Ink(NamedTuple):
    """A line of text: from the left and from the bottom of the paper, in points (a page is 600 by 800)."""

    left: float
    bottom: float
    text: str
    size: float = 10
    bold: bool = False


class Rule(NamedTuple):
    """A line that is ruled across the paper."""

    left: float
    right: float
    bottom: float


def pdf(
    pages: Sequence[Sequence[Ink | Rule]], meant: Mapping[str, int] | None = None
) -> bytes:
    """`meant` says by number which character a letter stands for, whatever it looks like."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"",  # the list of pages, once their numbers are known
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >>",
    ]
    kids = []
    for lines in pages:
        ink = b"".join(_drawn(line) for line in lines)
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(ink), ink))
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents %d 0 R"
            b" /Resources << /Font << /F1 3 0 R /F2 4 0 R >> >> >>" % len(objects)
        )
        kids.append(b"%d 0 R" % len(objects))
    if meant:
        objects.append(_meaning(meant))
        for font in (2, 3):
            objects[font] = objects[font].replace(
                b" >>", b" /ToUnicode %d 0 R >>" % len(objects)
            )
    objects[1] = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (
        b" ".join(kids),
        len(kids),
    )
    return _file(objects)


def _meaning(meant: Mapping[str, int]) -> bytes:
    told = b" ".join(
        b"<%02x> <%02x> [%d]" % (ord(letter), ord(letter), number)
        for letter, number in meant.items()
    )
    letters = b"begincmap <00> <7f> <0000> %s endbfrange endcmap" % told
    letters = letters.replace(
        b"begincmap", b"begincmap %d beginbfrange" % (len(meant) + 1)
    )
    return b"<< /Length %d >>\nstream\n%s\nendstream" % (len(letters), letters)


def _drawn(line: Ink | Rule) -> bytes:
    if isinstance(line, Rule):
        return b"%g %g m %g %g l S\n" % (
            line.left,
            line.bottom,
            line.right,
            line.bottom,
        )
    text = (
        line.text.encode("cp1252")
        .replace(b"\\", rb"\\")
        .replace(b"(", rb"\(")
        .replace(b")", rb"\)")
    )
    font = 2 if line.bold else 1
    return b"BT /F%d %g Tf %g %g Td (%s) Tj ET\n" % (
        font,
        line.size,
        line.left,
        line.bottom,
        text,
    )


def _file(objects: Sequence[bytes]) -> bytes:
    written = b"%PDF-1.4\n"
    places = []
    for number, content in enumerate(objects, 1):
        places.append(len(written))
        written += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    start = len(written)
    written += b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, table)
    return (
        written
        + b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF"
        % (
            len(objects) + 1,
            start,
        )
    )
