"""What a monitor reads at /metrics, and that the dashboard and the rules in docs/ read the same."""

from __future__ import annotations

import json
import re
from pathlib import Path

import httpx
import yaml
from prometheus_client.parser import text_string_to_metric_families

from policywatch.config.schema import DocumentEntry
from policywatch.config.watchlist import Watchlist
from policywatch.web.access import Access
from policywatch.web.app import create_app
from policywatch.web.backend import WatchlistState
from storage.database import Database
from tests.stories import day
from tests.story_of_parley import NOTES, PRIVACY, tell
from tests.web_pages import visited
from tests.web_server import get, served

MONITORING = Path(__file__).parents[1] / "docs/monitoring"


def entry(id_: str) -> DocumentEntry:
    return DocumentEntry(
        id=id_,
        service="S",
        title="T",
        kind="terms",
        url="https://a.example/",
        every="1d",
    )


def state() -> WatchlistState:
    return WatchlistState(
        Watchlist(documents=[entry(id_) for id_ in (PRIVACY, NOTES, "parley/new")])
    )


def read(site: httpx.Client) -> dict[str, float]:
    answer = site.get("/metrics")
    assert answer.status_code == 200
    families = text_string_to_metric_families(answer.text)
    return {
        "".join(
            [sample.name, *(f" {value}" for value in sample.labels.values())]
        ): sample.value
        for family in families
        for sample in family.samples
    }


def test_metrics_say_how_documents_and_deliveries_stand(database: Database) -> None:
    tell(database)
    with visited(
        database, state=state, now=lambda: day(400), with_metrics=True
    ) as site:
        metrics = read(site)
    assert metrics["policywatch_documents never"] == 1
    assert metrics["policywatch_overdue_documents"] == 3
    assert 300 * 86_400 < metrics["policywatch_overdue_seconds"] < 400 * 86_400
    assert (
        metrics["policywatch_checks_total"]
        > metrics["policywatch_versions_total"]
        > 3
    )
    assert metrics["policywatch_deliveries sent"] >= 1
    assert metrics["policywatch_database_bytes"] > 50_000
    shown = {name.split()[0] for name in metrics}
    texts = [file.read_text("utf-8") for file in MONITORING.iterdir()]
    named = set(re.findall(r"policywatch_\w+", " ".join(texts)))
    assert len(texts) == 2
    assert named <= shown
    dashboard = json.loads((MONITORING / "grafana.json").read_text("utf-8"))
    assert all(panel["targets"] for panel in dashboard["panels"])
    rules = yaml.safe_load((MONITORING / "alerts.yaml").read_text("utf-8"))[
        "groups"
    ][0]["rules"]
    assert all(
        {"alert", "expr", "for", "annotations"} <= rule.keys() for rule in rules
    )


def test_metrics_are_off_by_default_and_for_who_has_the_token_or_is_here(
    store: Database,
) -> None:
    with visited(store) as site:
        assert site.get("/metrics").status_code == 404
    token = {"Authorization": "Bearer a token for programs"}
    for private in (False, True):
        access = Access(token="a token for programs", private=private)
        with visited(store, with_metrics=True, access=access) as site:
            refused = site.get("/metrics?lang=fr")
            assert refused.status_code == 401
            assert private or "Non autorisé" in refused.text
            assert refused.headers["www-authenticate"] == "Bearer"
            assert site.get("/metrics", headers=token).status_code == 200
    with served(
        create_app(store, with_metrics=True), proxies=["127.0.0.1"]
    ) as home:
        assert get(f"{home}/metrics").status_code == 200
        assert (
            get(
                f"{home}/metrics", headers={"X-Forwarded-For": "203.0.113.9"}
            ).status_code
            == 401
        )
