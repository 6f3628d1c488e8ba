"""The answers of a service's texts in force, in their own words."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import date
from typing import Any, TypeVar

from rapidfuzz.fuzz import ratio
from sqlmodel import Session, col, func, select

from analysis.classify.model import LANGUAGES
from analysis.classify.statements import StandingSentence, is_practice, statements
from analysis.model import Page
from analysis.page_json import page_from_json
from analysis.text.regions import regions_of
from analysis.text.sentence_ends import sentence_bounds
from analysis.text.word_lists import number_words, word_lists
from foundation.vocabulary import GOOD, TODAY, Cause, Severity, TodayQuestion
from policywatch.code_digest import code_digest
from policywatch.views.json_models import Moment, OptionalSentence, Shape
from storage.changes import StoredPassage, passages
from storage.checks import Check, last_checks
from storage.database import Database
from storage.documents import PREVIEW, Document, known, replaced_by
from storage.errors import Unknown
from storage.paragraphs import TextHistory, anchor, plain_words, texts_of
from storage.readings import newest_answers
from storage.standing import (
    StandingRow,
    TextsOfDay,
    VersionAndChange,
    stored_answers,
    stored_states,
    texts_of_day,
    version_chain,
)
from storage.versions import numbered_version

_Sentence = TypeVar("_Sentence")
_MOST = 4  # quotations of an answer
_MOST_STEPS = 20
_ALIKE = 90  # percent from which two quotations say the same
_NO_CHANGE = (Cause.EXTRACTION, Cause.REPLACED)  # of the text before
_SUCCESSOR = 55  # percent from which a sentence took the place of another


class StandingWords(Shape):
    """Words that stood from a version on; `first`: at least from then."""

    text: str
    version: int
    since: Moment
    first: bool
    change: int | None
    effective_date: date | None
    until: int | None = None  # last version, where nothing took their place


class QuotationLink(Shape):
    start: int
    end: int
    url: str


class QuotedWay(Shape):
    """How to refuse, by words near a quotation."""

    text: str
    url: str | None


class StandingQuotation(Shape):
    """Words of a text; `history` begins with them, then what stood in their place, back in time. `regions`, in English,
    are those for whose people the text says that they are."""

    document: str
    title: str
    version: int
    anchor: str | None
    heading: list[str]
    lead_in: list[str]
    text: str
    regions: list[str]
    links: list[QuotationLink]
    severity: Severity
    worth: float
    refuse: QuotedWay | None
    announced: date | None = None
    history: list[StandingWords]


class Answer(Shape):
    """What the texts in force say, and what is only announced. `sentence` is a language model's, which the quotations
    support."""

    question: str
    sentence: str | None = None
    quotations: list[StandingQuotation]
    announced: list[StandingQuotation]


class ReadDocument(Shape):
    """Without a version none was known that day; `outcome` and `reason` are of a last check that brought no text that is
    believed, as none did `since`."""

    document: str
    title: str
    kind: str
    version: int | None
    captured_at: Moment | None
    outcome: str | None
    reason: OptionalSentence
    since: Moment | None


class LanguageToday(Shape):
    """Of documents in one language; not `learned` where a lexicon chose, for no model knows it."""

    language: str
    learned: bool
    answers: list[Answer]
    documents: list[ReadDocument]


class Today(Shape):
    service: str
    day: date
    languages: list[LanguageToday]


class SideBySide(Shape):
    """Of several services, on one question."""

    question: TodayQuestion
    day: date
    services: list[Today]


class DocumentAnswers(Shape):
    """By question, of one document; those of its service are chosen among them."""

    in_force: dict[str, list[StandingQuotation]]
    announced: dict[str, list[StandingQuotation]]


class UnknownService(Unknown):
    def __init__(self, service: str) -> None:
        super().__init__(
            f"no service is called {service!r}; `policywatch documents` lists them"
        )
        self.service = service


def service_named(session: Session, name: str) -> str:
    """The name as the watchlist writes it. Raises `UnknownService`."""
    same = func.lower(col(Document.service)) == name.lower()
    begins = col(Document.id).startswith(f"{name.lower()}/", autoescape=True)
    named = select(Document.service).distinct()
    for wanted in (col(Document.service) == name, same, begins):
        services = session.exec(named.where(wanted).limit(2)).all()
        if len(services) == 1:
            return services[0]
    raise UnknownService(name)


def services_named(session: Session, names: Sequence[str]) -> list[str]:
    """Each may be several, with commas. Raises `UnknownService`."""
    services = list[str]()
    for name in names:
        try:
            services.append(service_named(session, name))
        except UnknownService:
            services += [
                service_named(session, part.strip()) for part in name.split(",")
            ]
    return list(dict.fromkeys(services))


def today(session: Session, service: str, day: date) -> Today:
    """Languages with most documents first. Raises `UnknownService`."""
    (answers,) = services_today(session, [service_named(session, service)], day)
    return answers


def services_today(
    session: Session,
    services: Sequence[str],
    day: date,
    questions: Collection[TodayQuestion] = tuple(TODAY),
) -> list[Today]:
    """Of names as the watchlist writes them."""
    documents = known(session, services)
    ids = [each.id for each in documents]
    texts = texts_of_day(session, ids, day)
    stored = stored_answers(session, texts)
    checks = {
        id_: check
        for id_, check in last_checks(session, ids).items()
        if check.checked_at.date() <= day
    }
    by_language: dict[str, dict[str, list[Document]]] = {
        name: {} for name in services
    }
    for each in documents:
        by_language[each.service].setdefault(each.language, []).append(each)
    answers = [
        Today(
            service=name,
            day=day,
            languages=[
                _language(session, code, rows, texts, stored, checks, questions)
                for code, rows in sorted(
                    groups.items(), key=lambda each: (-len(each[1]), each[0])
                )
            ],
        )
        for name, groups in by_language.items()
    ]
    _add_sentences(session, answers)
    return answers


def _add_sentences(session: Session, services: Sequence[Today]) -> None:
    by_key = {
        sentence_key(service.service, group.language, answer): answer
        for service in services
        for group in service.languages
        for answer in group.answers
        if answer.quotations
    }
    for key, reading in newest_answers(session, by_key).items():
        by_key[key].sentence = reading["sentence"]


def sentence_key(service: str, language: str, answer: Answer) -> str:
    """The question by which a sentence over these quotations is stored."""
    texts = [(each.lead_in, each.text) for each in answer.quotations]
    facts = json.dumps([service, language, answer.question, texts])
    return hashlib.sha256(facts.encode()).hexdigest()


def _language(
    session: Session,
    code: str,
    documents: Sequence[Document],
    texts: Mapping[str, TextsOfDay],
    stored: Mapping[str, StandingRow],
    checks: Mapping[str, Check],
    questions: Collection[TodayQuestion],
) -> LanguageToday:
    of_documents = [
        _stored(row, questions)
        if (row := stored.get(each.id)) and row.state == answers_state(each, texts)
        else document_answers(session, each, texts)
        for each in documents
        if each.id in texts
    ]
    return LanguageToday(
        language=code,
        learned=code in LANGUAGES,
        answers=[
            Answer(
                question=question,
                quotations=_gravest(
                    quotation
                    for each in of_documents
                    for quotation in each.in_force.get(question, ())
                ),
                announced=_gravest(
                    quotation
                    for each in of_documents
                    for quotation in each.announced.get(question, ())
                ),
            )
            for question in questions
        ],
        documents=[
            _read_document(each, texts.get(each.id), checks.get(each.id))
            for each in documents
        ],
    )


def _stored(
    row: StandingRow, questions: Collection[TodayQuestion]
) -> DocumentAnswers:
    """Of these questions alone: validating takes long."""
    return DocumentAnswers.model_validate(
        {
            side: {
                name: rows for name, rows in answers.items() if name in questions
            }
            for side, answers in row.answers.items()
        }
    )


def _read_document(
    document: Document, text: TextsOfDay | None, check: Check | None
) -> ReadDocument:
    failed = (
        check if check and check.outcome and check.outcome not in GOOD else None
    )
    return ReadDocument(
        document=document.id,
        title=document.title,
        kind=document.kind,
        version=text.in_force if text else None,
        captured_at=text.captured_at if text else None,
        outcome=failed.outcome if failed else None,
        reason=failed.reason if failed else None,
        since=document.failing_since if failed else None,
    )


def _gravest(quotations: Iterable[StandingQuotation]) -> list[StandingQuotation]:
    ordered = sorted(quotations, key=lambda each: (-each.worth, each.document))
    return _distinct(ordered, lambda each: each.text)


def _distinct(
    ordered: Iterable[_Sentence], text: Callable[[_Sentence], str]
) -> list[_Sentence]:
    """The first four; of those that say the same, one."""
    chosen: list[_Sentence] = []
    for each in ordered:
        if not any(_say_the_same(text(each), text(other)) for other in chosen):
            chosen.append(each)
            if len(chosen) == _MOST:
                break
    return chosen


def _say_the_same(text: str, other: str) -> bool:
    """Not where they differ by a denial or a number."""
    if ratio(text, other) < _ALIKE:
        return False
    lists = word_lists()
    differs = {*plain_words(text).split()} ^ {*plain_words(other).split()}
    return not any(
        word in lists.negations
        or word in lists.reversing
        or word in number_words()
        or word.isdigit()
        for word in differs
    )


def document_answers(
    session: Session, document: Document, texts: Mapping[str, TextsOfDay]
) -> DocumentAnswers:
    """What an announced text says counts where it does not stand in the one in force."""
    text, replaced = texts[document.id], texts.get(replaced_by(document) or "")
    source = _DocumentTexts(session, document)
    if document.kind == PREVIEW:
        if replaced is None:
            return DocumentAnswers(in_force={}, announced={})
        before = numbered_version(
            session, replaced_by(document) or "", replaced.in_force
        )
        coming = source.answers(text.newest, unlike=before.page)
        return DocumentAnswers(in_force={}, announced=coming)
    in_force = source.answers(text.in_force)
    announced = {}
    if text.announced:
        before = numbered_version(session, document.id, text.in_force)
        announced = source.answers(
            text.newest, unlike=before.page, announced=text.announced
        )
    return DocumentAnswers(in_force=in_force, announced=announced)


def answers_state(document: Document, texts: Mapping[str, TextsOfDay]) -> str:
    """Differs where the answers of a document may."""
    replaced = texts.get(replaced_by(document) or "")
    facts = (
        document.id,
        document.title,
        document.kind,
        document.language,
        texts[document.id].state,
        replaced.state if replaced else "",
        code_digest("analysis", "policywatch.views"),  # what chooses the answers
    )
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:32]


class _DocumentTexts:
    def __init__(self, session: Session, document: Document) -> None:
        self._session = session
        self._document = document
        self._chain = version_chain(session, document.id)
        self._history = TextHistory(session, document.id)
        self._passages: dict[int, list[StoredPassage]] = {}

    def answers(
        self, number: int, *, unlike: Any = None, announced: date | None = None
    ) -> dict[str, list[StandingQuotation]]:
        """Of a version; without what stands in the page `unlike`."""
        document = self._document
        page = page_from_json(
            numbered_version(self._session, document.id, number).page
        )
        name = f"{document.kind} {document.title}"
        if not is_practice(name, page):
            return {}
        known = (
            f" {' '.join(map(plain_words, texts_of(unlike)))} " if unlike else ""
        )
        answers = statements(page, document=name, language=document.language)
        return {
            question: [
                self._quotation(each, page, number, announced)
                for each in _distinct(
                    (
                        each
                        for each in rows
                        if f" {plain_words(each.quote.text)} " not in known
                    ),
                    lambda each: each.quote.text,
                )
            ]
            for question, rows in answers.items()
        }

    def _quotation(
        self,
        statement: StandingSentence,
        page: Page,
        number: int,
        announced: date | None,
    ) -> StandingQuotation:
        quote, way = statement.quote, statement.refuse
        return StandingQuotation(
            document=self._document.id,
            title=self._document.title,
            version=number,
            anchor=anchor(page.blocks[statement.block].text),
            heading=[*statement.heading],
            lead_in=[*quote.lead_in],
            text=quote.text,
            regions=[
                *regions_of_statement(
                    statement, self._document.service, self._document.title
                )
            ],
            links=[
                QuotationLink(
                    start=link.at, end=link.at + len(link.text), url=link.url
                )
                for link in quote.links
            ],
            severity=statement.severity,
            worth=round(statement.worth, 4),
            refuse=QuotedWay(text=way.text, url=way.link) if way else None,
            announced=announced,
            history=self._steps(quote.text, number),
        )

    def _steps(self, text: str, number: int) -> list[StandingWords]:
        """Back to the first text that is known."""
        steps: list[StandingWords] = []
        while len(steps) < _MOST_STEPS:
            runs = [run for run in self._history.runs(text) if run[0] <= number]
            head = self._chain.get(runs[-1][0]) if runs else None
            if head is None:
                break
            last = runs[-1][1]
            begins = head.number == min(self._chain) or head.cause in _NO_CHANGE
            steps.append(
                StandingWords(
                    text=text,
                    version=head.number,
                    since=head.captured_at,
                    first=begins,
                    change=head.change_id,
                    effective_date=head.effective_date,
                    until=last if last is not None and last < number else None,
                )
            )
            if begins:
                break
            text = self._replaced_by(text, head) or text
            number = head.number - 1
        return steps

    def _replaced_by(self, text: str, head: VersionAndChange) -> str | None:
        """The sentence in whose place the change of a version put these words."""
        if head.change_id is None:
            return None
        if head.change_id not in self._passages:
            self._passages[head.change_id] = passages(self._session, head.change_id)
        words = f" {plain_words(text)} "
        former = [
            passage.before[slice(*bounds)]
            for passage in self._passages[head.change_id]
            if passage.before and words in f" {plain_words(passage.after or '')} "
            for bounds in sentence_bounds(passage.before)
        ]
        best = max(former, key=lambda each: ratio(each, text), default="")
        return best if ratio(best, text) >= _SUCCESSOR else None


def regions_of_statement(
    statement: StandingSentence, service: str, title: str
) -> tuple[str, ...]:
    """`title` is of its document."""
    # "Amazon Europe" is a company
    company = re.compile(
        rf"{re.escape(service)}(?: \w+)?|{re.escape(service.split()[0])} \w+"
    )
    headings = (
        company.sub("", line) for line in (*reversed(statement.heading), title)
    )
    quote = statement.quote
    return regions_of((quote.text, *reversed(quote.lead_in)), headings)


_AT_ONCE = 100  # documents


def store_answers(
    database: Database,
    day: date,
    services: Collection[str] = (),
    *,
    asked_before: bool = False,
    turn: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> int:
    """Of documents whose texts or history differ from what was stored; how many. `asked_before`: only of those with
    answers. `turn` is held while they are worked out.
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
                _store_one(database, documents[id_], texts, states[id_])
    return len(stale[:_AT_ONCE])


def _store_one(
    database: Database,
    document: Document,
    texts: Mapping[str, TextsOfDay],
    state: str,
) -> None:
    with database.reading() as session:
        answers = document_answers(session, document, texts)
    row = StandingRow(
        document_id=document.id,
        state=state,
        answers=answers.model_dump(mode="json"),
    )
    with database.writing() as session:
        session.merge(row)
