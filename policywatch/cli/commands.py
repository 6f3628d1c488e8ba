"""Every command, and the module that runs it: imported when it is called, for some bring Scrapy or Apprise along."""

from __future__ import annotations

import gc
from importlib import import_module
from keyword import iskeyword
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

# by heading: the name, the module of its function or group (of the same name), and the first line of its help
COMMANDS = {
    "Setting up": {
        "init": ("setup", "Write a commented policywatch.toml that watches LinkedIn."),
        "add": (
            "add",
            "Read a page as a run would, show it, and add it to the watchlist; or all pages of a file.",
        ),
        "doctor": (
            "doctor",
            "Look at configuration, database, routes and last checks: what is wrong, and how to fix it.",
        ),
        "services": (
            "setup",
            "List the watchlists that ship, for `use` in the watchlist.",
        ),
        "schedule": (
            "setup",
            "Print the ready job for this very installation; nothing is installed.",
        ),
        "demo": (
            "demo",
            "Watch a small site of our own through five days: a notice, a change about AI training, an alert.",
        ),
        "database": ("database", "Look after the database."),
        "verify": (
            "database",
            "Check every capture against the chain of hashes, and the timestamps on it.",
        ),
    },
    "The job": {
        "run": (
            "run",
            "Check what is due, compare, and tell people: the scheduled job.",
        ),
        "crawl": ("run", "Fetch what is due, and leave the reading to `read`."),
        "read": ("run", "Parse fetched pages into versions, changes and alerts."),
        "watch": (
            "watch",
            "Stay, and run whenever a document or a delivery is due; for a container or a service. Ends cleanly on "
            "SIGTERM.",
        ),
        "worker": (
            "worker",
            "Share the work of a PostgreSQL database with other machines, until SIGTERM.",
        ),
        "accept": (
            "accept",
            "Look at a text that was held, and take it as the next version.",
        ),
        "reject": (
            "accept",
            "Say that a text that was held is not the document's: it is not shown again.",
        ),
        "withdraw": (
            "accept",
            "Take back a version that should never have been, with the alerts of it.",
        ),
        "split": (
            "show",
            "Take a change out of its event: it stands alone from then on.",
        ),
        "deliver": ("alerts", "Send pending alerts."),
        "alerts": (
            "alerts",
            "List what was sent and what waits, newest first: when, to which route and address, with how many "
            "attempts.",
        ),
        "routes": ("alerts", "The routes: who is alerted of what."),
    },
    "Showing": {
        "history": (
            "show",
            "Show a document's versions and changes, newest first, and how its last checks went.",
        ),
        "show": (
            "show",
            "Show a change: what it means, and every passage word for word.",
        ),
        "compare": (
            "files",
            "Say what a change between two files would be (Markdown, HTML, PDF or text), without any database.",
        ),
        "try": ("files", "Show what would be read of a page, before you watch it."),
        "changes": (
            "changes",
            "List what changed in all documents, newest first; narrowed by the words that the pages and the JSON API "
            "take.",
        ),
        "review": (
            "changes",
            "Say what a change is to you: its state, with a note; earlier entries stay.",
        ),
        "journal": (
            "journal",
            "List what people did on the pages and by commands, newest first: who, when, what.",
        ),
        "documents": (
            "documents",
            "List the documents of the watchlist, with their last check and their current version.",
        ),
    },
    "The pages": {
        "serve": (
            "pages",
            "Serve the pages: changes, documents, feeds. Everyone who reaches them can read.",
        ),
        "mcp": (
            "mcp",
            "Answer an assistant on standard input and output, by the Model Context Protocol; it can only read.",
        ),
        "export": ("pages", "Write what is stored for use elsewhere."),
    },
    "Histories of others": {
        "import": (
            "imports",
            "Take in a history that others have kept; nobody is alerted.",
        ),
    },
}


def command(name: str) -> Any:
    """The command itself, as Typer makes it of its function or group."""
    (module,) = (rows[name][0] for rows in COMMANDS.values() if name in rows)
    gc.disable()  # what is imported stays, so no garbage is looked for among it, now or later
    loaded = import_module(f"policywatch.cli.{module}")
    gc.freeze()
    gc.enable()
    target = getattr(loaded, f"{name}_" if iskeyword(name) else name)
    app = target
    if not isinstance(target, typer.Typer):
        app = typer.Typer(add_completion=False, rich_markup_mode="markdown")
        app.command(name)(target)
    app.info.name = name
    return get_command(app)


class LazyGroup(TyperGroup):
    """Knows of each command only what the list of them shows, until one is called."""

    def __init__(self, **attributes: Any) -> None:
        attributes["commands"] = {
            name: TyperCommand(
                name, help=summary, rich_help_panel=heading, rich_markup_mode="markdown"
            )
            for heading, rows in COMMANDS.items()
            for name, (_, summary) in rows.items()
        }
        super().__init__(**attributes)

    def resolve_command(
        self, ctx: Any, args: list[str]
    ) -> tuple[str | None, Any, list[str]]:
        name, stub, rest = super().resolve_command(ctx, args)
        return name, command(name) if name and stub else stub, rest
