"""The commands that show: history, show, compare, try."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from policywatch.cli.options import CONFIG, Config, Json, console, json_text, opened, print_json, print_table
from policywatch.config.schema import language_code
from policywatch.sanitize import harmless
from storage.columns import MAX_INTEGER

if TYPE_CHECKING:
    from policywatch.config.explain_routing import Hearing

Why = Annotated[bool, typer.Option("--why", help="Say for each passage why it is classified as it is.")]
Routes = Annotated[
    bool, typer.Option("--routes", help="Say which routes are told of it and when, and why the others are not.")
]
Select = Annotated[list[str] | None, typer.Option("--select", metavar="CSS", help="Read only these elements.")]
Remove = Annotated[list[str] | None, typer.Option("--remove", metavar="CSS", help="Leave these elements out.")]


def _code(language: str | None) -> str | None:
    try:
        return language_code(language) if language else None
    except ValueError as failure:
        raise typer.BadParameter(f"found {language!r}; {failure}") from failure


Language = Annotated[
    str | None,
    typer.Option("--language", metavar="CODE", callback=_code, help="The language of the text: en, fr."),
]


def add_to(app: typer.Typer, panel: str) -> None:
    """Add this file's commands, under a heading of the list of them."""
    for command in (history, show, compare):
        app.command(rich_help_panel=panel)(command)
    app.command(name="try", rich_help_panel=panel)(try_page)


def history(
    document: Annotated[str, typer.Argument(metavar="DOCUMENT")], config: Config = CONFIG, as_json: Json = False
) -> None:
    """Show a document's versions and changes, newest first, and how its last checks went.

    Example: `policywatch history linkedin/privacy-policy`
    """
    from policywatch.cli.terminal import show_history
    from policywatch.document_json import history_json

    with opened(config, even_read_only=True) as (_, database), database.reading() as session:
        if as_json:
            print_json(history_json(session, document))
        else:
            show_history(console(), session, document)


def show(
    change: Annotated[
        int, typer.Argument(metavar="CHANGE", max=MAX_INTEGER, help="Its number, as `history` lists it.")
    ],
    config: Config = CONFIG,
    why: Why = False,
    routes: Routes = False,
    as_json: Json = False,
) -> None:
    """Show a change: what it means, and every passage word for word.

    Examples: `policywatch show 17 --why` · `policywatch show 17 --routes`
    """
    from policywatch.changes_json import change_json
    from policywatch.cli.terminal import show_change
    from policywatch.config.explain_routing import hearings
    from storage.changes import change as stored

    with opened(config, even_read_only=True) as (watchlist, database), database.reading() as session:
        found = stored(session, change)
        told = hearings(session, found, [entry for entry, _ in watchlist.routes]) if routes else []
        if as_json:
            more = {"routes": [asdict(one) for one in told]} if routes else {}
            return print_json(change_json(session, found) | more)
        show_change(console(), session, change, why=why)
    if routes:
        console().print()
        _show_hearings(told)
    return None


def _show_hearings(told: list[Hearing]) -> None:
    if not told:
        return console().print("The watchlist has no routes: nobody is told.")
    style = {"told": "green", "given up": "red", "waits": "yellow"}
    rows = [(one.route, Text(one.state, style.get(one.state, "")), harmless(each)) for one in told for each in one.said]
    return print_table(("route", "", "why"), rows)


def compare(
    old: Annotated[Path | None, typer.Argument(metavar="OLD", exists=True, dir_okay=False)] = None,
    new: Annotated[Path | None, typer.Argument(metavar="NEW", exists=True, dir_okay=False)] = None,
    pairs: Annotated[
        Path | None,
        typer.Option("--pairs", metavar="FILE", exists=True, dir_okay=False, help="Compare many: JSON lines, or .gz."),
    ] = None,
    language: Language = None,
    document: Annotated[str | None, typer.Option("--document", help="The document's title or kind.")] = None,
    why: Why = False,
    as_json: Json = False,
) -> None:
    """Say what a change between two files would be (Markdown, HTML, PDF or text), without any database.

    With --pairs, each line is {"id", "before", "after", "language"?, "document"?} with Markdown texts, and a line of
    JSON comes out for each.

    Examples: `policywatch compare old.md new.md --why` · `policywatch compare --pairs pairs.jsonl --json`
    """
    from analysis.page_json import comparison_json
    from policywatch.sources.files import compare_files, compare_lines

    if pairs is not None and old is None:
        for answer in compare_lines(pairs):
            sys.stdout.write(f"{json_text(answer)}\n")
        return
    if old is None or new is None or pairs is not None:
        raise typer.BadParameter("give two files, or --pairs FILE alone", param_hint="OLD NEW")
    found = compare_files(old, new, language=language, document=document)
    if as_json:
        print_json(comparison_json(found))
    else:
        from policywatch.cli.terminal import show_comparison

        show_comparison(console(), found, why=why)


def try_page(
    source: Annotated[str, typer.Argument(metavar="URL|FILE")],
    select: Select = None,
    remove: Remove = None,
    language: Language = None,
    contact: Annotated[str, typer.Option("--contact", help="Goes into the User-Agent of the request.")] = "",
    allow_private: Annotated[
        bool, typer.Option("--allow-private", help="Also from a private or loopback address.")
    ] = False,
    render: Annotated[bool, typer.Option("--render", help="Let a browser run the page's scripts first.")] = False,
    expand: Annotated[bool, typer.Option("--expand", help="And open what a click opens in its text.")] = False,
    dropped: Annotated[bool, typer.Option("--dropped", help="Show what was left out, and why.")] = False,
    as_json: Json = False,
) -> None:
    """Show what would be read of a page, before you watch it.

    Nothing is stored. A page from the web is fetched as the crawler does: robots.txt is obeyed.

    Examples: `policywatch try https://example.org/privacy` · `policywatch try page.html --select main --json`
    """
    from analysis.page_json import page_json
    from analysis.validate.rejection import page_rejection
    from policywatch.cli.terminal_page import show_page
    from policywatch.sources.files import is_address, read_source

    if not is_address(source) and Path(source).is_dir():
        raise typer.BadParameter(f"{source!r} is a folder; name a file in it", param_hint="URL|FILE")
    if not is_address(source) and not Path(source).is_file():
        said = f"there is no file {source!r}, and an address begins with https:// or http://"
        raise typer.BadParameter(said, param_hint="URL|FILE")
    page = read_source(
        source,
        select=select or (),
        remove=remove or (),
        language=language,
        contact=contact,
        allow_private=allow_private,
        render=render,
        expand=expand,
    )
    if as_json:
        shown: dict[str, Any] = page_json(page)
        if dropped:
            shown["dropped"] = [{"text": one.text, "reason": one.reason} for one in page.dropped]
        return print_json(shown)
    show_page(console(), page, dropped=dropped)
    if rejection := page_rejection(page, language=language):
        console().print(harmless(f"A run would hold this: {rejection}."))
    return None
