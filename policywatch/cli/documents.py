"""The commands about the documents: their list, and what is done when one got another id, or is to go."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.text import Text

from messages import counted
from policywatch.cli.options import CONFIG, TROUBLE, Config, Json, console, opened, print_json, print_table
from policywatch.config.watchlist import NOTHING_WATCHED
from policywatch.sanitize import harmless

documents = typer.Typer()


def add_to(app: typer.Typer, panel: str) -> None:
    """Add this file's commands, under a heading of the list of them."""
    documents.callback(invoke_without_command=True)(documents_list)
    documents.command(name="rename")(documents_rename)
    documents.command(name="remove")(documents_remove)
    app.add_typer(documents, name="documents", rich_help_panel=panel)


def documents_list(context: typer.Context, config: Config = CONFIG, as_json: Json = False) -> None:
    """List the documents of the watchlist, with their last check and their current version.

    Example: `policywatch documents`
    """
    from policywatch.document_json import overview

    if context.invoked_subcommand is not None:
        return None
    with opened(config, even_read_only=True) as (watchlist, database):
        rows = overview(watchlist, database)
    if as_json:
        return print_json(rows)
    if not rows:
        return console().print(f"{watchlist.file}: {NOTHING_WATCHED}")
    return print_table(("document", "every", "version", "last check (UTC)", "outcome"), map(_cells, rows))


def _cells(row: dict[str, Any]) -> tuple[str | Text, ...]:
    style = "" if row["good"] is None else "green" if row["good"] else "red"
    checked_at = (row["checked_at"] or "never")[:16].replace("T", " ")
    outcome = Text(harmless(row["outcome"] or "-"), style=style)
    return row["document"], row["every"], str(row["version"] or "-"), checked_at, outcome


def documents_rename(
    old: Annotated[str, typer.Argument(metavar="OLD", help="The id under which its history is stored.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The id that it has in the watchlist now.")],
    config: Config = CONFIG,
) -> None:
    """Give a document another id, with its versions, changes and checks; numbers and addresses of changes stay.

    Example: `policywatch documents rename example/privacy example/privacy-policy`
    """
    from analysis.text.lexicon import mentions_in
    from policywatch.config.schema import document_id
    from storage.documents import document
    from storage.lock import one_at_a_time
    from storage.removal import extent, rename

    try:
        document_id(new)
    except ValueError as failure:
        raise typer.BadParameter(f"found {new!r}; {failure}", param_hint="NEW") from failure
    if old == new:
        raise typer.BadParameter(f"{new!r} is its id already", param_hint="NEW")
    with opened(config) as (watchlist, database), one_at_a_time(database), database.writing() as session:
        moved = extent(session, old)
        rename(session, old, new, mentions_in(document(session, old).language))
    versions, changes = counted(moved.versions, "version"), counted(moved.changes, "change")
    console().print(f"{old} is {new} now, with {versions} and {changes}.")
    if watchlist.document(new) is None:
        console().print(f"Give it this id in {watchlist.file} too, else it is watched no more.")


def documents_remove(
    id_: Annotated[str, typer.Argument(metavar="ID", help="The document.")],
    config: Config = CONFIG,
    imported: Annotated[
        bool, typer.Option("--imported", help="Only what `import` took as its history; what we saw ourselves stays.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")] = False,
) -> None:
    """Take a document out of the database, with its versions, changes and deliveries; or only its imported history.

    Examples: `policywatch documents remove example/terms` · `policywatch documents remove example/terms --imported`
    """
    from analysis.text.lexicon import mentions_in
    from storage.documents import document
    from storage.lock import one_at_a_time
    from storage.removal import extent, remove, remove_imported

    with opened(config) as (watchlist, database):
        with database.reading() as session:
            goes = extent(session, id_, imported=imported)
        if imported and not goes.versions:
            console().print(f"Nothing was imported as the history of {id_}.")
            raise typer.Exit(TROUBLE)
        said = ", ".join(counted(n, *_NAMES[name]) for name, n in goes._asdict().items() if n) or "no text"
        console().print(f"{id_}, {'its imported history' if imported else 'all that is known of it'}: {said}.")
        if not yes and not typer.confirm("Remove it for good?"):
            raise typer.Exit(TROUBLE)
        with one_at_a_time(database), database.writing() as session:
            if imported:
                remove_imported(session, id_, mentions_in(document(session, id_).language))
            else:
                remove(session, id_)
    again = not imported and watchlist.document(id_) is not None
    console().print(
        f"Removed. {watchlist.file} has it still: the next run begins with it anew." if again else "Removed."
    )


_NAMES = {
    "versions": ("version",),
    "changes": ("change",),
    "checks": ("check",),
    "deliveries": ("delivery", "deliveries"),
}
