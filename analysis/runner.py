"""Where a function is called that a stranger's text may keep busy."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, Protocol, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class Run(Protocol):
    """Calls a function, be it here or where it can do no harm; raises `TooCostly` where it takes too much."""

    def __call__(self, function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R: ...


def here(function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
    """For what is small, or one's own."""
    return function(*args, **kwargs)
