"""E-mail: Apprise's mailto:// addresses, sent with our two bodies and headers, and the server's exact answer."""

from __future__ import annotations

import hashlib
import re
import smtplib
import ssl
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr
from math import inf
from time import monotonic
from typing import TYPE_CHECKING, Any

from apprise.plugins.email import NotifyEmail

from messages import Message, join_messages, verbatim
from notifier.unreachable import why_unreachable

if TYPE_CHECKING:
    from notifier.notifications import Notification

_PERMANENT = 500
_POLICY = SMTP.clone(
    refold_source="none"
)  # a long address in a header would be encoded
_QUOTED = re.compile(r'"[^"]*"')  # may contain a comma
_FROM = re.compile(
    "^From ", re.MULTILINE
)  # smtplib, and mbox files on servers, would write ">From "


@dataclass(slots=True, eq=False)
class Refused(Exception):
    reason: Message
    permanent: bool


class Mail(NotifyEmail):
    """Apprise parses the address; sending is ours."""

    @property
    def encrypts(self) -> bool:
        return self.pgp_mode not in (None, "", "no", "none")

    def lost(self, parsed: Mapping[str, Any]) -> tuple[list[int], int]:
        """The places, from 1, of people whom Apprise ignored; and how many there are."""
        kept = self._people | self.reply_to
        others = (parsed.get(key, "") for key in ("cc", "bcc", "reply_to"))
        people = [
            name
            for text in (*parsed["targets"], *others)
            for name in re.split(r"[,;]", _QUOTED.sub("", text))
            if name.strip()
        ]
        numbered = enumerate(people, 1)
        lost = [place for place, person in numbered if not _is_among(kept, person)]
        return lost, len(people)

    def post(
        self, message: Notification, taken: set[str], until: float = inf
    ) -> None:
        """To everybody without a mark in `taken`, which grows. Raises `Refused`."""
        if all(_mark(message, person) in taken for person in self._people):
            return
        try:
            with self._connected() as server:
                refused = self._hand_over(server, message, taken, until)
        except OSError as failure:
            raise _refusal(failure) from failure
        if refused:
            people = [address for _, address in self.targets]
            raise _partial_refusal(
                refused, people if len(people) > 1 else (), everybody=not taken
            )

    @property
    def _people(self) -> set[str]:
        return {address for _, address in self.targets} | self.cc | self.bcc

    @property
    def _sender(self) -> str:
        return str(self.from_addr[1])

    def _connected(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        if not self.verify_certificate:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        host, port = self.smtp_host, int(self.port or 0)
        seconds = float(self.socket_connect_timeout)
        server: smtplib.SMTP
        if self.secure_mode == "ssl":
            server = smtplib.SMTP_SSL(host, port, timeout=seconds, context=context)
        else:
            server = smtplib.SMTP(host, port, timeout=seconds)
        try:
            if self.secure_mode == "starttls":
                server.starttls(context=context)
            if self.user and self.password:
                server.login(self.user, self.password)
        except BaseException as failure:
            with suppress(OSError, smtplib.SMTPException):
                server.quit()
            # smtplib sends ASCII, whatever the server supports
            if isinstance(failure, UnicodeEncodeError):
                reason = Message("delivery.login_not_ascii")
                raise Refused(reason, permanent=True) from failure
            raise
        return server

    def _hand_over(
        self,
        server: smtplib.SMTP,
        message: Notification,
        taken: set[str],
        until: float,
    ) -> dict[str, tuple[int, bytes]]:
        """A mail for each person, so that none sees the others."""
        refused: dict[str, tuple[int, bytes]] = {}
        bodies = message.text, message.html
        copies = [*self.cc, *self.bcc]
        for to in self.targets:
            marks = {person: _mark(message, person) for person in (to[1], *copies)}
            waiting = [
                person for person, mark in marks.items() if mark not in taken
            ]
            copies = []
            if not waiting:
                continue
            if monotonic() >= until:
                raise TimeoutError
            mail = self._mail(message, *bodies, to)
            try:
                refusals = server.send_message(mail, self._sender, waiting)
            except smtplib.SMTPRecipientsRefused as failure:
                refusals = failure.recipients
            except smtplib.SMTPNotSupportedError as failure:
                # unsupported letters in an address
                reason = Message("delivery.not_offered", why=str(failure))
                raise Refused(reason, permanent=True) from failure
            refused |= refusals
            taken.update(marks[each] for each in waiting if each not in refusals)
        return refused

    def _mail(
        self,
        message: Notification,
        text: str,
        html: str,
        to: tuple[str | bool, str],
    ) -> EmailMessage:
        mail = EmailMessage(policy=_POLICY)
        domain = f"policywatch@{self._sender.rpartition('@')[2]}"
        # the newer class loses a space where a line of encoded words ends
        mail.set_raw(
            "Subject", Header(message.subject, header_name="Subject").encode()
        )
        name = str(self.from_addr[0] or "policywatch")
        mail["From"] = formataddr((name, self._sender))
        mail["To"] = formataddr((str(to[0] or ""), to[1]))
        if self.cc:
            mail["Cc"] = ", ".join(sorted(self.cc))
        if self.reply_to:
            mail["Reply-To"] = ", ".join(sorted(self.reply_to))
        mail["Date"] = format_datetime(datetime.now().astimezone())
        mail["Message-ID"] = f"<{_mark(message, to[1])}.{domain}>"
        if message.thread is not None:
            thread = f"<{_digest(message.thread)}.{domain}>"
            mail["References"] = mail["In-Reply-To"] = thread
        list_name = message.routes[0] if message.routes else message.kind
        plain = unicodedata.normalize("NFKD", list_name).encode("ascii", "ignore")
        name = re.sub(r"[^a-z0-9]+", "-", plain.decode().lower()).strip("-")
        mail["List-Id"] = f"<{name or 'alerts'}.{domain.replace('@', '.')}>"
        mail["Auto-Submitted"] = "auto-generated"
        for header, value in self.headers.items():
            if header not in mail and re.fullmatch(r"[!-9;-~]+", header):
                mail.set_raw(header, " ".join(value.split()))
        mail.set_content(text, cte="quoted-printable")
        if self.resolve_format(None).value != "text":
            mail.add_alternative(html, subtype="html", cte="quoted-printable")
        for part in mail.walk():
            if not part.is_multipart():
                part.set_payload(_FROM.sub("=46rom ", str(part.get_payload())))
        if message.event is not None:
            mail.add_attachment(
                message.event.ics(self._sender),
                maintype="text",
                subtype="calendar",
                filename=message.event.file_name,
                params={"method": "PUBLISH", "charset": "utf-8"},
            )
        return mail


def _is_among(kept: Iterable[str], written: str) -> bool:
    left = written
    for address in kept:
        left = re.sub(rf"(?<![^\s<]){re.escape(address)}(?![^\s>])", "", left)
    return left != written and "@" not in left


def _refusal(failure: OSError) -> Refused:
    match failure:
        case smtplib.SMTPResponseException():
            answer = verbatim(f"{failure.smtp_code} {_text(failure.smtp_error)}")
            return Refused(answer, failure.smtp_code >= _PERMANENT)
        case smtplib.SMTPNotSupportedError():  # no TLS or login: as with a server under repair
            reason = Message("delivery.not_offered", why=str(failure))
        case _:
            reason = why_unreachable(failure)
    return Refused(reason, permanent=False)


def _partial_refusal(
    refused: dict[str, tuple[int, bytes]], people: Sequence[str], *, everybody: bool
) -> Refused:
    """By their place, as addresses stay hidden."""
    number = {address: place for place, address in enumerate(people, 1)}
    reasons: list[Message] = []
    for address in sorted(refused, key=lambda each: (number.get(each, inf), each)):
        code, text = refused[address]
        answer = f"{code} {_text(text)}"
        if place := number.get(address):
            reasons.append(Message("delivery.person", number=place, answer=answer))
        else:
            reasons.append(verbatim(f"{address}: {answer}"))
    reason = join_messages("list.people", reasons)
    if not everybody:
        reason = Message("delivery.not_for_all", people=reason)
    return Refused(reason, all(code >= _PERMANENT for code, _ in refused.values()))


def _text(answer: bytes | str) -> str:
    return answer.decode(errors="replace") if isinstance(answer, bytes) else answer


def _mark(message: Notification, person: str) -> str:
    """Of this message and person; reveals neither, so it may be stored."""
    return _digest(message.key + person)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:24]
