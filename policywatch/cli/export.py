"""The commands that write what is stored for use elsewhere."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from policywatch.cli.options import CONFIG, Config, console, opened
from policywatch.wording import counted

export = typer.Typer(help="Write what is stored for use elsewhere.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Add this file's commands."""
    export.command(name="site")(site)
    app.add_typer(export, name="export")


def site(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", file_okay=False, help="Empty, or an earlier export.")],
    config: Config = CONFIG,
    address: Annotated[
        str | None,
        typer.Option("--site", metavar="URL", help="Where the folder will stand; `site` of the watchlist if left out."),
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Make every file anew.")] = False,
) -> None:
    """Write the pages and feeds as files, for any host that serves files; they open from the disk too.

    Done again, it writes what changed, and takes away what is gone.

    Example: `policywatch export site public --site https://policies.example.org`
    """
    from policywatch.web.export import export_site
    from storage.clock import utc_now

    with opened(config) as (watchlist, database), Console(stderr=True).status("starting") as status:
        done = export_site(
            database,
            folder,
            today=utc_now().date(),
            site=address or watchlist.site or "",
            again=again,
            progress=(lambda name: status.update(name[:70])) if sys.stderr.isatty() else (lambda _name: None),
        )
    first = folder / "index.html"
    console().print(
        f"{counted(done.written, 'file')} written, {done.unchanged} are as they were, "
        f"{done.removed} were removed: {first}",
        soft_wrap=True,
    )
