"""Questions to a language model, and what its answers are worth once they are checked.

    python -m evaluation reader record PAIRS [--draw N] [--languages en,fr]
    python -m evaluation reader replay ANSWERS PAIRS [--leads LEADS]
    python -m evaluation reader beside ANSWERS PAIRS [--draw N]

PAIRS are labelled changes (changes-dev.jsonl.gz). `record` prints a line for each question; `replay` rebuilds the
questions of the answers' ids, and scores what the program would make of them; with LEADS (leads-dev.jsonl), whether the
headline rests on what a reader would lead with. `beside` prints N alerts (ten), as the trained model and as the reader
tells them.
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
from analysis.text.dates import ORDERS, dates_in
from evaluation.labels import Row, language_of, pages_of, read_rows
from evaluation.scores import change_scores, is_hit, table
from policywatch.ingest.drafts import change_columns, draft_change
from policywatch.reader.model import ModelAnswer
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
    parser.add_argument("what", choices=["record", "replay", "beside"])
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--draw", type=int)
    parser.add_argument("--languages", default="en")
    parser.add_argument("--leads", type=Path)
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
    if given.what == "beside":
        _print_beside(rows, answers, given.draw or 10)
        return
    leads = (
        {row["id"]: row for row in read_rows(given.leads)} if given.leads else {}
    )
    replay(rows, answers, leads)


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
            else prompt_of(
                subject, draft.passages, _with(languages, row["language"])
            )
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


def _print_beside(rows: Sequence[Row], answers: dict[str, Any], most: int) -> None:
    """The first of them by hash for which the reader alerts, as a table of Markdown."""
    print("| change | embedded | reader |\n| --- | --- | --- |")
    for row in sorted(rows, key=lambda row: _rank(row["id"])):
        given = answers[row["id"]]
        (asked,) = questions([row], given.get("languages", ["en"]))
        if most == 0 or asked.question is None or not given["answer"]["alert"]:
            continue
        most -= 1
        trained = change_columns(asked.comparison)
        answer = ModelAnswer.model_validate(given["answer"])
        reading = reading_of(asked.question, answer)
        read = decide(trained, asked.passages, reading)
        clause = (trained["brief"].get("meaning") or "")[:140].replace("|", r"\|")
        headline = reading["headline"].get("en") or "(quoted)"
        print(
            f"| {row['id']}, {row['service']}, {row['document']}",
            f"{_in_short(trained)}: {clause}",
            f"{_in_short(read)}: {headline} |",
            sep=" | ",
        )


def _in_short(columns: dict[str, Any]) -> str:
    if not columns["alert"]:
        return "no alert"
    topics = ", ".join(columns["topics"])
    return f"{columns['severity']}, {columns['direction']} ({topics})"


def replay(
    rows: Sequence[Row], answers: dict[str, Any], leads: dict[str, Row]
) -> None:
    """Print the table, what was dropped and where the answers differ from the labels."""
    verdicts, trained, dropped, kept, tokens = [], [], Counter[str](), 0, []
    written: list[int] = []  # tokens of an answer
    dates, hits = Counter[str](), Counter[bool]()
    for row in rows:
        given = answers[row["id"]]
        (asked,) = questions([row], given.get("languages", ["en"]))
        columns = change_columns(asked.comparison)
        trained.append(_verdict(columns))
        if asked.question is not None and given.get("answer"):
            tokens.append(_tokens(asked.question))
            written.append(
                len(json.dumps(given["answer"], ensure_ascii=False)) // _TOKEN
            )
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
                if row["effective_date_agreed"] and row["alert"]:
                    dates[_date_score(row, asked.question, reading)] += 1
                lead = leads.get(row["id"])
                if lead and lead["kind"] != "nothing" and reading["headline"]:
                    quotes = reading["statements"][0]["quotes"]
                    hits[any(is_hit(quote["text"], lead) for quote in quotes)] += 1
        verdicts.append(_verdict(columns))
        _differs(row, verdicts[-1])
    print(table("trained model", change_scores(rows, trained)))
    print(table("reader", change_scores(rows, verdicts)))
    print(f"\n{kept} sentences stand, dropped: {dict(dropped)}")
    if tokens:
        print(
            f"tokens of a question: median {statistics.median(tokens):.0f}, mean {statistics.mean(tokens):.0f}; "
            f"of an answer: mean {statistics.mean(written):.0f}"
        )
    print(f"dates in force: {dict(dates)}")
    if hits:
        print(f"headlines that rest on the lead: {hits[True]} of {hits.total()}")


def _date_score(row: Row, question: Prompt, reading: dict[str, Any]) -> str:
    """ "missing, asked": the question shows the day."""
    found = {each["day"] for each in reading["dates"] if each["role"] == "in_force"}
    if row["effective_date"] is None:
        return "extra" if found else "none, right"
    if row["effective_date"] in found:
        return "right"
    if found:
        return "wrong"
    days = {
        each.day.isoformat()
        for passage in question.shown.values()
        for order in ORDERS
        for each in dates_in(passage.after or "", order)
        if each.day
    }
    return "missing, asked" if row["effective_date"] in days else "missing"


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
