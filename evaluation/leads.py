"""Which clause leads: the ranking of `analysis.classify.lead`, trained and scored on what readers chose."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from analysis.classify.clauses import DENIAL
from analysis.classify.features import PassageFeatures, kind_of
from analysis.classify.lead import Candidate, Weights, candidates
from analysis.classify.model import Model
from analysis.classify.verdict import classify_passage
from analysis.model import CELL, Brief, Page, Quote
from analysis.text.sentence_ends import sentence_bounds
from analysis.text.word_lists import word_lists
from evaluation.labels import Row, language_of, pages_of
from evaluation.scores import is_hit
from foundation.vocabulary import QUESTIONS

WEIGHTS = Path(__file__).parent.parent / "analysis" / "classify" / "lead.json"
_PENALTY = 5.0  # of squared weights
_WORD = re.compile(r"[^\W_]+")
_LEAST = 4  # words of a quotation that says something
_DANGLING = {
    *(
        "about",
        "and",
        "by",
        "for",
        "from",
        "in",
        "of",
        "on",
        "or",
        "the",
        "to",
        "with",
    ),
    *("à", "au", "avec", "de", "des", "du", "et", "la", "le", "les", "ou", "par"),
    *("pour", "sur"),
}
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Labelled:
    """An alerting change with its candidates, and whether each quotes what the reader chose."""

    row: Row
    label: Row
    annotated: Sequence[PassageFeatures]
    candidates: Sequence[Candidate]
    hits: NDArray[np.bool_]


def labelled(
    row: Row, label: Row, annotated: Sequence[PassageFeatures], model: Model
) -> Labelled | None:
    """None where nothing alerts."""
    language = language_of(row)
    kind = kind_of(row["document"], pages_of(row)[1])
    verdicts = {
        number: classify_passage(each, kind, language, model)
        for number, each in enumerate(annotated)
    }
    alerting = {
        number: verdict for number, verdict in verdicts.items() if verdict.alert
    }
    some = candidates(annotated, alerting, kind, language, model)
    hits = [
        each.quotation is not None
        and is_hit(
            annotated[each.place].passage.texts[each.side][slice(*each.quotation)],
            label,
        )
        for each in some
    ]
    return Labelled(row, label, annotated, some, np.array(hits)) if some else None


def train_ranking(changes: Sequence[Labelled]) -> dict[str, float]:
    """Weights that make the reader's choice the likeliest of a change's candidates."""
    known = [
        change for change in changes if change.hits.any() and not change.hits.all()
    ]
    names = sorted(
        {
            name
            for change in known
            for each in change.candidates
            for name in each.values
        }
    )
    columns = {name: column for column, name in enumerate(names)}
    tables = []
    for change in known:
        table = np.zeros((len(change.candidates), len(names)))
        for row, each in enumerate(change.candidates):
            for name, value in each.values.items():
                table[row, columns[name]] = value
        tables.append(table)

    def loss(weights: Floats) -> tuple[float, Floats]:
        total, slope = _PENALTY / 2 * float(weights @ weights), _PENALTY * weights
        for table, change in zip(tables, known, strict=True):
            odds = table @ weights
            chances = np.exp(odds - odds.max())
            chosen = chances * change.hits
            total -= math.log(chosen.sum() / chances.sum())
            slope += table.T @ (chances / chances.sum() - chosen / chosen.sum())
        return total, slope

    best = minimize(
        loss,
        np.zeros(len(names)),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": 200},
    ).x
    return {
        name: round(float(weight), 3)
        for name, weight in zip(names, best, strict=True)
        if abs(weight) >= 0.005
    }


def write_weights(weights: Weights) -> None:
    WEIGHTS.write_text(
        json.dumps(dict(sorted(weights.items())), indent=1) + "\n", "utf-8"
    )


def quotations(brief: Brief) -> list[Quote]:
    """All that a summary quotes; of the headline its clause."""
    found = [
        *(quote for question in QUESTIONS for quote in getattr(brief, question)),
        *brief.default_words,
        *brief.deadline_words,
        *brief.already,
    ]
    if news := brief.headline:
        clause = news.quotation.text[slice(*news.clause)]
        found.append(replace(news.quotation, text=clause))
    return found


def faults(quote: Quote, page: Page) -> Iterator[str]:
    """What is wrong with a quotation by its form: "junk" says nothing by itself, "reversed" leaves out the denial that
    stands before it in its sentence, "across" stands in no single block."""
    text = next(
        (each.text for each in page.blocks if quote.text in each.text), None
    )
    if text is None:
        yield "across"
        return
    words = _WORD.findall(quote.text.casefold())
    small = word_lists().function
    is_bare = small.isdisjoint(words) and CELL not in quote.text
    if len(words) < _LEAST or is_bare or words[-1] in _DANGLING:
        yield "junk"
    at = text.index(quote.text)
    before = next(
        text[start:at] for start, end in sentence_bounds(text) if start <= at < end
    )
    shown = (quote.text, *quote.lead_in)
    if DENIAL.search(before) and not any(map(DENIAL.search, shown)):
        yield "reversed"


@dataclass
class SummaryScores:
    """Counts over changes of services that were left out."""

    leads: list[bool] = field(default_factory=list)
    clauses: list[bool] = field(default_factory=list)
    claims: list[bool] = field(default_factory=list)
    defaults: list[bool] = field(default_factory=list)
    labelled_defaults: int = 0
    presence: Counter[str] = field(default_factory=Counter)
    quoted: Counter[str] = field(default_factory=Counter)
    nothing: int = 0

    def add_lead(self, change: Labelled, brief: Brief) -> None:
        news = brief.headline
        text, clause = (
            (news.quotation.text, news.quotation.text[slice(*news.clause)])
            if news
            else ("", "")
        )
        self.leads.append(is_hit(text, change.label))
        self.clauses.append(is_hit(clause, change.label))

    def add(self, change: Labelled, brief: Brief, answers: Row | None) -> None:
        if change.label["kind"] == "nothing":
            self.nothing += 1
        else:
            self.add_lead(change, brief)
            if brief.headline and brief.headline.claim:
                self.claims.append(
                    change.label["direction"] == "more"
                    and change.label["actor"] == "service"
                )
        before, after = pages_of(change.row)
        for quote in quotations(brief):
            page = after if quote.side == "after" else before
            self.quoted.update(["all", *faults(quote, page)])
        if answers is None:
            return
        self.labelled_defaults += answers["default"] is not None
        if brief.default:
            self.defaults.append(brief.default == answers["default"])
        for question in QUESTIONS:
            given, wanted = bool(getattr(brief, question)), bool(answers[question])
            self.presence.update(both=given and wanted, given=given, wanted=wanted)

    def table(self) -> str:
        counts = self.presence
        presence = 2 * counts["both"] / max(1, counts["given"] + counts["wanted"])
        rows = {
            "claims, and those with the reader's direction and actor": f"{len(self.claims)}, {sum(self.claims)}",
            "alerts of what is no news": str(self.nothing),
            "default said, right, labelled": f"{len(self.defaults)}, {sum(self.defaults)}, {self.labelled_defaults}",
            "quotations; junk; reversed; across blocks": "; ".join(
                str(self.quoted[name])
                for name in ("all", "junk", "reversed", "across")
            ),
            "question answered where it should be, F1": f"{presence:.3f}",
        }
        return "\n".join(
            [
                self.lead_table(),
                *(f"| {name} | {value} |" for name, value in rows.items()),
            ]
        )

    def lead_table(self) -> str:
        return (
            f"| the quotation is what a reader would lead with | {_share(self.leads)} of {len(self.leads)} |\n"
            f"| the clause in the headline is | {_share(self.clauses)} |"
        )


def _share(those: Sequence[bool]) -> str:
    return f"{sum(those) / max(1, len(those)):.3f}"
