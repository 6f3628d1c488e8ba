"""Bytes to characters, as browsers do, but more forgiving."""

from __future__ import annotations

import codecs
import re

from w3lib.encoding import html_body_declared_encoding, read_bom, resolve_encoding

_LATIN = frozenset(("cp1252", "iso8859-15"))
_NOT_OF_PAGES = frozenset(
    (
        "idna",
        "mbcs",
        "oem",
        "punycode",
        "raw-unicode-escape",
        "undefined",
        "unicode-escape",
    )
)


def _as_windows(failure: UnicodeError) -> tuple[str, int]:
    if not isinstance(failure, UnicodeDecodeError):
        raise failure
    wrong = failure.object[failure.start : failure.end]
    return wrong.decode("cp1252", "replace"), failure.end


codecs.register_error("policywatch.windows", _as_windows)
# of UTF-8 letters and quotation marks that were decoded as windows-1252 and encoded again
_FOLLOWS = bytes(range(0x80, 0xC0)).decode("cp1252", "ignore")
_READ_TWICE = re.compile(f"[ÂÃ][{_FOLLOWS}]|â€")
_MARKS_OF_TWICE = (
    "Â",
    "Ã",
    "â€",
)  # most pages fail
# PostgreSQL refuses NUL
_CONTROLS = tuple(sign for sign in map(chr, range(0x20)) if sign not in "\t\n\f\r")


def decoded(body: bytes, *, charset: str | None = None, html: bool = True) -> str:
    """Without control characters; doubly encoded UTF-8 is repaired line by line ("Ã©" is "é")."""
    text = _as_declared(body, charset, html=html)
    for sign in _CONTROLS:
        if sign in text:
            text = text.replace(sign, " " if sign.isspace() else "")
    if not (
        any(mark in text for mark in _MARKS_OF_TWICE) and _READ_TWICE.search(text)
    ):
        return text
    import ftfy  # loads slowly

    return "".join(
        ftfy.fix_encoding(line) if _READ_TWICE.search(line) else line
        for line in text.splitlines(keepends=True)
    )


def _as_declared(body: bytes, charset: str | None, *, html: bool) -> str:
    """A byte order mark wins, then the declaration unless the bytes refute it, then UTF-8. Other bytes in a page
    declared UTF-8 are nearly always windows-1252.
    """
    mark, start = read_bom(body)
    if mark and start:
        return body.removeprefix(start).decode(mark, "replace")
    if len(body) > 7 and body[0] and not any(body[1:8:2]):
        return body.decode("utf-16-le", "replace")
    if len(body) > 7 and body[1] and not any(body[0:8:2]):
        return body.decode("utf-16-be", "replace")
    declared = _declared(body, charset, html=html)
    is_certain = (
        declared is not None
        and declared not in _LATIN
        and not declared.startswith("utf")
    )
    for codec in [declared, "utf-8"] if declared and is_certain else ["utf-8"]:
        try:
            return body.decode(codec)
        except UnicodeDecodeError:
            pass
    if declared and is_certain:
        return body.decode(declared, "replace")
    return body.decode(
        "cp1252" if declared in _LATIN else "utf-8", "policywatch.windows"
    )


def _declared(body: bytes, charset: str | None, *, html: bool) -> str | None:
    """None if it is no encoding of pages."""
    name = resolve_encoding(charset) if charset else None
    name = name or (html_body_declared_encoding(body) if html else None)
    if name is None or name in _NOT_OF_PAGES:
        return None
    return (
        name if codecs.lookup(name)._is_text_encoding else None
    )  # to tell text encodings from zip
