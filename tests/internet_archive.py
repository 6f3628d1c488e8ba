"""A stand-in for the Internet Archive on the loopback: its index and its copies, or what it answers in trouble."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

from tests.site import Answering, served


class InternetArchive:
    """`copies` by the address of the page: when, the status that its server answered with, and the page. `trouble` is
    answered in their place: status, content type, text. Copies later than the stamp `last` are asked for too often.
    `asked` are the paths of requests."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.copies: dict[str, list[tuple[datetime, int, str]]] = {}
        self.trouble: tuple[int, str, str] | None = None
        self.last = "9"
        self.asked: list[str] = []

    def index(self, query: dict[str, list[str]]) -> str:
        since, until = query.get("from", [""])[0], query.get("to", ["9"])[0]
        lines = []
        for at, status, page in self.copies.get(query["url"][0], []):
            stamp, digest = (
                f"{at:%Y%m%d%H%M%S}",
                hashlib.sha1(page.encode()).hexdigest(),
            )
            if status == 200 and since <= stamp <= until:
                lines.append(
                    f"key {stamp} {query['url'][0]} text/html {status} {digest} {len(page)}"
                )
        return "\n".join(
            lines[int(query["limit"][0]) :]
            if query["limit"][0].startswith("-")
            else lines
        )

    def copy(self, path: str) -> tuple[datetime, int, str] | None:
        _, _, stamp, url = path.split("/", 3)
        found = [
            copy
            for copy in self.copies.get(url, [])
            if f"{copy[0]:%Y%m%d%H%M%S}id_" == stamp
        ]
        return found[0] if found else None


@contextmanager
def internet_archive() -> Iterator[InternetArchive]:
    """A running one."""

    class Answer(Answering):
        def do_GET(self) -> None:  # noqa: N802  # as http.server calls it
            archive.asked.append(self.path)
            copy = (
                archive.copy(self.path) if self.path.startswith("/web/") else None
            )
            if archive.trouble is not None:
                return self.answer(*archive.trouble)
            if copy is not None and f"{copy[0]:%Y%m%d%H%M%S}" > archive.last:
                return self.answer(429, "text/plain", "slow down")
            if copy is not None:
                at = copy[0].strftime("%a, %d %b %Y %H:%M:%S GMT")
                original = {
                    "X-Archive-Orig-content-type": "text/html; charset=utf-8",
                    "Memento-Datetime": at,
                }
                return self.answer(
                    copy[1], "text/html; charset=utf-8", copy[2], original
                )
            if self.path.startswith("/cdx/search/cdx?"):
                return self.answer(
                    200,
                    "text/plain",
                    archive.index(parse_qs(urlsplit(self.path).query)),
                )
            return self.answer(404, "text/html", "no such copy")

    with served(Answer) as url:
        archive = InternetArchive(url)
        yield archive
