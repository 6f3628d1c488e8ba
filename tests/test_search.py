"""Search over all texts that stand or stood, since when each stands, and a document's course over the versions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from itertools import islice, product
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, select

from storage.changes import Change
from storage.database import Database
from storage.documents import declare
from storage.paragraphs import ParagraphPack, blame, course, reindex
from storage.search import search
from storage.tokenizer import stem
from storage.versions import numbered_version
from tests.stories import Teller, block, day, passage
from tests.story_of_parley import NOTES, PRIVACY, PRIVACY_FR, TERMS, documents, tell

SOLD = "We never sell what's yours."
MODELS = "We train AI/ML models with your posts, Übersetzung and données."
ROW = "Cookie | Purpose | 13 months"


@pytest.fixture
def told(database: Database) -> Database:
    """Version 1 says SOLD; 2 adds MODELS; 3 drops SOLD; 4 has it again. Another document says something like it."""
    texts = [
        [SOLD],
        [SOLD, MODELS],
        [MODELS, ROW],
        [MODELS, ROW, "1. " + SOLD.upper()],
    ]
    with database.writing() as session:
        declare(session, documents())
        session.flush()
        teller = Teller(session)
        before = None
        for number, said in enumerate(texts):
            after = teller.version(
                TERMS, day(number), [block("paragraph", each) for each in said]
            )
            if before is not None:
                teller.change(before, after, [passage([], None, said[-1])])
            before = after
        teller.version(
            PRIVACY_FR,
            day(9),
            [block("paragraph", "Nous ne vendons pas vos données.")],
        )
    return database


@pytest.fixture
def reading(told: Database) -> Iterator[Session]:
    with told.reading() as session:
        yield session


def found(session: Session, asked: str, **wanted: Any) -> list[str]:
    return [hit.text for hit in search(session, asked, **wanted).hits]


# asked of one store, which costs more to make than all of them
FOUND: list[tuple[str, list[str]]] = [
    ("sell", [SOLD]),
    ("SELL never", [SOLD]),
    ('"never sell"', [SOLD]),
    ('"sell never"', []),
    ("what's", [SOLD]),
    ("AI/ML", [MODELS]),
    ('"train AI" “your posts”', [MODELS]),
    ("training", [MODELS]),
    ('"training"', []),
    ("donnée", ["Nous ne vendons pas vos données.", MODELS]),
    ("ubersetzung", [MODELS]),
    ("DONNEES", ["Nous ne vendons pas vos données.", MODELS]),
    ("cooki*", [ROW]),
    ("d*", ["Nous ne vendons pas vos données.", MODELS]),
    ("coo", []),
    ("13 months", [ROW]),
    ("train cookie", []),
    ("", []),
    ('"" * - ( ) "', []),
]


def test_words_and_phrases_are_found_alike_on_both(reading: Session) -> None:
    assert [(asked, found(reading, asked)) for asked, _ in FOUND] == FOUND
    assert [
        search(reading, "donnees", limit=limit).total for limit in (1, 2, 20)
    ] == [
        2,
        2,
        2,
    ]


NARROWED: list[tuple[dict[str, Any], int]] = [
    ({"document": (TERMS,)}, 1),
    ({"service": ("Parley",)}, 2),
    ({"service": ("Harbour",)}, 0),
    ({"service": ("Nobody",)}, 0),
    ({"language": ("fr",)}, 1),
    ({"since": day(2).date()}, 1),
    ({"until": day(1).date()}, 1),
    ({"since": day(1).date(), "until": day(9).date()}, 2),
]


def test_the_forms_of_a_german_word_are_one() -> None:
    assert (
        stem("Verwendung", "de")
        == stem("verwendet", "de")
        != stem("verwendet", "en")
    )


def test_only_words_that_are_new_to_the_store_are_stemmed(
    told: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    stemmed: list[str] = []

    def counting(word: str, language: str) -> str:
        stemmed.append(word)
        return stem(word, language)

    monkeypatch.setattr("storage.tokenizer.stem", counting)
    with told.writing() as session:
        Teller(session).version(
            PRIVACY,
            day(10),
            [block("paragraph", "We never trained on what you SELL or posted.")],
        )
    assert sorted(stemmed) == ["on", "or", "posted", "trained", "you"]
    with told.reading() as session:
        (hit, other) = search(session, "training").hits
        assert [
            text for is_match, text in hit.marked + other.marked if is_match
        ] == [
            "trained",
            "train",
        ]


def test_words_of_a_version_that_is_not_written_are_not_known(
    told: Database,
) -> None:
    with suppress(LookupError), told.writing() as session:
        Teller(session).version(PRIVACY, day(10), [block("paragraph", "Trained.")])
        raise LookupError
    with told.writing() as session:
        Teller(session).version(PRIVACY, day(10), [block("paragraph", "Trained.")])
    with told.reading() as session:
        assert found(session, "training") == ["Trained.", MODELS]


def test_a_search_can_be_narrowed(reading: Session) -> None:
    assert [
        (wanted, len(found(reading, "données", **wanted))) for wanted, _ in NARROWED
    ] == NARROWED


def test_many_documents_are_sorted_out_after_the_search(
    reading: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.search._MOST_PLACES", 1)
    assert found(
        reading,
        "données",
        service=("Parley",),
        document=(TERMS, PRIVACY_FR, PRIVACY),
    ) == [
        "Nous ne vendons pas vos données.",
        MODELS,
    ]
    assert found(reading, "données", language=("en",)) == [MODELS]


def test_a_hit_says_in_which_versions_and_by_which_changes(
    reading: Session,
) -> None:
    (hit,) = search(reading, "sell").hits
    changes = {row.version_id: row.id for row in reading.exec(select(Change))}
    three, four = (numbered_version(reading, TERMS, number).id for number in (3, 4))
    first, again = hit.spans
    assert (first.first, first.came, first.last, first.went) == (
        1,
        None,
        2,
        changes[three],
    )
    assert (first.since, first.until) == (day(0), day(2))
    assert (again.first, again.came, again.last, again.until) == (
        4,
        changes[four],
        None,
        None,
    )
    assert hit.stands
    assert hit.marked == [
        (False, "We never "),
        (True, "sell"),
        (False, " what's yours."),
    ]
    assert found(reading, "months", standing=True) == [ROW]
    assert found(reading, "vendons", standing=True) == [
        "Nous ne vendons pas vos données."
    ]


def test_words_that_are_gone_are_found_and_said_to_be_gone(told: Database) -> None:
    with told.writing() as session:
        Teller(session, {TERMS: 4}).version(
            TERMS, day(5), [block("paragraph", "Empty now.")]
        )
    with told.reading() as session:
        (hit,) = search(session, '"train ai"').hits
        assert not hit.stands
        assert hit.spans[-1].last == 4
        assert found(session, '"train ai"', standing=True) == []


def test_pages_of_hits_show_each_once_the_newest_words_first(
    database: Database,
) -> None:
    with database.writing() as session:
        declare(session, documents())
        session.flush()
        teller = Teller(session)
        for number in range(30):
            teller.version(
                TERMS,
                day(number // 3),
                [block("paragraph", f"Sentence {number} of many.")],
            )
    with database.reading() as session:
        seen: list[str] = []
        before: int | None = None
        while True:
            page = search(session, "sentence many", before=before, limit=7)
            seen += [hit.text for hit in page.hits]
            before = page.older
            if before is None:
                break
    assert len(set(seen)) == len(seen) == 30
    assert [each.split()[1] for each in seen[:3]] == ["29", "28", "27"]


SYNTAX = [
    "NEAR",
    "OR",
    '"',
    "*",
    "AND NOT",
    "^a",
    "'",
    "\\",
    "-",
    "&|!",
    ":*",
    "words:",
    "{",
    "\0",
    "sell",
]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=st.text(max_size=40) | st.lists(st.sampled_from(SYNTAX)).map(" ".join))
def test_nothing_that_can_be_written_fails(reading: Session, asked: str) -> None:
    search(reading, asked)
    search(reading, asked, service=("Parley",), standing=True)


def test_each_block_knows_since_when_it_stands(reading: Session) -> None:
    assert [
        since.number
        for since in blame(reading, numbered_version(reading, TERMS, 4))
        if since
    ] == [2, 3, 4]
    assert [
        since.number
        for since in blame(reading, numbered_version(reading, TERMS, 2))
        if since
    ] == [1, 2]
    since = blame(reading, numbered_version(reading, TERMS, 4))[0]
    assert since is not None
    assert since.captured_at == day(1)


def test_signs_case_and_numbers_in_front_change_no_date_but_words_do(
    database: Database,
) -> None:
    told = [
        "1. We keep it for 1.5 years",
        "2) We keep it — for 1.5 years.",
        "We keep it for 15 years",
    ]
    with database.writing() as session:
        declare(session, documents())
        session.flush()
        teller = Teller(session)
        made = [
            teller.version(
                TERMS, day(number), [block("item", each), block("item", "—")]
            )
            for number, each in enumerate(told)
        ]
        assert [
            [since.number if since else None for since in blame(session, each)]
            for each in made
        ] == [
            [1, None],
            [1, None],
            [3, None],
        ]


def test_the_course_of_a_document(reading: Session) -> None:
    points = course(reading, TERMS)
    assert [point.words for point in points] == [6, 17, 15, 21]
    assert [point.mentions.get("ai_training", 0) for point in points] == [
        0,
        1,
        1,
        1,
    ]
    assert [point.captured_at for point in points] == [
        day(number) for number in range(4)
    ]


def test_mentions_in_a_single_text_are_counted_for_who_asks(
    database: Database,
) -> None:
    def mentions(text: str) -> dict[str, int]:
        return {"data_sharing": text.count("share")}

    with database.writing() as session:
        declare(session, documents())
        session.flush()
        teller = Teller(session)
        teller.version(TERMS, day(0), [block("paragraph", "We share it.")])
        assert [point.mentions for point in course(session, TERMS)] == [{}]
        assert [point.mentions for point in course(session, TERMS, mentions)] == [
            {"data_sharing": 1}
        ]
        teller.version(
            TERMS,
            day(1),
            [
                block("paragraph", "We share it."),
                block("paragraph", "We share more."),
            ],
        )
        reindex(session, TERMS, mentions)
        assert [point.mentions for point in course(session, TERMS)] == [
            {"data_sharing": 1},
            {"data_sharing": 2},
        ]


def test_an_old_text_with_a_nul_is_found(told: Database) -> None:
    with told.writing() as session:
        Teller(session).version(
            PRIVACY, day(10), [block("paragraph", "We keep\0 the owls' letters.")]
        )
    with told.reading() as session:
        assert found(session, "owls letters") == [
            "We keep\ufffd the owls' letters."
        ]


def test_each_of_many_texts_is_found_with_its_own_words(told: Database) -> None:
    texts = [
        f"We keep letter w{number} for a month." for number in range(230)
    ]  # more than are compressed together
    with told.writing() as session:
        Teller(session).version(
            PRIVACY, day(10), [block("paragraph", each) for each in texts]
        )
    with told.reading() as session:
        for number in (0, 99, 100, 229):
            assert found(session, f"w{number}") == [texts[number]]
        hits = search(session, "letter", limit=300).hits
        assert [hit.text for hit in hits] == texts[::-1]


def test_texts_that_were_read_again_are_indexed_again(told: Database) -> None:
    with told.writing() as session:
        row = numbered_version(session, TERMS, 2)
        row.page = {
            "title": "",
            "language": "en",
            "blocks": [block("paragraph", "We sell it all.")],
        }
        reindex(session, TERMS, lambda _: {"data_sharing": 1})
    with told.reading() as session:
        assert found(session, "sell it all") == ["We sell it all."]
        assert [hit.spans[0].first for hit in search(session, "train").hits] == [3]
        assert course(session, TERMS)[1].mentions == {"data_sharing": 1}
    with told.writing() as session:
        numbered_version(session, TERMS, 2).page = {"blocks": []}
        reindex(session, TERMS)
    with told.reading() as session:
        assert found(session, "sell it all") == []
        assert "We sell it all." not in [
            each
            for pack in session.exec(select(ParagraphPack.texts))
            for each in pack
        ]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_paragraph_of_any_length_is_kept_and_found_by_its_first_words(
    database: Database,
) -> None:
    letters = [chr(ord("a") + number) for number in range(26)]
    long = " ".join(
        "".join(each) * 16 for each in islice(product(letters, repeat=4), 20_000)
    )
    wide = " ".join(
        "\U00020000" * 60 + chr(0x20001 + number) for number in range(16_000)
    )
    with database.writing() as session:
        declare(session, documents())
        session.flush()
        teller = Teller(session)
        said = [f"The longest {long}", f"The widest {wide}"]
        teller.version(TERMS, day(0), [block("paragraph", each) for each in said])
    with database.reading() as session:
        assert len(found(session, "longest")) == len(found(session, "widest")) == 1


def test_a_story_can_be_searched(database: Database) -> None:
    tell(database)
    with database.reading() as session:
        assert [
            hit.document.id for hit in search(session, '"deleted notes"').hits
        ] == [
            NOTES,
            NOTES,
        ]
        assert (
            day(0) + timedelta(0)
            == search(session, "profile").hits[-1].spans[0].since
        )
