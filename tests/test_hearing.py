"""`show --routes`: which routes hear of a change, when, and why the others don't."""

from __future__ import annotations

import json
import re
from pathlib import Path

from messages import verbatim
from policywatch.config.schema import RouteEntry
from policywatch.config.watchlist import load
from policywatch.views.routing import explain_routing
from storage.changes import change
from storage.database import Database
from storage.deliveries import Alert
from storage.versions import Version
from tests.inbox import webhook
from tests.owed import owe
from tests.site import AI, a_site, policy, policywatch, run
from tests.site import watchlist as site_watchlist
from tests.stories import START
from tests.test_alerts_command import watchlist

DATABASES = ["sqlite"]


def entry(name: str = "team", **facts: object) -> RouteEntry:
    return RouteEntry.model_validate({"name": name, "to": ["${NOT_SET}"], **facts})


def said(
    database: Database, change_id: int, *routes: RouteEntry
) -> list[tuple[str, str, list[str]]]:
    with database.reading() as session:
        return [
            (one.route, one.state, one.details)
            for one in explain_routing(session, change(session, change_id), routes)
        ]


def test_a_person_sees_of_each_route_what_became_of_the_change(
    tmp_path: Path, database: Database, database_url: str
) -> None:
    id_ = owe(database, "team", "camille", "was", "gone")
    with webhook() as hook:
        hook.answers = [(404, {}, "")]
        config = watchlist(
            tmp_path,
            database_url,
            f'name = "team"\nto = ["file://alerts.txt", "{hook.url()}"]',
            'name = "camille"\nto = ["file://alerts.txt"]\nwhen = "weekly monday 08:00"\ntimezone = "Europe/Paris"',
            'name = "picky"\nto = ["console://"]\ndirections = ["limits"]\ntopics = ["retention", "tracking"]',
            'name = "off"\nto = ["console://"]\nenabled = false',
            'name = "is"\nto = ["file://is.txt"]\nformerly = ["was"]',
            'name = "new"\nto = ["console://"]',
            'name = "late"\nto = ["file://alerts.txt"]',
        )
        before = policywatch("show", id_, "--routes", "--config", config)
        assert re.search(
            r"camille +waits +2025-10-13 06:00 UTC: for the digest of that time\n",
            before,
        )
        assert re.search(
            r"team +waits +for the next run, or `policywatch deliver`\n", before
        )
        policywatch("deliver", "--config", config, status=1)
    with database.writing() as session:
        session.add(Alert(change_id=id_, route="late", created_at=START))
    policywatch("deliver", "--config", config)
    rows = json.loads(
        policywatch("show", id_, "--routes", "--json", "--config", config)
    )["routes"]
    told = {row["route"]: (row["state"], row["details"]) for row in rows}
    assert list(told) == [
        "team",
        "camille",
        "picky",
        "off",
        "is",
        "new",
        "late",
        "gone",
    ]
    state, (sent, parked) = told["team"]
    assert (state, sent[:18]) == ("sent", "file://alerts.txt:")
    assert re.search(
        r"given up: .*404.*; `policywatch alerts retry \d+` sends it again$", parked
    )
    assert told["camille"] == (
        "sent",
        [sent],
    )  # it shares the address with the team, and the message
    assert told["late"][0] == "not sent"
    assert told["late"][1][0].startswith(
        "each of its addresses had heard of it by another route"
    )
    assert told["picky"] == (
        "not sent",
        [
            "topics: the route wants retention or tracking; the change has ai_training",
            "directions: the route wants limits; the change has expands",
        ],
    )
    assert told["off"] == (
        "not sent",
        ["the route is switched off by enabled = false"],
    )
    assert told["is"][0] == "sent"
    assert told["new"][1][0].startswith(
        "its filter lets the change through now, but no alert was due to it"
    )
    assert told["gone"] == ("not sent", ["the route is no longer in the watchlist"])


def test_a_route_without_the_environment_is_asked_all_the_same_and_none_is_said(
    database: Database,
) -> None:
    id_ = owe(database, severity="medium")
    ((_, state, (why,)),) = said(database, id_, entry(severity="high"))
    assert (state, why) == (
        "not sent",
        "severity: the route wants high; the change has medium",
    )
    assert said(database, id_) == []


def test_what_nobody_is_told_of_says_why(database: Database) -> None:
    form = owe(
        database,
        alert=False,
        severity="none",
        brief={"why": [verbatim("form only: too few words changed").to_json()]},
    )
    ours = owe(database, alert=False, cause="reader")
    old = owe(database)
    with database.writing() as session:
        session.get_one(Version, change(session, old).before_id).imported = True
    for id_, why in (
        (form, "this change makes no alert: form only: too few words changed"),
        (
            ours,
            "this change makes no alert: the page did not change, the way it is read did",
        ),
        (
            old,
            "its filter lets the change through, but nobody is alerted of what comes from an archive",
        ),
    ):
        assert said(database, id_, entry()) == [("team", "not sent", [why])]


def test_a_return_waits_for_those_alone_who_want_it(tmp_path: Path) -> None:
    with a_site() as site:
        other = '[[routes]]\nname = "other"\nto = ["console://"]\ntopics = ["tracking"]\n'
        config = site_watchlist(
            tmp_path, site, f"sqlite:///{tmp_path}/watch.db", more=other
        )
        for page in (policy(), policy(AI), policy()):
            site.pages["/privacy"] = page
            report = run(config, status=0)
    (id_,) = [check["change"]["id"] for check in report["checks"]]
    database = Database(f"sqlite:///{tmp_path}/watch.db")
    told = said(database, id_, *load(config).routes)
    database.close()
    assert [(route, state) for route, state, _ in told] == [
        ("other", "not sent"),
        ("all", "waits"),
    ]
    assert told[1][2] == [
        "back to an earlier text; told once 3 checks in a row found it again, 0 did so far"
    ]
