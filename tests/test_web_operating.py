"""What an operator has of the pages: probes for containers, a log of requests, answers that are kept and compressed."""

from __future__ import annotations

import json
import re
import sqlite3
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text
from sqlmodel import select

from policywatch.web.access import Access
from storage.checks import Check
from storage.clock import utc_now
from storage.database import Database
from tests.site import a_site, policy, run, serving, until, watchlist
from tests.web_pages import Story, visited
from tests.web_server import get


def readiness(home: str) -> tuple[int, str | None]:
    answer = get(f"{home}readyz")
    return answer.status_code, answer.json().get("detail")


def test_the_probes_say_whether_the_pages_answer_and_whether_the_watch_works(
    tmp_path: Path,
) -> None:
    with a_site() as site:
        names = ("privacy", "one", "two", "three")
        site.pages |= {f"/{name}": policy() for name in names}
        config = watchlist(tmp_path, site, f"sqlite:///{tmp_path}/watch.db", names)
        with serving(config) as (home, _):
            assert readiness(home) == (503, "no document was checked yet")
            run(config, status=0)
            assert readiness(home) == (200, None)
            database = Database(f"sqlite:///{tmp_path}/watch.db")
            with database.writing() as session:
                for check in session.exec(select(Check)):
                    check.checked_at -= timedelta(days=30)
            status, reason = readiness(home)
            assert (
                status,
                "all documents are overdue; the last check was at" in str(reason),
            ) == (503, True)
            with database.writing() as session:
                for check in session.exec(
                    select(Check).where(Check.document_id == "library/privacy")
                ):
                    check.checked_at += timedelta(days=30)
            status, reason = readiness(home)
            assert (
                status,
                "3 of 4 documents are overdue; the last check was at"
                in str(reason),
            ) == (503, True)
            with database.writing() as session:
                for check in session.exec(
                    select(Check).where(Check.document_id != "library/one")
                ):
                    check.checked_at = utc_now()
            assert readiness(home) == (200, None)
            with database.writing() as session:
                session.execute(
                    text("UPDATE alembic_version SET version_num = 'later'")
                )
            database.close()
            assert readiness(home) == (
                503,
                "the database has the schema of another version of policywatch",
            )
            assert (
                get(f"{home}healthz").status_code,
                get(f"{home}healthz").json(),
            ) == (200, {"status": "ok"})


def test_a_damaged_database_is_no_mistake_of_the_pages(tmp_path: Path) -> None:
    with a_site() as site:
        site.pages["/privacy"] = policy()
        config = watchlist(tmp_path, site, f"sqlite:///{tmp_path}/watch.db")
        run(config, status=0)
    database = tmp_path / "watch.db"
    with serving(config) as (home, program):
        assert readiness(home) == (200, None)
        with sqlite3.connect(database) as opened:
            opened.execute("UPDATE versions SET page = x'00'")
        text_of_version = get(f"{home}documents/library/privacy/versions/1")
        for content in (
            b"not a database",
            database.read_bytes()[:8192] + bytes(500_000),
        ):
            database.write_bytes(content)
            assert readiness(home) == (
                503,
                "the database can't be read at this moment",
            )
            answers = [
                get(f"{home}{path}")
                for path in ("", "changes", "feed.atom", "api/v1/changes")
            ]
            assert [answer.status_code for answer in answers] == [503] * 4
        assert "Traceback" not in program.errors
    for answer in (text_of_version, *answers[:2]):
        assert answer.status_code == 503
        assert "The database can’t be read right now." in answer.text


def test_probes_ask_by_any_name_and_without_signing_in(parley: Story) -> None:
    access = Access(token="a token of the operator", private=True)
    with visited(
        parley.database, access=access, allowed_hosts=["policies.example"]
    ) as site:
        for path, status in (
            ("/healthz", 200),
            ("/readyz", 200),
            ("/", 400),
            ("/documents/healthz", 400),
        ):
            assert (
                site.get(path, headers={"Host": "10.1.2.3:8642"}).status_code
                == status
            ), path
            assert (
                site.head(path, headers={"Host": "10.1.2.3:8642"}).status_code
                == status
            ), path
        assert (
            site.get("/changes", headers={"Host": "policies.example"}).status_code
            == 401
        )


@pytest.mark.parametrize("form", ["text", "json"])
def test_each_request_is_a_line_of_the_log(tmp_path: Path, form: str) -> None:
    with a_site() as site:
        config = watchlist(tmp_path, site, f"sqlite:///{tmp_path}/watch.db")
    with serving(config, "--log-format", form, "--trusted-proxy", "127.0.0.1") as (
        home,
        program,
    ):
        first = get(
            f"{home}changes?service=%0aNobody",
            headers={"X-Forwarded-For": "192.0.2.7"},
        )
        httpx.head(f"{home}services", timeout=60)
        get(f"{home}search?q={'a' * 60_000}")
        until(lambda: program.errors.count("\n") == 3)
        lines = program.errors.splitlines()
    size = int(first.headers["content-length"])
    if form == "json":
        told = [json.loads(line) for line in lines]
        assert (
            told[0].items()
            >= {
                "client": "192.0.2.7",
                "method": "GET",
                "status": 400,
                "bytes": size,
            }.items()
        )
        assert told[0]["path"] == "/changes?service=%0aNobody"
        fields = "time level event message client method path status bytes ms"
        assert list(told[0]) == fields.split()
        assert [
            (one["method"], one["status"], one["bytes"] > 0) for one in told[1:]
        ] == [
            ("HEAD", 200, False),
            ("GET", 414, True),
        ]
    else:
        time = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ INFO"
        assert re.fullmatch(
            rf"{time} 192\.0\.2\.7 GET /changes\?service=%0aNobody 400 {size} \d+",
            lines[0],
        )
        assert re.fullmatch(
            rf"{time} 127\.0\.0\.1 HEAD /services 200 0 \d+", lines[1]
        )
        assert [len(line) < 2_200 for line in lines] == [True] * 3


def test_answers_are_compressed_and_not_sent_twice(parley: Story) -> None:
    for path in (
        "/",
        "/changes",
        "/feed.atom",
        "/api/v1/changes",
        "/static/base.css",
    ):
        whole = parley.site.get(path, headers={"Accept-Encoding": "identity"})
        small = parley.site.get(path, headers={"Accept-Encoding": "gzip"})
        assert "content-encoding" not in whole.headers
        assert small.headers["content-encoding"] == "gzip"
        assert "Accept-Encoding" in small.headers["vary"]
        assert small.content == whole.content
        assert int(small.headers["content-length"]) < len(whole.content) / 2
        if tag := small.headers.get("etag"):
            for encoding in ("gzip", "identity"):
                again = parley.site.get(
                    path,
                    headers={"If-None-Match": tag, "Accept-Encoding": encoding},
                )
                assert (
                    again.status_code,
                    again.content,
                    "content-encoding" in again.headers,
                ) == (304, b"", False)


def test_static_files_are_kept_for_an_hour(parley: Story) -> None:
    first = parley.site.get("/static/base.css")
    again = parley.site.get(
        "/static/base.css", headers={"If-None-Match": first.headers["etag"]}
    )
    assert again.status_code == 304
    assert {first.headers["cache-control"], again.headers["cache-control"]} == {
        "public, max-age=3600"
    }
