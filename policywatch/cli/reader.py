"""The commands about a language model as reader: ask, reader test, reader show, reader again."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from typer import Argument, BadParameter, Exit, Option

from policywatch.cli.opening import opened
from policywatch.cli.options import (
    CONFIG,
    TROUBLE,
    Change,
    Config,
    Json,
    command_group,
    console,
    json_text,
    print_json,
    say,
)
from policywatch.cli.show import Service
from policywatch.config.errors import WatchlistError
from policywatch.config.recipients import Recipients, recipients
from policywatch.config.watchlist import Watchlist
from policywatch.reader import reader_of
from policywatch.reader.again import changes_since, read_again, subject_of
from policywatch.reader.example import prompt_of_example, try_example
from policywatch.reader.model import NoAnswer
from policywatch.reader.question import (
    FoundQuote,
    answer_question,
    paragraphs_about,
)
from policywatch.reader.reader import Reader
from storage.changes import change as stored_change
from storage.changes import passages
from storage.documents import filter_choices

app = command_group()
reader = command_group("The language model that reads changes, where you have one.")
app.add_typer(reader, name="reader")


_SINCE = Option(
    "--since",
    formats=["%Y-%m-%d"],
    metavar="DAY",
    help="The first day of detection, UTC: 2026-03-02.",
)


@contextmanager
def _asking(
    config: Path, *, only_shows: bool = False
) -> Iterator[tuple[Watchlist, Recipients, Reader]]:
    """Raises `WatchlistError` without a model."""
    with opened(config, even_read_only=only_shows) as (watchlist, database):
        to = recipients(watchlist)
        found = reader_of(database, to)
        if found is None:
            problem = 'no language model: add [reader] with model = "ollama/qwen3", or another (docs/alerts.md)'
            raise WatchlistError([watchlist.problem("reader", problem)])
        yield watchlist, to, found


@reader.command(name="test")
def try_model(config: Config = CONFIG) -> None:
    """Ask the model about an example that ships, and say what of its answer stands, in what time, for how many tokens.

    Example: `policywatch reader test`
    """
    with _asking(config) as (_, _, asked):
        say(
            f"Asking {asked.model.name} at {asked.model.address} about this example:"
        )
        _print_places(prompt_of_example(asked).material)
        known, reading, seconds = try_example(asked)
    if known.answer is not None:
        cost = f"{known.tokens_in} tokens in, {known.tokens_out} out"
        say(f"Its answer, after {seconds:.1f} seconds ({cost}):")
        console().print(json_text(known.answer, indent=1))
        for statement in reading.get("statements", ()):
            for text in statement["text"].values():
                say(f"Stands: {text}")
            for quote in statement["quotes"]:
                say(f"  “{quote['text']}”")
        for text, why in reading.get("dropped", ()):
            say(f"Dropped: {text} ({why})")
    if failure := reading.get("failure"):
        say(f"No usable answer: {failure}")
        raise Exit(TROUBLE)


@reader.command(name="show")
def show_question(
    change: Change,
    config: Config = CONFIG,
    as_json: Json = False,
) -> None:
    """Print what is sent to the model about a change, without sending it.

    Example: `policywatch reader show 17`
    """
    with _asking(config, only_shows=True) as (_, _, asked):
        with asked.database.reading() as session:
            row = stored_change(session, change)
            subject, rows = subject_of(session, row), passages(session, change)
        prompt = asked.prompt(subject, rows)
    if as_json:
        print_json(
            prompt and {"messages": prompt.messages, "schema": prompt.schema}
        )
    elif prompt is None:
        say("Nothing: only the form differs.")
    else:
        for message in prompt.messages:
            say(f"{message['role']}:")
            for line in message["content"].splitlines():
                say(line)
        say(f"response_format: {json_text(prompt.schema)}")


@reader.command()
def again(
    since: Annotated[datetime, _SINCE],
    config: Config = CONFIG,
) -> None:
    """Ask the model anew about the changes since a day, and correct them by its answers; sent mails stay as they are.

    An answer that fails leaves what was read before. Example: `policywatch reader again --since 2026-03-02`
    """
    failed = False
    with _asking(config) as (_, to, asked):
        with asked.database.reading() as session:
            ids = changes_since(session, since.replace(tzinfo=UTC))
        asked.left = math.inf  # nobody waits for it
        for number, (id_, result) in enumerate(
            read_again(asked, ids, to.names_for), 1
        ):
            say(f"Change {id_}: {result}")
            failed |= result not in ("read", "nothing to ask")
            if asked.left <= 0:
                say(
                    f"Its server does not answer: {len(ids) - number} were not asked."
                )
                break
    if not ids:
        say("No change since then.")
    if failed:
        raise Exit(TROUBLE)


@app.command()
def ask(
    question: Annotated[str, Argument(metavar="QUESTION")],
    config: Config = CONFIG,
    service: Service = None,
    since: Annotated[datetime | None, _SINCE] = None,
    as_json: Json = False,
) -> None:
    """Ask the model a question of your own about the stored texts: it answers by quotations, under one sentence.

    It gets what the search finds for your words; with --since, only what came or went since that day.

    Example: `policywatch ask "Are my posts used to train AI?" --service LinkedIn --since 2026-03-02`
    """
    day = since and since.replace(tzinfo=UTC)
    with _asking(config) as (watchlist, _, asked):
        with asked.database.reading() as session:
            there = filter_choices(session)["services"]
            if unknown := sorted(set(service or []) - set(there)):
                problem = f"no such service: {', '.join(unknown)}; the services: {', '.join(there) or 'none'}"
                raise BadParameter(problem, param_hint="--service")
            hits = paragraphs_about(session, question, service or [], day)
        try:
            answered = answer_question(asked, question, hits)
        except NoAnswer as failure:
            say(f"No usable answer: {failure}")
            raise Exit(TROUBLE) from failure
    quotations = [_quotation(each, watchlist.site) for each in answered.quotations]
    if as_json:
        print_json(
            {
                "sentence": answered.sentence,
                "quotations": quotations,
                "dropped": [
                    {"text": text, "why": why} for text, why in answered.dropped
                ],
            }
        )
        return
    if not quotations:
        say("Nothing found.")
    if answered.sentence:
        say(answered.sentence)
    for row in quotations:
        days = f"since {row['since']}" + (
            f", until {row['until']}" if row["until"] else ""
        )
        say(f"“{row['text']}”")
        say(f"  {row['service']}, {row['title']}, version {row['version']}, {days}")
        say(f"  {row['link']}")
    for text, why in answered.dropped:
        say(f"Dropped: {text} ({why})")


def _quotation(quotation: FoundQuote, site: str | None) -> dict[str, Any]:
    """`version` is the first that has the words, `until` the day on which they went."""
    of, span = quotation.hit.document, quotation.hit.spans[-1]
    here = f"{site}/documents/{of.id}/versions/{span.first}" if site else of.url
    return {
        "text": quotation.text,
        "document": of.id,
        "service": of.service,
        "title": of.title,
        "version": span.first,
        "since": span.since.date().isoformat(),
        "until": span.until and span.until.date().isoformat(),
        "change": span.came if quotation.hit.stands else span.went,
        "link": here,
    }


def _print_places(material: str) -> None:
    for place in json.loads(material)["passages"]:
        say(f"  {' › '.join(place.get('under', ()))}: {place['text']}")
