"""The e-mail in a real Chromium: as the pictures in docs/ show it, light and dark, narrow and wide, readable by all."""

from __future__ import annotations

import pytest

sync_api = pytest.importorskip(
    "playwright.sync_api", reason="playwright is not installed"
)
axe = pytest.importorskip(
    "axe_playwright_python.sync_playwright",
    reason="axe-playwright-python is not installed",
)

from tests.mail_pictures import FOLDER, SCHEMES, opened, size  # noqa: E402

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_pictures_in_the_docs_show_the_mail_as_it_is(
    browser: sync_api.Browser, scheme: str
) -> None:
    page = opened(browser, scheme)
    now, kept = (
        size(page.screenshot(full_page=True)),
        size((FOLDER / f"mail-{scheme}.png").read_bytes()),
    )
    assert now[0] == kept[0]
    assert abs(now[1] - kept[1]) <= 24, (
        "the mail looks otherwise now: python -m tests.mail_pictures"
    )
    text = page.inner_text("body")
    for said in (
        "Confrera, Privacy Policy",
        "Confrera trains AI on your data by default",
        "15 January 2026",
        "on unless you opt out",
        "privacy-team",
    ):
        assert said in text
    dark = page.evaluate(
        "getComputedStyle(document.querySelector('.pw-card')).backgroundColor"
    )
    assert (dark == "rgb(255, 255, 255)") is (scheme == "light")


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("width", [320, 1200])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_mail_is_readable_at_every_width(
    browser: sync_api.Browser, scheme: str, width: int, language: str
) -> None:
    page = opened(browser, scheme, language, width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    rules = {
        "rules": {
            "landmark-one-main": {"enabled": False},
            "region": {"enabled": False},
        }
    }  # a mail is no site
    found = axe.Axe().run(page, options=rules).response["violations"]
    assert found == [], [
        (one["id"], [node["html"] for node in one["nodes"]]) for one in found
    ]
