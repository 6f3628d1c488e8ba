"""Single rules of what a change is said to be, each with texts of its own."""

from __future__ import annotations

from datetime import date

import pytest

from analysis.classify.features import kind_of
from analysis.compare import compare
from analysis.extract import read_page
from analysis.model import Block, Page
from tests.written_cases import frame, page


@pytest.mark.parametrize(
    ("language", "document", "added"),
    [
        (
            "en",
            "Subprocessor List",
            "Hexel Analytics Pvt Ltd | Usage analytics | India",
        ),
        (
            "en",
            "Sub-processors",
            "Tidewell Inc. | Running of language models | United States",
        ),
        (
            "fr",
            "Liste des sous-traitants",
            "Loirelog SAS | Hébergement des données | Irlande",
        ),
    ],
)
def test_who_joins_a_list_of_subprocessors_is_told(
    language: str, document: str, added: str
) -> None:
    rows = [
        "Company | Service | Location",
        "--- | --- | ---",
        "Harrow Ltd | Hosting | Leeds",
        "Osier GmbH | Post | Bonn",
    ]
    before, after = (
        read_page(
            f"# {document}\n\n".encode()
            + "\n".join(f"| {row} |" for row in lines).encode(),
            mime="text/markdown",
        )
        for lines in (rows, [*rows, added])
    )
    found = compare(before, after, language=language, document=document)
    assert found.alert
    assert "data_sharing" in found.topics


def test_an_error_page_is_held() -> None:
    before = read_page(
        frame("privacy", "en").encode(), mime="text/markdown", language="en"
    )
    error = Page(
        "Error",
        "en",
        (
            Block("heading", "Error"),
            Block("paragraph", "Something went wrong. Please try again later."),
        ),
    )
    for texts in ((before, error), (error, before)):
        found = compare(*texts, language="en")
        assert found.held
        assert found.passages
        assert not any(passage.why for passage in found.passages)
        assert not found.substantive
        assert not found.alert
    assert compare(before, error, language="en", trusted=True).held is None


def test_the_links_of_a_notice_are_given_with_its_date() -> None:
    notice = (
        "We are updating our privacy policy on 3 November 2025. See [what is coming](https://parley.example/soon); for "
        "the policy in force until then, [click here](https://parley.example/old), or see the [previous one](https://x.example)."
    )
    case = {"document": "privacy", "language": "en", "section": ""}
    found = compare(
        page(case, "A quiet place."),
        page(case, f"A quiet place.\n\n{notice}"),
        language="en",
    )
    assert (found.alert, found.effective_date) == (True, date(2025, 11, 3))
    assert [(quote.text, quote.link) for quote in found.notice_links] == [
        ("what is coming", "https://parley.example/soon")
    ]


MENU = "".join(
    f"- [{word}](https://parley.example/{word})\n"
    for word in ("Shop", "Sell", "Help", "Blog", "Jobs", "Press")
)


def with_banner(banner: str) -> Page:
    return read_page(
        f"{banner}\n\n{MENU}\n{frame('privacy', 'en')}".encode(),
        mime="text/markdown",
        language="en",
    )


def test_a_notice_of_a_new_policy_is_told_above_menus_and_title() -> None:
    announced = with_banner(
        "We are updating our Privacy Policy on 3 March 2027. See what is new."
    )
    found = compare(with_banner(""), announced, language="en")
    assert (found.alert, found.topics, found.effective_date) == (
        True,
        ("data_use",),
        date(2027, 3, 3),
    )


def test_news_of_a_page_about_ai_is_about_ai() -> None:
    texts = (
        f"# {title}\n\n## Mistakes\n\nAnswers may hold errors{more}. Tell us about them, and we look into each."
        for title in (
            "Our AI assistant and your data: privacy",
            "Our library and your data: privacy",
        )
        for more in ("", ", gaps or a bias against small towns")
    )
    pages = [
        read_page(text.encode(), mime="text/markdown", language="en")
        for text in texts
    ]
    assert "ai_features" in compare(*pages[:2], language="en").topics
    assert "ai_features" not in compare(*pages[2:], language="en").topics


def test_a_text_whose_titles_are_bold_paragraphs_is_one() -> None:
    said = (
        "**Parley Privacy Policy**\n\nPeople trust us with letters that they have not finished. Here we say in plain "
        "words which of your data we use when you write, and what you can do about it.\n\n**1. What we collect**\n\n"
        "*Account.* We hold your name, your address and the words by which you sign in to your account.\n\n"
        "*Letters.* We keep what you write until you delete it, and what we answer when you write to us.\n\n"
        "*Visits.* We note which pages you open, from which browser and at which hour, to keep thieves away.\n\n"
        "*Stamps.* We keep the number of stamps that you bought, and from whom, as the law asks us to do.\n\n{}"
        "**2. Who gets it**\n\nWe share your address with the post office, and with nobody else unless you agree.\n\n"
        "## Mergers\n\nShould all of our business be sold, your letters go with it under the promises made here. You "
        "will hear of it beforehand, and can take your letters with you.\n"
    )
    gestures = "*Gestures.* If you turn on gestures, we detect the outline of your hand while the camera is on.\n\n"
    before, after = (
        read_page(said.format(text).encode(), mime="text/markdown", language="en")
        for text in ("", gestures)
    )
    told = compare(before, after, language="en", document="Privacy Policy")
    assert told.alert


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("Control whether Wrenfield uses your data to train models", "privacy"),
        ("Wrenfield and generative AI", "privacy"),
        ("Generative AI Terms", "terms"),
        ("Politique de la communauté professionnelle", "rules"),
        ("Retention Schedule", "privacy"),
        ("Durées de conservation", "privacy"),
        ("Usage Policy", "rules"),
        ("Lamps and how to light them", "other"),
    ],
)
def test_a_title_says_what_kind_of_document_it_is(title: str, kind: str) -> None:
    assert kind_of(title, Page("", None, ())) == kind


@pytest.mark.parametrize(
    ("section", "after", "told"),
    [
        ("Your rights", "information.rights@brightmere.example", True),
        ("Your rights", "[email protected]", False),  # what pages show to robots
        ("Your rights", "DPO@brightmere.example", False),
        ("Your rights", "dpo@brightmere.example.Also", False),
    ],
)
def test_whom_people_turn_to_about_their_rights_is_news(
    section: str, after: str, *, told: bool
) -> None:
    case = {"document": "privacy", "language": "en", "section": section}
    asks = (
        "use any of these rights"
        if section == "Your rights"
        else "ask when an order comes"
    )
    pages = [
        page(case, f"To {asks} write to {mailbox} by e-mail.")
        for mailbox in ("dpo@brightmere.example", after)
    ]
    found = compare(*pages, language="en", document="Privacy Policy")
    assert (found.alert, found.topics) == (told, ("user_rights",) if told else ())
    mirrored = compare(*reversed(pages), language="en", document="Privacy Policy")
    assert mirrored.alert is told


@pytest.mark.parametrize(
    ("language", "section", "before", "after"),
    [
        (
            "en",
            "Moving",
            "You can have your photos moved to another service.",
            "You cannot have your photos moved to another service.",
        ),
        (
            "en",
            "Sharing",
            "We never share your recipes with anyone.",
            "We never share your recipes with anyone, unless a court asks for them.",
        ),
        (
            "en",
            "Incidents",
            "In the event of a personal data breach, we will notify you within 48 hours.",
            "In the event of a personal data breach, we will notify you if a law requires it.",
        ),
        (
            "en",
            "Your choices",
            "You can withdraw your consent at any time.",
            "You can withdraw your consent in January.",
        ),
        (
            "fr",
            "Assistance",
            "Vous pouvez emporter vos données.",
            "Vous ne pouvez pas emporter vos données.",
        ),
        (
            "fr",
            "Compte",
            "Nous vous informons de toute violation de vos données sous 48 heures.",
            "Nous vous informons de toute violation de vos données si la loi le demande.",
        ),
        (
            "en",
            "Objections",
            "You can object to the use of your letters for AI training until 30 June 2026.",
            "You can object to the use of your letters for AI training until 4 June 2026.",
        ),
        (
            "fr",
            "Publicité",
            "À partir du 1er mars 2026, nous croisons vos données personnelles et vos achats.",
            "À partir du 5 janvier 2026, nous croisons vos données personnelles et vos achats.",
        ),
        (
            "de",
            "Weitergabe",
            "Wir geben Ihre Nachrichten nie an Partner weiter.",
            "Wir geben Ihre Nachrichten an Partner weiter.",
        ),
    ],
)
def test_one_word_that_turns_a_sentence_about_data_alerts(
    language: str, section: str, before: str, after: str
) -> None:
    found = compare(
        *(_policy(language, section, text) for text in (before, after)),
        language=language,
        document=_FRAMES[language][0],
    )
    assert found.alert


@pytest.mark.parametrize(
    ("document", "before", "after"),
    [
        (
            "Terms of Service",
            "Your data is not covered by a refund.",
            "Your data is covered by a refund.",
        ),
        (
            "Privacy Policy",
            "We never share your recipes on this Website.",
            "We never share your recipes on this Webpage.",
        ),
        (
            "Privacy Policy",
            "This policy on your personal data applies from 1 March 2026.",
            "This policy on your personal data applies from 2 May 2026.",
        ),
        (
            "Privacy Policy",
            "Your personal data: last updated on 1 March 2026.",
            "Your personal data: last updated on 2 May 2026.",
        ),
        (
            "Privacy Policy",
            "This park is not open in winter.",
            "This park is open in winter.",
        ),
    ],
)
def test_a_word_that_turns_nothing_about_data_does_not_alert(
    document: str, before: str, after: str
) -> None:
    found = compare(
        *(_policy("en", "Other matters", text) for text in (before, after)),
        language="en",
        document=document,
    )
    assert not found.alert


def test_a_heading_that_turns_what_stands_below_alerts() -> None:
    before, after = (
        _policy("en", title, "This covers your letters and your orders.")
        for title in (
            "We never sell your personal data",
            "We sell your personal data",
        )
    )
    found = compare(before, after, language="en", document="Privacy Policy")
    assert found.alert
    assert "data_sharing" in found.topics


def test_either_half_of_a_page_in_two_languages_is_compared() -> None:
    halves = (
        "<section><h2>Conservation</h2><p>Nous gardons la liste de vos promenades pendant deux ans, et vous pouvez nous "
        "demander de l'effacer.</p></section><section lang=en><h2>Storage</h2><p>We keep the list of your walks for {}, "
        "and you can ask us to delete it at any time.</p></section>"
    )
    before, after = (
        read_page(
            f"<html lang=fr><main><h1>Vie privée</h1>{halves.format(time)}</main>".encode(),
            language="fr",
        )
        for time in ("two years", "as long as we like")
    )
    found = compare(before, after, language="fr", document="Vie privée")
    assert found.alert
    assert found.held is None
    assert found.passages[0].heading[-1] == "Storage"


_FRAMES = {
    "en": (
        "Privacy Policy",
        "The garden opens at ten, and every table has a view of the river.",
    ),
    "fr": (
        "Politique de confidentialité",
        "Le jardin ouvre à dix heures, et chaque table donne sur la rivière.",
    ),
    "de": (
        "Datenschutzerklärung",
        "Der Garten öffnet um zehn, und jeder Tisch hat einen Blick auf den Fluss.",
    ),
}


def _policy(language: str, section: str, text: str) -> Page:
    title, standing = _FRAMES[language]
    written = f"# {title}\n\n{standing}\n\n## {section}\n\n{text}\n"
    return read_page(written.encode(), mime="text/markdown", language=language)


@pytest.mark.parametrize(
    ("markup", "before", "after"),
    [
        (
            "<table><tr><th>Purpose</th><th>Partner</th></tr><tr><td>{}</td><td>Harrow</td></tr></table>",
            "Counting of visits",
            "Sale of audience profiles",
        ),
        (
            "<p>We keep letters.<sup>1</sup></p><hr><small><sup>1</sup> {}</small>",
            "We delete them after a month.",
            "We use them to train our AI models.",
        ),
    ],
    ids=["cell", "footnote"],
)
def test_news_in_a_cell_or_a_footnote_alerts(
    markup: str, before: str, after: str
) -> None:
    pages = []
    for text in (before, after):
        body = "".join(f"<p>{line}</p>" for _, line in _FRAMES.values())
        html = f"<main><h1>Privacy Policy</h1>{body}<h2>Your data</h2>{markup.format(text)}</main>"
        former = [block.text for page in pages for block in page.blocks]
        pages.append(read_page(html.encode(), language="en", former=former))
    assert compare(*pages, language="en", document="Privacy Policy").alert
