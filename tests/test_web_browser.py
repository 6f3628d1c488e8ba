"""The pages in a real Chromium: readable by everyone, at every width, in light and dark, without scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from urllib.parse import quote

import pytest
from fastapi import FastAPI
from fastapi.responses import HTMLResponse

from policywatch.views.today import sentence_key, today
from policywatch.web.access import Access
from policywatch.web.app import create_app
from policywatch.web.export import export_site
from storage.database import Database
from storage.documents import Document
from storage.readings import ModelReading
from tests.stories import HOSTILE_DOCUMENT, Teller, block, day, tell_hostile
from tests.story_of_parley import PRIVACY, tell
from tests.web_server import served

sync_api = pytest.importorskip(
    "playwright.sync_api", reason="playwright is not installed"
)
axe = pytest.importorskip(
    "axe_playwright_python.sync_playwright",
    reason="axe-playwright-python is not installed",
)

pytestmark = pytest.mark.browser

WIDTHS = (360, 1280)
SCHEMES = ("light", "dark")
PATHS = (
    "/",
    "/?lang=fr",
    "/changes?cosmetic=true&lang=fr",
    "/changes?topic=ai_training&severity=high",
    "/upcoming",
    "/search?q=your+data",
    "/changes/3",
    "/changes/3?view=side",
    "/changes/3?lang=fr",
    "/changes/5",
    "/services",
    "/services/Parley/today",
    "/today?services=Parley,Harbour",
    "/services/Harbour/today?lang=de",
    f"/documents/{PRIVACY}",
    f"/documents/{PRIVACY}/versions/2",
    f"/documents/{PRIVACY}/compare?from=1&to=2",
    f"/documents/{PRIVACY}/compare?from=2025-10-20&view=whole",
    "/changes/3?view=whole",
    "/health",
    "/sign-in",
    "/add",
    "/api",
    "/nothing",
)
IN_FRAME = "/today?services=Parley,Harbour&format=table"  # no menu, no footer
PASSWORD = "a long enough password"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The story and the hostile document, served."""
    folder: Path = tmp_path_factory.mktemp("store")
    database = Database(f"sqlite:///{folder / 'story.db'}")
    tell(database)
    tell_hostile(database)
    tell_of_regions(database)
    with served(create_app(database, access=Access(password=PASSWORD))) as home:
        yield home
    database.close()


def tell_of_regions(database: Database) -> None:
    """A text of Harbour's for some people alone, and a language model's sentence over it."""
    id_ = "harbour/eea-notice"
    sentence = "We use your messages to train our generative AI models."
    heading = "If you live in the EEA, the UK or Switzerland"
    with database.writing() as session:
        session.add(
            Document(
                id=id_,
                service="Harbour",
                title="Regional Notice",
                kind="privacy-policy",
                url="https://harbour.example/eea",
                language="en",
                added_at=day(0),
            )
        )
        session.flush()
        blocks = [block("paragraph", sentence, [heading])]
        Teller(session).version(id_, day(0), blocks, title="Regional Notice")
    with database.writing() as session:
        (group,) = today(session, "Harbour", date(2026, 12, 1)).languages
        training = group.answers[0]
        session.add(
            ModelReading(
                question=sentence_key("Harbour", "en", training),
                model="small",
                made_at=day(0),
                answer={
                    "sentence": "Harbour trains its AI models on your messages."
                },
            )
        )


def overflow(page: sync_api.Page) -> int:
    """By how many pixels the page is wider than its window."""
    return int(
        page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
    )


def complains_of_nothing(page: sync_api.Page, path: str) -> None:
    """By axe, all rules of WCAG 2.2 AA included."""
    results = axe.Axe().run(
        page, options={"rules": {"target-size": {"enabled": True}}}
    )
    assert results.violations_count == 0, f"{path}: {results.generate_report()}"


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_axe_finds_nothing_to_complain_of(
    browser: sync_api.Browser, site: str, width: int, scheme: str
) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 800},
        color_scheme=scheme,
        locale="en-GB",
    )
    page = context.new_page()
    for path in (*PATHS, IN_FRAME):
        page.goto(site + path)
        page.evaluate(
            "document.querySelectorAll('details').forEach(each => each.open = true)"
        )
        complains_of_nothing(page, path)
        assert overflow(page) <= 0, path
    context.close()


@pytest.mark.parametrize(("width", "shown"), [(1280, "none"), (390, '"Regions: "')])
def test_a_table_in_one_column_says_what_each_line_is(
    browser: sync_api.Browser, site: str, width: int, shown: str
) -> None:
    page = browser.new_page(
        viewport={"width": width, "height": 800}, locale="en-GB"
    )
    page.goto(f"{site}/today?services=Harbour")
    cell = page.locator("td[data-head]", has_text="EEA, UK, Switzerland")
    content = "each => getComputedStyle(each, '::before').content"
    assert cell.evaluate(content) == shown
    assert page.locator("thead").is_visible() is (width == 1280)
    page.goto(f"{site}/services/Harbour/today")
    assert page.get_by_text("Harbour trains its AI models").is_visible()
    page.close()


def test_hostile_text_runs_nothing_and_breaks_no_layout(
    browser: sync_api.Browser, site: str
) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 800})
    page = context.new_page()
    said: list[str] = []
    page.on("dialog", lambda dialog: said.append(dialog.message))
    page.on("console", lambda message: said.append(message.text))
    page.on(
        "request",
        lambda request: (
            said.append(request.url) if not request.url.startswith(site) else None
        ),
    )
    for path in (
        "/",
        "/changes/6",
        "/services",
        f"/documents/{HOSTILE_DOCUMENT}",
        f"/documents/{HOSTILE_DOCUMENT}/versions/2",
        "/health",
    ):
        answer = page.goto(site + path)
        assert answer is not None
        assert answer.status == 200
        assert page.title() != "owned"
        assert overflow(page) <= 0, path
    assert said == []
    context.close()


def test_a_reader_without_scripts_finds_the_way_by_keyboard(
    browser: sync_api.Browser, site: str
) -> None:
    context = browser.new_context(java_script_enabled=False, locale="en-GB")
    page = context.new_page()
    page.goto(site)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    sync_api.expect(page).to_have_url(
        re.compile("#text$")
    )  # the first stop leads past the menu
    page.get_by_role("link", name="Parley trains AI on your data").click()
    sync_api.expect(page.get_by_role("heading", level=1)).to_contain_text(
        "Parley trains AI on your data"
    )
    hidden = page.get_by_text("added: 5 Mole Lane")
    sync_api.expect(hidden).not_to_be_visible()
    page.get_by_text("3 other differences").focus()
    page.get_by_text("3 other differences").click()
    sync_api.expect(hidden).to_be_visible()
    page.get_by_role("link", name="Version 2", exact=True).click()
    sync_api.expect(
        page.get_by_role("heading", name="2.3 Assistants that write")
    ).to_be_visible()
    context.close()


def test_added_and_removed_words_differ_by_more_than_colour(
    browser: sync_api.Browser, site: str
) -> None:
    page = browser.new_page()
    page.goto(f"{site}/changes/3")
    style = "(element) => getComputedStyle(element).textDecorationLine"
    assert page.locator(".diff ins").first.evaluate(style) == "underline"
    assert page.locator(".diff del").first.evaluate(style) == "line-through"
    page.close()


def test_a_french_visitor_is_spoken_to_in_french(
    browser: sync_api.Browser, site: str
) -> None:
    context = browser.new_context(locale="fr-FR")
    page = context.new_page()
    page.goto(site)
    sync_api.expect(page.get_by_role("heading", level=1)).to_contain_text(
        "mot pour mot"
    )
    page.get_by_role("link", name="English").click()
    sync_api.expect(page.get_by_role("heading", level=1)).to_contain_text(
        "word for word"
    )
    page.get_by_role("link", name="Services").first.click()
    sync_api.expect(page.locator("html")).to_have_attribute("lang", "en")
    context.close()


def test_an_exported_site_opens_from_the_disk(
    browser: sync_api.Browser, tmp_path: Path
) -> None:
    database = Database(f"sqlite:///{tmp_path / 'story.db'}")
    tell(database)
    export_site(database, tmp_path / "site", today=date(2025, 10, 30))
    database.close()
    context = browser.new_context(
        java_script_enabled=False, viewport={"width": 1280, "height": 800}
    )
    page = context.new_page()
    page.goto((tmp_path / "site" / "index.html").as_uri())
    assert (
        page.locator("body").evaluate("body => getComputedStyle(body).maxWidth")
        != "none"
    ), "the style sheet is found"
    page.get_by_role("link", name="Parley trains AI on your data").first.click()
    page.get_by_role("link", name="Side by side").click()
    sync_api.expect(page.locator(".pair").first).to_be_visible()
    page.get_by_role("link", name="Français").click()
    sync_api.expect(page.get_by_role("link", name="Côte à côte")).to_have_attribute(
        "aria-current", "true"
    )
    page.get_by_role("link", name="Version 2").first.click()
    sync_api.expect(page.get_by_role("heading", level=1)).to_have_text("Version 2")
    context.close()


def test_what_is_folded_is_printed(browser: sync_api.Browser, site: str) -> None:
    page = browser.new_page()
    page.goto(f"{site}/changes/3")
    hidden = page.get_by_text("added: 5 Mole Lane")
    sync_api.expect(hidden).not_to_be_visible()
    page.emulate_media(media="print")
    sync_api.expect(hidden).to_be_visible()
    sync_api.expect(page.locator(".switch")).not_to_be_visible()
    page.goto(f"{site}/documents/{PRIVACY}/compare?from=1&view=whole")
    for control in page.locator("form, button, .contents, .switch").all():
        sync_api.expect(control).not_to_be_visible()
    sync_api.expect(page.locator(".hash").first).to_be_visible()
    page.close()


def test_the_table_stands_in_a_frame_of_another_site(
    browser: sync_api.Browser, site: str
) -> None:
    news = FastAPI()  # another origin

    @news.get("/")
    def article(path: str) -> HTMLResponse:
        return HTMLResponse(f"<iframe src='{site}{path}' title='AI'></iframe>")

    page = browser.new_page()
    with served(news) as elsewhere:
        page.goto(f"{elsewhere}/?path={quote(IN_FRAME)}")
        framed = page.frame_locator("iframe")
        sync_api.expect(framed.get_by_role("table")).to_be_visible()
        with page.context.expect_page() as opened:
            framed.get_by_role("link", name="Parley", exact=True).click()
        assert opened.value.url.startswith(f"{site}/services/Parley/today")
        page.goto(f"{elsewhere}/?path=/services/Parley/today")
        sync_api.expect(framed.get_by_role("heading")).to_have_count(0)
    page.close()


@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_stands_without_scripts(
    browser: sync_api.Browser, site: str, width: int
) -> None:
    context = browser.new_context(
        java_script_enabled=False, viewport={"width": width, "height": 800}
    )
    page = context.new_page()
    for path in PATHS:
        page.goto(site + path)
        assert page.get_by_role("heading", level=1).is_visible(), path
        assert page.get_by_role("navigation").first.is_visible(), path
        wide = page.locator("body").bounding_box()
        assert wide is not None
        assert wide["width"] <= width, path
    context.close()


def test_a_list_is_narrowed_by_its_form(
    browser: sync_api.Browser, site: str
) -> None:
    context = browser.new_context(java_script_enabled=False, locale="fr-FR")
    page = context.new_page()
    page.goto(f"{site}/changes?lang=en")
    page.get_by_text("Filter", exact=True).click()
    page.get_by_label("Topic").select_option("AI training")
    page.get_by_label("Language of the document").select_option("French")
    page.get_by_role("button", name="Show").click()
    sync_api.expect(page.get_by_role("article")).to_have_count(1)
    sync_api.expect(page.locator("html")).to_have_attribute("lang", "en")
    page.get_by_role("link", name="Remove: French").click()
    sync_api.expect(page.get_by_role("article")).to_have_count(3)
    context.close()


def test_the_operator_signs_in_sends_again_and_signs_out(
    browser: sync_api.Browser, site: str
) -> None:
    context = browser.new_context(
        locale="en-GB", viewport={"width": 360, "height": 800}
    )
    page = context.new_page()
    page.goto(f"{site}/health")
    page.get_by_role("link", name="Sign in for details").click()
    page.get_by_label("Password").fill("not it at all")
    page.get_by_role("button", name="Sign in").click()
    sync_api.expect(page.get_by_role("alert")).to_have_text("Wrong password.")
    complains_of_nothing(page, "/sign-in, refused")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    sync_api.expect(page).to_have_url(f"{site}/health")
    complains_of_nothing(page, "/health, signed in")
    page.get_by_role("button", name="Send again (${TEAM_4})").click()
    sync_api.expect(
        page.get_by_role("button", name="Send all again")
    ).to_have_count(0)
    page.goto(f"{site}/changes/3")
    page.get_by_label("Status").select_option("Concerns us")
    page.get_by_label("Internal note").fill("<b>Ask the works council</b>")
    page.get_by_label("Your name").fill("Anna")
    page.get_by_role("button", name="Save").click()
    sync_api.expect(page.locator(".triage li")).to_contain_text(
        "<b>Ask the works council</b>"
    )
    complains_of_nothing(page, "/changes/3, reviewed")
    assert overflow(page) == 0
    page.get_by_role("button", name="Sign out").click()
    sync_api.expect(
        page.get_by_role("link", name="Sign in", exact=True)
    ).to_be_visible()
    context.close()
