"""The weights of what a change is about and in whose favour it is: analysis/weights/meaning.toml."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import pstdev

from analysis.judging.gist import LEANS, WEIGHTIEST
from analysis.judging.meaning import topic_signs
from analysis.judging.signs import strengths
from bench.fitting import ANY, DOWN, UP, Bounds, Example, fit, section

STRENGTH = 0.1  # the inverse of the regularisation of severity and direction, of signs as wide as their spread
LEAST_SPREAD = 0.001  # of a sign that is always the same
TOPIC_STRENGTH = 0.3
SPECIFIC = 0.7  # how readily a topic gets weights of its own beside those of all topics
TOLD_FROM = 0.36  # probability; with fewer told, more is missed than is spared
# the claims that severity and direction rest on, few because the examples are, and the side on which each may weigh
MEDIUM = dict.fromkeys(
    ("practice", "two_practices", "practices", "words_about", "over_25_words", "of_ai", WEIGHTIEST), UP
) | dict.fromkeys(("rules", "quiet"), DOWN)
HIGH = dict.fromkeys(
    ("practices", "training", "training_phrases", "near_default_on", "choice_phrases", "grave"), UP
) | {"rights_gone": DOWN}
DIRECTION = dict.fromkeys(
    (
        "quiet", "nothing", "rules", "words", "withdrawn", "sentences_gone", "grown", "training", "practices",
        "new_choice", "only_favours", *LEANS,
    ), ANY
)  # fmt: skip
HIGH_FROM = 0.4  # probability; to miss what weighs much is worse than to overstate
EITHER_WAY = ("bias", "dense", "topics_seen", "changed", "direct_of_many", "direct_in_long")


def train_meaning(examples: Sequence[Example]) -> str:
    alerts = [example for example in examples if example.row["alert"]]
    written = [section("topic", *fit_topics(alerts), TOLD_FROM)]
    answers = [example.row["severity"][0] for example in alerts]
    written.append(section("severity.medium", *fit_claims(alerts, [answer != "low" for answer in answers], MEDIUM)))
    high = fit_claims(alerts, [answer == "high" for answer in answers], HIGH)
    written.append(section("severity.high", *high, HIGH_FROM))
    for answer in sorted({value for example in alerts for value in example.row["direction"]}):
        truth = [answer in example.row["direction"] for example in alerts]
        written.append(section(f"direction.{answer}", *fit_claims(alerts, truth, DIRECTION)))
    return "\n".join(written)


def fit_claims(
    alerts: Sequence[Example], answers: Sequence[bool], bounds: Mapping[str, Bounds]
) -> tuple[float, dict[str, float]]:
    rows = [{f"told.{name}": example.told[f"told.{name}"] for name in bounds} for example in alerts]
    spread = {name: 1 / (pstdev(row[name] for row in rows) + LEAST_SPREAD) for name in rows[0]}
    return fit(rows, answers, STRENGTH, spread.__getitem__, lambda name: bounds[name.removeprefix("told.")])


def fit_topics(alerts: Sequence[Example]) -> tuple[float, dict[str, float]]:
    rows, answers = [], []
    for example in alerts:
        for topic, strength in strengths(example.found or {}).items():
            both, either = (topic in example.row[key] for key in ("topics_both", "topics_either"))
            if both == either:
                rows.append(topic_signs(topic, strength))
                answers.append(both)
    return fit(rows, answers, TOPIC_STRENGTH, lambda name: SPECIFIC if "." in name else 1.0, for_topic)


def for_topic(name: str) -> Bounds:
    return ANY if ".kind." in name or "said_" in name or name.rpartition(".")[2] in EITHER_WAY else UP
