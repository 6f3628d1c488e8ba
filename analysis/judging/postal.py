"""Whether words of a text are part of a postal address."""

from __future__ import annotations

import re
from collections.abc import Mapping

from analysis.change import Side
from analysis.diff.wording import Wording
from analysis.text.looks import has_small_words, pattern

_MAIL = re.compile(r"[^\s@]+@[^\s@]+")
_JOINING = 4  # words like "the" and "with" in changed words; so many are no address
_NEAR = 25  # characters between a street or a postal code and the rest of an address


def in_address(text: str, start: int, end: int) -> bool:
    return bool(pattern("address").search(text, max(0, start - _NEAR), end + _NEAR))


def only_addresses(changed: Wording, texts: Mapping[Side, str]) -> bool:
    """Whether all that came (or, where nothing did, all that went) is of postal addresses, none of e-mail."""
    for side in ("after", "before"):
        spans = [span for sentence in changed.sentences if sentence.side == side for span in sentence.spans]
        if spans:
            text = texts[side]
            mails = list(_MAIL.finditer(text)) if "@" in text else ()
            if any(start < each.end() and each.start() < end for each in mails for start, end in spans):
                return False
            return all(not _says_something(text[start:end]) and in_address(text, start, end) for start, end in spans)
    return False


def _says_something(text: str) -> bool:
    return has_small_words(text, _JOINING)
