"""`python -m evaluation reader ...` (evaluation/reader.py), or what trains and scores the classifier."""

from __future__ import annotations

import sys


def main() -> None:
    """Load what was asked for alone: the classifier needs SciPy, of the extra `train`."""
    if sys.argv[1:2] == ["reader"]:
        from evaluation.reader import main as reader

        reader(sys.argv[2:])
    else:
        from evaluation.classifier import main as classifier

        classifier()


if __name__ == "__main__":
    main()
