"""The commands about the documents: their list, new ones, those that the store owns, what is renamed or removed."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.text import Text
from typer import Argument, BadParameter, Exit, Option

from analysis.model import UnreadablePage
from analysis.text.lexicon import mentions_in
from messages import counted
from policywatch.cli.files import AllowPrivate, Language, Remove, Select
from policywatch.cli.opening import opened, reading, user
from policywatch.cli.options import (
    CONFIG,
    TROUBLE,
    Config,
    Json,
    Yes,
    checked,
    command_group,
    console,
    print_json,
    print_table,
    say,
)
from policywatch.cli.terminal import show_page
from policywatch.config.additions import (
    append_entry,
    entry_text,
    pages_in,
)
from policywatch.config.errors import WatchlistError
from policywatch.config.recipients import address_name, route_problems
from policywatch.config.schema import DocumentEntry, check_document_id
from policywatch.config.watchlist import NOTHING_WATCHED, Watchlist, load
from policywatch.entries import (
    additions,
    named_by_route,
    put_entry,
    put_route,
    stored_entry,
)
from policywatch.sanitize import sanitize, terminal_reason
from policywatch.sources.new_page import read_new, suggest_entry
from policywatch.views.serializer import watched_json
from storage.clock import utc_now
from storage.documents import Document, document
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
    with reading(config) as (watchlist, session):
        rows = watched_json(session, watchlist)
    if as_json:
        print_json(rows)
    elif rows:
        print_table(
            ("document", "every", "version", "last check (UTC)", "outcome"),
            map(_cells, rows),
        )
    else:
        say(f"{watchlist.file}: {NOTHING_WATCHED}")


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
        Argument(
            metavar="NEW",
            callback=checked(check_document_id),
            help="The id that it has in the watchlist now.",
        ),
    ],
    config: Config = CONFIG,
) -> None:
    """Give a document another id, with its versions, changes and checks; numbers and addresses of changes stay.

    Example: `policywatch documents rename example/privacy example/privacy-policy`
    """
    if old == new:
        raise BadParameter(f"{new!r} is its id already", param_hint="NEW")
    with (
        opened(config) as (watchlist, database),
        one_at_a_time(database) as held,
        held.writing() as session,
    ):
        row = document(session, old)
        entry = watchlist.document(old) or stored_entry(row)
        renamed = [entry.model_copy(update={"id": new})] if entry else []
        _refuse_if_named(watchlist, row, renamed)
        moved = planned_removal(session, old)
        rename_document(session, old, new, mentions_in(row.language))
        enter(
            session,
            user(),
            Action.RENAME,
            new,
            at=utc_now(),
            before={"id": old},
            after={"id": new},
        )
    versions = counted(moved.versions, "version")
    say(
        f"{old} is {new} now, with {versions} and {counted(moved.changes, 'change')}."
    )
    if watchlist.document(new) is None:
        say(f"Give it this id in {watchlist.file} too, else it is watched no more.")


def _refuse_if_named(
    watchlist: Watchlist, row: Document, instead: Sequence[DocumentEntry] = ()
) -> None:
    if named := named_by_route(watchlist, row, instead):
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
            row = document(session, id_)
        if imported and not removed.versions:
            say(f"Nothing was imported as the history of {id_}.")
            raise Exit(TROUBLE)
        counts = (
            ", ".join(
                counted(n, *_NOUNS[name])
                for name, n in removed._asdict().items()
                if n
            )
            or "no text"
        )
        what = "its imported history" if imported else "all that is known of it"
        say(f"{id_}, {what}: {counts}.")
        if not imported and id_ not in watchlist.of_file:
            _refuse_if_named(watchlist, row)
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
    if not imported and id_ in watchlist.of_file:
        say(
            f"Removed. {watchlist.file} has it still: the next run begins with it anew."
        )
    else:
        say("Removed.")


watchlist = command_group(
    "The entries of documents and routes that stand in the database."
)
app.add_typer(watchlist, name="watchlist")

Key = str | None


@app.command()
def add(
    url: Annotated[
        str | None, Argument(metavar="URL", help="The page to watch.")
    ] = None,
    from_: Annotated[
        Path | None,
        Option("--from", exists=True, help="All pages of a CSV or OPML file."),
    ] = None,
    config: Config = CONFIG,
    id_: Annotated[
        Key, Option("--id", help="Its id, like example/privacy-policy.")
    ] = None,
    service: Annotated[
        Key, Option(metavar="NAME", help="Who publishes it.")
    ] = None,
    title: Annotated[Key, Option(help="Its title.")] = None,
    kind: Annotated[Key, Option(help="privacy-policy, terms, help, ...")] = None,
    language: Language = None,
    every: Annotated[Key, Option(help="How often it is checked: 6h, 1d.")] = None,
    select: Select = None,
    remove: Remove = None,
    allow_private: AllowPrivate = False,
    dry_run: Annotated[
        bool, Option("--dry-run", help="Show the entry, and write nothing.")
    ] = False,
) -> None:
    """Read a page as a run would, show it, and add it to the watchlist; or all pages of a file.

    What is not given is taken from the page. A page that can't be read, that a run would hold or that is watched
    already is not added. A CSV file has the columns url, service, title, language; one bad line stops no other.

    Examples: `policywatch add https://example.org/privacy` · `policywatch add --from pages.csv --kind terms`
    """
    if (url is None) == (from_ is None):
        raise BadParameter("give one page, or --from FILE", param_hint="URL")
    options = {
        "id": id_,
        "service": service,
        "title": title,
        "kind": kind,
        "url": url,
        "language": language,
        "every": every,
        "select": select,
        "remove": remove,
        "allow_private": allow_private,
    }
    given: dict[str, Any] = {key: value for key, value in options.items() if value}
    done = f"Would be added to {config}." if dry_run else f"Added to {config}."
    failed = False
    for line in pages_in(from_) if from_ else [given]:
        try:
            watchlist = load(config)
            page, _ = read_new(watchlist, given | line)
            if from_ is None:
                show_page(console(), page, dropped=False)
            entry = suggest_entry(watchlist, given | line, page)
            if not dry_run:
                append_entry(config, entry)
            if from_ is None:
                console().print(f"\n{entry_text(entry)}\n{done}", soft_wrap=True)
            else:
                say(f"{line['url']}: {entry.id}. {done}")
        except (UnreadablePage, ValueError) as failure:
            if from_ is None:
                raise _wrong(failure) from failure
            why = (
                terminal_reason(failure.reason)
                if isinstance(failure, UnreadablePage)
                else failure
            )
            say(f"{line['url']}: not added: {why}")
            failed = True
    if failed:
        raise Exit(TROUBLE)


def _wrong(failure: ValueError | UnreadablePage) -> Exception:
    if isinstance(failure, ValidationError):
        name = str((*failure.errors()[0]["loc"], "url")[0])
        return BadParameter(
            str(failure), param_hint="URL" if name == "url" else f"--{name}"
        )
    return (
        BadParameter(sanitize(str(failure)), param_hint="URL")
        if isinstance(failure, ValueError)
        else failure
    )


@watchlist.command(name="export")
def export_entries(config: Config = CONFIG) -> None:
    """Print the documents and routes that were made on the pages or imported, as TOML for a file.

    Routes come with their addresses, as they were written: keep the file as you keep passwords.

    Example: `policywatch watchlist export > entries.toml`
    """
    with opened(config, even_read_only=True) as (_, database):
        documents, routes = additions(database)
        texts = [
            *map(entry_text, filter(None, map(stored_entry, documents))),
            *map(entry_text, routes),
        ]
        sys.stdout.write("\n".join(texts))


@watchlist.command(name="import")
def import_entries(
    file: Annotated[
        Path,
        Argument(
            metavar="FILE",
            exists=True,
            dir_okay=False,
            help="TOML with [[documents]] and [[routes]].",
        ),
    ],
    config: Config = CONFIG,
) -> None:
    """Take documents and routes of a file into the database, where the pages edit them; those of the watchlist stay.

    Example: `policywatch watchlist import entries.toml`
    """
    given = load(file)
    with opened(config) as (current, database):
        documents = [
            each for each in given.documents if each.id not in current.of_file
        ]
        routes = [each for each in given.routes if each.name not in current.of_file]
        whole = current.model_copy(
            update={"documents": [*current.documents, *documents]}
        )
        if problems := [
            problem for route in routes for problem in route_problems(whole, route)
        ]:
            raise WatchlistError(problems)
        with database.writing() as session:
            for document in documents:
                put_entry(session, document, user(), utc_now())
            for route in routes:
                name_of = partial(address_name, mail=current.mail)
                put_route(session, route, name_of, user(), utc_now())
    taken = [
        *([counted(len(documents), "document")] if given.documents else []),
        *([counted(len(routes), "route")] if given.routes else []),
    ]
    say(f"{' and '.join(taken) or 'Nothing'} of {file} imported.")
    names = {
        *(each.id for each in given.documents),
        *(each.name for each in given.routes),
    }
    if kept := sorted(names & current.of_file):
        say(f"{current.file} has these, and stays their owner: {', '.join(kept)}.")
        raise Exit(TROUBLE)
