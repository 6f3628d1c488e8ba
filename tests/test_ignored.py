"""“This is not the document”: a person's click leaves a passage out, there and in these words, until it is undone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from policywatch.web.access import Access
from storage.database import Database
from storage.versions import current_version
from tests.site import (
    BOTH,
    PARAGRAPHS,
    Site,
    a_job,
    library,
    outcomes,
    policy,
    policywatch,
    run,
    watchlist,
)
from tests.test_web_editing import current
from tests.test_web_signing_in import HASHED, TOKEN, form, sign_in
from tests.web_pages import page, text, visited

DATABASES = ["sqlite"]
ID = "library/privacy"
FAIR = "We sold 300 books and the list of their readers to our advertising partners at the spring fair."
SONG = "In the reading room you hear today: Blue in Green, by Evans."
site = pytest.fixture(library)


@pytest.fixture
def config(tmp_path: Path, site: Site, database_url: str) -> Path:
    return watchlist(tmp_path, site, database_url)


@pytest.fixture
def pages(config: Path, database: Database) -> Iterator[httpx.Client]:
    with visited(
        database,
        access=Access(password=HASHED, token=TOKEN),
        state=partial(current, config, database),
    ) as client:
        yield client


def checked(config: Path, site: Site, *shown: str) -> list[str]:
    found = []
    for site.pages["/privacy"] in shown:
        found.append(outcomes(run(config, status=0))[ID])
    return found


def alerts(config: Path) -> str:
    file = config.parent / "alerts.txt"
    return file.read_text("utf-8") if file.exists() else ""


def history(config: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(
        policywatch("history", ID, "--json", "--config", config)
    )
    return read


def blocks(config: Path) -> list[tuple[list[str], str]]:
    """Of the text in force."""
    with a_job(config) as job, job.database.reading() as session:
        version = current_version(session, ID)
        assert version is not None
        return [(each["heading"], each["text"]) for each in version.page["blocks"]]


@BOTH
def test_one_click_on_the_page_leaves_a_passage_out_until_it_is_undone(
    config: Path, site: Site, pages: httpx.Client
) -> None:
    checked(config, site, policy(), policy(FAIR))
    told = alerts(config)
    assert FAIR in told.replace("\n", " ")
    address = f"/changes/{history(config)['changes'][0]['id']}"
    action = f"{address}/ignore"
    assert not page(pages, address).css(f"form[action='{action}']")
    assert pages.post(action, data={"passages": "0"}).status_code == 403
    sign_in(pages)
    assert (
        pages.post(action, data={"passages": "0", "csrf": "x"}).status_code == 403
    )
    fields = form(pages, address, action)
    assert pages.post(action, data=fields | {"passages": "x"}).status_code == 400
    assert pages.post(action, data=fields | {"passages": "7"}).status_code == 404
    done = pages.post(action, data=fields)
    assert (done.status_code, done.headers["location"]) == (303, f"{address}#p0")
    mark = (
        "Marked as not part of the document by someone with the shared password on"
    )
    assert mark in page(pages, address).text()
    assert text(page(pages, f"/documents/{ID}"), "section blockquote")[-1].endswith(
        FAIR
    )
    pages.post(action, data=fields)
    assert len(history(config)["ignored"]) == 1, "a second click adds nothing"
    pages.cookies.clear()
    seen = page(pages, address).text()
    assert "Marked as not part of the document on" in seen
    assert "shared password" not in seen

    assert (
        checked(config, site, policy(FAIR), policy(), policy(FAIR))
        == ["unchanged"] * 3
    )
    assert FAIR not in [words for _, words in blocks(config)]
    assert [row["cause"] for row in history(config)["versions"]] == [
        "page",
        "page",
        "reader",
    ]
    assert alerts(config) == told
    assert "was marked as not part of the document" in (
        config.parent / "operator.txt"
    ).read_text("utf-8")

    sign_in(pages)
    undo = form(pages, address, f"/documents/{ID}")
    pages.post(f"/documents/{ID}", data=undo | {"do": "unignore"})
    assert "Marked as not" not in page(pages, address).text()
    assert checked(config, site, policy(FAIR)) == ["unchanged"]
    assert FAIR in [words for _, words in blocks(config)]
    assert alerts(config) == told
    journal = json.loads(policywatch("journal", "--json", "--config", config))
    assert [entry["action"] for entry in journal[:2]] == ["unignore", "ignore"]
    assert "as it was written" in policywatch(
        "database", "check", "--config", config
    )
    assert json.loads(
        policywatch("verify", "--deep", "--json", "--config", config)
    )[0]["good"]


def test_the_same_words_in_another_section_are_the_policys(
    config: Path, site: Site
) -> None:
    checked(config, site, policy(), policy(FAIR))
    policywatch("ignore", 1, 1, "--config", config)
    assert checked(config, site, policy(FAIR)) == ["unchanged"]
    told = alerts(config)
    elsewhere = policy(f"</p><h2>Whom we sell to</h2><p>{FAIR}")
    assert checked(config, site, elsewhere) == ["changed"]
    assert FAIR in [words for _, words in blocks(config)]
    grown = f"{FAIR} We do so every year, and you can't refuse."
    assert checked(config, site, policy(grown)) == ["changed"]
    assert grown in alerts(config).removeprefix(told).replace("\n", " ")


def test_a_place_whose_words_change_stays_ignored_and_policy_there_is_read(
    config: Path, site: Site
) -> None:
    other = SONG.replace("Blue in Green, by Evans", "So What, by Davis")
    checked(config, site, policy(), *[policy(SONG)] * 3)
    listed = policywatch("ignore", 1, "--config", config)
    assert f"1 {SONG}" in " ".join(listed.split())
    answer = policywatch("ignore", 1, 2, "--config", config, status=2)
    assert "change 1 has 1 passage" in answer
    policywatch("ignore", 1, 1, "--config", config)
    shown = policywatch("history", ID, "--config", config)
    assert f"Your data › {SONG}" in shown
    assert checked(config, site, *[policy(other)] * 4) == ["unchanged"] * 4
    about_data = "In the reading room we hear you today: we record your voice and keep it for a year."
    assert checked(config, site, policy(about_data)) == ["changed"]

    assert "Ignored (1)" in policywatch("unignore", ID, "--config", config)
    assert "1 selection" in policywatch(
        "unignore", ID, 2, "--config", config, status=2
    )
    policywatch("unignore", ID, 1, "--config", config)
    checked(config, site, *[policy(about_data, SONG)] * 4)
    assert SONG in [words for _, words in blocks(config)]


def test_after_a_redesign_the_words_are_read_where_they_stand_then(
    config: Path, site: Site
) -> None:
    checked(config, site, policy(), policy(FAIR))
    policywatch("ignore", 1, 1, "--config", config)
    checked(config, site, policy(FAIR))
    told = alerts(config)
    text = "".join(f"<div>{paragraph}</div>" for paragraph in (*PARAGRAPHS, FAIR))
    redesign = (
        '<html lang="en"><body><div class="top">Library</div><div class="new"><h2>Privacy policy of the library</h2>'
        f"<h3>What we know of you</h3>{text}</div></body></html>"
    )
    checked(config, site, redesign)
    assert FAIR in [words for _, words in blocks(config)]
    assert alerts(config) == told, "it stood there before, so it is no news"
    listed = json.loads(policywatch("changes", "--json", "--config", config))
    newest = max(row["id"] for row in listed["changes"])
    shown = policywatch("ignore", newest, "--config", config)
    number = next(
        line.split()[0] for line in shown.splitlines() if FAIR[:30] in line
    )
    policywatch("ignore", newest, number, "--config", config)
    checked(config, site, redesign)
    assert FAIR not in [words for _, words in blocks(config)]


def test_an_ignored_box_takes_its_title_along_and_no_paragraph_below(
    config: Path, site: Site
) -> None:
    box = '</p><h3>Spring fair</h3><p>Cake and books, on the lawn, from noon.</p><p class="on">'
    plain = policy()
    boxed = plain.replace(f"<p>{PARAGRAPHS[3]}", f"<p>{box}{PARAGRAPHS[3]}")
    checked(config, site, plain)
    before = blocks(config)
    checked(config, site, *[boxed] * 3)
    assert blocks(config) != before
    (change,) = history(config)["changes"]
    texts = [row["after"] for row in change["passages"]]
    assert texts == ["Spring fair", "Cake and books, on the lawn, from noon."]
    policywatch("ignore", change["id"], 1, 2, "--config", config)
    assert checked(config, site, boxed) == ["unchanged"]
    assert blocks(config) == before
