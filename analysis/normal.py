"""What counts as the same text: two texts with one normal form are never told apart."""

from __future__ import annotations

import hashlib
import re
import unicodedata

from analysis.blocks import Block

_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\ufeff"))
_LOOK_ALIKES = str.maketrans({
    "‘": "'", "’": "'", "‚": "'", "‛": "'", "′": "'", "`": "'", "´": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "″": '"',
    "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "―": "-", "−": "-", "…": "...", "•": "", "·": "",
})  # fmt: skip
_SPACE = re.compile(r"\s+")


def normal(text: str) -> str:
    """Text without what a reader does not see: NFKC, plain quotes and dashes, single spaces, nothing invisible."""
    text = unicodedata.normalize("NFKC", text).translate(_INVISIBLE).translate(_LOOK_ALIKES)
    return _SPACE.sub(" ", text).strip()


def fingerprint(blocks: tuple[Block, ...]) -> str:
    """SHA-256 (hex) of the normal form of a page's words; equal for pages that a reader would call the same text."""
    return hashlib.sha256("\n".join(normal(block.text) for block in blocks).encode()).hexdigest()
