"""The entries of a list of those who get data: "Hetzner: for hosting" under the title "Sub-processors"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from analysis.change import Side
from analysis.diff.wording import Wording
from analysis.judging.found import Found
from analysis.text.topics import column_topics

_TITLE = 6  # words; a section's title that has more is a sentence
# words as names have them, "Hetzner", "n8n", "user.com", and small ones between two of them
_WORD = r"(?:[A-ZÀ-Þ]|[a-zß-ÿ]+[\dA-Z]|[a-zß-ÿ\d-]+\.[a-z]{2})[\w.&’'+/-]*"
_BETWEEN = r"(?: (?:of|for|and|&|de|du|des|et|la|le|les|und|der|y))?"
# behind it comes the end, what it is for, or a cell
_PARTY = re.compile(
    rf"(?P<name>{_WORD}(?:,?{_BETWEEN} {_WORD}){{0,5}}?)[,.;]?"
    r"(?=(?:\s?\([^()]*\))?[;.]?$|\s?:\s|\s[–—-]\s|\s?\|\s|\s\()"
)


def lists_recipients(heading: tuple[str, ...], language: str | None) -> bool:
    """Whether the title of a section says that it lists them, in the words that a column's title does."""
    title = heading[-1] if len(heading) > 1 else ""
    return 0 < len(title.split()) <= _TITLE and "data_sharing" in column_topics(title, language)


def party_of(text: str) -> tuple[int, int] | None:
    """Where the name stands with which an entry begins, if it does."""
    found = _PARTY.match(text)
    return found.span("name") if found else None


def parties_listed(changed: Wording, texts: Mapping[Side, str]) -> Iterator[Found]:
    """Who came to a list of recipients or left it: an entry of its own, or another name in one that stayed."""
    for sentence in changed.sentences:
        party = party_of(texts[sentence.side]) if sentence.start == 0 else None
        if party and any(start < party[1] and party[0] < end for start, end in sentence.spans):
            yield Found("data_sharing", "decides", sentence.side, *party, True)
