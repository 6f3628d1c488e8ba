"""The commands by which a person decides: what a document's text is, what a change is, what is left out."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer
from pydantic import ValidationError
from typer import Argument, BadParameter, Exit, Option

from analysis.model import Page
from foundation.vocabulary import ReviewState
from messages import ENGLISH, LANGUAGES, catalogue, counted
from policywatch.cli.opening import known, opened, user
from policywatch.cli.options import (
    CONFIG,
    TROUBLE,
    Change,
    Config,
    Json,
    Yes,
    command_group,
    console,
    print_json,
    print_table,
    say,
)
from policywatch.cli.terminal import show_comparison, show_ignored
from policywatch.config.recipients import recipients, route_of
from policywatch.ingest import curation
from policywatch.ingest.events import split_off
from policywatch.pipeline import Job
from policywatch.sanitize import sanitize, terminal_reason
from policywatch.views.query_params import EditEntry, ReviewEntry
from storage.changes import change as stored_change
from storage.changes import passages as stored_passages
from storage.clock import utc_now
from storage.columns import MAX_INTEGER
from storage.documents import document as stored_document
from storage.lock import one_at_a_time
from storage.reviews import last_reviews
from storage.versions import current_version

app = command_group()

_BEGINNING = 12  # blocks of a text that a person is asked about

Document = Annotated[
    str, Argument(metavar="DOCUMENT", help="The document whose text is held.")
]
Words = list[str] | None


@app.command()
def accept(document: Document, config: Config = CONFIG, yes: Yes = False) -> None:
    """Look at a text that was held, and take it as the next version.

    Its alerts wait for as long as `[alerts] grace` says: meanwhile `policywatch withdraw` takes it back with nothing
    sent. Example: `policywatch accept linkedin/privacy-policy`
    """
    with opened(config) as (watchlist, database):
        known(watchlist, [document], "DOCUMENT")
        job = Job(watchlist, database, recipients(watchlist))
        extraction = job.configs[document]
        with database.reading() as session:
            check, held = curation.held_text(session, document, extraction)
        reason = terminal_reason(check.reason) if check.reason else ""
        say(f"{document}, held on {check.checked_at:%Y-%m-%d %H:%M} UTC: {reason}")
        _show_text(held.page)
        if held.draft is None:
            say("It would be a first text, compared with no other.")
        else:
            show_comparison(console(), held.draft.comparison)
        if not yes and not typer.confirm("Take it as the document's text?"):
            raise Exit(TROUBLE)
        with one_at_a_time(database) as held_store:
            change = curation.accept(
                held_store,
                document,
                extraction,
                job.recipients.names_for,
                seen=held.page,
                actor=user(),
            )
        with database.reading() as session:
            version = current_version(session, document)
    assert version is not None, "it was taken"
    back = f"`policywatch withdraw {document} {version.number}` takes it back"
    if change is None:
        say(f"Taken as version {version.number}; {back}.")
        return
    waits = (
        f" Its alerts wait {watchlist.alerts.grace}, and" if change.alert else ""
    )
    say(f"Taken. `policywatch show {change.id}` shows the change;{waits} {back}.")


def _show_text(page: Page) -> None:
    words = counted(sum(len(block.text.split()) for block in page.blocks), "word")
    say(f"The fetched text: “{page.title}”, {words}:")
    for block in page.blocks[:_BEGINNING]:
        console().print(f"  {sanitize(block.text)}")
    left = len(page.blocks) - _BEGINNING
    if left > 0:
        say(f"  ... and {counted(left, 'more paragraph')}")
    say()


@app.command()
def reject(document: Document, config: Config = CONFIG) -> None:
    """Say that a text that was held is not the document's: it is not shown again.

    The last valid version stands; `policywatch accept` still takes the text. Example: `policywatch reject
    linkedin/privacy-policy`
    """
    with opened(config) as (watchlist, database):
        known(watchlist, [document], "DOCUMENT")
        check = curation.reject(database, document, actor=user())
    say(
        f"Rejected what was held of {document} on {check.checked_at:%Y-%m-%d %H:%M} UTC; "
        f"`policywatch accept {document}` still takes it."
    )


@app.command()
def withdraw(
    document: Annotated[
        str,
        Argument(metavar="DOCUMENT", help="The document that it is a version of."),
    ],
    number: Annotated[
        int,
        Argument(
            metavar="VERSION", min=1, max=MAX_INTEGER, help="Its newest version."
        ),
    ],
    config: Config = CONFIG,
    reason: Annotated[
        str, Option(metavar="TEXT", help="Why, for those who were alerted.")
    ] = "",
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Take back a version that should never have been, with the alerts of it.

    What was not sent is cancelled; a correction goes to those to whom it was. The version before is in force again, and
    the capture stays as evidence. Example: `policywatch withdraw linkedin/privacy-policy 7 --reason "an error page"`
    """
    with opened(config) as (_, database):
        with database.reading() as session:
            version = curation.newest_version(session, document, number)
        if not yes:
            typer.echo(
                f"{document}, version {number}, captured {version.captured_at:%Y-%m-%d %H:%M} UTC",
                err=True,
            )
            if not typer.confirm("Withdraw it?", err=True):
                raise Exit(TROUBLE)
        with one_at_a_time(database) as held:
            report = curation.withdraw(
                held, document, number, actor=user(), reason=reason
            )
    if as_json:
        print_json(asdict(report))
        return
    what = "nobody was alerted of it"
    if report.corrected:
        what = f"a correction goes to {counted(report.corrected, 'address', 'addresses')} with the next run or `deliver`"
    if report.cancelled:
        what += f"; {counted(report.cancelled, 'pending alert')} cancelled"
    say(f"Withdrawn: version {number} of {document}. {what}.")


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
        Option(
            metavar="CODE=TEXT", help="For everyone, signed, in a language: en=..."
        ),
    ] = None,
    severity: Annotated[
        str | None,
        Option(metavar="WORD", help="high, medium, low, none: what it is."),
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
        for name in ("headline", "note"):
            edit[name] = {**former.get(name, {}), **edit[name]}
        for name in ("severity", "topics"):
            edit[name] = former.get(name) if edit[name] is None else edit[name]
        routes = [route_of(each) for each in watchlist.routes if each.enabled]
        reviewed = curation.review(
            session,
            change,
            entry.state,
            note=entry.note,
            by=entry.by,
            at=utc_now(),
            actor=user(),
            event=event,
            edit={name: each for name, each in edit.items() if each}
            if any(given.values())
            else None,
            seen=last.id if last else 0,
            routes_for=lambda of, row: [
                each.name for each in routes if each.wants(of, row)
            ],
        )
    label = catalogue(ENGLISH).term("review_state", entry.state)
    kind = "Change" if len(reviewed) == 1 else "Changes"
    say(f"{kind} {', '.join(map(str, reviewed))}: {label}, by {entry.by}.")


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


@app.command()
def split(
    change: Change,
    config: Config = CONFIG,
) -> None:
    """Take a change out of its event: it stands alone from then on.

    Messages that were sent stay as they are. Example: `policywatch split 17`
    """
    with opened(config) as (_, database), database.writing() as session:
        is_split = split_off(
            session, stored_change(session, change), user(), utc_now()
        )
    say(f"Change {change} stands alone {'now' if is_split else 'already'}.")


@app.command()
def ignore(
    change: Change,
    passages: Annotated[
        list[int] | None,
        Argument(
            metavar="[PASSAGE]...",
            min=1,
            help="Its number; lists them if left out.",
        ),
    ] = None,
    config: Config = CONFIG,
) -> None:
    """Say that passages of a change are not of the document: a banner, a menu, an offer.

    From the next run on they are left out of the text, with these words and where they stand now; the same words
    elsewhere are read. The change stays, and nothing that was sent is taken back.

    Examples: `policywatch ignore 17` · `policywatch ignore 17 2`
    """
    with opened(config) as (_, database):
        if not passages:
            with database.reading() as session:
                stored_change(session, change)
                rows = stored_passages(session, change)
            texts = [sanitize(row.after or row.before or "") for row in rows]
            print_table(
                ("", "passage"),
                [(str(number), text) for number, text in enumerate(texts, 1)],
            )
            return
        positions = [number - 1 for number in passages]
        with database.writing() as session:
            document = curation.ignore(
                session, change, positions, actor=user(), at=utc_now()
            ).id
    say(
        f"Ignored from the next run on; `policywatch unignore {document}` takes it back."
    )


@app.command()
def unignore(
    document: Annotated[str, Argument(metavar="DOCUMENT")],
    number: Annotated[
        int | None,
        Argument(
            metavar="[NUMBER]", min=1, help="As listed; lists them if left out."
        ),
    ] = None,
    config: Config = CONFIG,
) -> None:
    """Read passages again that `ignore` left out.

    Examples: `policywatch unignore linkedin/privacy-policy` · `policywatch unignore linkedin/privacy-policy 1`
    """
    with opened(config) as (_, database), database.writing() as session:
        clicks = stored_document(session, document).ignored or []
        if number is None:
            show_ignored(console(), clicks)
            return
        if number > len(clicks):
            raise BadParameter(
                f"{document} ignores {counted(len(clicks), 'selection')}",
                param_hint="NUMBER",
            )
        when = clicks[number - 1]["at"]
        curation.unignore(session, document, when, actor=user(), at=utc_now())
    say("Read again from the next run on.")
