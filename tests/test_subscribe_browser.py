"""A reader subscribes in a real Chromium, without scripts: form, mail, confirmation, and out again."""

from __future__ import annotations

import pytest

from storage.database import Database
from tests.test_subscribe import reading
from tests.test_web_browser import complains_of_nothing, overflow

sync_api = pytest.importorskip(
    "playwright.sync_api", reason="playwright is not installed"
)

pytestmark = pytest.mark.browser


def test_a_reader_subscribes_and_leaves(
    browser: sync_api.Browser, store: Database
) -> None:
    with reading(store) as readers:
        home = str(readers.site.base_url).rstrip("/")
        context = browser.new_context(
            locale="en-GB", viewport={"width": 360, "height": 800}
        )
        page = context.new_page()
        page.goto(home)
        page.get_by_role("link", name="Get alerts by e-mail").click()
        complains_of_nothing(page, "/subscribe")
        page.get_by_label("E-mail address").fill("anna@example.org")
        page.get_by_label("AI training").check()
        page.get_by_label("Severity").select_option("Medium and above")
        page.get_by_label("Language of the e-mails").select_option("Deutsch")
        page.get_by_role("button", name="Subscribe").click()
        sync_api.expect(page.get_by_role("status")).to_contain_text(
            "Check your inbox"
        )
        page.goto(home + readers.link())
        sync_api.expect(page.get_by_label("AI training")).to_be_checked()
        complains_of_nothing(page, "/subscription, to confirm")
        page.get_by_role("button", name="Confirm").click()
        sync_api.expect(page.get_by_role("heading", level=1)).to_have_text(
            "You are subscribed"
        )
        readers.change()
        readers.deliver()
        assert readers.inbox.mails[-1]["Subject"].startswith("[Schweregrad hoch]")
        page.get_by_role("button", name="Unsubscribe").click()
        sync_api.expect(page.get_by_role("heading", level=1)).to_have_text(
            "You are unsubscribed"
        )
        complains_of_nothing(page, "/subscription, left")
        assert overflow(page) == 0
        assert readers.table() == []
        context.close()
