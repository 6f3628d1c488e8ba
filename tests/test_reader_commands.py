"""`reader test`, `reader show` and `reader again`: an operator tries a model, sees what it gets, and asks it anew."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from policywatch.config.watchlist import load
from storage.database import Database
from storage.readings import ModelReading
from tests.model_server import USAGE, answering, nothing, telling
from tests.site import AI, Site, library, policy, policywatch, run, watchlist
from tests.test_reader import kept, table

site = pytest.fixture(library)


def made(folder: Path, site: Site, model: str = "") -> Path:
    return watchlist(folder, site, f"sqlite:///{folder}/watch.db", more=model)


def changed(config: Path, site: Site, text: str) -> int:
    """The number of the change that this text makes."""
    site.pages["/privacy"] = text
    found: int = run(config)["checks"][0]["change"]["id"]
    return found


def shown(config: Path, change: int) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        policywatch("show", change, "--json", "--config", config)
    )
    return found


def readings(config: Path) -> list[ModelReading]:
    database = Database(load(config).database)
    rows = kept(database)
    database.close()
    return rows


def test_a_model_is_tried_on_an_example(tmp_path: Path, site: Site) -> None:
    with answering() as model:
        config = made(tmp_path, site, table(model.url))
        printed = policywatch("reader", "test", "--config", config)
        assert f"Asking small at {model.url} about this example:" in printed
        assert re.search(
            r"Its answer, after \d+\.\d seconds \(1000 tokens in, 200 out\)",
            printed,
        )
        assert '"severity": "medium"' in printed
        assert "Stands: Unless you act, the policy now says: and, from 1" in printed
        assert "  “and, from 1 March 2027, to”" in printed
        assert "Dropped" not in printed
        assert len(model.asked) == 1

        model.answer = lambda asked: (
            telling(asked)
            | {
                "statements": [
                    {
                        "quotes": telling(asked)["statements"][0]["quotes"],
                        "text": {"en": "Harbour sells your posts to Acme."},
                    }
                ]
            }
        )
        wrong = policywatch("reader", "test", "--config", config, status=1)
        assert "Dropped: Harbour sells your posts to Acme. (" in wrong
        assert "No usable answer: none of its statements stands" in wrong
        assert [row.tokens_in for row in readings(config)] == [
            2 * USAGE["prompt_tokens"]
        ]

        model.replies = [(401, {}, b"{}")]
        refused = policywatch("reader", "test", "--config", config, status=1)
        assert "No usable answer: status 401" in refused
        assert "secret-key" not in printed + wrong + refused


def test_what_is_sent_is_what_is_shown(tmp_path: Path, site: Site) -> None:
    with answering() as model:
        config = made(tmp_path, site, table(model.url))
        run(config)
        change = changed(config, site, policy(AI))
        (sent,) = model.asked
        question = json.loads(
            policywatch("reader", "show", change, "--json", "--config", config)
        )
        assert question["messages"] == sent["messages"]
        assert (
            question["schema"] == sent["response_format"]["json_schema"]["schema"]
        )
        printed = policywatch("reader", "show", change, "--config", config)
        assert f"{{+{AI}+}}" in printed
        assert sent["messages"][0]["content"].splitlines()[0] in printed
        assert len(model.asked) == 1
        policywatch("reader", "show", 99, "--config", config, status=2)


def test_changes_since_a_day_are_asked_anew_and_a_dead_server_costs_nothing(
    tmp_path: Path, site: Site
) -> None:
    with answering() as model:
        config = made(tmp_path, site, table(model.url))
        run(config)
        change = changed(config, site, policy(AI))
        before = shown(config, change)
        words = ("reader", "again", "--since", "2025-01-01", "--config", config)

        model.replies = [(503, {}, b"busy")]
        assert (
            f"Change {change}: late: status 503\nIts server does not answer: 0 were not asked."
            in policywatch(*words, status=1)
        )
        assert shown(config, change) == before
        policywatch("read", "--again", "--config", config)
        assert shown(config, change)["reader"] == before["reader"]

        model.answer = nothing
        assert policywatch(*words) == f"Change {change}: read\n"
        assert shown(config, change)["reader"]["verdict"]["alert"] is False
        asked = len(model.asked)
        later = ("reader", "again", "--since", "2999-01-01", "--config", config)
        assert policywatch(*later) == "No change since then.\n"
        assert len(model.asked) == asked


@pytest.mark.parametrize(
    "words", [("test",), ("show", 1), ("again", "--since", "2026-01-01")]
)
def test_without_a_model_each_says_which_line_to_write(
    tmp_path: Path, site: Site, words: tuple[object, ...]
) -> None:
    refused = policywatch(
        "reader", *words, "--config", made(tmp_path, site), status=2
    )
    assert 'add [reader] with model = "ollama/qwen3"' in refused


@pytest.mark.parametrize(
    ("words", "status", "answer"),
    [
        (("reader", "--help"), 0, "Usage"),
        (("reader", "test"), 2, "add [reader] with"),
    ],
)
def test_without_the_packages_of_the_extra_too(
    tmp_path: Path, site: Site, words: tuple[str, ...], status: int, answer: str
) -> None:
    code = "import sys; sys.modules |= {'openai': None, 'httpx2': None}; "
    code += "from policywatch.cli import main; main()"
    config = () if "--help" in words else ("--config", made(tmp_path, site))
    done = subprocess.run(
        [sys.executable, "-c", code, *words, *config],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status, done.stderr
    assert answer in done.stdout + done.stderr
