"""What is in trouble, as `run`, `doctor` and the log say it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from itertools import groupby

from sqlmodel import Session

from messages import counted
from policywatch.sanitize import harmless
from storage.checks import Check, Outcome
from storage.deliveries import Delivery, failing

NETWORK = "network"
_UNREACHED = {"network.name", "network.connection"}  # codes of reasons


@dataclass(frozen=True, slots=True)
class Trouble:
    """`about` a document's id, or `NETWORK`."""

    about: str
    text: str

    def __str__(self) -> str:
        return self.text if self.about == NETWORK else f"{self.about}: {self.text}"


def is_failing(check: Check) -> bool:
    """It brought no text that was accepted; one that is not read yet may."""
    return check.outcome is not None and not Outcome(check.outcome).is_good


def check_troubles(checks: Collection[Check]) -> list[Trouble]:
    """Of these checks. Where none of several reached a server, that is one trouble however many documents there are."""
    if len(checks) > 1 and all(_is_unreached(check) for check in checks):
        first = next(iter(checks)).reason
        text = f"none of {len(checks)} documents could be reached: is this machine online? Of the first: {first}"
        return [Trouble(NETWORK, text)]
    return [Trouble(check.document_id, _text(check)) for check in checks if is_failing(check)]


def _is_unreached(check: Check) -> bool:
    return check.outcome == Outcome.FAILED and check.reason is not None and check.reason.code in _UNREACHED


def _text(check: Check) -> str:
    if check.outcome != Outcome.HELD:
        return f"{check.outcome}: {check.reason or ''}"
    accept = f"`policywatch accept {check.document_id}` shows it, and takes it if it is right"
    return f"{check.outcome}: {str(check.reason or '').removesuffix('.')}; {accept}"


def delivery_troubles(session: Session) -> list[str]:
    """Messages that failed and will be tried again: a line for each route, address (by its name, without secrets) and
    reason."""
    deliveries = sorted(failing(session), key=_failure)
    return [_delivery_text(list(alike)) for _, alike in groupby(deliveries, key=_failure)]


def _failure(delivery: Delivery) -> tuple[str, str, str]:
    return delivery.route, delivery.address, str(delivery.error or "")


def _delivery_text(alike: list[Delivery]) -> str:
    route, address, error = _failure(alike[0])
    again = min(delivery.next_at for delivery in alike)
    failed = f"{route}: {counted(len(alike), 'message')} to {address} failed: {error.removesuffix('.')}"
    return harmless(f"{failed}; tried again from {again:%Y-%m-%d %H:%M} UTC on")
