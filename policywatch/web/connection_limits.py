"""Timeouts and a limit of connections, which uvicorn lacks: nobody else could connect."""

from __future__ import annotations

import asyncio
import resource

from uvicorn.protocols.http.h11_impl import H11Protocol

_REQUEST_SECONDS = 30  # of a request
_ANSWER_SECONDS = 600  # more, for its answer
_MOST = 500  # connections
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
                    connection for connection in open_ if not connection._is_answered()
                ]
                min(idle, key=lambda connection: connection._since).transport.abort()

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
        _MOST
        if allowed == resource.RLIM_INFINITY
        else max(1, min(_MOST, allowed // _SHARE))
    )
