"""Fit the weights of the brief (analysis/brief/weights.toml) from labelled changes; measure them by folds of services.

    python -m bench.train_briefs CHANGES.jsonl.gz BRIEFS.jsonl                    # folds only
    python -m bench.train_briefs CHANGES.jsonl.gz BRIEFS.jsonl --write            # and write the weights
    ... --sentences SENTENCES.jsonl --also MORE.jsonl --also PARTS.jsonl:0.3 --also OTHER.jsonl:0.5:OTHER-CHANGES.jsonl

Labels of --also, of the same or of other changes, are learnt from with the weight that is named and never scored; those
of a service that a fold scores are not learnt from in it. A label may be of a part of a change only (bench/briefs.py).

Needs scikit-learn. A candidate's target is how well its words meet the labelled span that they meet best (F1); a fold's
thresholds are chosen on the other folds' held-out chances (of labels of full weight), so that nothing of a service is
seen before it is scored.
"""

from __future__ import annotations

import argparse
import collections
import json
import math
import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from scipy.sparse import vstack
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression

from analysis.brief.answers import MOST
from analysis.brief.phrases import phrases_for
from analysis.brief.rank import Weights, best
from analysis.brief.scene import Features, Scene, crowd
from analysis.brief.spans import FIELDS, Span
from bench.briefs import labelled
from bench.labelled import Row, folds, rows
from bench.train_sentences import Table, use

WEIGHTS = Path(__file__).resolve().parent.parent / "analysis" / "brief" / "weights.toml"
STRENGTH = 0.04  # the inverse of the regularisation; the folds fall off below 0.03 and above 0.07
SURE = {  # too few labels to learn these from
    "irreversible": frozenset({"in.undone", "near changed"}),
    "recipients": frozenset({"changed.all", "new", "rule.name of a party"}),
}
RARE = 6  # features seen in fewer candidates are left out
LEAST = 0.3  # a candidate that meets a label less than this does not answer


@dataclass
class Case:
    id: str
    service: str
    label: Row
    weight: float = 1.0
    scored: bool = False
    spans: dict[str, list[Span]] = field(default_factory=dict)
    features: dict[str, list[Features]] = field(default_factory=dict)
    targets: dict[str, list[float]] = field(default_factory=dict)

    def wanted(self, name: str) -> collections.Counter[str]:
        return collections.Counter(w for span in self.label[name] for w in words(span["text"]))


def words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.lower())


def met(key: str, labels: list[list[str]]) -> float:
    own = collections.Counter(key.split())
    return max(
        (2 * sum((own & collections.Counter(label)).values()) / (own.total() + len(label)) for label in labels),
        default=0.0,
    )


class Sentences:
    """Lets sentences be judged by weights that were learnt from none of the same service."""

    def __init__(self, path: str) -> None:
        table = Table(rows(path))
        services = {row["service"] for row in table.rows}
        self._parts = [(left_out, table.fit(left_out)) for left_out in folds(services, 3, 5)]

    def of_others(self, service: str) -> None:
        use(next((weights for left_out, weights in self._parts if service in left_out), self._parts[0][1]))


def cases(
    changes: str, briefs: str, sentences: Sentences | None, weight: float = 1.0, *, scored: bool = False
) -> list[Case]:
    found = []
    for label, row, before, after, parts in labelled(changes, briefs):
        if sentences:
            sentences.of_others(row["service"])
        scene = Scene(parts, before, after, phrases_for(row["language"]))
        case = Case(label["id"], row["service"], label, weight, scored)
        for name in FIELDS:
            by_sentence = scene.candidates(name)
            crowded = crowd(sum(map(len, by_sentence)))
            spans = case.spans[name] = [span for spans in by_sentence for span in spans]
            shared = {id(s): scene.sentence_features(s) | crowded for s in scene.sentences}
            case.features[name] = [shared[id(span.sentence)] | scene.span_features(span) for span in spans]
            wanted = [words(span["text"]) for span in case.label[name]]
            case.targets[name] = [met(span.key, wanted) for span in spans]
        found.append(case)
    return found


def fit(training: list[Case], name: str) -> Weights:
    features: list[Features] = []
    targets: list[float] = []
    share: list[float] = []
    for case in training:
        rows_of = case.features[name]
        features += rows_of
        targets += [target if target > LEAST else 0.0 for target in case.targets[name]]
        share += [case.weight / math.sqrt(max(1, len(rows_of)))] * len(rows_of)
    seen = collections.Counter(key for row in features for key in row)
    table = DictVectorizer()
    matrix = table.fit_transform([{k: v for k, v in row.items() if seen[k] >= RARE} for row in features])
    y, weight = np.array(targets), np.array(share)
    weight *= len(weight) / weight.sum()
    pair_weight = np.r_[weight * y, weight * (1 - y)]
    kept = pair_weight > 0
    answer = np.r_[np.ones(len(y)), np.zeros(len(y))][kept]
    model = LogisticRegression(C=STRENGTH, max_iter=500)
    model.fit(vstack([matrix, matrix]).tocsr()[kept], answer, sample_weight=pair_weight[kept])
    names = table.get_feature_names_out()
    learnt = {str(n): round(float(w), 3) for n, w in zip(names, model.coef_[0], strict=True) if abs(w) >= 0.0005}
    bias = round(float(model.intercept_[0]), 3)
    return Weights(bias=bias, first=0.5, more=0.5, sure=SURE.get(name, frozenset()), weights=learnt)


def chances(weights: Weights, case: Case, name: str) -> list[float]:
    return [weights.chance(row, 0.0) for row in case.features[name]]


Held = dict[str, list[tuple[float, Span]]]


def ordered(case: Case, name: str, chance: list[float]) -> list[tuple[float, Span]]:
    pairs = zip(chance, case.spans[name], strict=True)
    return sorted(pairs, key=lambda pair: (-pair[0], pair[1].sentence.order, pair[1].first, pair[1].last))


def tally(some: list[Case], name: str, held: Held, first: float, more: float) -> np.ndarray:
    """Presence (both, given, wanted) and words (both, given, wanted)."""
    total = np.zeros(6)
    limits = Weights(bias=0, first=first, more=min(more, 1.0), weights={})
    for case in some:
        given = collections.Counter(w for _, span in best(held[case.id], limits, MOST) for w in span.key.split())
        wanted = case.wanted(name)
        total += (
            bool(given and wanted),
            bool(given),
            bool(wanted),
            (given & wanted).total(),
            given.total(),
            wanted.total(),
        )
    return total


def f1(total: np.ndarray) -> float:
    return float(2 * total[0] / max(1, total[1] + total[2]))


def f_half(total: np.ndarray) -> float:
    """F0.5: to answer where nothing is said costs a reader more than to leave an answer out."""
    return float(1.25 * total[0] / max(1, total[1] + 0.25 * total[2]))


# of the limit for a first answer: on changes without labels, rules drop what is torn, and much stays unsaid
EASE = collections.defaultdict(lambda: 0.85, data=0.6, purposes=0.6, recipients=0.72)
FLOOR = 0.25  # no answer below this chance, whatever the labels say: they are of changes that have much to say
PARTS = (1.0, 1.2, 1.5, 2.0)  # of `first`: what a further answer must reach, no less than the first
BLUR = np.outer((0.5, 1, 1.5, 1, 0.5), (1, 1, 1))


def limits(some: list[Case], name: str, held: Held) -> tuple[float, float]:
    """Around which thresholds presence (F0.5) and words are best together; a lone peak is chance: neighbours count."""
    tops = [held[case.id][0][0] for case in some if held[case.id]]
    firsts = sorted({max(FLOOR, round(float(q), 3)) for q in np.quantile(tops, np.linspace(0, 0.97, 24))})
    tallies = [[tally(some, name, held, first, first * part) for part in PARTS] for first in firsts]
    worth = np.array([[f_half(each[:3]) + f1(each[3:]) for each in row] for row in tallies])
    edged = np.pad(worth, ((2, 2), (1, 1)), mode="edge")
    rows_, columns = worth.shape
    smooth = sum(BLUR[i, j] * edged[i : i + rows_, j : j + columns] for i in range(5) for j in range(3))
    i, j = np.unravel_index(smooth.argmax(), smooth.shape)
    return firsts[i], min(1.0, firsts[i] * PARTS[j])


def parted(all_cases: list[Case], number: int, seed: int) -> list[list[Case]]:
    groups = folds({case.service for case in all_cases}, seed, number)
    return [[case for case in all_cases if case.service in group] for group in groups]


def held_out(parts: list[list[Case]], name: str) -> Held:
    """The ordered candidates of each case of full weight, by weights that have seen nothing of its service."""
    found: Held = {}
    for part in parts:
        weights = fit([case for other in parts if other is not part for case in other], name)
        found.update({case.id: ordered(case, name, chances(weights, case, name)) for case in part if case.weight >= 1})
    return found


def measure(everyone: list[Case], number: int, seed: int, *, only: list[str], loud: bool) -> tuple[float, float]:
    parts = parted(everyone, number, seed)
    whole = np.zeros(6)
    for name in only:
        held = held_out(parts, name)
        total = np.zeros(6)
        for part in parts:
            others = [case for other in parts if other is not part for case in other if case.id in held]
            total += tally([case for case in part if case.scored], name, held, *limits(others, name, held))
        whole += total
        if loud:
            print(f"  {name:13} presence {f1(total[:3]):.3f}  words {f1(total[3:]):.3f}  {total.astype(int).tolist()}")
    result = f1(whole[:3]), f1(whole[3:])
    print(f"{number} folds, seed {seed}: presence {result[0]:.3f}  words {result[1]:.3f}", flush=True)
    return result


def written(everyone: list[Case]) -> str:
    parts = parted(everyone, 5, 0)
    lines = ["# Written by bench/train_briefs.py; what the names mean is in docs/brief.md."]
    for name in FIELDS:
        weights = fit(everyone, name)
        held = held_out(parts, name)
        first, more = limits([case for case in everyone if case.id in held], name, held)
        lines += [
            "",
            f"[{name}]",
            f"bias = {weights.bias}",
            f"first = {EASE[name] * first:.3f}",
            f"more = {more:.3f}",
            f"sure = {json.dumps(sorted(weights.sure))}",
            f"[{name}.weights]",
        ]
        lines += [f'"{key}" = {value}' for key, value in sorted(weights.weights.items())]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("changes")
    parser.add_argument("briefs")
    parser.add_argument("--also", action="append", default=[], help="LABELS[:WEIGHT[:CHANGES]], to learn from only")
    parser.add_argument("--sentences", help="those that weights/sentences.csv was learnt from, to judge others' only")
    parser.add_argument("--write", action="store_true", help=f"write {WEIGHTS.name}")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--only", nargs="*", default=list(FIELDS), help="fields to measure")
    parser.add_argument("--folds", type=int, default=5)
    args = parser.parse_args()
    sentences = Sentences(args.sentences) if args.sentences else None
    everyone = cases(args.changes, args.briefs, sentences, scored=True)
    for labels, weight, changes in (f"{one}::".split(":")[:3] for one in args.also):
        everyone += cases(changes or args.changes, labels, sentences, float(weight or 1))
    results = [measure(everyone, args.folds, seed, only=args.only, loud=seed == 0) for seed in range(args.seeds)]
    if results:
        print("mean: presence {:.3f}  words {:.3f}".format(*np.mean(results, axis=0)))
    if args.write:
        WEIGHTS.write_text(written(everyone), encoding="utf8")


if __name__ == "__main__":
    main()
