"""Mutates what strangers send, at random, for as long as it is let: pages, archives, imports, requests.

    python -m evaluation.fuzz pages|archives|imports|http [SECONDS]

Each input is made of a sane one by a few mutations. A page may be refused (`UnreadablePage`), nothing else: any other
exception, or a process that dies, is printed with the seed that makes it again.
"""

from __future__ import annotations

import argparse
import functools
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from analysis.extract import read_page
from analysis.model import TooCostly, UnreadablePage
from evaluation.hostile_texts import page, sentences
from policywatch import sandbox
from policywatch.ingest.extraction import compare_within_limits
from policywatch.web.access import Access
from policywatch.web.app import create_app
from storage.database import Database
from tests.story_of_parley import tell

_PIECES = (
    b"<div> </div> <p> </p> <table><tr><td> <b > <!-- --> <![CDATA[ &#x110000; &#xd800; &amp <script> </script> "
    b"<svg><style> <template> <select><option> <a/href=//[::1> <base/href=http://[x> <meta/charset=utf-7> "
    b"<meta/charset=idna> <html/lang=\xff> <li/value=99999999999> \x00 \xff\xfe \xf0\x9f\x91\xa9 \xe2\x80\xae "
    b"\xed\xa0\x80 %PDF-1.4\n # > - | ```"
).split(b" ")
_MIMES = ("text/html", "text/markdown", "text/plain", "application/pdf", "x/y")
_CHARSETS = (
    None,
    "utf-8",
    "utf-16",
    "shift_jis",
    "utf-7",
    "hz",
    "cp037",
    "nonsense",
    "idna",
    "zlib",
)
_PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>endobj\n"
    b"4 0 obj<</Length 80>>stream\nBT /F 12 Tf 60 700 Td (We keep your name for as long as you are here.) Tj ET\n"
    b"endstream endobj\n"
    b"5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj\ntrailer<</Root 1 0 R>>\n"
)
_NUMBERS = (
    b"-1",
    b"0",
    b"4294967296",
    b"99999999999999999999",
    b"1e309",
    b"/",
    b"<<",
    b"]",
)


def mutated(body: bytes, chance: random.Random) -> bytes:
    """The body after one to eight mutations."""
    changed = bytearray(body)
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(len(changed) + 1)
        end = min(len(changed), at + chance.choice((1, 3, 30, 300)))
        match chance.randrange(6):
            case 0:
                changed[at:at] = chance.choice(_PIECES) * chance.choice(
                    (1, 2, 50, 5_000)
                )
            case 1:
                del changed[at:end]
            case 2:
                changed[at:at] = changed[at:end] * chance.choice((1, 10, 100))
            case 3:
                changed[at:end] = chance.randbytes(end - at)
            case 4:
                changed[at:end] = chance.choice(_NUMBERS)
            case _:
                other = chance.randrange(len(changed) + 1)
                changed[at:at] = changed[other : other + 300]
    return bytes(changed[:2_000_000])


def hostile_body(chance: random.Random) -> tuple[bytes, dict[str, Any]]:
    """A mutated page, PDF or Markdown text, with options for `read_page`."""
    html = page(
        f"<p>{sentences(2_000, 1)}</p><table><tr><td>a<td>b</table>"
    ).encode()
    sane = chance.choice((html, _PDF, b"# T\n\n- a\n\n> b\n\nc\n"))
    options = {
        "mime": chance.choice(_MIMES),
        "charset": chance.choice(_CHARSETS),
        "url": "https://a.example/b",
    }
    return mutated(sane, chance), options


def _page(chance: random.Random) -> None:
    pages = []
    for _ in range(2):
        body, options = hostile_body(chance)
        try:
            pages.append(sandbox.run(read_page, body, **options))
        except TooCostly:
            print("too costly", flush=True)
        except UnreadablePage:
            pass
    if len(pages) == 2:
        compare_within_limits(
            *pages, language="en", document="Privacy Policy", trusted=True
        )


def _command(*words: str | Path) -> None:
    """Raises `RuntimeError` where a command ends with a traceback, by a signal, or not at all."""
    done = subprocess.run(
        [sys.executable, "-m", "policywatch", *map(str, words)],
        capture_output=True,
        check=False,
        timeout=600,  # of a command that waits for nobody
    )
    if done.returncode not in (0, 1, 2) or b"Traceback" in done.stderr:
        raise RuntimeError(
            f"{words}: {done.returncode} {done.stderr[-2000:].decode(errors='replace')}"
        )


def _watchlist(folder: Path) -> Path:
    file = folder / "policywatch.toml"
    file.write_text(
        f'contact = "a@b.example"\ndatabase = "sqlite:///{folder}/store.db"\n[[documents]]\nid = "a/b"\nservice = "A"\n'
        'title = "B"\nkind = "other"\nurl = "https://a.example/b"\n',
        "utf-8",
    )
    return file


def _git_date(chance: random.Random) -> str:
    return chance.choice(
        (
            "",
            "0 +0000",
            "-1 +0000",
            "99999999999999 +9999",
            "1 +x",
            "x",
            "1700000000 +0000",
        )
    )


def _archive(chance: random.Random) -> None:
    """A repository with a strange commit, imported."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        git = ["git", "-C", str(folder / "archive")]
        subprocess.run(["git", "init", "-q", str(folder / "archive")], check=True)
        tree_name = chance.choice(
            (
                b"A/B.md",
                b"A/\xff.md",
                b"A/B.md\n",
                b"-/--.md",
                b"A/" + b"x" * 200 + b".md",
            )
        )
        for text in (
            b"# B\n\nWe keep your name.\n",
            mutated(b"# B\n\nWe sell your name.\n", chance),
        ):
            add = [*git, "hash-object", "-w", "--stdin"]
            blob = subprocess.run(
                add, input=text, capture_output=True, check=True
            ).stdout.strip()
            entry = b"100644 " + blob + b"\t" + tree_name + b"\0"
            subprocess.run(
                [*git, "update-index", "-z", "--index-info"],
                input=entry,
                check=False,
                capture_output=True,
            )
            tree = subprocess.run(
                [*git, "write-tree"], capture_output=True, check=True
            ).stdout.strip()
            person = b"A <a@b.example> " + _git_date(chance).encode()
            commit = (
                b"tree "
                + tree
                + b"\nauthor "
                + person
                + b"\ncommitter "
                + person
                + b"\n\n"
                + chance.randbytes(20)
            )
            written = [
                *git,
                "hash-object",
                "-t",
                "commit",
                "-w",
                "--literally",
                "--stdin",
            ]
            made = (
                subprocess.run(
                    written, input=commit, capture_output=True, check=True
                )
                .stdout.strip()
                .decode()
            )
            subprocess.run(
                [*git, "update-ref", "HEAD", made], check=False, capture_output=True
            )
        config = _watchlist(folder)
        command = (
            "import",
            "open-terms-archive",
            folder / "archive",
            "--service",
            "A",
            "-d",
            "B=a/b",
        )
        _command(*command, "--config", config)


def _import(chance: random.Random) -> None:
    """A folder of saved pages, imported."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config, saved = _watchlist(folder), folder / "saved"
        saved.mkdir()
        for day in range(1, 4):
            file_name = chance.choice(
                (
                    "2024-01-0{day}",
                    "20240{day}02030405",
                    "x-2024-0{day}-31",
                    "\u202e{day}",
                )
            ).format(day=day) + chance.choice((".html", ".md", ".pdf", ".txt", ""))
            body, _ = hostile_body(chance)
            (saved / file_name).write_bytes(body)
        _command("import", "folder", "a/b", saved, "--config", config)


_VALUES = (
    "", "1", "-1", "0", "9" * 30, "\x00", "\ud800", "é" * 3_000, "%", "'", '"',
    "2024-13-40", "2025-10-06", "a/b", "parley/privacy-policy", "Parley", "ai_training",
    "high", "fr", "on", "\u202e", "*", "NEAR(", "<b>", "//[::1", "http://[::1",
)  # fmt: skip
_FIELDS = (
    "by", "do", "id", "keep", "language", "name", "next", "note", "password", "reason",
    "seen", "service", "state", "sure", "title", "to", "topics", "url",
)  # fmt: skip


def _http(chance: random.Random) -> None:
    """A request to a route of the app, by a visitor or by someone who has signed in, on a store with a history."""
    site, routes = _site()
    route = chance.choice(routes)
    known = ("parley/privacy-policy", "1", "2", "3")
    path = re.sub(
        r"\{[^}]*\}",
        lambda _: quote(
            chance.choice((*known, *_VALUES)).encode("utf-8", "replace")
        ),
        route.path,
    )
    names = [*_query_names(route.dependant)] or ["q"]
    query = httpx.QueryParams(
        [(chance.choice(names), _value(chance)) for _ in range(chance.randrange(4))]
    )
    if "GET" in (route.methods or ()):
        answer = site.get(path, params=query)
    else:
        fields = chance.sample(_FIELDS, chance.randrange(6))
        form = {field: _value(chance) for field in fields}
        if chance.random() < 0.9:
            form["csrf"] = site.headers["x-csrf"]
        answer = site.post(path, params=query, data=form)
    if answer.status_code >= 500 and answer.status_code != 503:
        raise RuntimeError(
            f"{answer.status_code} {answer.request.method} {answer.url}"
        )


def _value(chance: random.Random) -> str:
    return chance.choice(_VALUES).encode("utf-8", "replace").decode()


@functools.cache
def _site() -> tuple[TestClient, list[APIRoute]]:
    """A client that has signed in, and the routes."""
    database = Database(f"sqlite:///{tempfile.mkdtemp()}/store.db")
    tell(database)
    app = create_app(database, access=Access(password=_PASSWORD))
    site = TestClient(
        app,
        base_url="http://localhost",
        raise_server_exceptions=False,
        follow_redirects=False,
    )
    site.post("/sign-in", data={"password": _PASSWORD})
    shown = site.get("/documents/parley/privacy-policy").text
    [csrf] = set(re.findall(r'name="csrf" value="([^"]+)"', shown))
    site.headers["x-csrf"] = csrf
    return site, [
        route for route in _routes(app.router) if "/sign-" not in route.path
    ]


def _query_names(dependant: Dependant) -> Iterator[str]:
    yield from (parameter.alias for parameter in dependant.query_params)
    for inner in dependant.dependencies:
        yield from _query_names(inner)


_PASSWORD = "a password of twenty letters"


def _routes(router: Any) -> Iterator[APIRoute]:
    for route in router.routes:
        if isinstance(route, APIRoute):
            yield route
        elif hasattr(route, "original_router"):
            prefix = route.include_context.prefix
            for inner in _routes(route.original_router):
                inner.path = prefix + inner.path
                yield inner


KINDS: dict[str, Callable[[random.Random], None]] = {
    "pages": _page,
    "archives": _archive,
    "imports": _import,
    "http": _http,
}


def main() -> None:
    options = argparse.ArgumentParser(
        prog="python -m evaluation.fuzz", description=__doc__
    )
    options.add_argument("kind", choices=KINDS)
    options.add_argument("seconds", type=int, nargs="?", default=60)
    options.add_argument("--seed", type=int, default=0, help="of the first input")
    given = options.parse_args()
    ends = time.monotonic() + given.seconds
    seed, found = given.seed, 0
    while time.monotonic() < ends:
        try:
            KINDS[given.kind](random.Random(seed))
        except Exception as failure:  # noqa: BLE001  # which is what we look for
            found += 1
            reason = f"{type(failure).__name__}: {str(failure)[:3000]}"
            print(f"seed {seed}: {reason}", flush=True)
        seed += 1
    inputs = seed - given.seed
    print(f"{given.kind}: {inputs} inputs in {given.seconds} s, {found} failed")


if __name__ == "__main__":
    main()
