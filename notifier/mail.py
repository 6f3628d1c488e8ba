"""E-mail: Apprise's mailto:// addresses, sent with our own two bodies and headers, and the server's exact answer."""

from __future__ import annotations

import hashlib
import re
import smtplib
import socket
import ssl
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr
from math import inf
from time import monotonic
from typing import Any

from apprise.plugins.email import NotifyEmail

from messages import Message, join_messages, system_error, verbatim
from notifier.calendar import Event

_PERMANENT = 500  # SMTP reply codes from here on: the same try again would fail the same way
_QUOTED = re.compile(r'"[^"]*"')  # a name, that may hold a comma
_FROM = re.compile("^From ", re.MULTILINE)  # smtplib, and servers that keep mbox files, would make ">From " of it


@dataclass(frozen=True, slots=True)
class Letter:
    """What goes into one e-mail, whoever gets it.

    `key` names the delivery, the same on every try, so that a doubled mail can be recognised; `thread` names what
    mail programs shall show together (a document). `taken` holds marks of those who have it, and grows as it is sent.
    `until`, on the monotonic clock, no further person gets it, for soon nobody waits for it any more.
    """

    subject: str
    text: str
    html: str
    key: str
    list_name: str
    taken: set[str] = field(default_factory=set)
    thread: str | None = None
    event: Event | None = None
    until: float = inf

    def mark(self, person: str) -> str:
        """This letter to this person; who it is can't be read off, so that it may be stored."""
        return _digest(self.key + person)


@dataclass(slots=True, eq=False)
class Refused(Exception):
    """No server took the mail, or not for everybody. `reason` holds the server's words as they came."""

    reason: Message
    permanent: bool


class Mail(NotifyEmail):
    """Apprise parses the address (provider, host, port, security, people); sending is ours."""

    @property
    def encrypts(self) -> bool:
        """Whether the address asks for PGP, which stays Apprise's own business."""
        return self.pgp_mode not in (None, "", "no", "none")

    def lost(self, parsed: Mapping[str, Any]) -> tuple[list[int], int]:
        """The places, from 1, of people in the parsed address whom Apprise left out; and how many stand there."""
        kept = {address for _, address in self.targets} | self.cc | self.bcc | self.reply_to
        written = [*parsed["targets"], *(parsed.get(key, "") for key in ("cc", "bcc", "reply_to"))]
        people = [one for text in written for one in re.split(r"[,;]", _QUOTED.sub("", text)) if one.strip()]
        return [place for place, one in enumerate(people, 1) if not _is_among(kept, one)], len(people)

    def post(self, letter: Letter) -> None:
        """Send to everybody in the address who has not got it; raises `Refused`."""
        if all(letter.mark(one) in letter.taken for one in self._people):
            return
        try:
            with self._connected() as server:
                refused = self._hand_over(server, letter)
        except smtplib.SMTPResponseException as failure:
            answer = verbatim(f"{failure.smtp_code} {_text(failure.smtp_error)}")
            raise Refused(answer, failure.smtp_code >= _PERMANENT) from failure
        except smtplib.SMTPNotSupportedError as failure:  # TLS or a login: in repair a server offers none for a while
            raise Refused(Message("delivery.not_offered", why=str(failure)), permanent=False) from failure
        except ssl.SSLError as failure:
            raise Refused(Message("delivery.no_tls_for", why=_tls_reason(failure)), permanent=False) from failure
        except TimeoutError as failure:
            raise Refused(Message("delivery.no_answer"), permanent=False) from failure
        except smtplib.SMTPServerDisconnected as failure:
            late = isinstance(failure.__context__, TimeoutError)
            raise Refused(Message("delivery.no_answer" if late else "delivery.closed"), permanent=False) from failure
        except socket.gaierror as failure:
            raise Refused(Message("delivery.unknown_host"), permanent=False) from failure
        except OSError as failure:
            why = system_error(failure.errno) if failure.errno else verbatim(str(failure))
            raise Refused(Message("delivery.no_connection", why=why), permanent=False) from failure
        if refused:
            people = [address for _, address in self.targets]
            raise _refusal(refused, people if len(people) > 1 else (), everybody=not letter.taken)

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
        seconds, port = float(self.socket_connect_timeout), int(self.port or 0)
        if self.secure_mode == "ssl":
            server: smtplib.SMTP = smtplib.SMTP_SSL(self.smtp_host, port, timeout=seconds, context=context)
        else:
            server = smtplib.SMTP(self.smtp_host, port, timeout=seconds)
        try:
            if self.secure_mode == "starttls":
                server.starttls(context=context)
            if self.user and self.password:
                _log_in(server, self.user, self.password)
        except BaseException:
            with suppress(OSError, smtplib.SMTPException):
                server.quit()
            raise
        return server

    def _hand_over(self, server: smtplib.SMTP, letter: Letter) -> dict[str, tuple[int, bytes]]:
        """One mail a person, so that none sees the others; those that were refused."""
        refused: dict[str, tuple[int, bytes]] = {}
        copies = [*self.cc, *self.bcc]
        for to in self.targets:
            owed = [one for one in (to[1], *copies) if letter.mark(one) not in letter.taken]
            copies = []
            if not owed:
                continue
            if monotonic() >= letter.until:  # who got it later would get it again: nobody would hear of it
                raise TimeoutError
            try:
                now = server.send_message(self._message(letter, to), self._sender, owed)
            except smtplib.SMTPRecipientsRefused as failure:
                now = failure.recipients
            except smtplib.SMTPNotSupportedError as failure:  # letters of an address that it does not know
                raise Refused(Message("delivery.not_offered", why=str(failure)), permanent=True) from failure
            refused |= now
            letter.taken.update(letter.mark(one) for one in owed if one not in now)
        return refused

    def _message(self, letter: Letter, to: tuple[str | bool, str]) -> EmailMessage:
        message = EmailMessage(policy=SMTP)
        domain = self._sender.rpartition("@")[2]
        message["Subject"] = letter.subject
        message["From"] = formataddr((str(self.from_addr[0] or "policywatch"), self._sender))
        message["To"] = formataddr((str(to[0] or ""), to[1]))
        if self.cc:
            message["Cc"] = ", ".join(sorted(self.cc))
        if self.reply_to:
            message["Reply-To"] = ", ".join(sorted(self.reply_to))
        message["Date"] = format_datetime(datetime.now().astimezone())
        message["Message-ID"] = f"<{letter.mark(to[1])}.policywatch@{domain}>"
        if letter.thread is not None:
            message["References"] = message["In-Reply-To"] = f"<{_digest(letter.thread)}.policywatch@{domain}>"
        plain = unicodedata.normalize("NFKD", letter.list_name).encode("ascii", "ignore").decode()
        name = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-") or "alerts"
        message["List-Id"] = f"<{name}.policywatch.{domain}>"
        message["Auto-Submitted"] = "auto-generated"
        for header, value in self.headers.items():
            if header not in message and re.fullmatch(r"[!-9;-~]+", header):
                message[header] = " ".join(value.split())
        message.set_content(letter.text, cte="quoted-printable")
        if not self._wants_text_alone():
            message.add_alternative(letter.html, subtype="html", cte="quoted-printable")
        for part in message.walk():
            if not part.is_multipart():
                part.set_payload(_FROM.sub("=46rom ", str(part.get_payload())))
        if letter.event is not None:
            message.add_attachment(
                letter.event.ics(self._sender),
                maintype="text",
                subtype="calendar",
                filename=letter.event.file_name,
                params={"method": "PUBLISH", "charset": "utf-8"},
            )
        return message

    def _wants_text_alone(self) -> bool:
        return self.resolve_format(None).value == "text"


def _is_among(kept: Iterable[str], written: str) -> bool:
    """Whether there is somebody in what is written ("Ann <ann@example.org>"), and nobody who is not kept."""
    left = written
    for address in kept:
        left = re.sub(rf"(?<![^\s<]){re.escape(address)}(?![^\s>])", "", left)
    return left != written and "@" not in left


def _log_in(server: smtplib.SMTP, user: str, password: str) -> None:
    try:
        server.login(user, password)
    except UnicodeEncodeError as failure:  # smtplib sends ASCII, and asks no server whether it would take more
        raise Refused(Message("delivery.login_not_ascii"), permanent=True) from failure


def _refusal(refused: dict[str, tuple[int, bytes]], people: Sequence[str], *, everybody: bool) -> Refused:
    """Who was refused is told by the place among the `people` of the address, for their names stay hidden."""
    number = {address: place for place, address in enumerate(people, 1)}
    reasons: list[Message] = []
    in_order = sorted(refused.items(), key=lambda item: (number.get(item[0], len(number) + 1), item))
    for address, (code, text) in in_order:
        answer = f"{code} {_text(text)}"
        if address in number:
            reasons.append(Message("delivery.person", number=number[address], answer=answer))
        else:
            reasons.append(verbatim(f"{address}: {answer}"))
    reason = join_messages("list.people", reasons)
    permanent = all(code >= _PERMANENT for code, _ in refused.values())
    return Refused(reason if everybody else Message("delivery.not_for_all", people=reason), permanent)


def _text(answer: bytes | str) -> str:
    return answer.decode(errors="replace") if isinstance(answer, bytes) else answer


def _tls_reason(failure: ssl.SSLError) -> str:
    return getattr(failure, "verify_message", "") or failure.reason or "handshake failed"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:24]
