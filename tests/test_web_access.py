"""What is answered, to whom, under which name and address, and with which headers."""

from __future__ import annotations

import re
import socket
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from selectolax.lexbor import LexborHTMLParser
from typer.testing import CliRunner

from policywatch.cli import app
from policywatch.web.app import create_app
from policywatch.web.serving import Listening, hosts, root
from storage.database import Database
from tests.site import serving
from tests.story_of_parley import PRIVACY, tell
from tests.web_pages import Story, hrefs, text
from tests.web_server import get, served

DATABASES = ["sqlite"]
NOT_THERE = (
    "/nothing",
    "/changes/4711",
    "/changes/99999999999999999999",
    "/changes/abc",
    "/documents/no/such",
    "/documents/%00",
    "/documents/a%00b/versions/1",
    "/documents/a/versions/99999999999999999999",
    "/upcoming/parley/terms",
    "/api/v1/changes/4711",
    "/api/v1/nothing",
)
NOT_UNDERSTOOD = (
    "/changes?cursor=x",
    "/services?service=Nobody",
    "/changes?severity=terrible",
    "/changes?since=yesterday",
    "/changes?topic=%00",
    "/changes?cosmetic=perhaps",
    "/feed.atom?direction=up",
    "/documents/a?before=0",
    "/documents/a/compare?from=1&to=99999999999999999999",
    "/api/v1/changes?limit=0",
    "/api/v1/changes?cursor=-1",
)


def test_a_wrong_address_is_answered_kindly(site: httpx.Client) -> None:
    for path, status in [
        *((path, 404) for path in NOT_THERE),
        *((path, 400) for path in NOT_UNDERSTOOD),
    ]:
        answer = site.get(path)
        assert answer.status_code == status, path
        if path.startswith(("/api/", "/feed")):
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["status"] == status
        else:
            assert "See what changed" in answer.text
    for language, said in (
        ("en", "“since” must be a date like 2025-11-03, not “yesterday”."),
        ("fr", "doit être une date"),
    ):
        assert said in site.get(f"/changes?since=yesterday&lang={language}").text
        assert (
            "Input should"
            not in site.get(f"/changes?severity=grave&lang={language}").text
        )


def test_every_answer_forbids_scripts_frames_and_guessing_and_sets_no_cookie(
    parley: Story,
) -> None:
    site = parley.site
    for path in (
        "/",
        f"/changes/{parley.change(PRIVACY)}",
        "/feed.atom",
        "/api/v1/changes",
        "/nothing",
    ):
        answer = site.get(path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "script-src" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert "set-cookie" not in answer.headers
        assert "<script" not in answer.text
        assert not re.search(r"\sstyle=", answer.text)
        assert not re.search(
            r"(src|href)=.https?://(?!parley|harbour|127\.0\.0\.1)", answer.text
        )
    assert (
        site.get("/static/base.css").headers["x-content-type-options"] == "nosniff"
    )


def test_only_reading_is_possible(site: httpx.Client) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        answer = site.request(method, "/")
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET")
    assert site.head("/").status_code == 200


@pytest.mark.parametrize(
    ("language", "title"),
    [
        ("en", "Not possible here"),
        ("fr", "Impossible ici"),
        ("de", "Hier nicht möglich"),
    ],
)
def test_what_is_not_possible_is_refused_in_the_language_of_the_page(
    site: httpx.Client, language: str, title: str
) -> None:
    answer = site.post("/changes", params={"lang": language})
    tree = LexborHTMLParser(answer.text)
    assert (answer.status_code, text(tree, "h1")) == (405, [title])
    assert tree.css_first("html").attributes["lang"] == language
    assert "/" in {href.partition("?")[0] for href in hrefs(tree, "main a")}


def test_behind_a_proxy_every_link_keeps_its_prefix(database: Database) -> None:
    tell(database)
    with served(create_app(database), root_path="/watch") as home:
        answer = get(f"{home}/documents/{PRIVACY}")
        assert answer.status_code == 200
        assert all(
            href.startswith(("/watch/", "#", "https://parley"))
            for href in hrefs(LexborHTMLParser(answer.text))
        )
        assert get(f"{home}/static/base.css").status_code == 200
        tree = LexborHTMLParser(get(f"{home}/changes").text)
        assert hrefs(tree, "[aria-current=page]") == ["/watch/changes"]


def test_only_the_allowed_hosts_are_answered(database: Database) -> None:
    with served(create_app(database, allowed_hosts=["policies.example"])) as home:
        assert get(home).status_code == 400
        assert get(home, headers={"Host": "policies.example"}).status_code == 200


@pytest.mark.parametrize(
    ("host", "named", "site", "answered", "refused"),
    [
        (
            "127.0.0.1",
            [],
            None,
            ["127.0.0.1:8642", "localhost:8642", "[::1]:8642"],
            ["evil.example", ""],
        ),
        (
            "127.0.0.1",
            [],
            "https://p.example/watch",
            ["p.example", "P.EXAMPLE:443"],
            ["q.example"],
        ),
        (
            "127.0.0.1",
            ["*.p.example"],
            None,
            ["a.p.example", "localhost"],
            ["p.example", "ap.example"],
        ),
        ("0.0.0.0", ["*"], None, ["anything.example"], []),
        (
            "0.0.0.0",
            ["q.example"],
            "https://p.example",
            ["p.example", "q.example", "localhost"],
            ["r.example"],
        ),
        ("0.0.0.0", [], "https://p.example", ["p.example"], ["q.example"]),
    ],
)
def test_who_serves_on_what_answers_to_which_names(
    parley: Story,
    host: str,
    named: list[str],
    site: str | None,
    answered: list[str],
    refused: list[str],
) -> None:
    names = hosts(Listening(host), named, site)
    with served(create_app(parley.database, allowed_hosts=names)) as home:
        for name in answered:
            assert get(home, headers={"Host": name}).status_code == 200, name
        for name in refused:
            assert get(home, headers={"Host": name}).status_code == 400, name


def test_a_prefix_is_a_path() -> None:
    assert [root(path) for path in ("", "/", "/watch/", "a/b")] == [
        "",
        "",
        "/watch",
        "/a/b",
    ]
    for wrong in ("/a b", "/a?b", "https://x", "/../x\n"):
        with pytest.raises(ValueError, match="is not a path"):
            root(wrong)


@pytest.mark.parametrize(
    ("arguments", "environment", "said"),
    [
        (["--private"], {}, "POLICYWATCH_PASSWORD"),
        (["--root-path", "/a b"], {}, "is not a path like /watch"),
        (
            ["--allowed-host", "p.*"],
            {},
            "is neither a name nor all names under one",
        ),
        (
            ["--trusted-proxy", "nonsense"],
            {},
            "'nonsense' is no address or network",
        ),
        (["--trusted-proxy", "10.0.0.1/8"], {}, "is no address or network"),
        ([], {"POLICYWATCH_PASSWORD": "short"}, "too short"),
        (
            ["--host", "0.0.0.0"],
            {},
            "write it as `site` into the watchlist, or give --allowed-host NAME",
        ),
    ],
)
def test_serve_says_what_it_cannot_do(
    tmp_path: Path, arguments: list[str], environment: dict[str, str], said: str
) -> None:
    config = tmp_path / "policywatch.toml"
    config.write_text(f'database = "sqlite:///{tmp_path / "store.db"}"\n')
    done = CliRunner().invoke(
        app, ["serve", "--config", str(config), *arguments], env=environment
    )
    assert done.exit_code == 2
    assert said in " ".join(done.output.replace("│", " ").split())


def test_serve_understands_a_proxy_that_takes_the_prefix_away_and_one_that_does_not(
    tmp_path: Path,
) -> None:
    config = tmp_path / "policywatch.toml"
    config.write_text(f'database = "sqlite:///{tmp_path / "store.db"}"\n')
    with serving(config, "--root-path", "watch") as (home, _):
        assert home.endswith("/watch/")
        for path in ("", "services", "static/base.css"):
            taken_away = home.replace("/watch/", "/")
            assert get(home + path).text == get(taken_away + path).text
        assert "/watch/changes" in hrefs(LexborHTMLParser(get(home).text))
        assert get(home, headers={"Host": "evil.example"}).status_code == 400


def test_a_request_that_has_a_length_and_chunks_is_refused(parley: Story) -> None:
    where = urlsplit(str(parley.site.base_url))
    chunks = b"0\r\n\r\nGET /services HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    head = "POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n"
    head += f"Content-Length: {len(chunks)}\r\n\r\n"
    with (
        socket.create_connection((where.hostname, where.port), timeout=60) as one,
        one.makefile("rb") as answers,
    ):
        one.sendall(head.encode() + chunks)
        answer = answers.read()
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1 ") == 1, "what follows is nobody's request"
