"""The operator's language model."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class LanguageModel:
    """The operator's permissions: `seconds` for an answer, tokens a day and month, money a month with prices for a
    million tokens.
    """

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
