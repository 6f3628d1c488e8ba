"""The client of all that is fetched outside of a crawl: no server holds it, fills its memory or leads it inside."""

from __future__ import annotations

import gzip
import resource
import socket
import time
import zlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from foundation.http_client import HttpFailure, HttpResponse, fetch
from notifier.heartbeat import Heartbeat
from notifier.routes import Address
from notifier.send import send
from storage.database import Database
from tests.misbehaving import (
    BOMB,
    Answer,
    Asked,
    Site,
    babble,
    endless,
    head,
    liar,
    page,
    redirect,
    reset,
    silent,
    trickling,
)
from tests.post import one_message

DATABASES = ["sqlite"]
LARGEST = 64 * 1024


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.close()


def asked(site: Site, answer: Answer, **options: Any) -> HttpResponse:
    site.answers["/"] = answer
    return fetch(
        site.url(),
        **{"seconds": 2, "max_size": LARGEST, "allow_private": True} | options,
    )


def dripping_headers(asked: Asked, connection: socket.socket) -> None:
    """A header now and then, for ever."""
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        connection.sendall(b"X: y\r\n")
        time.sleep(0.3)


def dripping_status(asked: Asked, connection: socket.socket) -> None:
    """An answer that says to go on, again and again."""
    while True:
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        time.sleep(0.05)


def many_headers(asked: Asked, connection: socket.socket) -> None:
    connection.sendall(
        head(200, {f"X-{number}": "y" * 1000 for number in range(5000)})
    )


def test_an_answer_is_given_with_its_headers_whatever_its_status(
    site: Site,
) -> None:
    answer = page(
        gzip.compress(b"hello"),
        404,
        "text/plain",
        content_encoding="gzip",
        retry_after="5",
    )
    response = asked(
        site, answer, method="POST", body=b"{}", headers={"X-Key": "1"}
    )
    assert (response.status, response.body, response.header("retry-after")) == (
        404,
        b"hello",
        "5",
    )
    assert site.asked[0].headers["x-key"] == "1"


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (silent, "late"),
        (trickling, "late"),
        (dripping_headers, "late"),
        (dripping_status, "late"),
        (endless, "large"),
        (page("x" * (LARGEST + 1)), "large"),
        (page(BOMB, content_encoding="gzip, gzip"), "large"),
        (page("x", content_encoding="br"), "encoding"),
        (page(gzip.compress(b"hello")[:-9], content_encoding="gzip"), "compressed"),
        (many_headers, "http"),
        (babble, "http"),
        (liar, "broken_off"),
        (reset, "broken_off"),
    ],
)
def test_what_a_server_does_ends_within_the_deadline(
    site: Site, answer: Answer, cause: str
) -> None:
    began = time.monotonic()
    with pytest.raises(HttpFailure) as failure:
        asked(site, answer)
    assert failure.value.cause == cause
    assert time.monotonic() - began < 4


def test_no_redirect_is_followed(site: Site) -> None:
    assert asked(site, redirect("/elsewhere")).status == 302
    assert site.paths() == ["/"]


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "169.254.169.254",
        "10.0.0.1",
        "[::ffff:7f00:1]",
    ],
)
def test_a_private_address_is_refused_before_anything_is_asked(
    site: Site, host: str
) -> None:
    with pytest.raises(HttpFailure) as failure:
        fetch(f"http://{host}:{site.port}/", seconds=2, max_size=LARGEST)
    assert failure.value.cause in {"private", "name"}
    assert not site.asked


@pytest.fixture(scope="module")
def flood() -> bytes:
    """Four hundred MB in four hundred kB."""
    packer, chunk = zlib.compressobj(wbits=31), b"\xe9 no. " * (2**20 // 6)
    return b"".join(packer.compress(chunk) for _ in range(400)) + packer.flush()


@pytest.mark.parametrize("path", ["refuse", "take"])
@pytest.mark.parametrize(
    "scheme", ["json://", "webhook+http://a-secret-of-24-characters@"]
)
def test_a_receiver_does_not_fill_the_memory(
    store: Database, site: Site, flood: bytes, scheme: str, path: str
) -> None:
    def flooding(asked: Asked, connection: socket.socket) -> None:
        headers = {"Content-Encoding": "gzip", "Content-Length": str(len(flood))}
        connection.sendall(head(500 if path == "refuse" else 200, headers) + flood)

    site.answers[f"/{path}"] = flooding
    message = replace(one_message(store), payload=b"{}")
    send(Address("${A}", f"{scheme}127.0.0.1:1/"), message)  # so that all is loaded
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result = send(Address("${A}", f"{scheme}127.0.0.1:{site.port}/{path}"), message)
    assert result.ok == (path == "take" and scheme == "json://")
    assert len(str(result.answer)) < 2000
    assert (
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 30 * 1024
    )  # in kB


def test_a_heartbeat_that_drips_ends_with_its_deadline(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(fetch.__kwdefaults__, "seconds", 1.0)
    site.answers["/"] = dripping_headers
    began = time.monotonic()
    assert Heartbeat(site.url()).beat("good") == "no answer in time"
    assert time.monotonic() - began < 4
