"""The brief of a change: short answers in the page's own words, asked through the reader and the diff."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.brief import brief
from analysis.brief.answers import MOST
from analysis.brief.phrases import phrases_for
from analysis.brief.scene import Scene
from analysis.brief.spans import FIELDS
from analysis.change import Brief
from analysis.diff import passages
from tests.told import compared, says, told, written

NOTICE = """# Privacy notice of Murmur

## What we collect

When you register we ask for your name, your email address and a password. We keep them while your account is open.

## How we use data

We use data to run the service and to keep it safe.
"""
TRAINING = """
From 3 November we will use your profile data, posts, comments, groups, education and work experience to train \
generative AI models that create content. This is on by default, unless you turn it off. Your private messages are not \
used for training.

You can opt out at any time: toggle off [Data for AI training](https://murmur.example/settings/ai) under Settings > \
Data privacy. Opting out does not undo training that has already taken place.
"""
AVIS = """# Avis de confidentialité de Murmure

## Ce que nous collectons

Lors de l'inscription, nous demandons votre nom, votre adresse e-mail et un mot de passe.

## Comment nous utilisons les données

Nous utilisons les données pour faire fonctionner le service et pour le protéger.
"""
ENTRAINEMENT = """
À partir du 3 novembre, nous utiliserons vos données de profil, publications, commentaires, groupes, formation et \
expérience professionnelle pour entraîner des modèles d'IA générative. Ce réglage est activé par défaut, sauf si vous \
le désactivez. Vos messages privés ne sont pas utilisés pour l'entraînement.

Vous pouvez vous y opposer à tout moment : désactivez [Données pour l'entraînement de l'IA]\
(https://murmure.example/parametres) dans Paramètres > Confidentialité des données. Le refus n'annule pas \
l'entraînement déjà effectué.
"""


def test_a_network_that_trains_ai_on_posts_is_told_in_a_minute() -> None:
    answer = told(NOTICE, NOTICE + TRAINING, effective=date(2025, 11, 3))
    assert answer.start == date(2025, 11, 3)
    assert answer.default == "on"
    for kind in ("profile data", "posts", "comments", "groups", "education", "work experience"):
        assert says(answer.data, kind), kind
    assert says(answer.purposes, "train generative AI models")
    assert says(answer.excluded, "private messages")
    assert says(answer.irreversible, "does not undo training that has already taken place")
    assert says(answer.refuse, "toggle off Data for AI training under Settings > Data privacy")
    assert "https://murmur.example/settings/ai" in {quote.link for quote in answer.refuse}
    assert answer.meaning is not None
    assert answer.meaning.startswith("From 3 November we will use your profile data")
    assert not answer.recipients
    assert not answer.regions


def test_the_same_in_french() -> None:
    answer = told(AVIS, AVIS + ENTRAINEMENT, "fr")
    assert answer.default == "on"
    for kind in ("données de profil", "publications", "commentaires", "groupes", "expérience professionnelle"):
        assert says(answer.data, kind), kind
    assert says(answer.purposes, "entraîner des modèles d'IA générative")
    assert says(answer.excluded, "messages privés")
    assert says(answer.irreversible, "n'annule pas l'entraînement déjà effectué")
    assert says(answer.refuse, "désactivez Données pour l'entraînement de l'IA")
    assert answer.meaning is not None
    assert "entraîner des modèles" in answer.meaning


def test_who_gets_it_and_where() -> None:
    answer = told(
        "# Notice\n\nWe share data with service providers.\n",
        "# Notice\n\nWe share your purchase history and email address with advertising partners such as Brightleaf "
        "Media Ltd to show you personalised ads. California residents can opt out of this sale by using the form on "
        "our privacy page.\n",
    )
    assert says(answer.data, "purchase history")
    assert says(answer.data, "email address")
    assert says(answer.recipients, "advertising partners")
    assert says(answer.recipients, "Brightleaf Media Ltd")
    assert says(answer.purposes, "show you personalised ads")
    assert says(answer.regions, "California residents")
    assert says(answer.refuse, "opt out of this sale by using the form on our privacy page")
    assert answer.default == "on"


def test_consent_first_is_off() -> None:
    french = told(
        "# Avis\n\nNous conservons vos données un an.\n",
        "# Avis\n\nNous conservons vos données un an. Avec votre consentement, nous partageons votre position "
        "approximative avec nos partenaires publicitaires en Suisse afin de mesurer l'audience.\n",
        "fr",
    )
    assert french.default == "off"
    assert says(french.data, "votre position approximative")
    assert says(french.recipients, "partenaires publicitaires")
    assert says(french.regions, "Suisse")
    assert told("# A\n\nWe keep logs.\n", "# A\n\nWe keep logs. Voice search is off by default.\n").default == "off"


@pytest.mark.parametrize(
    ("sentence", "language", "default"),
    [
        ("We use your chats to train our models unless you opt out.", "en", "on"),
        ("Ads are personalised by default.", "en", "on"),
        ("We use your photos for research. You can turn this off in your settings.", "en", "on"),
        ("Our processing of your clicks rests on our legitimate interest.", "en", None),
        ("We will not use your email address for marketing unless you give us your consent.", "en", "off"),
        ("If you enable Smart Replies we read your messages. You can disable it at any time.", "en", "off"),
        ("With the explicit consent of a parent we collect the child's name.", "en", "off"),
        ("We may remove or disable content that breaks these rules.", "en", None),
        (
            "You may not clone the voice of others, disable a control or post ads unless you turn comments off.",
            "en",
            None,
        ),
        ("You consent to the exclusive jurisdiction of the courts of our seat.", "en", None),
        ("Do not share misleading content about health.", "en", None),
        ("Vos photos servent à entraîner nos modèles, sauf si vous vous y opposez.", "fr", "on"),
        ("Vous pouvez désactiver ces cookies dans les paramètres.", "fr", "on"),
        ("Nous ne lisons pas vos messages sans votre accord.", "fr", "off"),
        ("La reconnaissance vocale est désactivée par défaut.", "fr", "off"),
        ("La rubrique est facultative.", "fr", "off"),
        ("Summaries are off until you switch them on.", "en", "off"),
        ("The assistant is switched on for everyone.", "en", "on"),
        ("Vous pouvez refuser cet usage en cochant une case.", "fr", "on"),
        ("We share your posts where you have actively chosen to share them for training.", "en", "off"),
        ("Apps may read your letters only if you have explicitly authorized it.", "en", "off"),
        ("Nous partageons vos publications si vous l’avez expressément autorisé.", "fr", "off"),
        ("Nous pouvons désactiver un compte qui enfreint les règles.", "fr", None),
        ("You can choose not to allow some types of cookies.", "en", "on"),
        ("Vous pouvez choisir de ne pas autoriser certains cookies.", "fr", "on"),
    ],
)
def test_the_default_is_told_by_how_a_person_acts(sentence: str, language: str, default: str | None) -> None:
    assert told("# A\n\nBe kind.\n", f"# A\n\nBe kind.\n\n{sentence}\n", language).default == default


def test_words_of_a_removed_sentence_are_not_told_as_what_is_said_now() -> None:
    policy = (
        "# Privacy policy\n\n## Sharing\n\n{}\n\n## Use\n\nHarrow Inc. makes our pens, your IP address stays here.\n"
    )
    found = compared(
        policy.format("We share your IP address with our provider, Harrow Inc."), policy.format("We share nothing.")
    )
    sides = {(quote.text, quote.side) for quote in (*found.brief.data, *found.brief.recipients)}
    assert ("your IP address", "before") in sides
    assert not [side for text, side in sides if side == "after" and ("Harrow" in text or "IP" in text)]


def test_what_is_not_about_data_answers_no_question_where_something_is() -> None:
    policy = "# Terms\n\n## Contract\n\nYour contract is with {}.\n\n## AI\n\nWe write letters.{}\n"
    found = compared(
        policy.format("Parley Limited in Cork", ""),
        policy.format("Parley Europe Limited in Dublin", " We share your letters with Harrow Inc. to train AI models."),
    )
    assert {quote.text for quote in found.brief.recipients} == {"Harrow Inc."}


def test_a_reworded_fact_is_quoted_once_and_from_the_later_text() -> None:
    answer = told(
        "# Notice\n\nWe may share your phone number with our affiliates for marketing.\n",
        "# Notice\n\nWe will share your phone number and your location data with our affiliates for marketing.\n",
    )
    assert says(answer.data, "location data")
    phone = [quote for quote in answer.data if "phone number" in quote.text]
    assert [quote.side for quote in phone] == ["after"]


@pytest.mark.parametrize(
    ("before", "after", "language"),
    [
        ("All visits are welcome here today.", "All visits are welcome here today and tomorrow.", "en"),
        ("The shop opens at nine.", "The shop opens at ten.", "en"),
        ("Le magasin ouvre à neuf heures.", "Le magasin ouvre à dix heures.", "fr"),
    ],
)
def test_what_the_change_does_not_say_stays_empty(before: str, after: str, language: str) -> None:
    answer = told(f"# Title\n\n{before}\n", f"# Title\n\n{after}\n", language)
    assert answer.default is None
    for question in ("purposes", "recipients", "refuse", "excluded", "irreversible", "regions"):
        assert getattr(answer, question) == (), question


def test_unchanged_text_is_not_asked() -> None:
    answer = told(NOTICE + TRAINING, NOTICE.replace("a password", "a passphrase") + TRAINING)
    assert not says(answer.data, "posts")
    assert not answer.irreversible
    assert answer.default is None


def test_no_change_has_an_empty_brief() -> None:
    assert told(NOTICE, NOTICE) == Brief()


def test_a_quotation_does_not_run_across_the_tags_of_a_paragraph() -> None:
    answer = told(
        "# A\n\nWrite in.\n",
        "# A\n\nWrite in.\n\n* Refuse ads with “Manage your choices” in the footer of our application"
        "<p>Application means a program that we run and that shows you our personalised ads.</p>"
        "<a href='https://murmur.example/terms'>Learn more</a>\n",
    )
    assert says(answer.refuse, "in the footer of our application")
    assert not [quote for quote in answer.refuse if "Application means" in quote.text]


def test_of_a_very_large_change_the_flagged_passages_are_asked_first() -> None:
    many = "\n\n".join(f"The hall number {number} opens at nine and closes late." for number in range(300))
    old, new = (
        written(text)
        for text in (
            "# Hall\n\nBe kind.\n",
            f"# Hall\n\nBe kind.\n\n{many}\n\nWe share your email address with advertisers.\n",
        )
    )
    found = [
        replace(one, topics=("data_sharing",)) if "advertisers" in (one.after or "") else one
        for one in passages(old, new)
    ]
    assert len(found) > 250
    answer = brief(found, old, new, effective=None, language="en")
    assert says(answer.data, "your email address")
    assert says(answer.recipients, "advertisers")


def test_of_a_very_large_change_the_graver_passages_are_asked_before_others() -> None:
    many = "\n\n".join(f"We share the number of game {number} with the league." for number in range(300))
    graver = "We share your email address with advertisers."
    old, new = (written(text) for text in ("# Hall\n\nBe kind.\n", f"# Hall\n\nBe kind.\n\n{many}\n\n{graver}\n"))
    found = [
        replace(one, topics=("data_sharing",), severity="high" if one.after == graver else "low")
        for one in passages(old, new)
    ]
    assert says(brief(found, old, new, effective=None, language="en").recipients, "advertisers")


def test_a_way_to_refuse_is_no_purpose_and_leaves_nothing_out() -> None:
    answer = told(
        "# A\n\nBe kind.\n",
        "# A\n\nBe kind.\n\nWe use your reading history and your reviews to train generative AI models, unless you "
        "turn this off under Settings > Privacy > AI training.\n",
    )
    assert [quote.text for quote in answer.purposes] == ["train generative AI models"]
    assert answer.excluded == ()
    assert says(answer.refuse, "turn this off under Settings > Privacy > AI training")


@pytest.mark.parametrize(
    ("sentence", "language"),
    [
        ("We show your content in a way that suits others, or content that has been altered, to our partners.", "en"),
        ("We share device identifiers obtained on and off our site with partners that help to show ads.", "en"),
        ("We use personal data of our members and the content that they create to train our models.", "en"),
        ("Nous partageons les données de profil que vous avez fournies avec des partenaires qui en ont besoin.", "fr"),
    ],
)
def test_no_quotation_ends_with_a_word_that_leaves_it_open(sentence: str, language: str) -> None:
    answer = told("# A\n\nBe kind.\n", f"# A\n\nBe kind.\n\n{sentence}\n", language)
    open_words = phrases_for(language).grammar.dangling
    quotes = [quote.text for question in FIELDS for quote in getattr(answer, question)]
    assert quotes
    assert not [text for text in quotes if text.split()[-1].lower() in open_words]


def test_a_list_of_data_is_no_purpose_and_a_number_no_part_of_a_title() -> None:
    answer = told(
        "# A\n\nBe kind.\n",
        "# A\n\nBe kind.\n\n## 2.4 Training generative AI\n\n"
        "We use data of our members to train models. For this we use:\n\n"
        "- profile data, such as your name, photo, headline, work experience, education and skills;\n"
        "- your posts and comments.\n",
    )
    purposes = [quote.text for quote in answer.purposes]
    assert says(answer.data, "work experience, education and skills")
    assert not any("skills" in text or text.startswith("2") for text in purposes)
    assert "Training generative AI" in purposes


def test_half_an_address_is_not_quoted() -> None:
    answer = told("# A\n\nBe kind.\n", "# A\n\nBe kind.\n\nWe show murmur.example profiles to our partners.\n")
    assert [quote.text for quote in answer.data] == ["murmur.example profiles"]


def test_a_phrase_keeps_its_last_small_word() -> None:
    old, new = (written(f"# A\n\nBe kind.{more}\n") for more in ("", " You can opt out or opt in."))
    scene = Scene(passages(old, new), old, new, phrases_for("en"))
    assert "opt out or opt in" in {span.text for spans in scene.candidates("refuse") for span in spans}


def test_of_a_rewrite_the_weightiest_sentences_are_read() -> None:
    kind = "\n\n".join(f"Be kind to neighbour number {n}." for n in range(90))
    old, new = written("# A\n\nHello.\n"), written(f"# A\n\nHello.\n\n{kind}\n\nWe share your posts with partners.\n")
    scene = Scene(passages(old, new), old, new, phrases_for("en"))
    assert len(scene.sentences) == 80
    assert scene.sentences[-1].said == "We share your posts with partners"


def test_us_is_a_place_only_in_capitals() -> None:
    answer = told("# A\n\nWrite in.\n", "# A\n\nWrite in. Tell us about your location data, and help us improve.\n")
    assert not answer.regions
    assert says(
        told("# A\n\nWrite in.\n", "# A\n\nWrite in. We store location data of residents of the US.\n").regions, "US"
    )


PIECES = st.sampled_from([
    "We share your posts with partners", "unless you opt out", "(see “Settings”)", "in the EEA, UK and Switzerland",
    "we do not use private messages", "to train AI models", "name | email address | phone", "· cookies",
    "write to us at a@b.example", "cannot be undone", "children under 13", "e.g. photos", "nos partenaires",
    "données de profil", "; (a) logs", "«Oui»", "\n\n",
])  # fmt: skip


@given(st.lists(PIECES, max_size=12), st.lists(PIECES, max_size=12), st.sampled_from(["en", "fr", "xx"]))
def test_every_quotation_stands_on_its_page(before: list[str], after: list[str], language: str) -> None:
    old, new = (written(f"# Title\n\n{'. '.join(pieces)}.\n") for pieces in (before, after))
    answer = brief(passages(old, new), old, new, effective=None, language=language)
    assert answer == brief(passages(old, new), old, new, effective=None, language=language)
    texts = {"before": "\n".join(b.text for b in old.blocks), "after": "\n".join(b.text for b in new.blocks)}
    for question in FIELDS:
        quotes = getattr(answer, question)
        assert len(quotes) <= MOST
        for quote in quotes:
            assert quote.text in texts[quote.side]
            assert 1 <= len(re.findall(r"[^\W_]+", quote.text)) <= 20
    both = texts["before"] + "\n" + texts["after"]
    assert all(part.strip() in both for part in re.split("…|: |, ", answer.meaning or ""))


@pytest.mark.parametrize(
    ("language", "sentence", "data", "purpose", "refusal"),
    [
        (
            "es",
            "Usamos sus datos de perfil, publicaciones y comentarios para entrenar modelos de inteligencia artificial. "
            "Está activado por defecto. Puede desactivarlo en cualquier momento en la configuración.",
            "publicaciones",
            "entrenar modelos",
            "configuración",
        ),
        (
            "de",
            "Wir nutzen Ihre Profildaten, Beiträge und Kommentare zum Training von KI. Das ist standardmäßig an. "
            "Sie können der Verarbeitung jederzeit in den Einstellungen widersprechen.",
            "Beiträge",
            "Training",
            "Einstellungen",
        ),
    ],
)
def test_spanish_and_german_are_begun(language: str, sentence: str, data: str, purpose: str, refusal: str) -> None:
    answer = told("# A\n\n2025.\n", f"# A\n\n2025.\n\n{sentence}\n", language)
    assert says(answer.data, data)
    assert says(answer.purposes, purpose)
    assert says(answer.refuse, refusal)
    assert answer.default == "on"


@pytest.mark.parametrize(
    ("language", "lead", "entries"),
    [
        ("en", "To train AI models we use:", ["your name and photo;", "your posts and comments;", "your answers;"]),
        ("fr", "Pour entraîner une IA, nous utilisons :", ["votre nom ;", "vos publications ;", "vos réponses ;"]),
    ],
)
def test_a_list_of_data_is_quoted_whole_and_in_its_order(language: str, lead: str, entries: list[str]) -> None:
    listed = "".join(f"* {entry}\n" for entry in entries)
    answer = compared("# Privacy policy\n\nBe kind.\n", f"# Privacy policy\n\nBe kind.\n\n{lead}\n\n{listed}", language)
    assert [quote.text for quote in answer.brief.data][: len(entries)] == [entry.strip(" ;") for entry in entries]
