"""The command that lists what people did: journal."""

from __future__ import annotations

import json
from typing import Any

from messages import ENGLISH, catalogue
from policywatch.cli.opening import reading
from policywatch.cli.options import (
    CONFIG,
    Config,
    Json,
    command_group,
    console,
    print_json,
    print_table,
)
from policywatch.sanitize import sanitize
from storage.journal import JournalEntry
from storage.journal import journal as entries

app = command_group()


@app.command()
def journal(config: Config = CONFIG, as_json: Json = False) -> None:
    """List what people did on the pages and by commands, newest first: who, when, what.

    Example: `policywatch journal`
    """
    with reading(config) as (_, session):
        rows = entries(session)
    if as_json:
        print_json([_as_json(row) for row in rows])
    elif rows:
        print_table(
            ("when (UTC)", "who", "what", "document", "before", "after"),
            map(_cells, rows),
        )
    else:
        console().print("Nobody did anything yet.")


def _as_json(row: JournalEntry) -> dict[str, Any]:
    facts = row.model_dump(include={"by", "via", "action", "before", "after"})
    return {"at": row.at, "document": row.document_id, **facts}


def _cells(row: JournalEntry) -> tuple[str, ...]:
    who = catalogue(ENGLISH).actor(row.by, row.via)
    values = (
        json.dumps(value, ensure_ascii=False) if value else "-"
        for value in (row.before, row.after)
    )
    return tuple(
        map(
            sanitize,
            (f"{row.at:%Y-%m-%d %H:%M}", who, row.action, row.document_id, *values),
        )
    )
