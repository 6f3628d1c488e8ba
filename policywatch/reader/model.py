"""A language model's answer about a change, and its JSON schema."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal, NamedTuple, Self, get_args

from pydantic import BaseModel, model_validator

from foundation.vocabulary import TOPICS, Default, Direction, Severity, Side


class NoAnswer(Exception):
    """Without address or key."""


class ModelUnavailable(NoAnswer):
    """It may succeed later."""


class TooLong(NoAnswer):
    pass


class Reply(NamedTuple):
    answer: dict[str, Any]
    tokens_in: int
    tokens_out: int


Kind = Literal["practice", "choice", "right", "notice", "rule", "scope", "nothing"]
Role = Literal["in_force", "object_until"]
Texts = dict[str, str]  # by language


class Citation(BaseModel):
    """`passage` is its number in the question."""

    passage: int
    side: Side
    text: str


class Statement(BaseModel):
    quotes: list[Citation]
    text: Texts


class DateOf(BaseModel):
    day: date
    role: Role
    quote: Citation


class DefaultOf(BaseModel):
    state: Default
    quote: Citation


class AboutAnswer(BaseModel):
    question: int
    answer: Literal["yes", "no"]
    quotes: list[Citation] = []
    text: Texts


class ModelAnswer(BaseModel):
    """Additional fields are ignored."""

    alert: bool
    reason: str = ""
    kind: Kind = "practice"
    topics: list[str] = []
    severity: Severity = "none"
    direction: Direction = "none"
    statements: list[Statement] = []
    headline: Texts | None = None
    dates: list[DateOf] = []
    default: DefaultOf | None = None
    refuse: list[Citation] = []
    about: list[AboutAnswer] = []

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        self.topics = [topic for topic in TOPICS if topic in self.topics]
        if not self.alert:
            self.topics, self.severity, self.direction = [], "none", "none"
        elif not self.topics or "none" in (self.severity, self.direction):
            raise ValueError("an alert has topics, a severity and a direction")
        return self


def answer_schema(languages: tuple[str, ...], *, about: bool) -> dict[str, Any]:
    """As OpenAI's structured output requires."""
    statement = statement_schema(languages)
    text, quotes = (
        statement["properties"]["text"],
        statement["properties"]["quotes"],
    )
    quote = quotes["items"]
    properties = {
        "reason": {"type": "string"},
        "alert": {"type": "boolean"},
        "kind": _one_of(Kind),
        "topics": _list({"type": "string", "enum": [*TOPICS]}),
        "severity": _one_of(Severity),
        "direction": _one_of(Direction),
        "statements": _list(statement),
        "headline": _or_null(text),
        "dates": _list(
            _object(
                {"day": {"type": "string"}, "role": _one_of(Role), "quote": quote}
            )
        ),
        "default": _or_null(_object({"state": _one_of(Default), "quote": quote})),
        "refuse": quotes,
    }
    if about:
        properties["about"] = _list(
            _object(
                {
                    "question": {"type": "integer"},
                    "answer": {"type": "string", "enum": ["yes", "no"]},
                    "quotes": quotes,
                    "text": text,
                }
            )
        )
    return _object(properties)


def statement_schema(languages: tuple[str, ...]) -> dict[str, Any]:
    quote = _object(
        {
            "passage": {"type": "integer"},
            "side": _one_of(Side),
            "text": {"type": "string"},
        }
    )
    text = _object({language: {"type": "string"} for language in languages})
    return _object({"quotes": _list(quote), "text": text})


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": [*properties],
        "additionalProperties": False,
    }


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _one_of(literal: Any) -> dict[str, Any]:
    return {"type": "string", "enum": [*get_args(literal)]}


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}
