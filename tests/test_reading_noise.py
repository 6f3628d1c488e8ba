"""What stands round a text and moves by itself: counts, tickers, ways up; each with the text that it must not touch."""

from __future__ import annotations

import itertools

import pytest

from analysis.blocks import Block, Page
from analysis.normal import fingerprint
from analysis.page import read_page

BODY = "".join(f"<p>We keep the path of your walk {name} for a year.</p>" for name in "abcdefgh")
TITLED = "<h1>Terms</h1>{}<h2>Paths</h2>" + BODY + "{}"


def read(body: str) -> Page:
    return read_page(f"<html lang='en'><title>Terms</title><body>{body}</body></html>".encode())


def texts(body: str) -> list[str]:
    return [block.text for block in read(body).blocks]


PLAIN = texts(TITLED.format("", ""))


@pytest.mark.parametrize(
    "count",
    [
        "1,203 views",
        "12K reads",
        "You are visitor no. 214438",
        "Visitors since May 2003: 216250",
        "310 people found this helpful",
        "4.5/5 (123 ratings)",
        "👍 310 👎 37",
        "<button>310</button> <button>37</button>",
        "1 234 vues",
        "79 % des 540 votants l’ont trouvée utile",
        "Vous êtes le 12 345e visiteur",
        "Lu 1 234 fois",
        "3.201 mal gelesen",
        "Zugriffe seit Mai 2003: 12345",
        "12 von 15 Personen fanden dies hilfreich",
        "1225 lecturas",
        "Visto 1225 veces",
        "Usted es el visitante número 12345",
    ],
)
def test_counts_beside_the_text_are_none_of_it(count: str) -> None:
    for before, after in ((f"<div>{count}</div>", ""), ("", f"<div>{count}</div>")):
        assert texts(TITLED.format(before, after)) == PLAIN


@pytest.mark.parametrize(
    "said",
    [
        "<p>The free plan has:</p><p>100 downloads</p><p>5 comments</p>",
        "<h3>12 comments</h3><p>That is how many you may write on a day.</p>",
        "<p>12. Comments</p><p>Below each walk you may write what you think of it.</p>",
        "<table><tr><td>Free</td><td>100 downloads</td></tr><tr><td>Paid</td><td>300 downloads</td></tr></table>",
        "<p>30 days</p>",
        "<p>Version 3.2</p>",
        "<p>☎ 020 7946 0000</p>",
        "<p>One visit a day is free; 3 comments cost one euro.</p>",
    ],
)
def test_amounts_that_a_text_grants_or_sets_stay(said: str) -> None:
    for before, after in (("", said), (said, "")):
        assert len(texts(TITLED.format(before, after))) == len(PLAIN) + said.count("<p>") + said.count(
            "<h3>"
        ) + said.count("<tr>")


def test_a_count_amid_the_text_stays_unless_other_furniture_is_next_to_it() -> None:
    amid = TITLED.replace("</p><p>", "</p>{}<p>", 1)
    assert "5 comments" in texts(amid.format("", "<div>5 comments</div>", ""))
    helpful = "<div>Was this helpful? <button>Yes</button></div><div>5 comments</div>"
    assert texts(amid.format("", helpful, "")) == PLAIN


UP = (
    "Back to top",
    "[Top]",
    "↑ Top of page",
    "haut de page",
    "Retour en haut",
    "nach oben",
    "Zum Seitenanfang",
    "volver arriba",
)


@pytest.mark.parametrize("label", UP)
def test_a_way_up_behind_a_sentence_is_none_of_it(label: str) -> None:
    for link, href in itertools.product((label, f"<small>{label}</small>"), ("#", "#top", "javascript:up()")):
        body = TITLED.format("", "").replace(".</p>", f".<br><a href='{href}'>{link}</a></p>")
        assert texts(body) == PLAIN


def test_words_for_the_way_up_that_are_of_the_text_stay() -> None:
    said = (
        "<p>How to get there: <a href='/walks'>back to top</a></p><p>The menu is at the top</p>"
        "<p>See the definitions <a href='#paths'>at the top</a></p>"
    )
    assert len(texts(TITLED.format("", said))) == len(PLAIN) + 3
    assert "How to get there: back to top" in texts(TITLED.format("", said))


@pytest.mark.parametrize(
    "said",
    [
        "<p>Your current state: Deny.</p>",
        "<p>Your consent ID: <b>9FdQKriBmQP8ifMSiTU-u5Vy3ZvRus==</b> Consent date: <b>Sunday, April 06, 2025</b></p>",
        "<p>Votre état actuel : Refuser.</p>",
        "<p>Ihre Einwilligungs-ID: 9FdQKriBmQP8ifMSiTU</p>",
        "<p>Su estado actual: Denegar.</p>",
        "<div class='ad-slot'><span>Anzeige</span></div>",
        "<div><span>Publicité</span><span>La suite après cette publicité</span></div>",
        "<p>Article continues below this advertisement</p>",
        "<p>ⓘ</p>",
        "<div class='site-offer'><p>Walk with us</p><p>€ 1 for a month</p><button>Join</button></div>",
        "<div class='promo-card'><p>A new map, drawn by AI.</p><button>Not now</button><button>Try it</button></div>",
        "<div><p>Our map has a new look for you.</p><button>Not now</button><button>Try it</button></div>",
        "<div class='x-popup'><p>A hike in your mailbox, each week.</p><form><input><button>Send</button></form></div>",
    ],
)
def test_what_a_page_shows_to_one_visitor_or_sells_is_none_of_the_text(said: str) -> None:
    amid = TITLED.replace("</p><p>", "</p>{}<p>", 1)
    assert texts(amid.format("", said, "")) == PLAIN


@pytest.mark.parametrize(
    "said",
    [
        "<p>Your state: the law of the state where you live applies to these terms.</p>",
        "<p>Your choices: you may opt out of all of this.</p>",
        "<p>Advertising</p>",
        "<h3>Advertisements</h3>",
        "<div class='ads'><p>We show ads of hotels near your walk. <a href='/ads'>More on ads</a></p></div>",
        "<div class='offer'><p>We share your personal data with partners.</p><button>More</button></div>",
        "<dl><dt>Sold</dt><dd>✗</dd></dl>",
    ],
)
def test_words_like_these_that_are_of_the_text_stay(said: str) -> None:
    assert len(texts(TITLED.format("", said + "<p>We say what we do.</p>"))) > len(PLAIN) + 1


@pytest.mark.parametrize(
    ("message", "stays"),
    [
        ("On Sunday our wiki is closed. Save your drafts in time.", False),
        ("🚀 Walks 4 is here. <a href='/new'>See what is new</a>", False),
        ("Our terms change on 3 November 2025. <a href='/new'>Read the new ones</a>", True),
        ("From 3 November we use your posts to train AI. <a href='/off'>Learn more</a>", True),
        ("À partir du 3 novembre, vos photos servent à entraîner notre IA.", True),
    ],
)
def test_a_banner_above_the_title_stays_if_it_speaks_of_the_document_or_of_data(message: str, stays: bool) -> None:
    page = read(f"<main><div class='site-banner'>{message}</div><h1>Terms</h1>{BODY}</main>")
    assert len(page.blocks) == 1 + BODY.count("<p>") + stays
    assert (page.blocks[0].text == "Terms") is not stays


COMMENT = "<p>Is the path along the river open on Sundays, or only in the week?</p>"


@pytest.mark.parametrize(
    "below",
    [
        f"<h2>2 comments</h2><div class='comment'><h4>Anna</h4>{COMMENT}</div>",
        f"<h2>Commentaires</h2>{COMMENT}<p>Vous devez vous connecter pour laisser un commentaire.</p>",
        f"<section class='comments'><h2>Kommentare</h2><div>{COMMENT}</div></section>",
    ],
)
def test_what_readers_wrote_below_the_text_is_none_of_it(below: str) -> None:
    assert texts(TITLED.format("", below)) == PLAIN


def test_a_section_on_comments_stays() -> None:
    said = "<h2>Comments</h2><p>What you write below a walk can be read by everyone.</p>"
    assert len(texts(TITLED.format("", said))) == len(PLAIN) + 2


def test_a_number_that_a_machine_made_for_one_answer_is_no_other_text() -> None:
    first, second, named = (
        fingerprint([Block("paragraph", f"Reference of this page: {token}, for our helpers.")])
        for token in ("njhxdEdlWe5ydXhX1JdarfkcRJ", "30bb63nGYOyZgGKkR8J81fZJXY", "OptanonAlertBoxClosed2Version")
    )
    assert first == second != named
