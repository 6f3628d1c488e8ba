"""Real servers on the loopback that play the receiving side: a mail server, and a webhook. Both can misbehave."""

from __future__ import annotations

import asyncio
import email
import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session


@contextmanager
def held_port() -> Iterator[int]:
    """A port that nobody else is given meanwhile: who connects is refused, unless the test starts a server there."""
    with socket.socket() as held:
        held.setsockopt(
            socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
        )  # as servers do: so they may have it, too
        held.bind(("127.0.0.1", 0))
        yield int(held.getsockname()[1])


@dataclass
class Inbox:
    """A mailbox; `refusals` maps a recipient to the reply that it gets, `replies` are given to the next mails. It takes
    its `seconds` for each."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    refusals: dict[str, str] = field(default_factory=dict)
    replies: list[str] = field(default_factory=list)
    seconds: float = 0

    async def handle_RCPT(  # noqa: N802  # aiosmtpd's name
        self,
        _server: Any,
        _session: Session,
        envelope: Envelope,
        to: str,
        _options: Any,
    ) -> str:
        if to in self.refusals:
            return self.refusals[to]
        envelope.rcpt_tos.append(to)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, _server: Any, _session: Session, envelope: Envelope
    ) -> str:
        await asyncio.sleep(self.seconds)
        if self.replies:
            return self.replies.pop(0)
        content = envelope.content
        assert isinstance(content, bytes)
        mail = email.message_from_bytes(content, policy=default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        self.recipients.append(list(envelope.rcpt_tos))
        return "250 Taken"

    def url(self, people: str = "reader@example.org", more: str = "") -> str:
        """An Apprise address of it."""
        return (
            f"mailto://localhost:{self.port}/{people}?from=watch@example.net{more}"
        )


@contextmanager
def mail_server(
    *,
    tls: trustme.CA | None = None,
    name: str = "localhost",
    implicit: bool = False,
    password: str | None = None,
) -> Iterator[Inbox]:
    """With `tls` it offers STARTTLS (or speaks TLS from the start), with `password` it asks for a login of `watch`."""
    inbox = Inbox()
    context = None
    if tls is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.issue_cert(name).configure_cert(context)

    def login(
        _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any
    ) -> AuthResult:
        right = (
            isinstance(data, LoginPassword)
            and data.login == b"watch"
            and data.password.decode() == password
        )
        return AuthResult(success=right, handled=right)

    class Server(Controller):
        def _trigger_server(self) -> None:
            """aiosmtpd wants to be connected to once; its own way speaks TLS with the server's context."""
            inbox.port = self.server.sockets[0].getsockname()[1]
            socket.create_connection(("127.0.0.1", inbox.port)).close()

    options: dict[str, Any] = (
        {"ssl_context": context} if implicit else {"tls_context": context}
    )
    if password is not None:
        options |= {
            "authenticator": login,
            "auth_required": True,
            "auth_require_tls": context is not None and not implicit,
        }
    server = Server(
        inbox, hostname="127.0.0.1", port=0, ready_timeout=60, **options
    )
    server.start()
    try:
        yield inbox
    finally:
        server.stop()


@dataclass
class Call:
    """What a webhook was sent; `at` is a monotonic time."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    raw: bytes = b""
    at: float = field(default_factory=time.monotonic)


Answer = (
    int | tuple[int, dict[str, str], str] | Callable[[BaseHTTPRequestHandler], None]
)


@dataclass
class Hook:
    """A webhook; `answers` are given one after the other, then `always`."""

    port: int = 0
    calls: list[Call] = field(default_factory=list)
    # those that were answered with 200
    taken: list[Call] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    always: Answer = 200

    def url(self, path: str = "hook", more: str = "") -> str:
        """An Apprise address of it."""
        return f"json://127.0.0.1:{self.port}/{path}{more}"

    def titles(self) -> list[str]:
        """The subjects of what came."""
        return [call.body["title"] for call in self.calls]


def reset(handler: BaseHTTPRequestHandler) -> None:
    """Break the connection off."""
    handler.connection.setsockopt(
        socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
    )
    handler.connection.close()


def silent(handler: BaseHTTPRequestHandler) -> None:
    """Take the request and say nothing, until the client has gone."""
    with suppress(OSError):
        handler.connection.recv(1)


def drip(handler: BaseHTTPRequestHandler) -> None:
    """Answer a byte at a time, for ever as far as a reader is concerned."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    for number in range(100):
        handler.wfile.write(f"X-{number}: x\r\n".encode())
        time.sleep(0.1)


class QuietServer(ThreadingHTTPServer):
    """A server whose trouble is no news: some answers break the connection on purpose."""

    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """Nothing."""


def _read(body: bytes, kind: str) -> dict[str, Any]:
    """What JSON says; anything else as {"text": ...}."""
    return (
        json.loads(body) if kind == "application/json" else {"text": body.decode()}
    )  # type: ignore[no-any-return]


@contextmanager
def webhook(tls: trustme.CA | None = None) -> Iterator[Hook]:
    """Listens until the end of the block."""
    hook = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            call = Call(
                self.path,
                dict(self.headers),
                _read(body, self.headers.get_content_type()),
                body,
            )
            hook.calls.append(call)
            answer = hook.answers.pop(0) if hook.answers else hook.always
            if answer == 200:
                hook.taken.append(call)
            if callable(answer):
                answer(self)
                return
            status, headers, text = (
                (answer, {}, "") if isinstance(answer, int) else answer
            )
            self.send_response(status)
            for header in {"Content-Length": str(len(text.encode()))} | headers:
                self.send_header(
                    header,
                    ({"Content-Length": str(len(text.encode()))} | headers)[header],
                )
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = QuietServer(("127.0.0.1", 0), Handler)
    if tls is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.issue_cert("127.0.0.1").configure_cert(context)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    hook.port = server.server_address[1]
    threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
    ).start()
    try:
        yield hook
    finally:
        server.shutdown()
        server.server_close()
