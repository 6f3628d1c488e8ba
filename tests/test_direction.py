"""In whose favour a change and its places are, where the words that came say one thing and the change another."""

from __future__ import annotations

import pytest

from analysis.change import Direction
from analysis.judging.judge import Judgement, with_places
from reasons import Reason
from tests.test_grave import change

TIMES = "\n\n## How long we keep your data\n\n| Data | Kept for |\n| --- | --- |\n"
STAYS = "\n\n## Who we are\n\nThe club is run by a handful of people who play chess in Harrow most evenings."
KEPT = "\n\n## Durées de conservation\n\n"
COLLECTED = "\n\n## Data that we collect\n\nWe record the pages that you open. "
CASES = {
    "a practice that goes": (
        "en",
        "We share your listening history with a market research company, which links it with its surveys.",
        "",
        "limits",
    ),
    "a practice that is said to have ended": (
        "en",
        "",
        "We no longer use your messages to choose the ads that you see.",
        "limits",
    ),
    "practices and a promise that go": (
        "en",
        "We collect the precise location of your phone to show you clubs nearby.\n\n"
        "We share your listening history with a market research company, which links it with its surveys.\n\n"
        f"We do not pass member data to other companies of the group for their own purposes.{STAYS}",
        STAYS,
        "mixed",
    ),
    "the same in French": (
        "fr",
        "",
        "Nous ne communiquons plus vos données à des partenaires publicitaires.",
        "limits",
    ),
    "training that ends": (
        "en",
        "",
        "From this version on no conversation is used to train our models, whatever your plan.",
        "limits",
    ),
    "one practice goes and another comes": (
        "en",
        "We share your phone number with our sister app Finchlet.\n\n## More\n\nHere is more.",
        "\n\n## More\n\nHere is more. We collect the precise location of your phone to show you clubs nearby.",
        "mixed",
    ),
    "a shorter time beside a new use": (
        "en",
        "Server logs are kept for 90 days.\n\n## More\n\nHere is more.",
        "Server logs are kept for 30 days.\n\n## More\n\nHere is more. "
        "We use your messages and photos to choose the ads that you see.",
        "mixed",
    ),
    "a choice that goes with the practice": (
        "en",
        "\n\nConversations in the free plan are used to train our models. You can object in the settings.",
        "\n\n## Training\n\nFrom this version on no conversation is used to train our models, whatever the plan.",
        "limits",
    ),
    "a time that a table newly lists": (
        "en",
        f"{TIMES}| Orders | 10 years |",
        f"{TIMES}| Orders | 10 years |\n| Voicemail messages | 14 days |",
        "clarifies",
    ),
    "a row that came for another with a longer time": (
        "en",
        f"{TIMES}| Orders | 10 years |\n| Call records | 6 months |",
        f"{TIMES}| Orders | 10 years |\n| Call records | 12 months, and then in an archive that is read for tariffs |",
        "expands",
    ),
    "a new practice with all that protects people in it": (
        "en",
        "",
        "We use your chats and photos to choose the ads that you see. "
        "You can switch it off in the settings. You can ask us to delete them.",
        "expands",
    ),
    "a choice alone": (
        "en",
        "",
        "\n\nYou can now choose which cookies are set. We honour the signal of a browser that asks not to be followed.",
        "limits",
    ),
    "a practice that now waits for people": (
        "en",
        COLLECTED,
        f"{COLLECTED}Crash reports are now sent only if you agree when the game asks.",
        "limits",
    ),
    "one paragraph no longer does what it did, another newly does": (
        "en",
        "We share your email address with our survey company.\n\n## More\n\nHere is more.",
        "We no longer share your email address with our survey company.\n\n## More\n\nHere is more. "
        "We collect the precise location of your phone to show you clubs nearby.",
        "mixed",
    ),
    "something is no longer asked for, in a sentence that stayed": (
        "en",
        f"{COLLECTED}To have your account deleted, send us a letter with a copy of your passport.",
        f"{COLLECTED}To have your account deleted, open its page; we no longer ask for a copy of your passport.",
        "limits",
    ),
    "something is no longer handed on": (
        "en",
        "",
        "We no longer supply your games to developers who train AI.",
        "limits",
    ),
    "a box that has to be ticked first, in French": (
        "fr",
        "Nous vous envoyons par courriel nos offres et celles de nos partenaires, sauf si vous vous y opposez.",
        "Nous vous envoyons par courriel nos offres et celles de nos partenaires si vous avez coché la case.",
        "limits",
    ),
    "another ground for transfers": (
        "en",
        f"{COLLECTED}The host is in the United States. It takes part in the Privacy Shield.",
        f"{COLLECTED}The host is in the United States. It is certified under the Data Privacy Framework; where this "
        "does not apply, standard contractual clauses protect the transfer.",
        "clarifies",
    ),
    "a practice said in other words beside a new right": (
        "en",
        "## Sharing\n\nWe may be obliged to hand over personal data where a court or an authority with the "
        "power to do so asks for it.\n\n"
        "## Rights\n\nHere is more.",
        "## Sharing\n\nWhere a court or a competent authority demands personal data, we may have to hand it over.\n\n"
        "## Rights\n\nHere is more. You can now object to direct marketing at any time.",
        "limits",
    ),
    "a new use beside a paragraph in other words": (
        "en",
        "When you ask for lessons we look at your form. Our pages link to clubs run by other people. We do not "
        "control them, and their own notices apply once you follow a link.\n\nThe end.",
        "When you ask for lessons we look at your form and at how your household pays its bills.\n\n## Score\n\n"
        "We calculate a risk score from this by automated means. You may ask for a person to look at the result.\n\n"
        "The end.\n\nYou will find links to other people's clubs on our pages. Those clubs are not under our control; "
        "when you follow a link, the notice of that club applies.",
        "expands",
    ),
    "a shorter time in a list that grew": (
        "fr",
        f"{KEPT}Factures : dix ans. Parties jouées : treize mois.",
        f"{KEPT}Factures : dix ans. Parties jouées : six mois. État de la pendule : trois mois.",
        "mixed",
    ),
    "what is done only where people said yes": (
        "en",
        f"{COLLECTED}Crash reports are sent to our engineers.",
        f"{COLLECTED}Crash reports are sent to our engineers where you have said yes.",
        "limits",
    ),
    "the same in French, in other words": (
        "fr",
        "\n\nNous envoyons vos rapports d’erreur et vos données d’usage à nos ingénieurs.",
        "\n\nNous envoyons vos rapports d’erreur et vos données d’usage à nos ingénieurs lorsque vous avez dit oui.",
        "limits",
    ),
    "an explanation beside sentences in other words": (
        "en",
        "\n\n## Games\n\nYou can play.\n\n## Why\n\nWe keep data no longer than we need it.\n\n## Changes\n\n"
        "If one clause is void, the others stand.",
        "\n\n## Games\n\nYou can play. Does voice mode work in shared games?\n\nVoice mode is available in your own "
        "games only. Guests see the text that the model produced, not the audio.\n\n## Why\n\nData is kept only for as "
        "long as we need it.\n\n## Changes\n\nThe invalidity of one clause does not affect the rest.",
        "clarifies",
    ),
    "how data is secured": (
        "en",
        "",
        "Recordings are encrypted on your phone before they are sent, and the keys are renewed each quarter.",
        "clarifies",
    ),
}


@pytest.mark.parametrize(("language", "before", "after", "direction"), CASES.values(), ids=list(CASES))
def test_direction(language: str, before: str, after: str, direction: str) -> None:
    assert change(language, before, after).direction == direction


def test_a_place_that_only_goes_does_less() -> None:
    told = change(
        "en", CASES["one practice goes and another comes"][1], CASES["one practice goes and another comes"][2]
    )
    directions = {passage.direction for passage in told.passages if passage.topics}
    assert directions == {"limits", "expands"}


def test_what_is_said_again_elsewhere_is_not_gone() -> None:
    told = change(
        "en",
        "\n\n## Sharing\n\nData may be disclosed to bodies that have a statutory function in the field.\n\n## B\n\nx",
        "\n\n## Sharing\n\n## B\n\nx\n\nBodies that have a statutory function in the field may get the data.",
    )
    assert "limits" not in {passage.direction for passage in told.passages}


def test_a_promise_that_goes_is_no_mere_explanation() -> None:
    told = change(
        "en",
        "We do not pass member data to other companies of the group for their own purposes.",
        "We share profile data with the group, so that it can show you ads.",
    )
    assert told.direction == "expands"
    assert {passage.direction for passage in told.passages if passage.topics} == {"expands"}


def test_another_age_or_term_of_payment_is_no_time_of_keeping() -> None:
    told = change(
        "en",
        "We never sell your data. Charges fall due thirty days after the invoice is sent to you.",
        "We never sell your data. Charges fall due fourteen days after the invoice is sent to you.",
    )
    assert "limits" not in {told.direction, *(passage.direction for passage in told.passages)}


TORN = "You can connect your account with other apps, so that they find your friends. Parts taken from"
REST = " your profile will also be shared with the users of other apps."


def test_the_end_of_a_sentence_that_broke_off_is_neither_more_nor_less() -> None:
    for before, after in ((TORN, TORN + REST), (TORN + REST, TORN)):
        told = change("en", before, after)
        assert {told.direction, *(passage.direction for passage in told.passages)} == {"clarifies"}
    more = "\n\n## More\n\nWe collect the precise location of your phone to show you clubs nearby."
    assert change("en", TORN, TORN + REST + more).direction == "expands"


def test_an_entry_that_grows_is_no_sentence_that_broke_off() -> None:
    before = "\n\n## Sharing\n\nWe share your profile and the list of your friends with other apps"
    assert change("en", before, f"{before} and with advertisers who pay us for your data.").direction == "expands"


def test_what_is_done_unless_people_refuse_is_done() -> None:
    told = change("en", "", "Unless you tell us not to, we use call volumes and the places you visit to choose offers.")
    assert told.direction == "expands"


def test_what_readers_must_not_do_is_nothing_done_with_their_data() -> None:
    told = change(
        "en",
        "Members must not sell their accounts.",
        "Members must not sell their accounts. You must not use anything found on the site to train or develop "
        "artificial intelligence, to build a database of members or to collect their data for advertising.",
    )
    assert "expands" not in {told.direction, *(passage.direction for passage in told.passages)}


def test_what_was_shown_by_default_is_shown_to_whom_people_choose() -> None:
    told = change(
        "en",
        "\n\nWhen you complete a profile: orientation and faith, which are shown to others by default.",
        "\n\nWhen you complete a profile: orientation and faith, only if you consent and hidden until you show them.",
    )
    assert told.direction in ("limits", "mixed")


def test_a_row_on_a_new_use_is_no_mere_time() -> None:
    table = "\n\n## Uses\n\n| Purpose | Data | Recipients | Kept for |\n| --- | --- | --- | --- |\n"
    table += "| Orders | name | us | 1 year |"
    row = "\n| Choosing ads by what you read | pages you read, precise location | advertising partners | 2 years |"
    assert change("en", table, table + row).direction == "expands"


RIGHTS = "You have rights over your data."
COOKIES = "We use cookies."
WHAT_THEY_ARE = (
    "A cookie is a small text file that a website places on your device, for example to remember your language."
)


@pytest.mark.parametrize(
    ("before", "after", "clearer"),
    [
        (RIGHTS, f"{RIGHTS} For more on these rights, and what they mean, see the guide of the authority.", True),
        (
            "Our network is a set of sites.",
            "Our network is a set of sites. As of June, this policy also applies to all use of our AI assistant.",
            False,
        ),
        (COOKIES, f"{COOKIES}\n\n{WHAT_THEY_ARE}", False),
        (
            "You can object to the use of your data by writing to us.",
            "You can object to the use of your data by writing to our privacy team, for example at the address at "
            "the end of this page, and we will explain what happens next.",
            False,
        ),
    ],
    ids=["explained in its place", "something new in its place", "a paragraph of its own", "nothing explained"],
)
def test_clearer_is_only_what_is_said_in_other_words_that_explain(before: str, after: str, clearer: bool) -> None:
    told = change("en", before, after)
    assert (told.direction, told.clearer) == ("clarifies", clearer)


def test_a_right_that_is_gone_never_only_clarifies() -> None:
    right = "Your personal data will be deleted, or you may ask for its complete deletion, by writing to us by e-mail."
    told = change("en", f"{right}\n\nBe kind.", "Be kind.")
    assert told.direction == "expands"


def test_training_that_is_new_is_never_only_less() -> None:
    told = change("en", "", "The update says how we use our members' data to train generative AI, and how to refuse.")
    assert "trains_anew" in told.brief.because
    assert told.direction in ("expands", "mixed")


RIGHTS_OF_STATES = "\n\n## Your rights\n\nYou have rights under these laws:\n\n- California Consumer Privacy Act\n"
RECIPIENTS = "\n\n## Who gets your data\n\nWe share your data with these companies:\n\n- Harrow Ltd, Leeds\n"


@pytest.mark.parametrize(
    ("listed", "entry", "direction"),
    [
        (RIGHTS_OF_STATES, "- Indiana Consumer Data Protection Act\n", "limits"),
        (RECIPIENTS, "- Tidewell Technology Limited, Dublin\n", "expands"),
    ],
    ids=["a law", "a company"],
)
def test_a_law_that_is_newly_listed_gives_rights_and_a_company_gets_data(
    listed: str, entry: str, direction: str
) -> None:
    assert change("en", listed, listed + entry).direction == direction


def test_a_recipient_that_goes_gets_no_data_any_more() -> None:
    table = "\n\n## Who gets your data\n\n| Company | What for | Where |\n| --- | --- | --- |\n"
    table += "| Harrow Post Ltd | Sends your prizes | Leeds |\n"
    row = "| Tidewell Voice BV | Telephone lines of the support team | Netherlands |\n"
    assert change("en", table + row, table).direction == "limits"


OPENED = {
    "en": "We collect what you give us when you open an account, and what you write to us, so as to answer you. ",
    "fr": "Nous recueillons ce que vous donnez en ouvrant un compte et ce que vous écrivez, afin de vous répondre. ",
}


@pytest.mark.parametrize(
    ("language", "text", "direction"),
    [
        (
            "en",
            "We decide on your application for a loan with our scoring system, without anyone looking at it. If you "
            "are turned down, you have the right to ask for a person to look at it again.",
            "mixed",
        ),
        (
            "fr",
            "Votre demande de prêt fait l'objet d'une décision entièrement automatisée à partir de vos données. Vous "
            "avez le droit de la contester et d'obtenir une intervention humaine.",
            "mixed",
        ),
        ("en", "You have the right not to be subject to decisions based solely on automated processing.", "limits"),
    ],
)
def test_a_right_to_object_makes_a_machine_that_decides_no_better(language: str, text: str, direction: str) -> None:
    found = change(language, OPENED[language], OPENED[language] + text)
    assert (found.direction, "automated_decisions" in found.topics) == (direction, True)


@pytest.mark.parametrize(
    ("whole", "places", "told"),
    [
        ("expands", {"clarifies"}, "clarifies"),
        ("limits", {"clarifies"}, "clarifies"),
        ("mixed", {"clarifies"}, "mixed"),  # some more and some less may be in one place
        ("expands", {"clarifies", "expands"}, "expands"),
        ("expands", set(), "expands"),
    ],
)
def test_a_change_does_no_more_than_its_places(whole: Direction, places: set[Direction], told: Direction) -> None:
    why = Reason("why.direction", direction=Reason(f"direction.{whole}"), reason=Reason("weight.like_most"))
    judged = with_places(Judgement(True, True, ("user_rights",), "low", whole, (why,)), places)
    assert judged.direction == told
    assert judged.why[0].values["direction"] == Reason(f"direction.{told}")
