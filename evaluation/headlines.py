"""Forty headlines, drawn at random, beside what a reader says of the change."""

from __future__ import annotations

import random
import tomllib
from collections.abc import Sequence

from analysis.compare import compare
from analysis.model import Brief, Comparison
from analysis.page_json import stored_brief
from evaluation.labels import DATA, read_text
from evaluation.leads import Labelled
from evaluation.scores import is_hit
from messages.catalogue import catalogue
from messages.headline import headline_text

FILE = DATA / "headlines.md"
_DRAWN = {"en": 20, "fr": 14}
_SEED = 38
_ABOVE = """# Forty headlines

`python -m evaluation score-summary LABELS` draws the English and French ones at random, each told by weights that have
not seen its service. The short quotations are from published policies, by way of Open Terms Archive's public data sets
(Open Data Commons Attribution License); what a reader says was written by a language model that read the whole
difference. The German ones are of our own (`german.toml`): no labelled change is German, and the model has learned none.

| a reader says | the headline | hit |
| --- | --- | --- |
"""


def write_headlines(told: Sequence[tuple[Labelled, Brief]]) -> None:
    rows = []
    for language, number in _DRAWN.items():
        some = [
            (change, brief)
            for change, brief in sorted(told, key=lambda each: each[0].row["id"])
            if change.row["language"] == language
            and change.label["kind"] != "nothing"
        ]
        for change, brief in random.Random(_SEED).sample(some, number):
            quoted = brief.headline.quotation.text if brief.headline else ""
            rows.append(
                (
                    change.label["says"],
                    _text(
                        brief, "en", change.row["service"], change.row["document"]
                    ),
                    "yes" if is_hit(quoted, change.label) else "no",
                )
            )
    for change in tomllib.loads((DATA / "german.toml").read_text("utf-8"))[
        "change"
    ]:
        before, after = (
            read_text(change[side], "de") for side in ("before", "after")
        )
        brief = compare(before, after, trusted=True).brief
        rows.append((change["says"], _text(brief, "de", "Muster", after.title), ""))
    lines = [
        f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in rows
    ]
    FILE.write_text(_ABOVE + "\n".join(lines) + "\n", "utf-8")


def _text(brief: Brief, language: str, service: str, title: str) -> str:
    stored = stored_brief(Comparison(substantive=True, brief=brief))
    text = headline_text(catalogue(language), stored, service=service, title=title)
    return " ".join(text.split())
