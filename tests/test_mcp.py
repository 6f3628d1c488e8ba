"""`mcp`, asked by the official client as an assistant asks it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, StdioServerParameters

from storage.database import Database
from tests.story_of_parley import NOTES, PRIVACY, PRIVACY_FR, told_with_config
from tests.web_pages import change_id, visited

config = pytest.fixture(told_with_config)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_assistant_asks_for_changes_documents_and_words(config: Path, database: Database) -> None:
    number = change_id(database, PRIVACY)
    asked: list[tuple[str, dict[str, Any]]] = [
        ("list_changes", {"query": {"since": "2025-10-01", "service": ["Parley"], "topic": ["ai_training"]}}),
        ("list_changes", {"query": {"limit": 1}}),
        ("show_change", {"id": number}),
        ("search", {"words": '"deleted notes"'}),
        ("list_changes", {}),
        ("documents", {}),
        ("show_change", {"id": 4711}),
        ("list_changes", {"query": {"service": ["Parly"]}}),
        ("list_changes", {"query": {"cursor": "x"}}),
    ]

    async def ask() -> list[Any]:
        words = ["-m", "policywatch", "mcp", "--config", str(config)]
        async with Client(StdioServerParameters(command=sys.executable, args=words)) as client:
            tools = (await client.list_tools()).tools
            assert all(tool.annotations and tool.annotations.read_only_hint and tool.output_schema for tool in tools)
            return [await client.call_tool(name, arguments) for name, arguments in asked]

    training, newest, change, hits, everything, documents, *wrong = anyio.run(ask)
    assert [each["document"] for each in training.structured_content["changes"]] == [PRIVACY_FR, PRIVACY]
    with visited(database) as site:
        assert newest.structured_content["changes"] == site.get("/api/v1/changes?limit=1").json()["changes"]
        assert change.structured_content == site.get(f"/api/v1/changes/{number}").json()
        assert documents.structured_content == site.get("/api/v1/documents").json()
    assert newest.structured_content["next"]
    assert len(everything.structured_content["changes"]) == 4
    assert {each["document"] for each in hits.structured_content["hits"]} == {NOTES}
    answers = [answer.content[0].text for answer in wrong if answer.is_error]
    for answer, reason in zip(
        answers, ("there is no change 4711", "no service is called Parly", "not a place in a list"), strict=True
    ):
        assert reason in answer
