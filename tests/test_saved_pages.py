"""Pages that somebody saved, as files or in a WARC file, become a document's history."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
from sqlmodel import select
from warcio.archiveiterator import ArchiveIterator
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from policywatch.sources.saved import warc_pages
from storage.captures import Capture
from storage.database import Database
from storage.verification import evidence_damage
from storage.versions import versions
from tests.archived import SHARING, TRAINING, WATCHLIST, dates, day, policy
from tests.paper import Ink, pdf
from tests.site import policywatch

ID, URL = "parley/privacy", "https://parley.example/privacy"


def html(*more: str) -> str:
    body = "".join(f"<p>{line}</p>" for line in policy(*more).splitlines()[2:] if line)
    return f"<html lang=en><title>Privacy Policy</title><main><h1>Privacy Policy</h1>{body}</main>"


@pytest.fixture
def config(store: Database, tmp_path: Path) -> Path:
    file = tmp_path / "policywatch.toml"
    file.write_text(WATCHLIST.format(database=store.url.render_as_string()), "utf-8")
    return file


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two texts, an error page between them, and what is no page."""
    saved = tmp_path / "saved"
    saved.mkdir()
    (saved / "privacy 2022-03-01.html").write_text(html(), "utf-8")
    (saved / "2022-03-11-error.html").write_text("<html><title>Error</title><p>Something went wrong", "utf-8")
    (saved / "2022-03-21.htm").write_text(html(TRAINING), "utf-8")
    (saved / "notes.json").write_text("{}")
    return saved


def test_a_folder_of_saved_pages_becomes_a_history(config: Path, store: Database, folder: Path) -> None:
    words = ("import", "folder", ID, folder, "--json", "--config", config)
    (told,) = json.loads(policywatch(*words))["documents"]
    assert (told["in_archive"], told["versions"], told["changes"], told["flagged"]) == (3, 2, 1, 1)
    assert [each["recorded_at"][:10] for each in told["set_aside"]] == ["2022-03-11"]
    midnights = [datetime(2022, 3, number, tzinfo=UTC) for number in (1, 21)]
    assert [at for _, at, _ in dates(store, ID)] == midnights
    with store.reading() as session:
        assert [each.source for each in versions(session, ID)][1] == "saved page, 2022-03-21.htm"
        assert [*evidence_damage(session)] == []
    assert json.loads(policywatch(*words))["versions"] == 0
    policywatch("documents", "remove", ID, "--imported", "--yes", "--config", config)
    assert dates(store, ID) == []


def test_a_csv_dates_files_of_any_name(config: Path, store: Database, folder: Path) -> None:
    lines = [Ink(50, 750 - 20 * number, line) for number, line in enumerate(policy(SHARING).splitlines()) if line]
    (folder / "old.pdf").write_bytes(pdf([lines]))
    table = folder / "dates.csv"
    table.write_text("old.pdf, 2021-06-01T12:00:00+02:00\nprivacy 2022-03-01.html,2022-03-02\n", "utf-8")
    policywatch("import", "folder", ID, table, "--config", config)
    assert [at.isoformat() for _, at, _ in dates(store, ID)] == [
        "2021-06-01T10:00:00+00:00",
        "2022-03-02T00:00:00+00:00",
    ]


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ("2022-03-21.htm,soon\n", "dates.csv:1: found 'soon' where a date like 2025-11-03 belongs"),
        ("2022-03-21.htm,2022-03-21\n\n2022-03-21.htm,2999-01-01\n", "dates.csv:3: 2999-01-01 is still to come"),
        ("", "has no page"),
    ],
)
def test_what_has_no_date_is_refused_before_anything_is_taken(
    config: Path, store: Database, folder: Path, lines: str, problem: str
) -> None:
    table = folder / "dates.csv"
    table.write_text(lines, "utf-8")
    assert problem in policywatch("import", "folder", ID, table, "--config", config, status=2)
    (folder / "undated.html").write_text(html(), "utf-8")
    assert "undated.html: found ''" in policywatch("import", "folder", ID, folder, "--config", config, status=2)
    assert dates(store, ID) == []


def warc(*pages: tuple[float, str, str, int], gzip: bool = False) -> bytes:
    """Each a day, an address, a body and a status."""
    out = BytesIO()
    writer = WARCWriter(out, gzip=gzip, warc_version="1.1")
    writer.write_record(writer.create_warcinfo_record("a.warc", {"software": "test"}))
    for at, url, text, status in pages:
        body = text.encode()
        headers = [("Content-Type", "text/html; charset=utf-8"), ("Set-Cookie", "secret=1")]
        answer = StatusAndHeaders(f"{status} Whatever", headers, protocol="HTTP/1.1")
        time = {"WARC-Date": f"{day(at):%Y-%m-%dT%H:%M:%SZ}"}
        record = writer.create_warc_record(url, "response", BytesIO(body), len(body), "", time, None, answer)
        writer.write_record(record)
    return out.getvalue()


PAGES = (
    (20, "http://PARLEY.example/privacy/#top", html(TRAINING), 200),  # not in the order of time
    (0, URL, html(), 200),
    (10, URL, "<p>Gone", 410),
    (10, "https://parley.example/other", html(SHARING), 200),
    (30, URL, html(TRAINING, SHARING), 200),
)


@pytest.mark.parametrize("gzip", [False, True])
def test_the_watched_pages_of_a_warc_file_become_a_history(
    config: Path, store: Database, tmp_path: Path, gzip: bool
) -> None:
    file = tmp_path / "a.warc"
    file.write_bytes(warc(*PAGES, gzip=gzip))
    told = json.loads(policywatch("import", "warc", file, "--json", "--config", config))
    assert (told["cut_at"], told["versions"], told["in_archive"]) == (None, 3, 3)
    assert [at for _, at, _ in dates(store, ID)] == [day(0), day(20), day(30)]
    with store.reading() as session:
        row = session.exec(select(Capture).where(Capture.fetched_at == day(20))).one()
        assert (row.url, row.final_url, row.mime, row.charset) == (URL, PAGES[0][1], "text/html", "utf-8")
        assert ["Set-Cookie", ""] in row.headers


def test_an_export_is_taken_in_again(config: Path, store: Database, folder: Path, tmp_path: Path) -> None:
    policywatch("import", "folder", ID, folder, "--config", config)
    before = dates(store, ID)
    policywatch("export", "warc", tmp_path / "a.warc.gz", "--config", config)
    policywatch("documents", "remove", ID, "--imported", "--yes", "--config", config)
    policywatch("import", "warc", tmp_path / "a.warc.gz", "--document", ID, "--config", config)
    assert dates(store, ID) == before


def test_of_a_warc_file_that_is_cut_what_is_whole_is_taken(config: Path, store: Database, tmp_path: Path) -> None:
    whole = warc(*PAGES)
    file = tmp_path / "a.warc"
    file.write_bytes(whole[: whole.rindex(b"WARC/1.1") + 500])
    said = policywatch("import", "warc", file, "--config", config, status=1)
    assert f"{file} is cut: nothing can be read after byte " in said
    assert [at for _, at, _ in dates(store, ID)] == [day(0), day(20)]
    file.write_bytes(warc(PAGES[3]))
    assert "has no answer of a page of the watchlist" in policywatch(
        "import", "warc", file, "--config", config, status=2
    )
    file.write_bytes(b"no archive at all")
    assert "is no WARC file" in policywatch("import", "warc", file, "--config", config, status=2)


@pytest.mark.parametrize("gzip", [False, True])
def test_wherever_a_warc_file_is_cut_the_cut_is_noticed_or_nothing_is_lost(tmp_path: Path, gzip: bool) -> None:
    short = [(at, URL, f"<p>Text of day {at}", 200) for at in range(3)]
    whole, file = warc(*short, gzip=gzip), tmp_path / "a.warc"
    archive = ArchiveIterator(BytesIO(whole))
    ends = [*[archive.get_record_offset() for _ in archive][1:], len(whole)]
    file.write_bytes(whole)
    for size in range(len(whole) - 1, ends[0] - 1, -1):
        os.truncate(file, size)
        pages, cut_at = warc_pages(file, {ID: [URL]})
        texts = [page.load().body for page in pages.get(ID, [])]
        assert texts == [text.encode() for _, _, text, _ in short[: len(texts)]]
        after = next(end for end in ends if end > size)
        # but for the empty lines, or the sum, at the end of a record, which is whole without them
        assert cut_at is not None or size in ends or after - size <= 12


def test_pages_of_our_own_time_are_left_to_us(config: Path, store: Database, folder: Path) -> None:
    policywatch("import", "folder", ID, folder, "--config", config)
    (folder / "2022-03-15.html").write_text(html(SHARING), "utf-8")
    told = json.loads(policywatch("import", "folder", ID, folder, "--json", "--config", config))
    assert (told["versions"], told["documents"][0]["left_out"]) == (0, 4)
    assert dates(store, ID)[-1][1] == datetime(2022, 3, 21, tzinfo=UTC) > day(0) + timedelta(days=1)
