"""Why a server could not be reached, or broke off, whichever library says so."""

from __future__ import annotations

import smtplib
import socket
import ssl

import requests

from foundation.http_client import HttpFailure
from messages import Message, system_error


def why_unreachable(failure: BaseException) -> Message:
    causes = _causes(failure)
    for cause in causes:
        match cause:
            case ssl.SSLError():
                why = getattr(cause, "verify_message", "") or cause.reason
                if not why:
                    return Message("delivery.no_tls")
                return Message("delivery.no_tls_for", why=why)
            case requests.ConnectTimeout():
                return Message("delivery.no_connection_in_time")
            case TimeoutError():
                return Message("delivery.no_answer")
            case socket.gaierror():
                return Message("delivery.unknown_host")
    for cause in causes:
        if isinstance(cause, OSError) and isinstance(cause.errno, int):
            return Message("delivery.no_connection", why=system_error(cause.errno))
    closed = ConnectionError, smtplib.SMTPServerDisconnected
    if any(isinstance(cause, closed) for cause in causes):
        return Message("delivery.closed")
    if not isinstance(failure, HttpFailure):
        return Message("delivery.nothing", kind=type(failure).__name__)
    if failure.cause == "broken_off":
        return Message("delivery.closed")
    return Message("delivery.nothing", kind=str(failure))


def _causes(failure: BaseException) -> list[BaseException]:
    """urllib3 also keeps some in `reason` and `args`."""
    found: list[BaseException] = []
    waiting: list[object] = [failure]
    while waiting:
        cause = waiting.pop(0)
        if isinstance(cause, BaseException) and cause not in found:
            found.append(cause)
            waiting += [
                getattr(cause, "reason", None),
                *cause.args,
                cause.__cause__,
                cause.__context__,
            ]
    return found
