"""Paragraphs that became lists, and lists that became paragraphs, with all their words: form, and no news."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from analysis.change import Passage
from analysis.diff.wording import stem_of_content
from analysis.text.looks import looks
from analysis.text.spelling import keyed_words

_LEAST = 3  # words that say something


def put_into_lists(passages: Sequence[Passage]) -> frozenset[Passage]:
    """The places under one title of which one went and several came, or the other way round, that say all that was
    said and nothing else."""
    under: defaultdict[tuple[str, ...], list[Passage]] = defaultdict(list)
    for passage in passages:
        if passage.operation != "moved":
            under[passage.heading].append(passage)
    return frozenset(passage for places in under.values() if _is_only_form(places) for passage in places)


def _is_only_form(places: Sequence[Passage]) -> bool:
    before = [passage.before for passage in places if passage.before]
    after = [passage.after for passage in places if passage.after]
    if len(places) < 2 or min(len(before), len(after)) != 1:
        return False
    gone, came = ([key for text in texts for key in keyed_words(text).keys] for texts in (before, after))
    words = looks().words
    if not (words.negations | words.turning).isdisjoint((*gone, *came)):
        return False  # these turn what stands beside them, so that their order may be the news
    said = Counter(filter(None, map(stem_of_content, gone)))
    return said.total() >= _LEAST and said == Counter(filter(None, map(stem_of_content, came)))
