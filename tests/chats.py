"""Plays chat services on the loopback under their own names, with their own limits.

Apprise speaks HTTPS to hooks.slack.com and the like by name. What stands in for them is reached as any company's
gateway is: by a proxy that the environment names, and a certificate authority that it trusts.
"""

from __future__ import annotations

import html
import json
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import trustme

from tests.inbox import QuietServer

Refusal = tuple[int, dict[str, str], str]


def slack(body: dict[str, Any]) -> Refusal | None:
    """An incoming webhook takes up to 40,000 characters."""
    texts = [
        body.get("text") or "",
        *(part.get("text") or "" for part in body.get("attachments", ())),
    ]
    return (400, {}, "msg_too_long") if sum(map(len, texts)) > 40_000 else None


def discord(body: dict[str, Any]) -> Refusal | None:
    """2,000 characters of content; an embed 4,096, its title 256, and 6,000 over all."""
    embeds = body.get("embeds", ())
    sizes = [
        len(embed.get("title") or "") + len(embed.get("description") or "")
        for embed in embeds
    ]
    fits = (
        len(body.get("content") or "") <= 2000
        and all(len(embed.get("description") or "") <= 4096 for embed in embeds)
        and all(len(embed.get("title") or "") <= 256 for embed in embeds)
        and sum(sizes) <= 6000
    )
    return (
        None
        if fits
        else (400, {}, '{"message": "Invalid Form Body", "code": 50035}')
    )


def google(body: dict[str, Any]) -> Refusal | None:
    """4,096 characters."""
    return (
        (400, {}, '{"error": {"code": 400}}')
        if len(str(body["text"])) > 4096
        else None
    )


def teams(body: dict[str, Any]) -> Refusal | None:
    """A card of at most 28 kB, as it goes over the wire."""
    return (
        (413, {}, "RequestEntityTooLarge")
        if len(json.dumps(body).encode()) > 28_000
        else None
    )


def telegram(body: dict[str, Any]) -> Refusal | None:
    """4,096 characters without the markup, and no tag that is not closed."""
    text = str(body["text"])
    if sorted(re.findall(r"<(\w+)", text)) != sorted(re.findall(r"</(\w+)>", text)):
        return (400, {}, '{"ok": false, "description": "can not parse entities"}')
    visible = html.unescape(re.sub(r"<[^>]*>", "", text))
    return (
        (400, {}, '{"ok": false, "description": "message is too long"}')
        if len(visible) > 4096
        else None
    )


LIMITS: dict[str, Callable[[dict[str, Any]], Refusal | None]] = {
    "hooks.slack.com": slack,
    "discord.com": discord,
    "prod-01.westus.logic.azure.com": teams,
    "api.telegram.org": telegram,
    "chat.googleapis.com": google,
}
GOOD: dict[str, Refusal] = {
    "hooks.slack.com": (200, {}, "ok"),
    "discord.com": (204, {}, ""),
    "prod-01.westus.logic.azure.com": (202, {}, ""),
    "api.telegram.org": (200, {}, '{"ok": true, "result": {}}'),
    "chat.googleapis.com": (200, {}, "{}"),
}
ADDRESSES = {
    "hooks.slack.com": "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7aB",
    "discord.com": "discord://417429632418316298/JHZ7lQml277CDHmQKMHI8qBe7bk2ZwO5UKjCiOAF7711o33MyqU344Qpgv7YTpadV_js",
    "prod-01.westus.logic.azure.com": "workflows://prod-01.westus.logic.azure.com:443/643e69f83c8944/sIgNaTuRe_1-x",
    "api.telegram.org": "tgram://123456789:abcdefg_hijklmnop/12315544",
    "chat.googleapis.com": "gchat://AAAAqqqqqqq/key-of-the-room/token-of-the-room",
}


@dataclass
class Chats:
    """`taken` and `refused` hold (host, body) of what came; `answers` are given to the next calls instead."""

    taken: list[tuple[str, Any]] = field(default_factory=list)
    refused: list[tuple[str, Any]] = field(default_factory=list)
    answers: list[Refusal | Callable[[BaseHTTPRequestHandler], None]] = field(
        default_factory=list
    )


@contextmanager
def chats(
    authority: trustme.CA, environ: Callable[[str, str], None], folder: Path
) -> Iterator[Chats]:
    """Running until the end of the block; `environ` sets a variable of the environment."""
    found = Chats()

    class Service(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            host = self.headers["Host"].partition(":")[0]
            is_json = self.headers.get_content_type() == "application/json"
            body = json.loads(raw) if is_json else raw
            answer = (
                found.answers.pop(0)
                if found.answers
                else LIMITS[host](body)
                if is_json
                else None
            )
            (found.refused if answer else found.taken).append((host, body))
            if callable(answer):
                answer(self)
                return
            status, headers, text = answer or GOOD[host]
            self.send_response(status)
            for name, value in {
                "Content-Length": str(len(text)),
                **headers,
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    service = QuietServer(("127.0.0.1", 0), Service)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*LIMITS).configure_cert(context)
    service.socket = context.wrap_socket(service.socket, server_side=True)

    class Proxy(BaseHTTPRequestHandler):
        def do_CONNECT(self) -> None:
            with socket.create_connection(
                ("127.0.0.1", service.server_address[1])
            ) as inner:
                self.send_response(200)
                self.end_headers()
                there = threading.Thread(
                    target=_pump, args=(self.connection, inner), daemon=True
                )
                there.start()
                _pump(inner, self.connection)
                with suppress(OSError):
                    self.connection.shutdown(socket.SHUT_RDWR)
                there.join()  # it reads from a socket whose number is another's next
            self.close_connection = True

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    proxy = QuietServer(("127.0.0.1", 0), Proxy)
    for server in (service, proxy):
        threading.Thread(
            target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        ).start()
    certificate = folder / "chats.pem"
    authority.cert_pem.write_to_path(str(certificate))
    environ("REQUESTS_CA_BUNDLE", str(certificate))
    environ("HTTPS_PROXY", f"http://127.0.0.1:{proxy.server_address[1]}")
    environ("NO_PROXY", "")
    try:
        yield found
    finally:
        for server in (service, proxy):
            server.shutdown()
            server.server_close()


def _pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass
