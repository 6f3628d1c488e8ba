"""Stores what the texts in force answer, which takes a second a document, so that it is worked out once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import date

from policywatch.views.today import answers_state, document_answers
from storage.database import Database
from storage.documents import Document, known
from storage.standing import StandingRow, TextsOfDay, stored_states, texts_of_day

_AT_ONCE = 100  # documents


def store_answers(
    database: Database,
    day: date,
    services: Collection[str] = (),
    *,
    asked_before: bool = False,
    turn: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> int:
    """Of documents whose texts or history differ from what was stored; how many. With `asked_before` only those with
    answers: nobody looked at the others. `turn` is held while they are worked out.
    """
    with database.reading() as session:
        documents = {each.id: each for each in known(session, services)}
        texts = texts_of_day(session, documents, day)
        stored = stored_states(session)
    states = {
        id_: answers_state(documents[id_], texts)
        for id_ in texts
        if id_ in stored or not asked_before
    }
    stale = [id_ for id_, state in states.items() if stored.get(id_) != state]
    if stale:
        with turn():
            for id_ in stale[:_AT_ONCE]:
                _store(database, documents[id_], texts, states[id_])
    return len(stale[:_AT_ONCE])


def _store(
    database: Database,
    document: Document,
    texts: Mapping[str, TextsOfDay],
    state: str,
) -> None:
    with database.reading() as session:
        answers = document_answers(session, document, texts)
    row = StandingRow(
        document_id=document.id, state=state, answers=answers.model_dump(mode="json")
    )
    with database.writing() as session:
        session.merge(row)
