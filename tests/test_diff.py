"""What differs between two texts: the words, and the places of a page."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.diff import passages
from analysis.model import Block, Page
from analysis.text import words
from analysis.text.times import times_in
from analysis.text.words import word_diff
from foundation.vocabulary import BlockKind

TEXTS = st.text(alphabet="ab c\n,.’é私🙂", max_size=40)
SENTENCES = [
    f"{who} {does} {what} {when}."
    for who in ("We", "Our partners", "The hosting provider")
    for does in ("collect", "keep", "do not sell")
    for what in (
        "your postal address",
        "the list of your friends",
        "every message that you write",
    )
    for when in ("when you register", "for thirty days after your last visit")
]


def page(*texts: str, kind: BlockKind = "paragraph") -> Page:
    return Page("A policy", "en", tuple(Block(kind, text) for text in texts))


def operations(
    before: Page, after: Page
) -> list[tuple[str, str | None, str | None]]:
    return [
        (passage.operation, passage.before, passage.after)
        for passage in passages(before, after)
    ]


@given(TEXTS, TEXTS)
def test_the_pieces_of_a_word_diff_make_both_texts(before: str, after: str) -> None:
    pieces = word_diff(before, after)
    assert "".join(text for tag, text in pieces if tag != "added") == before
    assert "".join(text for tag, text in pieces if tag != "removed") == after


@given(TEXTS, TEXTS)
def test_both_ways_to_compare_words_give_the_same_answer(
    before: str, after: str
) -> None:
    pytest.importorskip("fast_diff_match_patch")
    assert words._slow_diff(before, after) == words._fast_diff(before, after)


def test_words_are_marked_whole() -> None:
    assert word_diff(
        "We share your data with partners.",
        "We may share your data with our partners.",
    ) == [
        ("same", "We "),
        ("added", "may "),
        ("same", "share your data with "),
        ("added", "our "),
        ("same", "partners."),
    ]


@pytest.mark.parametrize(
    "written", ["dreißig Tage", "dreissig Tage", "DREISSIG TAGE", "Thirty days"]
)
def test_a_length_of_time_is_read_in_each_spelling(written: str) -> None:
    assert [time.days for time in times_in(written)] == [30]


def test_words_of_different_sentences_are_not_the_same() -> None:
    before = "We keep your posts for thirty days. You can delete your account in the settings."
    after = "We keep your posts for ten days. Partners that show ads can read your name. You may delete your account."
    assert [piece for piece in word_diff(before, after) if piece[0] != "same"] == [
        ("removed", "thirty "),
        ("added", "ten "),
        ("added", "Partners that show ads can read your name. "),
        ("removed", "can "),
        ("added", "may "),
        ("removed", " in the settings"),
    ]


def test_more_words_than_a_plane_of_unicode_has_room_for_before_its_surrogates() -> (
    None
):
    before = " ".join(f"w{number}" for number in range(56_000))
    after = before.replace("w55555 ", "")
    assert [piece for piece in word_diff(before, after) if piece[0] != "same"] == [
        ("removed", "w55555 ")
    ]


def test_characters_of_a_text_without_spaces_are_words() -> None:
    assert ("added", "個") in word_diff("私人情報", "私個人情報")


def test_what_no_reader_sees_is_no_passage() -> None:
    before = page(
        "1. We don't share your data.",
        "2. “Service” means the site",
        "We keep data.",
    )
    after = page(
        "2.  We don’t share your data",
        'a) "Service" means the site.',
        "We keep data…",
    )
    assert operations(before, after) == []


def test_a_paragraph_that_was_split_is_no_passage() -> None:
    one, two = SENTENCES[0], SENTENCES[7]
    assert operations(page(f"{one} {two}"), page(one, two)) == []


def test_text_that_went_elsewhere_is_moved() -> None:
    before, after = page(*SENTENCES[:6]), page(*SENTENCES[1:6], SENTENCES[0])
    assert operations(before, after) == [("moved", SENTENCES[0], SENTENCES[0])]


def test_a_row_and_an_item_are_passages_of_their_own() -> None:
    before = page("Company | Purpose", "Alpha Ltd | Hosting", kind="row")
    after = page(
        "Company | Purpose",
        "Alpha Ltd | Hosting",
        "Beta Inc | Mail",
        "Gamma SAS | Payment",
        kind="row",
    )
    assert operations(before, after) == [
        ("added", None, "Beta Inc | Mail"),
        ("added", None, "Gamma SAS | Payment"),
    ]


def test_a_block_that_grew_is_reworded() -> None:
    before, after = (
        page("You have the right to access."),
        page("You have the right to access and to object to it."),
    )
    assert [operation for operation, _, _ in operations(before, after)] == [
        "reworded"
    ]


def test_removed_text_stands_where_it_was_taken_from() -> None:
    before = page(SENTENCES[0], SENTENCES[5], SENTENCES[9], SENTENCES[14])
    after = page(
        SENTENCES[0],
        SENTENCES[9],
        "Something entirely different stands here now.",
        SENTENCES[14],
    )
    assert [operation for operation, _, _ in operations(before, after)] == [
        "removed",
        "added",
    ]


@given(st.lists(st.sampled_from(SENTENCES), max_size=8, unique=True))
def test_a_page_does_not_differ_from_itself(texts: list[str]) -> None:
    assert passages(page(*texts), page(*texts)) == ()


@given(st.permutations(SENTENCES).map(lambda texts: (texts[:6], texts[3:9])))
def test_every_block_is_accounted_for(texts: tuple[list[str], list[str]]) -> None:
    before, after = texts
    found = passages(page(*before), page(*after))
    gone = {
        line
        for passage in found
        if passage.before
        for line in passage.before.split("\n")
    }
    came = {
        line
        for passage in found
        if passage.after
        for line in passage.after.split("\n")
    }
    assert set(before) - set(after) <= gone
    assert set(after) - set(before) <= came


@pytest.mark.parametrize(
    ("there", "back"),
    [("added", "removed"), ("removed", "added"), ("reworded", "reworded")],
)
def test_swapping_the_texts_mirrors_the_operations(there: str, back: str) -> None:
    base = (SENTENCES[0], SENTENCES[9])
    texts = {
        "added": (page(*base), page(*base, SENTENCES[17])),
        "removed": (page(*base, SENTENCES[17]), page(*base)),
        "reworded": (
            page(*base),
            page(base[0], base[1].replace("friends", "friends and family")),
        ),
    }[there]
    assert [operation for operation, _, _ in operations(*texts)] == [there]
    assert [operation for operation, _, _ in operations(*reversed(texts))] == [back]


def rows(*texts: str) -> Page:
    return page(*texts, kind="row")


def test_a_row_is_compared_with_the_row_of_its_name_however_alike_the_others_are() -> (
    None
):
    said = "Counts visits (Lantern Statistics) | refuse in {}cookie banner"
    pair = "_lan* | 13 months | ", "_lid | 24 hours | "
    before, after = (
        tuple(start + said.format(whose) for start in pair)
        for whose in ("our ", "")
    )
    assert operations(rows(*before), rows(*after)) == [
        ("reworded", old, new) for old, new in zip(before, after, strict=True)
    ]
    # the names that stand first may be of who sets them
    before, after = (
        tuple("Lantern | " + text for text in each) for each in (before, after)
    )
    assert operations(rows(*before), rows(*reversed(after))) == [
        ("reworded", old, new)
        for old, new in reversed(list(zip(before, after, strict=True)))
    ]


def test_a_row_that_alone_has_its_name_is_compared_with_no_other() -> None:
    before = (
        "lan | 13 months | Counts visits to our pages",
        "lid | 1 year | Keeps you signed in",
    )
    after = (
        "lan | 13 months | Advertising of the Harbour Exchange",
        "lid | 1 year | Counts visits to our pages",
    )
    assert operations(rows(*before), rows(*after)) == [
        ("reworded", old, new) for old, new in zip(before, after, strict=True)
    ]


def test_a_row_of_two_cells_is_known_by_its_name_too() -> None:
    before, after = (
        "Travel requests | 3 years",
        "Travel requests | until the day of the journey",
    )
    assert operations(rows(before), rows(after)) == [("reworded", before, after)]


def test_a_name_that_begins_with_an_underscore_is_a_word_and_italics_are_none() -> (
    None
):
    before, after = (
        f"{name} | 24 hours | Counts visits to our pages"
        for name in ("_lid", "_lat")
    )
    assert operations(rows(before), rows(after)) == [("reworded", before, after)]
    assert not operations(
        page("We keep _your_ letters."), page("We keep your letters.")
    )


def test_a_row_that_got_another_name_is_one_reworded() -> None:
    before, after = (
        f"{name} | 24 hours | Counts visits to our pages and keeps them"
        for name in ("lid", "lat")
    )
    assert operations(rows(before), rows(after)) == [("reworded", before, after)]


def test_an_entry_with_a_word_more_is_that_entry_and_not_its_neighbour() -> None:
    before = [
        f"{who}: we keep messages for thirty days after the last visit"
        for who in ("Members", "Guests")
    ]
    after = [text.replace("for", "for up to") for text in before]
    assert operations(page(*before, kind="item"), page(*after, kind="item")) == [
        ("reworded", old, new) for old, new in zip(before, after, strict=True)
    ]


PROMISE = "We never sell what you write."
KEEP = "We keep your letters for two years, and then we burn them."
BOX = "Volunteers wanted: on Sunday we clean the river bank together."


@pytest.mark.parametrize(
    "pieces",
    [
        (KEEP, PROMISE),
        (PROMISE, KEEP),
        (KEEP, PROMISE, "Ask us at any time, we answer."),
    ],
)
def test_a_box_that_splits_a_line_takes_no_word_of_it_away(
    pieces: tuple[str, ...],
) -> None:
    whole, split = (
        page(" ".join(pieces)),
        page(pieces[0], "Stay in touch", BOX, *pieces[1:]),
    )
    added = [("added", None, "Stay in touch"), ("added", None, BOX)]
    assert operations(whole, split) == added
    assert operations(split, whole) == [
        ("removed", text, None) for _, _, text in added
    ]


def test_a_promise_that_goes_as_a_box_comes_is_told() -> None:
    told = operations(page(f"{KEEP} {PROMISE}"), page(KEEP, BOX))
    assert ("reworded", f"{KEEP} {PROMISE}", KEEP) in told
