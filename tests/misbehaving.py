"""A web server on the loopback that can do everything wrong: it speaks HTTP by hand, one thread a connection."""

from __future__ import annotations

import gzip
import socket
import ssl
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import trustme

POLICY = "<html lang=en><title>Privacy policy</title><body><p>We keep your data for a year.</p></body></html>"


@dataclass
class Asked:
    """One request as it came in; on the monotonic clock, `began` once it was read, `ended` before its answer's end."""

    path: str
    headers: dict[str, str]
    began: float
    ended: float = 0


Answer = Callable[[Asked, socket.socket], None]


class Hangup(ConnectionError):
    """Closes the connection."""


def page(
    body: str | bytes = POLICY,
    status: int = 200,
    mime: str = "text/html; charset=utf-8",
    **headers: str,
) -> Answer:
    """A well-formed answer; `retry_after="1"` is the header Retry-After."""
    content = body.encode() if isinstance(body, str) else body
    lines = {"Content-Type": mime, "Content-Length": str(len(content))}
    lines |= {name.replace("_", "-"): value for name, value in headers.items()}

    def answer(asked: Asked, connection: socket.socket) -> None:
        asked.ended = (
            time.monotonic()
        )  # after it is sent, a busy server may be late to look at the clock
        connection.sendall(head(status, lines) + content)

    return answer


def head(status: int, headers: dict[str, str]) -> bytes:
    """A status line and headers."""
    return "\r\n".join(
        [
            f"HTTP/1.1 {status} Whatever",
            *(f"{k}: {v}" for k, v in headers.items()),
            "",
            "",
        ]
    ).encode()


def redirect(location: str, status: int = 302) -> Answer:
    return page("", status, location=location)


def leading_to(location: str, wait: int = 0, text: str = "") -> Answer:
    """A page by which every browser is led to another."""
    return page(
        f'<meta http-equiv="refresh" content="{wait}; url={location}">{text}'
    )


def after(seconds: float, answer: Answer) -> Answer:
    """The same, later."""

    def late(asked: Asked, connection: socket.socket) -> None:
        time.sleep(seconds)
        answer(asked, connection)

    return late


def in_turn(*answers: Answer) -> Answer:
    """Another answer each time; the last one stays."""
    left = list(answers)

    def answer(asked: Asked, connection: socket.socket) -> None:
        (left.pop(0) if len(left) > 1 else left[0])(asked, connection)

    return answer


def validated(**validators: str) -> Answer:
    """Answer 304 to whoever shows a validator of these (`etag="x"`, `last_modified="..."`)."""
    names = {"etag": "if-none-match", "last_modified": "if-modified-since"}
    fresh, unchanged = (
        page(POLICY, 200, "text/html", **validators),
        page("", 304, "text/html", **validators),
    )

    def answer(asked: Asked, connection: socket.socket) -> None:
        shown = any(
            asked.headers.get(names[name]) == value
            for name, value in validators.items()
        )
        (unchanged if shown else fresh)(asked, connection)

    return answer


def needs_cookie(asked: Asked, connection: socket.socket) -> None:
    """Redirects to itself until its cookie comes back."""
    if "visitor=7" in asked.headers.get("cookie", ""):
        page(POLICY)(asked, connection)
    else:
        page("", 302, location=asked.path, set_cookie="visitor=7; Path=/")(
            asked, connection
        )


def silent(asked: Asked, connection: socket.socket) -> None:
    """Accepts the request and says nothing, until the client has gone."""
    with suppress(OSError):
        connection.recv(1)


def trickling(asked: Asked, connection: socket.socket) -> None:
    """A byte now and then, for ever: no idle timeout ends it."""
    connection.sendall(
        head(200, {"Content-Type": "text/html", "Transfer-Encoding": "chunked"})
    )
    while True:
        connection.sendall(b"1\r\nx\r\n")
        time.sleep(0.05)


def endless(asked: Asked, connection: socket.socket) -> None:
    """As fast as it can, for ever."""
    connection.sendall(
        head(200, {"Content-Type": "text/html", "Transfer-Encoding": "chunked"})
    )
    while True:
        connection.sendall(b"4000\r\n" + b"x" * 0x4000 + b"\r\n")


def reset(asked: Asked, connection: socket.socket) -> None:
    connection.setsockopt(
        socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
    )
    raise Hangup


def liar(asked: Asked, connection: socket.socket) -> None:
    """Announces more than it sends."""
    connection.sendall(
        head(200, {"Content-Type": "text/html", "Content-Length": "5000"})
        + b"<p>short</p>"
    )
    raise Hangup


def babble(asked: Asked, connection: socket.socket) -> None:
    connection.sendall(b"220 mail.example.org ESMTP ready\r\n")
    raise Hangup


def unstable(asked: Asked, connection: socket.socket) -> None:
    page(f"<p>Visitor {time.monotonic_ns()}, welcome.</p>")(asked, connection)


def tls_of(certificate: trustme.LeafCert) -> ssl.SSLContext:
    """What a server with this certificate needs."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


BOMB = gzip.compress(
    gzip.compress(b"<p>0</p>" * 4_000_000, 9), 9
)  # 32 MB in some hundred bytes
DEFLATED = zlib.compress(POLICY.encode())


class Site:
    """One server. `answers` says what each path does; any other path is a 404."""

    def __init__(
        self,
        host: str = "127.0.0.1",
        tls: ssl.SSLContext | None = None,
        port: int = 0,
    ) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: list[Asked] = []
        self.host = host
        self._tls = tls
        self._listening = socket.create_server((host, port))
        self.port = self._listening.getsockname()[1]
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def url(self, path: str = "/") -> str:
        return f"{'https' if self._tls else 'http'}://{self.host}:{self.port}{path}"

    def paths(self) -> list[str]:
        """What was asked for, in order."""
        return [asked.path for asked in self.asked]

    def close(self) -> None:
        """Also the thread: one that waits on the number of a closed socket takes the connections of the next one."""
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._accepting.join()
        self._listening.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(
                target=self._serve, args=(connection,), daemon=True
            ).start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError):
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
            with connection, connection.makefile("rb") as lines:
                while (asked := self._request(lines)) is not None:
                    self.asked.append(asked)
                    self.answers.get(asked.path, page("not here", 404))(
                        asked, connection
                    )

    @staticmethod
    def _request(lines: Iterator[bytes]) -> Asked | None:
        first = next(iter(lines), b"")
        if len(first.split()) < 2:  # ended, maybe amid a word
            return None
        headers = {}
        for line in lines:
            if not line.strip():
                break
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.strip().lower()] = value.strip()
        return Asked(first.split()[1].decode(), headers, time.monotonic())


@dataclass
class Sites:
    """Several servers, each on an address of its own, for politeness goes by host."""

    _open: list[Site] = field(default_factory=list)

    def new(self, tls: Callable[[str], ssl.SSLContext] | None = None) -> Site:
        host = f"127.0.1.{len(self._open) + 1}"
        site = Site(host, tls(host) if tls else None)
        self._open.append(site)
        return site

    def close(self) -> None:
        for site in self._open:
            site.close()


@contextmanager
def serving() -> Iterator[Sites]:
    sites = Sites()
    try:
        yield sites
    finally:
        sites.close()
