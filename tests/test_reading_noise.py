"""What stands round a text and moves by itself: counts, tickers, ways up; each with the text that it must not touch."""

from __future__ import annotations

import re

import pytest

from analysis.extract import read_page
from analysis.model import Block, Page
from analysis.text.normal import fingerprint

BODY = "".join(
    f"<p>We keep the path of your walk {name} for a year.</p>"
    for name in "abcdefgh"
)
TITLED = "<h1>Terms</h1>{}<h2>Paths</h2>" + BODY + "{}"


def read(body: str) -> Page:
    return read_page(
        f"<html lang='en'><title>Terms</title><body>{body}</body></html>".encode()
    )


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
        assert len(texts(TITLED.format(before, after))) == len(PLAIN) + said.count(
            "<p>"
        ) + said.count("<h3>") + said.count("<tr>")


def test_a_count_amid_the_text_stays() -> None:
    amid = TITLED.replace("</p><p>", "</p>{}<p>", 1)
    assert "5 comments" in texts(amid.format("", "<div>5 comments</div>", ""))


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
    assert (
        len(texts(TITLED.format("", said + "<p>We say what we do.</p>")))
        > len(PLAIN) + 1
    )


@pytest.mark.parametrize(
    "message",
    [
        "Our terms change on 3 November 2025. <a href='/new'>Read the new ones</a>",
        "From 3 November we use your posts to train AI. <a href='/off'>Learn more</a>",
        "À partir du 3 novembre, vos photos servent à entraîner notre IA.",
    ],
)
def test_a_banner_above_the_title_stays(message: str) -> None:
    page = read(
        f"<main><div class='site-banner'>{message}</div><h1>Terms</h1>{BODY}</main>"
    )
    assert len(page.blocks) == 2 + BODY.count("<p>")
    assert page.blocks[0].text != "Terms"


def test_a_section_on_comments_stays() -> None:
    said = "<h2>Comments</h2><p>What you write below a walk can be read by everyone.</p>"
    assert len(texts(TITLED.format("", said))) == len(PLAIN) + 2


def test_a_number_that_a_machine_made_for_one_answer_is_no_other_text() -> None:
    first, second, named = (
        fingerprint(
            (
                Block(
                    "paragraph",
                    f"Reference of this page: {token}, for our helpers.",
                ),
            )
        )
        for token in (
            "njhxdEdlWe5ydXhX1JdarfkcRJ",
            "30bb63nGYOyZgGKkR8J81fZJXY",
            "OptanonAlertBoxClosed2Version",
        )
    )
    assert first == second != named


# boxes


@pytest.mark.parametrize(
    "said",
    [
        "<marquee>New terms hold from the first of May, as we told all members by letter.</marquee>",
        "<div class='announcement-bar'><p>We change how we use your data; read what is new below.</p></div>",
        "<div class='announcement'>Version of 3 March 2025</div>",
    ],
)
def test_a_notice_of_the_text_stays_however_it_moves(said: str) -> None:
    assert len(texts(TITLED.format(said, ""))) == len(PLAIN) + 1


@pytest.mark.parametrize(
    "said",
    [
        "<blockquote><p>“Personal data” means any information on a person who can be told by it.</p></blockquote>"
        "<p>Article 4, Regulation of 2016</p>",
        "<p>“Member” means a person who has joined.</p><p>“Guest” means a person who has not.</p>",
        "<p>“A path is for all who walk on it.”</p><p>We hold to that.</p>",
        "<section class='testimonials'><h2>Testimonials</h2><p>We may print what you write about our walks.</p>"
        "</section>",
        "<div class='review'><p>“Closed” means that nobody walks there.</p><p>Paths, Lakes</p></div>",
        "<p>Ada Heron, Data Protection Officer</p>",
    ],
)
def test_quotations_of_a_policy_stay(said: str) -> None:
    for before, after in ((said, ""), ("", said)):
        lost = set(said_in(said)) - set(texts(TITLED.format(before, after)))
        assert not lost


def said_in(body: str) -> list[str]:
    return [text for text in re.split(r"<[^>]*>", body) if text]


CARDS = (
    "<section><h2>More from the club</h2><a href='/a'><h3>Walks in winter</h3><span>6 min read</span></a>"
    "<a href='/b'><h3>Birds of the shore</h3><span>8 min read</span></a></section>",
    "<h2>Mehr vom Verein</h2><h3><a href='/a'>Im Winter wandern</a></h3>",
    "<h2>À la une</h2><h3><a href='/a'>Marcher en hiver</a></h3>",
    "<h2>Más noticias</h2><h3><a href='/a'>Caminar en invierno</a></h3>",
)


@pytest.mark.parametrize("row", CARDS)
def test_cards_of_other_pages_behind_the_text_are_none_of_it(row: str) -> None:
    assert texts(TITLED.format("", row)) == PLAIN


@pytest.mark.parametrize(
    "said",
    [
        "<h2>Birds</h2><h3>Nests</h3><h3>Eggs</h3>",
        "<h2>Other documents</h2><h3><a href='/p'>Privacy Policy</a></h3><h3><a href='/c'>Cookie Policy</a></h3>",
        "<h2>Birds</h2><h3><a href='/b'>Birds of the shore</a></h3>",
        "<article class='post'><h2>Birds</h2><p>Do not feed the birds of the shore.</p><h2>Nests</h2>"
        "<h2>Eggs</h2></article>",
    ],
)
def test_titles_of_a_policy_stay_without_text(said: str) -> None:
    assert texts(TITLED.format("", said)) == PLAIN + said_in(said)


@pytest.mark.parametrize(
    "said",
    [
        "<div><p>Our newsletter comes once a month. We use your address for nothing else.</p>"
        "<a href='/l'>Sign up here</a></div>",
        "<p>You get the newsletter of the club if you <a href='/l'>sign up</a></p>",
        "<div class='cta'><p>To stop the sale of what we know of you, opt out below.</p><form><input></form></div>",
        "<div class='newsletter'><h2>Newsletter</h2><p>Our letter comes each month.</p></div>",
        "<div><p>Members walk for free on all paths of the lake.</p><a href='/l'>Sign up here</a></div>",
        "<div class='promo'><p>One code a person; codes end with the year.</p></div>",
        "<div class='offers'>You leave a walk that is on offer in <a href='/l'>the list</a> of walks.</div>",
        "<p class='css-8c88ad1'>We announce it a month ahead. Earlier ones are in <a href='/l'>the archive</a>.</p>",
        "<div class='sc-bAdXk'>Walks end at six. <a href='/l'>See the archive</a></div>",
    ],
)
def test_what_a_policy_says_of_letters_and_offers_stays(said: str) -> None:
    read_now = texts(TITLED.format("", "").replace("</p><p>", f"</p>{said}<p>", 1))
    assert [
        text
        for text in said_in(said)
        if len(text) > 20 and not any(text.strip() in line for line in read_now)
    ] == []


@pytest.mark.parametrize(
    "line",
    [
        "<p><a href='/'>Home</a> | <a href='/t'>Trips</a><br>© 1998-2025 The Club - Best viewed at 1024 x 768"
        "<br>Page last uploaded: 02/04/2025</p>",
        "<div><a href='/'>Home</a> · <a href='/t'>Terms</a> · Copyright 2025 The Club</div>",
    ],
)
def test_the_last_line_of_an_old_site_is_none_of_the_text(line: str) -> None:
    assert texts(TITLED.format("", line)) == PLAIN


@pytest.mark.parametrize(
    "said",
    [
        "<p>The pictures <a href='/p'>in the gallery</a> are © 2025 The Club.</p>",
        "<p><a href='/t'>Terms</a> of 2024 hold for walks before that; © 2025 The Club</p>",
        "<p>Page last updated: 02/04/2025</p>",
    ],
)
def test_who_owns_what_stays(said: str) -> None:
    assert len(texts(TITLED.format("", said))) == len(PLAIN) + 1


OTHERS = (
    "<p>12 people are viewing this page right now</p>",
    "<p><a href='/c'>← Previous: Cookies of the lake</a></p><p><a href='/d'>Next: Boats →</a></p>",
)


@pytest.mark.parametrize("noise", OTHERS)
def test_what_else_stands_behind_the_text_is_none_of_it(noise: str) -> None:
    assert texts(TITLED.format("", noise)) == PLAIN


@pytest.mark.parametrize(
    "said",
    [
        "<h2>Photo of the day</h2><p>Each day we choose one of the photos that were sent in.</p>",
        "<p>The page was generated for members only.</p>",
        "<div class='comment'><p>In short, we keep little of it.</p></div>",
        "<h2>Related articles</h2><p>Articles 5 and 6 of the rules of the lake hold too.</p>",
        "<p>Previous versions: <a href='/v1'>the first</a>, <a href='/v2'>the second</a></p>",
        "<p><a href='/v'>Previous version(s)</a></p>",
    ],
)
def test_what_resembles_it_and_is_of_the_text_stays(said: str) -> None:
    kept = " ".join(texts(TITLED.format("", said)))
    assert [text for text in said_in(said) if text.strip() not in kept] == []


def test_fees_that_are_links_stay() -> None:
    fees = "<h2>Fees</h2><ul><li><a href='/a'>A month</a> 9,00 €</li><li><a href='/b'>A year</a> 90,00 €</li></ul>"
    assert "A year 90,00 €" in texts(TITLED.format("", fees))
