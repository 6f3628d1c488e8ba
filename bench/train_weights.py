"""Make analysis/weights/*.toml from labelled changes, and say how well such weights do on services left out.

    python -m bench.train_weights LABELS.jsonl.gz                    trains on all and writes the files
    python -m bench.train_weights LABELS.jsonl.gz --folds ANSWERS    cross-validates by service, nothing written

The labelled changes are not part of the project. Needs scipy, which the program does not.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from analysis import compare as comparing
from analysis import judge as judging
from analysis import meaning
from bench.fitting import ANY, DOWN, UP, Bounds, Example, Row, fit, free, labelled, one, only, section
from bench.train_meaning import train_meaning

FOLDER = Path(judging.__file__).with_name("weights")
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
    substantive = fit(together, [e.row["substantive"] for e in usable], 1.0, one, free)
    steady = [{k: v for k, v in (e.found or {}).items() if not k.endswith((".new", ".gone"))} for e in usable]
    alert = fit(steady, [e.row["alert"] for e in usable], 0.3, one, as_meant)
    return "\n".join([section("substantive", *substantive, 0.35), section("alert", *alert, 0.45)])


def folds(examples: Sequence[Example], seed: int, number: int = 10) -> list[set[str]]:
    services = sorted({example.row["service"] for example in examples})
    random.Random(seed).shuffle(services)
    return [set(services[start::number]) for start in range(number)]


def answers(examples: Iterable[Example]) -> list[Row]:
    from analysis.as_json import comparison_json

    rows = []
    for example in examples:
        if example.pages is None:
            rows.append({"id": example.row["id"], "substantive": False, "alert": False})
            continue
        before, after = example.pages
        language = None if example.row["language"] == "other" else example.row["language"]
        told = comparing.compare(before, after, language=language, document=example.row["document"])
        rows.append({"id": example.row["id"], **comparison_json(told)})
    return rows


def use(texts: Mapping[str, str]) -> None:
    """Let the judgement in this process rest on these weights."""
    change = judging.Weights.model_validate(tomllib.loads(texts["change"]))
    about = meaning.Weights.model_validate(tomllib.loads(texts["meaning"]))
    judging.weights = lambda: change  # type: ignore[assignment]
    meaning.weights = lambda: about  # type: ignore[assignment]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("labels")
    parser.add_argument("--folds", metavar="ANSWERS", help="cross-validate by service; write the answers to this file")
    parser.add_argument("--seed", type=int, default=7, help="which services are left out together")
    parser.add_argument(
        "--fitted", metavar="ANSWERS", help="write the answers of the weights trained on all to this file"
    )
    args = parser.parse_args()
    examples = [Example(row) for row in labelled(args.labels)]
    if args.folds:
        found: list[Row] = []
        for left_out in folds(examples, args.seed):
            use(train(example for example in examples if example.row["service"] not in left_out))
            found += answers(example for example in examples if example.row["service"] in left_out)
        written(args.folds, found)
        return
    texts = train(examples)
    for name, text in texts.items():
        (FOLDER / f"{name}.toml").write_text(text, "utf-8")
        sys.stdout.write(f"{FOLDER / name}.toml: {len(text.splitlines())} lines\n")
    if args.fitted:
        use(texts)
        written(args.fitted, answers(examples))


def written(path: str, rows: Iterable[Row]) -> None:
    Path(path).write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n", "utf-8")


if __name__ == "__main__":
    main()
