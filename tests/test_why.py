"""What a change says of itself with `--why`: in words, once for the whole, and of a place only what is its own."""

from __future__ import annotations

import io
import re
from collections import defaultdict

import pytest
from rich.console import Console

from analysis.as_json import comparison_json
from analysis.change import Comparison, Kept
from analysis.compare import compare
from analysis.judging.grave import RULES
from analysis.judging.meaning import BY_WEIGHT, direction_of, severity_of
from analysis.page import read_page
from analysis.versions.reading import stored_passages
from policywatch.marking import flagged_first
from policywatch.terminal import show_comparison
from reasons import told as said_again
from tests.written_cases import cases, told

SIGN = re.compile(r"\b[a-z_]+\.[a-z_]+\b|[a-z]_[a-z]|no sign for it")  # "words.business.after", "ai_training"
OPENING = "We wrote this policy for those who read it, and we answer questions about it."
SHARED = "We share your personal data with advertisers."
SECURE = "We keep the photos that you upload on encrypted servers and delete them after ninety days."


def change(before: str, after: str, title: str = "Privacy Policy") -> Comparison:
    pages = (
        read_page(f"# {title}\n\n{OPENING}\n\n{text}".encode(), mime="text/markdown", language="en")
        for text in (before, after)
    )
    return compare(*pages, language="en", document=title)


def printed(found: Comparison, *, why: bool = True) -> str:
    console = Console(file=io.StringIO(), force_terminal=False)
    show_comparison(console, found, why=why)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_no_reason_is_the_name_of_a_sign() -> None:
    for param in cases():
        found = told(param.values[0])
        reasons = [*found.why, *(reason for passage in found.passages for reason in passage.why)]
        words = [re.sub(r"“.*”", "", reason) for reason in reasons]
        assert not [reason for reason in words if SIGN.search(reason)], param.values[0]["name"]


def test_that_a_place_is_quiet_is_why_it_weighs_little_and_not_whom_it_favours() -> None:
    for param in cases():
        for passage in told(param.values[0]).passages:
            quiet = [reason for reason in passage.why if "claim.quiet" in str(reason.as_json())]
            assert [reason.code for reason in quiet] in ([], ["why.severity"]), param.values[0]["name"]


def test_each_reason_can_be_said_in_french() -> None:
    english = re.compile(r"\b(?:the|of|is|words|severity|direction|told|suppressed)\b")
    for param in cases():
        found = told(param.values[0])
        for reason in (*found.why, *(reason for passage in found.passages for reason in passage.why)):
            said = said_again(str(reason), reason.as_json(), "fr")
            assert said.language == "fr", reason
            assert not english.search(re.sub(r"«.*»", "", said.text)), said


def test_the_rules_of_the_whole_stand_once_and_those_of_a_place_under_it() -> None:
    found = change(
        "## Partners\n\nWe have none.\n\n## Photos\n\nYou can upload photos.",
        f"## Partners\n\n{SHARED}\n\n## Photos\n\nYou can upload photos. {SECURE}",
    )
    sharing = "data is newly shared"
    assert sharing in found.why[0]
    places = {passage.heading[-1]: passage for passage in found.passages if passage.topics}
    assert any(sharing in reason for reason in places["Partners"].why)
    assert printed(found).count("why: told, for words about data are new") == 3
    assert not any(sharing in reason for reason in places["Photos"].why)


def test_a_place_does_not_say_again_what_is_said_of_the_whole() -> None:
    found = change("## Partners\n\nWe have none.", f"## Partners\n\nWe have none.\n\n{SHARED}")
    (passage,) = found.passages
    again = [reason for reason in passage.why if reason in found.why]
    shown = printed(found)
    assert [shown.count(f"why: {reason}\n") for reason in again] == [1] * len(again)
    assert again
    assert all(f"    why: {reason}\n" in shown for reason in passage.why if reason not in again)


def test_a_change_that_is_not_told_says_what_it_speaks_of_instead() -> None:
    found = change(
        "You pay by card.", "You pay by card. Invoices, refunds and taxes are settled in court.", "Terms of Service"
    )
    assert (found.substantive, found.alert) == (True, False)
    assert found.why == (
        "nothing to tell about AI or data: no words about AI or data came or went; "
        "it speaks of business matters such as fees, liability or courts",
    )
    assert [passage.why for passage in found.passages] == [("no words about AI or data changed",)]


def test_a_heading_that_decides_is_named_instead_of_words() -> None:
    found = change("## Partners\n\nWe have none.", f"## Partners\n\n{SHARED}")
    (gone,) = [passage for passage in found.passages if passage.operation == "removed"]
    assert [(quote.topic, quote.text, quote.heading) for quote in gone.evidence] == [
        ("data_sharing", "We have none", "Partners")
    ]
    assert gone.why[0] == "who gets the data: it stands under “Partners”"
    shown = printed(found, why=False)
    assert "    Who gets the data: under “Partners”\n" in shown
    assert "“We have none”" not in shown


def test_words_of_grammar_are_about_nothing_whatever_stands_above_them() -> None:
    text = "## Partners\n\nThe people {} answer at the desk on Monday are {}.\n\n## Ads\n\n{}"
    of_grammar = change(text.format("who", "ours", "None."), text.format("that", "ours", SHARED))
    of_sense = change(text.format("who", "ours", "None."), text.format("who", "students", SHARED))
    topics = [
        passage.topics
        for found in (of_grammar, of_sense)
        for passage in found.passages
        if passage.heading[-1] == "Partners"
    ]
    assert topics == [(), ("data_sharing",)]


def test_what_people_may_ask_for_and_where_to_complain_is_a_detail() -> None:
    much = defaultdict[str, float](float) | {
        "told.weightiest": 1.0,
        "told.words_about": 2.0,
        "told.over_25_words": 1.0,
        "told.practice": 1.0,
    }
    assert severity_of(much, ("user_rights", "retention"))[0] == "medium"
    assert severity_of(much, ("user_rights",))[0] == "low"
    assert severity_of(much | {"told.rights_gone": 1.0}, ("user_rights",))[0] == "medium"
    more = much | {"told.expands_new": 1.0, "told.balance": 1.0, "told.plainly_new": 1.0}
    assert direction_of(more, ("user_rights", "retention"))[0] == "expands"
    assert direction_of(more, ("user_rights",))[0] == "clarifies"


@pytest.mark.parametrize(("claim", "named"), BY_WEIGHT.items())
def test_what_is_high_by_weight_says_what_weighed(claim: str, named: str) -> None:
    signs = dict.fromkeys((f"told.{name}" for name in ("training", "rights_gone", "only_again", *RULES)), 0.0)
    severity, because, _ = severity_of(signs | {f"told.{claim}": 12.0}, ())
    assert (severity, because) == ("high", (named,))


def test_a_text_that_is_not_believed_says_so_once_and_lists_no_passages() -> None:
    sections = [f"## Part {n}\n\nThis is what part {n} of our policy tells you about." for n in range(12)]
    short, whole = "\n\n".join(sections[:8:2]), "\n\n".join(sections)
    found = change(short, whole)
    assert found.held == (
        "something is wrong with the earlier text: it holds less than half of the other text, word for word the same"
    )
    lines = printed(found).splitlines()
    assert lines == [f"Not judged: {found.held}", f"{len(found.passages)} passages added; --json lists them"]


def test_an_address_that_a_server_hides_is_an_address_and_no_punctuation() -> None:
    there = "Write to us at any time: {}.\n\n{}\n\nWe read your letters.\n\n{}"
    hours = "Office hours: nine to five."
    before = there.format("help@parley.example", "Mail: post@parley.example", hours)
    after = there.format("[email protected]", hours, "Mail: [email protected]")
    found = change(before, after)
    assert {passage.operation for passage in found.passages} >= {"reworded", "added", "removed"}
    assert not found.substantive
    reasons = {reason for passage in found.passages for reason in passage.why if passage.operation != "moved"}
    assert reasons == {"suppressed: only an address or a relative date differs"}


SOURCES = "Maps of the city of Ulm: https://ulm.example/maps\n\nLakes of Umea - https://umea.example/lakes"


def test_a_source_that_comes_to_a_list_of_sources_is_a_change() -> None:
    found = change(SOURCES, f"{SOURCES}\n\nRoads of Graz, Linz (AT) - https://graz.example/roads", "Legal Notices")
    assert (found.substantive, found.alert) == (True, False)


def test_a_long_text_of_which_no_sentence_changed_is_called_no_title() -> None:
    menu = "Bread Cakes Candy Jams Spices Sauces Meats Pasta Grains Coffee Tea Soup Cheese Eggs Milk Salt {}"
    found = change(menu.format("Oil"), menu.format("Vinegar"), "Shop")
    assert [passage.why for passage in found.passages] == [
        ("suppressed: the words that changed in it are not read as a sentence of the policy",)
    ]


@pytest.mark.parametrize(
    ("line", "told"), [("Last updated: {}", "dated 2025-11-03"), ("Effective {}", "in force from 2025-11-03")]
)
def test_a_day_is_told_as_what_the_page_calls_it(line: str, told: str) -> None:
    found = change(line.format("2 June 2025"), f"{line.format('3 November 2025')}\n\n{SHARED}")
    shown = printed(found, why=False)
    assert told in shown
    assert shown.count("2025-11-03") == 1


def test_what_is_said_in_several_places_is_shown_once_and_kept_in_each() -> None:
    notes = " ".join(f"Note {n} says how we wrote this part of the policy." for n in range(9))
    text = f"## Spain\n\nHola.{{0}}\n\n## France\n\nSalut.{{0}}\n\n## Italy\n\nCiao.{{0}}\n\n## Notes\n\n{notes}"
    found = change(text.format(""), text.format(f"\n\n{SHARED}"))
    assert [passage["after"] for passage in comparison_json(found)["passages"]] == [SHARED] * 3
    shown = printed(found, why=False)
    passages = shown[shown.index("Spain  added") :]
    assert passages.count(SHARED) == 1
    assert "    In 3 places; also under “France”, “Italy”\n" in passages
    assert "Italy  added" not in passages


def test_what_is_shown_once_for_several_places_weighs_as_the_gravest() -> None:
    found = change("## Spain\n\nHola.\n\n## France\n\nSalut.", f"## Spain\n\n{SHARED}\n\n## France\n\n{SHARED}")
    stored = stored_passages(0, found.passages)
    stored[-1].severity = "high"
    flagged, _ = flagged_first(stored)
    assert [(section.heading, section.severity, section.places) for section in flagged] == [
        (["Privacy Policy", "France"], "high", 2)
    ]


@pytest.mark.parametrize(
    ("before", "after", "kept"),
    [
        ("We keep your photos for {}.", "We keep your photos for {}.", [Kept("three months", "6 months")]),
        ("We answer your letters within {}.", "We answer your letters within {}.", []),
        ("We keep your photos for {}.", "We keep your photos for {} or 9 days.", []),
    ],
)
def test_how_long_something_was_kept_and_is_kept_is_told_in_one_line(before: str, after: str, kept: list[Kept]) -> None:
    found = change(before.format("three months"), f"{after.format('6 months')}\n\n{SHARED}")
    assert list(found.brief.kept) == kept
    assert comparison_json(found)["brief"]["kept"] == [{"before": "three months", "after": "6 months"} for _ in kept]
    assert ("  How long it is kept: “three months” → “6 months”\n" in printed(found)) is bool(kept)


def test_a_time_that_is_only_written_otherwise_is_no_other_time() -> None:
    found = change("We keep your photos for sixty days.", f"We keep your photos for two months.\n\n{SHARED}")
    assert found.alert
    assert not found.brief.kept


def test_rows_that_change_places_and_several_times_at_once_tell_no_time() -> None:
    text = "We keep your photos for {}. We keep your letters for {}.\n\nWe keep your name for {}.\n\n{}"
    swapped = change(
        text.format("1 day", "2 days", "3 days", "We keep your films for 9 days."),
        text.format("4 weeks", "5 weeks", "9 days", f"We keep your films for 3 days.\n\n{SHARED}"),
    )
    assert swapped.alert
    assert not swapped.brief.kept
