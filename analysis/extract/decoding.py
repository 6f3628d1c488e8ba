"""Bytes to characters, as a browser would, and a little more forgiving."""

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
# how letters and quotation marks of UTF-8 begin that was read as windows-1252 and written as UTF-8 again
_FOLLOWS = bytes(range(0x80, 0xC0)).decode("cp1252", "ignore")
_READ_TWICE = re.compile(f"[ÂÃ][{_FOLLOWS}]|â€")
_MARKS_OF_TWICE = (
    "Â",
    "Ã",
    "â€",
)  # to look for these is far cheaper, and most pages have none
# they say nothing to a reader, and PostgreSQL takes no text with a NUL
_CONTROLS = tuple(sign for sign in map(chr, range(0x20)) if sign not in "\t\n\f\r")


def decoded(body: bytes, *, charset: str | None = None, html: bool = True) -> str:
    """The text of a body, without control characters; what was encoded as UTF-8 twice is repaired line by line ("Ã©" is
    "é")."""
    text = _as_declared(body, charset, html=html)
    for sign in _CONTROLS:
        if sign in text:
            text = text.replace(sign, " " if sign.isspace() else "")
    if not (any(mark in text for mark in _MARKS_OF_TWICE) and _READ_TWICE.search(text)):
        return text
    import ftfy  # loads slowly, and hardly a page needs it

    return "".join(
        ftfy.fix_encoding(line) if _READ_TWICE.search(line) else line
        for line in text.splitlines(keepends=True)
    )


def _as_declared(body: bytes, charset: str | None, *, html: bool) -> str:
    """A mark at the start decides; then what the server or the page declares, if it is not refuted by the bytes;
    then UTF-8. Bytes that are not UTF-8 in a page that says so are read as windows-1252, which they nearly always are.
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
    """Python's name of the encoding that the server or the page names, None where it is no encoding of pages."""
    name = resolve_encoding(charset) if charset else None
    name = name or (html_body_declared_encoding(body) if html else None)
    if name is None or name in _NOT_OF_PAGES:
        return None
    return (
        name if codecs.lookup(name)._is_text_encoding else None
    )  # the only way that Python tells text from zip
