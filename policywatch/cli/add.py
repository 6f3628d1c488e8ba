"""The command that adds pages to the watchlist: add."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from pydantic import ValidationError
from typer import Argument, BadParameter, Exit, Option

from analysis.model import UnreadablePage
from messages import counted
from policywatch.cli.files import AllowPrivate, Language, Remove, Select
from policywatch.cli.opening import opened, user
from policywatch.cli.options import (
    CONFIG,
    TROUBLE,
    Config,
    command_group,
    console,
)
from policywatch.cli.terminal import show_page
from policywatch.config.additions import (
    append_entry,
    entry_text,
    pages_in,
)
from policywatch.config.errors import WatchlistError
from policywatch.config.recipients import address_name, route_problems
from policywatch.config.watchlist import load
from policywatch.entries import additions, put_entry, put_route, stored_entry
from policywatch.sanitize import sanitize, terminal_reason
from policywatch.sources.new_page import read_new, suggest_entry
from storage.clock import utc_now

app = command_group()
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
    service: Annotated[Key, Option(metavar="NAME", help="Who publishes it.")] = None,
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
    }
    more = {
        "every": every,
        "select": select,
        "remove": remove,
        "allow_private": allow_private,
    }
    given: dict[str, Any] = {
        key: value for key, value in {**options, **more}.items() if value
    }
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
            result = (
                f"{entry.id}. {done}" if from_ else f"\n{entry_text(entry)}\n{done}"
            )
        except (UnreadablePage, ValueError) as failure:
            if from_ is None:
                raise _wrong(failure) from failure
            why = (
                terminal_reason(failure.reason)
                if isinstance(failure, UnreadablePage)
                else failure
            )
            result, failed = sanitize(f"not added: {why}"), True
        console().print(
            f"{sanitize(line['url'])}: {result}" if from_ else result, soft_wrap=True
        )
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
    given = load(file, is_part=True)
    with opened(config) as (current, database):
        documents = [each for each in given.documents if each.id not in current.of_file]
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
    console().print(f"{' and '.join(taken) or 'Nothing'} of {file} imported.")
    names = {
        *(each.id for each in given.documents),
        *(each.name for each in given.routes),
    }
    if kept := sorted(names & current.of_file):
        console().print(
            f"{current.file} has these, and stays their owner: {', '.join(kept)}."
        )
        raise Exit(TROUBLE)
