"""A second reader: a language model of the operator's that reads the weightiest passages after the trained model.

Its address is any that answers as OpenAI's chat completions do. What it says is unchecked: it is kept apart, marked
wherever it is shown, and holds no alert. The words of the page that it is given may be meant to steer it, so an answer
with an address in it, to click or to write to, is not used, and quotations that stand nowhere are dropped.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from analysis.classify.verdict import UNSURE, Verdict
from analysis.model import Passage
from foundation.http_client import HttpFailure, fetch
from foundation.vocabulary import TOPICS, Direction, Severity, gravity
from notifier.escape import clean, for_machines
from policywatch.config.recipients import LanguageModel
from policywatch.second_opinion import verdict_of
from storage.clock import utc_now
from storage.database import Database
from storage.second_readings import SecondReading, asked_since, passage_key

_OF_A_CHANGE = 5  # questions
_OF_A_DAY = 100
_RUN_SECONDS = 300.0  # for all questions of one run
_LARGEST_ANSWER = 64 * 1024  # bytes
_LONGEST = 300  # characters of a sentence
_PASSAGE = 1500  # characters of one side of a passage that the model is given
_GIVEN = 8000  # characters of all passages of a change
_ADDRESS = re.compile(
    r"https?:|www\.|[\w.+-]+@[\w-]|\b[\w-]{2,}\.(?:com|org|net|info|io|eu|fr|de|me|ly)\b",
    re.IGNORECASE,
)
# in the languages of the lexicon: who is spoken to, what is asked for, and how an answer looks
_ADDRESSED = re.compile(
    r"""(?ix)
    \b(?:ignore|disregard|forget|override|ignorez|oubliez|ignoriere?n?|vergiss|missachte|ignora|ignore|olvida)\b
        .{0,60}\b(?:instructions?|prompts?|rules?|directives?|consignes?|anweisung\w*|vorgaben|instrucci\w+|reglas)\b
    | \b(?:language\ model|llms?|chat\s?bots?|assistants?|classifiers?|mod[eè]les?\ de\ langage|sprachmodell\w*
        |modelos?\ de\ lenguaje|asistentes?|assistenten?)\b
    | \b(?:system|user|developer)\s?(?:prompt|message)\b | \b(?:AI|IA|KI)s?\s+(?:reader|agent|system)\w*
    | \b(?:you\ are|act\ as|vous\ êtes|du\ bist|sie\ sind|eres)\s+(?:an?|une?|eine?n?|una?)\b
    | \b(?:answer|respond|reply|output|return|classify|label|rate|répondez|classez|antworte\w*|responde|clasifica)\b
        .{0,40}(?:\bwith\b|\bas\b|\bjson\b|\bnone\b|\blow\b|\bcosmetic\b|\bpar\b|\bmit\b|\bcon\b|\bcomo\b)
    | ["'“]?\b(?:alert|severity|substantive|direction|topics)["'”]?\s*[:=]
    """
)
_TASK = (Path(__file__).parent / "second_reader.txt").read_text("utf-8")


class NoAnswer(Exception):
    """The model gave nothing that can be used; the text says why, without the address or the key."""


class Silent(NoAnswer):
    """Its server did not answer; asked again at once it would not either."""


class PassageAnswer(BaseModel):
    """What it must say of a passage, as docs/alerts.md explains it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    substantive: bool
    alert: bool
    topics: list[
        Annotated[
            str,
            Field(
                pattern=f"^({'|'.join(TOPICS)})$", json_schema_extra={"enum": [*TOPICS]}
            ),
        ]
    ]
    severity: Severity
    direction: Direction
    quotations: list[str]
    meaning: dict[str, str]

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        signs = (
            self.substantive and self.alert,
            bool(self.topics),
            self.severity != "none",
            self.direction != "none",
        )
        if any(sign != self.alert for sign in signs):
            raise ValueError(
                "topics, a severity and a direction belong to an alert, and to nothing else"
            )
        return self


@dataclass(slots=True)
class SecondReader:
    """Asks for the time of one run; each passage once, unless nothing usable came."""

    database: Database
    model: LanguageModel
    languages: Sequence[str]
    now: Callable[[], datetime] = utc_now
    clock: Callable[[], float] = time.monotonic
    _left: float = _RUN_SECONDS

    def __call__(self, passages: Sequence[Passage], ask: bool) -> dict[int, Verdict]:
        """Its verdicts by the passage's number, where they are to decide; without `ask` those that it gave before."""
        verdicts = {}
        left = _GIVEN
        weightiest = sorted(
            enumerate(passages), key=lambda each: self._weight(each[1])
        )[:_OF_A_CHANGE]
        for number, passage in weightiest:
            left -= sum(len(text[:_PASSAGE]) for text in passage.texts.values())
            if left < 0 or not (passage.severity != "none" or _is_unsure(passage)):
                break
            answer = self._answer(passage, ask=ask)
            if answer is not None and self.model.decides and _is_unsure(passage):
                verdict = verdict_of(answer)
                if not (_speaks_to_reader(passage) and _is_milder(verdict, passage)):
                    verdicts[number] = verdict
        return verdicts

    def _weight(self, passage: Passage) -> tuple[bool, int, float]:
        """The weightiest is the least: what the model can settle, then what matters most."""
        settles = self.model.decides and _is_unsure(passage)
        return not settles, gravity(passage.severity), -(passage.chance or 0)

    def _answer(self, passage: Passage, *, ask: bool) -> dict[str, Any] | None:
        key = passage_key(passage)
        with self.database.reading() as session:
            known = session.get(SecondReading, (key, self.model.name))
            may_ask = (
                ask
                and self._left > 0
                and asked_since(session, self.now() - timedelta(days=1)) < _OF_A_DAY
            )
        if not may_ask or (known and known.answer):
            return known.answer if known else None
        reading = SecondReading(passage=key, model=self.model.name, made_at=self.now())
        began = self.clock()
        try:
            reading.answer = ask_about(
                passage, self.model, self.languages, min(self.model.seconds, self._left)
            )
        except NoAnswer as failure:
            reading.failure = str(failure)
            self._left = 0 if isinstance(failure, Silent) else self._left
        self._left -= self.clock() - began
        with self.database.writing() as session:
            session.merge(reading)
        return reading.answer


def _speaks_to_reader(passage: Passage) -> bool:
    """Whether a passage may ask a model for something, or holds what only a model sees. A text on AI may do so by
    chance: then the trained model's verdict stands where the second reader's is milder, and no harm is done."""
    text = " ".join((*passage.heading, *passage.texts.values()))
    return for_machines(text) != text or _ADDRESSED.search(text) is not None


def _is_milder(verdict: Verdict, passage: Passage) -> bool:
    return gravity(verdict.severity) > gravity(passage.severity)


def _is_unsure(passage: Passage) -> bool:
    return passage.chance is not None and UNSURE[0] <= passage.chance <= UNSURE[1]


def ask_about(
    passage: Passage, model: LanguageModel, languages: Sequence[str], seconds: float
) -> dict[str, Any]:
    """A valid answer as JSON: quotations that stand in the passage, and a plain sentence in each language. Raises
    `NoAnswer`."""
    body = _post(model, _question(passage, model.name, languages), seconds)
    try:
        content = json.loads(body)["choices"][0]["message"]["content"]
    except (ValueError, LookupError, TypeError, RecursionError) as failure:
        raise NoAnswer("the answer is not one of chat completions") from failure
    try:
        answer = PassageAnswer.model_validate_json(content)
    except ValidationError as failure:
        where = (
            ".".join(str(part) for part in failure.errors()[0]["loc"]) or "all of it"
        )
        raise NoAnswer(f"the answer does not fit its schema ({where})") from failure
    except TypeError as failure:
        raise NoAnswer("the answer is no text") from failure
    if answer.meaning.keys() != set(languages):
        raise NoAnswer("the answer is in other languages than asked for")
    sides = passage.texts.values()
    quotations = [
        text
        for text in answer.quotations
        if text.strip() and any(text in side for side in sides)
    ]
    meaning = {language: _plain(answer.meaning[language]) for language in languages}
    return answer.model_dump() | {"quotations": quotations, "meaning": meaning}


def _plain(sentence: str) -> str:
    line = " ".join(clean(sentence).split())
    if not line:
        raise NoAnswer("the answer is empty")
    if len(line) > _LONGEST:
        raise NoAnswer(f"the answer has a sentence of more than {_LONGEST} characters")
    if _ADDRESS.search(line):
        raise NoAnswer("the answer holds an address")
    return line


def _question(passage: Passage, name: str, languages: Sequence[str]) -> dict[str, Any]:
    schema = PassageAnswer.model_json_schema()
    schema["properties"]["meaning"] = {
        "type": "object",
        "properties": {language: {"type": "string"} for language in languages},
        "required": [*languages],
        "additionalProperties": False,
    }
    cut = {side: text[:_PASSAGE] for side, text in passage.texts.items()}
    material = {"section": passage.heading, "languages": languages} | cut
    return {
        "model": name,
        "temperature": 0,
        "max_tokens": 800,
        "messages": [
            {"role": "system", "content": _TASK},
            {"role": "user", "content": json.dumps(material, ensure_ascii=False)},
        ],
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "second_reading", "strict": True, "schema": schema},
        },
    }


def _post(model: LanguageModel, question: dict[str, Any], seconds: float) -> bytes:
    headers = {"Content-Type": "application/json"}
    if model.key:
        headers["Authorization"] = f"Bearer {model.key}"
    try:
        response = fetch(
            f"{model.url.rstrip('/')}/chat/completions",
            method="POST",
            body=json.dumps(question).encode(),
            headers=headers,
            seconds=seconds,
            max_size=_LARGEST_ANSWER,
            allow_private=model.allow_private,
        )
    except HttpFailure as failure:
        if failure.cause == "large":
            raise NoAnswer(
                f"the answer is larger than {_LARGEST_ANSWER // 1024} kB"
            ) from failure
        raise Silent(str(failure)) from failure
    if response.status != 200:
        raise Silent(f"status {response.status}")
    return response.body
