"""The commands that show what is stored: changes, a change, a document's history, what holds today, the journal."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import ValidationError
from rich.text import Text
from sqlmodel import Session
from typer import Argument, BadParameter, Option

from foundation.vocabulary import TOPICS, ReviewState
from messages import ENGLISH, catalogue
from notifier.escape import markdown
from notifier.routes import DAYS
from policywatch.cli.opening import opened, reading
from policywatch.cli.options import (
    CONFIG,
    Change,
    Config,
    Documents,
    Json,
    Why,
    command_group,
    console,
    print_json,
    print_table,
    say,
)
from policywatch.cli.terminal import (
    show_change,
    show_changes,
    show_history,
)
from policywatch.config.watchlist import Watchlist
from policywatch.sanitize import sanitize
from policywatch.views.query_params import ChangesPaged
from policywatch.views.routing import RouteResult, explain_routing
from policywatch.views.serializer import (
    change_json,
    changes_csv,
    changes_json,
    history_json,
)
from policywatch.views.today import (
    LanguageToday,
    StandingQuotation,
    StandingWords,
    Today,
)
from policywatch.views.today import today as answers_on
from storage.changes import change as stored_change
from storage.clock import utc_now
from storage.documents import document as stored_document
from storage.documents import filter_choices
from storage.journal import JournalEntry
from storage.journal import journal as entries

app = command_group()


@app.command()
def history(
    document: Annotated[str, Argument(metavar="DOCUMENT")],
    config: Config = CONFIG,
    as_json: Json = False,
) -> None:
    """Show a document's versions and changes, newest first, and how its last checks went.

    Example: `policywatch history linkedin/privacy-policy`
    """
    with reading(config) as (_, session):
        if as_json:
            print_json(history_json(session, document))
        else:
            show_history(console(), session, document)


@app.command()
def show(
    change: Change,
    config: Config = CONFIG,
    why: Why = False,
    routes: Annotated[
        bool,
        Option(
            "--routes",
            help="Say which routes are told of it and when, and why the others are not.",
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Show a change: what it means, and every passage word for word.

    Examples: `policywatch show 17 --why` · `policywatch show 17 --routes`
    """
    with reading(config) as (watchlist, session):
        results: list[RouteResult] = []
        if routes:
            row = stored_change(session, change)
            results = explain_routing(session, row, watchlist.routes)
        if as_json:
            shown = dict(change_json(session, change, reviews=True))
            print_json(shown | ({"routes": results} if routes else {}))
            return
        show_change(console(), session, change, why=why)
    if routes:
        say()
        _print_routes(results)


def _print_routes(results: list[RouteResult]) -> None:
    if not results:
        say("The watchlist has no routes: nobody is alerted.")
        return
    style = {"sent": "green", "given up": "red", "waits": "yellow"}
    rows = (
        (
            result.route,
            Text(result.state, style.get(result.state, "")),
            sanitize(line),
        )
        for result in results
        for line in result.details
    )
    print_table(("route", "", "why"), rows)


Words = list[str] | None
Service = Annotated[
    Words,
    Option(
        "--service", metavar="NAME", help="Only this service; several: any of them."
    ),
]


def _day(text: str | None) -> str | None:
    """The last day of that name, today included; anything else as it is."""
    if text is None or text.lower() not in DAYS:
        return text
    today = utc_now().date()
    return str(
        today - timedelta(days=(today.weekday() - DAYS.index(text.lower())) % 7)
    )


def _of_day(flag: str, what: str) -> Any:
    return Option(
        flag,
        metavar="DAY",
        callback=_day,
        help=f"{what}, UTC: 2026-03-02, or monday for the last one.",
    )


Since = Annotated[str | None, _of_day("--since", "First day of detection")]
Until = Annotated[str | None, _of_day("--until", "Last day of detection")]


@app.command()
def changes(
    config: Config = CONFIG,
    service: Service = None,
    document: Documents = None,
    kind: Annotated[
        Words,
        Option(metavar="NAME", help="Only of documents of this kind, like terms."),
    ] = None,
    topic: Annotated[
        Words,
        Option(metavar="NAME", help="Only about this topic, like ai_training."),
    ] = None,
    severity: Annotated[
        str | None,
        Option(
            metavar="WORD",
            help="high, medium, low: this and above. low: all flagged.",
        ),
    ] = None,
    direction: Annotated[
        Words,
        Option(
            metavar="WORD",
            help="expands, limits, clarifies, mixed, none.",
        ),
    ] = None,
    language: Annotated[
        Words,
        Option(metavar="CODE", help="Only of documents in it, like en."),
    ] = None,
    since: Since = None,
    until: Until = None,
    effective_from: Annotated[
        str | None,
        Option(metavar="DAY", help="First date in force."),
    ] = None,
    effective_to: Annotated[
        str | None,
        Option(metavar="DAY", help="Last date in force."),
    ] = None,
    cosmetic: Annotated[
        bool,
        Option("--cosmetic", help="Also changes of form only, and of our reading."),
    ] = False,
    state: Annotated[
        list[ReviewState] | None,
        Option(help="Only those whose last review says so."),
    ] = None,
    noted: Annotated[
        bool,
        Option("--noted", help="Only those with a public note."),
    ] = False,
    limit: Annotated[
        int, Option(help="At most so many, the newest; up to 200.")
    ] = 50,
    cursor: Annotated[
        str | None,
        Option(metavar="PLACE", help="Go on from where the last list ended."),
    ] = None,
    as_json: Json = False,
    as_csv: Annotated[
        bool,
        Option("--csv", help="Print all of them as CSV, whatever --limit says."),
    ] = False,
) -> None:
    """List what changed in all documents, newest first; narrowed by the words that the pages and the JSON API take.

    Examples: `policywatch changes --severity low --since monday` (what was flagged) · `policywatch changes --service
    LinkedIn --topic ai_training --json`
    """
    query = changes_query(locals())  # the options are named as its fields
    with (
        opened(config, even_read_only=True) as (watchlist, database),
        database.reading() as session,
    ):
        if as_csv:
            sys.stdout.writelines(changes_csv(database, query.filter, reviews=True))
            return
        page = query.page(session, by_event=not as_json)
        if as_json:
            rows = changes_json(session, page.rows, reviews=True)
            print_json(
                {"changes": rows, "next": str(page.older) if page.older else None}
            )
        elif page.rows:
            show_changes(console(), page)
        else:
            say(_nothing(session, query, watchlist))


def changes_query(options: Mapping[str, Any]) -> ChangesPaged:
    try:
        return ChangesPaged(
            **{name: value for name, value in options.items() if value is not None}
        )
    except ValidationError as failure:
        name = str(failure.errors()[0]["loc"][0]).replace("_", "-")
        raise BadParameter(str(failure), param_hint=f"--{name}") from failure


def _nothing(session: Session, query: ChangesPaged, watchlist: Watchlist) -> str:
    """And what there is, where a name that is asked for may be misspelt."""
    for id_ in query.document:
        stored_document(session, id_)  # raises where there is none
    words = catalogue(ENGLISH)
    if not query.as_query:
        return words("changes.empty")
    sentences = [words("changes.none")]
    if query.service:
        sentences.append(
            f"The services: {', '.join(filter_choices(session)['services']) or 'none'}."
        )
    if query.topic:
        sentences.append(f"The topics: {', '.join([*TOPICS, *watchlist.topics])}.")
    return " ".join(sentences)


@app.command()
def journal(config: Config = CONFIG, as_json: Json = False) -> None:
    """List what people did on the pages and by commands, newest first: who, when, what.

    Example: `policywatch journal`
    """
    with reading(config) as (_, session):
        rows = entries(session)
    if as_json:
        print_json([_as_json(row) for row in rows])
    elif rows:
        print_table(
            ("when (UTC)", "who", "what", "document", "before", "after"),
            map(_journal_cells, rows),
        )
    else:
        say("Nobody did anything yet.")


def _as_json(row: JournalEntry) -> dict[str, Any]:
    facts = row.model_dump(include={"by", "via", "action", "before", "after"})
    return {"at": row.at, "document": row.document_id, **facts}


def _journal_cells(row: JournalEntry) -> tuple[str, ...]:
    who = catalogue(ENGLISH).actor(row.by, row.via)
    values = (
        json.dumps(value, ensure_ascii=False) if value else "-"
        for value in (row.before, row.after)
    )
    return tuple(
        map(
            sanitize,
            (f"{row.at:%Y-%m-%d %H:%M}", who, row.action, row.document_id, *values),
        )
    )


@app.command()
def today(
    service: Annotated[str, Argument(metavar="SERVICE")],
    day: Annotated[
        datetime | None,
        Option(formats=["%Y-%m-%d"], help="As it was on that day (UTC)."),
    ] = None,
    config: Config = CONFIG,
    as_json: Json = False,
) -> None:
    """Say what a service's texts in force answer, in their own words and since when, as Markdown.

    Examples: `policywatch today LinkedIn` · `policywatch today LinkedIn --day 2024-08-01`
    """
    with reading(config) as (_, session):
        answers = answers_on(session, service, (day or utc_now()).date())
    if as_json:
        print_json(answers)
    else:
        console().print("\n".join(_lines(answers)), soft_wrap=True)


def _lines(answers: Today) -> Iterator[str]:
    words = catalogue(ENGLISH)
    yield f"# {words('today.page', service=_text(answers.service))}"
    yield f"\n{words('today.on', date=words.day(answers.day))}."
    for group in answers.languages:
        yield f"\n## {group.language}"
        if not any(each.version for each in group.documents):
            yield f"\n{words('today.nothing_read')}"
            continue
        if not group.learned:
            yield f"\n{words('today.lexicon')}"
        for answer in group.answers:
            yield f"\n### {words.term('question', answer.question)}\n"
            if answer.sentence:
                yield f"{_text(answer.sentence)} ({words('brief.retold')})\n"
            if not answer.quotations:
                yield words("today.none")
            for each in answer.quotations:
                yield from _quotation(each)
            if answer.announced:
                yield f"\n{words('today.announced')}:\n"
            for each in answer.announced:
                yield from _quotation(each)
        yield from _read(group)


def _quotation(quotation: StandingQuotation) -> Iterator[str]:
    words = catalogue(ENGLISH)
    above = "".join(f"{_text(line)} " for line in quotation.lead_in)
    stands, *earlier = quotation.history
    yield f"- {above}“{_text(quotation.text)}”"
    if quotation.regions:
        yield f"  {words('brief.regions')}: {', '.join(quotation.regions)}"
    begins = (
        words("today.from", date=words.day(quotation.announced))
        if quotation.announced
        else _since(stands)
    )
    before = ""
    if not stands.first:
        same = [each for each in earlier if each.until is None]
        before = f", {words('today.before')}: " + (
            f"“{_text(same[0].text)}”"
            if same[:1] == earlier[:1] and same
            else words("today.new")
        )
    yield f"  {_text(quotation.title)}, {begins} (version {stands.version}{before})"
    if quotation.refuse:
        url = f" <{sanitize(quotation.refuse.url)}>" if quotation.refuse.url else ""
        yield f"  {words('brief.refuse')}: “{_text(quotation.refuse.text)}”{url}"


def _since(step: StandingWords) -> str:
    words = catalogue(ENGLISH)
    code = "today.at_least" if step.first else "today.since"
    return words(code, date=words.day(step.since))


def _read(group: LanguageToday) -> Iterator[str]:
    words = catalogue(ENGLISH)
    yield f"\n### {words('today.documents')}\n"
    for each in group.documents:
        state = (
            f"version {each.version}, {words.day(each.captured_at)}"
            if each.captured_at
            else words("today.unread")
        )
        failed = f"; {words.term('outcome', each.outcome)}" if each.outcome else ""
        failed += (
            f", {words('today.since', date=words.day(each.since))}"
            if each.since
            else ""
        )
        yield f"- {_text(each.title)}: {state}{failed}"


def _text(text: str) -> str:
    return markdown(sanitize(text))
