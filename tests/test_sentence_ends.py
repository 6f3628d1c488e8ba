"""Where sentences end: the one reader that comparing and the brief share."""

from __future__ import annotations

import pytest

from analysis.text.sentence_ends import sentence_bounds


@pytest.mark.parametrize(
    ("between", "sentences"),
    [
        (" ", ["We keep logs (e.g. The address of a call).", "Then they go."]),
        (" ", ["Orbit Inc. Keeps your data.", "Others don’t."]),
        (" ", ["He said: “We train no model.”", "“You may ask why.”"]),
        (
            " ",
            ["Ab dem 3. November teilen wir Daten.", "Sie können widersprechen."],
        ),
        (" ", ["Nous gardons vos messages…", "Voilà."]),
        (
            " ",
            ["Nous gardons vos messages.", "«\xa0Message\xa0» désigne un écrit."],
        ),
        (" | ", ["Purpose", "Basis"]),
        (" • ", ["your posts", "your messages"]),
        (" ", ["(a) to train models;", "(b) to sell it."]),
    ],
)
def test_sentences_end_where_a_reader_would_say_so(
    between: str, sentences: list[str]
) -> None:
    text = between.join(sentences)
    assert [text[start:end] for start, end in sentence_bounds(text)] == sentences


def test_a_line_ends_a_sentence_even_behind_an_abbreviation() -> None:
    text = "Orbit Inc.\nWe keep your data."
    assert [text[start:end] for start, end in sentence_bounds(text)] == [
        "Orbit Inc.",
        "We keep your data.",
    ]
