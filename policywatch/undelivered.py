"""Which messages fail and will be tried again, said a line an address; addresses by their names, without secrets."""

from __future__ import annotations

from itertools import groupby

from sqlmodel import Session

from messages import counted
from policywatch.sanitize import harmless
from storage.deliveries import Delivery, failing


def undelivered(session: Session) -> list[str]:
    """By route, address and reason."""
    those = sorted(failing(session), key=_what)
    return [_line(list(same)) for _, same in groupby(those, key=_what)]


def _what(delivery: Delivery) -> tuple[str, str, str]:
    return delivery.route, delivery.address, str(delivery.error or "")


def _line(those: list[Delivery]) -> str:
    route, address, error = _what(those[0])
    again = min(delivery.next_at for delivery in those)
    said = f"{route}: {counted(len(those), 'message')} to {address} failed: {error.removesuffix('.')}"
    return harmless(f"{said}; tried again from {again:%Y-%m-%d %H:%M} UTC on")
