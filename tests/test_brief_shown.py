"""The brief in a message: fixed phrases in the route's language, quotations as they stand on the page."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest

from analysis.judging.grave import RULES
from analysis.judging.meaning import BY_WEIGHT
from notifier.messages import alert_message
from notifier.templating import Format
from notifier.wording import Because, languages, words
from policywatch.wording import LANGUAGES, wording
from storage.alerts import unplanned_alerts
from storage.briefs import QUOTED
from tests.owed import BRIEF, empty, tell

WHY_HIGH = {"en": "Why it is high: ", "fr": "Pourquoi elle est élevée : "}
TAKEN_AWAY = {"excluded": [{"text": "private messages", "side": "before"}]}
SEIZED = {
    "meaning": "Vos publications servent à entraîner nos modèles",
    "default": "off",
    "data": [{"text": "Vos publications", "side": "after"}],
    "excluded": [{"text": "messages privés", "side": "before"}],
}


def body(form: Format, language: str, **facts: Any) -> str:
    with empty() as session:
        tell(session, ["team"], **facts)
        message = alert_message(session, unplanned_alerts(session), language=language, base_url=None)
        text = message.fitted(form, 100_000)
    return " ".join(text.replace("\u00a0", " ").replace("\u202f", " ").split())


@pytest.mark.parametrize("form", ["text", "html", "markdown"])
def test_a_french_route_reads_an_english_page(form: Format) -> None:
    text = body(form, "fr", brief=BRIEF | TAKEN_AWAY, effective_date=date(2030, 1, 1))
    for label in ("En bref", "En vigueur à partir du", "Si vous ne faites rien", "Quelles données", "Était exclu"):
        assert label in text, label
    for quoted in ("train our writing models unless you object", "your posts", "private messages"):
        assert quoted in text, quoted
    assert "(n’est plus dit ici)" in text
    assert "1er janvier 2030" in text


@pytest.mark.parametrize("form", ["text", "html", "markdown"])
@pytest.mark.parametrize(
    ("language", "label", "told"),
    [
        ("en", "How long it is kept", "“30 days” → “1 year”"),
        ("fr", "Combien de temps c’est gardé", "« 30 days » → « 1 year »"),
    ],
)
def test_both_times_of_keeping_are_told(form: Format, language: str, label: str, told: str) -> None:
    shown = body(form, language, brief=BRIEF | {"kept": [{"before": "30 days", "after": "1 year"}]})
    assert label in shown
    assert told in shown
    assert label not in body(form, language, brief=BRIEF)


@pytest.mark.parametrize("form", ["text", "html", "markdown"])
@pytest.mark.parametrize(
    ("language", "day", "within"),
    [
        ("en", "Dated{}1 January 2030", "dated 1 January 2030"),
        ("fr", "Daté du{}1er janvier 2030", "daté du 1er janvier"),
    ],
)
def test_a_day_that_is_just_the_documents_is_no_start(form: Format, language: str, day: str, within: str) -> None:
    facts = {"effective_date": date(2030, 1, 1), "severity": "high"}
    shown = body(form, language, brief=BRIEF | {"dated": True}, **facts)
    started = body(form, language, brief=BRIEF, **facts)
    said = words(language)
    assert re.search(day.format(r"\W+(?:\w+\W+){0,20}?"), re.sub(r"<[^>]+>", " ", shown))
    assert said.brief.starting not in shown
    assert said.brief.dated not in started
    if form == "html":
        assert within in shown  # the title


@pytest.mark.parametrize(
    ("language", "lead"), [("en", "No longer said: train our"), ("fr", "N’est plus dit : train our")]
)
def test_a_meaning_that_is_gone_says_so(language: str, lead: str) -> None:
    assert lead in body("text", language, brief=BRIEF | {"meaning_side": "before"})
    assert lead not in body("text", language, brief=BRIEF | {"meaning_side": "after"})


@pytest.mark.parametrize(
    ("language", "now", "then"), [("en", "Left out", "Used to be left out"), ("fr", "Ce qui est exclu", "Était exclu")]
)
def test_a_promise_that_is_gone_does_not_read_as_if_it_held(language: str, now: str, then: str) -> None:
    excluded = [{"text": "We do not use your messages", "side": "before"}]
    shown = body("text", language, brief=BRIEF | {"excluded": excluded})
    assert then in shown
    assert now not in shown


@pytest.mark.parametrize("form", ["text", "html", "markdown"])
def test_an_english_route_reads_a_french_page(form: Format) -> None:
    facts = {"document": "parley/privacy-policy.fr", "brief": SEIZED, "effective_date": date(2020, 3, 2)}
    text = body(form, "en", **facts)
    for label in (
        "In short",
        "In force since",
        "2 March 2020",
        "it stays off until you agree",
        "Which data",
        "(no longer said here)",
        "French",
    ):
        assert label in text, label
    for quoted in ("Vos publications servent à entraîner nos modèles", "messages privés"):
        assert quoted in text, quoted
    assert "In force from" not in text


@pytest.mark.parametrize(("language", "note"), [("en", "(still there, elsewhere"), ("fr", "(toujours là, ailleurs")])
def test_a_control_that_stands_is_not_called_gone(language: str, note: str) -> None:
    refuse = {"text": "switch it off", "side": "before"}
    gone = words(language).brief.no_longer
    shown = body("text", language, brief=BRIEF | {"refuse": [refuse | {"marks": ["stands"]}]})
    assert note in shown
    assert gone not in shown
    assert gone in body("text", language, brief=BRIEF | {"refuse": [refuse]})


@pytest.mark.parametrize("form", ["text", "html", "markdown"])
@pytest.mark.parametrize(
    ("language", "because"),
    [
        ("en", "your data or content is newly used to train AI; a consent that you were asked for before is gone"),
        (
            "fr",
            "vos données ou vos contenus servent désormais à entraîner l’IA ; "
            "un consentement qui vous était demandé ne l’est plus",
        ),
    ],
)
def test_why_it_is_high_is_said_in_the_routes_language_under_the_weight(
    form: Format, language: str, because: str
) -> None:
    shown = body(form, language, brief=BRIEF | {"because": ["trains_anew", "consent_gone", "of_a_later_version"]})
    said = words(language)
    order = [said.say.severity, said.say.because, because, said.say.direction, said.brief.meaning]
    assert sorted(order, key=shown.index) == order
    if form == "text":
        assert f"{WHY_HIGH[language]}{because} {said.say.direction}" in shown


@pytest.mark.parametrize("form", ["text", "html", "markdown"])
@pytest.mark.parametrize("rules", [{}, {"because": []}], ids=["an older brief", "nothing named"])
def test_where_no_rule_says_so_nothing_is_said_of_why(form: Format, rules: dict[str, Any]) -> None:
    unexplained = {name: said for name, said in BRIEF.items() if name != "because"}
    shown = body(form, "en", severity="high", brief=unexplained | rules)
    assert words("en").say.because not in shown
    assert "high" in shown


def test_every_rule_has_its_words_in_every_language_and_a_promise_is_told_once() -> None:
    for language in languages():
        said = words(language)
        named = {*RULES, *BY_WEIGHT.values()}
        each = [said.why_high({"because": [rule]}) for rule in sorted(named)]
        assert len({*each, ""}) == len(named) + 1
        of_training = said.because.training_promise_gone
        assert said.why_high({"because": ["training_promise_gone", "promise_gone"]}) == of_training
        assert Because.model_fields.keys() == named
    assert set(LANGUAGES) <= set(languages())  # pages say it in the words of messages


@pytest.mark.parametrize("form", ["text", "html", "markdown"])
@pytest.mark.parametrize(
    ("language", "stands", "gone"),
    [
        ("en", "Who gets it", "Who gets it (no longer said here)"),
        ("fr", "Qui les reçoit", "Qui les reçoit (n’est plus dit ici)"),
    ],
)
def test_what_is_no_longer_said_stands_together_behind_what_is(
    form: Format, language: str, stands: str, gone: str
) -> None:
    those = [("Harrow", "before", []), ("Merle", "after", []), ("Lark", "before", []), ("Gull", "before", ["denied"])]
    recipients = [{"text": text, "side": side, "marks": marks} for text, side, marks in those]
    shown = re.sub(r"<[^>]+>|[*\\]", "", body(form, language, brief=BRIEF | {"recipients": recipients}))
    order = [stands, "Merle", gone, "Harrow", "Lark"]
    assert [shown.index(each) for each in order] == sorted(shown.index(each) for each in order)
    assert shown.count(words(language).brief.no_longer) == 1
    assert "Gull" not in shown  # nobody got it before either


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_call_everything_as_messages_do(language: str) -> None:
    said, of_pages = words(language), wording(language)
    for name, topic in said.topics.items():
        assert of_pages.label("topics", name).lower() == topic.lower()
    for severity in ("high", "medium", "low"):
        assert of_pages.label("severity", severity).lower() == getattr(said.severities, severity).lower()
    for direction in ("expands", "limits", "clarifies", "mixed"):
        assert of_pages.direction(direction, {}) == said.direction(direction, {})
    for key in QUOTED:
        assert of_pages.question(key, gone=False) == getattr(said.brief, key)
    assert said.direction("none", {}) == ""


@pytest.mark.parametrize("form", ["text", "html", "markdown"])
def test_words_of_the_default_that_are_those_of_the_meaning_are_not_said_twice(form: Format) -> None:
    sentence = f"By default we use {'all that you write, ' * 8}and more"
    default = {"default": "on", "default_words": {"text": f"{sentence} of it", "side": "after", "of_meaning": True}}
    shown = body(form, "en", brief=BRIEF | default | {"meaning": f"{sentence}…"}, passages=[])
    assert "it happens by default (" not in shown
    assert "it happens by default (“By default" in body(form, "en", brief=BRIEF | default)


ELSEWHERE = {"text": "With your consent, we tell Harrow your name", "side": "after"}


@pytest.mark.parametrize("form", ["text", "html", "markdown"])
@pytest.mark.parametrize(
    ("language", "of_meaning", "told", "subject"),
    [
        ("en", True, "it stays off until you agree (“With your consent, we tell Harrow your name”)", "off by default"),
        ("en", False, "some of it stays off until you agree (“With your consent, we tell Harrow your name”)", None),
        (
            "fr",
            True,
            "cela n’a lieu qu’avec votre accord (« With your consent, we tell Harrow your name »)",
            "seulement avec votre accord",
        ),
        (
            "fr",
            False,
            "une partie n’a lieu qu’avec votre accord (« With your consent, we tell Harrow your name »)",
            None,
        ),
    ],
)
def test_the_words_of_the_default_stand_with_it(
    form: Format, language: str, of_meaning: bool, told: str, subject: str | None
) -> None:
    default = {"default": "off", "default_words": ELSEWHERE | {"of_meaning": of_meaning}}
    shown = body(form, language, brief=BRIEF | default)
    assert told in shown
    if form == "html":  # the title is the subject
        of_subject = words(language).subject.default_off
        assert (of_subject if subject else "") == (subject or "")
        assert (of_subject in shown) is (subject is not None)
