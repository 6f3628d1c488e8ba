"""What is taken for a text of the document, and what is set aside with which words."""

from __future__ import annotations

import pytest

from analysis.compare import compare
from analysis.extract import read_page
from analysis.model import Page
from analysis.validate.rejection import (
    are_different_documents,
    change_rejection,
    page_rejection,
)

PARAGRAPHS = (
    "We collect the name, the address and the telephone number that you give us when you become a member of the club.",
    "We note where you went, when you were there and who walked with you, so that you can find your walks again later.",
    "Other members see your name and your last ten walks, unless you switch this off in the settings of your account.",
    "We hand your address to the printer of our yearly book, who uses it for nothing else and deletes it afterwards.",
    "We keep what we know about you for two years after your last walk, and delete it within thirty days after that.",
    "You may ask us for a copy of all this, have it put right or have it deleted, by a letter or by an e-mail to us.",
    "If we change this policy, we will tell you at least a month before the change holds, and say what is new in it.",
    "Whoever is younger than sixteen needs the written consent of a parent, which we keep together with the account.",
)
OTHERS = (
    "Personal details are now handled by a foundation that was set up in spring, whose board is elected every June.",
    "Anything recorded on an outing stays on your own telephone; nothing is uploaded before you press the blue button.",
    "Strangers never find you through a search, because profiles have been abolished together with the old forum.",
    "Printing of the almanac has ended, hence no publisher gets hold of postal addresses or birthdays any longer.",
    "Erasure happens on the first Monday following your farewell; backups vanish six weeks afterwards at the latest.",
    "Requests of every kind reach the ombudsman through the form below, and an answer arrives in ten working days.",
)
FRENCH = (
    "Nous recueillons le nom, l’adresse et le numéro de téléphone que vous nous donnez quand vous devenez membre.",
    "Nous notons où vous êtes allé, quand vous y étiez et qui vous accompagnait, pour que vous retrouviez vos sorties.",
    "Les autres membres voient votre nom et vos dix dernières sorties, sauf si vous le refusez dans vos paramètres.",
    "Nous gardons ce que nous savons de vous pendant deux ans après votre dernière sortie, puis nous l’effaçons.",
)


def page(*paragraphs: str, title: str = "Privacy Policy", html: str = "") -> Page:
    text = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    return read_page(
        f"<html><title>{title}</title><body><main><h1>{title}</h1>{text}{html}</main></body></html>".encode()
    )


POLICY = page(*PARAGRAPHS)

BROKEN = {
    "an error page": [
        (
            "Application error",
            "A client-side exception has occurred, see the console of your browser for details.",
        ),
        ("Privacy Policy", "Something went wrong. Please try again later."),
        (
            "Page not found",
            "The page that you are looking for does not exist. Go back to the start and search there.",
        ),
        ("Erreur", "Une erreur est survenue. Veuillez réessayer plus tard."),
        ("Seite nicht gefunden", "Diese Seite existiert nicht."),
    ],
    "a challenge page": [
        (
            "Just a moment...",
            "Checking your browser before you can go on to the site.",
        ),
        ("Heron Lake", "Please verify you are a human by pressing the box below."),
        ("Accès refusé", "Votre demande a été bloquée par notre système."),
    ],
    "a login wall": [
        ("Sign in to continue", "New here? Join today and walk with us."),
        ("Heron Lake", "You must be logged in to see this page of the club."),
        ("Connexion", "Veuillez vous connecter. Mot de passe oublié ?"),
    ],
    "a page that only redirects": [
        ("Moved", "Redirecting to legal.heron.example"),
        (
            "Redirection",
            "Vous allez être redirigé vers notre nouveau site dans un instant.",
        ),
    ],
    "a page that a browser has to fill by script": [
        ("Heron Lake", "Please enable JavaScript to use this site.")
    ],
}


@pytest.mark.parametrize("first", [True, False], ids=["first", "later"])
@pytest.mark.parametrize(
    ("what", "title", "text"),
    [(w, *told) for w, pages in BROKEN.items() for told in pages],
)
def test_a_broken_page_is_rejected(
    what: str, title: str, text: str, first: bool
) -> None:
    reason = page_rejection(
        page(text, title=title), before=None if first else POLICY
    )
    assert reason is not None
    assert str(reason).startswith(what)


def test_labels_alone_are_rejected() -> None:
    reason = page_rejection(
        page(title="Heron Lake", html="<p>Walks and groups</p><p>The shop</p>")
    )
    assert (
        str(reason)
        == "no complete sentence on the page, only titles, links or labels"
    )


def test_another_language_than_declared_is_rejected() -> None:
    french = page(*FRENCH, title="Politique de confidentialité")
    reason = "written in another language (fr) than expected (en)"
    assert str(page_rejection(french, language="en")) == reason
    assert str(page_rejection(french, before=POLICY)) == reason
    assert page_rejection(french, language="fr") is None


def test_a_document_may_keep_the_language_that_it_was_accepted_in() -> None:
    before = page(*FRENCH, title="Politique de confidentialité")
    after = page(*FRENCH[:3], title="Politique de confidentialité")
    assert page_rejection(after, before=before, language="en") is None


def test_a_page_that_calls_itself_by_the_declared_language_is_accepted_at_first() -> (
    None
):
    text = "".join(f"<p>{paragraph}</p>" for paragraph in FRENCH)
    mislabelled = read_page(
        f"<html lang='en-US'><h1>Confidentialité</h1>{text}</html>".encode(),
        language="en",
    )
    assert mislabelled.language == "fr"
    assert page_rejection(mislabelled, language="en") is None
    assert page_rejection(mislabelled, before=POLICY, language="en") is not None


def test_most_of_the_text_gone_is_rejected() -> None:
    reason = page_rejection(page(*PARAGRAPHS[:2]), before=POLICY)
    assert reason is not None
    assert str(reason).startswith("most of the text is gone")


def test_a_page_that_grew_to_three_times_its_size_is_a_change() -> None:
    help_page = page(PARAGRAPHS[0], PARAGRAPHS[2], f"{PARAGRAPHS[5]} Write to us.")
    grown = page(
        PARAGRAPHS[0],
        *OTHERS[:4],
        PARAGRAPHS[2],
        f"{PARAGRAPHS[5]} Write to us or call us.",
        *OTHERS[4:],
    )
    assert change_rejection(help_page, grown) is None
    shrunk = change_rejection(page(*PARAGRAPHS, *OTHERS), help_page)
    assert shrunk is not None
    assert str(shrunk).startswith("most of the text is gone")


NOTICE = (
    "On 3 November 2025 we change our terms and our policy on privacy, and this page says what becomes of your data.",
    "Members in the European Union can read the new texts from today on, and nobody has to do anything to accept them.",
    "If you go on walking with us after that day, the new texts hold for you; if you do not agree, close your account.",
    "We ask everybody to read the parts on groups and on pictures, for these are what most of our members have asked.",
)
CONTAINED = "<div class='article-body'>{}</div>"


def help_page(
    *paragraphs: str,
    title: str = "Changes to our terms and data use",
    container: str = CONTAINED,
) -> Page:
    text = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    return read_page(
        f"<html lang=en><title>{title}</title>{container.format(f'<h1>{title}</h1>{text}')}".encode()
    )


def test_a_help_page_that_is_rewritten_in_its_place_is_news() -> None:
    news = "From 3 November 2025 we use your posts and your profile to train generative AI models, unless you opt out."
    before, after = help_page(*NOTICE), help_page(news, *PARAGRAPHS, *OTHERS)
    words = [
        sum(len(block.text.split()) for block in page.blocks)
        for page in (before, after)
    ]
    assert words[1] > 2.5 * words[0]
    assert change_rejection(before, after, language="en") is None
    assert compare(before, after, language="en").alert
    assert change_rejection(after, before, language="en") is None, (
        "nor is it, where it says less from then on"
    )


def test_a_text_that_is_rewritten_elsewhere_needs_review_and_says_how_long_it_is() -> (
    None
):
    before = help_page(*NOTICE)
    after = help_page(
        *PARAGRAPHS, *OTHERS, container="<div class='site-news'>{}</div>"
    )
    reason = change_rejection(before, after, language="en")
    assert str(reason).startswith(
        "the new text is 3 times as long as the stored one"
    )
    assert change_rejection(before, after, language="en", kind="notice") is None


def test_less_than_a_tenth_of_the_words_in_the_place_of_a_text_needs_review() -> (
    None
):
    whole = help_page(*PARAGRAPHS, *OTHERS, *PARAGRAPHS, *OTHERS)
    reason = change_rejection(
        whole,
        help_page("We are walking just now, come back to this page on Monday."),
    )
    assert str(reason).startswith("most of the text is gone")


@pytest.mark.parametrize("kind", ["notice", "help", "preview"])
def test_a_notice_may_lose_any_paragraph_and_a_policy_needs_review(
    kind: str,
) -> None:
    whole, rest = (
        help_page(*PARAGRAPHS, *OTHERS),
        help_page(*PARAGRAPHS[2:6], OTHERS[1]),
    )
    assert change_rejection(whole, rest, kind=kind) is None
    assert change_rejection(rest, whole, kind=kind) is None
    assert change_rejection(whole, rest, kind="privacy-policy") is not None


def test_an_earlier_text_of_a_line_or_two_needs_review() -> None:
    reason = change_rejection(
        page(PARAGRAPHS[0], PARAGRAPHS[1]), page(*PARAGRAPHS[:2], *OTHERS)
    )
    assert str(reason) == (
        "the new text is 3 times as long as the stored one, please review: 157 words where there were 47"
    )


def test_some_of_the_text_gone_is_a_change() -> None:
    assert page_rejection(page(*PARAGRAPHS[:5]), before=POLICY) is None


def test_the_text_twice_is_rejected() -> None:
    reason = page_rejection(page(*PARAGRAPHS, *PARAGRAPHS), before=POLICY)
    assert reason is not None
    assert str(reason).startswith("the text appears twice")


def test_the_home_page_is_rejected() -> None:
    home = page(*OTHERS, title="Walk with us around the lake")
    reason = page_rejection(home, before=POLICY, title="Privacy Policy")
    assert reason is not None
    assert str(reason).startswith(
        "another document stands at this address now: its title is “Walk with us"
    )


def test_another_document_of_the_site_is_rejected() -> None:
    assert (
        page_rejection(page(*OTHERS, title="Terms of Service"), before=POLICY)
        is not None
    )


@pytest.mark.parametrize(
    "title",
    [
        "Privacy Policy",
        "Our Privacy Statement",
        "Heron Lake data protection notice",
        "Heron Lake: how we treat your data",
    ],
)
def test_a_rewrite_from_scratch_under_its_own_title_is_accepted(title: str) -> None:
    assert (
        page_rejection(
            page(*OTHERS, title=title),
            before=POLICY,
            language="en",
            title="Privacy Policy",
        )
        is None
    )


REGIONAL = "This notice adds to our Privacy Policy what holds for those who walk with us on the northern shore."


@pytest.mark.parametrize(
    ("paragraphs", "title", "is_another"),
    [
        ((REGIONAL, *OTHERS), "Heron Lake Northern Regional Privacy Notice", True),
        (
            (REGIONAL, *PARAGRAPHS[:3], *OTHERS),
            "Heron Lake Northern Regional Privacy Notice",
            False,
        ),
        (OTHERS, "Heron Lake Northern Regional Privacy Notice", False),
        ((REGIONAL, *OTHERS), "Our Privacy Policy", False),
        (
            (REGIONAL, *OTHERS),
            "Privacy Policy of Heron Lake and its northern shore",
            False,
        ),
    ],
    ids=[
        "another",
        "much in common",
        "renamed and rewritten",
        "title kept",
        "title longer",
    ],
)
def test_another_document_of_one_kind_has_its_own_title_and_speaks_of_the_other(
    paragraphs: tuple[str, ...], title: str, is_another: bool
) -> None:
    notice = page(*paragraphs, title=title)
    for before, after in ((POLICY, notice), (notice, POLICY)):
        assert are_different_documents(before, after) is is_another
        reason = change_rejection(before, after, language="en", title=before.title)
        assert (
            reason is not None and reason.code == "rejection.other_page"
        ) is is_another
    named = change_rejection(
        POLICY, notice, language="en", title="Northern Regional Privacy Notice"
    )
    assert (
        named is not None and named.code == "rejection.other_page"
    ) is is_another


def test_a_new_title_over_the_same_text_is_accepted() -> None:
    assert (
        page_rejection(page(*PARAGRAPHS, title="What we know"), before=POLICY)
        is None
    )


def test_a_document_that_gets_a_page_of_its_own_is_accepted() -> None:
    terms = "".join(f"<p>{n}. {text}</p>" for n in range(4) for text in OTHERS)
    whole = page(
        title="Legal",
        html=f"<h2>Terms</h2>{terms}<h2>Privacy Policy</h2>"
        + "".join(f"<p>{p}</p>" for p in PARAGRAPHS),
    )
    assert page_rejection(POLICY, before=whole, title="Privacy Policy") is None
    cut_off = page(title="Legal", html=f"<h2>Terms</h2>{terms[:600]}")
    assert page_rejection(cut_off, before=whole) is not None


def test_a_fragment_as_first_text_does_not_bar_the_document() -> None:
    assert (
        page_rejection(
            POLICY,
            before=page(
                "Welcome to the club of those who like to walk.", title="Heron Lake"
            ),
        )
        is None
    )


def test_a_document_that_has_always_spoken_of_errors_is_accepted() -> None:
    before = page(
        "If something went wrong with your order, please try again later.",
        title="Help with orders",
    )
    after = page(
        "If something went wrong with your order, write to us or try again later.",
        title="Help with orders",
    )
    assert page_rejection(after, before=before) is None


def test_a_help_page_on_signing_in_is_accepted() -> None:
    text = (
        "Open the settings, sign in to your account and choose what you share.",
        *PARAGRAPHS[:5],
    )
    assert page_rejection(page(*text, title="Sign in to your account")) is None


def test_japanese_is_measured_by_its_characters() -> None:
    text = "当社は、お客様の氏名と住所を、ご入会のときに取得します。取得した情報は二年間保存し、その後削除します。"
    before = page(
        *[f"第{n}条。{text}" for n in range(8)], title="プライバシーポリシー"
    )
    assert page_rejection(before, language="ja") is None
    assert (
        page_rejection(
            page(f"第1条。{text}", title="プライバシーポリシー"), before=before
        )
        is not None
    )
