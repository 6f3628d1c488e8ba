"""Scores of verdicts against labels: F1 for yes and no, the share of equal answers for severity and direction."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from analysis.classify.verdict import Verdict
from evaluation.labels import Row
from foundation.vocabulary import AI_TOPICS, TOPICS

_WORD = re.compile(r"[^\W_]+")
Scores = dict[str, float]


def f1(pairs: Iterable[tuple[bool, bool]]) -> float:
    """Of (label, answer)."""
    those = list(pairs)
    right = sum(label and answer for label, answer in those)
    given = sum(label for label, _ in those) + sum(answer for _, answer in those)
    return 2 * right / given if given else 1.0


def passage_scores(rows: Sequence[Row], verdicts: Sequence[Verdict]) -> Scores:
    """Of passages that were each labelled alone."""
    pairs = [
        (row["label"], verdict) for row, verdict in zip(rows, verdicts, strict=True)
    ]
    alerts = [
        (label.get("alert", bool(label.get("topics"))), verdict.alert)
        for label, verdict in pairs
    ]
    told = [
        pair
        for pair, (wanted, given) in zip(pairs, alerts, strict=True)
        if wanted and given
    ]
    labelled = [
        (label["topics"], verdict.topics)
        for label, verdict in pairs
        if "topics" in label
    ]
    named = [
        (topic in verdict.topics)
        for label, verdict in told
        for topic in label.get("some_topics", ())
    ]
    high = [
        verdict.severity == "high"
        for label, verdict in pairs
        if label.get("severity") == "high"
    ]
    return {
        "substantive": f1(
            (label["substantive"], verdict.substantive) for label, verdict in pairs
        ),
        "alert": f1(alerts),
        "alert of reworded": f1(
            alert
            for row, alert in zip(rows, alerts, strict=True)
            if row["operation"] == "reworded"
        ),
        "topics": f1(
            (name in wanted, name in given)
            for wanted, given in labelled
            for name in TOPICS
        ),
        "topics that a case names": _share(named),
        "severity": _share(
            label["severity"] == verdict.severity
            for label, verdict in told
            if "severity" in label
        ),
        "high that is called high": _share(high),
        "direction": _share(
            label["direction"] == verdict.direction
            for label, verdict in told
            if "direction" in label
        ),
    }


def change_scores(rows: Sequence[Row], verdicts: Sequence[Verdict]) -> Scores:
    """Of changes that two annotators may have read: their topics count where both or either gave them."""
    pairs = list(zip(rows, verdicts, strict=True))
    told = [
        (row, verdict) for row, verdict in pairs if row["alert"] and verdict.alert
    ]
    agreed = [
        pair
        for pair in pairs
        if _is_ai(pair[0]["topics_both"]) == _is_ai(pair[0]["topics_either"])
    ]
    given = sum(len(verdict.topics) for _, verdict in pairs)
    right = sum(
        topic in row["topics_either"]
        for row, verdict in pairs
        for topic in verdict.topics
    )
    wanted = sum(len(row["topics_both"]) for row, _ in pairs)
    found = sum(
        topic in verdict.topics
        for row, verdict in pairs
        for topic in row["topics_both"]
    )
    precision, recall = right / max(1, given), found / max(1, wanted)
    return {
        "substantive": f1(
            (row["substantive"], verdict.substantive) for row, verdict in pairs
        ),
        "alert": f1((row["alert"], verdict.alert) for row, verdict in pairs),
        "alert, French": f1(
            (row["alert"], verdict.alert)
            for row, verdict in pairs
            if row["language"] == "fr"
        ),
        "recall of high": _share(
            verdict.alert for row, verdict in pairs if row["severity"] == ["high"]
        ),
        "AI": f1(
            (_is_ai(row["topics_both"]), _is_ai(verdict.topics))
            for row, verdict in agreed
        ),
        "topics": 2 * precision * recall / max(0.001, precision + recall),
        "severity": _share(
            verdict.severity in row["severity"] for row, verdict in told
        ),
        "direction": _share(
            verdict.direction in row["direction"] for row, verdict in told
        ),
    }


def is_hit(quotation: str, label: Row) -> bool:
    """Whether the shorter of it and a reader's lead has 60% of its words, and four of them or all, in common with the
    longer.
    """
    return any(
        _shares(quotation, text) for text in (label["lead"], *label["also"]) if text
    )


def _shares(one: str, other: str) -> bool:
    counts = [Counter(_WORD.findall(text.casefold())) for text in (one, other)]
    short = min(count.total() for count in counts)
    common = (counts[0] & counts[1]).total()
    return short > 0 and common >= max(min(4, short), 0.6 * short)


def table(title: str, scores: Mapping[str, float]) -> str:
    """As it stands in docs/evaluation.md."""
    return "\n".join(
        (
            f"\n{title}",
            *(f"| {name} | {value:.3f} |" for name, value in scores.items()),
        )
    )


def _is_ai(topics: Iterable[str]) -> bool:
    return not AI_TOPICS.isdisjoint(topics)


def _share(those: Iterable[bool]) -> float:
    counted = list(those)
    return sum(counted) / max(1, len(counted))
