"""A stand-in for a server of language models, on the loopback."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

USAGE = {"prompt_tokens": 1000, "completion_tokens": 200, "total_tokens": 1200}


def chat(content: Any, **message: Any) -> bytes:
    said = {"role": "assistant", "content": content, **message}
    choice = {"index": 0, "finish_reason": "stop", "message": said}
    return json.dumps(
        {
            "id": "1",
            "object": "chat.completion",
            "created": 1,
            "model": "small",
            "choices": [choice],
            "usage": USAGE,
        }
    ).encode()


def nothing(_material: Mapping[str, Any]) -> dict[str, Any]:
    return {"alert": False, "reason": "Only the wording changed."}


def telling(material: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """An answer that stands on the first words that a change adds, in the languages asked for."""
    passage, added = next(
        (each["passage"], found[1])
        for each in material["passages"]
        if (found := re.search(r"\{\+(.+?)\+\}", each["text"]))
    )
    words = " ".join(added.split()[:6])
    sentences = {
        "en": f"Unless you act, the policy now says: {words}.",
        "fr": f"Sauf refus, la politique dit désormais : {words}.",
    }
    said = {language: sentences[language] for language in material["languages"]}
    quote = {"passage": passage, "side": "after", "text": words}
    return {
        "alert": True,
        "reason": "It changes what is done with data.",
        "kind": "practice",
        "topics": ["data_use"],
        "severity": "medium",
        "direction": "expands",
        "statements": [{"quotes": [quote], "text": said}],
        "headline": said,
        "dates": [],
        "default": None,
        "refuse": [],
    } | more


class Answering:
    """A model server on the loopback: `answer` makes its answer of what it is asked; `replies` are sent first, each a
    status, headers and a body. `pause`: how long it waits between two bytes; `breaks`: it hangs up amid the answer;
    `plain`: it knows no `response_format`; `room`: the characters that fit; `meanwhile`: what happens before it."""

    def __init__(self) -> None:
        self.url = ""
        self.answer: Callable[[Mapping[str, Any]], Any] = telling
        self.replies: list[tuple[int, dict[str, str], bytes]] = []
        self.pause = 0.0
        self.breaks = False
        self.plain = False
        self.room = 10**9
        self.meanwhile: Callable[[], object] = lambda: None
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str | None] = []

    def material(self, number: int = 0) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(
            self.asked[number]["messages"][1]["content"]
        )
        return found

    def reply(self) -> tuple[int, dict[str, str], bytes]:
        if self.replies:
            return self.replies.pop(0)
        asked = self.asked[-1]
        if self.plain and "response_format" in asked:
            return (
                400,
                {},
                b'{"error": {"message": "unknown field response_format"}}',
            )
        if len(asked["messages"][1]["content"]) > self.room:
            error = {"message": "too long", "code": "context_length_exceeded"}
            return 400, {}, json.dumps({"error": error}).encode()
        return 200, {}, chat(json.dumps(self.answer(self.material(-1))))


@contextmanager
def answering() -> Iterator[Answering]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            size = int(self.headers["Content-Length"])
            model.asked.append(
                {"path": self.path, **json.loads(self.rfile.read(size))}
            )
            model.keys.append(self.headers["Authorization"])
            model.meanwhile()
            status, headers, body = model.reply()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            body = body[:20] if model.breaks else body
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


def answered() -> Iterator[Answering]:
    """For `server = pytest.fixture(answered)`."""
    with answering() as model:
        yield model
