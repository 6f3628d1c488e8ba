"""The commands about a document's history and a change: history, show, split, ignore, unignore."""

from __future__ import annotations

from typing import Annotated

from rich.text import Text
from typer import Argument, BadParameter, Option

from messages import counted
from policywatch.cli.opening import opened, reading, user
from policywatch.cli.options import (
    CONFIG,
    Change,
    Config,
    Json,
    Why,
    command_group,
    console,
    print_json,
    print_table,
)
from policywatch.cli.terminal import show_change, show_history, show_ignored
from policywatch.ingest.events import split_off
from policywatch.ingest.ignoring import ignore as ignore_passages
from policywatch.ingest.ignoring import unignore as take_back
from policywatch.sanitize import sanitize
from policywatch.views.routing import RouteResult, explain_routing
from policywatch.views.serializer import change_json, history_json
from storage.changes import change as stored_change
from storage.changes import passages as stored_passages
from storage.clock import utc_now
from storage.documents import document as stored_document

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
        console().print()
        _print_routes(results)


@app.command()
def split(
    change: Change,
    config: Config = CONFIG,
) -> None:
    """Take a change out of its event: it stands alone from then on.

    Messages that were sent stay as they are. Example: `policywatch split 17`
    """
    with opened(config) as (_, database), database.writing() as session:
        is_split = split_off(session, stored_change(session, change), user(), utc_now())
    console().print(
        f"Change {change} {'stands alone now' if is_split else 'stands alone already'}."
    )


@app.command()
def ignore(
    change: Change,
    passages: Annotated[
        list[int] | None,
        Argument(
            metavar="[PASSAGE]...", min=1, help="Its number; lists them if left out."
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
            document = ignore_passages(
                session, change, positions, actor=user(), at=utc_now()
            ).id
    console().print(
        f"Ignored from the next run on; `policywatch unignore {document}` takes it back.",
        soft_wrap=True,
    )


@app.command()
def unignore(
    document: Annotated[str, Argument(metavar="DOCUMENT")],
    number: Annotated[
        int | None,
        Argument(metavar="[NUMBER]", min=1, help="As listed; lists them if left out."),
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
        take_back(session, document, when, actor=user(), at=utc_now())
    console().print("Read again from the next run on.")


def _print_routes(results: list[RouteResult]) -> None:
    if not results:
        console().print("The watchlist has no routes: nobody is alerted.")
        return
    style = {"sent": "green", "given up": "red", "waits": "yellow"}
    rows = (
        (result.route, Text(result.state, style.get(result.state, "")), sanitize(line))
        for result in results
        for line in result.details
    )
    print_table(("route", "", "why"), rows)
