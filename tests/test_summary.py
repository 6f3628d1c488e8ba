"""What the summary promises whatever was learnt: it quotes, and it quotes what the change says."""

from __future__ import annotations

from datetime import date

import pytest

from analysis.classify.clauses import LONGEST, MOST, cut
from analysis.compare import compare
from analysis.diff.wording import ChangedSentence
from analysis.extract import read_page
from analysis.model import Block, Brief, Comparison, Link, Page, Passage
from analysis.text.normal import fingerprint
from analysis.text.word_lists import word_lists
from foundation.vocabulary import QUESTIONS

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


KEPT = "We keep your name as long as you have an account with us."


def page(news: str) -> Page:
    return read_page(
        POLICY.format(news=news).encode(), mime="text/markdown", language="en"
    )


def summary(before: Page, after: Page) -> tuple[Brief, tuple[Passage, ...]]:
    comparison = compare(before, after, trusted=True)
    return comparison.brief, comparison.passages


def quoted(brief: Brief, question: str) -> str:
    return " / ".join(quote.text for quote in getattr(brief, question))


@pytest.mark.parametrize(
    ("news", "way"),
    [
        (
            "From 3 November 2025 we use your profile, your posts and the comments that you write to train our generative "
            "AI models, unless you turn this off under Settings > Privacy > AI training.",
            "unless you turn this off under Settings > Privacy > AI training",
        ),
        (
            "À partir du 3 novembre 2025, nous utilisons votre profil, vos publications et vos commentaires pour entraîner "
            "nos modèles d’intelligence artificielle, sauf si vous désactivez ce réglage dans Préférences > Données.",
            "sauf si vous désactivez ce réglage dans Préférences > Données",
        ),
    ],
)
def test_a_way_to_refuse_in_the_sentence_of_the_practice_is_quoted(
    news: str, way: str
) -> None:
    brief, _ = summary(page(""), page(news))
    assert way in quoted(brief, "default_words")
    assert way in quoted(brief, "refuse")


def test_that_something_is_on_does_not_say_how_to_refuse_it() -> None:
    news = "We use your posts to train our AI models. This use is enabled by default, for our legitimate interest."
    brief, _ = summary(page(""), page(news))
    assert brief.default == "on"
    assert not brief.refuse


def test_a_new_practice_answers_the_questions() -> None:
    brief, _ = summary(page(""), page(TRAINING))
    assert "profile data" in quoted(brief, "data")
    assert "train our generative AI models" in quoted(brief, "purposes")
    assert "EEA" in quoted(brief, "regions") + quoted(brief, "excluded")
    assert "already taken place" in quoted(brief, "irreversible")
    assert brief.default == "on"
    assert [
        quote.text
        for quote in brief.default_words
        if "opt out" in quote.text or "by default" in quote.text
    ]
    assert "we will use your profile data" in clause(brief)
    assert brief.headline
    assert brief.headline.claim == "training"
    assert [quote.link for quote in brief.refuse if "settings" in quote.text] == [
        "https://example.org/ai"
    ]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", TRAINING),
        (TRAINING, ""),
        (TRAINING, TRAINING.replace("posts", "photos")),
    ],
)
def test_every_quotation_stands_verbatim_in_a_changed_passage(
    before: str, after: str
) -> None:
    brief, found = summary(page(before), page(after))
    quotes = [quote for question in QUESTIONS for quote in getattr(brief, question)]
    assert quotes
    for quote in quotes:
        assert any(quote.text in passage.texts[quote.side] for passage in found)
        assert "\n" not in quote.text


def clause(brief: Brief) -> str:
    assert brief.headline
    return brief.headline.quotation.text[slice(*brief.headline.clause)]


def test_no_quotation_goes_across_a_bullet() -> None:
    news = "We collect your name * your email address * your phone number * photos that you upload to train our AI."
    brief, _ = summary(page(""), page(news))
    assert brief.data
    assert "*" not in "".join(quoted(brief, question) for question in QUESTIONS)


CHOICES = """<main><h1>Privacy Policy</h1><p>We use your email address to answer your questions.</p>
<p>In your settings you can:<br>turn off ads that are based on your profile{};<br>download a copy of your data</p>
<p>You must not:<br>- sell the data of other members<br>- scrape their profiles{}</p></main>"""


def test_lines_of_a_list_by_breaks_are_items_of_their_own() -> None:
    before = read_page(CHOICES.format("", "").encode())
    after = read_page(
        CHOICES.format(
            ";<br>object to the training of our AI models with your posts",
            "<br>- use their posts to train AI models",
        ).encode()
    )
    comparison = compare(before, after, language="en")
    assert [
        (each.lead_in, each.before, each.after) for each in comparison.passages
    ] == [
        (
            ("In your settings you can:",),
            None,
            "object to the training of our AI models with your posts;",
        ),
        (("You must not:",), None, "- use their posts to train AI models"),
    ]
    headline = comparison.brief.headline
    assert headline is not None
    assert headline.claim is None
    assert (headline.quotation.text, headline.quotation.lead_in) == (
        "object to the training of our AI models with your posts",
        ("In your settings you can:",),
    )


def test_where_lines_break_is_no_change() -> None:
    page = CHOICES.format("", "").replace("<br>- ", "<br>")
    pages = [read_page(each.encode()) for each in (page.replace("<br>", " "), page)]
    assert [len(each.blocks) for each in pages] == [4, 8]
    assert fingerprint(pages[0].blocks) == fingerprint(pages[1].blocks)
    assert compare(*pages, language="en") == Comparison(substantive=False)


def test_lines_of_markdown_with_a_break_at_their_end_are_items_too() -> None:
    text = (
        "# Policy\n\nYou may:  \nread [our rules](https://lake.example/rules);\\\n"
        "ask us<br>- leave.\n\nYou may write to  \nour [office](https://lake.example/o).\n\n"
        "Our  \naddress  \n-------\n"
    )
    blocks = read_page(text.encode(), mime="text/markdown").blocks
    assert [(block.kind, block.text) for block in blocks[1:]] == [
        ("paragraph", "You may:"),
        ("item", "read our rules;"),
        ("item", "ask us"),
        ("item", "- leave."),
        ("paragraph", "You may write to our office."),
        ("heading", "Our address"),
    ]
    assert [link.at for block in blocks for link in block.links] == [5, 21]


def test_lines_that_only_wrap_a_sentence_are_one() -> None:
    wrapped = "<p>We share your data with<br>our partners in advertising.<br>They may not sell it.</p>"
    assert [block.text for block in read_page(wrapped.encode()).blocks] == [
        "We share your data with our partners in advertising. They may not sell it."
    ]


def test_nothing_is_answered_where_nothing_changed() -> None:
    brief, _ = summary(page(TRAINING), page(TRAINING))
    assert brief == Brief()


@pytest.mark.parametrize(
    "news", ["Cookies", "Cookies and pixels", "We use cookies and pixels"]
)
def test_a_change_of_a_few_words_has_a_summary(news: str) -> None:
    before, after = (
        Page("", "en", tuple(Block("paragraph", text) for text in texts))
        for texts in ((), (news,))
    )
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
    after = Page(
        "Privacy", "en", (*before.blocks, Block("paragraph", text, links=links))
    )
    brief, _ = summary(before, after)
    assert [quote.link for quote in brief.refuse if "opt out" in quote.text] == [
        "https://example.org/opt-out"
    ]


def refusing(news: str) -> list[str | None]:
    return [
        quote.link
        for quote in summary(page(""), page(news))[0].refuse
        if "opt out" in quote.text
    ]


def test_the_link_is_the_one_on_the_quoted_words_not_an_earlier_one_like_it() -> (
    None
):
    first = "We use your posts to train AI. Your settings and [settings](https://example.org/all) are yours. "
    assert refusing(
        first
        + "You can opt out of this at any time in your [settings](https://example.org/ai)."
    ) == ["https://example.org/ai"]


def test_no_quotation_is_made_of_small_words_alone() -> None:
    text = "You may object to this, and to that, or to any of these, if you are in the EEA."
    brief, _ = summary(page(""), page(f"We train AI with your posts. {text}"))
    small = word_lists().function | word_lists().empty
    for quote in (
        quote for question in QUESTIONS for quote in getattr(brief, question)
    ):
        assert not {*quote.text.lower().split()} <= small, quote.text


def test_what_stands_there_still_is_not_gone() -> None:
    text = "We share information about your device (e.g., as ID, IP address, browser) with our partners for ads."
    brief, _ = summary(page(text), page(text.replace("as ID", "ad ID")))
    assert [
        quote
        for question in QUESTIONS
        for quote in getattr(brief, question)
        if quote.side == "before"
    ] == []


def test_new_words_of_a_quotation_are_marked() -> None:
    before = "We use your posts to show them to others."
    brief, _ = summary(
        page(before),
        page(before.replace("posts", "posts and photos of your children")),
    )
    assert brief.headline
    quotation = brief.headline.quotation
    marked = " ".join(quotation.text[start:end] for start, end in quotation.new)
    assert "children" in marked
    assert "posts" not in marked


@pytest.mark.parametrize("language", ["fr", "es", "de", "ja"])
def test_other_languages_are_read(language: str) -> None:
    news = {
        "fr": "Nous partageons votre adresse e-mail avec nos partenaires publicitaires.",
        "es": "Compartimos su dirección de correo con nuestros socios.",
        "de": "Wir geben Ihre E-Mail-Adresse an unsere Werbepartner weiter.",
        "ja": "当社は、お客様のメールアドレスを広告パートナーと共有します。",
    }[language]
    brief, found = summary(page(""), page(news))
    assert all(
        quote.text in found[0].text
        for question in QUESTIONS
        for quote in getattr(brief, question)
    )


def whole(text: str) -> ChangedSentence:
    return ChangedSentence("after", 0, len(text), ((0, len(text)),), whole=True)


def test_a_long_clause_never_loses_the_denial_before_it() -> None:
    text = f"We do not use any of your audio, {'or any other recording that you make with us, ' * 4}to train AI models."
    ends = cut(text, whole(text))
    assert ends is not None
    assert "do not" in text[slice(*ends)]


def test_a_long_sentence_is_cut_at_the_borders_of_its_clauses() -> None:
    first = "We share your contacts with our partners for advertising"
    text = f"{first}; {'this is explained in more detail below, ' * 8}too."
    ends = cut(
        text, ChangedSentence("after", 0, len(text), ((0, 20),), whole=False)
    )
    assert ends is not None
    assert text[slice(*ends)].startswith(first)
    assert len(text[slice(*ends)]) <= MOST


def test_a_clause_of_three_hundred_words_is_quoted_in_part() -> None:
    text = f"We share {'your data and ' * 150}more."
    ends = cut(text, whole(text))
    assert ends is not None
    assert ends[1] - ends[0] <= MOST
    assert text[slice(*ends)].endswith("data")  # not "and", nor "your"


LIST = """# Terms

## Rules

{lead_in}

* {first}
* {second}
"""


def listed(lead_in: str, *items: str) -> Page:
    first, second = items
    text = LIST.format(lead_in=lead_in, first=first, second=second)
    return read_page(text.encode(), mime="text/markdown", language="en")


def test_what_a_list_forbids_its_readers_is_nothing_that_the_service_does() -> None:
    lead_in, old, new = (
        "You must not:",
        "sell the service",
        "use your content or the data of others to train AI models",
    )
    comparison = compare(
        listed(lead_in, old, "copy it"), listed(lead_in, old, new), trusted=True
    )
    assert {passage.lead_in for passage in comparison.passages} == {(lead_in,)}
    assert comparison.severity != "high"
    assert comparison.brief.headline
    assert comparison.brief.headline.claim is None
    assert comparison.brief.headline.quotation.lead_in == (lead_in,)


def test_a_heading_on_duties_says_that_its_readers_act() -> None:
    before, after = (
        read_page(
            f"# Terms\n\n## Prohibited uses\n\n{text}".encode(),
            mime="text/markdown",
            language="en",
        )
        for text in (
            "Selling the service.",
            "Selling the service.\n\nYour content is used to train AI models.",
        )
    )
    comparison = compare(before, after, trusted=True)
    assert all(
        headline.claim is None
        for headline in [comparison.brief.headline]
        if headline
    )
    assert "training" not in comparison.brief.severity_reasons


def test_what_a_list_does_with_data_is_what_the_service_does() -> None:
    lead_in, old, new = (
        "We use your data to:",
        "answer you",
        "train our generative AI models",
    )
    comparison = compare(
        listed(lead_in, old, "bill you"), listed(lead_in, old, new), trusted=True
    )
    assert comparison.alert
    assert comparison.brief.headline
    assert comparison.brief.headline.quotation.lead_in == (lead_in,)


def test_a_negation_governs_from_two_levels_above() -> None:
    blocks = (
        Block("paragraph", "We do not use your personal data for:"),
        Block("item", "purposes of others, such as:"),
        Block("item", "train AI models on your posts"),
    )
    comparison = compare(
        Page("Privacy", "en", blocks[:2]),
        Page("Privacy", "en", blocks),
        trusted=True,
    )
    assert comparison.passages[0].lead_in == (blocks[0].text, blocks[1].text)
    assert comparison.severity != "high"


def test_paragraphs_with_numbers_of_sections_go_on_with_what_forbids_them() -> None:
    lead_in = "4.2 Limits. In addition, members will not do any of the following:"
    new = "4.2.2 use answers of the assistant to train any machine learning model;"
    blocks = [
        Block("paragraph", text)
        for text in (
            lead_in,
            "4.2.1 take the answers apart;",
            new,
            "4.3 Fees. We train AI models on your posts.",
        )
    ]
    comparison = compare(
        Page("Terms", "en", tuple(blocks[:2])),
        Page("Terms", "en", tuple(blocks)),
        trusted=True,
    )
    by_text = {passage.after: passage.lead_in for passage in comparison.passages}
    assert by_text == {
        new: (lead_in.removeprefix("4.2 Limits. "),),
        blocks[3].text: (),
    }


def test_a_numbered_part_of_a_sentence_is_quoted_with_what_forbids_it() -> None:
    old = (
        "Welcome. Members will not (i) break into the site, or try it by any means whatever that may be; (ii) burden "
        "it more than a person would who reads it"
    )
    new = "(iii) use any text of the site to train generative AI models"
    headline = compare(
        page(f"{old}."), page(f"{old}; {new}."), trusted=True
    ).brief.headline
    assert headline
    assert new in headline.quotation.text
    assert headline.quotation.lead_in == ("Members will not",)


def test_a_condition_is_not_quoted_without_what_follows_from_it() -> None:
    condition = "While we do not share what you read, whom you write to, or what you search for with advertisers"
    news = (
        "we may share your number in our advertising system and what we think you would like to buy with them, so "
        "that they can show you more fitting advertisements."
    )
    headline = compare(
        page("We keep your name."),
        page(f"We keep your name. {condition}, {news}"),
        trusted=True,
    ).brief.headline
    assert headline
    clause = headline.quotation.text[slice(*headline.clause)]
    assert clause.startswith("While") == ("we may share your number" in clause)


def test_a_list_of_four_hundred_items_has_one_lead_in() -> None:
    items = tuple(
        Block("item", f"the name of partner number {number}")
        for number in range(400)
    )
    lead_in = Block("paragraph", "We share your data with:")
    comparison = compare(
        Page("Privacy", "en", (lead_in,)),
        Page("Privacy", "en", (lead_in, *items)),
        trusted=True,
    )
    assert {passage.lead_in for passage in comparison.passages} == {(lead_in.text,)}


def test_a_row_is_governed_by_the_row_of_headers() -> None:
    rows = [
        Block("row", text)
        for text in (
            "Data | Purpose",
            "Name | Billing",
            "Posts | Training of our AI models",
        )
    ]
    comparison = compare(
        Page("Privacy", "en", (*rows[:2],)),
        Page("Privacy", "en", (*rows,)),
        trusted=True,
    )
    assert comparison.passages[0].lead_in == ("Data | Purpose",)


def test_a_heading_alone_is_no_news() -> None:
    text = "# Privacy\n\n{}We keep your name.\n"
    before, after = (
        read_page(text.format(title).encode(), mime="text/markdown", language="en")
        for title in ("", "## How we use artificial intelligence and your data\n\n")
    )
    assert not compare(before, after, trusted=True).alert


def test_a_block_that_is_replaced_by_its_translation_is_no_news() -> None:
    news = (
        "Nous partageons votre adresse et vos messages avec nos partenaires pour la publicité ciblée et pour "
        "entraîner des modèles d’intelligence artificielle."
    )
    assert not compare(
        page("We share your address with our partners."),
        page(news),
        language="en",
        trusted=True,
    ).alert


def test_a_name_that_stands_on_the_page_already_is_no_news_of_ai() -> None:
    known = (
        "Limitless AI sells umbrellas. Write to Limitless AI if yours is broken."
    )
    comparison = compare(
        page(known),
        page(f"{known} Limitless AI has moved to Quay Street."),
        trusted=True,
    )
    assert "ai_features" not in comparison.topics
    assert not comparison.alert


def test_a_language_without_a_model_is_quoted_and_nothing_is_claimed() -> None:
    news = "Vendemos sus datos a nuestros socios y, por defecto, entrenamos con ellos nuestros modelos de IA."
    before, after = (Page("Privacidad", "es", tuple(Block("paragraph", text) for text in texts))
                     for texts in (("Buenos días.",), ("Buenos días.", news)))  # fmt: skip
    comparison = compare(before, after, trusted=True)
    assert not comparison.is_classified
    assert comparison.brief.headline
    assert comparison.brief.headline.quotation.text == news
    assert comparison.brief.headline.claim is None
    assert comparison.brief.default is None
    assert all(getattr(comparison.brief, question) == () for question in QUESTIONS)


def test_until_when_people_can_object_is_told_with_the_words_that_say_it() -> None:
    news = f"{TRAINING} You can opt out in your settings until 2 November 2031."
    brief, _ = summary(page(""), page(news))
    assert brief.deadline == date(2031, 11, 2)
    assert "until 2 November 2031" in brief.deadline_words[0].text


def test_a_quotation_never_spans_two_blocks_and_is_bounded() -> None:
    news = TRAINING.replace(". ", ".\n\n")
    brief, _ = summary(page(""), page(news))
    blocks = [block.text for block in page(news).blocks]
    assert brief.headline
    quotes = [
        brief.headline.quotation,
        *(quote for question in QUESTIONS for quote in getattr(brief, question)),
    ]
    assert all(any(quote.text in text for text in blocks) for quote in quotes)
    assert all(len(quote.text) <= LONGEST for quote in quotes)


def test_what_only_goes_is_quoted_from_the_earlier_text() -> None:
    promise = "We never sell your personal data to advertisers or data brokers."
    comparison = compare(page(f"{KEPT} {promise}"), page(KEPT), trusted=True)
    assert comparison.brief.headline
    assert comparison.brief.headline.claim is None
    assert comparison.brief.headline.quotation.side == "before"
    assert promise in comparison.brief.headline.quotation.text


def test_quotation_marks_inside_a_quotation_stay_in_it() -> None:
    news = (
        'We use what you call "private" messages to train our AI models (“Muse”).'
    )
    comparison = compare(page(KEPT), page(f"{KEPT} {news}"), trusted=True)
    assert comparison.brief.headline
    assert news in comparison.brief.headline.quotation.text


def test_news_in_the_second_language_of_a_page_is_quoted_in_that() -> None:
    both = f"{KEPT}\n\nNous conservons vos données tant que vous avez un compte chez nous."
    news = "Nous utilisons vos messages pour entraîner nos modèles d’intelligence artificielle."
    comparison = compare(page(both), page(f"{both} {news}"), trusted=True)
    assert comparison.alert
    assert comparison.brief.headline
    assert news in comparison.brief.headline.quotation.text


def test_a_text_from_right_to_left_is_quoted_and_nothing_is_claimed() -> None:
    kept, news = (
        "نحتفظ باسمك وعنوانك طالما لديك حساب لدينا.",
        "نستخدم رسائلك وصورك لتدريب نماذج الذكاء الاصطناعي الخاصة بنا.",
    )
    before, after = (Page("سياسة الخصوصية", "ar", tuple(Block("paragraph", text) for text in texts))
                     for texts in ((kept,), (kept, news)))  # fmt: skip
    comparison = compare(before, after, trusted=True)
    assert not comparison.is_classified
    assert comparison.brief.headline
    assert comparison.brief.headline.quotation.text == news
    assert comparison.brief.headline.claim is None


def test_a_table_is_told_by_the_cells_of_one_row() -> None:
    rows = [
        Block("row", text)
        for text in (
            "Data | Purpose | Kept for",
            "Name | Billing | Ten years",
            "Posts and pictures | Training of our AI models, by us and our partners | Five years",
        )
    ]
    comparison = compare(
        Page("Privacy", "en", (*rows[:2],)),
        Page("Privacy", "en", (*rows,)),
        trusted=True,
    )
    assert comparison.brief.headline
    assert comparison.brief.headline.quotation.text in rows[2].text
    assert comparison.brief.headline.quotation.lead_in[0] == rows[0].text


def test_a_sentence_leads_with_the_changed_one_beside_it() -> None:
    news = "We train our AI models on your posts. You can opt out in your settings."
    comparison = compare(page(KEPT), page(f"{KEPT} {news}"), trusted=True)
    assert comparison.brief.headline
    assert comparison.brief.headline.quotation.text.rstrip(".") == news.rstrip(".")
