"""The catalogues: the same codes in every language, each complete and used; and the messages made of these codes."""

from __future__ import annotations

import ast
import copy
import pickle
import re
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from itertools import chain
from pathlib import Path

import pytest
from babel.messages import Catalog
from babel.messages.pofile import read_po

import messages
from analysis.classify.conventions import CONVENTIONS, HIGH
from foundation.vocabulary import GOOD, TOPICS, UNCLASSIFIED, Outcome
from messages import (
    ENGLISH,
    LANGUAGES,
    Message,
    catalogue,
    join_messages,
    preferred_language,
    translate,
    verbatim,
)
from notifier.notifications import _ADVISED, notice_message
from notifier.plan import report_unreadable
from policywatch.ingest.checks import finish
from storage.checks import Check
from storage.database import Database
from storage.deliveries import unplanned_notices
from storage.documents import Document, declare
from tests.stories import START
from tests.warm import PACKAGES, ROOT

DATABASES = ["sqlite"]
GONE = Message("answer.gone", host="parley.example", status=404)
PART = Message(
    "part.one", number=2, count=2, url="https://parley.example/more", reason=GONE
)


@cache
def texts(language: str) -> dict[str, list[str]]:
    """Every text by its code, those of a plural together."""
    with (Path(messages.__file__).parent / language / "policywatch.po").open(
        "rb"
    ) as file:
        read: Catalog = read_po(file, locale=language, abort_invalid=True)
    found = {}
    for entry in read:
        if entry.id:
            code, text = (
                (entry.id[0], entry.string)
                if entry.pluralizable
                else (entry.id, [entry.string])
            )
            found[str(code)] = [str(form) for form in text]
    return found


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"{(\w+)(?::g)?}", text))


def sources() -> Iterator[str]:
    for package in PACKAGES:
        for ending in ("py", "html", "j2"):
            yield from (
                file.read_text("utf-8")
                for file in (ROOT / package).rglob(f"*.{ending}")
            )


def messages_in_the_code() -> Iterator[tuple[str, set[str]]]:
    """The code of every message that is made by name, with the parameters that it is given."""
    for file in chain.from_iterable(
        (ROOT / package).rglob("*.py") for package in PACKAGES
    ):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if (
                isinstance(node, ast.Call)
                and getattr(node.func, "id", "") == "Message"
                and node.args
            ):
                code = node.args[0]
                if isinstance(code, ast.Constant):
                    yield (
                        code.value,
                        {each.arg for each in node.keywords if each.arg},
                    )


def test_every_message_has_its_text_and_every_text_its_parameters() -> None:
    made = list(messages_in_the_code())
    assert len(made) > 80
    for code, params in made:
        for text in texts(ENGLISH)[code]:
            assert params == placeholders(text), code


def test_every_code_in_a_template_or_the_program_is_known() -> None:
    named = {
        code
        for source in sources()
        for code in re.findall(
            r"words\(\s*[\"']([a-z_]+\.[\w.-]+)[\"'][,)]", source
        )
    }
    assert len(named) > 150
    assert named <= texts(ENGLISH).keys()


def test_every_text_is_used_and_found_by_its_code() -> None:
    """A code stands whole where it is used, or its group does, as in `words.term("topics", name)`, and the name where
    the names of the group are listed. None is put together otherwise."""
    source = "\n".join(sources())
    assert not re.findall(
        r"(?:words|Message)\(\s*(?:f[\"']|[\"'][\w.]+[\"'] ~)", source
    )
    quoted = {*re.findall(r"[\"']([\w.-]+)(?=[\"'])", source)}
    groups = {
        *re.findall(
            r"(?:words|self|Message)\.(?:term|label|group)\(\s*[\"']([\w.]+)[\"']",
            source,
        )
    }
    known = texts(ENGLISH).keys()
    assert groups <= {code.rpartition(".")[0] for code in known}
    for code in known - quoted:
        group, _, name = code.rpartition(".")
        assert group in groups, code
        assert name in quoted, code


def test_names_that_the_program_makes_codes_of_have_their_words_and_no_others() -> (
    None
):
    def group(name: str) -> set[str]:
        return {
            code.removeprefix(f"{name}.")
            for code in texts(ENGLISH)
            if code.startswith(f"{name}.")
        }

    bad = {outcome.value for outcome in Outcome if outcome not in GOOD}
    assert group("topics") == {*TOPICS}
    assert group("convention") == {*CONVENTIONS}
    assert group("severity_reasons") == {*HIGH, UNCLASSIFIED}
    assert group("outcome") == {outcome.value for outcome in Outcome} | {
        "unread",
        "never",
    }
    assert group("notices.advice") == bad.union(_ADVISED)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_text_with_the_same_placeholders(
    language: str,
) -> None:
    english, other = texts(ENGLISH), texts(language)
    assert english.keys() == other.keys()
    for code, forms in other.items():
        assert all(forms), f"{code}: a form is missing"
        assert (len(forms) == 1) == (len(english[code]) == 1), code
        for form in forms:
            assert placeholders(form) == placeholders(english[code][-1]), code


def test_french_has_no_break_spaces_before_its_signs_and_typographic_apostrophes() -> (
    None
):
    quoted_code = re.compile(r"`[^`]*`|\S+ = \S+|'1er'|\['\{first\}'\]")
    for code, forms in texts("fr").items():
        for form in forms:
            prose = quoted_code.sub("", form)
            assert not re.search(r"[\w}’)»] [:;?!»%]|« ", prose), code
            assert "'" not in prose, code


def test_german_quotes_as_german_does_and_addresses_its_reader_formally() -> None:
    for code, forms in texts("de").items():
        for form in forms:
            assert form.count("„") == form.count("“"), code
            assert not re.search(
                r"”|\b(?:du|dein\w*|dir|dich)\b", form, re.IGNORECASE
            ), code


@pytest.mark.parametrize("language", ["de", "fr"])
def test_a_number_and_its_unit_stay_on_one_line(language: str) -> None:
    unit = re.compile(
        r"(?:\d|}) (?:%|[MGk]?[Bo]\b|heures|Stunden|secondes|Sekunden|janvier|Januar)"
    )
    for code, forms in texts(language).items():
        for form in forms:
            assert not unit.search(form), code


def test_a_message_is_translated_with_the_messages_in_it() -> None:
    assert str(PART).startswith(
        "Part 2 of 2 (https://parley.example/more): parley.example answered 404: the page is"
    )
    french = "Partie 2 sur 2 (https://parley.example/more) : parley.example a répondu 404 : la page est introuvable"
    assert translate(PART, "fr").replace("\u00a0", " ").startswith(french)
    assert translate(verbatim("550 {gone}"), "fr") == "550 {gone}"
    lines = join_messages("list.words", [GONE, verbatim("x"), GONE])
    assert str(lines) == f"{GONE}, x"


def test_a_message_is_a_value_that_can_be_copied_and_stored() -> None:
    for same in (
        copy.deepcopy(PART),
        pickle.loads(pickle.dumps(PART)),
        Message.from_json(PART.to_json()),
    ):
        assert same == PART
        assert hash(same) == hash(PART)
    with pytest.raises(AttributeError):
        PART.code = "answer.empty"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("language", "why"),
    [("en", "Reason: Part 2 of 2"), ("fr", "Raison\u00a0: Partie 2 sur 2")],
)
def test_the_operator_hears_the_reason_in_the_language_of_the_notice(
    database: Database, language: str, why: str
) -> None:
    with database.writing() as session:
        row = Document(
            id="parley/terms",
            service="Parley",
            title="Terms",
            kind="terms",
            url="",
            language="en",
            added_at=START,
        )
        row.alert_after = 1
        declare(session, [row])
        session.flush()
        finish(
            session,
            Check(document_id="parley/terms", checked_at=START),
            Outcome.GONE,
            PART,
        )
        session.flush()
        report_unreadable(session)
        (notice,) = unplanned_notices(session)
        assert (
            why in notice_message([notice], language=language, base_url=None).text
        )


@pytest.mark.parametrize(
    ("language", "day", "weekday", "thousands", "zero"),
    [
        ("en", "1 May 2026", "Friday 1 May 2026", "12,345", "0 documents"),
        ("de", "1. Mai 2026", "Freitag, 1. Mai 2026", "12.345", "0 Dokumente"),
        (
            "fr",
            "1er mai 2026",
            "vendredi 1er mai 2026",
            "12\u202f345",
            "0 document",
        ),
    ],
)
def test_days_numbers_and_plurals_are_written_as_the_language_does(
    language: str, day: str, weekday: str, thousands: str, zero: str
) -> None:
    words, when = catalogue(language), datetime(2026, 5, 1, 9, 5)  # noqa: DTZ001
    assert (words.day(when), words.day(when, weekday=True)) == (day, weekday)
    assert words.moment(when) == f"{day}, 09:05 UTC"
    assert words.number(12345) == thousands
    assert words("count.documents", n=0) == zero


def test_a_name_of_the_users_own_stands_for_itself() -> None:
    words = catalogue("fr")
    assert words.label("topics", "our_own_topic") == "Our own topic"
    assert (
        words.own_name,
        words.language_name("pt"),
        words.language_name("x-ours"),
    ) == (
        "Français",
        "portugais",
        "x-ours",
    )
    with pytest.raises(KeyError):
        words("answer.unheard_of")


@pytest.mark.parametrize(
    ("accept", "language"),
    [
        ("fr-CH, en;q=0.5", "fr"),
        ("en;q=0.5, fr;q=0.9", "fr"),
        ("fr;q=0, en", "en"),
        ("xx, fr;q=0.1", "fr"),
        ("", "en"),
        ("*", "en"),
        (";q=a,,", "en"),
        ("fr" * 5_000, "en"),
    ],
)
def test_the_visitor_gets_the_preferred_language(
    accept: str, language: str
) -> None:
    assert preferred_language(accept) == language
