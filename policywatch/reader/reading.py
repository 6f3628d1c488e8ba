"""What a reading makes of a change: its verdict, if supported, beside the trained model's. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from analysis.text.sentence_ends import sentence_bounds
from foundation.vocabulary import SEVERITIES, TOPICS
from messages import Message
from policywatch.reader.checks import check, speaks_to_model
from policywatch.reader.model import ModelAnswer
from policywatch.reader.prompt import Prompt
from storage.changes import StoredPassage

_VERDICT = ("alert", "severity", "direction", "topics")


def reading_of(question: Prompt, answer: ModelAnswer) -> dict[str, Any]:
    """An alert without a supported statement is none."""
    checked = check(question, answer).as_json()
    verdict = answer.model_dump(include={*_VERDICT, "kind"})
    reading = {"question": question.key, "verdict": verdict} | checked
    if answer.alert and not checked["statements"]:
        reading["failure"] = "none of its statements stands on the page's words"
    return reading


def decide(
    columns: dict[str, Any],
    passages: Sequence[StoredPassage],
    reading: dict[str, Any],
) -> dict[str, Any]:
    """Nothing, where the operator wants it beside. A convention's high severity and the operator's own topics stay, and
    a text that addresses the model is made no milder.
    """
    brief = columns["brief"]
    trained = {name: columns[name] for name in _VERDICT}
    reading = reading | {"trained": trained, "decides": False}
    if spoken := speaks_to_model(passages):
        reading["speaks"] = spoken
    columns = columns | {"brief": brief | {"reader": reading}}
    if reading.get("use") == "beside" or reading.get("failure"):
        return columns
    verdict = {name: reading["verdict"][name] for name in _VERDICT}
    own = [topic for topic in trained["topics"] if topic not in TOPICS]
    is_milder = SEVERITIES.index(verdict["severity"]) > SEVERITIES.index(
        trained["severity"]
    )
    if brief.get("severity_reasons"):
        verdict |= {"alert": trained["alert"], "severity": "high"}
        if not reading["verdict"]["alert"]:
            verdict |= {name: trained[name] for name in ("direction", "topics")}
        reading["kept"] = "convention" if is_milder else None
    elif spoken and is_milder:
        reading["kept"] = "speaks"
        return columns
    elif own and not verdict["alert"]:
        reading["kept"] = "own"
        return columns
    verdict["topics"] = [
        *verdict["topics"],
        *(t for t in own if t not in verdict["topics"]),
    ]
    reading["decides"] = True
    if verdict["alert"]:
        _flag(passages, reading, verdict)
        columns["substantive"] = True
        if not brief.get("meaning"):
            columns["brief"] |= _quotation(passages, reading)
    return columns | verdict


def _flag(
    passages: Sequence[StoredPassage],
    reading: dict[str, Any],
    verdict: dict[str, Any],
) -> None:
    cited = {
        quote["passage"]
        for statement in reading["statements"]
        for quote in statement["quotes"]
        if quote["new"]
    }
    for row in passages:
        if row.position in cited and not row.topics:
            row.topics = list(verdict["topics"])
            row.severity, row.direction = verdict["severity"], verdict["direction"]
            row.why = [*row.why, Message("why.reader")]


def _quotation(
    passages: Sequence[StoredPassage], reading: dict[str, Any]
) -> dict[str, Any]:
    quote = next(
        (q for s in reading["statements"] for q in s["quotes"] if q["new"]), None
    )
    if quote is None:
        return {}
    row = next(row for row in passages if row.position == quote["passage"])
    text = (row.after if quote["side"] == "after" else row.before) or ""
    at = max(0, text.find(quote["text"]))
    start, end = next(
        ((a, b) for a, b in sentence_bounds(text) if a <= at < b), (0, len(text))
    )
    end = max(end, at + len(quote["text"]))
    new = [[at - start + a, at - start + b] for a, b in quote["new"]]
    return {
        "meaning": text[start:end],
        "meaning_side": quote["side"],
        "meaning_new": new,
        "place": row.position,
        "headline": {"clause": [at - start, at - start + len(quote["text"])]},
    }
