"""kill -9 at random moments of crawl, read and deliver: the next run goes on, nothing is lost, missing or doubled."""

from __future__ import annotations

import json
import random
import re
import time
from collections import Counter
from pathlib import Path

import pytest
from sqlmodel import col, select

from foundation.vocabulary import State
from storage.changes import Change, StoredPassage
from storage.database import Database
from storage.deliveries import Alert, Delivery
from storage.documents import Document
from storage.search import search
from storage.versions import Version, versions
from tests import warm
from tests.site import a_job, a_site, policy, policywatch, run, settled, watchlist

KILLS = 5
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
        return [
            row
            for row in session.exec(
                select(Delivery.id).where(Delivery.state == State.SENDING.value)
            )
            if row
        ]


def test_kills_lose_nothing_and_double_nothing(
    tmp_path: Path, database_url: str
) -> None:
    chance = random.Random(database_url[:6])  # other moments on each database
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
            with warm.running(
                "-m", "policywatch", "run", "--now", "--config", config
            ):
                time.sleep(chance.uniform(0, 1.05) * length)
            settled(database)
            caught_sending += being_sent(database)
            run(config, status=0)
        with database.reading() as session:
            for name in NAMES:
                assert len(versions(session, f"library/{name}")) == KILLS + 2
            changes = session.exec(select(Change)).all()
            assert (
                len(session.exec(select(Alert)).all())
                == len(changes)
                == (KILLS + 1) * len(NAMES)
            )
            assert set(session.exec(select(Delivery.state))) == {"sent"}
        database.close()
    told = Counter(
        re.findall(
            r"^=+\n.*?/changes/(\d+)",
            (tmp_path / "alerts.txt").read_text(),
            re.S | re.M,
        )
    )
    assert set(told) == {str(change.id) for change in changes}, "missing alerts"
    doubled = sum(told.values()) - len(told)
    # A delivery whose process died between sending and recording it is sent again: at least once is the promise.
    assert doubled <= len(caught_sending), told


def versions_read_again(database: Database) -> int:
    with database.reading() as session:
        return sum(
            row.rereading["counts"]["read"]
            for row in session.exec(select(Document))
            if row.rereading
        )


def stored(database: Database) -> dict[str, list[dict[str, object]]]:
    """What is read and judged, and who is told of it."""
    with database.reading() as session:
        rows = {
            table.__name__: [
                row.model_dump()
                for row in session.exec(select(table).order_by(col(table.id)))
            ]
            for table in (Version, Change, Alert, Delivery)
        }
        places = select(StoredPassage).order_by(
            col(StoredPassage.change_id), col(StoredPassage.position)
        )
        return rows | {
            "StoredPassage": [
                row.model_dump(exclude={"id", "marks"})
                for row in session.exec(places)
            ]
        }


# reads so many versions again and no more, that it be not done before it is killed
CONFIRMATIONS = """
import sys, time
from policywatch.cli import main
from policywatch.ingest import reprocess

left, rewrite = [None] * int(sys.argv.pop(1)), reprocess._rewrite

def slow(*words):
    left.pop() if left else time.sleep(600)
    rewrite(*words)

reprocess._rewrite = slow
main()
"""


def test_reading_all_again_goes_on_where_it_was_killed(
    tmp_path: Path, database_url: str
) -> None:
    steps, note = (
        4,
        "<p class='note'>Here we say what we had for lunch on day {}, and with whom we had it.</p></main>",
    )
    with a_site() as site:
        config = watchlist(tmp_path, site, database_url, NAMES)
        with a_job(config) as job:
            for step in range(steps):
                for name in NAMES:
                    site.pages[f"/{name}"] = text(name, step).replace(
                        "</main>", note.format(step)
                    )
                job.run(force=True)
        told = (tmp_path / "alerts.txt").read_text()
        config.write_text(
            config.read_text().replace(
                "allow_private", 'remove = [".note"]\nallow_private'
            )
        )
        database = Database(database_url)
        before = stored(database)
        for number in (3, 6, 9):
            more = number + 2 - versions_read_again(database)
            with warm.running(
                "-c", CONFIRMATIONS, more, "read", "--again", "--config", config
            ):
                deadline = time.monotonic() + 300
                while versions_read_again(database) < number:
                    assert time.monotonic() < deadline
                    time.sleep(0.002)
            settled(database)
        read = versions_read_again(database)
        said = " ".join(policywatch("read", "--again", "--config", config).split())
        assert f"Went on where it was stopped, after {read} versions." in said
        assert (
            f"{steps * len(NAMES)} versions read again: {steps * len(NAMES)} have another text now"
            in said
        )
        after = stored(database)
        assert "lunch" not in json.dumps(
            [version["page"] for version in after["Version"]]
        )
        with database.reading() as session:
            assert search(session, "lunch").hits == []
        policywatch("read", "--again", "--config", config)
        assert stored(database) == after, (
            "another text or judgement than one that nobody stopped"
        )
        assert [after[name] for name in ("Alert", "Delivery")] == [
            before[name] for name in ("Alert", "Delivery")
        ]
        policywatch("deliver", "--config", config)
        database.close()
    assert (tmp_path / "alerts.txt").read_text() == told


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_reading_all_again_begins_anew_where_the_rules_are_others_since(
    tmp_path: Path, database_url: str
) -> None:
    with a_site() as site:
        site.pages["/privacy"] = text("privacy", 0)
        config = watchlist(tmp_path, site, database_url)
        run(config)
        database = Database(database_url)
        with database.writing() as session:
            version = versions(session, "library/privacy")[0]
            session.get_one(Document, "library/privacy").rereading = {
                "rules": "other rules",
                "version_id": version.id,
                "former_fingerprint": version.fingerprint,
                "counts": {"read": 1},
            }
        assert policywatch("read", "--again", "--config", config).startswith(
            "1 version read again"
        )
        database.close()
