"""The notation of phrases in `lexicon/*.toml` as regexes; docs/classification.md explains it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from analysis.text.word_lists import number_words

_MAY_JOIN = re.compile(
    r"[-#?]|(?<!\w)\w?\*"
)  # "opt-out" may be one word; short ones are no evidence
NUMBERS = tuple(number_words())  # `#` matches these and digits
_SPACE = r"[\s\-\u2010\u2011]+"
_GAP = r"[^.;!?\n|]{0,60}?"
_NUMBER = rf"(?:\d+|{'|'.join(map(re.escape, NUMBERS))})"


@cache
def compiled(phrase: str) -> re.Pattern[str]:
    return re.compile(pattern_of(phrase), re.IGNORECASE)


@cache
def pattern_of(phrase: str) -> str:
    """Raises `ValueError`."""
    if not phrase.strip():
        raise ValueError("an empty phrase")
    if all(element.startswith("[") for element in _elements(phrase)):
        raise ValueError(
            f"every word of {phrase!r} may be missing, so it would find nothing"
        )
    return (
        rf"(?<!\w){_sequence(phrase)}(?!\w|(?<=\d)\.\d)"  # "under 17.1" is no age
    )


def _sequence(phrase: str) -> str:
    elements = _elements(phrase)
    if not elements:
        raise ValueError(
            "brackets or bars with nothing between them; write [word] where a word may be missing"
        )
    if elements[0] == "..." or elements[-1] == "...":
        raise ValueError(f"a phrase neither starts nor ends with '...': {phrase!r}")
    regex, glue = "", ""
    last = max(
        (at for at, element in enumerate(elements) if not element.startswith("[")),
        default=len(elements),
    )
    for at, element in enumerate(elements):
        if at > last:  # an optional last word takes its space along
            regex += rf"(?:{_SPACE}(?:{'|'.join(map(_sequence, _alternatives(element)))}))?"
        elif element == "...":
            glue = rf"(?!\w){_GAP}(?<!\w)"
        elif element.startswith("["):
            regex += rf"{glue}(?:(?:{'|'.join(map(_sequence, _alternatives(element)))}){_SPACE})?"
            glue = ""
        else:
            written = (
                f"(?:{'|'.join(map(_sequence, _alternatives(element)))})"
                if element[0] == "("
                else _word(element)
            )
            regex += glue + written
            glue = _SPACE
    return regex


@cache
def _elements(phrase: str) -> tuple[str, ...]:
    """Words, (alternatives), [optional words] and gaps."""
    return tuple(filter(None, _split(phrase.strip(), " ")))


def _alternatives(element: str) -> list[str]:
    """Of `(one|another (way|kind))`."""
    return _split(element[1:-1], "|")


def _split(phrase: str, separator: str) -> list[str]:
    """Outside brackets."""
    parts, depth = [""], 0
    for character in phrase:
        depth += (character in "([") - (character in ")]")
        if depth < 0:
            break
        if character == separator and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    if depth:
        raise ValueError(f"brackets do not match in {phrase!r}")
    return parts


def _word(word: str) -> str:
    if word.isalnum():
        return word  # the usual case
    regex = ""
    for character in word:
        match character:
            case "*":
                regex += r"\w*"
            case "?":
                regex += r"\w?"
            case "#":
                regex += _NUMBER
            case "'" | "’":
                regex += "['’]"
            case "-":
                regex += r"[\s\-\u2010\u2011]?"
            case "(" | ")" | "[" | "]" | "|":
                raise ValueError(f"{character!r} inside a word: {word!r}")
            case _:
                regex += re.escape(character)
    return regex


def first_words(phrase: str) -> Iterator[str]:
    """Lower case: a word, a prefix with "*", or "#"."""
    for element in _elements(phrase):
        if element[0] in "([":
            for option in _alternatives(element):
                yield from first_words(option)
        elif element.startswith("#"):
            yield from ("#", *NUMBERS)
        elif match := re.match(r"\w+", element):
            yield match[0].casefold() + (
                "*" if element[match.end() : match.end() + 1] in ("*", "?") else ""
            )
        if not element.startswith("["):
            break


def needed_elements(phrase: str) -> Iterator[str]:
    """Of which a text must have one of the `first_words`."""
    for element in _elements(phrase)[1:]:
        if element[0] != "[" and element != "..." and not _MAY_JOIN.search(element):
            yield element
