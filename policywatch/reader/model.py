"""The operator's language model, and what it replies."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple


@dataclass(frozen=True, slots=True)
class LanguageModel:
    """`seconds` for an answer, tokens a day and month, money a month with prices for a million tokens."""

    url: str
    name: str
    key: str | None = field(default=None, repr=False)
    seconds: float = 60.0
    decides: bool = True
    confirm: bool = False
    tokens_a_day: int | None = None
    tokens_a_month: int | None = None
    price: tuple[float, float] | None = None  # input, output
    money_a_month: float | None = None

    def cost(self, tokens_in: int, tokens_out: int) -> float | None:
        if self.price is None:
            return None
        return (tokens_in * self.price[0] + tokens_out * self.price[1]) / 1e6


class NoAnswer(Exception):
    """Without address or key."""


class ModelUnavailable(NoAnswer):
    """It may succeed later."""


class TooLong(NoAnswer):
    pass


class Reply(NamedTuple):
    """`tokens_in` and `tokens_out` are its cost."""

    answer: dict[str, Any]
    tokens_in: int
    tokens_out: int
