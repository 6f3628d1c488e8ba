"""Logs each request."""

from __future__ import annotations

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from policywatch.logs import log
from policywatch.web.security import LONGEST


class AccessLog:
    """Outside of the app, so that what is logged is what was sent."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, and log how it went."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, sent, start = 500, 0, time.perf_counter()  # 500 is what the server sends if the app breaks

        async def counted(message: Message) -> None:
            nonlocal status, sent
            if message["type"] == "http.response.start":
                status = message["status"]
            elif scope["method"] != "HEAD":
                sent += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, counted)
        finally:
            target = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
            facts = {
                "client": scope["client"][0] if scope["client"] else "-",
                "method": scope["method"],
                "path": target[:LONGEST].decode(),  # as it was sent, which is printable ASCII
                "status": status,
                "bytes": sent,
                "ms": round(1000 * (time.perf_counter() - start)),
            }
            log.info("%s", " ".join(map(str, facts.values())), extra={"event": "request", "facts": facts})
