"""Rules for users: what forbids a thing is told with it, also where the paragraph above or a column's head says so."""

from __future__ import annotations

import pytest

from notifier.messages import alert_message
from notifier.wording import words
from policywatch.wording import wording
from storage.alerts import unplanned_alerts
from tests.owed import BRIEF, empty, tell
from tests.test_brief import told

BEFORE = "# Terms\n\nBe kind.\n"
LONG = (
    "Except for what your own browser keeps, you may not use, launch or run any automated system, such as a spider, "
    "a robot, a scraper or a mirror of our pages, in any form and from any of our pages, for the purpose of:"
)


@pytest.mark.parametrize(
    ("after", "language", "meaning"),
    [
        (
            "Customer agrees that it will not, and will not let others:\n\n"
            "* use the posts of members to train a machine learning model or any other AI\n",
            "en",
            "Customer agrees that it will not, and will not let others: use the posts of members to train",
        ),
        (
            f"{LONG}\n\n* training generative AI models with posts and photos of our members\n",
            "en",
            "…you may not use, launch or run any automated system, such as a spider, a robot, a scraper or a… "
            "training generative AI",
        ),
        (
            "| Do | Don't |\n| --- | --- |\n"
            "| Read our guide before you begin. | Share personal data of members with advertising partners |\n",
            "en",
            "Don't: Share personal data of members",
        ),
        (
            "|  |  |\n| --- | --- |\n| Do | Don't |\n"
            "| Read our guide before you begin. | Share personal data of members with advertising partners |\n",
            "en",
            "Don't: Share personal data of members",
        ),
        (
            "Users will not: (a) sell an account to others; (b) use posts of members to train generative AI models.\n",
            "en",
            "Users will not: b) use posts of members to train generative AI models",
        ),
        (
            "Il est interdit :\n\n* d'utiliser les publications des membres pour entraîner une IA générative\n",
            "fr",
            "Il est interdit: d'utiliser les publications",
        ),
    ],
)
def test_what_forbids_an_item_heads_the_change_with_it(after: str, language: str, meaning: str) -> None:
    answer = told(BEFORE, f"# Terms\n\nBe kind.\n\n{after}", language)
    assert (answer.meaning or "").startswith(meaning)


def test_a_list_of_what_is_done_needs_no_words_before_it() -> None:
    after = f"{BEFORE}\nWe collect and use:\n\n* the posts that members write, to train generative AI models\n"
    assert (told(BEFORE, after).meaning or "").startswith("the posts that members write")


def test_a_long_sentence_is_not_cut_between_the_ban_and_what_is_banned() -> None:
    many = ", ".join(f"page {number} of our site in any of its forms" for number in range(12))
    before = f"# Terms\n\nBe kind. You may not copy {many}, for sale or for rent.\n"
    answer = told(before, before.replace("for rent", "to train generative AI models with personal data of members"))
    assert (answer.meaning or "").startswith("You may not …page")
    assert "generative AI models with personal data" in (answer.meaning or "")


def test_the_first_cell_names_its_row_unless_it_is_a_sentence() -> None:
    table = (
        "# A\n\n| Data | Use |\n| --- | --- |\n| {} | to train generative AI models with personal data of members |\n"
    )
    assert (told("# A\n\nB.\n", table.format("Your posts")).meaning or "").startswith("Your posts, Use: to train")
    assert (told("# A\n\nB.\n", table.format("Otterly, Inc.")).meaning or "").startswith("Otterly, Inc., Use: to train")
    assert (told("# A\n\nB.\n", table.format("We read your posts.")).meaning or "").startswith("Use: to train")


@pytest.mark.parametrize(
    ("language", "added", "meaning"),
    [
        ("en", "HIV status is a field we used to offer. We have taken it away and erased every answer.", "HIV status"),
        ("fr", "Le statut sérologique était demandé. Nous l'avons supprimé et effacé de vos données.", "Le statut"),
    ],
)
def test_a_sentence_that_says_it_before_any_noun_has_the_one_before_it(language: str, added: str, meaning: str) -> None:
    before = "# A\n\nBe kind.\n"
    assert (told(before, f"{before}\n{added}\n", language).meaning or "").startswith(meaning)


RULE = "You may not use our pages to train a machine learning model."
PRACTICE = "We use your posts and photos to train our generative AI models."


@pytest.mark.parametrize(
    ("added", "only_rules"),
    [
        (RULE, True),
        (f"{RULE} {PRACTICE}", False),
        (PRACTICE, False),
        ("To opt out of the training of AI on your posts, you must send us a signed form.", False),
        ("You must accept that we use your posts to train AI models.", False),
        ("And as many of you ask: diary entries don't feed any machine-learning model of ours.", False),
        ("You must not harm our services, for example, by:\n\n* using posts of members to train AI models\n", True),
        ("We will use your posts for the following:\n\n* training generative AI models of our partners\n", False),
    ],
)
def test_a_change_of_rules_alone_is_known_as_one(added: str, only_rules: bool) -> None:
    assert told(BEFORE, f"{BEFORE}\n{added}\n").only_rules is only_rules


@pytest.mark.parametrize(("language", "said"), [("en", "a rule for users"), ("fr", "une règle pour les utilisateurs")])
def test_rules_alone_are_told_as_rules_not_as_a_use_of_data(language: str, said: str) -> None:
    facts = {"direction": "clarifies", "severity": "low", "topics": ["ai_features"]}
    with empty() as session:
        tell(session, ["team"], brief=BRIEF | {"only_rules": True}, **facts)
        message = alert_message(session, unplanned_alerts(session), language=language, base_url=None)
        text = message.text
    assert said in message.subject
    assert words(language).subject.clearer not in message.subject
    assert f"{words(language).say.direction}{words(language).colon}{said}" in text
    assert wording(language).direction("expands", {"only_rules": True}) == said
    assert wording(language).direction("expands", {}) == wording(language).label("direction", "expands")


def test_a_change_that_a_ban_heads_is_a_rule_where_half_of_it_is() -> None:
    ban = "You may not use the posts of our members to train AI models."
    other = "Our editors read a book each morning and tell about it."
    assert told(
        BEFORE, f"# Terms\n\nBe kind. {ban}\n\nBe fair. You must not copy posts of others. {other}\n"
    ).only_rules
    ours = ban.replace("You may not use", "We may not use")
    assert not told(BEFORE, f"# Terms\n\nBe kind. {ours}\n\n{other}\n").only_rules
