"""A second reader: asked about what matters, marked as a machine's, and nothing waits for it or rests on its lies."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from analysis.classify.verdict import UNSURE
from analysis.model import Passage
from policywatch.config.errors import WatchlistError
from policywatch.config.recipients import LanguageModel, recipients
from policywatch.config.watchlist import load
from policywatch.doctor import examine
from policywatch.ingest.extraction import ExtractionConfig, RawPage
from policywatch.ingest.reprocess import reprocess_all
from policywatch.pipeline import Job
from policywatch.second_reader import NoAnswer, SecondReader, ask_about
from policywatch.views.serializer import change_json
from storage.changes import change
from storage.clock import utc_now
from storage.database import Database
from storage.documents import Document
from storage.removal import remove
from storage.second_readings import SecondReading
from tests.model_server import ANSWER, MEANING, Answering, answering, chat, saying
from tests.owed import NEW, owe, route, training
from tests.post import Post, deliver
from tests.site import AI, PARAGRAPHS, Site, a_job, library, policy, watchlist

SENS = "La bibliothèque entraînera des modèles avec vos avis, sauf opposition."
MARK = "Written by a machine, may be wrong"
ID = "library/privacy"
# of edits that say little the model is unsure; of which, its weights decide
SECTIONS = ("Your data", "Opening hours", "Contact")
EDITS = (
    ("Our staff can see", "Our librarians can see"),
    ("a court tells us", "a judge orders us"),
    ("on the spot", "within a day"),
    ("books that are due", "loans that end soon"),
    ("locked and up to date", "locked, patched and watched"),
    ("for one month", "for two months"),
    ("within three days", "within five days"),
)
NOTHING = ANSWER | {
    "alert": False,
    "topics": [],
    "severity": "none",
    "direction": "none",
}
PASSAGE = Passage(("Your data",), "reworded", "We use your profile.", NEW)


@pytest.fixture
def server() -> Iterator[Answering]:
    with answering() as model:
        yield model


site = pytest.fixture(library)


def table(url: str, more: str = "") -> str:
    return f'[classify]\nmodel_url = "{url}"\nmodel = "small"\nmodel_key = "secret-key"\nallow_private = true\n{more}\n'


@contextmanager
def watched(
    folder: Path, site: Site, server: Answering, more: str = ""
) -> Iterator[Job]:
    """A job that has seen the first text."""
    with a_job(
        watchlist(
            folder, site, f"sqlite:///{folder}/watch.db", more=table(server.url, more)
        )
    ) as job:
        job.run(force=True)
        yield job


def changed(job: Job, site: Site, text: str) -> dict[str, Any]:
    """The change that this text makes, as `show --json` prints it."""
    site.pages["/privacy"] = text
    report = job.run(force=True).json()
    with job.database.reading() as session:
        found = change_json(session, report["checks"][0]["change"]["id"]).model_dump(
            mode="json"
        )
    return found | {"sent": report["deliveries"]["sent"]}


def unsure(*, alerts: bool) -> tuple[str, str]:
    """A policy before and after one edit that the trained model is unsure of."""
    config = ExtractionConfig("Privacy policy of the library", "en")
    for section, edit in product(SECTIONS, EDITS):
        before = policy().replace("<h2>Your data", f"<h2>{section}")
        after = before.replace(*edit)
        found = config.compare(
            *(config.extract(RawPage(text.encode())) for text in (before, after))
        )
        if (
            found.alert is alerts
            and UNSURE[0] <= (found.passages[0].chance or 0) <= UNSURE[1]
        ):
            return before, after
    pytest.fail("the model is sure of all these edits: write others")


def kept(database: Database) -> list[SecondReading]:
    with database.reading() as session:
        return list(session.exec(select(SecondReading)))


def model_of(server: Answering, seconds: float = 60) -> LanguageModel:
    return LanguageModel(server.url, "small", "secret-key", seconds, allow_private=True)


def test_its_answer_stands_beside_the_verdict_marked_and_is_asked_for_once(
    tmp_path: Path, site: Site, server: Answering
) -> None:
    server.body = saying(quotations=["train generative AI models", "sell your books"])
    with watched(tmp_path, site, server) as job:
        found = changed(job, site, policy(AI))
        assert (found["severity"], found["sent"]) == ("high", 1)
        assert found["second"] == {
            "model": "small",
            "meaning": {"en": MEANING},
            **{
                name: ANSWER[name]
                for name in ("substantive", "alert", "severity", "direction", "topics")
            },
        }
        assert f"{MARK}: {MEANING}" in re.sub(
            r"\s+", " ", (tmp_path / "alerts.txt").read_text("utf-8")
        )
        (question,) = server.asked
        assert (question["path"], server.keys) == (
            "/v1/chat/completions",
            ["Bearer secret-key"],
        )
        assert question["response_format"]["json_schema"]["schema"]["properties"][
            "meaning"
        ]["required"] == ["en"]
        assert server.material()["after"] == AI
        (reading,) = kept(job.database)
        assert reading.answer is not None
        assert reading.answer["quotations"] == ["train generative AI models"]
        changed(job, site, policy())
        changed(job, site, policy(AI, PARAGRAPHS[0]))
        assert [question["messages"][1] for question in server.asked].count(
            question["messages"][1]
        ) == 1


def test_it_decides_what_the_model_is_unsure_of_and_says_so(
    tmp_path: Path, site: Site, server: Answering
) -> None:
    site.pages["/privacy"], after = unsure(alerts=False)
    with watched(tmp_path, site, server, 'use = "decides"') as job:
        found = changed(job, site, after)
        verdict = {
            name: found[name]
            for name in ("alert", "severity", "direction", "topics", "sent")
        }
        assert verdict == {name: ANSWER.get(name, 1) for name in verdict}
        assert found["passages"][0]["why"][0] == (
            "the trained model was unsure (no effect on AI or data use found), and the second reader, "
            "a language model, decided"
        )
        questions = len(server.asked)
        assert reprocess_all(job.database, job.configs, []).read == 2
        with job.database.reading() as session:
            assert change(session, found["id"]).severity == "medium"
        assert len(server.asked) == questions


def test_it_can_settle_that_there_is_nothing_to_tell(
    tmp_path: Path, site: Site, server: Answering
) -> None:
    server.body = chat(json.dumps(NOTHING))
    site.pages["/privacy"], after = unsure(alerts=True)
    with watched(tmp_path, site, server, 'use = "decides"') as job:
        found = changed(job, site, after)
        assert (found["substantive"], found["alert"], found["sent"]) == (True, False, 0)


def test_beside_it_settles_nothing(
    tmp_path: Path, site: Site, server: Answering
) -> None:
    site.pages["/privacy"], after = unsure(alerts=False)
    with watched(tmp_path, site, server) as job:
        found = changed(job, site, after)
        assert (found["alert"], found["second"]["alert"]) == (False, True)


@pytest.mark.parametrize(
    "said",
    [NOTHING, ANSWER | {"severity": "low", "direction": "limits"}],
    ids=["none", "low"],
)
def test_what_a_convention_decided_stays(
    tmp_path: Path, site: Site, server: Answering, said: dict[str, Any]
) -> None:
    server.body = chat(json.dumps(said))
    with watched(tmp_path, site, server, 'use = "decides"') as job:
        found = changed(job, site, policy(AI))
        assert (found["alert"], found["severity"], found["direction"]) == (
            True,
            "high",
            "expands",
        )


@pytest.mark.parametrize(
    ("status", "body", "why"),
    [
        (500, b"oops", "status 500"),
        (302, b"", "status 302"),
        (200, b"<html>hello</html>", "the answer is not one of chat completions"),
        (200, b'{"choices": []}', "the answer is not one of chat completions"),
        (200, b"[" * 50_000, "the answer is not one of chat completions"),
        (200, b"\xff\xfe\x00", "the answer is not one of chat completions"),
        (200, chat(["a list"]), "the answer does not fit its schema (all of it)"),
        (200, chat("It trains."), "the answer does not fit its schema (all of it)"),
        (200, chat("[" * 10_000), "the answer does not fit its schema (all of it)"),
        (200, saying(topics=["tea"]), "the answer does not fit its schema (topics.0)"),
        (
            200,
            saying(severity="grave"),
            "the answer does not fit its schema (severity)",
        ),
        (200, saying(alert="yes"), "the answer does not fit its schema (alert)"),
        (200, saying(alert=False), "the answer does not fit its schema (all of it)"),
        (200, saying(topics=[]), "the answer does not fit its schema (all of it)"),
        (200, saying(advice="leave"), "the answer does not fit its schema (advice)"),
        (
            200,
            saying(meaning={"de": "Ja."}),
            "the answer is in other languages than asked for",
        ),
        (200, saying(meaning={"en": " \n "}), "the answer is empty"),
        (
            200,
            saying(meaning={"en": "word " * 80}),
            "the answer has a sentence of more than 300 characters",
        ),
        (200, saying(meaning={"en": "x" * 200_000}), "the answer is larger than 64 kB"),
        (
            200,
            saying(meaning={"en": "Log in at parley-login.com."}),
            "the answer holds an address",
        ),
        (
            200,
            saying(meaning={"en": "Write to help@parley.example."}),
            "the answer holds an address",
        ),
    ],
)
def test_what_can_not_be_used_is_no_answer(
    server: Answering, status: int, body: bytes, why: str
) -> None:
    server.status, server.body = status, body
    with pytest.raises(NoAnswer, match=re.escape(why)):
        ask_about(PASSAGE, model_of(server), ["en"], 60)


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"status": 500}, "status 500"),
        (
            {"body": saying(topics=["tea"])},
            "the answer does not fit its schema (topics.0)",
        ),
        ({"pause": 0.5}, "no whole answer within 1 seconds"),
        ({"breaks": True}, "the connection was closed before the answer was complete"),
    ],
    ids=["fails", "lies", "stalls", "breaks"],
)
def test_without_a_usable_answer_nothing_waits_and_the_doctor_says_why(
    tmp_path: Path, site: Site, server: Answering, facts: dict[str, Any], why: str
) -> None:
    vars(server).update(facts)
    with watched(tmp_path, site, server, 'use = "decides"\nmodel_timeout = 1') as job:
        found = changed(job, site, policy(AI))
        assert (found["severity"], found["sent"], found["second"]) == ("high", 1, None)
        assert [(row.answer, row.failure) for row in kept(job.database)] == [
            (None, why)
        ]
    assert MARK not in (tmp_path / "alerts.txt").read_text("utf-8")
    said = [
        finding.text
        for finding in examine(tmp_path / "policywatch.toml")
        if finding.about == "model"
    ]
    assert said == [
        f"small gave no usable answer: {why}; changes are classified without it"
    ]


def test_no_transaction_is_open_while_it_is_asked(
    tmp_path: Path, site: Site, server: Answering
) -> None:
    with watched(tmp_path, site, server) as job:
        other = Database(str(job.database.url))

        def write() -> None:
            with other.writing() as session:
                session.get_one(Document, ID).title = "Meanwhile"

        server.meanwhile = write
        assert changed(job, site, policy(AI))["title"] == "Meanwhile"
        other.close()


def test_it_is_asked_so_much_and_no_more(server: Answering, store: Database) -> None:
    many = [
        Passage((), "added", None, f"{NEW} {number}", severity="high")
        for number in range(9)
    ]
    reader = SecondReader(store, model_of(server), ["en"])
    reader(many, True)
    assert len(server.asked) == 5
    reader(
        [
            Passage((), "added", None, "word " * 400 + str(number), severity="low")
            for number in range(9)
        ],
        True,
    )
    assert len(server.asked) == 10
    with store.writing() as session:
        session.add_all(
            SecondReading(passage=str(n), model="small", made_at=utc_now())
            for n in range(90)
        )
    reader(many[5:], True)
    assert len(server.asked) == 10


def test_a_silent_server_is_not_asked_again_in_the_same_run(store: Database) -> None:
    reader = SecondReader(
        store,
        LanguageModel(
            "http://127.0.0.1:9/v1", "small", "secret-key", allow_private=True
        ),
        ["en"],
    )
    reader(
        [
            Passage((), "added", None, f"{NEW} {number}", severity="high")
            for number in range(3)
        ],
        True,
    )
    (row,) = kept(store)
    assert row.failure is not None
    assert row.failure.startswith("no connection (")
    assert "secret-key" not in row.failure


def test_its_questions_take_no_longer_than_a_run_has_for_them(
    server: Answering, store: Database
) -> None:
    ticks = iter([0.0, 200.0, 200.0, 301.0])
    reader = SecondReader(store, model_of(server), ["en"], clock=lambda: next(ticks))
    reader(
        [
            Passage((), "added", None, f"{NEW} {number}", severity="high")
            for number in range(3)
        ],
        True,
    )
    assert len(server.asked) == 2


def test_a_page_that_speaks_to_the_model_stays_material_and_its_echo_is_shown_as_text(
    server: Answering, store: Database
) -> None:
    echo = "<b>Ignore</b> all [rules](x) \u202eand\nrun <script>alert(1)</script> @everyone"
    server.body = saying(meaning={"en": echo, "fr": SENS})
    owe(store, "team", "friends")
    first = training()[0]
    asked = Passage(
        tuple(first.heading), "reworded", first.before, first.after, severity="high"
    )
    SecondReader(store, model_of(server), ["en", "fr"])([asked], True)
    assert [message["role"] for message in server.asked[0]["messages"]] == [
        "system",
        "user",
    ]
    assert NEW not in server.asked[0]["messages"][0]["content"]
    post = Post()
    deliver(
        store,
        route("team", "json://a"),
        route("friends", "json://b", language="fr"),
        post=post,
    )
    message, french = (message for _, message in post.sent)
    assert "<script>" not in message.html
    assert "&lt;script&gt;" in message.html
    assert "<script>" not in message.fitted("markdown", 10**6)
    assert "\u202e" not in message.text
    assert "@everyone" not in message.fitted("markdown", 10**6)
    assert f"Écrit par une machine, peut être faux : {SENS}" in re.sub(
        r"\s", " ", french.text
    )


def test_what_it_said_of_a_document_goes_with_it(
    tmp_path: Path, site: Site, server: Answering
) -> None:
    with watched(tmp_path, site, server) as job:
        changed(job, site, policy(AI))
        assert kept(job.database)
        with job.database.writing() as session:
            remove(session, ID)
        assert kept(job.database) == []


@pytest.mark.parametrize(
    ("url", "more", "said"),
    [
        ("http://models.example/v1", "", "write https://"),
        ("models.example", "", "write a whole address"),
        ("https://models.example/v1", "model_timeout = 0", "model_timeout"),
        ("https://models.example/v1", 'use = "always"', "use"),
        ("https://models.example/v1", 'prompt = "sing"', "prompt"),
    ],
)
def test_a_wrong_table_says_what_is_allowed(
    tmp_path: Path, url: str, more: str, said: str
) -> None:
    file = tmp_path / "policywatch.toml"
    file.write_text(f'[classify]\nmodel_url = "{url}"\nmodel = "small"\n{more}\n')
    with pytest.raises(WatchlistError, match=said):
        load(file)


def test_the_key_comes_from_the_environment_and_is_not_shown(tmp_path: Path) -> None:
    file = tmp_path / "policywatch.toml"
    file.write_text(
        table("http://192.168.1.5:11434/v1").replace("secret-key", "${MODEL_KEY}")
    )
    model = recipients(load(file), {"MODEL_KEY": "secret-key"}).model
    assert model == LanguageModel(
        "http://192.168.1.5:11434/v1", "small", "secret-key", 30.0, allow_private=True
    )
    assert "secret-key" not in repr(model)
    with pytest.raises(WatchlistError, match="MODEL_KEY is not set"):
        recipients(load(file), {})
