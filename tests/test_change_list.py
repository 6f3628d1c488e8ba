"""The list of changes: filters, pages forth and back, topics kept in step, and the cost of a page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from itertools import chain
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import event
from sqlmodel import Session, select

from foundation.vocabulary import this_and_above
from policywatch.views.query_params import ChangesQuery
from storage.change_list import (
    ChangeFilter,
    Cursor,
    changes_page,
    changes_to,
    upcoming,
)
from storage.changes import ChangeTopic, changes_of
from storage.database import Database
from storage.documents import declare
from storage.versions import numbers_around, versions_of_document
from tests.stories import Teller, block, day, passage
from tests.story_of_parley import NOTES, PRIVACY, PRIVACY_FR, TERMS, documents, tell


@pytest.fixture
def parley(database: Database) -> Iterator[Session]:
    tell(database)
    with database.reading() as session:
        yield session


def found(session: Session, **wanted: Any) -> list[str]:
    return [
        row.change.document_id
        for row in changes_page(session, ChangeFilter(**wanted)).rows
    ]


def test_a_row_says_all_that_a_list_shows(parley: Session) -> None:
    row = changes_page(
        parley, ChangeFilter(document=(PRIVACY,), topic=("ai_training",))
    ).rows[0]
    assert (row.document.service, row.document.title) == (
        "Parley",
        "Privacy Policy",
    )
    assert row.change.brief["meaning"].startswith("Parley will use your profile")
    assert row.change.effective_date == date(2025, 11, 3)
    assert row.change.severity == "high"
    assert sum(row.counts.values()) > 1


# asked of one store, which costs more to make than all of them
NARROWED: list[tuple[dict[str, Any], list[str]]] = [
    ({}, [PRIVACY_FR, PRIVACY, TERMS, NOTES]),
    ({"service": ("Harbour",)}, [NOTES]),
    ({"service": ("Harbour", "Nobody")}, [NOTES]),
    ({"document": (TERMS, NOTES)}, [TERMS, NOTES]),
    ({"language": ("fr",)}, [PRIVACY_FR]),
    ({"topic": ("retention",)}, [NOTES]),
    ({"topic": ("retention", "ai_training")}, [PRIVACY_FR, PRIVACY, NOTES]),
    ({"topic": ("nothing",)}, []),
    ({"severity": this_and_above("high")}, [PRIVACY_FR, PRIVACY]),
    ({"direction": ("limits",)}, [NOTES]),
    ({"since": date(2025, 10, 23)}, [PRIVACY_FR, PRIVACY, TERMS]),
    ({"until": date(2025, 10, 23)}, [TERMS, NOTES]),
    ({"effective_from": date(2025, 11, 3)}, [PRIVACY_FR, PRIVACY]),
    ({"effective_to": date(2025, 11, 2)}, []),
    ({"noted": True}, []),
    (
        {
            "topic": ("ai_training",),
            "language": ("en",),
            "since": date(2025, 11, 1),
        },
        [PRIVACY],
    ),
]


def test_each_filter_narrows(parley: Session) -> None:
    assert [(wanted, found(parley, **wanted)) for wanted, _ in NARROWED] == NARROWED


def test_changes_of_form_are_there_when_asked_for(parley: Session) -> None:
    everything = changes_page(parley, ChangeFilter(cosmetic=True)).rows
    assert len(everything) == 5
    assert [row.change.substantive for row in everything].count(False) == 1


def test_severities_from_one_up() -> None:
    assert [this_and_above(each) for each in ("high", "low")] == [
        ("high",),
        ("high", "medium", "low"),
    ]


def many(database: Database, number: int = 25) -> None:
    with database.writing() as session:
        declare(session, documents())
        session.flush()
        teller = Teller(session)
        before = teller.version(TERMS, day(0), [block("paragraph", "0")])
        for each in range(1, number + 1):
            # several at a time, so that the order can't hang on the time alone
            after = teller.version(
                TERMS, day(each // 4), [block("paragraph", str(each))]
            )
            evidence = [("retention", str(each), "after")] if each % 2 else []
            teller.change(
                before,
                after,
                [passage([], str(each - 1), str(each), evidence=evidence)],
            )
            before = after


def test_pages_forth_and_back_show_each_change_once(database: Database) -> None:
    many(database)
    wanted = ChangeFilter(topic=("retention",))
    with database.reading() as session:
        pages = [changes_page(session, wanted, limit=5)]
        while pages[-1].older:
            # through text, as an address carries it
            pages.append(
                changes_page(
                    session,
                    wanted,
                    before=Cursor.parse(str(pages[-1].older)),
                    limit=5,
                )
            )
        ids = [[row.change.id for row in page.rows] for page in pages]
        assert list(chain.from_iterable(ids)) == list(range(25, 0, -2))
        assert pages[0].newer is None
        back = [pages[-1]]
        while back[-1].newer:
            back.append(
                changes_page(session, wanted, after=back[-1].newer, limit=5)
            )
        assert [[row.change.id for row in page.rows] for page in back[1:]] == ids[
            1::-1
        ]
        assert back[1].older == Cursor.of(changes_of(session, TERMS)[18])


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "17",
        "2025-11-03~1",
        "2025-11-03T00:00:00+00:00~x",
        "2025-11-03T00:00Z~" + "9" * 30,
        "2025-11-03T00:00Z~" + "0" * 10 + "1" * 30,
    ],
)
def test_a_place_that_is_none_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Cursor.parse(wrong)


def test_what_a_document_s_pages_need(database: Database) -> None:
    many(database)
    with database.reading() as session:
        newest = versions_of_document(session, TERMS, limit=10)
        assert [each.number for each in newest] == list(range(26, 16, -1))
        assert [
            each.number
            for each in versions_of_document(session, TERMS, before=3, limit=10)
        ] == [2, 1]
        made = changes_to(session, [each.id for each in newest if each.id])
        assert sorted(made) == sorted(each.id for each in newest)
        assert [
            numbers_around(session, TERMS, number) for number in (1, 7, 26)
        ] == [
            (None, 2),
            (6, 8),
            (25, None),
        ]


def test_announced_dates_come_nearest_first(parley: Session) -> None:
    assert [
        row.change.document_id
        for _, row in upcoming(parley, date(2025, 11, 1), ChangeFilter(), limit=9)
    ] == [
        PRIVACY_FR,
        PRIVACY,
    ]
    assert upcoming(parley, date(2025, 11, 4), ChangeFilter(), limit=9) == []


def test_the_last_day_to_refuse_is_a_coming_day_of_its_own(
    database: Database,
) -> None:
    tell(database)
    with database.writing() as session:
        told = next(iter(changes_of(session, PRIVACY)))
        told.deadline = date(2025, 11, 2)
    with database.reading() as session:
        days = upcoming(session, date(2025, 11, 1), ChangeFilter(), limit=9)
        assert [
            (each, row.change.document_id)
            for each, row in days
            if row.change.document_id == PRIVACY
        ] == [(date(2025, 11, 2), PRIVACY), (date(2025, 11, 3), PRIVACY)]


def test_topics_follow_a_change_that_is_judged_again(database: Database) -> None:
    tell(database)
    with database.writing() as session:
        row = changes_page(session, ChangeFilter(document=(NOTES,))).rows[0].change
        row.topics = ["security"]
        id_ = row.id
    with database.reading() as session:
        kept = session.exec(
            select(ChangeTopic.topic).where(ChangeTopic.change_id == id_)
        ).all()
        assert kept == ["security"]
        assert found(session, topic=("retention",)) == []


@contextmanager
def counted(session: Session) -> Iterator[list[str]]:
    said: list[str] = []
    engine = session.get_bind().engine

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        said.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield said
    event.remove(engine, "before_cursor_execute", note)


def test_a_page_costs_the_same_few_queries_however_long(database: Database) -> None:
    many(database)
    with database.reading() as session:
        changes_page(session)  # begins the transaction
        with counted(session) as short:
            changes_page(
                session,
                ChangeFilter(service=("Parley",), topic=("retention",)),
                limit=1,
            )
        with counted(session) as long:
            changes_page(
                session,
                ChangeFilter(service=("Parley",), topic=("retention",)),
                limit=20,
            )
    assert len(short) == len(long) <= 5


def test_an_address_asks_for_a_filter() -> None:
    asked = ChangesQuery.model_validate(
        {
            "topic": ["ai_training", ""],
            "severity": "medium",
            "since": "2025-11-01",
            "service": [""],
        }
    )
    assert asked.filter == ChangeFilter(
        topic=["ai_training"], severity=("high", "medium"), since=date(2025, 11, 1)
    )
    for wrong in (
        {"severity": "grave"},
        {"since": "yesterday"},
        {"topic": ["a\0"]},
        {"until": "0001-01-01"},
    ):
        with pytest.raises(ValidationError):
            ChangesQuery.model_validate(wrong)
