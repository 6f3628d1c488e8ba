"""How long the pages wait for whoever connects: uvicorn itself waits for ever, and takes as many as come.

Who opens connections and says nothing would use up what the system lets a program open. Nobody else could connect then,
and each attempt would be a line of the log.
"""

from __future__ import annotations

import asyncio
import resource

from uvicorn.protocols.http.h11_impl import H11Protocol

ASKING = 30  # seconds in which a request must have come
_TAKING = 600  # more, in which its answer must have been taken
_MOST = 500  # connections at a time
TAKEN_AT_ONCE = 8  # of those that wait to be taken; asyncio would take 2,048 and only then let us look at them
_SHARE = 3  # one in so many of the files that the system lets us open may be a connection


class PatientProtocol(H11Protocol):
    """A connection that ends by itself: one that asks for nothing when its time is over, or when there are too many."""

    asking: float = ASKING
    _since: float = 0
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Of too many, the one goes that has kept us waiting for the longest, so that who asks at once is heard."""
        super().connection_made(transport)
        self._wait(self.asking)
        if len(self.connections) > most():
            there = [one for one in self.connections if isinstance(one, PatientProtocol) and one._stays()]
            waiting = [one for one in there if not one._is_answered()]
            if len(there) > most():
                min(waiting, key=lambda one: one._since).transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        super().connection_lost(exc)
        if self._timer is not None:
            self._timer.cancel()

    def on_response_complete(self) -> None:
        """The next request has its own time."""
        super().on_response_complete()
        self._wait(self.asking)

    def _wait(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._since = self.loop.time()
        self._timer = self.loop.call_later(seconds, self._late, seconds)

    def _late(self, waited: float) -> None:
        if waited != _TAKING and self._is_answered():
            self._wait(_TAKING)
        else:
            self.transport.abort()

    def _stays(self) -> bool:
        return not self.transport.is_closing()

    def _is_answered(self) -> bool:
        """A request has come whole, and its answer is on the way."""
        return self.cycle is not None and not self.cycle.more_body and not self.cycle.response_complete


def most() -> int:
    """How many connections are kept at a time."""
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MOST if allowed == resource.RLIM_INFINITY else max(1, min(_MOST, allowed // _SHARE))
