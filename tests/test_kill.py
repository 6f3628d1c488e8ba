"""kill -9 at random moments of crawl, read and deliver: the next run goes on, nothing is lost, missing or doubled."""

from __future__ import annotations

import random
import re
import time
from collections import Counter
from pathlib import Path

from sqlmodel import select

from storage.alerts import Alert
from storage.changes import Change
from storage.database import Database
from storage.deliveries import Delivery, State
from storage.versions import versions
from tests import warm
from tests.site import a_site, policy, run, watchlist

KILLS = 12
KINDS = (
    "photographs", "searches", "messages", "contacts", "purchases", "playlists", "recordings", "locations", "comments",
    "reviews", "drawings", "recipes", "calendars", "bookmarks", "documents", "browsing history", "voice", "posts",
    "work experience", "education", "profile",
)  # fmt: skip
NAMES = ("one", "two", "three")


def text(name: str, step: int) -> str:
    """Another change about AI for each page and step: one more use, on by default."""
    uses = [
        f"From now on we also use your {kind} ({name}) to train generative AI models, unless you turn this off under "
        "Settings > Privacy > AI training."
        for kind in KINDS[:step]
    ]
    return policy(*uses)


def being_sent(database: Database) -> list[int]:
    with database.reading() as session:
        return [row for row in session.exec(select(Delivery.id).where(Delivery.state == State.SENDING.value)) if row]


def test_kills_lose_nothing_and_double_nothing(tmp_path: Path, database_url: str) -> None:
    chance = random.Random(20251103)
    caught_sending: list[int] = []
    with a_site() as site:
        config = watchlist(tmp_path, site, database_url, NAMES)
        for step in (0, 1):
            for name in NAMES:
                site.pages[f"/{name}"] = text(name, step)
            begun = time.monotonic()
            run(config)
            length = time.monotonic() - begun
        database = Database(database_url)
        for step in range(2, KILLS + 2):
            for name in NAMES:
                site.pages[f"/{name}"] = text(name, step)
            with warm.running("-m", "policywatch", "run", "--now", "--config", config):
                time.sleep(chance.uniform(0, 1.05) * length)
            caught_sending += being_sent(database)
            run(config, status=0)
        with database.reading() as session:
            for name in NAMES:
                assert len(versions(session, f"library/{name}")) == KILLS + 2
            changes = session.exec(select(Change)).all()
            assert len(session.exec(select(Alert)).all()) == len(changes) == (KILLS + 1) * len(NAMES)
            assert set(session.exec(select(Delivery.state))) == {"sent"}
        database.close()
    told = Counter(re.findall(r"^=+\n.*?/changes/(\d+)", (tmp_path / "alerts.txt").read_text(), re.S | re.M))
    assert set(told) == {str(change.id) for change in changes}, "missing alerts"
    doubled = sum(told.values()) - len(told)
    # A delivery whose process died between sending and recording it is sent again: at least once is the promise.
    assert doubled <= len(caught_sending), told
