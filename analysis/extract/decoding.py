"""Bytes to characters, as a browser would, and a little more forgiving."""

from __future__ import annotations

import codecs
import re

_META = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([a-zA-Z0-9_.:-]{2,40})", re.IGNORECASE)
_XML = re.compile(rb"^\s*<\?xml[^>]{0,100}?encoding\s*=\s*[\"']([a-zA-Z0-9_.:-]{2,40})")
_LATIN = frozenset(("iso8859-1", "ascii", "cp1252", "latin-1", "iso8859-15"))
_NOT_OF_PAGES = frozenset(
    ("idna", "mbcs", "oem", "punycode", "raw-unicode-escape", "undefined", "unicode-escape", "utf-7")
)
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def _as_windows(failure: UnicodeError) -> tuple[str, int]:
    if not isinstance(failure, UnicodeDecodeError):
        raise failure
    wrong = failure.object[failure.start : failure.end]
    return wrong.decode("cp1252", "replace"), failure.end


codecs.register_error("policywatch.windows", _as_windows)
# how letters and quotation marks of UTF-8 begin that was read as windows-1252 and written as UTF-8 again
_FOLLOWS = bytes(range(0x80, 0xC0)).decode("cp1252", "ignore")
_READ_TWICE = re.compile(f"[ÂÃ][{_FOLLOWS}]|â€")
_MARKS_OF_TWICE = ("Â", "Ã", "â€")  # to look for these is far cheaper, and most pages have none


# they say nothing to a reader, and PostgreSQL takes no text with a NUL
_CONTROLS = tuple(sign for sign in map(chr, range(0x20)) if sign not in "\t\n\f\r")


def decoded(body: bytes, *, charset: str | None = None, html: bool = True) -> str:
    """The text of a body, without control characters; letters that somebody wrote in UTF-8 twice are mended line by
    line ("Ã©" is "é")."""
    text = _as_declared(body, charset, html=html)
    for sign in _CONTROLS:
        if sign in text:
            text = text.replace(sign, " " if sign.isspace() else "")
    if not (any(mark in text for mark in _MARKS_OF_TWICE) and _READ_TWICE.search(text)):
        return text
    import ftfy  # loads slowly, and hardly a page needs it

    return "".join(
        ftfy.fix_encoding(line) if _READ_TWICE.search(line) else line for line in text.splitlines(keepends=True)
    )


def _as_declared(body: bytes, charset: str | None, *, html: bool) -> str:
    """A mark at the start decides; then what the server or the page declares, if it is not refuted by the bytes;
    then UTF-8. Bytes that are not UTF-8 in a page that says so are read as windows-1252, which they nearly always are.
    """
    for mark, name in _MARKS:
        if body.startswith(mark):
            return body[len(mark) :].decode(name, "replace")
    if len(body) > 7 and body[0] and not any(body[1:8:2]):
        return body.decode("utf-16-le", "replace")
    if len(body) > 7 and body[1] and not any(body[0:8:2]):
        return body.decode("utf-16-be", "replace")
    declared = _codec(charset) or (_declared(body[:4096]) if html else None)
    if declared and declared not in _LATIN and not declared.startswith("utf"):
        try:
            return body.decode(declared)
        except UnicodeDecodeError:
            pass
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        if declared and declared not in _LATIN and not declared.startswith("utf"):
            return body.decode(declared, "replace")
        return body.decode("cp1252" if declared in _LATIN else "utf-8", "policywatch.windows")


def _declared(head: bytes) -> str | None:
    match = _META.search(head) or _XML.search(head)
    return _codec(match.group(1).decode("ascii")) if match else None


def _codec(name: str | None) -> str | None:
    """Python's name of a text encoding, None where there is none of that name. gb2312 reads as its superset."""
    wider = {"gb2312": "gb18030", "gbk": "gb18030", "shift_jis": "cp932", "ks_c_5601-1987": "cp949", "euc-kr": "cp949"}
    try:
        info = codecs.lookup(wider.get((name or "").lower(), name or ""))
    except (LookupError, ValueError):
        return None
    web = info._is_text_encoding and info.name not in _NOT_OF_PAGES  # the only way that Python tells text from zip
    return info.name if web else None
