"""An invented change with every part that one can have, for trying routes and templates."""

from __future__ import annotations

import json
from pathlib import Path

from messages import catalogue
from notifier.change_view import ChangeView
from storage.changes import Change, StoredPassage
from storage.documents import Document

SITE = "https://watch.example"


def sample_change(language: str) -> ChangeView:
    stored = json.loads(Path(__file__).with_name("sample.json").read_text("utf-8"))
    page = Document.model_validate(stored["document"])
    versions = f"{SITE}/documents/{page.id}/versions"
    return ChangeView(
        catalogue(language),
        Change.model_validate(stored["change"]),
        page,
        passages=[StoredPassage.model_validate(each) for each in stored["passages"]],
        diff=f"{SITE}/changes/1",
        texts=(f"{versions}/1", f"{versions}/2"),
    )
