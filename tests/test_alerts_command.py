"""`alerts` and `alerts retry`: what was sent, what was given up, and how it is sent again."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

from messages import verbatim
from policywatch.config.watchlist import load
from policywatch.web.backend import WatchlistState
from storage.database import Database
from tests.inbox import mail_server, webhook
from tests.owed import owe
from tests.site import AI, a_site, policy, policywatch, run
from tests.site import watchlist as site_watchlist
from tests.web_pages import visited

DATABASES = ["sqlite"]


def watchlist(folder: Path, database_url: str, *routes: str) -> Path:
    """A policywatch.toml without documents; each route is its TOML lines."""
    file = folder / "policywatch.toml"
    tables = "".join(f"[[routes]]\n{lines}\n" for lines in routes)
    file.write_text(
        f'contact = "test@example.org"\ndatabase = "{database_url}"\n{tables}',
        "utf-8",
    )
    return file


def listed(
    config: Path, *words: object, environ: dict[str, str]
) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(
        policywatch("alerts", "--json", *words, "--config", config, environ=environ)
    )
    return found


def test_what_was_given_up_is_listed_and_sent_again(
    tmp_path: Path, database: Database, database_url: str
) -> None:
    config = watchlist(
        tmp_path,
        database_url,
        'name = "team"\nto = ["${HOOK}", "${FILE}"]',
        'name = "all"\nto = ["${FILE}"]',
    )
    change = owe(database, "team", "all")
    with webhook() as hook:
        environ = {
            **os.environ,
            "HOOK": hook.url("s3cretpath"),
            "FILE": f"file://{tmp_path}/alerts.txt",
        }
        hook.answers = [(403, {}, "no s3cretpath here")]
        policywatch("deliver", "--config", config, environ=environ, status=1)
        rows = listed(config, environ=environ)
        by_address = {row["address"]: row for row in rows}
        assert by_address["${FILE}"]["routes"] == ["all", "team"]
        assert by_address["${FILE}"]["state"] == "sent"
        parked = by_address["${HOOK}"]
        assert (parked["state"], parked["attempts"], parked["sent_at"]) == (
            "parked",
            1,
            None,
        )
        assert [one["id"] for one in parked["changes"]] == [change]
        assert "403" in parked["error"]
        assert listed(config, "--parked", environ=environ) == [parked]
        assert [
            row["address"]
            for row in listed(config, "--route", "all", environ=environ)
        ] == ["${FILE}"]
        shown = policywatch("alerts", "--config", config, environ=environ)
        assert "${HOOK}" in shown
        assert "s3cret" not in shown + json.dumps(rows)
        wrong = policywatch(
            "alerts", "retry", 99, "--config", config, environ=environ, status=1
        )
        assert "Not given up, so not sent again: 99" in wrong
        assert "--all" in policywatch(
            "alerts", "retry", "--config", config, environ=environ, status=2
        )
        policywatch(
            "alerts", "retry", parked["id"], "--config", config, environ=environ
        )
        assert len(hook.taken) == 1
        assert listed(config, "--parked", environ=environ) == []
        assert "0 tried again" in policywatch(
            "alerts", "retry", "--all", "--config", config, environ=environ
        )
    assert (tmp_path / "alerts.txt").read_text("utf-8").count(
        "[High] Parley trains AI on your data by default"
    ) == 1


def test_one_route_is_tested_whatever_is_wrong_with_the_others(
    tmp_path: Path, database_url: str
) -> None:
    good = f'name = "good"\nto = ["file://{tmp_path}/good.txt"]'
    config = watchlist(
        tmp_path,
        database_url,
        good,
        'name = "bad"\nto = ["${NOT_SET}"]',
        'name = "off"\nto = ["${NOT_SET}"]\nenabled = false',
    )
    assert "ok     good" in policywatch(
        "routes", "test", "good", "--config", config
    )
    assert "NOT_SET is not set" in policywatch(
        "routes", "test", "bad", "--config", config, status=2
    )
    assert "switched off by enabled = false" in policywatch(
        "routes", "test", "off", "--config", config, status=2
    )
    assert "it has: good, bad, off" in policywatch(
        "routes", "test", "god", "--config", config, status=2
    )


def test_in_a_pipe_every_row_of_a_table_is_one_line(
    tmp_path: Path, database: Database, database_url: str
) -> None:
    config = watchlist(
        tmp_path,
        database_url,
        f'name = "a-team-with-a-long-name"\nto = ["file://{tmp_path}/alerts.txt"]',
    )
    change = owe(database, "a-team-with-a-long-name")
    policywatch("deliver", "--config", config)
    environ = {**os.environ, "COLUMNS": "40"}
    heading, *rows = policywatch(
        "alerts", "--config", config, environ=environ
    ).splitlines()
    assert heading.split() == [
        "id",
        "state",
        "time",
        "(UTC)",
        "tries",
        "route",
        "address",
        "about",
    ]
    (row,) = rows
    assert row.endswith(f"  change {change} parley/privacy-policy")
    assert f"  a-team-with-a-long-name  file://{tmp_path}/alerts.txt  " in row


def test_what_is_for_an_address_that_left_is_given_up_again(
    tmp_path: Path, database: Database, database_url: str
) -> None:
    owe(database, "team")
    with webhook() as hook:
        hook.always = 404
        config = watchlist(
            tmp_path, database_url, f'name = "team"\nto = ["{hook.url()}"]'
        )
        policywatch("deliver", "--config", config, status=1)
    config = watchlist(
        tmp_path, database_url, 'name = "other"\nto = ["console://"]'
    )
    assert "no longer in the watchlist" in policywatch(
        "alerts", "retry", "--all", "--config", config, status=1
    )


def test_what_was_for_an_address_that_was_put_right_goes_to_the_new_one(
    tmp_path: Path, database: Database, database_url: str
) -> None:
    owe(database, "team")
    with mail_server() as inbox:
        inbox.refusals["bob@example.orgg"] = "550 5.1.1 no such user"
        for people in (
            "ann@example.org/bob@example.orgg",
            "ann@example.org/bob@example.org",
        ):
            config = watchlist(
                tmp_path,
                database_url,
                f'name = "team"\nto = ["{inbox.url(people)}", "console://"]',
            )
            policywatch("deliver", "--config", config, status=None)
        assert "1 tried again. Alerts: 1 sent" in policywatch(
            "alerts", "retry", "--all", "--config", config
        )
    assert inbox.recipients == [["ann@example.org"], ["bob@example.org"]]


def test_what_was_given_up_and_nobody_wants_any_more_is_tried_no_more(
    tmp_path: Path, database: Database, database_url: str
) -> None:
    owe(database, "team", severity="medium")
    with webhook() as hook:
        hook.always = 404
        to = f'name = "team"\nto = ["{hook.url()}"]'
        policywatch(
            "deliver", "--config", watchlist(tmp_path, database_url, to), status=1
        )
        config = watchlist(tmp_path, database_url, f'{to}\nseverity = "high"')
        assert "Alerts: 0 sent, 0 failed" in policywatch(
            "alerts", "retry", "--all", "--config", config
        )


def test_what_waits_for_a_digest_or_has_to_stay_is_listed_with_its_time(
    tmp_path: Path,
) -> None:
    with a_site() as site:
        digest = f'[[routes]]\nname = "digest"\nto = ["file://{tmp_path}/digest.txt"]\nwhen = "weekly monday 08:00"\n'
        config = site_watchlist(
            tmp_path, site, f"sqlite:///{tmp_path}/watch.db", more=digest
        )
        for page in (policy(), policy(AI), policy()):
            site.pages["/privacy"] = page
            run(config, status=0)
        run(config, status=0)
    shown = policywatch(
        "alerts", "--route", "digest", "--config", config
    ).splitlines()
    assert (
        "back to an earlier text; told once 3 checks in a row found it again, 1 did so far"
        in shown[1]
    )
    assert re.search(
        r"waiting +20..-..-.. 08:00 .* digest .*: for the digest of that time",
        shown[2],
    )
    rows = listed(config, "--route", "digest", environ={**os.environ})
    assert [(row["id"], row["state"], row["kind"]) for row in rows] == [
        (None, "waiting", "alert"),
        (None, "waiting", "digest"),
    ]
    state = WatchlistState(load(config))
    database = Database(f"sqlite:///{tmp_path}/watch.db")
    with visited(database, state=lambda: state) as site:
        shown = site.get("/health").text
    database.close()
    assert "in the digest of" in shown
    assert "(1 so far)" in shown


def test_what_is_no_news_any_more_waits_for_no_digest(
    tmp_path: Path, database: Database, database_url: str
) -> None:
    lines = (
        f'name = "digest"\nto = ["file://{tmp_path}/a.txt"]\nwhen = "daily 08:00"'
    )
    config = watchlist(tmp_path, database_url, lines)
    told = owe(database, "digest")
    dropped = owe(
        database,
        "digest",
        alert=False,
        brief={"why": [verbatim("only the form differs").to_json()]},
    )
    rows = listed(config, environ={**os.environ})
    assert [change["id"] for row in rows for change in row["changes"]] == [told]
    shown = policywatch("show", dropped, "--routes", "--config", config)
    assert "this change makes no alert: only the form differs" in shown


def test_doctor_and_run_name_what_fails_and_is_tried_again(tmp_path: Path) -> None:
    with a_site() as site, webhook() as hook:
        hook.always = 503
        environ = {**os.environ, "HOOK": hook.url("s3cretpath")}
        config = site_watchlist(
            tmp_path,
            site,
            f"sqlite:///{tmp_path}/watch.db",
            more='[[routes]]\nname = "team"\nto = ["${HOOK}"]\n',
        )
        site.pages["/privacy"] = policy()
        policywatch("run", "--config", config, environ=environ)
        site.pages["/privacy"] = policy(AI)
        told = policywatch(
            "run", "--now", "--config", config, environ=environ, status=1
        )
        doctor = policywatch(
            "doctor", "--config", config, environ=environ, status=1
        )
    for said in (told, doctor):
        assert re.search(
            r"team: 1 message to \$\{HOOK\} failed: .*503.*; tried again from 20.* UTC on",
            said,
        )
        assert "s3cret" not in said


def test_a_route_with_a_question_is_tested_with_its_model(
    tmp_path: Path, database_url: str
) -> None:
    to = f'to = ["file://{tmp_path}/good.txt"]\nabout = "Are my reviews used for AI?"'
    config = watchlist(tmp_path, database_url, f'name = "asks"\n{to}')
    model = '[reader]\nmodel = "small"\nurl = "http://127.0.0.1:9/v1"\n'
    config.write_text(f"{config.read_text('utf-8')}\n{model}", "utf-8")
    assert "ok     asks" in policywatch(
        "routes", "test", "asks", "--config", config
    )
