"""The commands about the database itself: check, upgrade, verify."""

from __future__ import annotations

from functools import partial

import typer

from messages import counted
from policywatch.cli.opening import opened
from policywatch.cli.options import CONFIG, TROUBLE, Config, Json, command_group, console, print_findings
from policywatch.evidence.timestamps import authority_of, timestamp_damage
from policywatch.views.health import Finding, check_store
from storage.chain import entry_name, last_entry, last_timestamp
from storage.integrity import run_check
from storage.verification import evidence_damage

database = command_group("Look after the database.")


@database.command()
def check(config: Config = CONFIG, as_json: Json = False) -> None:
    """Read the whole store for damage: file, rows, references, captures against their hashes, the index of words.

    Exit status 1 if there is any. Example: `policywatch database check`
    """
    with opened(config, even_read_only=True) as (_, store):
        findings = check_store(store, deep=True)
    print_findings(findings, as_json=as_json)
    if not all(finding.good for finding in findings):
        raise typer.Exit(TROUBLE)


@database.command()
def upgrade(config: Config = CONFIG) -> None:
    """Bring the database of an older policywatch up to date; a SQLite file is copied first.

    For PostgreSQL make a dump before it. Example: `policywatch database upgrade`
    """
    with opened(config, upgrade=True) as (_, store):
        console().print(f"{store} is up to date.", soft_wrap=True)


def verify(config: Config = CONFIG, as_json: Json = False) -> None:
    """Check every capture against the chain of hashes, and the timestamps on it.

    Exit status 1 if one is not as it was written. Example: `policywatch verify`
    """
    with opened(config, even_read_only=True) as (watchlist, store):
        authority = authority_of(watchlist)
        damage = [*run_check(store, evidence_damage)]
        if authority is not None:
            damage += run_check(store, partial(timestamp_damage, authority))
        with store.reading() as session:
            head, stamp = last_entry(session), last_timestamp(session)
    findings = [Finding(False, each.about, each.problem) for each in damage]
    if not damage:
        entries = f"{counted(head.number, 'entry', 'entries')}, SHA-256 of the last: {head.sha256}" if head else "empty"
        findings.append(Finding(True, "chain", entries))
    if stamp is not None and not damage:
        checked = "checked" if authority else "not checked, as [evidence] names no authority"
        newest = f"{stamp.made_at:%Y-%m-%d %H:%M} UTC, on {entry_name(stamp.entry)}; {checked}"
        findings.append(Finding(True, "timestamp", newest))
    print_findings(findings, as_json=as_json)
    if damage:
        raise typer.Exit(TROUBLE)
