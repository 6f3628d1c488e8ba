"""The log of `run`, `watch` and `serve` on standard error: text, or JSON lines."""

from __future__ import annotations

import json
import logging
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime
from enum import StrEnum

from policywatch.sanitize import sanitize

log = logging.getLogger("policywatch")


class LogFormat(StrEnum):
    TEXT = "text"
    JSON = "json"


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(
                timespec="milliseconds"
            ),
            "level": record.levelname.lower(),
            "event": getattr(record, "event", record.name),
            "message": record.getMessage(),
            **getattr(record, "facts", {}),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line)


def log_decision(document: str, decided: str, *args: object) -> None:
    """For `policywatch -v`."""
    if log.isEnabledFor(logging.DEBUG):
        text = sanitize(decided % args)
        log.debug(
            "%s: %s",
            document,
            text,
            extra={"event": "decided", "facts": {"document": document}},
        )


class _StandardError(logging.Handler):
    """Looked up for each line: a progress bar replaces it."""

    def emit(self, record: logging.LogRecord) -> None:
        with suppress(OSError):  # a log's disk may be full
            sys.stderr.write(f"{self.format(record)}\n")
            sys.stderr.flush()


def start_logging(wanted: LogFormat | None, *, verbose: bool = False) -> None:
    """Other packages from warnings on. `verbose` adds decisions; later calls do not change it."""
    text = logging.Formatter(
        "%(asctime)s %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%SZ"
    )
    text.converter = time.gmtime
    handler = _StandardError()
    handler.addFilter(
        lambda record: (
            record.name.startswith(log.name) or record.levelno >= logging.WARNING
        )
    )
    handler.setFormatter(_Json() if wanted is LogFormat.JSON else text)
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    if verbose:
        log.setLevel(logging.DEBUG)
    elif log.level == logging.NOTSET:
        log.setLevel(logging.INFO)
    for name in (
        "psycopg.pool",
        "procrastinate.utils",
    ):
        logging.getLogger(name).setLevel(logging.CRITICAL)
