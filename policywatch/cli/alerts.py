"""The commands about what is sent: deliver, alerts, alerts retry, routes test."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer
from rich.text import Text
from typer import Argument, BadParameter, Exit, Option

from foundation.vocabulary import State
from notifier.delivery import try_routes
from policywatch.cli.opening import opened, reading
from policywatch.cli.options import (
    CONFIG,
    TROUBLE,
    Config,
    Json,
    command_group,
    print_json,
    print_table,
    say,
)
from policywatch.config.recipients import recipients
from policywatch.config.schema import OperatorEntry, ReaderEntry
from policywatch.config.watchlist import Watchlist
from policywatch.pipeline import Job
from policywatch.sanitize import sanitize
from policywatch.views.routing import waiting
from policywatch.views.serializer import (
    deliveries_json,
    waiting_json,
    webhook_change,
)
from storage.clock import utc_now
from storage.columns import MAX_INTEGER
from storage.deliveries import OPERATOR, Delivery, retry_parked

app = command_group()

alerts = command_group()
routes = command_group("The routes: who is alerted of what.")
app.add_typer(alerts, name="alerts")
app.add_typer(routes, name="routes")


@app.command()
def deliver(config: Config = CONFIG) -> None:
    """Send pending alerts.

    Example: `policywatch deliver`
    """
    with opened(config) as (watchlist, database):
        done = Job(watchlist, database, recipients(watchlist)).notify()
    if sys.stdout.isatty():
        say(
            f"Alerts: {done.sent} sent, {done.failed} failed, {done.pending} waiting."
        )
    if done.failed:
        raise Exit(TROUBLE)


@alerts.callback(invoke_without_command=True)
def list_alerts(
    context: typer.Context,
    config: Config = CONFIG,
    parked: Annotated[
        bool, Option("--parked", help="Only what was given up.")
    ] = False,
    route: Annotated[
        str | None, Option(metavar="NAME", help="Only what is for this route.")
    ] = None,
    limit: Annotated[
        int, Option(min=1, max=MAX_INTEGER, help="At most so many, the newest.")
    ] = 50,
    as_json: Json = False,
) -> None:
    """List what was sent and what waits, newest first: when, to which route and address, with how many attempts.

    Examples: `policywatch alerts` · `policywatch alerts --parked` · `policywatch alerts --route team --json`
    """
    if context.invoked_subcommand is not None:
        return
    with reading(config) as (watchlist, session):
        rows = deliveries_json(
            session,
            state=State.PARKED if parked else None,
            route=route,
            limit=limit,
        )
        if not parked:
            changes = waiting(session, watchlist.routes)
            wanted = [
                each
                for each in changes
                if route is None or not each.routes or route in each.routes
            ]
            rows = [*waiting_json(session, wanted), *rows][:limit]
    if as_json:
        print_json(rows)
    elif rows:
        print_table(
            ("id", "state", "time (UTC)", "tries", "route", "address", "about"),
            map(_cells, rows),
        )
    else:
        whose = f" for the route {route!r}" if route else ""
        names = ", ".join(entry.name for entry in watchlist.routes) or "none"
        nothing = (
            f"Nothing{whose} was given up."
            if parked
            else f"Nothing{whose} was sent yet, and nothing waits."
        )
        say(f"{nothing} The watchlist's routes: {names}." if route else nothing)


def _cells(row: dict[str, Any]) -> tuple[str | Text, ...]:
    style = {State.SENT: "green", State.PARKED: "red"}.get(row["state"], "yellow")
    time = row["sent_at"] or row["next_try_at"] or row["created_at"]
    return (
        str(row["id"] or ""),
        Text(row["state"], style=style),
        f"{time:%Y-%m-%d %H:%M}",
        str(row["attempts"]),
        *map(
            sanitize, (", ".join(row["routes"]), row["address"] or "", _about(row))
        ),
    )


def _about(row: dict[str, Any]) -> str:
    changes = [
        f"change {change['id']} {change['document']}{' (withdrawn)' if change['withdrawn'] else ''}"
        for change in row["changes"]
    ]
    nothing = (
        "news for the operator" if row["routes"] == [OPERATOR] else "a correction"
    )
    nothing = {"digest": "no change", "confirmation": "a subscription"}.get(
        row["kind"], nothing
    )
    about = (
        f"{len(changes)} changes"
        if len(changes) > 3
        else ", ".join(changes) or nothing
    )
    more = row["waits"] or row["error"]
    return f"{about}: {more}" if more else about


@alerts.command()
def retry(
    ids: Annotated[
        list[int] | None,
        Argument(
            metavar="ID", max=MAX_INTEGER, help="As `alerts --parked` lists them."
        ),
    ] = None,
    config: Config = CONFIG,
    everything: Annotated[
        bool, Option("--all", help="All that were given up.")
    ] = False,
) -> None:
    """Send again what was given up; corrected addresses receive it.

    Examples: `policywatch alerts retry 17` · `policywatch alerts retry --all`
    """
    if bool(ids) == everything:
        raise BadParameter(
            "give the ids that `policywatch alerts --parked` lists, or --all",
            param_hint="ID",
        )
    with opened(config) as (watchlist, database):
        job = Job(watchlist, database, recipients(watchlist))
        with database.writing() as session:
            again = retry_parked(session, ids, utc_now())
        if unknown := sorted(set(ids or []) - set(again)):
            named = ", ".join(map(str, unknown))
            say(
                f"Not given up, so not sent again: {named}. `policywatch alerts --parked` lists."
            )
        done = job.notify()
        with database.reading() as session:
            tried = [session.get(Delivery, id_) for id_ in again]
    # missing if no route wants it any more, or another message took it
    failed = [
        delivery
        for delivery in tried
        if delivery is not None and delivery.state == State.PARKED
    ]
    for delivery in failed:
        say(
            f"{delivery.id} was given up again: {delivery.address}: {delivery.error}"
        )
    say(
        f"{len(again)} tried again. Alerts: {done.sent} sent, {done.failed} failed, {done.pending} waiting."
    )
    if failed or unknown or done.failed:
        raise Exit(TROUBLE)


@routes.command(name="test")
def send_samples(
    name: Annotated[
        str | None,
        Argument(metavar="NAME", help="Only this route; all if left out."),
    ] = None,
    config: Config = CONFIG,
) -> None:
    """Send a marked sample to each address of the routes, and say what its server answered.

    Example: `policywatch routes test team`
    """
    with opened(config) as (watchlist, database):
        to = recipients(
            watchlist if name is None else _with_one_route(watchlist, name)
        )
        tried = try_routes(
            database, to.routes, base_url=watchlist.site, change_json=webhook_change
        )
    for result in tried:
        status = "ok    " if result.ok else "FAILED"
        say(
            f"{status} {result.route}: {result.address}: {result.answer or 'taken'}"
        )
    if not all(result.ok for result in tried):
        raise Exit(TROUBLE)


def _with_one_route(watchlist: Watchlist, name: str) -> Watchlist:
    """The others may lack variables, which must not prevent this test."""
    chosen = [entry for entry in watchlist.routes if entry.name == name]
    if not chosen:
        names = ", ".join(entry.name for entry in watchlist.routes) or "none"
        raise BadParameter(
            f"there is no such route in {watchlist.file}; it has: {names}",
            param_hint="NAME",
        )
    if not chosen[0].enabled:
        raise BadParameter(
            f"{name!r} is switched off by enabled = false; nobody is alerted",
            param_hint="NAME",
        )
    reader = watchlist.reader if chosen[0].about else ReaderEntry()
    alone = {"routes": chosen, "operator": OperatorEntry(), "reader": reader}
    return watchlist.model_copy(update=alone)
