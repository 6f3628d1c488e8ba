"""Sends one message to one address."""

from __future__ import annotations

import contextvars
import mimetypes
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

import requests
import urllib3.exceptions as urllib3
from apprise import AppriseAttachment, NotifyBase
from apprise.attachment.memory import AttachMemory
from apprise.exception import AppriseException

from foundation.http_client import HttpFailure
from messages import Message, system_error, verbatim
from notifier.calendar import CalendarEntry
from notifier.channels import (
    UnusableAddress,
    body_format,
    notify_service,
    room_of,
    scheme_of,
    size_of,
)
from notifier.forms import channel_of
from notifier.http_recorder import Exchange, HttpAnswer, listening
from notifier.mail import Mail, Refused
from notifier.notifications import Notification
from notifier.routes import Address
from notifier.secrets import scrub, scrubbed
from notifier.webhook import Webhook
from storage.clock import retry_after, utc_now

DEADLINE = 60.0  # seconds; a slow server holds up no others
# for the last mail under way
_FOR_THE_LAST = 0.25
_LONGEST_SUBJECT = 250

# Apprise takes files of known kinds only; init reads system files, which two threads must not do at once
mimetypes.init()
mimetypes.add_type("text/calendar", ".ics")

# refusals that pass
_PASSING = frozenset({408, 423, 425, 429})
_GONE = 410


@dataclass(frozen=True, slots=True)
class Result:
    """`answer` is without secrets; `permanent`: do not retry; `gone`: send nothing more there. `taken` holds marks of
    people who have the message.
    """

    ok: bool
    permanent: bool = False
    gone: bool = False
    retry_after: timedelta | None = None
    answer: Message | None = None
    taken: frozenset[str] = frozenset()


def send(
    address: Address, message: Notification, *, deadline: float = DEADLINE
) -> Result:
    """Never raises for failures of servers or networks."""
    try:
        service = notify_service(address.url)
    except UnusableAddress as failure:
        return Result(ok=False, permanent=True, answer=verbatim(str(failure)))
    taken = set(message.taken)
    until = monotonic() + deadline * (1 - _FOR_THE_LAST)
    result = within(deadline, lambda: _through(service, address, message, taken, until))
    event = (
        message.event if channel_of(scheme_of(address.url)).file == "after" else None
    )
    if result.ok and event is not None:
        # failing for its file would send the alert again
        within(deadline, lambda: _send_file(address, event))
    return replace(result, taken=frozenset(taken))


def _through(
    service: NotifyBase,
    address: Address,
    message: Notification,
    taken: set[str],
    until: float,
) -> Result:
    """`taken` grows on the way, so that deliveries of an interrupted attempt are known."""
    try:
        if isinstance(service, Mail) and not service.encrypts:
            return _by_mail(service, address, message, taken, until)
        if isinstance(service, Webhook):
            return _by_webhook(service, address, message)
        return _by_apprise(service, address, message)
    except AppriseException as failure:
        return Result(
            ok=False, permanent=True, answer=verbatim(scrub(str(failure), address.url))
        )
    except Exception as failure:  # noqa: BLE001  # one of a hundred plugins must not stop the others
        return Result(
            ok=False, answer=Message("delivery.broke_off", kind=type(failure).__name__)
        )


def _by_apprise(service: NotifyBase, address: Address, message: Notification) -> Result:
    form, apprise_format = body_format(service, address.url)
    subject = message.subject[: service.title_maxlen or _LONGEST_SUBJECT]
    body = message.fitted(
        form,
        room_of(service, address.url, apprise_format, subject),
        size_of(address.url),
    )
    file = (
        _file(message) if channel_of(scheme_of(address.url)).file == "within" else None
    )
    with listening() as exchange:
        sent = service.notify(
            body=body, title=subject, body_format=apprise_format, attach=file
        )
    return (
        Result(ok=True, answer=_answer(exchange))
        if sent
        else _failed(exchange, address.url)
    )


def _by_webhook(service: Webhook, address: Address, message: Notification) -> Result:
    try:
        response = service.post(message.payload)
    except HttpFailure as failure:
        return Result(ok=False, answer=scrubbed(why_no_response(failure), address.url))
    if response.status < 300:
        return Result(
            ok=True, answer=Message("delivery.status", status=response.status)
        )
    if response.status == _GONE:
        return Result(
            ok=False, permanent=True, gone=True, answer=Message("delivery.gone")
        )
    text = response.body[:1000].decode("utf-8", "replace")
    return _refused(
        HttpAnswer(response.status, response.header("Retry-After"), text), address.url
    )


def _send_file(address: Address, event: CalendarEntry) -> Result:
    with (
        TemporaryDirectory(prefix="policywatch-") as folder,
        listening(),
        suppress(Exception),
    ):
        file = Path(folder, event.file_name)  # not all channels can send from memory
        file.write_bytes(event.ics())
        body = file.name if channel_of(scheme_of(address.url)).text_with_file else ""
        attachment = AppriseAttachment([str(file)])
        return Result(
            ok=bool(notify_service(address.url).notify(body=body, attach=attachment))
        )
    return Result(ok=False)


def _file(message: Notification) -> AppriseAttachment | None:
    if message.event is None:
        return None
    entry = AttachMemory(
        content=message.event.ics(),
        name=message.event.file_name,
        mimetype="text/calendar",
    )
    return AppriseAttachment([entry])


def _by_mail(
    made: Mail, address: Address, message: Notification, taken: set[str], until: float
) -> Result:
    try:
        made.post(message, taken, until)
    except Refused as refused:
        return Result(
            ok=False,
            permanent=refused.permanent,
            answer=scrubbed(refused.reason, address.url),
        )
    return Result(ok=True, answer=Message("delivery.taken"))


def _answer(exchange: Exchange) -> Message | None:
    return (
        Message("delivery.status", status=exchange.answers[-1].status)
        if exchange.answers
        else None
    )


def _failed(exchange: Exchange, url: str) -> Result:
    """The server's answer first, then why there was none, then Apprise's log."""
    refusals = [answer for answer in exchange.answers if answer.status >= 300]
    if refusals:
        return _refused(refusals[-1], url)
    if exchange.failures:
        return Result(
            ok=False, answer=scrubbed(why_no_answer(exchange.failures[-1]), url)
        )
    reason = (
        verbatim(exchange.lines[-1]) if exchange.lines else Message("delivery.silent")
    )
    return Result(ok=False, answer=scrubbed(reason, url))


def _refused(answer: HttpAnswer, url: str) -> Result:
    text = scrub(answer.text, url).rstrip(": ")
    status = Message("delivery.status", status=answer.status)
    refused = (
        Message("delivery.refused", status=answer.status, text=text) if text else status
    )
    wait = retry_after(answer.retry_after, utc_now())
    passes = answer.status >= 500 or answer.status in _PASSING
    return Result(
        ok=False,
        permanent=not passes and wait is None,
        retry_after=wait,
        answer=refused,
    )


def why_no_response(failure: HttpFailure) -> Message:
    match failure.cause:
        case "late":
            return Message("delivery.no_answer")
        case "certificate" | "tls" | "no_tls":
            return Message("delivery.no_tls")
        case "name":
            return Message("delivery.unknown_host")
        case "connection" | "broken_off" if failure.errno:
            return Message("delivery.no_connection", why=system_error(failure.errno))
        case "broken_off":
            return Message("delivery.closed")
    return Message("delivery.nothing", kind=str(failure))


def why_no_answer(failure: requests.RequestException) -> Message:
    """Its own text contains the URL."""
    if isinstance(failure, requests.exceptions.SSLError):
        return Message("delivery.no_tls")
    if isinstance(failure, requests.exceptions.ConnectTimeout):
        return Message("delivery.no_connection_in_time")
    if isinstance(failure, requests.exceptions.Timeout):
        return Message("delivery.no_answer")
    causes = list(_causes(failure))
    if any(isinstance(cause, urllib3.NameResolutionError) for cause in causes):
        return Message("delivery.unknown_host")
    for cause in causes:
        if isinstance(cause, OSError) and isinstance(cause.errno, int):
            return Message("delivery.no_connection", why=system_error(cause.errno))
    if any(isinstance(cause, urllib3.ProtocolError) for cause in causes):
        return Message("delivery.closed")
    return Message("delivery.nothing", kind=type(failure).__name__)


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


def within(seconds: float, work: Callable[[], Result]) -> Result:
    """Apprise's timeouts restart with each byte."""
    results: list[Result] = []
    failures: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work())
        except BaseException as failure:  # noqa: BLE001  # raised again below, in the waiting thread
            failures.append(failure)

    thread = threading.Thread(
        target=contextvars.copy_context().run, args=(run,), daemon=True, name="send"
    )
    thread.start()
    thread.join(seconds)
    if failures:
        raise failures[0]
    return (
        results[0]
        if results
        else Result(ok=False, answer=Message("delivery.late", seconds=round(seconds)))
    )
