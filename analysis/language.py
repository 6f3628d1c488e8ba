"""What language a text is written in."""

from __future__ import annotations

import re
from functools import cache

from py3langid.langid import MODEL_FILE, LanguageIdentifier  # type: ignore[import-untyped]

from analysis.phrases import words

_WORD = re.compile(r"[^\W\d_]+")
_ENOUGH = 40  # words from which on a text's language can be told
_SAMPLE = 3_000  # characters
_CODES = (
    "ar bg ca cs da de el en es et fa fi fr he hi hr hu id it ja ko lt lv nl no pl pt ro ru sk sl sv th tr uk vi zh"
)
_AT_HAND = _CODES.split()


@cache
def _identifier() -> LanguageIdentifier:
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    identifier.set_languages(_AT_HAND)
    return identifier


def two_letters(code: str | None) -> str | None:
    """ "fr" of "fr-CA" or "FR_ca"; None of what is no code."""
    match = re.match(r"\s*([a-zA-Z]{2,3})(?![a-zA-Z])", code or "")
    return match.group(1).lower() if match else None


def language_of(text: str, *, declared: str | None = None) -> str | None:
    """The two-letter code, as well as can be told. `declared` is believed where the text is short, and where its
    small words bear it out, which spares the costlier look."""
    declared = two_letters(declared)
    middle = max(0, (len(text) - _SAMPLE) // 2)
    sample = text[middle : middle + _SAMPLE]
    found = [word.lower() for word in _WORD.findall(sample)]
    if len(found) < _ENOUGH and len(sample) < 120:
        return declared
    shares = {
        language: sum(word in common for word in found) / max(1, len(found))
        for language, common in words("common").items()
    }
    best = max(shares, key=lambda language: shares[language], default=None)
    if best is not None and shares[best] > 0.2 and sorted(shares.values())[-2:][0] < 0.6 * shares[best]:
        return best
    code, _ = _identifier().classify(sample)
    return str(code)
