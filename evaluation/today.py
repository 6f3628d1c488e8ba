"""What holds today, judged: draws the quotations that answer questions on given days, for a reader to judge, and scores
the judgements in `data/today-judged.jsonl`.

`python -m evaluation today STORE [--draw]`; docs/evaluation.md says how the store is made.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from datetime import date
from importlib import resources
from typing import Any

from policywatch.views.today import UnknownService, today
from storage.database import Database

_QUESTIONS = ("ai_training", "sharing", "choices")
_DAYS = (date(2024, 8, 1), date(2025, 1, 1), date(2025, 12, 1))
_BEGINNING = 90  # characters of a quotation that are kept
_OTHERS = ("Zoom", "Kraken", "SurveyMonkey", "BlaBlaCar")


def quotations(database: Database) -> Iterator[dict[str, Any]]:
    """Of LinkedIn three questions on three days, of others all on the last."""
    asked = [("LinkedIn", day) for day in _DAYS]
    asked += [(service, _DAYS[-1]) for service in _OTHERS]
    for service, day in asked:
        with database.reading() as session:
            try:
                answers = today(session, service, day)
            except UnknownService:
                continue
        for group in answers.languages:
            for answer in group.answers:
                is_asked = service != "LinkedIn" or answer.question in _QUESTIONS
                for each in answer.quotations if is_asked else ():
                    stands = each.history[0]
                    yield {
                        "service": service,
                        "day": day.isoformat(),
                        "question": answer.question,
                        "document": each.document,
                        "text": each.text[:_BEGINNING],
                        "since": stands.since.date().isoformat(),
                        "first": stands.first,
                    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m evaluation today")
    parser.add_argument("store", help="URL of a database with the histories")
    parser.add_argument("--draw", action="store_true", help="print what is to judge")
    options = parser.parse_args()
    database = Database(options.store)
    drawn = [*quotations(database)]
    if options.draw:
        sys.stdout.writelines(
            f"{json.dumps(row, ensure_ascii=False)}\n" for row in drawn
        )
        return
    lines = (resources.files("evaluation") / "data" / "today-judged.jsonl").read_text(
        "utf-8"
    )
    judged = {_key(row): row for row in map(json.loads, lines.splitlines())}
    known = [judged[_key(row)] for row in drawn if _key(row) in judged]
    sys.stdout.write(
        f"{len(drawn)} quotations, {len(known)} judged; "
        f"{sum(row['right_question'] for row in known)} answer the question, "
        f"{sum(row['right_since'] for row in known)} have the right day\n"
    )


def _key(row: dict[str, Any]) -> tuple[str, ...]:
    return tuple(
        str(row[name]) for name in ("service", "day", "question", "text", "since")
    )


if __name__ == "__main__":
    main()
