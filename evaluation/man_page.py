"""Writes the manual page from the help of the commands: python -m evaluation.man_page."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from typer.main import get_command

from policywatch.cli import COMMANDS, app

PAGE = Path(__file__).parent.parent / "policywatch" / "policywatch.1"
_HEAD = r""".TH POLICYWATCH 1
.SH NAME
policywatch \- watch public policies and tell people what changed
.SH SYNOPSIS
.B policywatch
.I COMMAND
[OPTIONS]
.SH DESCRIPTION
Watches the public policies of online services and alerts people when a change touches AI or the use of their data.
.B policywatch COMMAND \-\-help
shows all options of a command, with an example.
"""
_TAIL = r""".SH EXIT STATUS
0 all well; 1 something could not be checked or delivered; 2 wrong use or configuration.
.SH ENVIRONMENT
.TP
.B POLICYWATCH_CONFIG
The watchlist, where \-\-config does not name it; else policywatch.toml in the current folder.
.SH FILES
.TP
.I policywatch.toml
Which documents are watched and who is alerted.
.TP
.I policywatch.db
What was read, with its evidence.
"""


def man_page() -> str:
    """All commands by heading, with the first paragraph of their help."""
    group: Any = get_command(app)
    page = [_HEAD]
    for heading, names in COMMANDS.items():
        page.append(f".SH {heading.upper()}\n")
        for name in names:
            page += _entries(name, group.get_command(None, name))
    return "".join([*page, _TAIL])


def _entries(name: str, command: Any) -> list[str]:
    inner = getattr(command, "commands", {})
    entries = []
    if not inner or command.invoke_without_command:
        summary = " ".join((command.help or "").split("\n\n")[0].split())
        entries.append(f".TP\n.B policywatch {_roff(name)}\n{_roff(summary)}\n")
    for each in inner:
        entries += _entries(f"{name} {each}", command.get_command(None, each))
    return entries


def _roff(text: str) -> str:
    return re.sub(r"^([.'])", r"\\&\1", text.replace("`", "")).replace("-", r"\-")


if __name__ == "__main__":
    PAGE.write_text(man_page(), "utf-8")
