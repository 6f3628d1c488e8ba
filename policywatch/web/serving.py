"""How the pages are served: proxies, an access log, timeouts and a limit of connections, which uvicorn lacks."""

from __future__ import annotations

import asyncio
import errno
import gc
import re
import resource
import socket
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import uvicorn
from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.protocols.http.h11_impl import H11Protocol

from policywatch.logs import log
from policywatch.web.access import is_local
from policywatch.web.security import LONGEST

_QUEUE = 1024  # connections waiting to be accepted
_SECRET = re.compile(r"(/subscription/)[^/?]+")  # a secret: unsubscribes a reader
_LOCAL = ("localhost", "127.0.0.1", "[::1]")


@dataclass(frozen=True, slots=True)
class Listening:
    """`proxies` are trusted for X-Forwarded-For, X-Forwarded-Proto, and `user_header`, which names who signed in there;
    `root_path` is their prefix of every address.
    """

    host: str = "127.0.0.1"
    port: int = 8642
    proxies: Sequence[str] = ()
    root_path: str = ""
    user_header: str | None = None


def serve(app: FastAPI, where: Listening) -> None:
    """Until SIGINT or SIGTERM. Raises `OSError` where the address is taken."""
    family = socket.AF_INET6 if ":" in where.host else socket.AF_INET
    with (
        suppress(KeyboardInterrupt),
        _listening(where, family) as listening,
    ):  # uvicorn raises the signal again
        # else every second answer on a connection takes 40 ms
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        name = f"[{where.host}]" if ":" in where.host else where.host
        address = f"http://{name}:{listening.getsockname()[1]}{where.root_path}/"
        config = uvicorn.Config(
            Proxied(
                AccessLog(
                    _with_prefix_or_without(app, where.root_path)
                    if where.root_path
                    else app
                ),
                where,
            ),
            http=LimitedProtocol,
            backlog=ACCEPTED_AT_ONCE,
            log_config=None,  # ours is set up
            access_log=False,  # it lacks size and time
            server_header=False,
            root_path=where.root_path,
            proxy_headers=False,  # by `Proxied`
        )
        gc.freeze()  # else a full collection takes a tenth of a second
        gc.set_threshold(
            700, 10, 50
        )  # a full one with about every tenth page, as frozen objects leave garbage too
        _Server(config, address).run(sockets=[listening])


class _Server(uvicorn.Server):
    """Announces its address once it can be stopped cleanly: an earlier Ctrl-C interrupts the setup."""

    def __init__(self, config: uvicorn.Config, address: str) -> None:
        super().__init__(config)
        self._address = address

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for listening in sockets or ():
            listening.listen(_QUEUE)
        sys.stdout.write(f"The pages are at {self._address} (stop with Ctrl-C)\n")
        sys.stdout.flush()


def _listening(where: Listening, family: socket.AddressFamily) -> socket.socket:
    try:
        return socket.create_server((where.host, where.port), family=family)
    except OSError as failure:
        if (
            failure.errno == errno.EADDRNOTAVAIL or (failure.errno or 0) < 0
        ):  # below 0: an unknown name
            problem = f"{where.host} is no address of this machine; --host names one, 0.0.0.0 means all of them"
        elif failure.errno == errno.EADDRINUSE:
            problem = f"something else listens on port {where.port} of {where.host}; --port names another, 0 a free one"
        elif failure.errno == errno.EACCES:
            problem = f"port {where.port} is not open to this user; --port names another, above 1023"
        else:
            raise
        raise OSError(failure.errno, problem) from failure


class Proxied(ProxyHeadersMiddleware):
    """Takes the user whom a trusted proxy names, before the address of its client takes the place of its own."""

    def __init__(self, app: Any, where: Listening) -> None:
        super().__init__(app, list(where.proxies))
        self._user_header = where.user_header

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        client = scope.get("client")
        if (
            scope["type"] == "http"
            and self._user_header
            and client
            and client[0] in self.trusted_hosts
        ):
            names = Headers(scope=scope).getlist(self._user_header)
            if len(names) == 1:  # of two, the visitor may have sent one
                name = names[0].encode("latin-1").decode("utf-8", "replace")
                scope.setdefault("state", {})["user"] = name
        await super().__call__(scope, receive, send)


class AccessLog:
    """Logs each request as sent, so it wraps the app."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, size, start = (
            500,
            0,
            time.perf_counter(),
        )  # the server's answer if the app fails

        async def counted(message: Message) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
            elif scope["method"] != "HEAD":
                size += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, counted)
        finally:
            target = scope["raw_path"] + (
                b"?" + scope["query_string"] if scope["query_string"] else b""
            )
            facts = {
                "client": scope["client"][0] if scope["client"] else "-",
                "method": scope["method"],
                "path": _SECRET.sub(
                    r"\1***", target[:LONGEST].decode()
                ),  # raw, printable ASCII
                "status": status,
                "bytes": size,
                "ms": round(1000 * (time.perf_counter() - start)),
            }
            log.info(
                "%s",
                " ".join(map(str, facts.values())),
                extra={"event": "request", "facts": facts},
            )


def _with_prefix_or_without(app: ASGIApp, root_path: str) -> ASGIApp:
    """Some proxies strip the prefix, others don't."""

    async def understood(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and f"{scope['path']}/".startswith(
            f"{root_path}{root_path}/"
        ):
            scope["path"] = scope["path"].removeprefix(root_path)
        await app(scope, receive, send)

    return understood


def hosts(where: Listening, named: Sequence[str], site: str | None) -> list[str]:
    """Those given, this machine's, the site's, and the address. Raises `ValueError` where others can connect and no
    name is known: other sites could read the pages in visitors' browsers.
    """
    own = urlsplit(site).hostname if site else None
    if not (named or own or is_local(where.host)):
        raise ValueError(
            f"others reach {where.host} by a name that is not known here: write it as `site` into the watchlist, or "
            "give --allowed-host NAME (* answers to any)"
        )
    return [*named, *_LOCAL, where.host, *([own] if own else [])]


def root(path: str) -> str:
    """Normalised; raises `ValueError` for an invalid one."""
    clean = "/" + path.strip("/") if path.strip("/") else ""
    if not re.fullmatch(r"(?:/[\w.~-]+)*", clean, re.ASCII):
        raise ValueError(f"{path!r} is not a path like /watch")
    return clean


_REQUEST_SECONDS = 30  # of a request
_ANSWER_SECONDS = 600  # more, for its answer
_CONNECTIONS = 500  # connections
ACCEPTED_AT_ONCE = 8  # 2,048 before it lets us look, by default
_SHARE = 3  # of the file descriptors


class LimitedProtocol(H11Protocol):
    """Closes itself: idle for too long, or when there are too many."""

    request_seconds: float = _REQUEST_SECONDS
    _since: float = 0
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Of too many, the one longest without a request is dropped."""
        super().connection_made(transport)
        self._wait(self.request_seconds)
        most = most_connections()
        if len(self.connections) > most:
            open_ = [
                c
                for c in self.connections
                if isinstance(c, LimitedProtocol) and not c.transport.is_closing()
            ]
            if len(open_) > most:
                idle = [
                    connection
                    for connection in open_
                    if not connection._is_answered()
                ]
                min(
                    idle, key=lambda connection: connection._since
                ).transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._timer is not None:
            self._timer.cancel()

    def on_response_complete(self) -> None:
        """The next request has its own time."""
        super().on_response_complete()
        self._wait(self.request_seconds)

    def _wait(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._since = self.loop.time()
        self._timer = self.loop.call_later(seconds, self._late, seconds)

    def _late(self, waited: float) -> None:
        if waited != _ANSWER_SECONDS and self._is_answered():
            self._wait(_ANSWER_SECONDS)
        else:
            self.transport.abort()

    def _is_answered(self) -> bool:
        """A whole request has arrived, its answer is under way."""
        return (
            self.cycle is not None
            and not self.cycle.more_body
            and not self.cycle.response_complete
        )


def most_connections() -> int:
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return (
        _CONNECTIONS
        if allowed == resource.RLIM_INFINITY
        else max(1, min(_CONNECTIONS, allowed // _SHARE))
    )
