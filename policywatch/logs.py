"""What `run`, `watch` and `serve` log on standard error: lines for people, or a JSON object a line for programs."""

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
    """How a line of the log looks."""

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
    """What was decided of a document and by which values, for `policywatch -v`."""
    if log.isEnabledFor(logging.DEBUG):
        text = sanitize(decided % args)
        log.debug(
            "%s: %s",
            document,
            text,
            extra={"event": "decided", "facts": {"document": document}},
        )


class _StandardError(logging.Handler):
    """As it is now: a progress bar puts itself in its place, so that lines come above it."""

    def emit(self, record: logging.LogRecord) -> None:
        with suppress(OSError):  # the disk of a log may be full, and work goes on
            sys.stderr.write(f"{self.format(record)}\n")
            sys.stderr.flush()


def start_logging(wanted: LogFormat | None, *, verbose: bool = False) -> None:
    """From now on all that is logged has time and level; what other packages log from warnings on. `verbose`: each
    decision with what decided it; a later call leaves that as it is."""
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
    ):  # a worker says itself that the database is gone
        logging.getLogger(name).setLevel(logging.CRITICAL)
