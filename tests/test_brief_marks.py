"""What a brief says of its quotations besides their words: that readers are forbidden it, that the page limits it."""

from __future__ import annotations

import pytest

from tests.test_brief_sentences import told
from tests.test_brief_shown import BRIEF, body
from tests.told import compared

FORBIDDEN, DENIED, LIMITED = ("forbidden",), ("denied",), ("limited",)


@pytest.mark.parametrize(
    ("language", "text", "marks"),
    [
        ("en", "You may not use the data of other members to train AI models.", FORBIDDEN),
        ("en", "Members must not share the personal data of other members.", FORBIDDEN),
        ("en", "Do not share the personal data of other members with anyone.", FORBIDDEN),
        ("en", "Training AI models on data of members is not allowed.", FORBIDDEN),
        ("en", "Our service providers may not use your personal data to train AI models.", ()),
        ("en", "Our service providers are prohibited from using your personal data to train AI models.", ()),
        ("en", "Wrenfield will not share your personal data with advertisers.", ()),
        ("en", "You will not be asked for sensitive personal data.", ()),
        ("en", "Your personal data may not be used to train AI models.", ()),
        ("fr", "Vous ne devez pas partager les données personnelles des autres membres.", FORBIDDEN),
        ("fr", "Les utilisateurs ne peuvent pas partager les données personnelles des autres membres.", FORBIDDEN),
        ("fr", "Nous ne partageons pas vos données personnelles avec des annonceurs.", ()),
    ],
)
def test_a_ban_on_readers_is_no_promise_to_them(language: str, text: str, marks: tuple[str, ...]) -> None:
    excluded = told({"language": language, "text": text}).excluded
    assert excluded
    assert {quote.marks for quote in excluded} == {marks}


@pytest.mark.parametrize(
    ("language", "text", "field", "marks"),
    [
        ("en", "Requests that the app cannot answer alone are sent to our vendor Kestrel Inc.", "recipients", ()),
        ("fr", "Sans réaction sous quinze jours, vos données de profil sont effacées.", "data", ()),
        ("fr", "Le dossier est tranché sans intervention humaine, au vu de votre historique d'achat.", "data", ()),
        ("fr", "Sont exclus votre adresse postale et vos données de santé.", "data", DENIED),
        ("en", "Your health data are excluded from our ranking.", "data", DENIED),
        ("en", "Please note that we do not share your phone number with third parties.", "data", DENIED),
        ("en", "Please note that we do not share your phone number with third parties.", "recipients", DENIED),
        ("fr", "Veuillez noter que nous ne partageons pas votre numéro de téléphone.", "data", DENIED),
        ("en", "Your messages aren't sold to data brokers.", "data", DENIED),
        ("en", "You can also use private chats, which are not used to train our models.", "data", DENIED),
        ("fr", "Il y a des discussions privées, qui ne sont pas utilisées pour entraîner nos modèles.", "data", DENIED),
        ("en", "We may ask for your passport, which we do not keep, to verify your age.", "purposes", ()),
        ("en", "It cannot be ruled out that data go to the servers of Corvina LLC.", "recipients", ()),
        ("fr", "Nous n'utilisons vos photos à des fins de publicité que si vous l'acceptez.", "data", ()),
        ("en", "We use your photos, but not your private chats, to train our own AI models.", "purposes", ()),
    ],
)
def test_a_denial_is_of_its_own_clause(language: str, text: str, field: str, marks: tuple[str, ...]) -> None:
    quotes = getattr(told({"language": language, "text": text}), field)
    assert quotes
    assert quotes[0].marks == marks, quotes


def test_entries_of_a_list_of_bans_are_bans() -> None:
    listed = "You may not, in any of our rooms:\n\n* collect personal data of members that is not public\n"
    assert {quote.marks for quote in told({"language": "en", "text": listed}).excluded} == {FORBIDDEN}


@pytest.mark.parametrize(
    ("language", "text", "marks"),
    [
        ("en", "We do not use your messages to train AI models, except when you rate an answer.", LIMITED),
        ("en", "We do not use your messages to train AI models unless you use the free plan.", LIMITED),
        ("en", "When you use the paid plan, we do not use your messages to train AI models.", LIMITED),
        ("en", "We do not use your health data (such as your weight) for automated decisions about you.", LIMITED),
        ("en", "We do not use your messages to train AI models, and we delete them if you ask for it.", ()),
        ("en", "We do not use your messages to train AI models, but if you ask for it we print them.", ()),
        ("en", "We do not use your messages to train AI models.", ()),
        ("fr", "Nous n'utilisons jamais vos messages pour entraîner l'IA, sauf si vous notez une réponse.", LIMITED),
        ("fr", "Nous n'utilisons jamais vos messages pour entraîner l'IA.", ()),
    ],
)
def test_a_denial_is_not_told_as_if_it_had_no_limits(language: str, text: str, marks: tuple[str, ...]) -> None:
    excluded = [quote for quote in told({"language": language, "text": text}).excluded if "messages" in quote.text]
    excluded = excluded or list(told({"language": language, "text": text}).excluded)
    assert excluded
    assert {quote.marks for quote in excluded} == {marks}


def test_what_cannot_be_undone_is_told_with_its_condition() -> None:
    text = "Once you have closed your room, your messages cannot be recovered."
    (quote,) = told({"language": "en", "text": text}).irreversible
    assert (quote.text, quote.marks) == ("your messages cannot be recovered", LIMITED)


def test_who_does_not_get_it_is_not_told_as_who_gets_it() -> None:
    (quote,) = told({"language": "en", "text": "Your letters aren't sold to anyone."}).recipients
    assert (quote.text, quote.marks) == ("anyone", ("denied",))
    others = "Your letters aren't sold to advertisers. We share your name with our payment providers."
    assert {(quote.text, quote.marks) for quote in told({"language": "en", "text": others}).recipients} == {
        ("our payment providers", ())
    }


@pytest.mark.parametrize(
    ("language", "text", "quoted", "marks"),
    [
        ("en", "Parcelwing gets your name, but no longer your date of birth.", "your date of birth", DENIED),
        ("en", "Personal data includes voiceprints and photos, which we do not collect.", "photos", DENIED),
        ("en", "You can write in private rooms, which are not used to train AI models.", "train AI models", DENIED),
        ("en", "We never sell your health data, but we print it.", "your health data", DENIED),
        ("en", "We do not use your letters to train AI models unless you agree.", "train AI models", DENIED + LIMITED),
        ("en", "We do not use your photos, and our providers use your messages.", "your messages", ()),
        ("en", "We do not keep your letters longer than needed.", "your letters", ()),
        ("en", "If you do not have an account, we use your email address.", "your email address", ()),
        ("en", "We use your name, including but not limited to your letters.", "your letters", ()),
        ("en", "You may instruct us not to use your notes to train AI models.", "train AI models", ()),
        ("en", "You may not use our letters to train AI models.", "train AI models", FORBIDDEN),
        ("fr", "Nous ne vendons pas vos données de santé.", "vos données de santé", DENIED),
        ("fr", "Nous ne traitons que vos messages.", "vos messages", ()),
        ("fr", "Il est interdit d'utiliser nos textes pour entraîner des modèles d'IA.", "entraîner", FORBIDDEN),
    ],
)
def test_what_is_denied_or_forbidden_is_not_told_as_done(
    language: str, text: str, quoted: str, marks: tuple[str, ...]
) -> None:
    brief = told({"language": language, "text": text})
    answers = [quote for quote in (*brief.data, *brief.purposes) if quoted in quote.text]
    assert {quote.marks for quote in answers} <= {marks}
    assert answers or not marks


def test_entries_of_a_numbered_list_of_bans_are_bans() -> None:
    listed = "7.1 Members will not do any of these:\n\n7.1.1 print letters;\n\n7.1.2 use letters to train AI models.\n"
    (quote,) = told({"language": "en", "text": listed}).purposes
    assert (quote.text, quote.marks) == ("train AI models", FORBIDDEN)


def test_a_ban_holds_to_the_end_of_a_long_sentence() -> None:
    ban = (
        "You must not use our rooms, our pages and our programs, on your own or together with others and by whatever "
        "means you find, in any way that is against these rules or against the law of the country that you live in, "
        "nor for the training of AI models."
    )
    (quote,) = told({"language": "en", "text": ban}).purposes
    assert (quote.text, quote.marks) == ("the training of AI models", FORBIDDEN)


def test_what_may_be_forbidden_is_not_told_as_forbidden() -> None:
    text = "We share your notes with the library and, unless your state forbids it, your letters with our partners."
    assert all("forbidden" not in quote.marks for quote in told({"language": "en", "text": text}).excluded)


@pytest.mark.parametrize(
    ("text", "excluded"),
    [
        ("We don't use your letters to train AI, except to fight abuse.", {"We don't use your letters to train AI"}),
        ("It cannot be excluded that authorities may access your personal data.", set()),
        ("We store drafts that are not personal data to train AI models.", {"that are not personal data"}),
    ],
)
def test_what_is_done_is_not_told_as_left_out(text: str, excluded: set[str]) -> None:
    assert {quote.text for quote in told({"language": "en", "text": text}).excluded} == excluded


@pytest.mark.parametrize(
    ("language", "label", "note"),
    [
        ("en", "What is forbidden", "“share it” (the page sets limits to this)"),
        ("fr", "Ce qui est interdit", "« share it » (la page y met des limites)"),
    ],
)
def test_bans_stand_under_a_label_of_their_own(language: str, label: str, note: str) -> None:
    excluded = [
        {"text": "share it", "side": "after", "marks": ["forbidden", "limited"]},
        {"text": "your letters", "side": "after"},
    ]
    shown = body("text", language, brief=BRIEF | {"excluded": excluded})
    assert label in shown
    assert note in shown
    assert shown.index("your letters") < shown.index(label) < shown.index("share it")
    assert label not in body("text", language, brief=BRIEF | {"excluded": excluded[1:]})


@pytest.mark.parametrize(
    ("language", "note"),
    [
        ("en", "“your drafts” (the page denies this, but with exceptions or conditions)"),
        ("fr", "« your drafts » (la page dit le contraire, mais avec des exceptions ou des conditions)"),
    ],
)
def test_a_denial_with_exceptions_is_told_as_one_thing(language: str, note: str) -> None:
    data = [{"text": "your drafts", "side": "after", "marks": ["denied", "limited"]}]
    shown = body("text", language, brief=BRIEF | {"data": data})
    assert note in shown
    assert shown.count("(the page") + shown.count("(la page") == 1


@pytest.mark.parametrize(("language", "note"), [("en", "(the page denies this)"), ("fr", "(la page dit le contraire)")])
def test_who_does_not_get_it_is_marked(language: str, note: str) -> None:
    recipients = [{"text": "anyone", "side": "after", "marks": ["denied"]}]
    assert note in body("text", language, brief=BRIEF | {"recipients": recipients})


@pytest.mark.parametrize(("language", "note"), [("en", "(users may not)"), ("fr", "(interdit aux utilisateurs)")])
def test_a_purpose_that_is_forbidden_is_marked(language: str, note: str) -> None:
    purposes = [{"text": "train AI models", "side": "after", "marks": ["forbidden"]}]
    shown = body("text", language, brief=BRIEF | {"purposes": purposes})
    assert note in shown


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Your settings don't control how we use your messages to train AI models."),
        ("en", "Parcelwing does not monitor data from apps of third parties."),
        ("fr", "Ce réglage n'affecte pas l'usage de vos données personnelles."),
    ],
)
def test_what_has_no_influence_leaves_nothing_out(language: str, text: str) -> None:
    brief = told({"language": language, "text": text})
    assert (brief.excluded, brief.recipients) == ((), ())


@pytest.mark.parametrize(("language", "label"), [("en", "Age limits, children"), ("fr", "Limites d’âge, enfants")])
def test_ages_are_not_told_as_left_out(language: str, label: str) -> None:
    (quote,) = told({"language": "en", "text": "Parcelwing is for people who are 18 years of age."}).excluded
    assert quote.marks == ("age",)
    excluded = [{"text": quote.text, "side": "after", "marks": list(quote.marks)}]
    assert f"{label}" in body("text", language, brief=BRIEF | {"excluded": excluded})


@pytest.mark.parametrize(
    "text",
    [
        "We do not use your messages to train models, nor data of members whom we believe to be under 18.",
        "We do not sell personal information of minors under 16 years of age.",
    ],
)
def test_whom_a_sentence_spares_by_age_is_left_out(text: str) -> None:
    excluded = told({"language": "en", "text": text}).excluded
    assert any("1" in quote.text for quote in excluded)
    assert not any("age" in quote.marks for quote in excluded)


@pytest.mark.parametrize(
    ("before", "after", "marks"),
    [
        (
            "You can opt out at any time in your Advert Settings.",
            "Change your mind in the Advert Settings.",
            ("stands",),
        ),
        ("You can opt out by mail to no@parley.example.", "For questions, write to no@parley.example.", ("stands",)),
        ('You can opt out by clicking on "No more letters".', 'Click on "No more letters" if you like.', ("stands",)),
        ('You can opt out by clicking on "Refuse all".', "Subscribers can refuse all adverts.", ()),
        ("You can opt out at any time in your Advert Settings.", "Adverts are shown to all.", ()),
        ("You can opt out of adverts by Harrow Inc through our Help Desk.", "Ask the Help Desk to delete it.", ()),
    ],
)
def test_a_control_that_stands_elsewhere_is_not_told_as_gone(before: str, after: str, marks: tuple[str, ...]) -> None:
    policy = "# Privacy policy\n\n## Adverts\n\nWe use your data for adverts.{}\n\n## More\n\nWe are here.{}\n"
    found = compared(policy.format(f" {before}", ""), policy.format("", f" {after}"))
    refused = [quote for quote in found.brief.refuse if quote.side == "before"]
    assert refused
    assert {quote.marks for quote in refused} == {marks}


@pytest.mark.parametrize(
    ("stays", "marks"),
    [
        ("We also get your date of birth from schools.", ("stands",)),
        ("We never ask for your date of birth.", ()),
        ("We bake cakes.", ()),
    ],
)
def test_what_the_page_says_elsewhere_is_not_told_as_gone(stays: str, marks: tuple[str, ...]) -> None:
    policy = "# Privacy policy\n\n## Sharing\n\nWe share your address with banks.{}\n\n## More\n\n" + stays
    found = compared(policy.format(" We share your date of birth with couriers."), policy.format(""))
    assert [(quote.text, quote.marks) for quote in found.brief.data] == [("your date of birth", marks)]


def test_what_is_said_in_other_words_is_not_told_as_gone() -> None:
    policy = "# Politique de confidentialité\n\n## Vos données\n\n{}\n\n## Nous\n\nNous fabriquons des stylos.\n"
    found = compared(
        policy.format("Nous traitons votre adresse pour vérifier les commandes."),
        policy.format("Pour vérifier une commande, nous avons besoin d'un téléphone."),
        language="fr",
    )
    told = {(quote.text, quote.marks) for quote in found.brief.purposes}
    assert told == {("vérifier une commande", ())}


def test_a_promise_that_stands_elsewhere_is_not_told_as_gone() -> None:
    policy = "# Privacy policy\n\n## Letters\n\nWe read them.{}\n\n## Photos\n\n{}\n"
    gone = " We do not sell them or your address."
    stays = "You send photos; we do not sell them or your address."
    found = compared(policy.format(gone, stays), policy.format("", stays))
    assert {quote.marks for quote in found.brief.excluded} == {("stands",)}


def test_general_words_that_the_page_has_yet_are_no_news() -> None:
    policy = "# Privacy policy\n\n## Sharing\n\nWe keep your information here.{}\n\n## More\n\nWe are here.\n"
    gone = " We use your information to send parcels, and your phone number to call you."
    found = compared(policy.format(gone), policy.format(""))
    assert {quote.text for quote in found.brief.data} == {"your phone number"}


@pytest.mark.parametrize(
    ("said", "where"), [("remember your region", False), ("are not available in your region", True)]
)
def test_a_region_that_is_remembered_is_no_place_where_it_holds(said: str, where: bool) -> None:
    assert bool(told({"language": "en", "text": f"Cookies that track your language {said}."}).regions) == where
