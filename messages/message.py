"""A text as a code with parameters, formatted where it is shown."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any, TypeAlias, Union

from messages.catalogue import ENGLISH, catalogue

Value: TypeAlias = Union[str, int, float, "Message"]

_SYSTEM_ERRORS = (
    "ECONNREFUSED",
    "ECONNRESET",
    "EHOSTUNREACH",
    "ENETUNREACH",
    "ETIMEDOUT",
)


@dataclass(frozen=True, init=False)
class Message:
    """`str()` is English.

    Codes are stored: texts may be reworded, but a new meaning needs a new code.
    """

    code: str
    params: Mapping[str, Value]

    def __init__(self, code: str, /, **params: Value) -> None:
        object.__setattr__(self, "code", code)
        object.__setattr__(self, "params", params)

    @classmethod
    def term(cls, group: str, name: str) -> Message:
        return cls(f"{group}.{name}")

    def __hash__(self) -> int:
        return hash((self.code, frozenset(self.params.items())))

    def __str__(self) -> str:
        return translate(self, ENGLISH)

    def to_json(self) -> dict[str, Any]:
        params = {
            name: value.to_json() if isinstance(value, Message) else value
            for name, value in self.params.items()
        }
        return {"code": self.code, "params": params}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Message:
        params = {
            name: cls.from_json(value) if isinstance(value, Mapping) else value
            for name, value in stored["params"].items()
        }
        return cls(stored["code"], **params)


def translate(message: Message, language: str) -> str:
    """Raises `KeyError`."""
    params = {
        name: translate(value, language) if isinstance(value, Message) else value
        for name, value in message.params.items()
    }
    return catalogue(language)(message.code, **params)


def verbatim(text: str) -> Message:
    return Message("verbatim", text=text)


def join_messages(code: str, messages: Iterable[Message]) -> Message:
    """Without duplicates, in pairs by this code's text ("{first}, {second}"); needs one."""
    return reduce(
        lambda first, second: Message(code, first=first, second=second),
        dict.fromkeys(messages),
    )


def system_error(number: int) -> Message:
    name = errno.errorcode.get(number)
    return (
        Message.term("errno", name)
        if name in _SYSTEM_ERRORS
        else verbatim(os.strerror(number))
    )


def program_error(failure: Exception) -> Message:
    reason = getattr(failure, "reason", None)
    if isinstance(reason, Message):
        return reason
    return Message(
        "mistake.page", kind=type(failure).__name__, error=repr(str(failure))[:200]
    )
