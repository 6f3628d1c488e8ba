"""Who publishes a page."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from analysis.blocks import Page

_ITSELF = re.compile(r"[\"“«]\s?(?:we|us|our|nous|notre|the company)\s?[\"”»]", re.IGNORECASE)
_BACK = 90  # characters before "we" in which the name of the publisher stands
_NAME = re.compile(r"[^\W\d_][\w&-]*")
_BEFORE, _BEHIND = re.compile(r"(?<![\w.@/-])"), re.compile(r"(?![\w-]|\.\w)")  # what stands around a whole word
_LOOKED_AT = 12  # words with capitals that stand most often
_MOST_OFTEN = 10  # times a name stands in a text that its title does not name
_OFTEN = 2  # times a word of the title stands in the text to be a name


class Publisher:
    """Who publishes a page: told by its title and by the sentence that says who "we" are."""

    def __init__(self, page: Page) -> None:
        self._text = " ".join(block.text for block in page.blocks)
        words = {word for word in _NAME.findall(page.title) if word[0].isupper()}
        for match in _ITSELF.finditer(self._text):
            before = self._text[max(0, match.start() - _BACK) : match.start()]
            words |= {word for word in _NAME.findall(before.rpartition(". ")[2]) if word[0].isupper()}
        named = {word for word in words if self._counted(word) >= _OFTEN and not self.says(word.lower())}
        self._words = frozenset(word.lower() for word in named or self._most_often())

    def _most_often(self) -> Iterator[str]:
        every = Counter(_NAME.findall(self._text))
        names = Counter({word: count for word, count in every.items() if word[0].isupper()})
        for word, count in names.most_common(_LOOKED_AT):
            if count >= _MOST_OFTEN and not self.says(word.lower()):
                yield word
                return

    def _counted(self, word: str) -> int:
        """How often a name stands in the text; a title in capitals has it in others."""
        count = self._text.count(word)
        return count + self._text.count(word.capitalize()) if word.isupper() else count

    def is_named(self, word: str) -> bool:
        return word in self._words

    def says(self, word: str) -> bool:
        """Whether the text has the word in small letters, so that it is no name."""
        at = self._text.find(word)
        while at >= 0 and not (_BEFORE.match(self._text, at) and _BEHIND.match(self._text, at + len(word))):
            at = self._text.find(word, at + 1)
        return at >= 0
