"""One line a request, as text or as JSON, on standard error like all that `serve` reports."""

from __future__ import annotations

import json
import logging
import time
from datetime import UTC, datetime
from typing import Any, Literal

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from policywatch.web.security import LONGEST

LogFormat = Literal["text", "json"]
_LOG = logging.getLogger("policywatch.access")


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
            request = {
                "client": scope["client"][0] if scope["client"] else "-",
                "method": scope["method"],
                "path": target[:LONGEST].decode(),  # as it was sent, which is printable ASCII
                "status": status,
                "bytes": sent,
                "ms": round(1000 * (time.perf_counter() - start)),
            }
            _LOG.info("%(client)s %(method)s %(path)s %(status)s %(bytes)s %(ms)s", request, extra={"request": request})


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        said: dict[str, Any] = {"time": _time(record)}
        said |= getattr(record, "request", None) or {"level": record.levelname, "message": record.getMessage()}
        return json.dumps(said | ({"error": self.formatException(record.exc_info)} if record.exc_info else {}))


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return f"{_time(record)} {super().format(record)}"


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


def log_config(form: LogFormat) -> dict[str, Any]:
    """For `logging.config`: requests, and what goes wrong."""
    handled = {"handlers": ["stderr"], "propagate": False}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"text": {"()": _Text}, "json": {"()": _Json}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": form}},
        "loggers": {_LOG.name: {"level": "INFO", **handled}, "uvicorn": {"level": "WARNING", **handled}},
    }
