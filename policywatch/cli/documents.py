"""The commands about the documents: their list, and what is done when one got another id, or is to go."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.text import Text
from typer import Argument, BadParameter, Exit, Option

from analysis.text.lexicon import mentions_in
from messages import counted
from policywatch.cli.add import export_entries
from policywatch.cli.opening import opened, user
from policywatch.cli.options import (
    CONFIG,
    TROUBLE,
    Config,
    Json,
    Yes,
    command_group,
    console,
    print_json,
    print_table,
)
from policywatch.config.schema import check_document_id
from policywatch.config.watchlist import NOTHING_WATCHED, Watchlist
from policywatch.entries import named_by_route
from policywatch.sanitize import sanitize
from policywatch.views.serializer import watched_json
from storage.clock import utc_now
from storage.documents import document
from storage.errors import StorageError
from storage.journal import Action, enter
from storage.lock import one_at_a_time
from storage.removal import planned_removal, remove_imported
from storage.removal import remove as remove_document
from storage.removal import rename as rename_document

app = command_group()

documents = command_group()
app.add_typer(documents, name="documents")
_NOUNS = {
    "versions": ("version",),
    "changes": ("change",),
    "checks": ("check",),
    "deliveries": ("delivery", "deliveries"),
}


@documents.callback(invoke_without_command=True)
def list_documents(
    context: typer.Context,
    config: Config = CONFIG,
    as_json: Json = False,
    toml: Annotated[
        bool, typer.Option("--toml", hidden=True, help="As watchlist export.")
    ] = False,
) -> None:
    """List the documents of the watchlist, with their last check and their current version.

    Example: `policywatch documents`
    """
    if context.invoked_subcommand is not None:
        return
    if toml:  # the former name of `watchlist export`
        export_entries(config)
        return
    with (
        opened(config, even_read_only=True) as (watchlist, database),
        database.reading() as session,
    ):
        rows = watched_json(session, watchlist)
    if as_json:
        print_json(rows)
    elif rows:
        print_table(
            ("document", "every", "version", "last check (UTC)", "outcome"),
            map(_cells, rows),
        )
    else:
        console().print(f"{watchlist.file}: {NOTHING_WATCHED}")


def _cells(row: dict[str, Any]) -> tuple[str | Text, ...]:
    style = "" if row["good"] is None else "green" if row["good"] else "red"
    at = row["checked_at"]
    outcome = Text(sanitize(row["outcome"] or "-"), style=style)
    return (
        row["document"],
        row["every"],
        str(row["version"] or "-"),
        f"{at:%Y-%m-%d %H:%M}" if at else "never",
        outcome,
    )


@documents.command()
def rename(
    old: Annotated[
        str,
        Argument(metavar="OLD", help="The id under which its history is stored."),
    ],
    new: Annotated[
        str,
        Argument(metavar="NEW", help="The id that it has in the watchlist now."),
    ],
    config: Config = CONFIG,
) -> None:
    """Give a document another id, with its versions, changes and checks; numbers and addresses of changes stay.

    Example: `policywatch documents rename example/privacy example/privacy-policy`
    """
    try:
        check_document_id(new)
    except ValueError as failure:
        raise BadParameter(f"found {new!r}; {failure}", param_hint="NEW") from failure
    if old == new:
        raise BadParameter(f"{new!r} is its id already", param_hint="NEW")
    with (
        opened(config) as (watchlist, database),
        one_at_a_time(database) as held,
        held.writing() as session,
    ):
        _refuse_if_named(watchlist, old)
        moved = planned_removal(session, old)
        rename_document(session, old, new, mentions_in(document(session, old).language))
        enter(
            session,
            user(),
            Action.RENAME,
            new,
            at=utc_now(),
            before={"id": old},
            after={"id": new},
        )
    versions, changes = (
        counted(moved.versions, "version"),
        counted(moved.changes, "change"),
    )
    console().print(f"{old} is {new} now, with {versions} and {changes}.")
    if watchlist.document(new) is None:
        console().print(
            f"Give it this id in {watchlist.file} too, else it is watched no more."
        )


def _refuse_if_named(watchlist: Watchlist, id_: str) -> None:
    if named := named_by_route(watchlist, id_):
        raise StorageError(str(named))


@documents.command()
def remove(
    id_: Annotated[str, Argument(metavar="ID", help="The document.")],
    config: Config = CONFIG,
    imported: Annotated[
        bool,
        Option(
            "--imported",
            help="Only what `import` took as its history; what we saw ourselves stays.",
        ),
    ] = False,
    yes: Yes = False,
) -> None:
    """Take a document out of the database, with its versions, changes and deliveries; or only its imported history.

    Examples: `policywatch documents remove example/terms` · `policywatch documents remove example/terms --imported`
    """
    with opened(config) as (watchlist, database):
        with database.reading() as session:
            removed = planned_removal(session, id_, imported=imported)
        if imported and not removed.versions:
            console().print(f"Nothing was imported as the history of {id_}.")
            raise Exit(TROUBLE)
        counts = (
            ", ".join(
                counted(n, *_NOUNS[name]) for name, n in removed._asdict().items() if n
            )
            or "no text"
        )
        console().print(
            f"{id_}, {'its imported history' if imported else 'all that is known of it'}: {counts}."
        )
        if not imported and id_ not in watchlist.of_file:
            _refuse_if_named(watchlist, id_)
        if not yes and not typer.confirm("Remove it for good?"):
            raise Exit(TROUBLE)
        with one_at_a_time(database) as held, held.writing() as session:
            before = removed._asdict() | {"imported": imported}
            enter(session, user(), Action.REMOVE, id_, at=utc_now(), before=before)
            if imported:
                remove_imported(
                    session, id_, mentions_in(document(session, id_).language)
                )
            else:
                remove_document(session, id_)
    again = not imported and id_ in watchlist.of_file
    console().print(
        f"Removed. {watchlist.file} has it still: the next run begins with it anew."
        if again
        else "Removed."
    )
