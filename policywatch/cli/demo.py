"""The command that plays the demo."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Exit, Option

from policywatch.cli.options import (
    TROUBLE,
    Port,
    command_group,
    console,
)
from policywatch.cli.terminal import show_change
from policywatch.demo.play import play

app = command_group()


@app.command()
def demo(
    folder: Annotated[
        Path | None,
        Option(
            help="Where the demo's store and alerts go; a temporary one if left out."
        ),
    ] = None,
    stay: Annotated[
        bool, Option("--serve", help="Keep the pages open at the end.")
    ] = False,
    port: Port = 8642,
) -> None:
    """Watch a small site of our own through five days: a notice, a change about AI training, an alert.

    Example: `policywatch demo --serve`
    """
    if not play(console(), folder, show_change, stay=stay, port=port):
        raise Exit(TROUBLE)
