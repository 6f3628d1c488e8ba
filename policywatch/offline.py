"""Whether no server could be reached at all: one thing to say, however many documents there are."""

from __future__ import annotations

from collections.abc import Collection

from storage.checks import Check, Outcome

_UNREACHED = {"network.name", "network.connection"}  # codes of reasons


def nothing_reached(checks: Collection[Check]) -> str | None:
    """What to say where none of several checks came as far as a server; None where one did."""
    if len(checks) < 2 or not all(_is_unreached(check) for check in checks):
        return None
    first = next(iter(checks)).reason
    return f"none of {len(checks)} documents could be reached: is this machine online? Of the first: {first}"


def _is_unreached(check: Check) -> bool:
    return check.outcome == Outcome.FAILED and check.reason is not None and check.reason.code in _UNREACHED
