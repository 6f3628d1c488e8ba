"""A person's question, answered by quotations of stored texts and one sentence that they support."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from sqlmodel import Session

from analysis.text.language import share_of_common_words
from analysis.text.phrases import common_words
from notifier.escape import for_machines
from policywatch.reader.checks import Checked, check_quotations, speaks_to_model
from policywatch.reader.model import NoAnswer, Statement, TooLong, statement_schema
from policywatch.reader.prompt import Prompt, Subject
from policywatch.reader.reader import Reader
from storage.changes import StoredPassage
from storage.documents import Document
from storage.search import Hit, excerpt, search
from storage.tokenizer import STEMMERS, words

_MOST = 12_000  # characters of all passages
_SHORT = 4_000  # for a small context
_MOST_WORDS = 6  # searched for
_MOST_HITS = 50  # of one search


@dataclass(frozen=True, slots=True)
class FoundQuote:
    text: str
    hit: Hit


@dataclass(frozen=True, slots=True)
class QuestionAnswer:
    """`sentence` is None if unsupported; `dropped` holds what failed, with reasons."""

    sentence: str | None = None
    quotations: Sequence[FoundQuote] = ()
    dropped: Sequence[tuple[str, str]] = ()


def paragraphs_about(
    session: Session,
    question: str,
    services: Collection[str] = (),
    since: datetime | None = None,
) -> list[Hit]:
    """Most words first, then in force, then newest."""
    asked = _searched(question)
    found: dict[int, Hit] = {}
    for size in range(len(asked), (len(asked) - 1) // 2, -1):
        hits = [
            hit
            for some in combinations(asked, size)
            for standing in (True, False)
            for hit in search(
                session,
                " ".join(some),
                service=services,
                standing=standing,
                limit=_MOST_HITS,
            ).hits
            if since is None or _changed_since(hit, since)
        ]
        for hit in sorted(hits, key=lambda hit: (not hit.stands, -hit.id)):
            found.setdefault(hit.id, hit)
        if sum(len(hit.text) for hit in found.values()) > _MOST:
            break
    return [*found.values()]


def answer_question(
    reader: Reader, question: str, hits: Sequence[Hit]
) -> QuestionAnswer:
    """Raises `NoAnswer`."""
    rows = dict(_rows(hits))
    if not rows:
        return QuestionAnswer()
    language = max(STEMMERS, key=lambda code: share_of_common_words(question, code))
    schema = statement_schema((language,))
    shown = _fitting(hits, rows, _MOST)
    try:
        answer = reader.answer(_messages(question, language, hits, shown), schema)
    except TooLong:
        shown = _fitting(hits, rows, _SHORT)
        answer = reader.answer(_messages(question, language, hits, shown), schema)
    try:
        statement = Statement.model_validate(answer)
    except ValidationError as failure:
        raise NoAnswer("the answer does not fit its schema") from failure
    checked = _checked(statement, language, hits, {n: rows[n] for n in shown})
    return QuestionAnswer(
        next((each["text"].get(language) for each in checked.statements), None),
        [
            FoundQuote(quote["text"], hits[quote["passage"]])
            for each in checked.statements
            for quote in each["quotes"]
        ],
        checked.dropped,
    )


def _searched(question: str) -> list[str]:
    common = {
        *Path(__file__).with_name("question_words.txt").read_text("utf-8").split()
    }
    common = common.union(*(common_words()[code] for code in STEMMERS))
    found = {
        each.folded: question[each.start : each.end]
        for each in words(question)
        if question[each.start : each.end].lower() not in common
    }
    return [*found.values()][:_MOST_WORDS]


def _changed_since(hit: Hit, since: datetime) -> bool:
    return any(
        (span.came is not None and span.since >= since)
        or (span.until is not None and span.until >= since)
        for span in hit.spans
    )


def _rows(hits: Sequence[Hit]) -> Iterator[tuple[int, StoredPassage]]:
    """As wholly added or removed, without texts that address a model."""
    for number, hit in enumerate(hits):
        row = StoredPassage(
            change_id=0,
            position=number,
            operation="added",
            heading=[],
            after=hit.text,
            marks=[("added", hit.text)],
        )
        if speaks_to_model([row]):
            continue
        if not hit.stands:
            row.operation, row.before, row.after = "removed", hit.text, None
            row.marks = [("removed", hit.text)]
        yield number, row


def _fitting(
    hits: Sequence[Hit], rows: Mapping[int, Any], most: int
) -> dict[int, str]:
    shown: dict[int, str] = {}
    for number in rows:
        text = "".join(piece for _, piece in excerpt(hits[number]))[:most]
        most -= len(text)
        if most < 0 and shown:
            break
        shown[number] = text
    return shown


def _messages(
    question: str, language: str, hits: Sequence[Hit], shown: Mapping[int, str]
) -> list[dict[str, str]]:
    places = []
    for number, text in shown.items():
        hit = hits[number]
        place = {
            "passage": number + 1,
            "service": hit.document.service,
            "document": hit.document.title,
            "since": hit.spans[-1].since.date().isoformat(),
        }
        if not hit.stands:
            assert hit.spans[-1].until is not None, "it went at some time"
            place["until"] = hit.spans[-1].until.date().isoformat()
        places.append(place | {"text": text if hit.stands else f"[-{text}-]"})
    return question_messages(question, language, places)


def question_messages(
    question: str, language: str, places: Sequence[Mapping[str, Any]]
) -> list[dict[str, str]]:
    """Each place is a passage: its number from 1, its text, and where it is from."""
    facts = {"question": question, "language": language, "passages": places}
    task = Path(__file__).with_name("question.txt").read_text("utf-8")
    return [
        {"role": "system", "content": task},
        {
            "role": "user",
            "content": for_machines(json.dumps(facts, ensure_ascii=False)),
        },
    ]


def _checked(
    statement: Statement,
    language: str,
    hits: Sequence[Hit],
    rows: Mapping[int, StoredPassage],
) -> Checked:
    """By the rules of each quoted document's language: a sentence must pass all."""
    cited = {
        quote.passage: hits[quote.passage - 1].document
        for quote in statement.quotes
        if quote.passage - 1 in rows
    }
    passages = {number + 1: row for number, row in rows.items()}
    of_pages = sorted({document.language for document in cited.values()}) or [
        language
    ]
    checked = [
        check_quotations(
            Prompt(
                _subject(cited.values(), of_page), (language,), (), passages, ""
            ),
            statement,
        )
        for of_page in of_pages
    ]
    return min(
        checked,
        key=lambda each: bool(each.statements and each.statements[0]["text"]),
    )


def _subject(documents: Collection[Document], language: str) -> Subject:
    services = ", ".join(sorted({document.service for document in documents}))
    titles = ", ".join(sorted({document.title for document in documents}))
    return Subject(services, titles, "", language)
