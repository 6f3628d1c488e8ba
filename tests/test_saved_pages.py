"""Pages that somebody saved as files become a document's history."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from storage.database import Database
from storage.integrity import evidence_damage
from storage.versions import versions
from tests.archived import SHARING, TRAINING, WATCHLIST, dates, day, history, policy
from tests.paper import Ink, pdf
from tests.site import policywatch

ID, URL = "parley/privacy", "https://parley.example/privacy"


def html(*more: str) -> str:
    body = "".join(
        f"<p>{line}</p>" for line in policy(*more).splitlines()[2:] if line
    )
    return f"<html lang=en><title>Privacy Policy</title><main><h1>Privacy Policy</h1>{body}</main>"


@pytest.fixture
def config(store: Database, tmp_path: Path) -> Path:
    file = tmp_path / "policywatch.toml"
    file.write_text(
        WATCHLIST.format(database=store.url.render_as_string()), "utf-8"
    )
    return file


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two texts, an error page between them, and what is no page."""
    saved = tmp_path / "saved"
    saved.mkdir()
    (saved / "privacy 2022-03-01.html").write_text(html(), "utf-8")
    (saved / "2022-03-11-error.html").write_text(
        "<html><title>Error</title><p>Something went wrong", "utf-8"
    )
    (saved / "2022-03-21.htm").write_text(html(TRAINING), "utf-8")
    (saved / "notes.json").write_text("{}")
    return saved


def test_a_folder_of_saved_pages_becomes_a_history(
    config: Path, store: Database, folder: Path
) -> None:
    words = ("import", "folder", ID, folder, "--json", "--config", config)
    (told,) = json.loads(policywatch(*words))["documents"]
    assert (
        told["in_archive"],
        told["versions"],
        told["changes"],
        told["flagged"],
    ) == (
        3,
        2,
        1,
        1,
    )
    assert [each["recorded_at"][:10] for each in told["set_aside"]] == [
        "2022-03-11"
    ]
    midnights = [datetime(2022, 3, number, tzinfo=UTC) for number in (1, 21)]
    assert [at for _, at, _ in dates(store, ID)] == midnights
    with store.reading() as session:
        assert [each.source for each in versions(session, ID)][
            1
        ] == "saved page, 2022-03-21.htm"
        assert [*evidence_damage(session)] == []
    assert json.loads(policywatch(*words))["versions"] == 0
    policywatch(
        "documents", "remove", ID, "--imported", "--yes", "--config", config
    )
    assert dates(store, ID) == []


def test_a_csv_dates_files_of_any_name(
    config: Path, store: Database, folder: Path
) -> None:
    lines = [
        Ink(50, 750 - 20 * number, line)
        for number, line in enumerate(policy(SHARING).splitlines())
        if line
    ]
    (folder / "old.pdf").write_bytes(pdf([lines]))
    table = folder / "dates.csv"
    table.write_text(
        "old.pdf, 2021-06-01T12:00:00+02:00\nprivacy 2022-03-01.html,2022-03-02\n",
        "utf-8",
    )
    policywatch("import", "folder", ID, table, "--config", config)
    assert [at.isoformat() for _, at, _ in dates(store, ID)] == [
        "2021-06-01T10:00:00+00:00",
        "2022-03-02T00:00:00+00:00",
    ]


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        (
            "2022-03-21.htm,soon\n",
            "dates.csv:1: found 'soon' where a date like 2025-11-03 belongs",
        ),
        (
            "2022-03-21.htm,2022-03-21\n\n2022-03-21.htm,2999-01-01\n",
            "dates.csv:3: 2999-01-01 is still to come",
        ),
        ("", "has no page"),
    ],
)
def test_what_has_no_date_is_refused_before_anything_is_taken(
    config: Path, store: Database, folder: Path, lines: str, problem: str
) -> None:
    table = folder / "dates.csv"
    table.write_text(lines, "utf-8")
    assert problem in policywatch(
        "import", "folder", ID, table, "--config", config, status=2
    )
    (folder / "undated.html").write_text(html(), "utf-8")
    assert "undated.html: found ''" in policywatch(
        "import", "folder", ID, folder, "--config", config, status=2
    )
    assert dates(store, ID) == []


def linked(folder: Path) -> None:
    (folder / "2022-05-01.html").symlink_to("/etc/hostname")


def piped(folder: Path) -> None:
    os.mkfifo(folder / "2022-05-01.html")


def above(folder: Path) -> None:
    (folder.parent / "secret.txt").write_text("a secret")
    (folder / "dates.csv").write_text("../secret.txt,2022-05-01\n")


def absolute(folder: Path) -> None:
    (folder / "dates.csv").write_text("/etc/hostname,2022-05-01\n")


def behind_a_link(folder: Path) -> None:
    (folder / "more").symlink_to(folder.parent)
    (folder.parent / "secret.txt").write_text("a secret")
    (folder / "dates.csv").write_text("more/secret.txt,2022-05-01\n")


def a_folder(folder: Path) -> None:
    (folder / "2022-05-01.html").mkdir()


@pytest.mark.parametrize(
    ("put", "problem"),
    [
        (linked, "it is a link"),
        (piped, "it is no file"),
        (above, "is not below"),
        (absolute, "is not below"),
        (behind_a_link, "lies behind one"),
        (a_folder, "it is no file"),
    ],
)
def test_only_files_below_the_folder_are_published(
    config: Path,
    store: Database,
    folder: Path,
    put: Callable[[Path], None],
    problem: str,
) -> None:
    put(folder)
    table = folder / "dates.csv"
    path = table if table.exists() else folder
    assert problem in policywatch(
        "import", "folder", ID, path, "--config", config, status=2
    )
    assert dates(store, ID) == []


def test_files_in_folders_below_are_read(
    config: Path, store: Database, folder: Path
) -> None:
    (folder / "older").mkdir()
    (folder / "older" / "a.html").write_text(html(SHARING), "utf-8")
    table = folder / "dates.csv"
    table.write_text("older/a.html,2021-06-01\n", "utf-8")
    policywatch("import", "folder", ID, table, "--config", config)
    assert len(dates(store, ID)) == 1


def test_pages_of_our_own_time_are_left_to_us(
    config: Path, store: Database, folder: Path
) -> None:
    policywatch("import", "folder", ID, folder, "--config", config)
    (folder / "2022-03-15.html").write_text(html(SHARING), "utf-8")
    told = json.loads(
        policywatch("import", "folder", ID, folder, "--json", "--config", config)
    )
    assert (told["versions"], told["documents"][0]["left_out"]) == (0, 4)
    assert (
        dates(store, ID)[-1][1]
        == datetime(2022, 3, 21, tzinfo=UTC)
        > day(0) + timedelta(days=1)
    )


def test_two_imported_histories_stand_in_the_order_of_their_dates(
    config: Path, store: Database, folder: Path, tmp_path: Path
) -> None:
    policywatch("import", "folder", ID, folder, "--config", config)
    words = (
        "import",
        "open-terms-archive",
        history(tmp_path),
        "-d",
        "Privacy Policy",
    )
    policywatch(*words, "--config", config)
    times = [at for _, at, _ in dates(store, ID)]
    assert times == sorted(times)
    policywatch(*words, "--config", config)
    times = [at for _, at, _ in dates(store, ID)]
    assert (times, times[-1]) == (sorted(times), day(50))
