"""The commands about what is sent: deliver, alerts, alerts retry, routes test."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Annotated, Any

import typer
from rich.text import Text

from policywatch.cli.options import CONFIG, TROUBLE, Config, Json, console, opened, print_json, print_table, who_is_told
from policywatch.config.watchlist import Watchlist
from policywatch.sanitize import harmless
from storage.columns import MAX_INTEGER

Parked = Annotated[bool, typer.Option("--parked", help="Only what was given up.")]
ForRoute = Annotated[str | None, typer.Option("--route", metavar="NAME", help="Only what is for this route.")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=MAX_INTEGER, help="At most so many, the newest.")]

alerts = typer.Typer()
routes = typer.Typer(help="The routes: who is told of what.", no_args_is_help=True)


def add_to(app: typer.Typer, panel: str) -> None:
    """Add this file's commands, under a heading of the list of them."""
    app.command(rich_help_panel=panel)(deliver)
    alerts.callback(invoke_without_command=True)(alerts_list)
    alerts.command(name="retry")(alerts_retry)
    app.add_typer(alerts, name="alerts", rich_help_panel=panel)
    routes.command(name="test")(routes_test)
    app.add_typer(routes, name="routes", rich_help_panel=panel)


def deliver(config: Config = CONFIG) -> None:
    """Send the alerts that are owed and due.

    Example: `policywatch deliver`
    """
    from policywatch.pipeline import Job

    with opened(config) as (watchlist, database):
        done = Job(watchlist, database, who_is_told(watchlist)).notify()
    if sys.stdout.isatty():
        console().print(f"Alerts: {done.sent} sent, {done.failed} failed, {done.pending} waiting.")
    if done.failed:
        raise typer.Exit(TROUBLE)


def alerts_list(
    context: typer.Context,
    config: Config = CONFIG,
    parked: Parked = False,
    route: ForRoute = None,
    limit: Limit = 50,
    as_json: Json = False,
) -> None:
    """List what was sent and what waits, newest first: when, to which route and address, with how many attempts.

    Examples: `policywatch alerts` · `policywatch alerts --parked` · `policywatch alerts --route team --json`
    """
    from policywatch.deliveries_json import deliveries_json, waiting_json
    from policywatch.waiting import waiting
    from storage.deliveries import State

    if context.invoked_subcommand is not None:
        return
    with opened(config, even_read_only=True) as (watchlist, database), database.reading() as session:
        rows = deliveries_json(session, state=State.PARKED if parked else None, route=route, limit=limit)
        if not parked:
            still = waiting(session, [entry for entry, _ in watchlist.routes])
            those = [one for one in still if route is None or not one.routes or route in one.routes]
            rows = [*waiting_json(session, those), *rows][:limit]
    if as_json:
        print_json(rows)
        return
    if not rows:
        whose = f" for the route {route!r}" if route else ""
        have = ", ".join(entry.name for entry, _ in watchlist.routes) or "none"
        none = f"Nothing{whose} was given up." if parked else f"Nothing{whose} was sent yet, and nothing waits."
        console().print(f"{none} The watchlist's routes: {have}." if route else none)
        return
    print_table(("id", "state", "time (UTC)", "tries", "route", "address", "about"), map(_cells, rows))


def _cells(row: dict[str, Any]) -> tuple[str | Text, ...]:
    from storage.deliveries import State

    style = {State.SENT: "green", State.PARKED: "red"}.get(row["state"], "yellow")
    time = row["sent_at"] or row["next_try_at"] or row["created_at"]
    return (
        str(row["id"] or ""),
        Text(row["state"], style=style),
        time[:16].replace("T", " "),
        str(row["attempts"]),
        *map(harmless, (", ".join(row["routes"]), row["address"] or "", _about(row))),
    )


def _about(row: dict[str, Any]) -> str:
    changes = [f"change {change['id']} {change['document']}" for change in row["changes"]]
    none = "no change" if row["kind"] == "digest" else "news for the operator"
    said = f"{len(changes)} changes" if len(changes) > 3 else ", ".join(changes) or none
    more = row["waits"] or row["error"]
    return f"{said}: {more}" if more else said


def alerts_retry(
    ids: Annotated[
        list[int] | None, typer.Argument(metavar="ID", max=MAX_INTEGER, help="As `alerts --parked` lists them.")
    ] = None,
    config: Config = CONFIG,
    everything: Annotated[bool, typer.Option("--all", help="All that were given up.")] = False,
) -> None:
    """Send again what was given up; what was for an address that has been put right in its route goes to the new one.

    Examples: `policywatch alerts retry 17` · `policywatch alerts retry --all`
    """
    from policywatch.config.recipients import recipients
    from policywatch.pipeline import Job
    from storage.clock import utc_now
    from storage.deliveries import Delivery, State, retry_parked

    if bool(ids) == everything:
        raise typer.BadParameter("give the ids that `policywatch alerts --parked` lists, or --all", param_hint="ID")
    with opened(config) as (watchlist, database):
        job = Job(watchlist, database, recipients(watchlist))
        with database.writing() as session:
            again = retry_parked(session, ids, utc_now())
        if strange := sorted(set(ids or []) - set(again)):
            named = ", ".join(map(str, strange))
            console().print(f"Not given up, so not sent again: {named}. `policywatch alerts --parked` lists.")
        done = job.notify()
        with database.reading() as session:
            tried = [session.get(Delivery, id_) for id_ in again]
    # none where no route wants it any more, or where it went into a message to another
    left = [delivery for delivery in tried if delivery is not None and delivery.state == State.PARKED]
    for delivery in left:
        said = f"{delivery.id} was given up again: {delivery.address}: {delivery.error}"
        console().print(harmless(said))
    console().print(
        f"{len(again)} tried again. Alerts: {done.sent} sent, {done.failed} failed, {done.pending} waiting."
    )
    if left or strange or done.failed:
        raise typer.Exit(TROUBLE)


def _with_one_route(watchlist: Watchlist, name: str) -> Watchlist:
    """So that the others, which may lack a variable, don't keep it from being tried."""
    from policywatch.config.schema import ClassifyEntry, OperatorEntry

    chosen = [pair for pair in watchlist.routes if pair[0].name == name]
    if not chosen:
        have = ", ".join(entry.name for entry, _ in watchlist.routes) or "none"
        raise typer.BadParameter(f"there is no such route in {watchlist.file}; it has: {have}", param_hint="NAME")
    if not chosen[0][0].enabled:
        raise typer.BadParameter(f"{name!r} is switched off by enabled = false; nobody is told", param_hint="NAME")
    operator, no_model = (OperatorEntry(), watchlist.operator[1]), (ClassifyEntry(), watchlist.classify[1])
    return replace(watchlist, routes=tuple(chosen), operator=operator, classify=no_model)


def routes_test(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Only this route; all if left out.")] = None,
    config: Config = CONFIG,
) -> None:
    """Send a marked sample to each address of the routes, and say what its server answered.

    Example: `policywatch routes test team`
    """
    from notifier.delivery import try_routes

    with opened(config) as (watchlist, database):
        to = who_is_told(watchlist if name is None else _with_one_route(watchlist, name))
        tried = try_routes(database, to.routes, base_url=watchlist.site, templates=to.templates)
    for one in tried:
        console().print(f"{'ok    ' if one.ok else 'FAILED'} {one.route}: {one.address}: {harmless(one.said)}")
    if not all(one.ok for one in tried):
        raise typer.Exit(TROUBLE)
