"""What a store need not keep for ever goes; what a person may ask for stays."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from sqlmodel import Session, select

from foundation.vocabulary import NoticeKind, Outcome, State
from policywatch.ingest.checks import finish
from policywatch.logs import log
from storage.captures import Capture, add_capture
from storage.chain import ChainEntry
from storage.checks import Check
from storage.database import Database
from storage.deliveries import Delivery, DeliveryItem, Notice
from storage.integrity import all_damage
from storage.retention import Retention, thin
from tests.site import a_job, a_site, policy, watchlist
from tests.stories import START
from tests.story_of_parley import PRIVACY, tell

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)


def checks_of_days(database: Database) -> Counter[tuple[str, str | None]]:
    with database.reading() as session:
        checks = session.exec(
            select(Check).where(Check.document_id == PRIVACY)
        ).all()
    return Counter(
        (f"{check.checked_at:%Y-%m-%d}", check.outcome) for check in checks
    )


def test_checks_without_news_are_thinned_to_one_a_day_and_outcome(
    database: Database,
) -> None:
    tell(database)
    before = checks_of_days(database)
    hours = [
        NOW - timedelta(days=100) + timedelta(hours=hour) for hour in range(24 * 30)
    ]
    with database.writing() as session:
        for at in hours:
            outcome = Outcome.BLOCKED if at.hour % 12 == 5 else Outcome.UNCHANGED
            session.add(Check(document_id=PRIVACY, checked_at=at, outcome=outcome))
    removed = thin(database, Retention(checks=timedelta(days=90)), [PRIVACY], NOW)
    after = checks_of_days(database)
    assert removed["checks"] > 200
    oldest, newest = (
        f"{NOW - timedelta(days=99):%Y-%m-%d}",
        f"{NOW - timedelta(days=71):%Y-%m-%d}",
    )
    assert (after[oldest, "unchanged"], after[oldest, "blocked"]) == (1, 1)
    assert (after[newest, "unchanged"], after[newest, "blocked"]) == (22, 2)
    assert {key for key in before if before[key]} <= after.keys()
    assert (
        thin(database, Retention(checks=timedelta(days=90)), [PRIVACY], NOW)
        == Counter()
    )
    assert (
        thin(database, Retention(checks=timedelta(days=80)), [PRIVACY], NOW)[
            "checks"
        ]
        > 200
    )
    assert list(all_damage(database)) == []


def test_of_deliveries_only_the_old_and_sent_go(database: Database) -> None:
    tell(database)
    with database.writing() as session:
        states = Counter(session.exec(select(Delivery.state)).all())
        notice = Notice(kind=NoticeKind.HELD, created_at=START)
        session.add(notice)
        session.flush()
        for address, state in (("sent", State.SENT), ("failed", State.PARKED)):
            delivery = session.exec(
                select(Delivery.id).where(Delivery.state == state.value)
            ).first()
            session.add(
                DeliveryItem(
                    delivery_id=delivery, address=address, notice_id=notice.id
                )
            )
    years = Retention(deliveries=timedelta(days=3650))
    assert thin(database, years, [], NOW) == Counter()
    assert (
        thin(database, Retention(deliveries=timedelta(days=90)), [], NOW)[
            "deliveries"
        ]
        == states[State.SENT]
        > 0
    )
    with database.reading() as session:
        assert Counter(
            session.exec(select(Delivery.state)).all()
        ) == states - Counter({State.SENT: 10_000})
        assert session.exec(select(DeliveryItem.address)).all() == ["failed"]
    assert list(all_damage(database)) == []


def set_aside(session: Session, at: datetime, *, accepted: bool = False) -> int:
    """A check whose text, of two addresses, was not believed; its id."""
    captures: list[Capture] = []
    for name in ("first", "second"):
        body = f"{name} {at}".encode()
        facts = {
            "document_id": PRIVACY,
            "fetched_at": at,
            "url": name,
            "final_url": name,
            "status": 200,
        }
        digest, head = (
            sha256(body).hexdigest(),
            captures[0].id if captures else None,
        )
        captures.append(
            Capture(
                **facts,
                mime="text/html",
                sha256=digest,
                size=len(body),
                body=body,
                head_id=head,
            )
        )
        add_capture(session, captures[-1])
    check = Check(
        document_id=PRIVACY,
        checked_at=at,
        capture_id=captures[0].id,
        accepted=accepted,
    )
    finish(session, check, Outcome.HELD)
    session.flush()
    return check.id


def test_captures_set_aside_go_once_a_valid_text_came_and_the_chain_says_so(
    database: Database,
) -> None:
    tell(database)
    ago = [NOW - timedelta(days=days) for days in (200, 198, 197, 50)]
    with database.writing() as session:
        old, accepted = (
            set_aside(session, ago[0]),
            set_aside(session, ago[1], accepted=True),
        )
        session.add(
            Check(document_id=PRIVACY, checked_at=ago[2], outcome=Outcome.UNCHANGED)
        )
        session.flush()
        waiting = set_aside(session, ago[3])
    days = Retention(set_aside=timedelta(days=90))
    assert thin(database, days, [PRIVACY], NOW)["captures"] == 1
    assert (
        thin(database, Retention(set_aside=timedelta(days=7)), [PRIVACY], NOW)
        == Counter()
    ), "it waits for a person"
    with database.reading() as session:
        has_capture = {
            id_: session.get_one(Check, id_).capture_id is not None
            for id_ in (old, accepted, waiting)
        }
        assert has_capture == {old: False, accepted: True, waiting: True}
        (removal,) = [
            entry
            for entry in session.exec(select(ChainEntry))
            if "removed" in entry.lines[0]
        ]
        assert removal.lines[0].endswith(f"of {PRIVACY}, set aside")
        assert len(removal.names) == 2
    assert list(all_damage(database)) == []


def test_a_run_says_what_it_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with a_site() as site:
        site.pages["/privacy"] = policy()
        config = watchlist(
            tmp_path,
            site,
            f"sqlite:///{tmp_path}/watch.db",
            more="[retention]\nchecks = 30\n",
        )
        with a_job(config) as job:
            job.run(force=True)
            with job.database.writing() as session:
                for hour in range(20):
                    at = datetime(2020, 1, 1, hour, tzinfo=UTC)
                    session.add(
                        Check(
                            document_id="library/privacy",
                            checked_at=at,
                            outcome=Outcome.UNCHANGED,
                        )
                    )
            told: list[str] = []
            monkeypatch.setattr(
                log, "info", lambda text, *words, **_: told.append(text % words)
            )
            job.run(force=True)
            assert (
                "removed by [retention]: 19 checks, 0 captures, 0 deliveries"
                in told
            )
