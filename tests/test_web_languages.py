"""Pages in the languages that there are catalogues of."""

from __future__ import annotations

from pathlib import Path

import httpx
from selectolax.lexbor import LexborHTMLParser

from messages import Message
from storage.changes import passages
from storage.database import Database
from tests.story_of_parley import PRIVACY, PRIVACY_FR, tell
from tests.web_pages import Story, change_id, hrefs, page, text

DATABASES = ["sqlite"]

ROOT = Path(__file__).parents[1]


def test_pages_speak_the_visitors_language_and_keep_the_one_chosen(
    parley: Story,
) -> None:
    site = parley.site
    french = site.get(
        "/changes", headers={"Accept-Language": "es, fr-CH;q=0.9, en;q=0.5"}
    )
    assert french.headers["content-language"] == "fr"
    assert french.headers["vary"] == "Accept-Language, Accept-Encoding"
    assert "lundi 3 novembre 2025" in french.text
    chosen = page(site, "/changes?cosmetic=true&lang=fr")
    assert text(chosen, "h1") == ["Ce qui a changé"]
    assert all("lang=fr" in href for href in hrefs(chosen, "main a, header .name"))
    assert "/changes?cosmetic=true&lang=en" in hrefs(chosen, ".languages a")
    assert text(chosen, ".languages a") == ["EN", "DE", "FR"]
    # what is quoted keeps its own language
    assert [
        node.attributes["lang"] for node in chosen.css(".entry .quotation q")
    ] == ["en"]
    english_page = page(site, f"/changes/{parley.change(PRIVACY)}?lang=fr")
    assert text(english_page, ".why-high")[0].startswith("Raison : vos données")
    older = page(site, f"/changes/{parley.change(PRIVACY_FR)}?lang=fr")
    assert text(older, ".weight")
    assert not text(older, ".why-high")  # its brief names no convention
    for path in (
        "/services",
        f"/documents/{PRIVACY_FR}",
        "/health",
        f"/changes/{parley.change(PRIVACY_FR)}",
    ):
        assert (
            page(site, f"{path}?lang=fr").css_first("html").attributes["lang"]
            == "fr"
        )


def test_reasons_are_in_the_visitors_language(parley: Story) -> None:
    gone, refused = text(page(parley.site, "/health?lang=fr"), ".documents .reason")
    assert (
        gone == "la plus grande partie du texte a disparu : 12 mots au lieu de 640"
    )
    assert refused.startswith(
        "parley.example a répondu 403 : il refuse l’accès à la page. policywatch ne contourne"
    )


def test_german_is_one_more_catalogue(parley: Story) -> None:
    german = parley.site.get(
        f"/changes/{parley.change(PRIVACY)}",
        headers={"Accept-Language": "de-AT, en;q=0.5"},
    )
    assert german.headers["content-language"] == "de"
    seen = LexborHTMLParser(german.text)
    assert text(seen, ".why-high")[0].startswith(
        "Grund: neues KI-Training mit Ihren Daten"
    )
    assert "3. November 2025" in text(seen, ".where")[0]
    refused = text(page(parley.site, "/health?lang=de"), ".documents .reason")[1]
    assert refused.startswith(
        "Der Server parley.example hat mit 403 geantwortet: Er verweigert den Zugriff auf die Seite."
    )
    assert {"/health?lang=en", "/health?lang=de", "/health?lang=fr"} == {
        *hrefs(page(parley.site, "/health?lang=de"), ".languages a")
    }


def test_whoever_follows_a_french_page_is_told_in_french(parley: Story) -> None:
    for wish, said in (("fr", "?lang=fr"), ("en", "")):
        home = LexborHTMLParser(
            parley.site.get("/", headers={"Accept-Language": wish}).text
        )
        followed = [
            href
            for href in hrefs(home, "link[rel=alternate][type], main a, footer a")
            if "feed" in href
        ]
        assert {*followed} == {f"/feed.atom{said}", f"/feed.json{said}"}
        assert f"/calendar.ics{said}" in hrefs(home, "main a")


def test_why_a_change_alerts_is_in_the_visitors_language(
    site: httpx.Client, database: Database
) -> None:
    tell(database)
    id_ = change_id(database, PRIVACY)
    with database.writing() as session:
        passages(session, id_)[0].why = [Message("why.chance", chance=97)]
    why = text(page(site, f"/changes/{id_}?lang=fr"), ".why li")
    assert any(reason.startswith("le modèle estime à 97") for reason in why)
