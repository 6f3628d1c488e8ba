"""The weights of what a change is about and in whose favour it is: analysis/weights/meaning.toml."""

from __future__ import annotations

from collections.abc import Sequence

from fitting import ANY, UP, Bounds, Example, fit, free, one, only, section

from analysis.change import TOPICS
from analysis.meaning import topic_signs
from analysis.signs import strengths

SPECIFIC = 0.7  # how readily a topic gets weights of its own beside those of all topics
TOLD_FROM = 0.36  # probability; with fewer told, more is missed than is spared
# what is new and gone, and how much: the signs that direction rests on
CHANGE = (
    "kind.", "any.", "claim.", "shape.text", "shape.any_text", "shape.few_words", "shape.longest", "shape.added",
    "shape.removed", "shape.reworded", *(f"{topic}.decides." for topic in TOPICS),
)  # fmt: skip
EITHER_WAY = ("bias", "dense", "topics_seen", "changed", "direct_of_many", "direct_in_long")


def train_meaning(examples: Sequence[Example]) -> str:
    alerts = [example for example in examples if example.row["alert"]]
    written = [section("topic", *fit_topics(alerts), TOLD_FROM)]
    told = [only(e, (*CHANGE, "policy.", "terms.", "rules.")) for e in alerts]
    for answer in sorted({value for e in alerts for value in e.row["direction"]}):
        truth = [answer in e.row["direction"] for e in alerts]
        written.append(section(f"direction.{answer}", *fit(told, truth, 0.05, one, free)))
    return "\n".join(written)


def fit_topics(alerts: Sequence[Example]) -> tuple[float, dict[str, float]]:
    rows, answers = [], []
    for example in alerts:
        for topic, strength in strengths(example.found or {}).items():
            both, either = (topic in example.row[key] for key in ("topics_both", "topics_either"))
            if both == either:
                rows.append(topic_signs(topic, strength))
                answers.append(both)
    return fit(rows, answers, 0.3, lambda name: SPECIFIC if "." in name else 1.0, for_topic)


def for_topic(name: str) -> Bounds:
    return ANY if ".kind." in name or name.rpartition(".")[2] in EITHER_WAY else UP
