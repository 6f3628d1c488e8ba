"""What makes a change high by rule, and what looks like it but is not."""

from __future__ import annotations

import pytest

from analysis.change import Comparison
from analysis.compare import compare
from analysis.judging.claims import claims
from analysis.judging.found import is_duty_of_reader
from analysis.judging.taken_back import NOTHING_BACK
from analysis.page import read_page
from analysis.text.topics import matches

START = {
    "en": "# Privacy Policy\n\n## What we do\n\nWe use your data to run the club, to answer you and to keep you safe. ",
    "fr": "# Politique de confidentialité\n\n## Usage\n\nNous utilisons vos données pour vous répondre. ",
}


def change(language: str, before: str, after: str, document: str | None = None) -> Comparison:
    pages = (
        read_page((START[language] + text).encode(), mime="text/markdown", language=language)
        for text in (before, after)
    )
    return compare(*pages, language=language, document=document)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Our assistant reads your questions to answer you. Nothing you write is used to train its models."),
        ("en", "An assistant answers you. No message is ever used to train its models."),
        (
            "fr",
            "Un assistant lit vos questions ; il n’utilise pas vos messages, et rien ne sert à entraîner ses modèles.",
        ),
        ("fr", "Un assistant vous répond. Vos messages ne servent jamais à l’entraînement de ses modèles."),
    ],
)
def test_a_new_denial_of_training_is_no_training(language: str, text: str) -> None:
    assert "trains_anew" not in change(language, "", text).brief.because


def test_what_a_desk_learns_from_messages_is_no_training() -> None:
    told = change(
        "en",
        "Messages that you send to our club desk are stored in our ticket system so that helpers can see what was "
        "asked before. We use cookies.",
        "What you write to our club desk is kept in our ticket system, so that helpers know what has been asked "
        "already. We use cookies, and set one more to show you ads.",
    )
    assert told.alert
    assert "trains_anew" not in told.brief.because


def test_training_that_is_said_in_other_words_in_another_place_is_no_new_training() -> None:
    told = change(
        "en",
        "\n\n## AI\n\nWe train our models on what you write.\n\n## More\n\nBe kind.",
        "\n\n## AI\n\nBe fair.\n\n## More\n\nThe texts that you write train the models of our company.",
    )
    assert "trains_anew" not in told.brief.because


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Unless you choose otherwise by 1 May, we use new chats to train our models."),
        ("en", "To train such models with your posts we rely on our legitimate interest in a better service."),
        ("fr", "Sauf refus de votre part, nous utilisons vos échanges pour entraîner nos modèles."),
    ],
)
def test_training_that_people_may_refuse_is_high(language: str, text: str) -> None:
    told = change(language, "", text)
    assert told.severity == "high"
    assert "trains_anew" in told.brief.because


def test_training_under_what_peoples_data_is_used_for_is_theirs() -> None:
    trains = "This includes the development and training of machine learning models, which keep our games safe."
    use = "\n\n## How we use your personal data\n\nWe develop new games."
    assert change("en", use, f"{use} {trains}").brief.because == ("trains_anew",)
    books = "\n\n## Our library\n\nWe publish books."
    assert change("en", books, f"{books} {trains}").brief.because == ()


SOLD = "We share your interests and your device identifier with advertising partners, so that they show you their ads."


def test_data_that_newly_goes_to_others_for_ads_is_high() -> None:
    assert change("en", "", SOLD).brief.because == ("shared_for_ads",)
    reworded = SOLD.replace("so that they show you", "who show you")
    assert change("en", SOLD, reworded).brief.because == ()


@pytest.mark.parametrize(
    ("language", "before", "after"),
    [
        (
            "en",
            "Audience matching can be turned off in your account.",
            "Audience matching can no longer be turned off in your account.",
        ),
        (
            "fr",
            "La publicité d’après votre profil demande votre accord.",
            "La publicité d’après votre profil ne demande plus votre accord.",
        ),
    ],
)
def test_what_can_no_longer_be_refused_is_a_choice_gone(language: str, before: str, after: str) -> None:
    assert "choice_gone" in change(language, before, after).brief.because


def test_what_was_done_with_consent_and_is_done_unasked_in_another_paragraph_is_a_consent_gone() -> None:
    asked = "If you give your consent, lasting cookies are placed on your device so that you stay signed in."
    unasked = "When you open an account, a lasting cookie is placed on your device and gets a number."
    kept = "You can write to us about it."
    assert "consent_gone" in change("en", f"\n\n{asked}\n\n{kept}", f"\n\n{kept}\n\n{unasked}").brief.because
    other = "When you open an account, we send a letter with the number of your branch."
    assert change("en", f"\n\n{asked}\n\n{kept}", f"\n\n{kept}\n\n{other}").brief.because == ()


def test_a_consent_in_other_words_is_not_gone() -> None:
    told = change(
        "fr",
        "Avec votre accord, nous vous envoyons nos offres.",
        "Si vous l’acceptez, nous vous adressons nos offres.",
    )
    assert told.brief.because == ()


def test_a_practice_counts_beside_a_promise_in_the_same_sentence() -> None:
    told = change(
        "en", "", "We may scan your face to check your age; the template is deleted at once and never shared."
    )
    assert told.severity == "high"
    assert told.brief.because == ("sensitive_anew",)


def test_what_is_off_and_then_on_is_turned_on() -> None:
    told = change(
        "en",
        "Personalised advertising is off by default; you can switch it on in your account.",
        "Personalised advertising is on by default; you can switch it off in your account.",
    )
    assert told.brief.because == ("turned_on",)


def test_what_is_grave_never_only_clarifies() -> None:
    told = change("en", "We ask for your consent before we use your location for ads.", "We use your location for ads.")
    assert "consent_gone" in told.brief.because
    assert told.direction in ("expands", "mixed")


def test_a_promise_that_stays_in_other_words_is_not_gone() -> None:
    told = change("en", "We do not sell your personal data.", "We will never sell your personal data to anybody.")
    assert told.brief.because == ()


def test_a_promise_that_is_gone_is_not_made_good_by_another_about_something_else() -> None:
    sold = "We do not sell your personal data."
    letters = "We will not use your data for our letters unless you agree."
    assert change("en", f"{letters}\n\n{sold}", letters).brief.because == ("promise_gone",)
    assert "promise_gone" in change("en", sold, letters).brief.because


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "We will not extract voiceprints or facial recognition data from the recordings that you send."),
        ("fr", "Nous n’extrayons aucune empreinte vocale des enregistrements que vous envoyez."),
    ],
)
def test_what_is_not_taken_from_bodies_is_not_newly_used(language: str, text: str) -> None:
    assert change(language, "", text).brief.because == ()


@pytest.mark.parametrize(
    ("language", "text"),
    [
        (
            "en",
            "Our assistant may use artificial intelligence to analyse your content and personal data to develop, "
            "provide and improve intelligent features and products.",
        ),
        (
            "fr",
            "Nous analysons vos contenus par apprentissage automatique afin de développer et d’améliorer des "
            "fonctionnalités intelligentes.",
        ),
    ],
)
def test_what_develops_intelligent_features_trains(language: str, text: str) -> None:
    told = change(language, "", text)
    assert "ai_training" in told.topics
    assert told.brief.because == ("trains_anew",)


def test_phrases_of_training_weigh_nothing_where_all_that_is_said_of_it_is_that_it_is_not_done() -> None:
    phrases = {"ai_training.decides.any": 1.8}
    assert claims([], phrases, NOTHING_BACK)["told.training_phrases"] == 1.8
    assert claims([], phrases | {"gist.only_spares": 1.0}, NOTHING_BACK)["told.training_phrases"] == 0


@pytest.mark.parametrize(("before", "after", "direction"), [("7", "90", "expands"), ("90", "7", "limits")])
def test_the_time_for_which_data_is_kept_says_for_whom_it_is_good(before: str, after: str, direction: str) -> None:
    kept = "We keep server logs for {} days, and delete them afterwards."
    assert change("en", kept.format(before), kept.format(after)).direction == direction


@pytest.mark.parametrize(
    "rule",
    [
        "You may not use any data or content that others post here to train artificial intelligence models.",
        "Users will not (i) break the security of the site; (ii) copy it; or (iii) use any data or content found on it "
        "for the training of artificial intelligence.",
    ],
)
def test_what_readers_may_not_train_is_no_training_by_the_service(rule: str) -> None:
    told = change("en", "", rule, document="Terms of Service")
    assert told.alert
    assert told.brief.because == ()
    assert told.severity != "high"


USED = "We use your photos to find your friends."


def test_a_use_and_the_way_to_refuse_it_stand_in_one_section() -> None:
    both = change("en", "", f"{USED}\n\nThis is on by default; you can turn it off.")
    assert both.brief.because == ("used_unless_refused",)
    apart = change("en", "", f"{USED}\n\n## Newsletters\n\nOur monthly letter is on by default; you can turn it off.")
    assert apart.brief.because == ()


def test_a_right_to_object_is_no_use_of_data() -> None:
    told = change("en", "", "Residents of some states may access and correct data and may opt out of targeted ads.")
    assert told.brief.because == ()
    assert told.severity != "high"


def test_a_way_to_refuse_that_moved_elsewhere_is_no_new_one() -> None:
    earlier = "\n\n## Advertising\n\nWe show advertisements, unless you opt out.\n\n## Photos\n\n"
    later = f"\n\n## Advertising\n\nWe show advertisements.\n\n## Photos\n\n{USED} You may object to it, or opt out."
    assert change("en", earlier, later).brief.because == ()


@pytest.mark.parametrize(
    ("sentence", "duty"),
    [
        ("Starting November 3, 2025, our members' posts train our models.", False),
        ("Using what you post, we train our models.", False),
        ("Following your request your posts train no models.", False),
        ("We use your photos, and as between you and us you shall keep your rights.", False),
        ("If you agree to take part, we will use your number to call you.", False),
        ("Lorsque vous l’acceptez, nous pouvons utiliser vos photos ; vous devez avoir 18 ans.", False),
        ("Tell us where you are, we cannot find you otherwise.", False),
        ("Training AI on your drawings is off.", False),
        ("Nothing that you draw trains our models.", False),
        ("You must accept that we train our models on your drawings.", False),
        ("Vous devez accepter que nous entraînions nos modèles sur vos dessins.", False),
        ("Members must provide a copy of their passport.", False),
        ("Scraping our pages is not allowed.", True),
        ("We require that you must not copy the posts of others.", True),
        ("If you post, you must not harm others.", True),
        ("Scraping the site", True),
        ("Using the site to train models", True),
    ],
)
def test_what_begins_with_a_day_or_says_what_we_do_is_no_duty_of_readers(sentence: str, duty: bool) -> None:
    assert is_duty_of_reader(sentence) is duty


@pytest.mark.parametrize(
    ("language", "before", "after"),
    [
        ("en", "Logs are kept for 30 days.", "Logs are kept for 90 days."),
        (
            "en",
            "Records of your calls are deleted after two years.",
            "Records of your calls are deleted after 30 days.",
        ),
        ("fr", "Les journaux sont conservés trente jours.", "Les journaux sont conservés un an."),
    ],
)
def test_another_time_for_which_data_is_kept_is_more_than_a_detail(language: str, before: str, after: str) -> None:
    assert change(language, "\n\n" + before, "\n\n" + after).severity == "medium"


def test_how_long_a_cookie_lives_is_a_detail() -> None:
    table = "\n\n| Cookie | Lives for |\n| --- | --- |\n| seen | {} |\n"
    told = change("en", table.format("30 days"), table.format("90 days"), "Cookie Policy")
    assert (told.alert, told.severity) == (True, "low")


@pytest.mark.parametrize(
    ("language", "text"),
    [
        (
            "en",
            "\n\nPictures that were made by generative AI must carry a label that says so, and the name of the tool.",
        ),
        (
            "fr",
            "\n\nLes réponses de l’assistant sont produites par une IA générative et peuvent être fausses.",
        ),
    ],
)
def test_a_new_sentence_about_ai_is_more_than_a_detail(language: str, text: str) -> None:
    assert change(language, "", text, "Terms of Service").severity == "medium"


def test_no_training_is_new_where_nothing_speaks_of_ai() -> None:
    learns = (
        "What you write to the club's desk is kept in our files, so that helpers learn from what was asked already."
    )
    told = change("en", "\n\n## Help\n\nWe keep your questions to answer them.", f"\n\n## Help\n\n{learns}")
    assert "trains_anew" not in told.brief.because


def test_consent_that_went_to_another_paragraph_is_not_gone() -> None:
    asked = "We use cookies for advertising only with your consent."
    refusable = "We use your data for advertising unless you opt out in the settings."
    before = f"\n\n## Cookies\n\nWe use cookies to show ads. {asked}\n\nOur partners set cookies, too."
    after = f"\n\n## Cookies\n\nWe use cookies to show ads. {refusable}\n\nOur partners set cookies, too. {asked}"
    assert "turned_on" in change("en", before, after.replace(asked, "")).brief.because
    assert not {"consent_gone", "turned_on"} & set(change("en", before, after).brief.because)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "You can enter the hall by showing your face to the camera at the door, if you have agreed to it."),
        ("en", "The template of your voice is kept for a year. Voiceprints tell us who is calling."),
        ("fr", "L’entrée se fait par reconnaissance du visage, si vous avez remis une photo."),
    ],
)
def test_bodies_that_are_newly_measured_are_high(language: str, text: str) -> None:
    assert "sensitive_anew" in change(language, "", text).brief.because


def test_bodies_that_are_not_measured_or_were_before_are_no_news() -> None:
    assert change("en", "", "We do not use facial recognition, and we store no fingerprints.").brief.because == ()
    before = "\n\nThe gate compares your face with your picture."
    told = change("en", before, "\n\nThe gate at the door compares your face with the picture in your account.")
    assert "sensitive_anew" not in told.brief.because
    spoken = "Un outil de reconnaissance vocale transcrit vos messages"  # what is said, not who speaks
    assert "bodily" not in {match.topic for match in matches(spoken, "fr")}


def test_data_that_newly_goes_to_others_by_grave_words_is_high() -> None:
    sold = "\n\nWe sell what we know of your interests to other companies, which may use it for purposes of their own."
    assert "shared_anew" in change("en", "", sold).brief.because
    assert "shared_anew" not in change("en", sold, sold.replace("know of", "learn about")).brief.because


def test_a_way_to_opt_out_beside_what_hardly_weighs_is_no_use_unless_refused() -> None:
    text = "\n\n## More\n\nWe use cookies to measure visits.\n\nSee also the opt-out form of our provider."
    assert change("en", "", text).brief.because == ()


@pytest.mark.parametrize(
    ("before", "after", "because"),
    [
        (
            "If you withdraw your consent, parts of the service end. We use your messages to answer.",
            "We use your messages to answer and, unless you opt out, to train AI models.",
            ("trains_anew", "used_unless_refused"),
        ),
        (
            "If you withdraw your consent, or do not give it, some of our pages may not work as well.",
            "Our pages work best when you stay signed in, unless you opt out of it in your account.",
            (),
        ),
    ],
)
def test_what_follows_when_a_consent_is_withdrawn_was_not_off(
    before: str, after: str, because: tuple[str, ...]
) -> None:
    assert change("en", before, after).brief.because == because


def test_another_ground_for_transfers_is_no_promise_gone() -> None:
    told = change(
        "en",
        "We do not rely on the Privacy Shield for transfers of your data to the United States.",
        "We use standard contractual clauses for transfers of your data to the United States.",
    )
    assert (told.severity, told.brief.because) == ("low", ())
