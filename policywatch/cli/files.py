"""The commands that need no database: compare, try."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

from typer import Argument, BadParameter, Option

from analysis.page_json import comparison_json, page_json
from analysis.validate.rejection import page_rejection
from policywatch.cli.options import (
    Json,
    Why,
    checked,
    command_group,
    console,
    json_text,
    print_json,
    say,
)
from policywatch.cli.terminal import show_comparison, show_page
from policywatch.config.schema import check_language_code
from policywatch.sources.files import (
    compare_files,
    compare_lines,
    is_address,
    read_source,
)

app = command_group()


Language = Annotated[
    str | None,
    Option(
        "--language",
        metavar="CODE",
        callback=checked(check_language_code),
        help="The language of the text: en, fr.",
    ),
]
Select = Annotated[
    list[str] | None,
    Option("--select", metavar="CSS", help="Read only these elements."),
]
Remove = Annotated[
    list[str] | None,
    Option("--remove", metavar="CSS", help="Leave these elements out."),
]
AllowPrivate = Annotated[
    bool,
    Option("--allow-private", help="Also from a private or loopback address."),
]


@app.command()
def compare(
    old: Annotated[
        Path | None, Argument(metavar="OLD", exists=True, dir_okay=False)
    ] = None,
    new: Annotated[
        Path | None, Argument(metavar="NEW", exists=True, dir_okay=False)
    ] = None,
    pairs: Annotated[
        Path | None,
        Option(
            metavar="FILE",
            exists=True,
            dir_okay=False,
            help="Compare many: JSON lines, or .gz.",
        ),
    ] = None,
    language: Language = None,
    document: Annotated[
        str | None, Option(help="The document's title or kind.")
    ] = None,
    why: Why = False,
    as_json: Json = False,
) -> None:
    """Say what a change between two files would be (Markdown, HTML, PDF or text), without any database.

    With --pairs, each line is {"id", "before", "after", "language"?, "document"?} with Markdown texts, and a line of
    JSON comes out for each.

    Examples: `policywatch compare old.md new.md --why` · `policywatch compare --pairs pairs.jsonl --json`
    """
    if pairs is not None and old is None:
        for answer in compare_lines(pairs):
            sys.stdout.write(f"{json_text(answer)}\n")
        return
    if old is None or new is None or pairs is not None:
        raise BadParameter(
            "give two files, or --pairs FILE alone", param_hint="OLD NEW"
        )
    comparison = compare_files(old, new, language=language, document=document)
    if as_json:
        print_json(comparison_json(comparison))
    else:
        show_comparison(console(), comparison, why=why)


@app.command("try")
def try_(
    source: Annotated[str, Argument(metavar="URL|FILE")],
    select: Select = None,
    remove: Remove = None,
    section: Annotated[
        str | None,
        Option(metavar="HEADING", help="Read only what stands under this heading."),
    ] = None,
    language: Language = None,
    contact: Annotated[
        str, Option(help="Goes into the User-Agent of the request.")
    ] = "",
    allow_private: AllowPrivate = False,
    render: Annotated[
        bool,
        Option("--render", help="Let a browser run the page's scripts first."),
    ] = False,
    expand: Annotated[
        bool, Option("--expand", help="And open what a click opens in its text.")
    ] = False,
    dropped: Annotated[
        bool,
        Option("--why", "--dropped", help="Show what was left out, and why."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Show what would be read of a page, before you watch it.

    Nothing is stored. A page from the web is fetched as the crawler does: robots.txt is obeyed.

    Examples: `policywatch try https://example.org/privacy` · `policywatch try page.html --select main --json`
    """
    if not is_address(source) and not Path(source).is_file():
        problem = f"there is no file {source!r}, and an address begins with https:// or http://"
        if Path(source).is_dir():
            problem = f"{source!r} is a folder; name a file in it"
        raise BadParameter(problem, param_hint="URL|FILE")
    page = read_source(
        source,
        select=select or (),
        remove=remove or (),
        section=section,
        language=language,
        contact=contact,
        allow_private=allow_private,
        render=render,
        expand=expand,
    )
    if as_json:
        shown: dict[str, Any] = page_json(page)
        if dropped:
            shown["dropped"] = [
                {"text": part.text, "reason": part.reason} for part in page.dropped
            ]
        print_json(shown)
        return
    show_page(console(), page, dropped=dropped)
    if rejection := page_rejection(page, language=language):
        say(f"A run would hold this: {rejection}.")
