"""A machine that vanishes from the network without a word."""

from __future__ import annotations

import ctypes
import select
import socket
import struct
import threading
from contextlib import suppress


class Proxy:
    """Hands the connections of a machine to a server on the loopback, until the machine has vanished: no packet comes
    in any more, nor goes out, and nobody hears of an end."""

    def __init__(self, port: int) -> None:
        self._server = port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self._sockets = [self._listening]
        self._vanished = False
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while not self._vanished:
            one, _ = self._listening.accept()
            other = socket.create_connection(("127.0.0.1", self._server))
            self._sockets += [one, other]
            threading.Thread(
                target=self._hand_on, args=(one, other), daemon=True
            ).start()

    def _hand_on(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while not self._vanished:
                for ready in select.select([one, other], [], [], 0.1)[0]:
                    if not (sent := ready.recv(65536)):
                        one.close()
                        other.close()
                        return
                    (other if ready is one else one).sendall(sent)

    def vanish(self) -> None:
        self._vanished = True
        for each in self._sockets:
            if each.fileno() >= 0:
                _drop_packets(each)


def _drop_packets(of: socket.socket) -> None:
    """By a filter of the kernel, before it acknowledges them (man 7 socket, SO_ATTACH_FILTER)."""
    drop_all = ctypes.create_string_buffer(
        struct.pack("HBBI", 0x06, 0, 0, 0)
    )  # BPF_RET, 0 bytes
    program = struct.pack("HL", 1, ctypes.addressof(drop_all))
    of.setsockopt(socket.SOL_SOCKET, 26, program)
