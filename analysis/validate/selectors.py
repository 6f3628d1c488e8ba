"""Outdated selectors: the page moved text out of what they select."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.extract.html_page import read_html
from analysis.model import Page, UnreadablePage
from analysis.validate.rejection import word_trigrams

_MORE = 0.1  # of the former text, beyond the selection
_WHOLE = 0.8  # of the former text
_LEAST = 0.5  # of the former text
_IN_ITS_PLACE = 0.5  # new pieces for each missing former piece


def finds_less(
    text: str,
    before: Page,
    page: Page,
    *,
    select: Sequence[str],
    remove: Sequence[str] = (),
) -> bool:
    """Not if all of the former text stands beside a selection that replaced it: that page keeps earlier versions."""
    try:
        whole = read_html(text, select=["body"], remove=remove)
        beside = read_html(text, select=["body"], remove=[*remove, *select])
    except UnreadablePage:
        return False
    then, now = word_trigrams(before.blocks), word_trigrams(page.blocks)
    size = max(1, then.total())
    stayed = (then & now).total()
    if (word_trigrams(whole.blocks) & then).total() < stayed + _MORE * size:
        return False
    gone, new = then.total() - stayed, (now - then).total()
    keeps_earlier = (word_trigrams(beside.blocks) & then).total() >= _WHOLE * size
    return not (
        keeps_earlier and stayed >= _LEAST * size and new >= _IN_ITS_PLACE * gone
    )
