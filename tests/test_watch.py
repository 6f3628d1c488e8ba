"""`watch` stays while its watchlist is edited."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from tests.site import a_site, policy, watchlist

HASTY = (
    "import policywatch.watch as w; from datetime import timedelta as t; w._LONGEST_SLEEP = w._SHORTEST_SLEEP = "
    "t(seconds=0.3); from policywatch.cli import main; main()"
)


def until(holds: Callable[[], object]) -> None:
    for _ in range(600):
        if holds():
            return
        time.sleep(0.1)
    raise AssertionError("it did not come in a minute")


def test_an_edited_watchlist_holds_at_the_next_turn_and_a_wrong_one_not_at_all(tmp_path: Path) -> None:
    with a_site() as site:
        site.pages |= {f"/{name}": policy() for name in ("old", "new", "last")}
        config = watchlist(tmp_path, site, f"sqlite:///{tmp_path}/watch.db", names=("old",))
        said = tmp_path / "said.txt"
        command = [sys.executable, "-c", HASTY, "watch", "--config", str(config)]
        with said.open("w") as out, subprocess.Popen(command, stderr=out) as staying:
            try:
                until(lambda: site.asked.get("/old"))
                config.write_text(config.read_text().replace("library/old", "library/new").replace("/old", "/new"))
                until(lambda: site.asked.get("/new"))
                config.write_text(f"{config.read_text()}nonsense = 1\n")
                until(lambda: "nonsense" in said.read_text())
                with closing(sqlite3.connect(tmp_path / "watch.db")) as database, database:
                    database.execute("UPDATE checks SET checked_at = '2020-01-01 00:00:00.000000'")
                asked = site.asked["/new"]
                until(lambda: site.asked["/new"] > asked)
                config.write_text(config.read_text().replace("nonsense = 1\n", "").replace("/new", "/last"))
                until(lambda: site.asked.get("/last"))
            finally:
                staying.terminate()
        assert staying.wait() == 0
        assert said.read_text().count("until this is put right") == 1
