"""The mail of one change without and with a language model, for docs/alerts.md: python -m tests.reader_pictures."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright
from sqlmodel import select

from notifier.change_view import change_view
from notifier.notifications import change_message
from storage.changes import Change
from tests.mail_pictures import FOLDER, WIDTH
from tests.model_server import answering
from tests.site import AI, a_job, a_site, policy, watchlist

_SHARED = (
    "We share the titles that you borrow with the publishers of the books, who may combine them with what they know of "
    "you in order to show you advertisements."
)


def _answer(material: Mapping[str, Any]) -> dict[str, Any]:
    """What a careful model answers, written by us."""
    places = {
        key: next(
            each["passage"] for each in material["passages"] if key in each["text"]
        )
        for key in ("generative AI", "publishers")
    }

    def statement(sentence: str, key: str, words: str) -> dict[str, Any]:
        quote = {"passage": places[key], "side": "after", "text": words}
        return {"quotes": [quote], "text": {"en": sentence}}

    ai, shared = "generative AI", "publishers"
    return {
        "alert": True,
        "reason": "It adds AI training by default and a new recipient.",
        "kind": "practice",
        "topics": ["ai_training", "data_sharing", "advertising"],
        "severity": "high",
        "direction": "expands",
        "headline": {
            "en": "Your reading history and reviews are used to train generative AI models unless you turn this off"
        },
        "statements": [
            statement(
                "Your reading history and reviews are used to train generative AI models unless you turn this off",
                ai,
                "we use your reading history and your reviews to train generative AI models, unless you turn this off",
            ),
            statement(
                "Publishers get the titles that you borrow, and may combine them with what they know of you",
                shared,
                "with the publishers of the books, who may combine them with what they know of you",
            ),
        ],
        "dates": [
            {
                "day": "2025-11-03",
                "role": "in_force",
                "quote": {
                    "passage": places[ai],
                    "side": "after",
                    "text": "From 3 November 2025",
                },
            }
        ],
        "default": None,
        "refuse": [],
    }


def _mail(*, with_model: bool) -> str:
    """The HTML of the alert that a job sends of one change."""
    with (
        a_site() as site,
        answering() as model,
        tempfile.TemporaryDirectory() as folder,
    ):
        model.answer = _answer
        more = (
            f'[reader]\nmodel = "small"\nurl = "{model.url}"\n'
            if with_model
            else ""
        )
        site.pages["/privacy"] = policy()
        file = watchlist(
            Path(folder), site, f"sqlite:///{folder}/watch.db", more=more
        )
        with a_job(file) as job:
            job.run(force=True)
            site.pages["/privacy"] = policy(AI, _SHARED)
            job.run(force=True)
            with job.database.reading() as session:
                view = change_view(
                    session, session.exec(select(Change)).one(), "en"
                )
                return change_message(view, "en", ("all",)).html


def main() -> None:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    mails = {
        "mail-without-model": _mail(with_model=False),
        "mail-with-model": _mail(with_model=True),
    }
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium,
            args=["--no-sandbox", "--disable-background-networking"],
        )
        page = browser.new_page(viewport={"width": WIDTH, "height": 400})
        for name, html in mails.items():
            page.set_content(html)
            page.screenshot(full_page=True, path=FOLDER / f"{name}.png")
        browser.close()


if __name__ == "__main__":
    main()
