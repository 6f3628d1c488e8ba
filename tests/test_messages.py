"""Messages: what people read."""

from __future__ import annotations

import re
from typing import Any

import markdown_it
import pytest
from selectolax.lexbor import LexborHTMLParser

from messages import catalogue
from notifier.escape import markdown, web_link
from notifier.forms import Format
from notifier.notifications import alert_message
from storage.database import Database
from storage.deliveries import unplanned_alerts
from storage.documents import document
from storage.paragraphs import anchor
from tests.messages import (
    HOSTILE,
    LONG_BRIEF,
    SITE,
    TRAINING,
    alert,
    flagged,
    many,
    visible,
)
from tests.owed import BRIEF, NEW, OLD, POLICY, START, tell
from tests.stories import passage


def test_the_subject_says_who_what_whether_it_is_on_and_from_when(
    store: Database,
) -> None:
    message = alert(store)
    assert (
        message.subject
        == "[High] Parley trains AI on your data by default from 3 Nov 2025 · Privacy Policy"
    )


def test_the_subject_is_french_for_those_who_read_french(store: Database) -> None:
    message = alert(store, "fr")
    assert message.subject == (
        "[Gravité élevée] Parley entraîne l’IA avec vos données par défaut à partir du 3 nov. 2025 · Privacy Policy"
    )


def test_the_subject_is_german_for_those_who_read_german(store: Database) -> None:
    message = alert(store, "de")
    assert message.subject == (
        "[Schweregrad hoch] Parley trainiert ab dem 3. Nov. 2025 standardmäßig KI mit Ihren Daten · Privacy Policy"
    )
    assert "Voreinstellung: aktiv, sofern Sie nicht widersprechen" in message.text


@pytest.mark.parametrize(
    ("language", "said"), [("en", "AI training"), ("fr", "entraînement d’IA")]
)
def test_a_promise_or_ban_about_training_is_not_called_training_on_data(
    store: Database, language: str, said: str
) -> None:
    passages = [flagged(None, "We never train AI with your posts.", "AI")]
    message = alert(
        store,
        language,
        passages=passages,
        brief={"severity_reasons": ["promise_gone"]},
    )
    assert message.subject.startswith(
        {"en": "[High] Parley ", "fr": "[Gravité élevée] Parley "}[language]
    )
    for text in (
        message.text,
        visible(message.html),
        message.fitted("markdown", 10**6),
    ):
        assert said in text
        assert (
            catalogue(language)(
                "headline.training", service="Parley", default="", when=""
            )
            not in text
        )


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", " (in force since 1 Oct 2025) · "),
        ("fr", " depuis le 1er oct. 2025 · "),
    ],
)
def test_a_day_that_is_past_is_not_told_as_coming(
    store: Database, language: str, said: str
) -> None:
    assert (
        said
        in alert(
            store, language, effective_date=START.date().replace(day=1)
        ).subject
    )


def test_a_heading_is_said_once_for_the_passages_under_it(store: Database) -> None:
    under = ("2. Use", "AI")
    found = [
        flagged(None, "AI", "2. Use"),
        flagged(None, "We train models with your posts.", *under),
        flagged(None, "We train others, too.", *under),
        flagged(None, "AI", "2. Use"),
    ]
    message = alert(store, passages=found)
    told = (
        "2. Use › AI\nAdded: We train models with your posts.\n\nAdded: We train others, too.\n\n"
        "2. Use\nAdded: AI\n"
    )
    assert told in message.text
    for said in (
        visible(message.html),
        message.fitted("markdown", 10**6).replace("\\", ""),
    ):
        assert (said.count("2. Use › AI"), said.count("2. Use")) == (1, 2)


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "“your posts”; “your votes”"), ("fr", "« your posts »")],
)
def test_quotations_stand_in_the_marks_of_the_language(
    store: Database, language: str, said: str
) -> None:
    quotes = [
        {"text": "your posts", "side": "after"},
        {"text": "your votes", "side": "after"},
    ]
    message = alert(store, language, brief={"data": quotes})
    for text in (
        message.text.replace("\u00a0", " "),
        visible(message.html),
        message.fitted("markdown", 10**6).replace("\u00a0", " "),
    ):
        assert said in text


def test_the_headline_quotes_the_clause_that_is_the_news(store: Database) -> None:
    meaning = "To run our services, we share your contacts with our partners for advertising, as you may have read."
    start = meaning.index("we share")
    news = {
        "clause": [start, meaning.index(", as you")],
        "claim": None,
        "notice": False,
    }
    message = alert(
        store,
        brief={
            "meaning": meaning,
            "headline": news,
            "meaning_new": [[start, start + 22]],
        },
    )
    headline = "Parley · Privacy Policy: “… we share your contacts with our partners for advertising …”"
    assert message.text.startswith(f"{headline}\n\n“To run our services, ")
    assert message.subject == f"[High] {headline} · from 3 Nov 2025"
    assert (
        ">we share your contacts</ins> with our partners for advertising …”</h1>"
        in message.html
    )


def test_a_whole_sentence_is_quoted_without_a_mark_of_omission(
    store: Database,
) -> None:
    first = "We share your contacts with our partners."
    news = {"clause": [0, len(first)], "claim": None, "notice": False}
    brief = {"meaning": f"{first} You can object.", "headline": news}
    assert alert(store, brief=brief).text.startswith(
        f"Parley · Privacy Policy: “{first}”\n"
    )


def test_the_line_that_governs_a_clause_stands_before_it(store: Database) -> None:
    text = "train AI models on the posts of others"
    brief = {
        "meaning": text,
        "lead_in": ["You must not:"],
        "headline": {"clause": [0, len(text)], "claim": None},
    }
    message = alert(store, brief=brief)
    assert message.text.startswith(
        f"Parley · Privacy Policy: You must not: “{text}”\n"
    )


@pytest.mark.parametrize(
    ("language", "headline"),
    [
        ("en", "Parley announces new terms for 3 November 2025"),
        ("fr", "Parley annonce de nouvelles conditions pour le 3 novembre 2025"),
        ("de", "Parley kündigt zum 3. November 2025 neue Bedingungen an"),
    ],
)
def test_a_notice_is_told_as_one(
    store: Database, language: str, headline: str
) -> None:
    meaning = "We are updating our terms on 3 November 2025."
    news = {"clause": [0, len(meaning)], "claim": None, "notice": True}
    message = alert(store, language, brief={"meaning": meaning, "headline": news})
    assert message.text.startswith(f"{headline}\n")
    assert meaning in message.text


def test_what_a_language_without_a_model_says_is_not_weighed(
    store: Database,
) -> None:
    message = alert(
        store,
        brief={"unlearned": True, "severity_reasons": []},
        severity="medium",
        direction="mixed",
    )
    assert message.subject.startswith("[Not classified] ")
    assert "Severity: not classified" in message.text


def test_at_most_five_rows_are_told_how_to_refuse_among_them(
    store: Database,
) -> None:
    def clause(text: str) -> list[dict[str, str]]:
        return [{"text": text, "side": "after"}]

    questions = (
        "data",
        "purposes",
        "recipients",
        "refuse",
        "excluded",
        "irreversible",
        "regions",
    )
    shown = alert(
        store,
        brief=BRIEF | {name: clause(f"clause on {name}") for name in questions},
    ).text
    assert [name for name in questions if f"clause on {name}" in shown] == [
        "data",
        "purposes",
        "refuse",
    ]
    assert "In force from 3 November 2025" in shown
    assert "Default: on unless you opt out: “unless you object”" in shown


def test_a_clause_that_answers_two_questions_is_told_once(store: Database) -> None:
    both = [{"text": "we give your age to our partners", "side": "after"}]
    shown = alert(store, brief={"data": both, "recipients": both}).text
    assert "Data · Recipients: “we give your age to our partners”" in shown


def test_until_when_people_can_object_is_a_date_of_its_own(store: Database) -> None:
    words = [{"text": "You can object until 2 November 2025", "side": "after"}]
    shown = alert(
        store, brief={"deadline": "2025-11-02", "deadline_words": words}
    ).text
    assert (
        "Object by 2 November 2025: “You can object until 2 November 2025”" in shown
    )


def test_a_headline_is_short_whatever_the_service_is_called(
    store: Database,
) -> None:
    with store.writing() as session:
        made = tell(session, ["team"])
        document(session, made.document_id).service = (
            "The Very Long Name Company " * 10
        )
        session.flush()
        message = alert_message(
            session, unplanned_alerts(session), language="en", base_url=SITE
        )
    headline = message.changes[0].headline
    assert len(headline) <= 160
    assert headline.endswith(
        "… trains AI on your data by default from 3 November 2025"
    )


def test_how_to_refuse_is_taken_from_elsewhere_on_the_page_or_said_to_be_missing(
    store: Database,
) -> None:
    elsewhere = {
        "text": "You can opt out in your settings.",
        "side": "after",
        "link": "https://parley.example/object",
    }
    brief = {"severity_reasons": ["training"], "already": [elsewhere]}
    assert (
        "Opt-out already on this page: “You can opt out"
        in alert(store, brief=brief).text
    )
    missing = alert(
        store, brief={"severity_reasons": ["training"], "default": "on"}
    ).text
    assert "How to opt out: Not stated in the change." in missing


def test_what_did_not_change_is_told_as_such_and_links_stand_with_their_words(
    store: Database,
) -> None:
    unchanged = {"text": "our partners", "side": "after", "passage": 0}
    way = {
        "text": "in your settings or by a form",
        "side": "after",
        "link": "https://parley.example/a",
        "links": [
            [8, 16, "https://parley.example/a"],
            [25, 29, "https://parley.example/b"],
        ],
    }
    data = {"text": "your posts", "side": "after", "passage": 0, "new": [[5, 10]]}
    told = alert(
        store, brief={"data": [data], "recipients": [unchanged], "refuse": [way]}
    )
    assert "Data: “your {+posts+}”" in told.text
    assert "Recipients (already on this page): “our partners”" in told.text
    assert (
        "settings (https://parley.example/a), form (https://parley.example/b)"
        in told.text
    )
    assert ">settings</a>" in told.html
    assert ">form</a>" in told.html


def test_a_return_to_an_earlier_text_is_called_one(store: Database) -> None:
    with store.writing() as session:
        returned = tell(session, ["team"])
        returned.returns_to = returned.before_id
        session.flush()
        message = alert_message(
            session, unplanned_alerts(session), language="en", base_url=SITE
        )
    assert "an earlier text is back" in message.subject
    assert "went back to an earlier text" in message.text


@pytest.mark.parametrize("form", ["text", "html", "markdown"])
@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_form_holds_what_a_reader_needs(
    store: Database, form: Format, language: str
) -> None:
    message = alert(store, language)
    body = message.fitted(form, 100_000)
    said = visible(body) if form == "html" else body.replace("\\", "")
    words = catalogue(language)
    for needed in (
        "Parley",
        "Privacy Policy",
        "Your data › Our models",
        words("topics.ai_training"),
        words("severity.high"),
        "train our writing models unless",
        "to other members",  # removed words are there too
        "your comments",
        "private messages",
        words("brief.on"),
        "3 nov" if language == "fr" else "3 Nov",
        words("say.unflagged", n=1),
    ):
        assert needed.replace("\u00a0", " ") in said.replace("\u00a0", " ")
    assert f"{SITE}/changes/1" in body
    assert f"{SITE}/documents/{POLICY}/versions/2" in body
    assert "https://parley.example/privacy" in body
    assert "https://parley.example/object" in body
    assert "Quay Street" not in body  # what is not flagged is counted, not shown
    assert ("page is in English" in said or "page est en anglais" in said) is (
        language == "fr"
    )


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("en", "1 more passage changed."),
        ("fr", "1 autre passage a changé."),
        ("de", "1 weitere Stelle hat sich geändert."),
    ],
)
def test_what_is_not_flagged_is_counted_and_called_nothing_else(
    store: Database, language: str, line: str
) -> None:
    assert line in alert(store, language).text.splitlines()


def test_a_passage_links_to_its_block_in_the_version_that_has_it(
    store: Database,
) -> None:
    message = alert(
        store,
        passages=[
            flagged(None, NEW, "Our models"),
            flagged(OLD, None, "Your data"),
        ],
    )
    version = f"{SITE}/documents/{POLICY}/versions"
    came, gone = f"{version}/2#{anchor(NEW)}", f"{version}/1#{anchor(OLD)}"
    links = [
        node.attributes["href"] or ""
        for node in LexborHTMLParser(message.html).css("a")
    ]
    assert [link for link in links if "#" in link] == [came, gone, came]
    assert f"({came})\n" in message.text, "the page as stored, at the news"


def test_removed_and_added_words_are_marked_in_each_form(store: Database) -> None:
    message = alert(
        store,
        passages=[flagged("We never sell your data.", "We always sell your data.")],
    )
    assert "We [-never-] {+always+} sell your data." in message.text
    page = LexborHTMLParser(message.html)
    assert [node.text() for node in page.css("del")] == ["never"]
    assert [node.text() for node in page.css("ins")] == ["always"]
    assert all(node.attributes["style"] for node in page.css("ins, del"))
    rendered = (
        markdown_it.MarkdownIt()
        .enable("strikethrough")
        .render(message.fitted("markdown", 10**6))
    )
    assert "<s>never</s>" in rendered
    assert "<strong>always</strong>" in rendered


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("We use data.", "We use data, posts and comments."),
        ("Opt-in only", "Opt-out only"),
        ("a b c", "a (b) c"),
    ],
)
def test_marked_words_are_marked_in_markdown_wherever_they_stand(
    store: Database, before: str, after: str
) -> None:
    message = alert(store, passages=[flagged(before, after)])
    rendered = (
        markdown_it.MarkdownIt()
        .enable("strikethrough")
        .render(message.fitted("markdown", 10**6))
    )
    changed = rendered.partition("Reworded")[2]
    assert "**" not in changed
    assert "~~" not in changed
    assert "<strong>" in changed


def test_a_new_passage_is_shown_without_marks_all_over_it(store: Database) -> None:
    message = alert(
        store, passages=[flagged(None, "We train AI with your posts.", "AI")]
    )
    assert "Added: We train AI with your posts." in message.text
    assert "<ins" in message.html


def test_moved_text_is_shown_as_moved(store: Database) -> None:
    moved = passage(
        ["AI"], "We train AI.", "We train AI.", evidence=TRAINING, operation="moved"
    )
    assert "Moved: We train AI." in alert(store, passages=[moved]).text


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("place", ["passage", "heading", "brief", "title"])
def test_words_of_a_page_are_shown_and_never_obeyed(
    store: Database, hostile: str, place: str
) -> None:
    facts: dict[str, Any] = {
        "passages": [flagged(None, f"Data {hostile} end.", "AI")]
    }
    if place == "heading":
        facts["passages"] = [flagged(None, "Data end.", hostile)]
    if place == "brief":
        facts["brief"] = {
            "meaning": hostile,
            "data": [{"text": hostile, "side": "after"}],
        }
    with store.writing() as session:
        made = tell(session, ["team"], **facts)
        if place == "title":
            document(session, made.document_id).title = hostile
            session.flush()
        message = alert_message(
            session, unplanned_alerts(session), language="en", base_url=SITE
        )
    for form in ("text", "html", "markdown"):
        body = message.fitted(form, 100_000)  # type: ignore[arg-type]
        assert not re.search(
            "[\x00-\x09\x0b-\x1f\x7f\u061c\u200e\u202a-\u202e\u2066-\u2069\ufeff\U000e0041]",
            body,
        )
    rendered = markdown_it.MarkdownIt("commonmark").render(
        message.fitted("markdown", 10**6)
    )
    for html in (message.html, rendered):
        page = LexborHTMLParser(html)
        assert not page.css("script, img, code, blockquote, ol")
        assert not [
            a for a in page.css("a") if "evil" in (a.attributes.get("href") or "")
        ]
    cleaned = " ".join(
        re.sub(
            "[\x00-\x1f\u061c\u200e\u202e\u2066\ufeff\U000e0041]", " ", hostile
        ).split()
    )
    shown = visible(message.html).replace("\u200b", "")
    assert re.sub(r"\s", "", cleaned) in re.sub(r"\s", "", shown)
    assert re.sub(r"\s", "", cleaned) in re.sub(
        r"[\s\u200a]", "", visible(rendered)
    )
    assert "\n" not in message.subject
    assert "\r" not in message.subject


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "//evil.example",
        "ftp://x.example/",
        "http://[bad",
        "/relative",
    ],
)
def test_a_link_that_leads_elsewhere_than_the_web_is_words_only(
    store: Database, link: str
) -> None:
    brief = {"refuse": [{"text": "switch it off", "side": "after", "link": link}]}
    message = alert(store, brief=brief)
    for body in (message.text, message.html, message.fitted("markdown", 10**6)):
        assert "switch it off" in body
        assert link not in body


def test_a_notice_says_where_more_is_said(store: Database) -> None:
    more = {
        "text": "See what is coming",
        "side": "after",
        "link": "https://parley.example/updates",
    }
    message = alert(store, brief={"notice_links": [more]})
    assert (
        "More information: “See what is coming” (https://parley.example/updates)"
        in message.text
    )
    assert 'href="https://parley.example/updates"' in message.html


def test_a_link_leads_to_a_page_or_to_a_letter_and_runs_nothing() -> None:
    assert (
        web_link("mailto:privacy@parley.example") == "mailto:privacy@parley.example"
    )
    assert web_link("javascript:alert(1)//@parley.example") is None
    assert web_link("mailto:\u202eparley") is None


def test_a_link_cannot_break_out_of_its_markdown() -> None:
    assert web_link("https://x.example/a) [b](https://evil.example") == (
        "https://x.example/a%29%20%5Bb%5D%28https://evil.example"
    )


def test_a_chat_is_not_called_together_by_a_policy() -> None:
    assert "@everyone" not in markdown("Tell @everyone and @here")
    assert "privacy@parley.example" in markdown("Write to privacy@parley.example")


@pytest.mark.parametrize("form", ["text", "html", "markdown"])
@pytest.mark.parametrize("length", [80, 160, 499, 500, 1000, 2000, 4096, 32768])
def test_a_message_fits_into_its_channel_and_leads_to_the_whole(
    store: Database, form: Format, length: int
) -> None:
    message = alert(store, passages=many(40))
    body = message.fitted(form, length)
    assert len(body) <= length
    assert f"{SITE}/changes/1" in body


@pytest.mark.parametrize("form", ["text", "html", "markdown"])
def test_the_passage_of_the_meaning_comes_first_then_the_gravest_sections(
    store: Database, form: Format
) -> None:
    found = [
        flagged(None, "A is low.", "Part 1"),
        flagged(None, "B is medium.", "Part 2"),
        flagged(None, "C is low.", "Part 3"),
        flagged(None, "D is the news.", "Part 3"),
        flagged(None, "E is high.", "Part 4"),
    ]
    for number, (one, severity) in enumerate(
        zip(found, ("low", "medium", "low", "low", "high"), strict=True)
    ):
        one.position, one.severity = number, severity
    shown = alert(
        store, passages=found, brief={"meaning": "news", "place": 3}
    ).fitted(form, 10**6)
    order = ["D is the news", "E is high", "B is medium", "C is low", "A is low"]
    assert sorted(order, key=shown.index) == order


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("form", ["text", "markdown", "discord", "slack", "tags"])
def test_a_short_message_keeps_the_meaning_the_default_and_how_to_refuse(
    store: Database, form: Format, language: str
) -> None:
    message = alert(store, language, passages=many(20, 300), brief=LONG_BRIEF)
    words = catalogue(language)
    short, whole = message.fitted(form, 1024), message.fitted(form, 10**6)
    for needed in (
        "train our models",
        words("brief.on"),
        "object in the settings",
        "3 nov" if language == "fr" else "3 Nov",
    ):
        assert needed in short
    assert "a very long kind" in whole
    assert "a very long kind" not in short


def test_a_message_is_cut_where_a_passage_ends(store: Database) -> None:
    body = alert(store, passages=many(40)).fitted("text", 4096)
    shown = body.count("starts.")
    assert 5 < shown < 40
    assert body.count("ends.") == shown
    assert f"{40 - shown} more passages about this do not fit here." in body


def test_html_stays_whole_when_it_is_cut(store: Database) -> None:
    body = alert(store, passages=many(40)).fitted("html", 6000)
    assert body.rstrip().endswith("</html>")
    assert body.count("<div") == body.count("</div>")


def test_a_long_passage_keeps_its_changed_words_and_loses_the_others(
    store: Database,
) -> None:
    around = " ".join(["unchanged"] * 300)
    message = alert(
        store,
        passages=[flagged(f"{around} never {around}", f"{around} always {around}")],
    )
    assert "[-never-] {+always+}" in message.text
    assert len(message.text) < 2000
    assert "…" in message.text


def test_a_word_without_end_does_no_harm(store: Database) -> None:
    message = alert(store, passages=[flagged(None, "x" * 50_000)])
    assert len(message.fitted("text", 2000)) <= 2000
    assert len(message.html) < 10_000
    assert "overflow-wrap:anywhere" in message.html


def test_without_a_site_the_message_leads_to_the_page_itself(
    store: Database,
) -> None:
    assert "/changes/" not in alert(store, base_url=None).text


def test_several_routes_are_named(store: Database) -> None:
    with store.writing() as session:
        tell(session, ["team", "all"])
        message = alert_message(
            session, unplanned_alerts(session), language="en", base_url=SITE
        )
    assert "Sent for: all, team" in message.text


def test_the_document_is_known_to_whoever_threads_messages(store: Database) -> None:
    assert alert(store).thread == POLICY


@pytest.mark.parametrize("form", ["text", "html", "markdown"])
@pytest.mark.parametrize(
    ("language", "told"),
    [("en", "Added, in 3 places"), ("fr", "Ajouté, à 3 endroits")],
)
def test_what_is_said_in_several_places_is_told_once(
    store: Database, form: Format, language: str, told: str
) -> None:
    passages = [
        flagged(None, "We train our models.", land)
        for land in ("Spain", "France", "Italy")
    ]
    shown = alert(store, language, passages=passages).fitted(form, 100_000)
    assert told in shown
    assert re.sub(r"<[^>]+>|[{}+*]", "", shown).count("We train our models.") == 1
