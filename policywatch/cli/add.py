"""The command that adds a page to the watchlist: add."""

from __future__ import annotations

from typing import Annotated

import typer
from pydantic import ValidationError

from analysis.model import UnreadablePage
from analysis.validate.rejection import page_rejection
from policywatch.cli.files import AllowPrivate, Language, Remove, Select
from policywatch.cli.options import CONFIG, Config, console
from policywatch.cli.terminal_page import show_page
from policywatch.config.additions import append_entry, entry_text, suggest_entry, watched_as
from policywatch.config.schema import DocumentEntry
from policywatch.config.watchlist import load
from policywatch.sanitize import sanitize
from policywatch.sources.files import read_source

_NOT_YET = {"id": "service/document", "service": "-", "title": "-", "kind": "other"}  # what the page is asked for
Key = str | None


def add(
    url: Annotated[str, typer.Argument(metavar="URL", help="The page to watch.")],
    config: Config = CONFIG,
    id_: Annotated[Key, typer.Option("--id", help="Its id, like example/privacy-policy.")] = None,
    service: Annotated[Key, typer.Option("--service", metavar="NAME", help="Who publishes it.")] = None,
    title: Annotated[Key, typer.Option("--title", help="Its title.")] = None,
    kind: Annotated[Key, typer.Option("--kind", help="privacy-policy, terms, help, ...")] = None,
    language: Language = None,
    every: Annotated[Key, typer.Option("--every", help="How often it is checked: 6h, 1d.")] = None,
    select: Select = None,
    remove: Remove = None,
    allow_private: AllowPrivate = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the entry, and write nothing.")] = False,
) -> None:
    """Read a page as a run would, show it, and add it to the watchlist.

    What is not given is taken from the page. A page that can't be read, that a run would hold or that is watched
    already is not added.

    Examples: `policywatch add https://example.org/privacy` · `policywatch add https://example.org/ai --kind help`
    """
    watchlist = load(config)
    options = {"id": id_, "service": service, "title": title, "kind": kind, "url": url, "language": language}
    more = {"every": every, "select": select, "remove": remove, "allow_private": allow_private}
    given = {key: value for key, value in {**options, **more}.items() if value}
    try:
        asked = DocumentEntry.model_validate({**_NOT_YET, **given})
        if other := watched_as(watchlist, url):
            raise ValueError(f"it is watched already, as {other}")
        page = read_source(
            url,
            select=asked.select,
            remove=asked.remove,
            language=language,
            contact=watchlist.contact or "",
            allow_private=allow_private,
            robots=watchlist.robots(asked),
        )
        show_page(console(), page, dropped=False)
        if rejection := page_rejection(page, language=language):
            raise UnreadablePage(rejection)
        entry = suggest_entry(watchlist, given, page)
    except ValidationError as failure:
        name = str((*failure.errors()[0]["loc"], "url")[0])
        raise typer.BadParameter(str(failure), param_hint="URL" if name == "url" else f"--{name}") from failure
    except ValueError as failure:
        raise typer.BadParameter(sanitize(str(failure)), param_hint="URL") from failure
    if not dry_run:
        append_entry(config, entry)
    done = f"Would be added to {config}." if dry_run else f"Added to {config}."
    console().print(f"\n{entry_text(entry)}\n{done}", soft_wrap=True)
