"""`export data`: what is stored, as a data set that can be read without policywatch."""

from __future__ import annotations

import csv
import gzip
import json
from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from policywatch.evidence import dataset
from storage.database import Database
from storage.documents import known
from tests.site import policywatch
from tests.story_of_parley import PRIVACY


@pytest.fixture
def config(story_file: Path, tmp_path: Path) -> Path:
    path = tmp_path / "policywatch.toml"
    path.write_text(
        f'contact = "a@example.org"\ndatabase = "sqlite:///{story_file}"\n'
    )
    return path


def exported(config: Path, *options: str) -> tuple[Path, str]:
    folder = config.parent / "dataset"
    return folder, policywatch(
        "export", "data", folder, "--config", config, *options
    )


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in gzip.open(path, "rt", encoding="utf-8")]


def test_all_that_is_stored_stands_in_its_file(
    config: Path, story_file: Path
) -> None:
    folder, _ = exported(config)
    changes = lines(folder / "changes.jsonl.gz")
    passages = lines(folder / "passages.jsonl.gz")
    texts = lines(folder / f"versions/{PRIVACY}.jsonl.gz")
    documents = {row["id"]: row for row in lines(folder / "documents.jsonl.gz")}
    assert {row["change"] for row in passages} <= {row["id"] for row in changes}
    assert len(texts) == documents[PRIVACY]["versions"] > 1
    newest = max(texts, key=lambda row: row["number"])
    assert newest["text"].count("\n\n") > 1
    change = next(row for row in changes if row["id"] == newest["change"])
    assert change["versions"]["after"]["number"] == newest["number"]
    (quoted, *_) = [
        row["after"]
        for row in passages
        if row["change"] == change["id"] and row["after"]
    ]
    assert quoted in newest["text"].replace("- ", "")
    checks = lines(folder / "checks.jsonl.gz")
    assert {row["document"] for row in checks} <= {*documents}
    assert checks[0]["checked_at"] <= checks[-1]["checked_at"]


def test_the_manifest_has_the_rows_and_the_digest_of_each_file(
    config: Path,
) -> None:
    folder, _ = exported(config)
    manifest = json.loads((folder / "manifest.json").read_text())
    files = {
        str(path.relative_to(folder))
        for path in folder.rglob("*.gz")
        if path.is_file()
    }
    assert files == {*manifest}
    for name, entry in manifest.items():
        body = gzip.decompress((folder / name).read_bytes())
        assert sha256(body).hexdigest() == entry["sha256"]
        assert body.count(b"\n") == entry["rows"]


def test_texts_that_stand_there_are_not_written_again(config: Path) -> None:
    folder, _ = exported(config)
    path = folder / f"versions/{PRIVACY}.jsonl.gz"
    before = path.stat().st_mtime_ns
    _, said = exported(config)
    assert path.stat().st_mtime_ns == before
    path.unlink()
    _, again = exported(config)
    assert path.exists()
    assert said != again


def test_an_interrupted_export_goes_on_where_it_was(
    story_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(f"sqlite:///{story_file}", must_exist=True)
    with database.reading() as session:
        documents = known(session)
    names: list[str] = []

    def stop_at_the_second(name: str) -> None:
        names.append(name)
        if len(names) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        dataset.export_data(
            database, tmp_path, documents, form="jsonl", progress=stop_at_the_second
        )
    again: list[str] = []
    dataset.export_data(
        database, tmp_path, documents, form="jsonl", progress=again.append
    )
    assert names[0] not in again
    assert names[1] in again


def test_csv_holds_the_same_rows(config: Path) -> None:
    folder, _ = exported(config)
    exported(config, "--csv")
    for name in ("changes", "passages", "checks", f"versions/{PRIVACY}"):
        text = gzip.decompress((folder / f"{name}.csv.gz").read_bytes()).decode()
        rows = [*csv.DictReader(StringIO(text))]
        assert [*rows[0]] == [*lines(folder / f"{name}.jsonl.gz")[0]]
        assert len(rows) == len(lines(folder / f"{name}.jsonl.gz"))


def test_one_service_alone(config: Path) -> None:
    folder, _ = exported(config, "--service", "Parley")
    services = {row["service"] for row in lines(folder / "changes.jsonl.gz")}
    assert services == {"Parley"}


def test_an_unknown_service_is_a_wrong_use(config: Path) -> None:
    folder = config.parent / "dataset"
    said = policywatch(
        *("export", "data", folder, "--config", config, "--service", "Parlay"),
        status=2,
    )
    assert "Parlay" in said
    assert not folder.exists()
