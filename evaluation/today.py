"""What holds today, judged by eye: draws quotations of real texts for a reader to judge, and scores the judgements.

python -m evaluation.today make FOLDER LABELS   # a store of LinkedIn's history and of four services in FOLDER
python -m evaluation.today answers FOLDER [--draw]   # against data/today-judged.jsonl
python -m evaluation.today regions LABELS [--draw]   # against data/regions-judged.jsonl
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from analysis.classify.statements import is_practice, statements
from analysis.model import UnreadablePage
from evaluation.labels import DATA, Row, language_of, pages_of, read_rows
from policywatch.views.today import UnknownService, regions_of_statement, today
from storage.database import Database
from tests.archive import Commit, repository
from tests.site import policywatch

_QUESTIONS = ("ai_training", "sharing", "choices")
_DAYS = (date(2024, 8, 1), date(2025, 1, 1), date(2025, 12, 1))
_BEGINNING = 90  # characters of a quotation that are kept
_OTHERS = ("Zoom", "Kraken", "SurveyMonkey", "BlaBlaCar")
_DRAWN = 60  # quotations with a region, and as many without
_BUNDLE_ENDS = datetime(2024, 8, 2, tzinfo=UTC)
_STORE = "today.db"


def make(folder: Path, labels: Path) -> None:
    """Import LinkedIn's history, and what the labels know of its later texts and of the four services."""
    folder.mkdir()
    changes = read_rows(labels / "changes-dev.jsonl.gz")
    sequences = {
        row["id"]: row for row in read_rows(labels / "sequences-dev.jsonl.xz")
    }
    texts: dict[tuple[datetime, str], str] = {}
    for row in changes:
        if row["service"] not in ("LinkedIn", *_OTHERS):
            continue
        path = f"{row['service']}/{row['document']}.md"
        around = sequences[row["id"]]
        for each in (
            *around["earlier"],
            {"recorded_at": row["recorded_at"], "text": row["after"]},
            *around["later"],
        ):
            at = datetime.fromisoformat(each["recorded_at"])
            if row["service"] != "LinkedIn" or at > _BUNDLE_ENDS:
                texts[at, path] = each["text"]
    archive = repository(
        folder / "archive",
        (Commit(at, path, text) for (at, path), text in sorted(texts.items())),
    )
    config = folder / "policywatch.toml"
    config.write_text(
        'contact = "evaluation@example.org"\nuse = ["linkedin"]\n'
        f'database = "{_url(folder)}"\n',
        "utf-8",
    )
    for source in (labels / "linkedin-history.bundle", archive):
        policywatch("import", "open-terms-archive", source, "--config", config)


def _url(folder: Path) -> str:
    return f"sqlite:///{(folder / _STORE).absolute()}"


def answers(folder: Path) -> Iterator[Row]:
    """Of LinkedIn three questions on three days, of others all on the last."""
    database = Database(_url(folder))
    asked = [("LinkedIn", day) for day in _DAYS]
    asked += [(service, _DAYS[-1]) for service in _OTHERS]
    for service, day in asked:
        with database.reading() as session:
            try:
                found = today(session, service, day)
            except UnknownService:
                continue
        for group in found.languages:
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


def regions(labels: Path) -> list[Row]:
    """Of the newest text of each labelled document."""
    newest: dict[tuple[str, str], Row] = {}
    for row in read_rows(labels / "changes-dev.jsonl.gz"):
        of = row["service"], row["document"]
        if of not in newest or row["recorded_at"] > newest[of]["recorded_at"]:
            newest[of] = row
    quotations: dict[tuple[str, str], Row] = {}
    for (service, title), row in sorted(newest.items()):
        for each in _quoted(row):
            text = each.quote.text
            named = regions_of_statement(each, service, title)
            quotations.setdefault(
                (service, text),
                {
                    "service": service,
                    "document": title,
                    "heading": " › ".join((*each.heading, *each.quote.lead_in)),
                    "text": text[:_BEGINNING],
                    "regions": [*named],
                },
            )
    chance = random.Random(42)
    rows = [*quotations.values()]
    return [
        row
        for named in (True, False)
        for row in chance.sample(
            [row for row in rows if bool(row["regions"]) is named], _DRAWN
        )
    ]


def _quoted(row: Row) -> Iterator[Any]:
    language = language_of(row)
    try:
        _, page = pages_of(row)
    except UnreadablePage:
        return
    if is_practice(row["document"], page):
        by_question = statements(
            page, document=row["document"], language=language or page.language
        )
        for rows in by_question.values():
            yield from rows[:12]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    what = parser.add_subparsers(dest="what", required=True)
    made = what.add_parser("make")
    made.add_argument("folder", type=Path)
    made.add_argument("labels", type=Path)
    for name, place in (("answers", "folder"), ("regions", "labels")):
        judged = what.add_parser(name)
        judged.add_argument(place, type=Path)
        judged.add_argument(
            "--draw", action="store_true", help="print what is to judge"
        )
    options = parser.parse_args()
    if options.what == "make":
        make(options.folder, options.labels)
        return
    drawn = [
        *(
            answers(options.folder)
            if options.what == "answers"
            else regions(options.labels)
        )
    ]
    if options.draw:
        for row in drawn:
            print(json.dumps(row, ensure_ascii=False))
    elif options.what == "answers":
        known = _judged(
            "today", drawn, ("service", "day", "question", "text", "since")
        )
        print(
            f"{len(drawn)} quotations, {len(known)} judged; "
            f"{sum(row['right_question'] for row in known)} answer the question, "
            f"{sum(row['right_since'] for row in known)} have the right day"
        )
    else:
        known = _judged(
            "regions", drawn, ("service", "document", "text", "regions")
        )
        for named in (True, False):
            of = [row["right"] for row in known if bool(row["regions"]) is named]
            kind = "with" if named else "without"
            print(f"{kind} a region: {len(of)} judged, {sum(of)} right")


def _judged(name: str, drawn: Iterable[Row], key: tuple[str, ...]) -> list[Row]:
    """Those of the drawn that were judged."""

    def of(row: Row) -> tuple[str, ...]:
        return tuple(str(row[each]) for each in key)

    judged = {of(row): row for row in read_rows(DATA / f"{name}-judged.jsonl")}
    return [judged[of(row)] for row in drawn if of(row) in judged]


if __name__ == "__main__":
    main()
