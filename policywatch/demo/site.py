"""Confrera, an invented professional network, whose pages change over five days.

A page is a file under pages/ with each day's changes marked; pages/shell.html and pages/shell.toml surround it, and
pages/story.toml lists them. All words are the project's own.
"""

from __future__ import annotations

import hashlib
import re
import threading
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import Any, Final, Self

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from foundation.vocabulary import Outcome

SERVICE: Final = "Confrera"
QUIET_DAY, NOISE_DAY, NOTICE_DAY, CHANGE_DAY, ERROR_DAY = DAYS = (1, 2, 3, 4, 5)
_FOLDER: Final = files("policywatch.demo") / "pages"
_STORY: Final = tomllib.loads((_FOLDER / "story.toml").read_text("utf-8"))
STORIES: Final = dict(zip(DAYS, _STORY["days"], strict=True))


@dataclass(frozen=True, slots=True)
class DemoDocument:
    """`path` is its address, with the leading slash."""

    id: str
    title: str
    kind: str
    language: str
    page: str
    path: str


_PREFIX: Final = {"en": "", "fr": "/fr"}  # of addresses by language
DOCUMENTS: Final = tuple(  # three pages in English and French
    DemoDocument(
        id=f"confrera/{each['name']}"
        + ("" if language == "en" else f".{language}"),
        title=title,
        kind=each["kind"],
        language=language,
        page=each["name"],
        path=_PREFIX[language] + each["path"],
    )
    for each in _STORY["pages"]
    for language, title in each["titles"].items()
)
_BY_PATH: Final = {document.path: document for document in DOCUMENTS}

BROKEN: Final = "confrera/privacy-policy"  # by the error page on some days
ANNOUNCING: Final = (
    "confrera/user-agreement",
    "confrera/user-agreement.fr",
)  # they carry the notice

_NO_CHANGE: Final = frozenset(
    {Outcome.UNCHANGED, Outcome.COSMETIC, Outcome.NOT_MODIFIED}
)
_NOT_BELIEVED: Final = frozenset(
    {Outcome.HELD, Outcome.BLOCKED, Outcome.UNREADABLE}
)


def _expected(day: int, id_: str) -> frozenset[Outcome]:
    if day == QUIET_DAY:
        return frozenset({Outcome.FIRST})
    if day in (NOISE_DAY, ERROR_DAY) and id_ == BROKEN:
        return _NOT_BELIEVED
    if day == CHANGE_DAY or (day == NOTICE_DAY and id_ in ANNOUNCING):
        return frozenset({Outcome.CHANGED})
    return _NO_CHANGE


# possible outcomes of each check
EXPECTED: Final[Mapping[int, Mapping[str, frozenset[Outcome]]]] = {
    day: {document.id: _expected(day, document.id) for document in DOCUMENTS}
    for day in DAYS
}
EXPECTED_ALERTS: Final = tuple(
    (day, id_)
    for day in DAYS
    for id_, outcomes in EXPECTED[day].items()
    if outcomes == {Outcome.CHANGED}
)  # (day, document) of all alerting changes


def page(document: DemoDocument, day: int) -> str:
    """Deterministic."""
    words = _WORDS[document.language]
    prefix = _PREFIX[document.language]
    noisy = day >= NOISE_DAY

    def to(path: str) -> str:
        return f"{prefix}/{path}" + (
            f"?trk=ftr_{document.page}&lipi=7c41" if noisy else ""
        )

    broken = document.id == BROKEN and day in (NOISE_DAY, ERROR_DAY)
    template = (
        "error.html" if broken else f"{document.language}/{document.page}.html"
    )
    return _TEMPLATES.get_template(template).render(
        language=document.language,
        words=words,
        path=document.path.removeprefix(prefix).removeprefix("/"),
        to=to,
        noisy=noisy,
        announced=day >= NOTICE_DAY,
        changed=day >= CHANGE_DAY,
        updated=words["updated"][2 if day >= CHANGE_DAY else 1 if noisy else 0],
    )


def _typeset(html: str, noisy: bool) -> Markup:
    """From the second day, with curly quotes and some no-break spaces."""
    if not noisy:
        return Markup(html)  # noqa: S704 (our own pages)
    parts = re.split(r"(<[^>]*>)", html)
    return Markup("".join(map(_typeset_text, parts)))  # noqa: S704


def _typeset_text(part: str) -> str:
    if part.startswith("<"):
        return part
    curly = re.sub(r'"([^"]*)"', "“\\1”", part).replace("'", "’")
    glued = re.sub(r" (?=[:;?»])|(?<=\d) (?=\w)", "&nbsp;", curly)
    return re.sub(r"((?:\S+ ){8}\S+) ", "\\1&nbsp;", glued)


def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("policywatch.demo", "pages"),
        autoescape=True,
        undefined=StrictUndefined,
    )
    environment.filters["typeset"] = _typeset
    return environment


_TEMPLATES: Final = _templates()
_WORDS: Final = tomllib.loads((_FOLDER / "shell.toml").read_text("utf-8"))


class DemoSite:
    """On a free port of 127.0.0.1; `day` is its current day."""

    def __init__(self) -> None:
        self.day = QUIET_DAY
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Answer, self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_failure: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "Confrera"
    sys_version = ""
    timeout = 30

    def __init__(self, site: DemoSite, *connection: Any) -> None:
        self._site = site
        super().__init__(*connection)

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/robots.txt":
            self._send(
                HTTPStatus.OK,
                "User-agent: *\nAllow: /\n",
                "text/plain; charset=utf-8",
            )
        elif path in _BY_PATH:
            self._send(
                HTTPStatus.OK,
                page(_BY_PATH[path], self._site.day),
                "text/html; charset=utf-8",
            )
        else:
            self._send(
                HTTPStatus.NOT_FOUND,
                "There is no such page.\n",
                "text/plain; charset=utf-8",
            )

    def do_HEAD(self) -> None:
        self.do_GET()

    def _send(self, status: HTTPStatus, text: str, mime: str) -> None:
        body = text.encode()
        etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        is_known = status is HTTPStatus.OK and etag in self.headers.get(
            "If-None-Match", ""
        )
        self.send_response(HTTPStatus.NOT_MODIFIED if is_known else status)
        self.send_header("ETag", etag)
        if not is_known:
            self.send_header("Content-Type", mime)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-cache")
        self.end_headers()
        if self.command == "GET" and not is_known:
            self.wfile.write(body)

    def log_message(self, *_parts: object) -> None:
        """The terminal is the demo's."""
