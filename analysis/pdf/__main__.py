"""A PDF on standard input, its text as JSON on standard output: `{"title", "blocks", "dropped"}`, or `{"unreadable"}`
with the code of the reason."""

from __future__ import annotations

import json
import signal
import sys

from analysis.pdf.blocks import NoText, blocks_of
from analysis.pdf.costs import ANSWER, TooCostly, limit


def main() -> None:
    # whoever stops the program stops the process that waits for this one, and it alone knows what to make of that
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    limit()
    sys.stdout.write(_answer(sys.stdin.buffer.read()))


def _answer(body: bytes) -> str:
    try:
        answer = json.dumps(blocks_of(body))
    except (TooCostly, MemoryError):
        return _unreadable("unreadable.costly")
    except NoText:
        return _unreadable("unreadable.scan")
    except Exception:  # noqa: BLE001  # hostile bytes bring any error out of the parser: KeyError, TypeError ...
        return _unreadable("unreadable.pdf")
    return answer if len(answer) <= ANSWER else _unreadable("unreadable.costly")


def _unreadable(code: str) -> str:
    return json.dumps({"unreadable": code})


if __name__ == "__main__":
    main()
