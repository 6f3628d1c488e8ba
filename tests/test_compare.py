"""What a change between two texts is said to be: the cases of tests/cases, and what must hold for any change."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.blocks import Block, Page
from analysis.change import Comparison
from analysis.compare import compare
from analysis.diff.wording import keyed_sentences
from analysis.judging.grave import RULES
from analysis.judging.kinds import kind_of
from analysis.page import read_page
from analysis.text import words
from analysis.text.spelling import keyed_words

CASES = Path(__file__).with_name("cases")
Case = dict[str, Any]


def cases() -> list[Any]:
    found = []
    for language in ("en", "fr"):
        written: list[Case] = tomllib.loads((CASES / f"{language}.toml").read_text("utf-8"))["case"]
        found += [pytest.param({"language": language, **case}, id=f"{language}: {case['name']}") for case in written]
    return found


@cache
def frame(document: str, language: str) -> str:
    return (CASES / f"{document}.{language}.md").read_text("utf-8")


def page(case: Case, text: str) -> Page:
    """The text in a document that has other sections, too; without a section it stands above them, below the title."""
    return _page(case["document"], case["language"], case["section"], text)


@cache
def _page(document: str, language: str, section: str, text: str) -> Page:
    markdown = frame(document, language)
    if section:
        whole = markdown.replace("CHANGED", f"## {section}\n\n{text}")
    else:
        title, rest = markdown.replace("CHANGED\n\n", "").split("\n", 1)
        whole = f"{title}\n\n{text}\n{rest}"
    return read_page(whole.encode(), mime="text/markdown", language=language)


def told(case: Case, *, mirrored: bool = False) -> Comparison:
    before, after = (page(case, case[side]) for side in ("before", "after"))
    return _told(after, before, case["language"]) if mirrored else _told(before, after, case["language"])


@cache  # several tests look at the same answer
def _told(before: Page, after: Page, language: str) -> Comparison:
    return compare(before, after, language=language)


@pytest.mark.parametrize("case", cases())
def test_a_case_is_told_as_a_person_would(case: Case) -> None:
    found = told(case)
    if "substantive" in case:
        assert found.substantive is case["substantive"], found
    if "alert" in case:
        assert found.alert is case["alert"], found
    assert found.held is None
    assert set(case.get("topics", ())) <= set(found.topics), found
    assert not set(case.get("never", ())) & set(found.topics), found
    for key in ("direction", "severity"):
        if key in case:
            assert getattr(found, key) == case[key], found
    if "because" in case:
        assert list(found.brief.because) == case["because"], found
    assert found.severity == "high" or not found.brief.because
    expected = case.get("effective_date")
    assert found.effective_date == (date.fromisoformat(expected) if expected else None), found


def test_there_are_cases_for_each_topic_and_language() -> None:
    from analysis.change import TOPICS

    all_cases = [param.values[0] for param in cases()]
    assert len(all_cases) >= 120
    for language in ("en", "fr"):
        named = {topic for case in all_cases if case["language"] == language for topic in case.get("topics", ())}
        assert set(TOPICS) <= named
    assert {rule for case in all_cases for rule in case.get("because", ())} == {*RULES}


@pytest.mark.parametrize(
    ("language", "document", "added"),
    [
        ("en", "Subprocessor List", "Hexel Analytics Pvt Ltd | Usage analytics | India"),
        ("en", "Sub-processors", "Tidewell Inc. | Running of language models | United States"),
        ("fr", "Liste des sous-traitants", "Neuralis SAS | Modèles de langage | Irlande"),
    ],
)
def test_who_joins_a_list_of_subprocessors_is_told(language: str, document: str, added: str) -> None:
    rows = [
        "Company | Service | Location",
        "--- | --- | ---",
        "Harrow Ltd | Hosting | Leeds",
        "Osier GmbH | Post | Bonn",
    ]
    before, after = (
        read_page(
            f"# {document}\n\n".encode() + "\n".join(f"| {row} |" for row in lines).encode(), mime="text/markdown"
        )
        for lines in (rows, [*rows, added])
    )
    found = compare(before, after, language=language, document=document)
    assert found.alert
    assert "data_sharing" in found.topics


def test_what_is_flagged_stands_in_its_passage() -> None:
    quoted = 0
    for param in cases():
        for passage in told(param.values[0]).passages:
            for quote in passage.evidence:
                quoted += 1
                assert quote.text in ((passage.before if quote.side == "before" else passage.after) or "")
                assert quote.topic in passage.topics
            assert passage.why
    assert quoted > 100


def test_swapping_the_texts_mirrors_the_operations() -> None:
    mirror = {"added": "removed", "removed": "added", "reworded": "reworded", "moved": "moved"}
    for param in cases():
        there, back = (told(param.values[0], mirrored=mirrored).passages for mirrored in (False, True))
        assert sorted(mirror[passage.operation] for passage in there) == sorted(passage.operation for passage in back)


@pytest.mark.parametrize("case", cases())
def test_a_document_does_not_differ_from_itself(case: Case) -> None:
    after = page(case, case["after"])
    assert compare(after, after, language=case["language"]) == Comparison(substantive=False)


NOISE = {
    "menu": lambda page: (Block("item", "Products"), Block("item", "Pricing"), *page.blocks),
    "footer": lambda page: (*page.blocks, Block("item", "Careers"), Block("item", "Press"), Block("item", "© Parley")),
    "pickers": lambda page: (*page.blocks, Block("paragraph", "English Deutsch Français Español Italiano")),
    "counter": lambda page: (*page.blocks, Block("paragraph", "Updated 3 days ago")),
    "quotes": lambda page: tuple(replace(block, text=block.text.replace("’", "'")) for block in page.blocks),
    "addresses": lambda page: tuple(
        replace(block, text=re.sub(r"[\w.]+@[\w.]+\w", "[email protected]", block.text)) for block in page.blocks
    ),
    "dashes": lambda page: tuple(replace(block, text=block.text.replace(" - ", " – ")) for block in page.blocks),
    "link targets": lambda page: tuple(
        replace(block, links=tuple(replace(link, url=f"{link.url}?utm=1") for link in block.links))
        for block in page.blocks
    ),
    "order": lambda page: (*page.blocks[:-4], *page.blocks[-2:], *page.blocks[-4:-2]),
    "consent": lambda page: (
        *page.blocks,
        Block("paragraph", "We use cookies to make this site better. Accept all Reject all Manage preferences"),
    ),
    "numbers": lambda page: tuple(
        replace(block, text=f"{number}. {block.text}") if block.kind == "heading" else block
        for number, block in enumerate(page.blocks, 1)
    ),
}


@pytest.mark.parametrize("noise", NOISE)
def test_noise_beside_a_change_alters_no_verdict(noise: str) -> None:
    for param in cases():
        case = param.values[0]
        before, after = page(case, case["before"]), page(case, case["after"])
        noisy = replace(after, blocks=NOISE[noise](after))
        quiet, told_with_noise = told(case), compare(before, noisy, language=case["language"])
        assert (quiet.alert, quiet.effective_date) == (told_with_noise.alert, told_with_noise.effective_date), case[
            "name"
        ]


@pytest.mark.parametrize("noise", NOISE)
def test_noise_alone_is_no_change(noise: str) -> None:
    for param in cases():
        case = param.values[0]
        after = page(case, case["after"])
        assert not compare(after, replace(after, blocks=NOISE[noise](after)), language=case["language"]).substantive, (
            case["name"]
        )


TABLE = (
    "We count visits without cookies.\n\n## Which\n\n| Name | Purpose |\n| --- | --- |\n| sid | Keeps you signed in |"
)


@pytest.mark.parametrize(
    ("document", "language", "around", "longer", "shorter"),
    [
        (
            "cookies",
            "en",
            f"{TABLE}\n\n## How",
            "We use cookies, pixels and device identifiers to know your language and to track how you use our site.",
            "We use cookies to know your language.",
        ),
        (
            "guidelines",
            "fr",
            "Ne harcelez personne.\n\n## Contenus",
            "Ne trompez pas les autres. Les images générées par l’IA doivent porter une mention.",
            "Ne trompez pas les autres.",
        ),
    ],
)
def test_a_short_sentence_of_a_short_page_is_text(
    document: str, language: str, around: str, longer: str, shorter: str
) -> None:
    case = {"document": document, "language": language, "section": "What else"}
    one, other = (page(case, f"{around}\n\n{text}") for text in (longer, shorter))
    with_furniture = replace(other, blocks=NOISE["menu"](replace(other, blocks=NOISE["footer"](other))))
    for before, after in ((one, other), (other, one), (one, with_furniture), (with_furniture, one)):
        assert compare(before, after, language=language).alert


@given(st.sampled_from(cases()), st.sampled_from(cases()))
def test_the_same_texts_give_the_same_answer(one: Any, other: Any) -> None:
    before, after = page(one.values[0], one.values[0]["before"]), page(one.values[0], other.values[0]["after"])
    assert compare(before, after, language="en") == compare(before, after, language="en")


def test_spaces_that_hold_words_together_are_spaces() -> None:
    for param in cases():
        case = param.values[0]
        held_together = {**case, "after": re.sub(r"(?<=\w) (?=\w)", "\u00a0", case["after"])}
        assert told(held_together) == told(case), case["name"]


@pytest.mark.parametrize(
    "text",
    [
        "It was written on 3 March\n2025 brought nothing new. We keep letters e.g. in Rome.",
        "Ask us 2\nyears ago we did.",
        "Read 'https://parley.example/a.' Then write to help@parley.example. Or call.",
        "Letters | 3 May | 2024 | see parley.example/letters",
    ],
)
def test_a_sentence_has_the_words_that_it_has_alone(text: str) -> None:
    found = keyed_sentences(text)
    assert len(found) > 1
    for start, end, keys in found:
        assert keys == keyed_words(text[start:end]).keys


def test_the_fast_extra_gives_the_same_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("fast_diff_match_patch")
    answers = []
    for way in (words._slow_diff, words._fast_diff):
        monkeypatch.setattr(words, "_character_diff", way)
        keyed_words.cache_clear()
        _told.cache_clear()
        answers.append([told(param.values[0]) for param in cases()[::3]])
    assert answers[0] == answers[1]


def test_the_answer_hangs_on_nothing_but_the_texts(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("old.md", "new.md")]
    for file, name in zip(files, ("before", "after"), strict=True):
        chosen = [param.values[0][name] for param in cases() if param.values[0]["document"] == "privacy"][:40]
        file.write_text("# Privacy policy of Parley\n\n" + "\n\n".join(chosen), "utf-8")
    command = [sys.executable, "-m", "policywatch", "compare", *map(str, files), "--json"]
    answers = {
        subprocess.run(command, env=os.environ | {"PYTHONHASHSEED": seed}, capture_output=True, check=True).stdout
        for seed in ("1", "2", "3")
    }
    assert len(answers) == 1


def test_what_is_told_says_by_which_rule() -> None:
    for param in cases():
        found = told(param.values[0])
        for passage in found.passages:
            assert passage.why
            assert all(passage.why)
        if found.alert:
            assert found.why[0].startswith("told, for "), param.values[0]["name"]


def test_an_error_page_is_held() -> None:
    before = read_page(frame("privacy", "en").encode(), mime="text/markdown", language="en")
    error = Page(
        "Error", "en", (Block("heading", "Error"), Block("paragraph", "Something went wrong. Please try again later."))
    )
    for texts in ((before, error), (error, before)):
        found = compare(*texts, language="en")
        assert found.held
        assert found.passages
        assert not any(passage.why for passage in found.passages)
        assert not found.substantive
        assert not found.alert
    assert compare(before, error, language="en", believed=True).held is None


def test_every_place_says_why_it_was_told_or_not() -> None:
    menu = page({"document": "privacy", "language": "en", "section": "Sharing"}, "We share nothing.")
    other = replace(menu, blocks=(Block("item", "Our products"), *menu.blocks))
    found = compare(menu, other, language="en")
    assert [passage.why for passage in found.passages] == [
        ("suppressed: there is no sentence in it; it is a title, a label or an entry of a menu",)
    ]


def test_the_links_of_a_notice_are_given_with_its_date() -> None:
    notice = (
        "We are updating our privacy policy on 3 November 2025. See [what is coming](https://parley.example/soon); for "
        "the policy in force until then, [click here](https://parley.example/old), or see the [previous one](https://x.example)."
    )
    case = {"document": "privacy", "language": "en", "section": ""}
    found = compare(page(case, "A quiet place."), page(case, f"A quiet place.\n\n{notice}"), language="en")
    assert (found.alert, found.effective_date) == (True, date(2025, 11, 3))
    assert [(quote.text, quote.link) for quote in found.see] == [("what is coming", "https://parley.example/soon")]


def test_comparing_loads_neither_the_crawler_nor_the_store_nor_a_model_of_languages(tmp_path: Path) -> None:
    for name, more in (("old.md", ""), ("new.md", " We sell it, too.")):
        (tmp_path / name).write_text(frame("privacy", "en").replace("\n\n", f"{more}\n\n", 1), "utf-8")
    loads = "import sys, policywatch.cli; from policywatch.files import compare_files; from pathlib import Path\n"
    loads += "compare_files(Path('old.md'), Path('new.md'), language='en', document=None)\n"
    loads += "print(*({'scrapy', 'numpy', 'apprise', 'sqlalchemy', 'jinja2', 'pdfminer', 'ftfy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", loads], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


MENU = "".join(
    f"- [{word}](https://parley.example/{word})\n" for word in ("Shop", "Sell", "Help", "Blog", "Jobs", "Press")
)


def with_banner(banner: str) -> Page:
    return read_page(f"{banner}\n\n{MENU}\n{frame('privacy', 'en')}".encode(), mime="text/markdown", language="en")


def test_a_notice_of_a_new_policy_is_told_above_menus_and_title() -> None:
    announced = with_banner("We are updating our Privacy Policy on 3 March 2027. See what is new.")
    found = compare(with_banner(""), announced, language="en")
    assert (found.alert, found.topics, found.effective_date) == (True, ("data_use",), date(2027, 3, 3))
    advertised = with_banner("Our spring sale starts on 3 March 2027. See what is new.")
    assert not compare(with_banner(""), advertised, language="en").alert


def test_news_of_a_page_about_ai_is_about_ai() -> None:
    texts = (
        f"# {title}\n\n## Mistakes\n\nAnswers may hold errors{more}. Tell us about them, and we look into each."
        for title in ("Our AI assistant and your data: privacy", "Our library and your data: privacy")
        for more in ("", ", gaps or a bias against small towns")
    )
    pages = [read_page(text.encode(), mime="text/markdown", language="en") for text in texts]
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
        read_page(said.format(text).encode(), mime="text/markdown", language="en") for text in ("", gestures)
    )
    told = compare(before, after, language="en", document="Privacy Policy")
    assert told.alert


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("Conservation pendant 13 mois des données (avis de la Guilde)", True),
        ("Archivage 5 ans si la personne donne son accord", True),
        ("Les données utiles au contrat sont conservées tant que dure la relation.", True),
        ("Suppression des données", False),
        ("Comment demander la suppression des données de son compte", False),
        ("Devis offert pendant 13 mois", False),
    ],
)
def test_how_long_data_is_kept_is_told_from_a_table_that_lost_its_lines(line: str, *, told: bool) -> None:
    cells = [
        f"{text}\n\n" for text in ("Statistiques", "Base légale", "Intérêt légitime", "Suivi", "Litiges", "Contrat")
    ]
    start = (
        "# Confidentialité\n\nNous protégeons vos données et celles de vos proches, comme la loi le demande à tous.\n\n"
    )
    text = f"{start}## Durées\n\n{''.join(cells)}{{}}{''.join(reversed(cells))}"
    before, after = (
        read_page(text.format(middle).encode(), mime="text/markdown", language="fr") for middle in ("", f"{line}\n\n")
    )
    assert compare(before, after, language="fr", document="Privacy Policy").alert is told


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
        ("Orders", "help@brightmere.example", False),
    ],
)
def test_whom_people_turn_to_about_their_rights_is_news(section: str, after: str, *, told: bool) -> None:
    case = {"document": "privacy", "language": "en", "section": section}
    asks = "use any of these rights" if section == "Your rights" else "ask when an order comes"
    pages = [page(case, f"To {asks} write to {mailbox} by e-mail.") for mailbox in ("dpo@brightmere.example", after)]
    found = compare(*pages, language="en", document="Privacy Policy")
    assert (found.alert, found.topics) == (told, ("user_rights",) if told else ())
    mirrored = compare(*reversed(pages), language="en", document="Privacy Policy")
    assert mirrored.alert is told
