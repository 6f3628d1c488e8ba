"""Sends one message to one address."""

from __future__ import annotations

import contextvars
import json
import mimetypes
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from time import monotonic

from apprise import AppriseAttachment, NotifyBase, NotifyFormat
from apprise.attachment.memory import AttachMemory
from apprise.exception import AppriseException

from foundation.http_client import HttpFailure, HttpResponse
from messages import Message, verbatim
from notifier.calendar import CalendarEntry
from notifier.channels import (
    UnusableAddress,
    body_format,
    notify_service,
    scheme_of,
)
from notifier.forms import Channel, channel_of
from notifier.http_recorder import Exchange, HttpAnswer, listening
from notifier.mail import Mail, Refused
from notifier.notifications import Notification
from notifier.routes import Address
from notifier.secrets import scrub, scrubbed
from notifier.unreachable import why_unreachable
from notifier.webhook import Webhook
from storage.clock import retry_after, utc_now

DEADLINE = 60.0  # seconds; a slow server holds up no others
_FOR_THE_LAST = 0.25
_LONGEST_SUBJECT = 250
# bytes: 200 characters as \uXXXX, and the other keys
_TITLE_AS_JSON = 1400

# Apprise takes files of known kinds only; init reads system files, which two threads must not do at once
mimetypes.init()
mimetypes.add_type("text/calendar", ".ics")

_PASSING = frozenset({408, 423, 425, 429})
_GONE = 410


@dataclass(frozen=True, slots=True)
class Result:
    """`taken` holds marks of people who have the message."""

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
    result = within(
        deadline, lambda: _through(service, address, message, taken, until)
    )
    channel, event = channel_of(scheme_of(address.url)), message.event
    if result.ok and event is not None and channel.file == "after":
        # failing for its file would send the alert again
        within(deadline, lambda: _send_file(address, event, channel))
    return replace(result, taken=frozenset(taken))


def _through(
    service: NotifyBase,
    address: Address,
    message: Notification,
    taken: set[str],
    until: float,
) -> Result:
    """`taken` grows on the way, so that an interrupted attempt is known."""
    url = address.url
    try:
        if isinstance(service, Mail) and not service.encrypts:
            service.post(message, taken, until)
            return Result(ok=True, answer=Message("delivery.taken"))
        if isinstance(service, Webhook):
            return _answered(service.post(message.payload), url)
        return _by_apprise(service, url, message)
    except Refused as refused:
        answer = scrubbed(refused.reason, url)
        return Result(ok=False, permanent=refused.permanent, answer=answer)
    except HttpFailure as failure:
        return Result(ok=False, answer=scrubbed(why_unreachable(failure), url))
    except AppriseException as failure:
        answer = verbatim(scrub(str(failure), url))
        return Result(ok=False, permanent=True, answer=answer)
    except Exception as failure:  # noqa: BLE001  # one of a hundred plugins must not stop the others
        answer = Message("delivery.broke_off", kind=type(failure).__name__)
        return Result(ok=False, answer=answer)


def _by_apprise(service: NotifyBase, url: str, message: Notification) -> Result:
    channel = channel_of(scheme_of(url))
    form, apprise_format = body_format(service, channel)
    subject = message.subject[: service.title_maxlen or _LONGEST_SUBJECT]
    room = channel.room or int(service.body_maxlen)
    if not service.title_maxlen or service.overflow_amalgamate_title:
        is_html = apprise_format == NotifyFormat.HTML
        room -= len(subject) + len("<b></b><br />\r\n" if is_html else "# \r\n")
    body = message.fitted(form, room, json_bytes if channel.counts_bytes else len)
    file = None
    if message.event is not None and channel.file == "within":
        file = attached(message.event)
    with listening() as exchange:
        sent = service.notify(
            body=body, title=subject, body_format=apprise_format, attach=file
        )
    if not sent:
        return _failed(exchange, url)
    if not exchange.answers:
        return Result(ok=True)
    status = exchange.answers[-1].status
    return Result(ok=True, answer=Message("delivery.status", status=status))


def json_bytes(text: str) -> int:
    return max(len(text.encode()), (len(json.dumps(text)) + _TITLE_AS_JSON) // 2)


def _answered(response: HttpResponse, url: str) -> Result:
    status = response.status
    if status < 300:
        return Result(ok=True, answer=Message("delivery.status", status=status))
    if status == _GONE:
        gone = Message("delivery.gone")
        return Result(ok=False, permanent=True, gone=True, answer=gone)
    text = response.body[:1000].decode("utf-8", "replace")
    return _refused(HttpAnswer(status, response.header("Retry-After"), text), url)


def _send_file(address: Address, event: CalendarEntry, channel: Channel) -> Result:
    with (
        TemporaryDirectory(prefix="policywatch-") as folder,
        listening(),
        suppress(Exception),
    ):
        # not all channels can send from memory
        file = Path(folder, event.file_name)
        file.write_bytes(event.ics())
        body = file.name if channel.text_with_file else ""
        attachment = AppriseAttachment([str(file)])
        service = notify_service(address.url)
        return Result(ok=bool(service.notify(body=body, attach=attachment)))
    return Result(ok=False)


def attached(event: CalendarEntry) -> AppriseAttachment:
    name, kind = event.file_name, "text/calendar"
    entry = AttachMemory(content=event.ics(), name=name, mimetype=kind)
    return AppriseAttachment([entry])


def _failed(exchange: Exchange, url: str) -> Result:
    refusals = [answer for answer in exchange.answers if answer.status >= 300]
    if refusals:
        return _refused(refusals[-1], url)
    if exchange.failures:
        reason = why_unreachable(exchange.failures[-1])
    elif exchange.lines:
        reason = verbatim(exchange.lines[-1])
    else:
        reason = Message("delivery.silent")
    return Result(ok=False, answer=scrubbed(reason, url))


def _refused(answer: HttpAnswer, url: str) -> Result:
    text, status = scrub(answer.text, url).rstrip(": "), answer.status
    reason = Message("delivery.status", status=status)
    if text:
        reason = Message("delivery.refused", status=status, text=text)
    wait = retry_after(answer.retry_after, utc_now())
    passes = status >= 500 or status in _PASSING or wait is not None
    return Result(ok=False, permanent=not passes, retry_after=wait, answer=reason)


def within(seconds: float, work: Callable[[], Result]) -> Result:
    """Apprise's timeouts restart with each byte."""
    future: Future[Result] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as failure:  # noqa: BLE001  # raised again below, in the waiting thread
            future.set_exception(failure)

    context = contextvars.copy_context()
    Thread(target=context.run, args=(run,), daemon=True, name="send").start()
    try:
        return future.result(seconds)
    except TimeoutError:
        if future.done():
            return future.result()
        late = Message("delivery.late", seconds=round(seconds))
        return Result(ok=False, answer=late)
