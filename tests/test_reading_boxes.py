"""What goes on with a text that stands in an element of its own, and boxes amid it that are of it."""

from __future__ import annotations

import pytest

from analysis.extract import read_page


def texts(body: str) -> list[str]:
    page = read_page(
        f"<html lang='en'><title>Terms</title><body>{body}</body></html>".encode()
    )
    return [block.text for block in page.blocks]


SECTIONS = "".join(
    f"<h2>{name}</h2><p>We keep the path of your walk {name} for a year.</p>"
    for name in "abcdefg"
)
HOME = "{}<main>{}<h1>Terms</h1><div class='text'>" + SECTIONS + "</div>{}</main>{}"
SET_APART = texts(HOME.format("", "", "", ""))


@pytest.mark.parametrize(
    "said",
    [
        "<div><h2>Contact</h2><p>Write to us if you want a copy of your data.</p></div>",
        "<div><p>The Walkers, 5 High Street, Leeds</p></div>",
        "<div><p>The English text of these terms prevails.</p></div>",
    ],
)
def test_what_goes_on_with_such_a_text_stays(said: str) -> None:
    assert len(texts(HOME.format("", "", said, ""))) == len(SET_APART) + said.count(
        "<p>"
    ) + said.count("<h2>")


def test_a_notice_above_its_title_and_words_between_title_and_text_stay() -> None:
    notice = "<div><p>We will change these terms on the first of May, please read them.</p></div>"
    assert len(texts(HOME.format("", notice, "", ""))) == len(SET_APART) + 1
    intro = HOME.replace(
        "</h1>",
        "</h1><div><p>Read on to see how we walk with you, step by step.</p></div>",
    )
    assert len(texts(intro.format("", "", "", ""))) == len(SET_APART) + 1


def amid(box: str) -> list[str]:
    return texts(HOME.format("", "", "", "").replace("<h2>d", box + "<h2>d"))


@pytest.mark.parametrize(
    "box",
    [
        "<div class='callout'><h3>In short</h3><p>We keep your data for a year.</p></div>",
        "<div class='indent'><p>Walks of a mile are short.</p></div>",
        "<aside><p>You must be 16 to walk alone.</p></aside>",
    ],
)
def test_a_box_amid_a_text_that_is_of_it_stays(box: str) -> None:
    assert len(amid(box)) == len(SET_APART) + box.count("<p>") + box.count("<h3>")


@pytest.mark.parametrize(
    "line",
    [
        "<p>Was this helpful?</p><p><button>Yes (812)</button> <button>No (207)</button></p>",
        "<div><button>Share</button><button>Give this page away</button></div>",
    ],
)
def test_what_is_pressed_is_none_of_the_text(line: str) -> None:
    assert texts(HOME.format("", "", line, "")) == SET_APART


CHOICE = "Your letters are never used to train the machine that sorts them."


@pytest.mark.parametrize(
    "labels", ["Opt out|Learn more", "Accept|Decline", "Reject|Settings"]
)
def test_a_section_of_a_policy_that_ends_in_two_buttons_is_no_cookie_dialog(
    labels: str,
) -> None:
    buttons = "".join(f"<button>{label}</button>" for label in labels.split("|"))
    sections = "".join(
        f"<section><h2>Part {n}</h2><p>{CHOICE} ({n})</p>{buttons}</section>"
        for n in range(6)
    )
    page = read_page(
        f"<main><h1>Privacy</h1>{sections}</main>".encode(), language="en"
    )
    assert sum(CHOICE in block.text for block in page.blocks) == 6


@pytest.mark.parametrize("box", ["<div role=dialog>", "<div>"])
def test_buttons_of_a_dialog_do_not_make_one_of_the_box_round_it(box: str) -> None:
    dialog = f"{box}<p>We set cookies on your device.</p><button>Accept</button><button>Reject</button></div>"
    text = "".join(
        f"<p>{CHOICE} We say so in paragraph {n}, too.</p>" for n in range(5)
    )
    more = "".join(
        f"<p>We keep your letters for {n} years, and then we burn them.</p>"
        for n in range(40)
    )
    page = read_page(
        f"<h1>Privacy</h1><div>{text}{dialog}</div>{more}".encode(), language="en"
    )
    assert sum(CHOICE in block.text for block in page.blocks) == 5
    assert not any("on your device" in block.text for block in page.blocks)


def test_sentences_that_stand_for_a_picture_are_read_where_a_policy_may_have_them() -> (
    None
):
    drawn = "What we know of you: your personal data is kept for two years."
    pictures = (
        drawn,
        "Two rowing boats lie on the lake in the evening.",
        "Portrait of the boatman, who cares for your data",
        "logo.png",
    )
    images = "".join(f'<p><img src="x.png" alt="{each}"></p>' for each in pictures)
    text = "".join(f"<p>{CHOICE} It is rule {n}.</p>" for n in range(5))
    markup = f"<main><h1>Privacy</h1>{text}{images}{text}</main>"
    page = read_page(markup.encode(), language="en")
    assert [each.text for each in page.blocks if "rule" not in each.text] == [
        "Privacy",
        drawn,
    ]


def test_dialogs_of_the_policy_and_the_documents_that_belong_to_it_are_read() -> (
    None
):
    dialog = "<div role=dialog><h3>Personal data</h3><p>Personal data is what tells us who you are.</p></div>"
    links = "".join(
        f'<li><a href="/{n}">{n}</a></li>'
        for n in ("Cookie Policy", "Terms of Use", "Acceptable Use Policy")
    )
    text = "".join(
        f"<p>{CHOICE} We say so in paragraph {n}, too.</p>" for n in range(5)
    )
    markup = f"<main><h1>Privacy</h1>{text}<h2>Related resources</h2><ul>{links}</ul></main>{dialog}"
    said = " ".join(
        block.text for block in read_page(markup.encode(), language="en").blocks
    )
    assert "what tells us who you are" in said
    assert "Terms of Use" in said


# what speaks of cookies and ends in buttons, and is the policy's own: title, sentences, labels
SECTIONS = {
    "training": ("en", "AI", "We train AI on your posts and the data of cookies.", "Opt out|Learn more"),
    "sale": ("en", "Sale", "Cookies tell us whom to sell your letters to.", "Opt out|Accept"),
    "profile": ("en", "Profiles", "A program decides from cookies what you pay.", "Decline|Settings"),
    "entraînement": (
        "fr", "IA", "Nous entraînons notre IA avec vos messages et les données des cookies.", "Refuser|En savoir plus",
    ),
    "conservation": (
        "fr", "Durée", "Nous conservons vos lettres et vos cookies pendant dix ans.", "Refuser|Paramètres",
    ),
    "Training": (
        "de", "KI", "Wir trainieren unsere KI mit Ihren Beiträgen und den Daten der Cookies.", "Ablehnen|Mehr erfahren",
    ),
    "Speicherung": (
        "de", "Dauer", "Ihre Briefe und Cookies speichern wir zehn Jahre lang.", "Ablehnen|Einstellungen",
    ),
}  # fmt: skip
BOXES = (
    "<section><h2>{}</h2><p>{}</p>{}</section>",
    "<div class='part'><h2>{}</h2><p>{}</p><div>{}</div></div>",
    "<h2>{}</h2><div class='choice'><p>{}</p>{}</div>",
)
PLAIN = {
    "en": "We write down your name when you take the boat, part {}.",
    "fr": "Nous notons votre nom quand vous prenez le bateau, partie {}.",
    "de": "Wir notieren Ihren Namen, wenn Sie das Boot nehmen, Teil {}.",
}


def with_section(name: str, box: str, sentence: str = "", place: int = 3) -> bytes:
    language, title, said, labels = SECTIONS[name]
    buttons = "".join(f"<button>{label}</button>" for label in labels.split("|"))
    parts = [
        box.format(f"Part {n}", PLAIN[language].format(n) + " " + PLAIN[language].format(n + 20), "")
        for n in range(8)
    ]  # fmt: skip
    parts.insert(place, box.format(title, sentence or said, buttons))
    return f"<html lang={language}><main><h1>Privacy</h1>{''.join(parts)}</main>".encode()


@pytest.mark.parametrize("box", BOXES)
@pytest.mark.parametrize("name", SECTIONS)
def test_a_section_that_names_cookies_and_has_buttons_is_text(
    name: str, box: str
) -> None:
    language, _, said, _ = SECTIONS[name]
    first = read_page(with_section(name, box), language=language)
    assert said in [block.text for block in first.blocks]
    again = read_page(
        with_section(name, box),
        language=language,
        former=[block.text for block in first.blocks],
    )
    assert again.blocks == first.blocks


@pytest.mark.parametrize("box", BOXES)
@pytest.mark.parametrize("name", ["training", "entraînement", "Training"])
def test_one_that_is_new_at_the_end_is_text(name: str, box: str) -> None:
    language, title, said, _ = SECTIONS[name]
    page = with_section(name, box, place=8)
    opening = box.partition("{}")[0]
    former = read_page(
        page[: page.index(f"{opening}{title}".encode())], language=language
    )
    read = read_page(
        page, language=language, former=[block.text for block in former.blocks]
    )
    assert said in [block.text for block in read.blocks]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("The data of cookies is never used for it.", "The data of cookies may be used for it."),
        ("Cookies are read by us alone.", "Cookies are read by us alone. The mill reads them, too."),
    ],
)  # fmt: skip
def test_what_is_reworded_in_such_a_box_is_text(before: str, after: str) -> None:
    box = BOXES[2]
    first = read_page(with_section("training", box, before), language="en")
    again = read_page(
        with_section("training", box, after),
        language="en",
        former=[block.text for block in first.blocks],
    )
    assert after in [block.text for block in again.blocks]


@pytest.mark.parametrize("place", [0, 8])
def test_a_banner_of_cookies_at_an_end_of_the_text_is_none_of_it(
    place: int,
) -> None:
    buttons = "<button>Accept</button><button>Settings</button>"
    banner = f"<div class='b'><p>We and our 12 partners use cookies for ads.</p>{buttons}</div>"
    parts = [f"<p>{PLAIN['en'].format(n)}</p>" for n in range(8)]
    parts.insert(place, banner)
    page = read_page(
        f"<main><h1>Privacy</h1>{''.join(parts)}</main>".encode(), language="en"
    )
    assert len(page.blocks) == 9
