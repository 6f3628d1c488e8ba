"""English and French."""

from __future__ import annotations

import re
import shutil
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from selectolax.lexbor import LexborHTMLParser
from sqlmodel import col, select

from policywatch.wording import LANGUAGES, wording
from storage.checks import Check
from tests.story_of_parley import PRIVACY, PRIVACY_FR
from tests.web_pages import Story, hrefs, page, story, text

ROOT = Path(__file__).parents[1]


def test_pages_speak_the_visitors_language_and_keep_the_one_chosen(parley: Story) -> None:
    site = parley.site
    french = site.get("/changes", headers={"Accept-Language": "de, fr-CH;q=0.9, en;q=0.5"})
    assert french.headers["content-language"] == "fr"
    assert french.headers["vary"] == "Accept-Language, Accept-Encoding"
    assert "lundi 3 novembre 2025" in french.text
    chosen = page(site, "/changes?cosmetic=true&lang=fr")
    assert text(chosen, "h1") == ["Ce qui a changé"]
    assert all("lang=fr" in href for href in hrefs(chosen, "main a, header .name"))
    assert "/changes?cosmetic=true&lang=en" in hrefs(chosen, ".languages a")
    # what is quoted keeps its own language
    assert [node.attributes["lang"] for node in chosen.css(".entry h3 bdi")] == ["fr", "en", "en"]
    english_page = page(site, f"/changes/{parley.change(PRIVACY)}?lang=fr")
    assert text(english_page, ".why-high")[0].startswith("Pourquoi elle est élevée : vos données")
    older = page(site, f"/changes/{parley.change(PRIVACY_FR)}?lang=fr")
    assert text(older, ".weight")
    assert not text(older, ".why-high")  # its brief names no convention
    for path in ("/services", f"/documents/{PRIVACY_FR}", "/health", f"/changes/{parley.change(PRIVACY_FR)}"):
        assert page(site, f"{path}?lang=fr").css_first("html").attributes["lang"] == "fr"


def test_reasons_are_in_the_visitors_language_unless_an_older_release_stored_them(
    story_file: Path, tmp_path: Path
) -> None:
    with story(shutil.copyfile(story_file, tmp_path / "story.db")) as parley:
        told = page(parley.site, "/health?lang=fr").css(".documents .reason")
        assert told[0].text() == "le plus gros du texte a disparu\u00a0: 12 mots, là où il y en avait 640"
        assert (
            told[1]
            .text()
            .startswith("parley.example a répondu 403\u00a0: il nous refuse la page. policywatch ne se déguise")
        )
        assert {each.attributes["lang"] for each in told} == {"fr"}
        with parley.database.writing() as session:
            for check in session.exec(select(Check).where(col(Check.reason).is_not(None))):
                check.reason_code = None
                session.add(check)
        told = page(parley.site, "/health?lang=fr").css(".documents .reason")
        assert told[0].text() == "most of the text is gone: 12 words where there were 640"
        assert told[0].attributes["lang"] == "en"


def test_whoever_follows_a_french_page_is_told_in_french(parley: Story) -> None:
    for wish, said in (("fr", "?lang=fr"), ("en", "")):
        home = LexborHTMLParser(parley.site.get("/", headers={"Accept-Language": wish}).text)
        followed = [href for href in hrefs(home, "link[rel=alternate][type], main a, footer a") if "feed" in href]
        assert {*followed} == {f"/feed.atom{said}", f"/feed.json{said}"}
        assert f"/calendar.ics{said}" in hrefs(home, "main a")


def test_why_a_change_is_told_is_said_in_the_visitors_language_unless_an_older_release_judged_it(parley: Story) -> None:
    def why(path: str) -> list[tuple[str, str | None]]:
        return [(each.text(), each.attributes.get("lang")) for each in page(parley.site, path).css(".why li")]

    stored = why(f"/changes/{parley.change(PRIVACY)}?lang=fr")
    assert stored[0] == ("told, for data of members is newly used for training", "en")
    judged = why(f"/documents/{PRIVACY}/compare?from=1&to=2&lang=fr")
    assert any(text.startswith("l’entraînement d’IA\u00a0: «\u00a0") for text, _ in judged)
    assert {language for _, language in judged} == {None}


@pytest.mark.parametrize("file", ["policywatch/words/fr.toml", "notifier/languages/fr.toml", "messages/fr.toml"])
def test_no_line_of_french_begins_with_a_sign_that_belongs_to_the_word_before(file: str) -> None:
    said = [line for line in (ROOT / file).read_text("utf-8").splitlines() if not line.startswith("#")]
    broken = [line for line in said if re.search(r"\w [:;?!»]|« ", line)]
    assert not broken, "a no-break space (U+00A0) belongs there"


def test_every_language_has_the_same_words() -> None:
    def keys(words: object, path: str = "") -> set[str]:
        if isinstance(words, dict):
            return {key for name, value in words.items() for key in keys(value, f"{path}.{name}")}
        return {f"{path} {sorted(re.findall('{[a-z]+}', str(words)))}"}

    folder = ROOT / "policywatch" / "words"
    read = {code: keys(tomllib.loads((folder / f"{code}.toml").read_text())) for code in LANGUAGES}
    assert read["en"] == read["fr"]
    assert wording("fr").day(datetime(2026, 5, 1, tzinfo=UTC)) == "1er mai 2026"
