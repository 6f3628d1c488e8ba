"""Lines of a paragraph that end with `<br>`: items, addresses, or text that is only wrapped."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import accumulate, pairwise

from analysis.model import Block

ENUMERATED = re.compile(r"(?:\(?(?:\w|\d{1,3}|[ivx]{1,4})[.)]|[-–*•·●▪])\s")
_ENDS = (":", ";", ".", "!", "?", "：", "。")
_BEFORE_WORDS = " \"'“„«([*_"


def breaks_in(lines: Iterable[str]) -> tuple[int, ...]:
    """Offsets in the joined text, if the lines are apart; none where a sentence goes on in the next one, or a title has
    its text there.
    """
    texts = [text for line in lines if (text := " ".join(line.split()))]
    for line, following in pairwise(texts):
        begins = len(texts) > 2 and (
            texts[0].endswith(":")
            or not following.lstrip(_BEFORE_WORDS)[:1].islower()
        )
        if not (line.endswith(_ENDS) or begins or ENUMERATED.match(following)):
            return ()
    return tuple(accumulate(len(text) + 1 for text in texts[:-1]))


def part(block: Block, breaks: Sequence[int]) -> Iterator[Block]:
    """Items are what stands behind a sign or a lead-in ("You must not:")."""
    if not breaks:
        yield block
        return
    kind, has_signs, links = block.kind, False, deque(block.links)
    for start, text in parts(block.text, breaks):
        if ENUMERATED.match(text):
            kind, has_signs = "item", True
        elif has_signs:
            kind = block.kind
        own = []
        while links and links[0].at < start + len(text):
            link = links.popleft()
            own.append(replace(link, at=link.at - start))
        yield replace(block, kind=kind, text=text, links=tuple(own))
        if text.endswith(":"):
            kind = "item"


def parts(text: str, breaks: Sequence[int]) -> Iterator[tuple[int, str]]:
    """With their offsets."""
    for start, end in pairwise((0, *breaks, len(text) + 1)):
        yield start, text[start : end - 1]
