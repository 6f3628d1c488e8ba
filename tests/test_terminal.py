"""`history` and `show`: what a person sees on a terminal, and what a program gets from a pipe."""

from __future__ import annotations

import io
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text
from sqlmodel import Session

from analysis.model import Comparison
from analysis.page_json import comparison_json
from policywatch.cli.terminal import show_change, show_history
from policywatch.views.serializer import change_json
from storage.changes import changes_of
from storage.database import Database
from storage.documents import Document
from storage.errors import Unknown, UnknownDocument
from tests.site import command
from tests.stories import Teller, block, day, passage, tell_hostile
from tests.story_of_parley import HELP, PRIVACY, TERMS, tell

DATABASES = ["sqlite"]
Show = Callable[[Console, Session], None]


def piped(database: Database, show: Show) -> str:
    """What a pipe gets."""
    console = Console(file=io.StringIO(), force_terminal=False)
    with database.reading() as session:
        show(console, session)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def on_terminal(
    database: Database, show: Show, *, width: int = 80, no_color: bool = False
) -> str:
    """What a terminal of that width gets, with its escape sequences."""
    console = Console(
        file=io.StringIO(),
        force_terminal=True,
        width=width,
        color_system="standard",
        no_color=no_color,
        _environ={},
    )
    with database.reading() as session:
        show(console, session)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def training_change(database: Database) -> int:
    with database.reading() as session:
        id_ = changes_of(session, PRIVACY)[0].id
    assert id_ is not None
    return id_


def test_a_pipe_gets_plain_words_with_marks_one_paragraph_a_line(
    database: Database,
) -> None:
    tell(database)
    id_ = training_change(database)
    lines = piped(
        database, lambda console, session: show_change(console, session, id_)
    ).splitlines()
    assert lines[0] == f"Change {id_} · Parley · Privacy Policy"
    assert lines[2] == "Reason: your data or content is now used to train AI."
    assert (
        "  We {+and our affiliates+} use your data to show you people{+, posts+} and [-posts-] {+advertisements+} that "
        "may matter to you. See your choices to change this." in lines
    )
    assert "    Data sharing: “our affiliates”" in lines
    assert "  Write to us at [-1 Quay Street-]{+5 Mole Lane+}." in lines
    assert "  [-Our members come from many trades.-]" in lines
    assert (
        "  How to opt out: “switch it off under Settings, Data, Improve our assistants” "
        "<https://parley.example/settings>" in lines
    )
    assert "  Default: on unless you opt out" in "\n".join(lines)
    assert not any("\x1b" in line for line in lines)


def test_the_gravest_passage_comes_first_and_what_was_not_flagged_last(
    database: Database,
) -> None:
    tell(database)
    id_ = training_change(database)
    shown = piped(
        database, lambda console, session: show_change(console, session, id_)
    )
    trained, shared, others = (
        shown.index(words) for words in ("{+From 3 November", "We {+and", "Other")
    )
    assert trained < shared < others < shown.index("Mole Lane")


def test_nothing_is_wider_than_the_terminal(database: Database) -> None:
    tell(database)
    ids = [training_change(database), tell_hostile(database)]

    def everything(console: Console, session: Session) -> None:
        for id_ in ids:
            show_change(console, session, id_, why=True)
        show_history(console, session, PRIVACY)

    for width in (40, 60, 80, 120):
        shown = on_terminal(database, everything, width=width)
        assert (
            max(cell_len(line) for line in Text.from_ansi(shown).plain.splitlines())
            <= width
        )


def test_colour_marks_the_words_and_brackets_do_where_there_is_none(
    database: Database,
) -> None:
    tell(database)
    id_ = training_change(database)
    coloured = on_terminal(
        database, lambda console, session: show_change(console, session, id_)
    )
    assert "\x1b[9;31mposts\x1b[0m" in coloured
    assert "\x1b[4;32m, posts\x1b[0m" in coloured
    assert "{+" not in coloured
    without = on_terminal(
        database,
        lambda console, session: show_change(console, session, id_),
        no_color=True,
    )
    assert "{+, posts+}" in without
    assert "\x1b[9;31m" not in without


def test_no_text_of_a_page_can_command_the_terminal(database: Database) -> None:
    id_ = tell_hostile(database)
    for show in (piped, on_terminal):
        shown = show(
            database,
            lambda console, session: show_change(console, session, id_, why=True),
        )
        shown += show(
            database,
            lambda console, session: show_history(
                console, session, "hostile/policy"
            ),
        )
        assert "[U+001B]]0;owned[U+0007]" in shown.replace("\n", "")
        assert "[bold red]not markup[/bold red]" in Text.from_ansi(
            shown
        ).plain.replace("\n", " ").replace("  ", " ")
        assert ":smile:" in shown
        for dangerous in (
            "\x1b]",
            "\x1b[2J",
            "\x07",
            "\x9b",
            "\u202e",
            "\u2066",
            "\u061c",
            "\U000e0041",
        ):
            assert dangerous not in shown


def test_why_says_which_rules_decided(database: Database) -> None:
    tell(database)
    id_ = training_change(database)
    rule = "ai_training: data of members is used to train models"
    whole = "told, for data of members is newly used for training"
    without = piped(
        database, lambda console, session: show_change(console, session, id_)
    )
    assert rule not in without
    assert whole not in without
    shown = piped(
        database,
        lambda console, session: show_change(console, session, id_, why=True),
    )
    assert rule in shown
    assert shown.count(whole) == 1


def test_a_console_without_unicode_is_written_to_all_the_same(
    tmp_path: Path,
) -> None:
    page = tmp_path / "policy.html"
    page.write_text(
        f"<main><h1>Café policy</h1><p>{'We keep “all”. ' * 9}</p></main>"
    )
    done = subprocess.run(
        command("try", page),
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=True,
        text=True,
    )
    assert "  We keep ?all?." in done.stdout


def test_long_text_that_did_not_change_is_shortened_around_the_change(
    database: Database,
) -> None:
    words = " ".join(f"w{number}" for number in range(300))
    with database.writing() as session:
        session.add(
            Document(
                id="a/b",
                service="A",
                title="B",
                kind="other",
                url="https://a.example/",
                language="en",
                added_at=day(0),
            )
        )
        session.flush()
        teller = Teller(session)
        before = teller.version(
            "a/b", day(0), [block("paragraph", f"{words} red {words}")]
        )
        after = teller.version(
            "a/b", day(1), [block("paragraph", f"{words} blue {words}")]
        )
        id_ = teller.change(
            before,
            after,
            [passage([], f"{words} red {words}", f"{words} blue {words}")],
        ).id
    assert id_ is not None
    shown = piped(
        database, lambda console, session: show_change(console, session, id_)
    )
    assert "  w0 w1" in shown
    assert " w15 […] w284" in shown
    assert "w299 [-red-] {+blue+} w0 w1" in shown
    assert "w100" not in shown


def test_a_history_has_every_version_the_newest_first(database: Database) -> None:
    tell(database)
    shown = piped(
        database, lambda console, session: show_history(console, session, TERMS)
    )
    assert "last check 2025-11-03 09:30 UTC, only its form changed" in shown
    newest, middle, first = (
        shown.index(words) for words in ("version 3", "version 2", "version 1")
    )
    assert newest < middle < first
    assert "Form only" in shown[newest:middle]
    assert "1 passage reworded" in shown[middle:first]
    assert "first text" in shown[first:]


def test_the_history_of_a_page_that_was_never_read_says_why(
    database: Database,
) -> None:
    tell(database)
    shown = piped(
        database, lambda console, session: show_history(console, session, HELP)
    )
    assert "blocked: parley.example answered 403" in shown
    assert "No text stored yet." in shown


def test_what_is_not_there_is_said(database: Database) -> None:
    tell(database)
    with pytest.raises(Unknown, match="no change 4711"):
        piped(
            database, lambda console, session: show_change(console, session, 4711)
        )
    with pytest.raises(UnknownDocument, match="parley/privcy"):
        piped(
            database,
            lambda console, session: show_history(
                console, session, "parley/privcy"
            ),
        )


def test_the_json_of_a_change_holds_what_compare_prints_and_where_it_was_found(
    database: Database,
) -> None:
    tell(database)
    with database.reading() as session:
        told = json.loads(
            json.dumps(
                change_json(session, training_change(database)).model_dump(
                    mode="json"
                )
            )
        )
    assert (
        comparison_json(Comparison(substantive=True)).keys() - {"returns"}
        <= told.keys()
    )
    assert told["document"] == PRIVACY
    assert told["service"] == "Parley"
    assert told["url"] == "https://parley.example/privacy"
    assert told["detected_at"] == "2025-11-03T07:30:00+00:00"
    assert told["versions"] == {
        "before": {
            "number": 1,
            "captured_at": "2025-10-06T07:30:00+00:00",
            "source": None,
        },
        "after": {
            "number": 2,
            "captured_at": "2025-11-03T07:30:00+00:00",
            "source": None,
        },
    }
    assert told["effective_date"] == "2025-11-03"
    assert told["passages"][1]["operation"] == "added"
    assert {
        "topic": "ai_training",
        "text": "train the AI models",
        "side": "after",
    } in told["passages"][1]["evidence"]


def test_on_a_terminal_each_quotation_of_the_brief_has_a_line_of_its_own(
    database: Database,
) -> None:
    tell(database)
    id_ = training_change(database)
    shown = on_terminal(
        database,
        lambda console, session: show_change(console, session, id_),
        no_color=True,
    )
    lines = [line.strip() for line in Text.from_ansi(shown).plain.splitlines()]
    first = next(
        number
        for number, line in enumerate(lines)
        if line.startswith("Data") and "“" in line
    )
    assert lines[first].endswith("“your profile”")
    assert lines[first + 1] == "“your posts, your comments”"
