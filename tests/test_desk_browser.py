"""The flows of those who run it, with the clicks that they take in a real Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from policywatch.web.access import Access
from policywatch.web.app import create_app
from storage.clock import utc_now
from storage.database import Database
from storage.reviews import last_reviews
from storage.subscribers import Subscriber
from tests.site import AI, Site, library, policy, policywatch, run, watchlist
from tests.test_web_browser import complains_of_nothing, overflow
from tests.test_web_editing import current
from tests.test_web_signing_in import PASSWORD, people
from tests.web_server import served

DATABASES = ["sqlite"]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.parametrize("width", [390, 1280]),
]
NINE = tuple(f"policy-{number}" for number in range(9))
site = pytest.fixture(library)


@pytest.fixture
def config(site: Site, database_url: str, tmp_path: Path) -> Path:
    site.pages |= {f"/{name}": policy() for name in NINE}
    return watchlist(tmp_path, site, database_url, NINE)


@pytest.fixture
def desk(
    browser: Browser, config: Path, database: Database, width: int
) -> Iterator[Page]:
    """Signed in, before the work to do."""
    run(config, status=0)
    app = create_app(
        database,
        access=Access(people=lambda: people("Anna")),
        state=partial(current, config, database),
    )
    context = browser.new_context(
        locale="en-GB", viewport={"width": width, "height": 800}
    )
    page = context.new_page()
    with served(app) as home:
        page.goto(f"{home}/sign-in")
        page.get_by_label("Name").fill("Anna")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"{home}/work")
        yield page
        assert overflow(page) <= 0
        context.close()


def change_pages(site: Site, config: Path, *names: str) -> list[int]:
    """The numbers of the changes."""
    site.pages |= {f"/{name}": policy(AI) for name in names}
    checks = run(config, status=0)["checks"]
    return [check["change"]["id"] for check in checks if check["change"]]


def test_a_text_stands_seconds_after_its_address(desk: Page, site: Site) -> None:
    site.pages["/terms"] = policy().replace("Privacy policy of", "Terms of use of")
    desk.goto(desk.url.replace("/work", "/add"))
    began = monotonic()
    desk.get_by_label("Address").fill(f"{site.url}/terms")
    desk.get_by_role("button", name="Show what would be read").click()
    desk.get_by_role("button", name="Watch it as").click()
    expect(desk.get_by_text("First stored text.")).to_be_visible()
    assert monotonic() - began < 10


def test_a_held_alert_is_corrected_and_sent_in_two_languages(
    desk: Page, site: Site, config: Path, tmp_path: Path
) -> None:
    text = config.read_text("utf-8")
    held = '[[routes]]\nwhen = "after review"\n'
    french = (
        f'{held}name = "fr"\nlanguage = "fr"\nto = ["file://{tmp_path}/fr.txt"]\n'
    )
    config.write_text(text.replace("[[routes]]", f"{french}{held}", 1), "utf-8")
    change_pages(site, config, NINE[0])
    files = tmp_path / "alerts.txt", tmp_path / "fr.txt"
    assert not any(file.exists() for file in files)
    desk.reload()
    desk.get_by_role("heading", level=3).get_by_role("link").click()
    desk.get_by_text("Edit what is published").click()
    desk.get_by_label("Headline (English)").fill("The library trains AI on loans")
    desk.get_by_label("Headline (French)").fill("La bibliothèque entraîne une IA")
    desk.get_by_label("Status").select_option("reviewed")
    desk.get_by_role("button", name="Save").click()
    expect(desk.get_by_role("heading", level=1)).to_have_text(
        "The library trains AI on loans"
    )
    complains_of_nothing(desk, "/changes, held and edited")
    policywatch("deliver", "--config", config)
    english, french = (file.read_text("utf-8") for file in files)
    assert "The library trains AI on loans" in english
    assert "La bibliothèque entraîne une IA" in french


def test_an_event_of_nine_is_reviewed_in_one_action(
    desk: Page, site: Site, config: Path, database: Database
) -> None:
    numbers = change_pages(site, config, *NINE)
    assert len(numbers) == 9
    desk.reload()
    expect(desk.get_by_role("article")).to_have_count(1)
    desk.get_by_role("button", name="Reviewed").click()
    expect(desk.get_by_role("article")).to_have_count(0)
    with database.reading() as session:
        reviews = last_reviews(session, numbers)
    assert [reviews[number].state for number in numbers] == ["reviewed"] * 9


def test_a_route_is_added_tried_edited_and_removed(
    desk: Page,
    site: Site,
    config: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CHAT_FILE", f"file://{tmp_path}/chat.txt")
    change_pages(site, config, NINE[0])
    desk.goto(desk.url.replace("/work", "/routes"))
    clicks: list[str] = []

    def press(role: Literal["button", "link"], name: str) -> None:
        clicks.append(name)
        desk.get_by_role(role, name=name).click()

    began = monotonic()
    press("link", "Add a route")
    complains_of_nothing(desk, "/routes/edit")
    desk.get_by_label("Name").fill("chat")
    addresses = desk.get_by_label("Addresses, one per line")
    addresses.fill("json://127.0.0.1/SECRET")
    press("button", "Save")
    expect(desk.get_by_role("alert")).to_contain_text("uses files")
    complains_of_nothing(desk, "/routes/edit, refused")
    addresses.fill("${CHAT_FILE}\njson://chat.example.org/SECRET")
    press("button", "Save")
    expect(desk.locator(".title")).to_have_text(["all", "chat"])
    expect(desk.get_by_text("would have got 1 change")).to_have_count(2)
    complains_of_nothing(desk, "/routes")
    press("link", "Edit the route (chat)")
    shown = addresses.input_value().splitlines()
    assert (shown[0], len(shown), "SECRET" in desk.content()) == (
        "${CHAT_FILE}",
        2,
        False,
    )
    addresses.fill(shown[0])
    press("button", "Save")
    press("button", "Send a test message (chat)")
    expect(desk.get_by_role("status")).to_contain_text("the test message was sent")
    assert (tmp_path / "chat.txt").exists()
    press("link", "Edit the route (chat)")
    press("button", "Remove the route")
    expect(desk.get_by_role("alert")).to_contain_text("for good?")
    complains_of_nothing(desk, "/routes/edit, asked")
    press("button", "Remove the route")
    expect(desk.locator(".title")).to_have_text(["all"])
    assert len(clicks) == 9
    assert monotonic() - began < 30


def test_a_subscriber_is_removed(desk: Page, database: Database) -> None:
    now = utc_now()
    with database.writing() as session:
        for name in ("ben", "eve"):
            session.add(
                Subscriber(
                    address=f"{name}@example.org",
                    requested_at=now,
                    confirmed_at=now,
                    topics=[],
                    severity="low",
                    language="en",
                )
            )
    desk.reload()
    desk.get_by_role("link", name="Subscribers").click()
    complains_of_nothing(desk, "/subscribers")
    desk.get_by_role("button", name="Remove (eve@example.org)").click()
    expect(desk.locator(".title")).to_have_text(["ben@example.org"])
