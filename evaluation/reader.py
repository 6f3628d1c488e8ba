"""Questions to a language model, and what its answers are worth once they are checked.

    python -m evaluation reader record PAIRS [--draw N] [--languages en,fr]
    python -m evaluation reader replay ANSWERS PAIRS

PAIRS are labelled changes (changes-dev.jsonl.gz). `record` prints a line for each question; `replay` rebuilds the
questions of the answers' ids, and scores what the program would make of them.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import statistics
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from analysis.classify.verdict import Verdict
from analysis.compare import compare
from analysis.model import Comparison, UnreadablePage
from evaluation.labels import Row, language_of, pages_of, read_rows
from evaluation.scores import change_scores, table
from policywatch.ingest.drafts import change_columns, draft_change
from policywatch.reader.answer import ModelAnswer
from policywatch.reader.prompt import Prompt, Subject, prompt_of
from policywatch.reader.reading import decide, reading_of
from storage.changes import StoredPassage

_TOKEN = 4  # characters, about


class Asked(NamedTuple):
    """A labelled change as the program sees it; without a question where there is nothing to ask."""

    row: Row
    comparison: Comparison
    passages: list[StoredPassage]
    question: Prompt | None


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m evaluation reader", description=__doc__
    )
    parser.add_argument("what", choices=["record", "replay"])
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--draw", type=int)
    parser.add_argument("--languages", default="en")
    given = parser.parse_args(arguments)
    if given.what == "record":
        rows = read_rows(given.files[0])
        some = drawn(rows, given.draw) if given.draw else rows
        for asked in questions(some, given.languages.split(",")):
            if asked.question is not None:
                print(_recorded(asked.row["id"], asked.question))
        return
    answers = {row["id"]: row for row in read_rows(given.files[0])}
    rows = [row for row in read_rows(given.files[1]) if row["id"] in answers]
    replay(rows, answers)


def drawn(rows: Iterable[Row], most: int) -> list[Row]:
    """Half of them alerting, over as many services and languages as there are; the same for the same rows."""
    chosen: list[Row] = []
    for alerts in (True, False):
        seen: Counter[str] = Counter()
        ranked = []
        for row in sorted(rows, key=lambda row: _rank(row["id"])):
            if row["alert"] == alerts and row["language"] in ("en", "fr"):
                seen[row["service"]] += 1
                ranked.append((seen[row["service"]], _rank(row["id"]), row))
        ranked.sort(key=lambda each: each[:2])
        chosen += [row for *_, row in ranked[: most // 2]]
    return sorted(chosen, key=lambda row: _rank(row["id"]))


def _rank(id_: str) -> str:
    return hashlib.sha256(id_.encode()).hexdigest()


def questions(rows: Iterable[Row], languages: Sequence[str]) -> Iterator[Asked]:
    for row in rows:
        try:
            before, after = pages_of(row)
        except UnreadablePage:
            yield Asked(row, Comparison(False), [], None)
            continue
        comparison = compare(
            before, after, language=language_of(row), document=row["document"]
        )
        draft = draft_change(comparison)
        subject = Subject(row["service"], row["document"], "other", row["language"])
        question = (
            None
            if comparison.held
            else prompt_of(subject, draft.passages, _with(languages, row["language"]))
        )
        yield Asked(row, comparison, draft.passages, question)


def _with(languages: Sequence[str], own: str) -> list[str]:
    """Those of the routes, and the document's."""
    return [*languages, *({own} & {"fr", "de"} - {*languages})]


def _recorded(id_: str, question: Prompt) -> str:
    line = {
        "id": id_,
        "key": question.key,
        "tokens": _tokens(question),
        "messages": question.messages,
        "schema": question.schema,
    }
    return json.dumps(line, ensure_ascii=False)


def _tokens(question: Prompt) -> int:
    return sum(len(message["content"]) for message in question.messages) // _TOKEN


def replay(rows: Sequence[Row], answers: dict[str, Any]) -> None:
    """Print the table, what was dropped and where the answers differ from the labels."""
    verdicts, trained, dropped, kept, tokens = [], [], Counter[str](), 0, []
    for row in rows:
        given = answers[row["id"]]
        (asked,) = questions([row], given.get("languages", ["en"]))
        columns = change_columns(asked.comparison)
        trained.append(_verdict(columns))
        if asked.question is not None and given.get("answer"):
            tokens.append(_tokens(asked.question))
            try:
                reading = reading_of(
                    asked.question, ModelAnswer.model_validate(given["answer"])
                )
            except ValidationError as failure:
                dropped["schema"] += 1
                print("schema", row["id"], failure.errors()[0]["msg"])
            else:
                kept += sum(len(each["text"]) for each in reading["statements"])
                for text, why in reading["dropped"]:
                    dropped[why.split(" (")[0]] += 1
                    print("dropped", row["id"], why, "|", text)
                columns = decide(columns, asked.passages, reading)
        verdicts.append(_verdict(columns))
        _differs(row, verdicts[-1])
    print(table("trained model", change_scores(rows, trained)))
    print(table("reader", change_scores(rows, verdicts)))
    print(f"\n{kept} sentences stand, dropped: {dict(dropped)}")
    if tokens:
        print(f"tokens of a question: median {statistics.median(tokens):.0f}")


def _verdict(columns: dict[str, Any]) -> Verdict:
    return Verdict(
        substantive=columns["substantive"],
        alert=columns["alert"],
        topics=tuple(columns["topics"]),
        severity=columns["severity"],
        direction=columns["direction"],
    )


def _differs(row: Row, verdict: Verdict) -> None:
    if row["alert"] != verdict.alert:
        print("alert", row["id"], f"label {row['alert']}", row["evidence"][:2])
    elif row["alert"]:
        missing = {*row["topics_both"]} - {*verdict.topics}
        extra = {*verdict.topics} - {*row["topics_either"]}
        wrong = [
            f"{name}: {getattr(verdict, name)}, label {row[name]}"
            for name in ("severity", "direction")
            if getattr(verdict, name) not in row[name]
        ]
        if missing or extra or wrong:
            print("differs", row["id"], f"-{missing or ''} +{extra or ''}", *wrong)
