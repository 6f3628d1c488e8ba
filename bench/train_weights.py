"""Make analysis/weights/*.toml from labelled changes, and say how well such weights do on services left out.

    python -m bench.train_weights LABELS.jsonl.gz SENTENCES.jsonl                    trains on all and writes the files
    python -m bench.train_weights LABELS.jsonl.gz SENTENCES.jsonl --folds ANSWERS    cross-validates, nothing written
    python -m bench.train_weights LABELS.jsonl.gz --folds ANSWERS    the same with the words as shipped, learnt from all

`--also FILE.jsonl` (more than once if you like) learns from further labelled changes, which are never scored. A service
that is left out is left out of these and of the sentences (see train_sentences.py). None is part of the project.
Needs scipy and scikit-learn, which the program does not.
"""

from __future__ import annotations

import argparse
import json
import sys
import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from analysis.as_json import comparison_json
from analysis.compare import compare
from analysis.judging import judge as judging
from analysis.judging import meaning
from analysis.judging.gist import GIST
from bench import labelled, train_sentences
from bench.fitting import ANY, DOWN, UP, Bounds, Example, fit, free, one, only, section
from bench.labelled import Row, language_of
from bench.train_meaning import train_meaning
from bench.train_sentences import Words

FOLDER = Path(judging.__file__).with_name("weights")
FOLDS = 10
SUBSTANTIVE_STRENGTH, ALERT_STRENGTH = 1.0, 0.3  # the inverse of the regularisation
SUBSTANTIVE_FROM, ALERT_FROM = 0.35, 0.45  # probability
HEAD = "# Written by bench/train_weights.py. What the names mean is in docs/judging.md.\n\n"


def as_meant(name: str) -> Bounds:
    """The side on which a sign may weigh: what speaks for a change of practice never speaks against one."""
    if name.startswith(("words.business", "words.conduct", "words.contact", "words.shop", "words.language")):
        return DOWN
    if name.endswith(".nothing") or name == "shape.few_words":
        return DOWN
    if name.startswith(("kind.", "words.")):
        return ANY
    return UP


def train(examples: Iterable[Example]) -> dict[str, str]:
    """The text of each file of weights, by its name."""
    usable = [example for example in examples if example.found is not None]
    return {"change": HEAD + train_change(usable), "meaning": HEAD + train_meaning(usable)}


def train_change(usable: Sequence[Example]) -> str:
    together = [only(e, ("shape.", "kind.", "any.", "policy.", "terms.", "rules.")) for e in usable]
    substantive = fit(together, [e.row["substantive"] for e in usable], SUBSTANTIVE_STRENGTH, one, free)
    steady = [
        {k: v for k, v in (e.found or {}).items() if not k.endswith((".new", ".gone")) and not k.startswith(GIST)}
        for e in usable
    ]
    alert = fit(steady, [e.row["alert"] for e in usable], ALERT_STRENGTH, one, as_meant)
    return "\n".join([section("substantive", *substantive, SUBSTANTIVE_FROM), section("alert", *alert, ALERT_FROM)])


def examples_of(rows: Sequence[Row], groups: Sequence[Collection[str]], words: Sequence[Words]) -> list[Example]:
    """Each change as the words saw it that were learnt without its service."""
    found = []
    for group, weights in zip(groups, words, strict=True):
        train_sentences.use(weights)
        found += [Example(row) for row in rows if row["service"] in group]
    return found


def answers(examples: Iterable[Example]) -> list[Row]:
    rows = []
    for example in examples:
        if example.pages is None:
            rows.append({"id": example.row["id"], "substantive": False, "alert": False})
            continue
        before, after = example.pages
        told = compare(before, after, language=language_of(example.row), document=example.row["document"])
        rows.append({"id": example.row["id"], **comparison_json(told)})
    return rows


def left_out(
    examples: Sequence[Example],
    groups: Sequence[Collection[str]],
    also: Sequence[Example] = (),
    words: Sequence[Words] = (),
) -> list[Row]:
    """The answers by weights fitted without the service; `words` are those for each group, else as shipped."""
    found: list[Row] = []
    for number, group in enumerate(groups):
        if words:
            train_sentences.use(words[number])
        use(train(example for example in [*examples, *also] if example.row["service"] not in group))
        found += answers(example for example in examples if example.row["service"] in group)
    return found


def use(texts: Mapping[str, str]) -> None:
    """Let the judgement in this process rest on these weights."""
    change = judging.Weights.model_validate(tomllib.loads(texts["change"]))
    about = meaning.Weights.model_validate(tomllib.loads(texts["meaning"]))
    judging.weights = lambda: change  # type: ignore[assignment]
    meaning.weights = lambda: about  # type: ignore[assignment]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("labels")
    parser.add_argument("sentences", nargs="?", help="without them the words weigh as they are shipped")
    parser.add_argument("--folds", metavar="ANSWERS", help="cross-validate by service; write the answers to this file")
    parser.add_argument("--seed", type=int, default=7, help="which services are left out together")
    parser.add_argument(
        "--fitted", metavar="ANSWERS", help="write the answers of the weights trained on all to this file"
    )
    parser.add_argument("--also", metavar="LABELS", action="append", default=[], help="learn from these changes, too")
    args = parser.parse_args()
    rows = labelled.rows(args.labels)
    groups = labelled.folds({row["service"] for row in rows}, args.seed, FOLDS)
    if args.sentences is None:
        if not args.folds or args.also:
            parser.error("without sentences there are only folds of the labels")
        fitted = [Example(row) for row in rows]
        written(args.folds, left_out(fitted, groups))
        return
    table = train_sentences.Table(labelled.rows(args.sentences))
    words = [table.fit(group) for group in groups]
    examples = examples_of(rows, groups, words)
    others = [row for path in args.also for row in labelled.rows(path)]
    also = examples_of(others, [{row["service"] for row in others}], [table.fit({row["service"] for row in others})])
    if args.folds:
        written(args.folds, left_out(examples, groups, also, words))
        return
    texts = train([*examples, *also])
    for name, text in texts.items():
        (FOLDER / f"{name}.toml").write_text(text, "utf-8")
        sys.stdout.write(f"{FOLDER / name}.toml: {len(text.splitlines())} lines\n")
    if args.fitted:
        use(texts)
        train_sentences.use(table.fit())
        written(args.fitted, answers(examples))


def written(path: str, rows: Iterable[Row]) -> None:
    Path(path).write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n", "utf-8")


if __name__ == "__main__":
    main()
