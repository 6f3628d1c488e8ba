"""A stand-in for a server of language models, on the loopback."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MEANING = "The library will train writing models on your reviews unless you object."
ANSWER: dict[str, Any] = {
    "substantive": True,
    "alert": True,
    "topics": ["ai_training"],
    "severity": "medium",
    "direction": "expands",
    "quotations": [],
    "meaning": {"en": MEANING},
}


def chat(content: Any) -> bytes:
    return json.dumps(
        {"choices": [{"message": {"role": "assistant", "content": content}}]}
    ).encode()


def saying(**facts: Any) -> bytes:
    return chat(json.dumps(ANSWER | facts))


class Answering:
    """A model server on the loopback: `body` is what it says, `pause` how long it waits between two bytes, `breaks`
    that it hangs up amid the answer, `meanwhile` what happens before it."""

    def __init__(self) -> None:
        self.url = ""
        self.status = 200
        self.body = saying()
        self.pause = 0.0
        self.breaks = False
        self.meanwhile: Callable[[], object] = lambda: None
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str | None] = []

    def material(self, number: int = 0) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.asked[number]["messages"][1]["content"])
        return found


@contextmanager
def answering() -> Iterator[Answering]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            size = int(self.headers["Content-Length"])
            model.asked.append({"path": self.path, **json.loads(self.rfile.read(size))})
            model.keys.append(self.headers["Authorization"])
            model.meanwhile()
            self.send_response(model.status)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", str(len(model.body)))
            self.end_headers()
            body = model.body[:20] if model.breaks else model.body
            pieces = [body] if not model.pause else [bytes([byte]) for byte in body]
            try:
                for piece in pieces:
                    self.wfile.write(piece)
                    self.wfile.flush()
                    time.sleep(model.pause)
            except OSError:
                pass  # the client had enough

        def log_message(self, *args: Any) -> None:
            pass

    model = Answering()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    model.url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield model
    finally:
        server.shutdown()
        server.server_close()
