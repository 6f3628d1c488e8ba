"""Asks each question once, within the operator's budgets, and stores the answers."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError
from sqlalchemy.exc import IntegrityError

from analysis.model import Comparison
from foundation.vocabulary import NoticeKind, gravity
from policywatch.config.schema import ReaderEntry
from policywatch.ingest.drafts import ChangeDraft
from policywatch.reader.model import (
    ModelAnswer,
    ModelUnavailable,
    NoAnswer,
    Reply,
    TooLong,
)
from policywatch.reader.prompt import MOST, Prompt, Subject, prompt_of
from policywatch.reader.reading import reading_of
from storage.changes import StoredPassage
from storage.clock import utc_now
from storage.database import AdvisoryLock, Database, take
from storage.deliveries import Notice, notices_of
from storage.readings import ModelReading, dropped_since, usage_since

_BEING_ASKED = "being asked"
_RUN_SECONDS = 300.0  # of a run
_SHORT = 4_000  # for a small context


@dataclass(slots=True)
class Reader:
    database: Database
    model: ReaderEntry
    languages: Sequence[str]
    about: Sequence[str] = ()
    now: Callable[[], datetime] = utc_now
    clock: Callable[[], float] = time.monotonic
    left: float = _RUN_SECONDS

    def __call__(
        self,
        subject: Subject,
        draft: ChangeDraft,
        *,
        former: str | None = None,
    ) -> ChangeDraft:
        """`former` is an earlier question's key: then nothing is asked, and a stored answer to either counts."""
        if not _is_worth_asking(draft.comparison):
            return draft
        prompt = self.prompt(subject, draft.passages)
        if prompt is None:
            return draft
        known = self._known(prompt.key)
        if former is not None:
            known = known if known and known.answer else self._known(former)
            if known is None or known.answer is None:
                return draft
            return draft._replace(reading=self.reading(prompt, known))
        while known is None or known.answer is None:
            if self._claim(prompt.key):
                known = self.ask(prompt, subject, draft)
                break
            time.sleep(0.2)
            known = self._known(prompt.key)
        return draft._replace(reading=self.reading(prompt, known))

    def prompt(
        self, subject: Subject, passages: Sequence[StoredPassage], most: int = MOST
    ) -> Prompt | None:
        return prompt_of(subject, passages, self.languages, self.about, most)

    def reading(self, prompt: Prompt, known: ModelReading) -> dict[str, Any]:
        facts = {
            "model": known.model,
            "made_at": known.made_at.isoformat(),
            "question": known.question,
            "use": self.model.use,
        }
        if known.answer is None:
            return facts | {
                "failure": known.failure,
                "late": (known.failure or "").startswith("late: "),
            }
        try:
            answer = ModelAnswer.model_validate(known.answer)
        except ValidationError as failure:
            return facts | {"failure": _does_not_fit(failure)}
        return reading_of(prompt, answer) | facts

    def ask(
        self, prompt: Prompt, subject: Subject, draft: ChangeDraft
    ) -> ModelReading:
        """Failures are stored too, so that they are not repeated in this run, but never replace an answer."""
        row = ModelReading(
            question=prompt.key, model=self.model.name, made_at=self.now()
        )
        began = self.clock()
        try:
            self._check_budget()
            try:
                reply = self._asked(prompt, draft)
            except TooLong:
                shorter = self.prompt(subject, draft.passages, _SHORT)
                assert shorter is not None, "a shorter question still asks"
                reply = self._asked(shorter, draft)
            row.answer = reply.answer
            row.tokens_in, row.tokens_out = reply.tokens_in, reply.tokens_out
        except NoAnswer as failure:
            row.failure = str(failure)
            if isinstance(failure, ModelUnavailable):
                row.failure, self.left = f"late: {failure}", 0
        self.left -= self.clock() - began
        with suppress(IntegrityError), self.database.writing() as session:
            former = session.get(ModelReading, (prompt.key, self.model.name))
            kept = row.model_copy()
            if former is not None:
                kept.tokens_in += former.tokens_in
                kept.tokens_out += former.tokens_out
            if row.answer is not None or former is None or former.answer is None:
                session.merge(kept)
        return row

    def answer(
        self,
        messages: list[dict[str, str]],
        schema: dict[str, Any],
        key: str | None = None,
    ) -> dict[str, Any]:
        """Its tokens count, its answer is not stored; without a `key` nothing tells what was asked. Raises `NoAnswer`."""
        self._check_budget()
        began = self.clock()
        reply = _ask(self.model, messages, schema)
        self.left -= self.clock() - began
        now = self.now()
        row = ModelReading(
            question=key or f"asked {now.isoformat()}",
            model=self.model.name,
            made_at=now,
            answer={},
            tokens_in=reply.tokens_in,
            tokens_out=reply.tokens_out,
        )
        with self.database.writing() as session:
            session.merge(row)
        return reply.answer

    def report_month(self) -> None:
        end = self.now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        start = (end - timedelta(days=1)).replace(day=1)
        with self.database.writing() as session:
            take(session, AdvisoryLock.PLANNING)
            reported = notices_of(session, NoticeKind.USED)
            usage = usage_since(session, start, end)
            if not usage.questions or any(
                each.created_at >= end for each in reported
            ):
                return
            cost = self.model.cost(usage.tokens_in, usage.tokens_out)
            facts = usage._asdict() | {
                "start": start.date().isoformat(),
                "end": (end - timedelta(days=1)).date().isoformat(),
                "dropped": dropped_since(session, start, end),
                "cost": cost and round(cost, 2),
            }
            notice = Notice(
                kind=NoticeKind.USED, facts=facts, created_at=self.now()
            )
            session.add(notice)

    def _asked(self, prompt: Prompt, draft: ChangeDraft) -> Reply:
        """`confirm`: possibly high changes are asked about twice, and the graver answer counts."""
        seconds = min(self.model.seconds, max(1, self.left))
        model = self.model.model_copy(update={"seconds": seconds})
        began = self.clock()
        first = _valid(_ask(model, prompt.messages, prompt.schema))
        severities = (draft.comparison.severity, first.answer.get("severity"))
        if not (self.model.confirm and "high" in severities):
            return first
        seconds = max(1, model.seconds - (self.clock() - began))
        try:
            again = model.model_copy(update={"seconds": seconds})
            second = _valid(_ask(again, prompt.messages, prompt.schema))
        except NoAnswer:
            return first
        graver = min(
            first, second, key=lambda each: gravity(each.answer["severity"])
        )
        return graver._replace(
            tokens_in=first.tokens_in + second.tokens_in,
            tokens_out=first.tokens_out + second.tokens_out,
        )

    def _check_budget(self) -> None:
        """Raises `NoAnswer`."""
        if self.left <= 0:
            raise ModelUnavailable("no time was left in this run")
        now = self.now()
        with self.database.reading() as session:
            day = usage_since(session, now - timedelta(days=1))
            month = usage_since(session, now - timedelta(days=30))
        spent = self.model.cost(month.tokens_in, month.tokens_out)
        for limit, used, name in (
            (self.model.tokens_a_day, day.tokens_in + day.tokens_out, "day"),
            (
                self.model.tokens_a_month,
                month.tokens_in + month.tokens_out,
                "month",
            ),
            (self.model.money_a_month, spent, "month"),
        ):
            if limit is not None and used is not None and used >= limit:
                raise NoAnswer(f"the budget of the {name} is spent")

    def _claim(self, key: str) -> bool:
        """Not while another worker asks."""
        now = self.now()
        with suppress(IntegrityError), self.database.writing() as session:
            row = session.get(
                ModelReading, (key, self.model.name), with_for_update=True
            )
            if row is None:
                row = ModelReading(question=key, model=self.model.name, made_at=now)
            elif row.answer is not None or (
                row.failure == _BEING_ASKED
                and now - row.made_at < timedelta(seconds=self.model.seconds)
            ):
                return False
            row.failure, row.made_at = _BEING_ASKED, now
            session.add(row)
            session.flush()
            return True
        return False

    def _known(self, key: str) -> ModelReading | None:
        with self.database.reading() as session:
            return session.get(ModelReading, (key, self.model.name))


def _valid(reply: Reply) -> Reply:
    try:
        answer = ModelAnswer.model_validate(reply.answer)
    except ValidationError as failure:
        raise NoAnswer(_does_not_fit(failure)) from failure
    return reply._replace(answer=answer.model_dump(mode="json"))


def _does_not_fit(failure: ValidationError) -> str:
    where = ".".join(map(str, failure.errors()[0]["loc"])) or "all of it"
    return f"the answer does not fit its schema ({where})"


def _is_worth_asking(comparison: Comparison) -> bool:
    if comparison.held:
        return False
    return comparison.substantive or any(
        passage.chance is not None for passage in comparison.passages
    )


def _ask(
    model: ReaderEntry, messages: list[dict[str, str]], schema: dict[str, Any]
) -> Reply:
    from policywatch.reader.client import ask  # an extra, which loads slowly

    return ask(model, messages, schema)
