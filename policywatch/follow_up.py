"""Handles new texts while other documents are fetched, so that a slow page delays nobody's alerts."""

from __future__ import annotations

from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Thread
from time import monotonic
from typing import Self

TOGETHER = 30.0  # seconds that alerts wait for more of their event


class FollowUp:
    """In a thread. Its error is kept in `failure` and raised at the end of the run, which does what is left anyway."""

    def __init__(
        self, ingest: Callable[[str], object], notify: Callable[[], object]
    ) -> None:
        self.failure: BaseException | None = None
        self._ingest, self._notify = ingest, notify
        self._documents: SimpleQueue[str | None] = SimpleQueue()
        self._thread = Thread(target=self._work, name="follow-up", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._documents.put(None)
        self._thread.join()

    def take(self, document: str) -> None:
        """Returns at once."""
        self._documents.put(document)

    def _work(self) -> None:
        try:
            self._follow()
        except BaseException as failure:  # noqa: BLE001  # raised by the waiting thread
            self.failure = failure

    def _follow(self) -> None:
        notify_at: float | None = None
        while True:
            try:
                document = self._documents.get(
                    timeout=None
                    if notify_at is None
                    else max(0.01, notify_at - monotonic())
                )
                if document is None:
                    return
                self._ingest(document)
                notify_at = notify_at or monotonic() + TOGETHER
            except Empty:
                pass
            if notify_at is not None and monotonic() >= notify_at:
                self._notify()
                notify_at = None
