"""Whether it happens unless people act: by which words, and whether of what heads the change or of something else."""

from __future__ import annotations

import pytest

from analysis.as_json import brief_json
from tests.test_brief import told
from tests.test_brief_sentences import told as of_sentence

HEADING = "# Privacy policy\n\nWe are Parley.\n\n## Our models\n\n{}\n\n## Reviews\n\n{}\n"
BEFORE = HEADING.format("We keep your letters.", "We keep your reviews.")
TRAINS = "We keep your letters. We use your letters and photos to train our generative AI models{}."
HARROW = "We keep your reviews. With your consent, we disclose your name to Harrow Inc. for a review."


def test_the_default_quotes_the_sentence_that_heads_the_change() -> None:
    answer = told(BEFORE, HEADING.format(TRAINS.format(" unless you opt out"), HARROW))
    assert answer.default == "on"
    assert answer.default_words is not None
    assert answer.default_words.of_meaning
    assert answer.default_words.text == (answer.meaning or "").rstrip(".")
    assert brief_json(answer)["default_words"] == {
        "text": "We use your letters and photos to train our generative AI models unless you opt out",
        "side": "after",
        "of_meaning": True,
    }


@pytest.mark.parametrize(("sentence", "of_meaning"), [("This use is", True), ("Our letters on gardening are", False)])
def test_a_default_of_a_paragraph_behind_is_of_the_meaning_where_it_points_back(
    sentence: str, of_meaning: bool
) -> None:
    models = f"{TRAINS.format('')}\n\nWe do so in the open.\n\n{sentence} on by default, and you can turn it off."
    answer = told(BEFORE, HEADING.format(models, "We keep your reviews."))
    assert answer.default == "on"
    assert answer.default_words is not None
    assert answer.default_words.of_meaning is of_meaning


def test_a_default_of_something_else_is_not_one_of_what_heads_the_change() -> None:
    answer = told(BEFORE, HEADING.format(TRAINS.format(""), HARROW))
    assert "train our generative AI models" in (answer.meaning or "")
    assert answer.default == "off"
    assert answer.default_words is not None
    assert not answer.default_words.of_meaning
    assert answer.default_words.text.startswith("With your consent, we disclose your name")


def test_a_default_that_stood_in_its_passage_is_not_of_what_newly_heads_the_change() -> None:
    before = "# A\n\nWe keep notes. The reading of your beliefs is based on your consent. We rank letters.\n"
    after = before.replace("beliefs is", "beliefs and your faith is").replace(
        "We rank letters.", "We use your letters and photos to train generative AI models of our partners."
    )
    answer = told(before, after)
    assert "train generative AI" in (answer.meaning or "")
    assert answer.default == "off"
    assert answer.default_words is not None
    assert not answer.default_words.of_meaning


def test_a_long_sentence_is_quoted_around_what_decides() -> None:
    many = ", ".join(f"your letter of the {number}th day of the month" for number in range(4, 12))
    answer = told("# A\n\nBe kind.\n", f"# A\n\nBe kind.\n\nWe use {many}, unless you opt out, to train AI models.\n")
    assert answer.default_words is not None
    assert answer.default_words.text.startswith("We use your letter of the 4th day of the month …your letter")
    assert "unless you opt out" in answer.default_words.text
    assert len(answer.default_words.text.split()) <= 40


@pytest.mark.parametrize(
    ("sentence", "language"),
    [
        ("If you choose to exercise your rights with our partners, we help them to answer you about your data.", "en"),
        ("If you choose to make a purchase by bank transfer, you give us your account details.", "en"),
        ("You may withdraw your consent to our use of your letters.", "en"),
        ("You have the right to access, rectify, erase, restrict and object to the processing of your data.", "en"),
        ("By using our site, you consent to our use of your letters.", "en"),
        ("We do not use your letters to train our models by default.", "en"),
        ("More on your data: https://parley.example/opt_out", "en"),
        ("Si vous choisissez d'exercer vos droits, nous lisons votre demande et vos données.", "fr"),
        ("Vous pouvez retirer votre consentement au traitement de vos données.", "fr"),
        ("En utilisant notre site, vous donnez votre consentement à la lecture de vos données.", "fr"),
    ],
)
def test_a_right_or_a_consent_by_going_on_is_no_default(sentence: str, language: str) -> None:
    answer = told("# A\n\nBe kind.\n", f"# A\n\nBe kind.\n\n{sentence}\n", language)
    assert (answer.default, answer.default_words) == (None, None)


@pytest.mark.parametrize(
    ("language", "text", "default"),
    [
        ("en", 'The toggle "Help us learn" is switched on in the notice; we train AI models if you let us.', "on"),
        ("fr", "La case « Aidez-nous » est déjà cochée pour vos messages.", "on"),
        ("en", "You can turn off the assistant in your settings, which reads your messages.", "on"),
        ("en", "In your settings: turning off the assistant does not change what our models keep of messages.", None),
        ("en", "We sell your health data to our partners unless you leave the programme.", "on"),
        ("en", '"Shared data" means data that people opt in to share with our models.', None),
        ("en", "The assistant that reads your notes is on for every workspace unless an admin turns it off.", "on"),
        ("en", "If you and your doctor both agree, sound is sent to an AI tool that drafts the note.", "off"),
        ("en", "Until you turn 16 your account is private, and we show your photos to nobody.", None),
        ("fr", "Vos données d'usage restent dans la voiture tant que vous n'avez pas choisi « Partager ».", "off"),
        ("fr", "Pour un enfant, les messages se limitent par défaut à des phrases toutes faites.", None),
        ("en", "We will only record your call if you say yes.", "off"),
        ("en", "You can say no to the use of your messages by sending an email.", "on"),
        ("fr", "Nous enregistrons vos appels si vous cochez la case.", "off"),
        ("en", "Sleep data are visible to your followers unless you set your profile to private.", "on"),
        ("en", "Posts are used to train our models. You can lodge an objection through the form.", "on"),
        ("en", "The memory of the assistant is switched on for all accounts.", "on"),
        ("en", "If you connect a sensor, we import your readings.", "off"),
        ("en", "Your email address is public unless you have agreed otherwise.", None),
        ("fr", "La mémoire est active dès la création du compte. L'assistant retient vos préférences.", "on"),
        ("fr", "Les images ne nous parviennent pas, à moins que le conducteur n'ait activé leur envoi.", "off"),
    ],
)
def test_the_default_is_told_by_words_that_say_so(language: str, text: str, default: str | None) -> None:
    assert of_sentence({"language": language, "text": text}).default == default


@pytest.mark.parametrize(
    "sentence",
    [
        "A guarantee is a voluntary commitment of the seller with whom we share your data.",
        "We reserve the right to review, remove or disable your letters at any time where they break our rules.",
        "To the extent you voluntarily provide health data, we process it as the law permits.",
    ],
)
def test_what_is_voluntary_or_the_right_of_the_service_is_no_default(sentence: str) -> None:
    assert told(BEFORE, HEADING.format(f"We keep your letters. {sentence}", "We keep your reviews.")).default is None
