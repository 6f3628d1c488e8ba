"""What the summary promises whatever was learnt: it quotes, and it quotes what the change says."""

from __future__ import annotations

import pytest

from analysis.classify.summary import _fit, excerpt_of, summarize
from analysis.classify.tagger import Span
from analysis.diff import passages
from analysis.diff.wording import wording
from analysis.extract import read_page
from analysis.model import QUESTIONS, Block, Brief, Link, Page, Passage
from analysis.text.word_lists import word_lists

POLICY = """# Privacy Policy

## How we use your data

We use your email address to answer your questions.

{news}

## Contact

Write to us at privacy@example.org.
"""
TRAINING = (
    "Starting today, we will use your profile data, posts and comments to train our generative AI models by default. "
    "You can opt out at any time in [your settings](https://example.org/ai). "
    "Members in the EEA, the UK and Switzerland are not affected. "
    "Opting out does not affect training that has already taken place."
)


def page(news: str) -> Page:
    return read_page(POLICY.format(news=news).encode(), mime="text/markdown", language="en")


def summary(before: Page, after: Page) -> tuple[Brief, tuple[Passage, ...]]:
    found = passages(before, after)
    return summarize(found, [wording(passage).sentences for passage in found], before, after), found


def quoted(brief: Brief, question: str) -> str:
    return " / ".join(quote.text for quote in getattr(brief, question))


def test_a_new_practice_answers_the_questions() -> None:
    brief, _ = summary(page(""), page(TRAINING))
    assert "profile data" in quoted(brief, "data")
    assert "train our generative AI models" in quoted(brief, "purposes")
    assert "EEA" in quoted(brief, "regions") + quoted(brief, "excluded")
    assert "already taken place" in quoted(brief, "irreversible")
    assert brief.default == "on"
    assert brief.meaning is not None
    assert brief.meaning.startswith("Starting today, we will use your profile data")
    assert [quote.link for quote in brief.refuse if "settings" in quote.text] == ["https://example.org/ai"]


@pytest.mark.parametrize(
    ("before", "after"), [("", TRAINING), (TRAINING, ""), (TRAINING, TRAINING.replace("posts", "photos"))]
)
def test_every_quotation_stands_verbatim_in_a_changed_passage(before: str, after: str) -> None:
    brief, found = summary(page(before), page(after))
    quotes = [quote for question in QUESTIONS for quote in getattr(brief, question)]
    assert quotes
    for quote in quotes:
        assert any(quote.text in passage.texts[quote.side] for passage in found)
        assert "\n" not in quote.text


def test_no_quotation_goes_across_a_bullet() -> None:
    news = "We collect your name * your email address * your phone number * photos that you upload to train our AI."
    brief, _ = summary(page(""), page(news))
    assert brief.data
    assert "*" not in "".join(quoted(brief, question) for question in QUESTIONS)


def test_nothing_is_answered_where_nothing_changed() -> None:
    brief, _ = summary(page(TRAINING), page(TRAINING))
    assert brief == Brief()


@pytest.mark.parametrize("news", ["Cookies", "Cookies and pixels", "We use cookies and pixels"])
def test_a_change_of_a_few_words_has_a_summary(news: str) -> None:
    before, after = (Page("", "en", tuple(Block("paragraph", text) for text in texts)) for texts in ((), (news,)))
    assert summary(before, after)[0].refuse == ()


def test_the_same_change_has_the_same_summary() -> None:
    assert summary(page(""), page(TRAINING)) == summary(page(""), page(TRAINING))


def test_a_denial_is_no_practice() -> None:
    brief, _ = summary(page(""), page("We do not sell your data to advertisers."))
    assert brief.recipients == ()
    assert brief.purposes == ()


def test_of_two_links_with_the_same_words_the_quoted_one_is_given() -> None:
    text = "To read how cookies work, click here. To opt out of targeted advertising, click here."
    links = (
        Link("click here", "https://example.org/cookies", 26),
        Link("click here", "https://example.org/opt-out", 74),
    )
    before = Page("Privacy", "en", (Block("paragraph", "We show advertising."),))
    after = Page("Privacy", "en", (*before.blocks, Block("paragraph", text, links=links)))
    brief, _ = summary(before, after)
    assert [quote.link for quote in brief.refuse if "opt out" in quote.text] == ["https://example.org/opt-out"]


def refusing(news: str) -> list[str | None]:
    return [quote.link for quote in summary(page(""), page(news))[0].refuse if "opt out" in quote.text]


def test_the_link_is_the_one_on_the_quoted_words_not_an_earlier_one_like_it() -> None:
    first = "We use your posts to train AI. Your settings and [settings](https://example.org/all) are yours. "
    assert refusing(first + "You can opt out of this at any time in your [settings](https://example.org/ai).") == [
        "https://example.org/ai"
    ]


def test_two_ways_to_refuse_in_the_same_words_are_two() -> None:
    ways = "We use your posts to train AI. You can [opt out here](https://example.org/{}). "
    news = ways.format("ai") + "We show you ads. You can [opt out here](https://example.org/ads)."
    assert {"https://example.org/ai", "https://example.org/ads"} <= {*refusing(news)}


def test_no_quotation_is_made_of_small_words_alone() -> None:
    text = "You may object to this, and to that, or to any of these, if you are in the EEA."
    brief, _ = summary(page(""), page(f"We train AI with your posts. {text}"))
    small = word_lists().function | word_lists().empty
    for quote in (quote for question in QUESTIONS for quote in getattr(brief, question)):
        assert not {*quote.text.lower().split()} <= small, quote.text


def test_a_single_word_is_no_exclusion() -> None:
    passage = Passage((), "added", None, "We show ads by your location and interests.")
    single = Span("excluded", 0, "after", 33, 42, 1.0)
    assert _fit(single, [passage], (), " ", "en") is None
    assert _fit(single._replace(question="data"), [passage], (), " ", "en") == single._replace(question="data")


def test_what_stands_there_still_is_not_gone() -> None:
    text = "We share information about your device (e.g., as ID, IP address, browser) with our partners for ads."
    brief, _ = summary(page(text), page(text.replace("as ID", "ad ID")))
    assert [quote for question in QUESTIONS for quote in getattr(brief, question) if quote.side == "before"] == []


def test_new_words_of_a_quotation_are_marked_and_a_denial_keeps_its_purpose() -> None:
    before = "We use your posts to show them to others."
    brief, _ = summary(page(before), page(before.replace("posts", "posts and comments")))
    marked = [quote.text[start:end] for quote in brief.data for start, end in quote.new]
    assert any("comments" in words for words in marked)
    assert not any("posts" in words for words in marked)
    denial = "We do not use any of your audio, video or chat content to train our artificial intelligence models."
    brief, _ = summary(page(""), page(denial))
    assert brief.excluded
    assert all((quote.text + quote.rest).endswith("intelligence models") for quote in brief.excluded)


@pytest.mark.parametrize("language", ["fr", "es", "de", "ja"])
def test_other_languages_are_read(language: str) -> None:
    news = {
        "fr": "Nous partageons votre adresse e-mail avec nos partenaires publicitaires.",
        "es": "Compartimos su dirección de correo con nuestros socios.",
        "de": "Wir geben Ihre E-Mail-Adresse an unsere Werbepartner weiter.",
        "ja": "当社は、お客様のメールアドレスを広告パートナーと共有します。",
    }[language]
    brief, found = summary(page(""), page(news))
    assert all(quote.text in found[0].text for question in QUESTIONS for quote in getattr(brief, question))


def test_a_long_headline_keeps_the_purpose_of_a_denial() -> None:
    text = f"We do not use any of your audio, {'or any other recording that you make with us, ' * 8}to train AI models."
    assert excerpt_of(text, Span("purposes", 0, "after", 0, len(text), 1.0)) is None


def test_a_long_headline_ends_with_a_clause() -> None:
    first = "We share your contacts with our partners for advertising"
    text = f"{first}; {'this is explained in more detail below, ' * 8}too."
    headline = excerpt_of(text, Span("recipients", 0, "after", 0, len(text), 1.0))
    assert headline is not None
    assert headline.startswith(first)
    assert headline.endswith("…")
    assert len(headline) <= 320
