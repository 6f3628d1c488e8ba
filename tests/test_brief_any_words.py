"""Words in any order, as broken pages have them, are read like all others: no quotation is invented, nothing breaks."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from analysis.brief.spans import FIELDS
from tests.told import told

_WORDS = """we us you your our it them who which that what not no to for by with of and or if unless when may is are
share sold keep delete use train collect choose object data information cookies messages profile partners provider
consent name settings nous vous vos votre ne pas qui que dont sauf si à de des et ou données partageons refuser"""
WORDS = st.sampled_from(_WORDS.split())
MARKS = st.sampled_from([" ", " ", " ", " ", ", ", "; ", ": ", " (", ") ", " “", "” ", " | ", " – ", ". ", "'", "/"])
TEXTS = st.lists(st.tuples(WORDS, MARKS).map("".join), min_size=1, max_size=25).map("".join)


@given(TEXTS | st.just(""), TEXTS, st.sampled_from(["en", "fr"]))
@example("", "we” cookies", "en")
def test_words_in_any_order_are_read(before: str, after: str, language: str) -> None:
    texts = {side: f"# Privacy policy\n\nBe kind.\n\n{text}\n" for side, text in (("before", before), ("after", after))}
    answer = told(texts["before"], texts["after"], language)
    for field in FIELDS:
        for quote in getattr(answer, field):
            assert all(word in texts[quote.side] for word in quote.text.split())
