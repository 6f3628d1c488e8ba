"""Pictures of five written cases in each channel: python -m evaluation.channels FOLDER (as `evaluation.screenshots`)."""

from __future__ import annotations

import shutil
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from html import escape
from pathlib import Path

from playwright.sync_api import sync_playwright
from sqlmodel import Session

from analysis.compare import compare
from analysis.model import Page
from analysis.page_json import page_json
from evaluation.labels import CASES, read_text
from evaluation.screenshots import saved
from notifier.notifications import alert_message, digest_message
from policywatch.ingest.drafts import change_columns, stored_passages
from policywatch.web.app import create_app
from storage.database import Database
from storage.deliveries import Alert
from storage.documents import Document, declare
from tests.stories import START, Teller, day
from tests.web_server import served

SHOWN = (
    ("en", "training on by default with a switch"),
    ("en", "data goes to a group's other companies for ads"),
    ("en", "a promise not to sell is gone"),
    ("fr", "les données sont vendues"),
    ("fr", "on a cessé"),
)


def main(folder: Path) -> None:
    """One picture for each channel."""
    folder.mkdir(parents=True, exist_ok=True)
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with tempfile.TemporaryDirectory() as store, sync_playwright() as playwright:
        database = Database(f"sqlite:///{store}/changes.db")
        with database.writing() as session:
            alerts = record(session)
        with database.reading() as session:
            alerts = [session.get_one(Alert, alert.id) for alert in alerts]
            mails = [
                alert_message(session, [alert], language=language, base_url=None)
                for alert, (language, _) in zip(alerts, SHOWN, strict=True)
            ]
            digest = digest_message(session, alerts, language="en", base_url=None)
            chats = [escape(mail.fitted("markdown", 2000)) for mail in mails]
        sheets = {
            "mail": "<hr>".join(
                f"<b>{escape(m.subject)}</b>{m.html}" for m in mails
            ),
            "digest": f"<b>{escape(digest.subject)}</b>{digest.html}",
            "chat": f"<pre style='white-space:pre-wrap'>{'<hr>'.join(chats)}</pre>",
        }
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox"]
        )
        page = browser.new_page(viewport={"width": 760, "height": 400})
        for name, html in sheets.items():
            page.set_content(html)
            saved(page.screenshot(full_page=True), folder / f"five-{name}.png")
        with served(create_app(database)) as home:
            page.goto(f"{home}/changes")
            saved(page.screenshot(full_page=True), folder / "five-page.png")
        browser.close()
        database.close()


def record(session: Session) -> list[Alert]:
    """The cases as changes of one document each, and an alert of each."""
    texts = [_texts(*case) for case in SHOWN]
    documents = [
        Document(
            id=f"service-{number}/policy",
            service=f"Service {number}",
            title=after.title or "Privacy Policy",
            kind="privacy-policy",
            language=language,
            url=f"https://service-{number}.example/policy",
            added_at=START,
        )
        for number, ((language, _), (_, after)) in enumerate(
            zip(SHOWN, texts, strict=True), start=1
        )
    ]
    declare(session, documents)
    session.flush()
    return [
        _alert(session, document, pages)
        for document, pages in zip(documents, texts, strict=True)
    ]


def _texts(language: str, name: str) -> tuple[Page, Page]:
    cases = tomllib.loads((CASES / f"{language}.toml").read_text("utf-8"))["case"]
    case = next(each for each in cases if each["name"] == name)
    frame = (CASES / f"{case['document']}.{language}.md").read_text("utf-8")
    heading = f"## {case['section']}\n\n" if case["section"] else ""
    before, after = (
        read_text(frame.replace("CHANGED", heading + case[side]), language)
        for side in ("before", "after")
    )
    return before, after


def _alert(session: Session, document: Document, pages: Sequence[Page]) -> Alert:
    teller, (before, after) = Teller(session), pages
    old, new = (
        teller.version(document.id, day(number), page_json(page)["blocks"])
        for number, page in enumerate(pages)
    )
    found = compare(before, after, language=document.language, trusted=True)
    change = teller.change(
        old, new, stored_passages(found.passages), **change_columns(found)
    )
    alert = Alert(change_id=change.id, route="team", created_at=day(1))
    session.add(alert)
    session.flush()
    return alert


if __name__ == "__main__":
    main(Path(sys.argv[1]))
