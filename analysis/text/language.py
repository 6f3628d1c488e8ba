from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from analysis.text.phrases import common_words

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier  # type: ignore[import-untyped]

_WORD = re.compile(r"[^\W\d_]+")
_ENOUGH = 40  # words of a text
_PARAGRAPH = 10  # words of a paragraph
_SAMPLE = 3_000  # characters
_CODES = "ar bg ca cs da de el en es et fa fi fr he hi hr hu id it ja ko lt lv nl no pl pt ro ru sk sl sv th tr uk vi zh"
_AT_HAND = _CODES.split()


@cache
def _identifier() -> LanguageIdentifier:
    # it imports NumPy and unpacks its model
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    identifier.set_languages(_AT_HAND)
    return identifier


def two_letters(code: str | None) -> str | None:
    """ "fr" of "fr-CA" or "FR_ca"; None for anything else."""
    match = re.match(r"\s*([a-zA-Z]{2,3})(?![a-zA-Z])", code or "")
    return match.group(1).lower() if match else None


def region_of(code: str | None) -> str | None:
    """ "GB" of "en-GB" or "en_gb"; None without one."""
    match = re.match(
        r"\s*[a-zA-Z]{2,3}(?:[-_][a-zA-Z]{4})?[-_]([a-zA-Z]{2})(?![a-zA-Z0-9])",
        code or "",
    )
    return match.group(1).upper() if match else None


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _shares(words: Sequence[str]) -> dict[str, float]:
    """Of each language's function words."""
    counts = Counter(words)
    return {
        language: sum(map(counts.__getitem__, common.intersection(counts)))
        / max(1, len(words))
        for language, common in common_words().items()
    }


def share_of_common_words(text: str, language: str) -> float:
    """1 for a language without a list."""
    return _shares(_words(text)).get(language, 1.0)


def is_mixed(text: str) -> bool:
    """Several languages, or one without a list."""
    third = max(1, len(text) // 3)
    languages: set[str] = set()
    for start in range(0, third * 3, third):
        words = _words(text[start : start + min(third, _SAMPLE // 3)])
        shares = _shares(words)
        best = max(shares, key=lambda language: shares[language])
        if len(words) >= 10:
            languages.add(best if shares[best] > 0.15 else "")
    return len(languages) > 1


def other_language(text: str, language: str | None) -> str | None:
    """If certain."""
    words = _words(text)
    if len(words) < _PARAGRAPH:
        return None
    shares = _shares(words)
    best = max(shares, key=lambda name: shares[name])
    if language not in shares or best == language:
        return None
    return (
        best
        if shares[best] > 0.25 and shares[language] < 0.3 * shares[best]
        else None
    )


def language_of(text: str, *, declared: str | None = None) -> str | None:
    """Two letters; short texts have the `declared` one."""
    declared = two_letters(declared)
    middle = max(0, (len(text) - _SAMPLE) // 2)
    sample = text[middle : middle + _SAMPLE]
    words = _words(sample)
    if len(words) < _ENOUGH and len(sample) < 120:
        return declared
    shares = _shares(words)
    best, second = sorted(
        shares, key=lambda language: shares[language], reverse=True
    )[:2]
    if shares[best] > 0.2 and shares[second] < 0.6 * shares[best]:
        return best  # spares the costlier identifier
    code, _ = _identifier().classify(sample)
    return str(code)
