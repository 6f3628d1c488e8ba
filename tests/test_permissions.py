"""What the program writes belongs to its user alone: the store knows who subscribed."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.site import a_site, policy, policywatch, run, watchlist

DATABASES = ["sqlite"]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def config(tmp_path: Path) -> Iterator[Path]:
    with a_site() as site:
        site.pages["/privacy"] = policy()
        made = watchlist(tmp_path, site, f"sqlite:///{tmp_path}/store.db")
        run(made, status=0)
        yield made


def test_store_lock_backup_and_warc_are_for_their_user_alone(
    tmp_path: Path, config: Path
) -> None:
    policywatch("database", "backup", tmp_path / "copy.db", "--config", config)
    policywatch("export", "warc", tmp_path / "all.warc.gz", "--config", config)
    written = [
        each for each in tmp_path.iterdir() if each.is_file() and each != config
    ]
    assert {"store.db", "store.db.lock", "copy.db", "all.warc.gz"} <= {
        each.name for each in written
    }
    assert {each.name: mode(each) & 0o077 for each in written} == {
        each.name: 0 for each in written
    }


def test_the_lock_of_an_earlier_release_is_taken_from_others(
    tmp_path: Path, config: Path
) -> None:
    lock = tmp_path / "store.db.lock"
    lock.chmod(0o644)
    run(config, status=0)
    assert mode(lock) == 0o600


def test_an_exported_site_is_for_everyone(tmp_path: Path, config: Path) -> None:
    policywatch("export", "site", tmp_path / "site", "--config", config)
    pages = list((tmp_path / "site").rglob("*"))
    assert {mode(each) & 0o444 for each in pages} == {0o444}


def test_doctor_says_what_others_can_read(tmp_path: Path, config: Path) -> None:
    store = tmp_path / "store.db"
    assert "others on this machine" not in policywatch(
        "doctor", "--config", config, status=None
    )
    store.chmod(0o644)
    assert "others on this machine" not in policywatch(
        "doctor", "--config", config, status=None
    ), "the folder is shut"
    opened = [
        each
        for each in (tmp_path, *tmp_path.parents)
        if not each.stat().st_mode & stat.S_IXOTH
    ]
    modes = {each: mode(each) for each in opened}
    try:
        for each in opened:
            each.chmod(modes[each] | stat.S_IXOTH)
        said = " ".join(policywatch("doctor", "--config", config, status=1).split())
    finally:
        for each in opened:
            each.chmod(modes[each])
    assert f"others on this machine can read {store}: `chmod o= {store}`" in said
