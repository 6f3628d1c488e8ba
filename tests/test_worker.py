"""Workers share the work of one PostgreSQL: what one machine guarantees, several do."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Column, Integer
from sqlmodel import col, select, update

from policywatch.config.recipients import recipients
from policywatch.config.watchlist import load
from policywatch.logs import log
from policywatch.plan import by_host
from policywatch.views.today import today
from policywatch.worker import QUEUES, work
from storage.changes import Change
from storage.checks import Check
from storage.clock import utc_now
from storage.database import Database
from storage.standing import stored_states
from tests import warm
from tests.inbox import webhook
from tests.model_server import answering
from tests.site import AI, Site, a_site, policy, policywatch, until, watchlist
from tests.web_pages import visited

NAMES = ("one", "two", "three", "four", "five", "six")


@pytest.fixture
def library() -> Iterator[Site]:
    with a_site() as site:
        site.pages |= {
            f"/{name}": policy(f"This is page {name}.") for name in NAMES
        }
        yield site


def worked(config: Path, database: Database) -> None:
    """Until nothing is left to do."""
    work(
        database,
        lambda: (load(config), recipients(load(config))),
        concurrency=1,
        queues=QUEUES,
        wait=False,
    )


def outcomes(database: Database) -> list[tuple[str, str | None]]:
    with database.reading() as session:
        return list(
            session.exec(
                select(Check.document_id, Check.outcome).order_by(col(Check.id))
            ).all()
        )


def long_ago(database: Database) -> None:
    """All documents are due again."""
    with database.writing() as session:
        session.exec(update(Check).values(checked_at=utc_now() - timedelta(days=2)))


def test_a_worker_does_what_a_run_does(
    tmp_path: Path, library: Site, shared: Database, url: str
) -> None:
    config = watchlist(tmp_path, library, url, NAMES)
    worked(config, shared)
    assert sorted(outcomes(shared)) == sorted(
        (f"library/{name}", "first") for name in NAMES
    )
    worked(config, shared)
    assert len(outcomes(shared)) == len(NAMES), "nothing is due"
    long_ago(shared)
    library.pages["/two"] = policy("This is page two.", AI)
    worked(config, shared)
    assert sorted(outcomes(shared)[len(NAMES) :]) == sorted(
        (f"library/{name}", "changed" if name == "two" else "unchanged")
        for name in NAMES
    )
    assert (tmp_path / "alerts.txt").read_text().count("/changes/1)") == 1


def test_an_answer_that_came_too_late_is_asked_for_again(
    tmp_path: Path, library: Site, shared: Database, url: str
) -> None:
    with answering() as model:
        more = f'[reader]\nmodel = "small"\nurl = "{model.url}"\n'
        config = watchlist(tmp_path, library, url, ("one",), more=more)
        worked(config, shared)
        model.replies = [(503, {}, b"busy")]
        long_ago(shared)
        library.pages["/one"] = policy("This is page one.", AI)
        worked(config, shared)
    with shared.reading() as session:
        (change,) = session.exec(select(Change)).all()
    assert change.brief["reader"]["statements"]
    assert len(model.asked) == 2
    assert "/changes/1)" in (tmp_path / "alerts.txt").read_text()


def test_answers_that_were_looked_at_are_renewed_with_a_sentence(
    tmp_path: Path, library: Site, shared: Database, url: str
) -> None:
    with answering() as model:
        more = f'[reader]\nmodel = "small"\nurl = "{model.url}"\n'
        config = watchlist(tmp_path, library, url, ("one",), more=more)
        library.pages["/one"] = policy("We keep your personal data for two years.")
        worked(config, shared)
        with visited(shared) as pages:
            assert pages.get("/services/Library/today").status_code == 200
        with shared.reading() as session:
            before = stored_states(session)
        long_ago(shared)
        kept = "We keep your personal data for ten years."
        sentence = "The library keeps your personal data for ten years."

        def answer(asked: dict[str, Any]) -> dict[str, Any]:
            number = next(
                number
                for number, place in enumerate(asked["passages"], start=1)
                if kept in str(place)
            )
            return {
                "quotes": [{"passage": number, "side": "after", "text": kept}],
                "text": {"en": sentence},
                "alert": False,
            }

        model.answer = answer
        library.pages["/one"] = policy(kept)
        worked(config, shared)
    with shared.reading() as session:
        assert stored_states(session) != before
        answers = today(session, "Library", utc_now().date()).languages[0].answers
    assert sentence in {answer.sentence for answer in answers}


def test_what_a_killed_worker_had_begun_is_done_by_the_next(
    tmp_path: Path, library: Site, shared: Database, url: str
) -> None:
    config = watchlist(tmp_path, library, url, ("one",))
    with psycopg.connect(url) as connection:
        connection.execute(
            "INSERT INTO procrastinate.procrastinate_jobs (queue_name, task_name, lock, queueing_lock, status) "
            "VALUES ('check', 'check', '127.0.0.1', 'check 127.0.0.1', 'doing'), ('check', 'plan', '', 'plan', 'doing')"
        )
    worked(config, shared)
    assert outcomes(shared) == [("library/one", "first")]


def test_the_heartbeat_hears_each_minute_how_the_work_stands(
    tmp_path: Path, library: Site, shared: Database, url: str
) -> None:
    config = watchlist(tmp_path, library, url, ("one",))
    with webhook() as hook:
        beating = f'[operator]\nheartbeat = "http://127.0.0.1:{hook.port}/s3cret"\n'
        config.write_text(config.read_text().replace("[operator]\n", beating))
        for _ in range(
            2
        ):  # when the first begins nothing was checked yet, and nothing can be said
            worked(config, shared)
        long_ago(shared)
        worked(config, shared)
    beats = list(
        dict.fromkeys(
            (call.path, call.body["text"].partition(";")[0]) for call in hook.calls
        )
    )
    assert [path for path, _ in beats] == ["/s3cret", "/s3cret/fail"]
    assert beats[0][1].startswith("entry-")
    assert beats[1][1] == "all documents are overdue"


def test_workers_go_on_while_the_next_release_has_added_to_the_schema(
    tmp_path: Path, library: Site, shared: Database, url: str
) -> None:
    """Expand, then contract: docs/upgrading.md."""
    config = watchlist(tmp_path, library, url, ("one",))
    worked(config, shared)
    with shared.connect() as connection, connection.begin():
        next_release = Operations(MigrationContext.configure(connection))
        for table in (
            "documents",
            "checks",
            "captures",
            "versions",
            "changes",
            "alerts",
            "deliveries",
        ):
            next_release.add_column(
                table, Column("later", Integer, server_default="0", nullable=False)
            )
        next_release.execute("UPDATE alembic_version SET version_num = '9999'")
    long_ago(shared)
    library.pages["/one"] = policy("This is page one.", AI)
    worked(config, shared)
    assert [outcome for _, outcome in outcomes(shared)] == ["first", "changed"]
    assert (tmp_path / "alerts.txt").read_text().count("/changes/1)") == 1
    assert "it was written by a newer one. Update policywatch" in policywatch(
        "worker", "--config", config, status=1
    )


def test_a_database_that_can_only_be_read_loses_nothing(
    tmp_path: Path,
    library: Site,
    shared: Database,
    url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = watchlist(tmp_path, library, url, ("one",))
    logged: list[str] = []
    monkeypatch.setattr(
        log, "error", lambda text, *words, **_: logged.append(text % words)
    )
    read_only = "ALTER DATABASE {} {} default_transaction_read_only {}"
    for setting, checks in (
        (("SET", "= on"), []),
        (("RESET", ""), [("library/one", "first")]),
    ):
        with psycopg.connect(
            url, autocommit=True, options="-c default_transaction_read_only=off"
        ) as connection:
            connection.execute(read_only.format(connection.info.dbname, *setting))
        shared.close()
        worked(config, shared)
        assert outcomes(shared) == checks
    (line,) = logged
    assert (
        "is it a copy that is only read, or has its disk filled?; nothing is lost, the worker tries again"
        in line
    )


def test_two_workers_never_ask_a_host_at_once_and_end_in_good_order(
    tmp_path: Path, library: Site, shared: Database, url: str
) -> None:
    asked: list[tuple[float, float]] = []

    def page(name: str) -> str:
        begun = time.monotonic()
        time.sleep(0.05)
        asked.append((begun, time.monotonic()))
        return policy(f"This is page {name}.")

    for name in (*NAMES, "robots.txt"):
        library.pages[f"/{name}"] = lambda name=name: page(name)  # type: ignore[misc]
    config = watchlist(tmp_path, library, url, NAMES)
    config.write_text(config.read_text().replace("delay = 0", "delay = 0.1", 1))
    words = (
        "-m",
        "policywatch",
        "worker",
        "--config",
        config,
        "--concurrency",
        "2",
    )
    with warm.running(*words) as one, warm.running(*words) as other:
        until(
            lambda: (
                [outcome for _, outcome in outcomes(shared)].count("first")
                == len(NAMES)
            )
        )
        for worker in (one, other):
            worker.terminate()
            done = worker.wait()
            assert (done.returncode, done.stderr.count("worker ended")) == (0, 1), (
                done.stderr
            )
            assert "Traceback" not in done.stderr
    assert sorted(outcomes(shared)) == sorted(
        (f"library/{name}", "first") for name in NAMES
    )
    asked.sort()
    gaps = [begun - ended for (_, ended), (begun, _) in pairwise(asked)]
    assert min(gaps) >= 0.09


def test_where_workers_can_not_work_they_say_so(
    tmp_path: Path, library: Site, url: str
) -> None:
    config = watchlist(tmp_path, library, f"sqlite:///{tmp_path}/watch.db")
    assert "`policywatch database copy` moves this store" in policywatch(
        "worker", "--config", config, status=2
    )
    config = watchlist(tmp_path, library, url)
    for trouble in (
        "SELECT 1",
        "COMMENT ON SCHEMA procrastinate IS 'of an older release'",
    ):
        with psycopg.connect(url) as connection:
            connection.execute(trouble)
        output = policywatch("worker", "--config", config, status=1)
        assert (
            "the queue's tables are missing, or of another release; run `policywatch database upgrade`"
            in output
        )
        policywatch("database", "upgrade", "--config", config)
    assert "'none' is no queue" in policywatch(
        "worker", "--queues", "none", "--config", config, status=2
    )


def test_documents_that_share_a_host_are_one_group(
    tmp_path: Path, library: Site
) -> None:
    config = watchlist(tmp_path, library, "sqlite:///x.db", ("one", "two", "three"))
    entries = load(config).documents
    urls = (
        ["http://b.example/", "http://c.example/"],
        ["http://a.example/"],
        ["http://d.example/"],
    )
    entries = tuple(
        entry.model_copy(update={"url": None, "urls": each})
        for entry, each in zip(entries, urls, strict=True)
    )
    answered = Check(
        document_id="library/two",
        checked_at=utc_now(),
        final_url="http://c.example/moved",
    )
    assert by_host(entries, {"library/two": answered}) == {
        "a.example": ["library/one", "library/two"],
        "d.example": ["library/three"],
    }
