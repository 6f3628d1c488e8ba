"""`mcp`, asked by the official client as an assistant asks it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from policywatch.config.watchlist import load
from storage.database import Database
from tests.stories import Teller, block, day, passage
from tests.story_of_parley import NOTES, PRIVACY, PRIVACY_FR, told_with_config
from tests.web_pages import change_id, visited

# what takes half a second to load is imported where it is used: each process that tests collects this file
if TYPE_CHECKING:
    from mcp import StdioServerParameters
    from mcp.server.mcpserver import MCPServer

DATABASES = ["sqlite"]
config = pytest.fixture(told_with_config)
CLAUSE = (
    "We may use your posts, comments and messages to train models that write texts. "
    * 5
)


def ask(
    server: MCPServer | StdioServerParameters,
    *questions: tuple[str, dict[str, Any]],
) -> list[Any]:
    """The answer to each call: what its JSON says, or the text of an error."""
    from mcp import Client

    async def answers() -> list[Any]:
        async with Client(server) as client:
            tools = (await client.list_tools()).tools
            assert all(
                tool.annotations and tool.annotations.read_only_hint
                for tool in tools
            )
            return [
                await client.call_tool(name, arguments)
                for name, arguments in questions
            ]

    texts = (
        (answer.is_error, answer.content[0].text) for answer in anyio.run(answers)
    )  # type: ignore[union-attr]
    return [text if is_error else json.loads(text) for is_error, text in texts]


@pytest.fixture
def server(config: Path, database: Database) -> MCPServer:
    """In this process: to start the command takes seconds, and one test does."""
    from policywatch.mcp_server import mcp_server

    return mcp_server(database, load(config).topics.keys())


@pytest.fixture
def long_history(server: MCPServer, database: Database) -> MCPServer:
    """Another 25 changes of the privacy policy, each with long passages."""
    with database.writing() as session:
        teller = Teller(session)
        teller.numbers[PRIVACY] = 90
        before = teller.version(PRIVACY, day(60), [block("paragraph", "Hello.")])
        for number in range(25):
            after = teller.version(
                PRIVACY,
                day(61 + number),
                [block("paragraph", f"{CLAUSE} {number}")],
            )
            places = [
                passage(["Use"], None, f"{CLAUSE} {place}") for place in range(80)
            ]
            places[50].topics = ["ai_training"]
            brief = {"default": None, "meaning": CLAUSE}
            teller.change(
                before,
                after,
                places,
                brief=brief,
                severity="medium",
                topics=["ai_training", "data_use"],
            )
            before = after
    return server


def test_an_assistant_asks_for_changes_documents_and_words(
    config: Path, database: Database
) -> None:
    from mcp import StdioServerParameters

    number = change_id(database, PRIVACY)
    command = ["-m", "policywatch", "mcp", "--config", str(config)]
    training, newest, change, hits, documents = ask(
        StdioServerParameters(command=sys.executable, args=command),
        (
            "list_changes",
            {"since": "2025-10-01", "service": "parley", "topic": "AI training"},
        ),
        ("list_changes", {"service": ["PARLEY", "Harbour"], "limit": 1}),
        ("show_change", {"id": number}),
        ("search", {"words": '"deleted notes"'}),
        ("documents", {"service": "parley"}),
    )
    with visited(database) as site:
        listed = {
            row["id"]: row for row in site.get("/api/v1/changes").json()["changes"]
        }
        assert change == site.get(f"/api/v1/changes/{number}").json() | {
            "next": None
        }
    assert [listed[row["id"]]["document"] for row in training["changes"]] == [
        PRIVACY_FR,
        PRIVACY,
    ]
    row = training["changes"][1]
    assert row == {
        "id": number,
        "day": listed[number]["detected_at"][:10],
        "severity": "high",
        "topics": listed[number]["topics"],
        "headline": "Parley trains AI on your data by default…",
        "url": "https://parley.example/privacy",
    }
    assert len(newest["changes"]) == 1
    assert newest["next"]
    assert {hit["document"] for hit in hits["hits"]} == {NOTES}
    assert all(
        document["service"] == "Parley" for document in documents["documents"]
    )
    assert len(documents["documents"]) == 4


def test_what_is_not_understood_is_refused_in_a_sentence(server: MCPServer) -> None:
    wrong: list[tuple[str, dict[str, Any], list[str]]] = [
        (
            "list_changes",
            {"serverity": "high"},
            ["no parameter serverity", "severity", "topic", "cursor"],
        ),
        (
            "list_changes",
            {"query": {"service": ["Parley"]}},
            ["no parameter query", "service"],
        ),
        (
            "list_changes",
            {"severity": "huge"},
            ["severity", "'high', 'medium' or 'low'"],
        ),
        (
            "list_changes",
            {"service": "Parly"},
            ["no service is called Parly", "Harbour, Parley"],
        ),
        (
            "list_changes",
            {"topic": "robots"},
            ["no change is about robots", "ai_training"],
        ),
        ("list_changes", {"cursor": "x"}, ["cursor: not a place in a list"]),
        ("show_change", {"id": 4711}, ["there is no change 4711"]),
        ("documents", {"limit": 0}, ["limit"]),
    ]
    answers = ask(server, *((tool, arguments) for tool, arguments, _ in wrong))
    for answer, (_, _, reasons) in zip(answers, wrong, strict=True):
        assert isinstance(answer, str), answer
        assert all(reason in answer for reason in reasons), answer
        assert "\n" not in answer


def test_twenty_changes_take_four_kilobytes_and_the_rest_comes_on_demand(
    long_history: MCPServer,
) -> None:
    everything, few = ask(
        long_history, ("list_changes", {}), ("search", {"words": "train models"})
    )
    size = len(json.dumps(everything, ensure_ascii=False).encode())
    assert len(everything["changes"]) == 20
    assert size < 4_000, size
    older, details = ask(
        long_history,
        ("list_changes", {"cursor": everything["next"]}),
        ("show_change", {"id": everything["changes"][0]["id"]}),
    )
    assert older["changes"][0]["id"] == everything["changes"][-1]["id"] - 1
    assert max(len(hit["text"]) for hit in few["hits"]) <= 300
    assert details["passages"][0]["topics"] == ["ai_training"]
    assert len(json.dumps(details)) < 30_000
    (rest,) = ask(
        long_history,
        ("show_change", {"id": details["id"], "first": details["next"]}),
    )
    assert rest["passages"][0]["after"] not in [
        passage["after"] for passage in details["passages"]
    ]
