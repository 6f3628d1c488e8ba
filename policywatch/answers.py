"""Stores what the texts in force answer, which takes a second a document, so that it is worked out once."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from policywatch.views.today import answers_state, document_answers
from storage.database import Database
from storage.documents import known
from storage.standing import StandingRow, stored_states, texts_of_day

_AT_ONCE = 100  # documents


def store_answers(
    database: Database,
    day: date,
    services: Collection[str] = (),
    *,
    asked_before: bool = False,
) -> int:
    """Of documents (of these services) whose texts or history differ from what was stored; how many. With
    `asked_before` only those with answers: nobody looked at the others.
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
    for id_ in stale[:_AT_ONCE]:
        with database.reading() as session:
            answers = document_answers(session, documents[id_], texts)
        row = StandingRow(
            document_id=id_,
            state=states[id_],
            answers=answers.model_dump(mode="json"),
        )
        with database.writing() as session:
            session.merge(row)
    return len(stale[:_AT_ONCE])
