"""Works out after a run what the texts in force answer, so that a page need not."""

from __future__ import annotations

from datetime import date

from policywatch.views.today import answers_state, document_answers
from storage.database import Database
from storage.documents import known
from storage.standing import StandingRow, stored_states, texts_of_day

_AT_ONCE = 100  # documents: a second each, and a store that was upgraded has thousands


def store_answers(database: Database, day: date) -> int:
    """Of documents whose texts or history differ from what was stored; how many. The rest is left to the next run."""
    with database.reading() as session:
        documents = {each.id: each for each in known(session)}
        texts = texts_of_day(session, documents, day)
        stored = stored_states(session)
    stale = [
        documents[id_]
        for id_ in texts
        if stored.get(id_) != answers_state(documents[id_], texts)
    ][:_AT_ONCE]
    for each in stale:
        with database.reading() as session:
            answers = document_answers(session, each, texts)
        row = StandingRow(
            document_id=each.id,
            state=answers_state(each, texts),
            answers=answers.model_dump(mode="json"),
        )
        with database.writing() as session:
            session.merge(row)
    return len(stale)
