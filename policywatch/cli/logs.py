"""What `run` and `watch` log on standard error: lines for people, or a JSON object a line for programs."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from policywatch.harmless import harmless

if TYPE_CHECKING:
    from policywatch.report import Report
    from storage.checks import Check

log = logging.getLogger("policywatch")
_FACTS = ("document", "outcome", "reason", "ms", "sent", "failed", "pending")


class LogFormat(StrEnum):
    """How a line of the log looks."""

    TEXT = "text"
    JSON = "json"


Logs = Annotated[
    LogFormat | None,
    typer.Option("--log-format", help="Log with times and levels: lines of text, or a JSON object a line."),
]


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": getattr(record, "event", record.name),
            **{name: fact for name in _FACTS if (fact := getattr(record, name, None)) is not None},
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line)


class _StandardError(logging.Handler):
    """As it is now: a progress bar puts itself in its place, so that lines come above it."""

    def emit(self, record: logging.LogRecord) -> None:
        sys.stderr.write(f"{self.format(record)}\n")
        sys.stderr.flush()


def start_logging(wanted: LogFormat | None) -> None:
    """From now on all that is logged has time and level; what other packages log from warnings on."""
    text = logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%SZ")
    text.converter = time.gmtime
    handler = _StandardError()
    handler.addFilter(lambda record: record.name == log.name or record.levelno >= logging.WARNING)
    handler.setFormatter(_Json() if wanted is LogFormat.JSON else text)
    logging.basicConfig(handlers=[handler], level=logging.WARNING)
    log.setLevel(logging.INFO)


def log_report(report: Report, made: Mapping[str, Check], failing: list[str]) -> None:
    """What came of each document, and of the deliveries."""
    from policywatch.report import all_good

    for check in report.checks:
        document, outcome, reason = check["document"], check["outcome"], check["reason"]
        row = made.get(document)
        facts: dict[str, Any] = {"document": document, "outcome": outcome, "reason": reason}
        if row is not None and row.seconds is not None:
            facts["ms"] = round(row.seconds * 1000)
        why = f": {harmless(reason)}" if reason else ""
        level = logging.INFO if all_good([check]) else logging.WARNING
        log.log(level, "%s: %s%s", document, outcome or "not read yet", why, extra={"event": "checked", **facts})
    for problem in failing:
        log.warning("delivery failed: %s", harmless(problem), extra={"event": "delivery failed"})
    sent, failed, pending = report.deliveries.sent, report.deliveries.failed, report.deliveries.pending
    log.log(
        logging.WARNING if failed else logging.INFO,
        *("alerts: %d sent, %d failed, %d pending", sent, failed, pending),
        extra={"event": "delivered", "sent": sent, "failed": failed, "pending": pending},
    )
    took = report.finished_at - report.started_at
    ms = round(took.total_seconds() * 1000)
    log.info("run ended after %.1f s", took.total_seconds(), extra={"event": "run ended", "ms": ms})
