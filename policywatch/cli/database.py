"""The commands about the store and the installation: doctor, verify, and copy, backup, restore, check, upgrade."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

from rich.text import Text
from typer import Argument, BadParameter, Exit, Option

from messages import counted
from policywatch.cli.opening import opened
from policywatch.cli.options import (
    CONFIG,
    TROUBLE,
    WRONG_USE,
    Config,
    Json,
    command_group,
    console,
    print_json,
    say,
)
from policywatch.config.watchlist import MissingVariable, expand
from policywatch.doctor import examine, is_alive
from policywatch.evidence.timestamps import (
    authority_of,
    late_problem,
    timestamp_damage,
)
from policywatch.ingest.extraction import extraction_configs
from policywatch.ingest.reprocess import extraction_damage
from policywatch.sanitize import sanitize
from policywatch.views.health import Finding, check_store
from storage.chain import entry_name, last_entry, last_timestamp
from storage.clock import utc_now
from storage.database import Database
from storage.days import day_damage
from storage.integrity import evidence_damage, missing_digests, run_check
from storage.lock import one_at_a_time
from storage.transfer import backup as write_backup
from storage.transfer import copy as copy_store
from storage.transfer import daily_backup

app = command_group()


@app.command()
def doctor(
    config: Config = CONFIG,
    quiet: Annotated[
        bool, Option("--quiet", "-q", help="Print what is wrong only.")
    ] = False,
    alive: Annotated[
        bool,
        Option(
            "--alive",
            help="Only whether the job does its work, whatever single pages answer.",
        ),
    ] = False,
    deep: Annotated[
        bool,
        Option(
            "--deep",
            help="Read the whole store for damage, as `policywatch database check` does.",
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Look at configuration, database, routes and last checks: what is wrong, and how to fix it.

    Exit status 1 if something is, 2 if it is the watchlist.

    Examples: `policywatch doctor` · `policywatch doctor --deep` · `policywatch doctor --alive` (a health check)
    """
    findings = is_alive(config) if alive else examine(config, deep=deep)
    print_findings(findings, quiet=quiet, as_json=as_json)
    if any(finding.is_configuration for finding in findings):
        raise Exit(WRONG_USE)
    if not all(finding.good for finding in findings):
        raise Exit(TROUBLE)


def print_findings(
    findings: Sequence[Finding], *, quiet: bool = False, as_json: bool
) -> None:
    """A line each; `quiet`: problems only."""
    if as_json:
        print_json(
            [
                {
                    "good": each.good,
                    "about": each.about,
                    "text": each.text,
                    **each.facts,
                }
                for each in findings
            ]
        )
        return
    for finding in findings:
        if not (quiet and finding.good):
            good = (
                Text("note  ", style="yellow")
                if finding.is_note
                else Text("ok    ", style="green")
            )
            mark = good if finding.good else Text("FIX   ", style="bold red")
            console().print(
                mark + Text(f"{finding.about}: {sanitize(finding.text)}")
            )


database = command_group("Look after the database.")
app.add_typer(database, name="database")


@database.command()
def copy(
    source: Annotated[
        str,
        Argument(
            metavar="FROM", help="A database's address, as `database` has it."
        ),
    ],
    target: Annotated[
        str, Argument(metavar="TO", help="The address of an empty database.")
    ],
) -> None:
    """Copy a whole store into an empty database, SQLite or PostgreSQL, and compare both. All or nothing.

    Stop the job first, and name the new address in the watchlist afterwards. `${NAME}` stands for a variable of the
    environment.

    Example: `policywatch database copy sqlite:///policywatch.db '${DATABASE}'`
    """
    try:
        addresses = [expand(address, os.environ) for address in (source, target)]
    except MissingVariable as failure:
        raise BadParameter(str(failure)) from failure
    old = Database(addresses[0], even_read_only=True, must_exist=True)
    with closing(old), closing(Database(addresses[1])) as new:
        _copy(old, new)


@database.command()
def backup(
    file: Annotated[
        Path,
        Argument(metavar="FILE", help="A new file, or a folder with --keep."),
    ],
    config: Config = CONFIG,
    keep: Annotated[
        int,
        Option(
            min=0,
            help="FILE is a folder: write a file of today into it, and keep the newest so many.",
        ),
    ] = 0,
) -> None:
    """Write the store to a SQLite file, also of PostgreSQL and while the job is at work.

    Examples: `policywatch database backup policywatch.bak` · `policywatch database backup backups --keep 7`
    """
    with opened(config, even_read_only=True) as (_, store):
        if keep:
            file = daily_backup(store, file, keep=keep)
        else:
            write_backup(store, file)
    say(f"Wrote {file}, {file.stat().st_size / 1e6:.1f} MB.")


@database.command()
def restore(
    file: Annotated[
        Path,
        Argument(
            metavar="FILE", help="A backup, or any SQLite file of policywatch."
        ),
    ],
    config: Config = CONFIG,
) -> None:
    """Fill the watchlist's database, which has to be empty, from a backup. All or nothing.

    Example: `policywatch database restore policywatch-2026-03-01.db`
    """
    old = Database(f"sqlite:///{file}", even_read_only=True, must_exist=True)
    with closing(old), opened(config) as (_, store):
        _copy(old, store)


def _copy(old: Database, new: Database) -> None:
    with one_at_a_time(new) as held:
        rows = copy_store(old, held)
    many = f"{counted(sum(rows.values()), 'row')} of {counted(len(rows), 'table')}"
    say(f"{many} copied to {new}, where they are the same.")


@database.command()
def check(config: Config = CONFIG, as_json: Json = False) -> None:
    """Read the whole store for damage: file, references, values, captures against their hashes, paragraphs.

    Exit status 1 if there is any. Example: `policywatch database check`
    """
    with opened(config, even_read_only=True) as (_, store):
        findings = check_store(store, deep=True)
    print_findings(findings, as_json=as_json)
    if not all(finding.good for finding in findings):
        raise Exit(TROUBLE)


@database.command()
def upgrade(config: Config = CONFIG) -> None:
    """Bring the database of an older policywatch up to date; a SQLite file is copied first.

    For PostgreSQL make a backup before it. Where workers are installed, it also makes the tables of their queue.

    Example: `policywatch database upgrade`
    """
    with opened(config, upgrade=True) as (_, store):
        if not store.is_sqlite and find_spec("procrastinate"):
            import_module("policywatch.worker").make_queue(store)
        store.require_whole_schema()
        say(f"{store} is up to date.")


def _digests(texts: list[str] | None) -> list[str]:
    for text in texts or ():
        if not re.fullmatch(r"[0-9a-fA-F]{64}", text):
            raise BadParameter(
                f"{text!r} is no SHA-256: 64 digits, as `policywatch verify` prints the last"
            )
    return [text.lower() for text in texts or ()]


@app.command()
def verify(
    config: Config = CONFIG,
    expect: Annotated[
        list[str] | None,
        Option(
            metavar="DIGEST",
            callback=_digests,
            help="An entry that was kept elsewhere by its SHA-256; several times.",
        ),
    ] = None,
    deep: Annotated[
        bool,
        Option("--deep", help="Extract every text again, not only some."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Check every capture, text, check and message against the chain of hashes, and the timestamps on it; some texts,
    others each day, are extracted again from their captures.

    Exit status 1 if one is not as it was written, or no entry is the expected one. Example: `policywatch verify`
    """
    extracted: Counter[bool | None] = Counter()
    days: Counter[bool | None] = Counter()
    with opened(config, even_read_only=True) as (watchlist, store):
        authority = authority_of(watchlist)
        damage = [*run_check(store, evidence_damage)]
        damage += run_check(store, partial(day_damage, days))
        day = None if deep else utc_now().toordinal()
        check_texts = partial(
            extraction_damage, day, extraction_configs(watchlist), extracted
        )
        damage += run_check(store, check_texts)
        if authority is not None:
            damage += run_check(store, partial(timestamp_damage, authority))
        damage += run_check(store, partial(missing_digests, expect or ()))
        with store.reading() as session:
            head, stamp = last_entry(session), last_timestamp(session)
            late = late_problem(session, utc_now()) if authority else None
    findings = [Finding(False, each.about, each.problem) for each in damage]
    if not damage:
        entries = (
            f"{counted(head.number, 'entry', 'entries')}, SHA-256 of the last: {head.sha256}"
            if head
            else "empty"
        )
        findings.append(
            Finding(
                True,
                "chain",
                entries,
                facts={"sha256": head.sha256} if head else {},
            )
        )
    if stamp is not None and not (damage or late):
        checked = (
            "checked"
            if authority
            else "not checked, as [evidence] names no authority"
        )
        newest = f"{stamp.made_at:%Y-%m-%d %H:%M} UTC, on {entry_name(stamp.entry)}; {checked}"
        findings.append(Finding(True, "timestamp", newest))
    if not damage and extracted:
        same = f"{extracted[True]} of {counted(extracted.total(), 'text')} extracted again, and the same"
        if untold := extracted[None]:
            same += f"; {untold} can't be, by today's rules and watchlist"
        findings.append(Finding(True, "texts", same))
    if not damage and days:
        same = f"{days[True]} of {counted(days.total(), 'day')} of checks and messages as the chain counted them"
        if untold := days[None]:
            same += f"; {untold} can't be compared: something was removed, thinned out or read again since"
        findings.append(Finding(True, "days", same))
    if late:
        findings.append(Finding(False, "timestamp", late))
    print_findings(findings, as_json=as_json)
    if damage or late:
        raise Exit(TROUBLE)
