"""A program in a fork of the process that has loaded all of ours (`tests.warm`).

    python -IS tests/forked.py SOCKET -m policywatch ...

stands for `python -m policywatch ...` where a shell or another program starts it: it loads next to nothing, has the
files, folder and environment of who starts it, hands signals on, and ends as the program does.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress


def start(
    address: str,
    words: Sequence[str],
    environ: Mapping[str, str],
    files: Sequence[int],
) -> tuple[socket.socket, int]:
    """A line to who starts programs, and the program's number; `files` are its 0, 1 and 2.

    On the line goes the number of each signal to send, as a byte, and comes the status. Who closes it kills the program.
    """
    line = socket.socket(socket.AF_UNIX)
    line.connect(address)
    asked, order = os.pipe()  # no file, for which the disk may be full
    with open(order, "w", encoding="utf-8") as file:
        socket.send_fds(line, [b"f"], [asked, *files])
        os.close(asked)
        json.dump(
            {"words": [*words], "environ": {**environ}, "folder": os.getcwd()}, file
        )
    return line, number(line)


def number(line: socket.socket) -> int:
    digits = b""
    while not digits.endswith(b"\n"):
        more = line.recv(1)
        assert more, "the process that starts programs is gone"
        digits += more
    return int(digits)


def main(address: str, words: Sequence[str]) -> None:
    line, _ = start(address, words, os.environ, (0, 1, 2))

    def pass_on(number: int, _: object) -> None:
        with suppress(OSError):  # the program has just ended
            line.send(bytes([number]))

    for each in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(each, pass_on)
    status = number(line)
    if status < 0:
        signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    sys.exit(status)


if __name__ == "__main__":
    # -P says nothing here: the program's modules are loaded
    main(sys.argv[1], [word for word in sys.argv[2:] if word != "-P"])
