"""Pictures of the e-mail in a browser, for docs/alerts.md: python -m tests.mail_pictures writes them anew."""

from __future__ import annotations

import shutil
import struct
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from notifier.change_view import sample_change
from notifier.notifications import change_message

FOLDER = Path(__file__).parents[1] / "docs" / "screenshots"
SCHEMES = ("light", "dark")
WIDTH = 720


def opened(
    browser: Browser, scheme: str, language: str = "en", width: int = WIDTH
) -> Page:
    """A page that shows the alert of the sample change."""
    message = change_message(sample_change(language), language, ("privacy-team",))
    context = browser.new_context(
        viewport={"width": width, "height": 400}, color_scheme=scheme
    )  # type: ignore[arg-type]
    page = context.new_page()
    page.set_content(message.html)
    return page


def size(png: bytes) -> tuple[int, int]:
    """Width and height, as the file's header has them."""
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def main() -> None:
    """Write both pictures."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium,
            args=["--no-sandbox", "--disable-background-networking"],
        )
        for scheme in SCHEMES:
            opened(browser, scheme).screenshot(
                full_page=True, path=FOLDER / f"mail-{scheme}.png"
            )
        browser.close()


if __name__ == "__main__":
    main()
