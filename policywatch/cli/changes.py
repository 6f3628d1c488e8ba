"""The commands that list what changed, over all documents, and review it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any

from pydantic import ValidationError
from sqlmodel import Session
from typer import Argument, BadParameter, Option

from foundation.vocabulary import TOPICS, ReviewState
from messages import ENGLISH, LANGUAGES, catalogue
from notifier.when import DAYS
from policywatch.cli.opening import opened, user
from policywatch.cli.options import (
    CONFIG,
    Change,
    Config,
    Documents,
    Json,
    command_group,
    console,
    print_json,
)
from policywatch.cli.terminal import show_changes
from policywatch.config.recipients import route_of
from policywatch.config.watchlist import Watchlist
from policywatch.ingest.reviewing import review as review_change
from policywatch.sanitize import sanitize
from policywatch.views.query_params import ChangesPaged, EditEntry, ReviewEntry
from policywatch.views.serializer import changes_csv, changes_json
from storage.clock import utc_now
from storage.documents import document as stored_document
from storage.documents import filter_choices
from storage.reviews import last_reviews

app = command_group()

Words = list[str] | None
Service = Annotated[
    Words,
    Option(
        "--service", metavar="NAME", help="Only this service; several: any of them."
    ),
]
Kind = Annotated[
    Words,
    Option(
        "--kind", metavar="NAME", help="Only of documents of this kind, like terms."
    ),
]
Topic = Annotated[
    Words,
    Option("--topic", metavar="NAME", help="Only about this topic, like ai_training."),
]
Severity = Annotated[
    str | None,
    Option(
        "--severity",
        metavar="WORD",
        help="high, medium, low: this and above. low: all flagged.",
    ),
]
Direction = Annotated[
    Words,
    Option(
        "--direction", metavar="WORD", help="expands, limits, clarifies, mixed, none."
    ),
]
Language = Annotated[
    Words,
    Option("--language", metavar="CODE", help="Only of documents in it, like en."),
]


def _day(text: str | None) -> str | None:
    """The last day of that name, today included; anything else as it is."""
    if text is None or text.lower() not in DAYS:
        return text
    today = utc_now().date()
    return str(today - timedelta(days=(today.weekday() - DAYS.index(text.lower())) % 7))


def _of_day(flag: str, what: str) -> Any:
    return Option(
        flag,
        metavar="DAY",
        callback=_day,
        help=f"{what}, UTC: 2026-03-02, or monday for the last one.",
    )


Since = Annotated[str | None, _of_day("--since", "First day of detection")]
Until = Annotated[str | None, _of_day("--until", "Last day of detection")]
EffectiveFrom = Annotated[
    str | None,
    Option("--effective-from", metavar="DAY", help="First date in force."),
]
EffectiveTo = Annotated[
    str | None,
    Option("--effective-to", metavar="DAY", help="Last date in force."),
]
Cosmetic = Annotated[
    bool,
    Option("--cosmetic", help="Also changes of form only, and of our reading."),
]
State = Annotated[
    list[ReviewState] | None,
    Option("--state", help="Only those whose last review says so."),
]
Noted = Annotated[
    bool,
    Option("--noted", help="Only those with a public note."),
]
Limit = Annotated[
    int, Option("--limit", help="At most so many, the newest; up to 200.")
]
Place = Annotated[
    str | None,
    Option("--cursor", metavar="PLACE", help="Go on from where the last list ended."),
]


@app.command()
def changes(
    config: Config = CONFIG,
    service: Service = None,
    document: Documents = None,
    kind: Kind = None,
    topic: Topic = None,
    severity: Severity = None,
    direction: Direction = None,
    language: Language = None,
    since: Since = None,
    until: Until = None,
    effective_from: EffectiveFrom = None,
    effective_to: EffectiveTo = None,
    cosmetic: Cosmetic = False,
    state: State = None,
    noted: Noted = False,
    limit: Limit = 50,
    cursor: Place = None,
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
            console().print(_nothing(session, query, watchlist))


@app.command()
def review(
    change: Change,
    state: Annotated[
        ReviewState, Argument(metavar="STATE", help=f"{', '.join(ReviewState)}.")
    ],
    config: Config = CONFIG,
    note: Annotated[
        str, Option(metavar="TEXT", help="Why, for those who read it later.")
    ] = "",
    by: Annotated[
        str | None, Option(metavar="NAME", help="Who says so; else your user name.")
    ] = None,
    event: Annotated[
        bool,
        Option("--event", help="All changes of its event, not this one alone."),
    ] = False,
    headline: Annotated[
        Words,
        Option(
            metavar="CODE=TEXT",
            help="In place of the program's, in a language: en=...; several: in several.",
        ),
    ] = None,
    public_note: Annotated[
        Words,
        Option(metavar="CODE=TEXT", help="For everyone, signed, in a language: en=..."),
    ] = None,
    severity: Annotated[
        str | None, Option(metavar="WORD", help="high, medium, low, none: what it is.")
    ] = None,
    topic: Annotated[
        Words, Option(metavar="NAME", help="What it is about; several: all.")
    ] = None,
) -> None:
    """Say what a change is to you: its state, with a note; earlier entries stay.

    With a headline, a public note, a severity or topics, these take the place of the program's everywhere.

    Examples: `policywatch review 17 concerns-us --note "ask the works council" --by Anna` · `policywatch review 17
    reviewed --severity low --public-note "en=Only for business accounts."`
    """
    given = {
        "headline": _by_language(headline),
        "note": _by_language(public_note),
        "severity": severity,
        "topics": topic,
    }
    try:
        entry = ReviewEntry(state=state, note=note, by=by or user().name)
        edit = EditEntry.model_validate(given).model_dump()
    except ValidationError as failure:
        raise BadParameter(
            str(failure), param_hint=f"--{failure.errors()[0]['loc'][0]}"
        ) from failure
    with opened(config) as (watchlist, database), database.writing() as session:
        last = last_reviews(session, [change]).get(change)
        former = (last.edit if last else None) or {}
        words = {
            name: {**former.get(name, {}), **edit[name]}
            for name in ("headline", "note")
        }
        values = {
            name: former.get(name) if edit[name] is None else edit[name]
            for name in ("severity", "topics")
        }
        routes = [route_of(each) for each in watchlist.routes if each.enabled]
        reviewed = review_change(
            session,
            change,
            entry.state,
            note=entry.note,
            by=entry.by,
            at=utc_now(),
            actor=user(),
            event=event,
            edit={name: each for name, each in (words | values).items() if each}
            if any(given.values())
            else None,
            seen=last.id if last else 0,
            routes_for=lambda of, row: [
                each.name for each in routes if each.wants(of, row)
            ],
        )
    label = catalogue(ENGLISH).term("review_state", entry.state)
    kind = "Change" if len(reviewed) == 1 else "Changes"
    names = f"{kind} {', '.join(map(str, reviewed))}"
    console().print(sanitize(f"{names}: {label}, by {entry.by}."), soft_wrap=True)


def _by_language(given: list[str] | None) -> dict[str, str]:
    """Raises `BadParameter`."""
    texts = dict[str, str]()
    for each in given or ():
        code, sign, text = each.partition("=")
        if code not in LANGUAGES or not sign:
            raise BadParameter(
                f"found {each!r}; write a language before it, like en=...: one of {', '.join(LANGUAGES)}"
            )
        texts[code] = text.strip()
    return {code: text for code, text in texts.items() if text}


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
    return sanitize(" ".join(sentences))
