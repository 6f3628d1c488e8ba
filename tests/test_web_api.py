"""JSON for programs."""

from __future__ import annotations

import copy
from typing import Any

import httpx
import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import text

from policywatch.web.app import create_app
from storage.database import Database
from storage.documents import declare
from tests.stories import Teller, block, day, passage, tell_hostile
from tests.story_of_parley import (
    HELP,
    NOTES,
    PRIVACY,
    PRIVACY_FR,
    TERMS,
    documents,
    tell,
)
from tests.web_pages import Story, visited


def test_the_api_gives_a_change_as_show_does(parley: Story) -> None:
    site = parley.site
    id_ = parley.change(PRIVACY)
    told = site.get(f"/api/v1/changes/{id_}").json()
    assert told["id"] == id_
    assert told["brief"]["severity_reasons"] == ["training"]
    assert told["why"] == ["told, for data of members is newly used for training"]
    assert "why" not in told["brief"]
    assert told["topics"] == [
        "data_sharing",
        "advertising",
        "ai_training",
        "user_choice",
    ]
    assert len(told["passages"]) == 6
    listed = site.get("/api/v1/changes").json()["changes"]
    assert [each["document"] for each in listed] == [
        PRIVACY_FR,
        PRIVACY,
        TERMS,
        NOTES,
    ]
    assert told.items() >= listed[1].items()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("service=Harbour", [NOTES]),
        ("document=parley/terms&document=harbour/privacy-notice", [TERMS, NOTES]),
        ("topic=retention", [NOTES]),
        ("severity=high&language=fr", [PRIVACY_FR]),
        ("direction=limits", [NOTES]),
        ("since=2025-10-20&until=2025-10-25&severity=", [TERMS]),
        ("cosmetic=true&document=parley/privacy-policy&limit=1", [PRIVACY]),
    ],
)
def test_changes_are_filtered_by_the_names_of_the_pages(
    parley: Story, query: str, expected: list[str]
) -> None:
    listed = parley.site.get(f"/api/v1/changes?{query}").json()["changes"]
    assert [each["document"] for each in listed] == expected


@pytest.mark.parametrize(
    ("address", "known"),
    [
        ("/api/v1/changes?serverity=high", "severity"),
        ("/api/v1/documents?services=Parley", "service, language, cursor, limit"),
        ("/api/v1/health?verbose=1", "it takes none"),
        ("/feed.atom?lang=fr&serverity=high", "severity"),
        ("/feed.json?tag=ai", "topic"),
        ("/calendar.ics?from=2025-01-01", "effective_from"),
        ("/changes.csv?serverity=high", "severity"),
    ],
)
def test_a_parameter_that_is_not_known_is_refused_with_those_that_are(
    parley: Story, address: str, known: str
) -> None:
    answer = parley.site.get(address)
    assert (answer.status_code, answer.headers["content-type"]) == (
        400,
        "application/problem+json",
    )
    assert "is no parameter" in answer.json()["detail"]
    assert known in answer.json()["detail"]


def test_a_page_takes_what_other_sites_add_to_its_address(parley: Story) -> None:
    assert parley.site.get("/changes?utm_source=elsewhere").status_code == 200
    assert parley.site.get("/feed.atom?lang=fr&view=side").status_code == 200


def test_passages_are_listed_by_their_own_topics(parley: Story) -> None:
    found = parley.site.get(
        "/api/v1/passages?topic=ai_training&language=en"
    ).json()["passages"]
    assert found
    assert all(
        "ai_training" in each["topics"] and each["document"] == PRIVACY
        for each in found
    )
    everything = parley.site.get("/api/v1/passages?limit=200&cosmetic=true").json()[
        "passages"
    ]
    seen: list[dict[str, Any]] = []
    address = "/api/v1/passages?limit=3&cosmetic=true"
    while address:
        answer = parley.site.get(address).json()
        seen += answer["passages"]
        address = answer["next"]
    assert seen == everything


def test_documents_services_and_versions_are_paged(parley: Story) -> None:
    site = parley.site
    assert site.get("/api/v1/services").json()["services"] == [
        {"name": "Harbour", "documents": 1},
        {"name": "Parley", "documents": 4},
    ]
    first = site.get("/api/v1/documents?limit=3").json()
    second = site.get(first["next"]).json()
    ids = [each["id"] for each in first["documents"] + second["documents"]]
    assert ids == sorted([PRIVACY, PRIVACY_FR, TERMS, HELP, NOTES])
    assert second["next"] is None
    one = site.get(f"/api/v1/documents/{PRIVACY}").json()
    assert one in first["documents"] + second["documents"]
    assert one["watched"]
    versions = site.get(f"/api/v1/documents/{PRIVACY}/versions?limit=1")
    assert versions.headers["link"] == f'<{versions.json()["next"]}>; rel="next"'
    newest = versions.json()["versions"][0]
    assert newest["number"] == one["versions"]
    (older, *_) = site.get(versions.json()["next"]).json()["versions"]
    assert older["number"] == newest["number"] - 1


def test_texts_of_a_service_are_read_in_bulk(parley: Story) -> None:
    site = parley.site
    texts = _all(site, "/api/v1/versions?service=Parley&limit=3", "versions")
    for id_ in (PRIVACY, PRIVACY_FR, TERMS):
        there = [each for each in texts if each["document"] == id_]
        asked = f"/api/v1/versions?document={id_}&limit=200"
        assert there == site.get(asked).json()["versions"]
        heads = _all(site, f"/api/v1/documents/{id_}/versions?", "versions")
        assert {each["number"] for each in there} == {
            each["number"] for each in heads
        }
        one = site.get(f"/documents/{id_}/versions/{there[0]['number']}/text")
        assert there[0]["text"] == one.text
    assert not any(each["document"] == NOTES for each in texts)


def test_a_version_says_since_when_each_block_stands(parley: Story) -> None:
    two = parley.site.get(f"/api/v1/documents/{PRIVACY}/versions/2").json()
    assert {each["since"]["number"] for each in two["blocks"]} == {1, 2}
    assert two["change"] == min(
        each["id"]
        for each in parley.site.get(
            f"/api/v1/changes?document={PRIVACY}&cosmetic=true"
        ).json()["changes"]
    )
    points = parley.site.get(f"/api/v1/documents/{PRIVACY}/course").json()["points"]
    assert points[1]["mentions"]["ai_training"] > points[0]["mentions"].get(
        "ai_training", 0
    )


def test_texts_are_searched(parley: Story) -> None:
    found = parley.site.get(
        '/api/v1/search?q="deleted notes"&standing=true'
    ).json()["hits"]
    assert [each["document"] for each in found] == [NOTES]
    assert found[0]["stands"]
    assert [True, "deleted notes"] in found[0]["marked"]
    assert parley.site.get("/api/v1/search?q=").json() == {"hits": [], "next": None}


def test_health_names_what_cannot_be_read(parley: Story) -> None:
    told = parley.site.get("/api/v1/health").json()
    assert told["watched"] == 5
    assert told["good"] == 5 - len(told["troubled"])
    assert all(each["reason"] for each in told["troubled"])


def test_what_the_asker_has_is_not_sent_again(parley: Story) -> None:
    first = parley.site.get("/api/v1/changes")
    again = parley.site.get(
        "/api/v1/changes",
        headers={"If-None-Match": f'"other", {first.headers["etag"]}'},
    )
    assert (again.status_code, again.content) == (304, b"")
    assert (
        parley.site.head("/api/v1/changes").headers["etag"] == first.headers["etag"]
    )
    other = parley.site.get(
        "/api/v1/changes?limit=1", headers={"If-None-Match": first.headers["etag"]}
    )
    assert other.status_code == 200


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/changes/4711", 404, "there is no change 4711"),
        ("/documents/no/such", 404, "there is no document 'no/such'"),
        ("/documents/no/such/versions", 404, "there is no document 'no/such'"),
        (f"/documents/{PRIVACY}/versions/99", 404, f"{PRIVACY} has no version 99"),
        ("/nothing", 404, None),
        (
            "/changes?severity=grave",
            400,
            "severity: Input should be 'high', 'medium' or 'low'",
        ),
        ("/changes?limit=0&cursor=x", 400, "cursor: "),
        ("/passages?cursor=2025-01-01T00:00:00Z~1~x", 400, "cursor: "),
        ("/changes?topic=%00", 400, "topic"),
        ("/changes/99999999999", 400, "change_id: "),
        ("/search?q=%00", 400, "q: "),
    ],
)
def test_problems_are_told_in_one_form(
    parley: Story, path: str, status: int, said: str | None
) -> None:
    answer = parley.site.get(f"/api/v1{path}")
    assert (answer.status_code, answer.headers["content-type"]) == (
        status,
        "application/problem+json",
    )
    told = answer.json()
    assert told["status"] == status
    assert said in told["detail"] if said else told["detail"] is None


def test_a_wrong_method_says_which_are_right(parley: Story) -> None:
    answer = parley.site.post("/api/v1/changes")
    assert (answer.status_code, answer.headers["content-type"]) == (
        405,
        "application/problem+json",
    )
    assert "GET" in answer.headers["allow"]


def test_lists_are_walked_to_their_end_on_both_databases(
    database: Database,
) -> None:
    with database.writing() as session:
        declare(session, documents())
        session.flush()
        teller = Teller(session)
        before = teller.version(TERMS, day(0), [block("paragraph", "Rule 0")])
        for number in range(1, 41):
            after = teller.version(
                TERMS, day(number // 4), [block("paragraph", f"Rule {number}")]
            )
            evidence = [("retention", str(number), "after")]
            teller.change(
                before,
                after,
                [
                    passage(
                        [],
                        f"Rule {number - 1}",
                        f"Rule {number}",
                        evidence=evidence,
                    )
                ]
                * 1,
            )
            before = after
    with visited(database) as site:
        for path, name, key in (
            ("/changes?topic=retention", "changes", "id"),
            ("/passages?topic=retention", "passages", "change"),
            (f"/documents/{TERMS}/versions?", "versions", "number"),
            ("/versions?language=en", "versions", "number"),
            ("/search?q=rule", "hits", "text"),
        ):
            seen = [
                each[key] for each in _all(site, f"/api/v1{path}&limit=7", name)
            ]
            assert (
                len(seen)
                == len(set(seen))
                == (41 if name in ("versions", "hits") else 40)
            )


def _all(
    site: httpx.Client, address: str | None, name: str
) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while address:
        answer = site.get(address).json()
        found += answer[name]
        address = answer["next"]
    return found


def test_every_address_is_described_with_examples(parley: Story) -> None:
    described = parley.site.get("/api/openapi.json").json()
    assert {path.removeprefix("/api/v1") for path in described["paths"]} == {
        "/services",
        "/services/{service}/today",
        "/today",
        "/documents",
        "/documents/{document_id}",
        "/documents/{document_id}/versions",
        "/versions",
        "/documents/{document_id}/versions/{number}",
        "/documents/{document_id}/course",
        "/documents/{document_id}/compare",
        "/changes",
        "/changes/{change_id}",
        "/passages",
        "/search",
        "/health",
    }
    for each in described["paths"].values():
        assert set(each) == {"get"}
        assert set(each["get"]["responses"]) == {"200", "304", "4XX"}
        assert each["get"]["description"]
    head = described["components"]["schemas"]["ChangeHead"]["properties"]
    reasons = described["components"]["schemas"]["BriefJson"]["properties"][
        "severity_reasons"
    ]
    assert (reasons["type"], reasons["items"]) == ("array", {"type": "string"})
    assert head["topics"]["examples"] == [["ai_training", "user_choice"]]


def test_answers_hold_to_their_description_whatever_a_page_says(
    database: Database,
) -> None:
    tell(database)
    hostile = tell_hostile(database)
    with visited(database) as site:
        described = site.get("/api/openapi.json").json()
        for path in (
            f"/changes/{hostile}",
            "/documents/hostile/policy/versions/2",
            "/passages",
            "/health",
            "/services",
        ):
            answer = site.get(f"/api/v1{path}")
            assert answer.headers["content-type"] == "application/json"
            generic = next(
                key for key in described["paths"] if _alike(key, f"/api/v1{path}")
            )
            shape = described["paths"][generic]["get"]["responses"]["200"][
                "content"
            ]["application/json"]["schema"]
            jsonschema.validate(answer.json(), copy.deepcopy(described) | shape)


def _alike(template: str, path: str) -> bool:
    if "{" not in template:
        return template == path
    return template.split("{")[0] in path and template.count(
        "/versions/"
    ) == path.count("/versions/")


@pytest.mark.hypothesis
def test_nothing_that_can_be_asked_breaks_the_api(parley: Story) -> None:
    import schemathesis  # takes seconds to load, which no other test should wait for
    from schemathesis.specs.openapi import checks

    schemathesis.checks.load_all_checks()
    kept = [
        schemathesis.checks.not_a_server_error,
        checks.status_code_conformance,
        checks.content_type_conformance,
        checks.response_schema_conformance,
        checks.response_headers_conformance,
    ]
    described = schemathesis.openapi.from_asgi(
        "/api/openapi.json", create_app(parley.database)
    )
    asked = 0
    for found in described.get_all_operations():
        operation = found.ok()

        @settings(
            max_examples=settings().max_examples // 6,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def ask(case: Any) -> None:
            case.call_and_validate(checks=kept)

        ask()
        asked += 1
    assert asked == 15


def test_a_database_that_fails_is_told_as_such_and_asked_again(
    store: Database, caplog: pytest.LogCaptureFixture
) -> None:
    with visited(store) as site:
        with store.writing() as session:
            session.execute(text("ALTER TABLE changes RENAME TO gone"))
        answers = {
            path: site.get(path)
            for path in (
                "/changes",
                "/changes?lang=fr",
                "/api/v1/changes",
                "/feed.atom",
            )
        }
        with store.writing() as session:
            session.execute(text("ALTER TABLE gone RENAME TO changes"))
        assert site.get("/changes").status_code == 200
    assert {
        (answer.status_code, answer.headers["Retry-After"])
        for answer in answers.values()
    } == {(503, "60")}
    assert "Try again in a minute." in answers["/changes"].text
    assert "Réessayez dans une minute." in answers["/changes?lang=fr"].text
    assert (
        answers["/api/v1/changes"].json()["detail"]
        == "the database can't be read at this moment"
    )
    assert all(
        "the database failed: " in record.getMessage() and not record.exc_info
        for record in caplog.records
    )
