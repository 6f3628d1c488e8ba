"""Which changes of a paragraph alert: `python -m evaluation.paragraphs`.

Each paragraph of `changed_paragraphs.jsonl.gz` changes in several ways, half of which a person must be told of. The
others are look-alikes: the same in other words, or a number that says nothing of data. The shipped weights have not
seen these paragraphs.
"""

from __future__ import annotations

import json
from collections import Counter

from analysis.classify.model import shipped_model
from evaluation.labels import changed_paragraphs, features_of, verdict_of


def main() -> None:
    counts: Counter[tuple[str, bool, bool]] = Counter()
    model = shipped_model()
    for row in changed_paragraphs():
        verdict = verdict_of(row, features_of(row), model)
        counts[row["language"], row["label"]["alert"], verdict.alert] += 1
    for language in ("en", "fr", "de"):
        told, missed, alike, quiet = (
            counts[language, must, alerts]
            for must, alerts in (
                (True, True),
                (True, False),
                (False, True),
                (False, False),
            )
        )
        scores = {
            "language": language,
            "changes": told + missed,
            "told": round(told / (told + missed), 3),
            "look_alikes": alike + quiet,
            "alerts": round(alike / (alike + quiet), 3),
        }
        print(json.dumps(scores))


if __name__ == "__main__":
    main()
