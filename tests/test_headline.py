"""The sentence that heads a change: the weightiest news, in the page's own words."""

from __future__ import annotations

import pytest

from tests.told import compared, told


def test_a_promise_that_is_taken_back_is_quoted_from_the_earlier_text() -> None:
    answer = told("# Notice\n\nWe never sell your personal data. We keep logs.\n", "# Notice\n\nWe keep logs.\n")
    assert [
        quote for quote in answer.excluded if "never sell your personal data" in quote.text and quote.side == "before"
    ]
    assert (answer.meaning, answer.meaning_side) == ("We never sell your personal data", "before")


def test_what_comes_heads_a_change_before_what_goes() -> None:
    logs = "# Privacy policy\n\n## Logs\n\n{}\n\n## Messages\n\n{}\n"
    found = compared(
        logs.format("We delete our server logs after 30 days, as we have always done.", "Your messages are yours."),
        logs.format("", "Your messages are yours. We share your messages with advertisers."),
    )
    assert (found.brief.meaning, found.brief.meaning_side) == ("We share your messages with advertisers", "after")


def test_a_promise_that_is_gone_heads_the_change_that_it_makes_high() -> None:
    policy = "# Privacy policy\n\n## Messages\n\n{}\n\n## Contact\n\nWrite to us at any time{}.\n"
    found = compared(
        policy.format("Your messages are yours. We never sell your messages to anybody.", ""),
        policy.format("Your messages are yours.", " about your data and your rights"),
    )
    assert "promise_gone" in found.brief.because
    assert (found.brief.meaning, found.brief.meaning_side) == ("We never sell your messages to anybody", "before")


@pytest.mark.parametrize(
    ("before", "after", "meaning"),
    [
        (
            "| Data | Kept |\n| --- | --- |\n| Letters | a year |\n",
            "| Data | Kept |\n| --- | --- |\n| Letters | until you delete your account |\n",
            "Letters, Kept: until you delete your account",
        ),
        ("* IP address\n", "* IP address\n* fingerprints\n* health data\n", "What we collect: health data"),
    ],
)
def test_a_cell_and_an_entry_are_told_with_what_they_belong_to(before: str, after: str, meaning: str) -> None:
    policy = "# Privacy policy\n\nWe are Parley.\n\n## What we collect\n\n"
    found = compared(policy + before, policy + after)
    assert found.brief.meaning == meaning


def test_a_condition_is_not_told_without_what_it_is_for() -> None:
    condition = (
        "If Harrow shares the personal information it has about you with separate companies of its group, including "
        "its parent and all subsidiaries, such as those that make films and those that sell houses, to use for their "
        "own purposes and at their own risk, we will first give you the choice to opt out of that sharing, and we will "
        "wait for thirty days before anything at all is shared with any of these companies."
    )
    found = compared("# Privacy policy\n\nBe kind.\n", f"# Privacy policy\n\nBe kind.\n\n{condition}\n")
    assert found.brief.meaning.endswith("we will first give you the choice to opt out of that sharing…")


def test_a_long_meaning_is_cut_with_its_brackets_whole() -> None:
    kinds = ", ".join(f"kind {number} of the data" for number in range(12))
    answer = told(
        "# A\n\nBe kind.\n",
        "# A\n\nBe kind.\n\n"
        f"We collect information about the device from which you visit us (for example {kinds}) daily.\n",
    )
    assert answer.meaning == "We collect information about the device from which you visit us…"


@pytest.mark.parametrize(
    ("language", "before", "news", "meaning"),
    [
        ("en", "We share it with advertisers.", "This includes your messages and photos.", None),
        ("en", "Members ask us often.", "For example, we share your messages with advertisers.", None),
        ("en", "Do you sell my messages?", "Yes, we sell your messages to advertisers.", None),
        ("en", "Be kind.", "No messages are shared with advertisers.", "No messages"),
        ("en", "Be kind.", "This privacy policy says that we share your messages with advertisers.", "This privacy"),
        ("fr", "Nous la donnons aux annonceurs.", "Cette liste contient vos messages et vos photos.", None),
    ],
)
def test_a_sentence_that_speaks_of_the_one_before_it_is_told_with_it(
    language: str, before: str, news: str, meaning: str | None
) -> None:
    policy = f"# Privacy policy\n\n## Messages\n\n{before}{{}}\n"
    found = compared(policy.format(""), policy.format(f" {news}"), language=language)
    if meaning is None:
        assert found.brief.meaning == f"{before} {news}".rstrip(".")
    else:
        assert found.brief.meaning.startswith(meaning)


def test_of_a_long_sentence_before_it_as_much_is_told_as_a_reader_takes_in() -> None:
    long = f"You agree not to use any service, {', '.join(['tool or other thing'] * 9)}, against us."
    policy = f"# Privacy policy\n\n## Messages\n\n{long}{{}}\n"
    found = compared(policy.format(""), policy.format(" This includes training AI models with messages of members."))
    assert found.brief.meaning.startswith("You agree not to use any service, tool or other thing")
    assert found.brief.meaning.endswith("… This includes training AI models with messages of members")


@pytest.mark.parametrize(
    ("begun", "meaning"),
    [
        ("Notice about your phone: If you gave us your number for {}, we do not share it", "we do not share it"),
        ("Harrow Limited, with {}, trains AI models on your messages", "trains AI models on your messages"),
    ],
)
def test_a_sentence_is_not_cut_before_it_says_something(begun: str, meaning: str) -> None:
    many = ", ".join(["its affiliates of the north"] * 9)
    sentence = f"{begun.format(many)}, {', '.join(['now and later'] * 12)}."
    found = compared("# Privacy policy\n\nBe kind.\n", f"# Privacy policy\n\nBe kind.\n\n{sentence}\n")
    assert found.brief.meaning.endswith("…")
    assert meaning in found.brief.meaning


def test_marks_of_bold_words_are_no_part_of_what_forbids() -> None:
    news = "**Limits: **You may not (a) harm us, (b) use our pages to train AI models with data of members."
    found = compared("# Privacy policy\n\nBe kind.\n", f"# Privacy policy\n\nBe kind.\n\n{news}\n")
    assert "You may not" in found.brief.meaning
    assert "*" not in found.brief.meaning


def test_no_cut_leaves_out_what_is_new_about_ai() -> None:
    licence = (
        "By posting content you grant us a {}licence to host, reproduce, adapt, publish, translate, show, perform "
        "and distribute that content on our pages, in our apps, in our letters, on our screens in stations and in our "
        "shops for the purpose of operating the service{}."
    )
    policy = "# Terms\n\n## Your content\n\n{}\n"
    now = ", and for the training of artificial intelligence models by us"
    found = compared(policy.format(licence.format("", "")), policy.format(licence.format("worldwide ", now)))
    assert found.brief.meaning.endswith("for the training of artificial intelligence models by us")


def test_a_sentence_that_is_cut_in_the_middle_says_who_does_what() -> None:
    others = ", ".join(f"provider number {number}" for number in range(20))
    said = f"We may share your information with our affiliates, {others}{{}}."
    policy = "# Privacy policy\n\n## Partners\n\n{}\n"
    now = ", and, unless you opt out, for training artificial intelligence models"
    found = compared(policy.format(said.format("")), policy.format(said.format(now)))
    assert found.brief.meaning.startswith("We may share your information with our affiliates …")
    assert found.brief.meaning.endswith("for training artificial intelligence models")


def test_a_promise_does_not_head_a_change_that_is_high_for_what_is_done() -> None:
    policy = (
        "# Policy\n\n## AI\n\n{}\n\n## Switch\n\nAI features are {} by default. You can turn them {} in Settings.\n"
    )
    found = compared(
        policy.format("Your content is not used to train AI models.", "off", "on"),
        policy.format("Your content is not used by our providers to train their AI models.", "on", "off"),
    )
    assert found.severity == "high"
    assert found.brief.meaning == "AI features are on by default"


@pytest.mark.parametrize(
    ("excepted", "plain"),
    [
        (
            "We use your posts to train AI models, except where you live in Europe.",
            "We use your posts to train AI models",
        ),
        ("We do not sell your data, except to our partners.", "We do not sell your data"),
        ("We use your posts to train AI models if you live in Norway.", "We use your posts to train AI models"),
        ("We share your posts only with your consent.", "We share your posts"),
    ],
)
def test_an_exception_or_condition_that_is_gone_is_told_by_what_holds_for_all(excepted: str, plain: str) -> None:
    policy = "# Privacy policy\n\n## Your data\n\n{}\n"
    found = compared(policy.format(excepted), policy.format(f"{plain}."))
    assert (found.brief.meaning, found.brief.meaning_side) == (plain, "after")


def test_what_is_off_until_a_person_turns_it_on_is_off() -> None:
    policy = "# Policy\n\n## Voice search\n\n{}\n"
    found = compared(
        policy.format("Recordings are discarded."),
        policy.format(
            "Recordings are discarded unless you have turned on voice training, for which people listen to them."
        ),
    )
    assert found.brief.default == "off"
    assert "advertising" not in found.topics


def test_where_more_is_said_does_not_head_what_is_said() -> None:
    before = "# Help\n\nOur assistant answers questions about your documents.\n"
    says = "Some apps can connect to the assistant to get more personalized experiences."
    after = f"{before}\n{says} Learn more about personalization with your data from connected apps.\n"
    assert told(before, after).meaning == says.rstrip(".")


def test_a_choice_that_is_gone_heads_a_change_before_a_new_address() -> None:
    parts = "# Privacy policy\n\n## Controls\n\nYou can download your data.\n\n{}\n\n## Rights\n\nWrite to Kestrel.{}\n"
    gone = "You can use the advertising controls to control what data we use to personalize the ads we show you."
    address = " If you have concerns regarding our processing of your personal data, you can write to us by e-mail."
    found = compared(parts.format(gone, ""), parts.format("", address))
    assert (found.brief.meaning, found.brief.meaning_side) == (gone.rstrip("."), "before")
    back = compared(parts.format("", address), parts.format(gone, ""))
    assert (back.brief.meaning, back.brief.meaning_side) == (gone.rstrip("."), "after")
