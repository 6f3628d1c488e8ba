"""A language model's sentence over each answer of what holds today: it stands on the quotations, or is not there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from storage.database import Database
from tests.model_server import Answering, answered
from tests.site import AI, Site, library, policy, policywatch, run, watchlist
from tests.test_reader import kept, table
from tests.web_pages import page, text, visited

WORDS = "We use your reading history and your reviews to train generative AI models, unless you turn this off"
SENTENCE = "The library uses your reviews to train generative AI models unless you turn this off."

site = pytest.fixture(library)


server = pytest.fixture(answered)


@pytest.fixture
def config(tmp_path: Path, site: Site) -> Path:
    """The library trains AI, and somebody asked what holds today."""
    database = f"sqlite:///{tmp_path}/watch.db"
    site.pages["/privacy"] = policy(AI.replace("From 3 November 2025 we", "We"))
    config = watchlist(tmp_path, site, database)
    run(config)
    store = Database(database)
    with visited(store) as pages:
        assert pages.get("/services/Library/today").status_code == 200
    store.close()
    return config


def on_training(words: str, sentence: str) -> Any:
    """Quotes these words where they stand, and says this of training alone."""

    def answer(asked: Mapping[str, Any]) -> dict[str, Any]:
        is_training = "trained" in asked["question"]
        return {
            "quotes": [{"passage": 1, "side": "after", "text": words}],
            "text": {"en": sentence if is_training else ""},
        }

    return answer


def training(database: str) -> tuple[list[str], str | None]:
    """What the page shows over the answer, and what the API says."""
    store = Database(database)
    with visited(store) as pages:
        tree = page(pages, "/services/Library/today")
        shown = text(tree, "#en-ai_training .retold p")
        answer = pages.get("/api/v1/services/Library/today").json()
    store.close()
    (group,) = answer["languages"]
    return shown[1:], group["answers"][0]["sentence"]


def test_a_run_writes_a_sentence_once_over_an_answer_that_was_looked_at(
    config: Path, tmp_path: Path, site: Site, server: Answering
) -> None:
    database = f"sqlite:///{tmp_path}/watch.db"
    assert training(database) == ([], None)
    server.answer = on_training(WORDS, SENTENCE)
    config = watchlist(tmp_path, site, database, more=table(server.url))
    run(config)
    assert training(database) == ([SENTENCE], SENTENCE)
    printed = policywatch("today", "Library", "--config", config)
    assert f"{SENTENCE} (A language model" in printed
    number = len(server.asked)
    assert number
    run(config)
    assert len(server.asked) == number
    material = server.material()
    assert {*material} == {"question", "language", "passages"}
    assert "alerts.txt" not in str(material)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (WORDS, "The library uses your reviews to train generative AI models."),
        (WORDS, "The library sells your reviews to 14 advertisers."),
        ("we sell your reviews", SENTENCE),
    ],
)
def test_a_sentence_that_the_quotations_do_not_support_is_not_shown(
    config: Path,
    tmp_path: Path,
    site: Site,
    server: Answering,
    words: str,
    sentence: str,
) -> None:
    database = f"sqlite:///{tmp_path}/watch.db"
    server.answer = on_training(words, sentence)
    run(watchlist(tmp_path, site, database, more=table(server.url)))
    assert server.asked
    assert training(database) == ([], None)


def test_a_model_that_does_not_answer_is_asked_in_the_next_run(
    config: Path, tmp_path: Path, site: Site, server: Answering
) -> None:
    database = f"sqlite:///{tmp_path}/watch.db"
    with_model = watchlist(tmp_path, site, database, more=table(server.url))
    server.replies = [(503, {}, b"busy")]
    run(with_model)
    assert training(database) == ([], None)
    server.answer = on_training(WORDS, SENTENCE)
    run(with_model)
    assert training(database) == ([SENTENCE], SENTENCE)
    store = Database(database)
    assert all(row.answer for row in kept(store))
    store.close()
