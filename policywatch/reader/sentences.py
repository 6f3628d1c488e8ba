"""One sentence over each answer of what holds today, which its quotations support."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import ValidationError

from messages import LANGUAGES, catalogue
from policywatch.reader.checks import check_quotations, speaks_to_model
from policywatch.reader.model import (
    ModelUnavailable,
    NoAnswer,
    Statement,
    statement_schema,
)
from policywatch.reader.prompt import Prompt, Subject
from policywatch.reader.question import question_messages
from policywatch.reader.reader import Reader
from policywatch.views.today import Answer, Today, sentence_key
from storage.changes import StoredPassage
from storage.readings import ModelReading, answered_by


def write_sentences(reader: Reader, services: Iterable[Today]) -> None:
    """Where there is none; a model that does not answer is asked again in the next run."""
    wanted = {
        sentence_key(service.service, group.language, answer): (
            service.service,
            group.language,
            answer,
        )
        for service in services
        for group in service.languages
        for answer in (group.answers if group.language in LANGUAGES else ())
        if answer.quotations
    }
    with reader.database.reading() as session:
        known = answered_by(session, reader.model.name, wanted)
    for key, asked in wanted.items():
        if key in known:
            continue
        try:
            _write(reader, key, *asked)
        except ModelUnavailable:
            return
        except NoAnswer:
            continue


def _write(
    reader: Reader, key: str, service: str, language: str, answer: Answer
) -> None:
    """What the quotations do not support is kept as no sentence. Raises `NoAnswer`."""
    rows = {
        number: StoredPassage(
            change_id=0,
            position=number,
            operation="added",
            heading=[*each.heading, *each.lead_in],
            after=each.text,
            marks=[("added", each.text)],
        )
        for number, each in enumerate(answer.quotations, 1)
    }
    shown = {
        number: row for number, row in rows.items() if not speaks_to_model([row])
    }
    places = [
        {
            "passage": number,
            "service": service,
            "document": answer.quotations[number - 1].title,
            "under": row.heading,
            "text": row.after,
        }
        for number, row in shown.items()
    ]
    question = catalogue(language).term("question", answer.question)
    messages = question_messages(question, language, places)
    given = reader.answer(messages, statement_schema((language,)), key)
    try:
        statement = Statement.model_validate(given)
    except ValidationError:
        statement = Statement(quotes=[], text={})
    title = ", ".join(sorted({each.title for each in answer.quotations}))
    prompt = Prompt(
        Subject(service, title, "", language), (language,), (), shown, ""
    )
    checked = check_quotations(prompt, statement)
    texts = (each["text"].get(language) for each in checked.statements)
    with reader.database.writing() as session:
        row = session.get_one(ModelReading, (key, reader.model.name))
        row.answer = {"sentence": next(texts, None)}
