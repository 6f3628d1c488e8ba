"""Whatever bytes come, a page is read or refused; `python -m evaluation.fuzz` looks for longer, and elsewhere."""

from __future__ import annotations

import random
from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from analysis.extract import read_page
from analysis.model import UnreadablePage
from analysis.page_json import page_bytes, page_of_bytes
from evaluation.fuzz import hostile_body

DATABASES = ["sqlite"]


@given(st.integers(0, 2**32))
def test_a_mutated_page_is_read_or_refused_and_survives_its_way_back(
    seed: int,
) -> None:
    body, options = hostile_body(random.Random(seed))  # to be made again
    with suppress(UnreadablePage):
        page = read_page(body, **options)
        assert page_of_bytes(page_bytes(page)) == page
