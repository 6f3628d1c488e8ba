"""The command that lists what changed, over all documents."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import ValidationError

from policywatch.cli.options import CONFIG, Config, Documents, Json, console, opened, print_json
from policywatch.sanitize import harmless

if TYPE_CHECKING:
    from sqlmodel import Session

    from policywatch.config.watchlist import Watchlist
    from policywatch.web.query_params import ChangesPaged

Words = list[str] | None
Service = Annotated[Words, typer.Option("--service", metavar="NAME", help="Only this service; several: any of them.")]
Topic = Annotated[Words, typer.Option("--topic", metavar="NAME", help="Only about this topic, like ai_training.")]
Severity = Annotated[
    str | None, typer.Option("--severity", metavar="WORD", help="high, medium, low: this and above. low: all flagged.")
]
Direction = Annotated[
    Words, typer.Option("--direction", metavar="WORD", help="expands, limits, clarifies, mixed, none.")
]
Language = Annotated[Words, typer.Option("--language", metavar="CODE", help="Only of documents in it, like en.")]


def _day(said: str | None) -> str | None:
    """The last day of that name, today included; anything else as it is."""
    from notifier.when import DAYS
    from storage.clock import utc_now

    if said is None or said.lower() not in DAYS:
        return said
    today = utc_now().date()
    return str(today - timedelta(days=(today.weekday() - DAYS.index(said.lower())) % 7))


def _of_day(flag: str, what: str) -> Any:
    return typer.Option(
        flag, metavar="DAY", callback=_day, help=f"{what}, UTC: 2026-03-02, or monday for the last one."
    )


Since = Annotated[str | None, _of_day("--since", "First day of detection")]
Until = Annotated[str | None, _of_day("--until", "Last day of detection")]
EffectiveFrom = Annotated[str | None, typer.Option("--effective-from", metavar="DAY", help="First date in force.")]
EffectiveTo = Annotated[str | None, typer.Option("--effective-to", metavar="DAY", help="Last date in force.")]
Cosmetic = Annotated[bool, typer.Option("--cosmetic", help="Also changes of form only, and of our reading.")]
Limit = Annotated[int, typer.Option("--limit", help="At most so many, the newest; up to 200.")]
Place = Annotated[str | None, typer.Option("--cursor", metavar="PLACE", help="Go on from where the last list ended.")]


def add_to(app: typer.Typer, panel: str) -> None:
    """Add this file's command, under a heading of the list of them."""
    app.command(rich_help_panel=panel)(changes)


def changes(
    config: Config = CONFIG,
    service: Service = None,
    document: Documents = None,
    topic: Topic = None,
    severity: Severity = None,
    direction: Direction = None,
    language: Language = None,
    since: Since = None,
    until: Until = None,
    effective_from: EffectiveFrom = None,
    effective_to: EffectiveTo = None,
    cosmetic: Cosmetic = False,
    limit: Limit = 50,
    cursor: Place = None,
    as_json: Json = False,
) -> None:
    """List what changed in all documents, newest first; narrowed by the words that the pages and the JSON API take.

    Examples: `policywatch changes --severity low --since monday` (what was flagged) · `policywatch changes --service
    LinkedIn --topic ai_training --json`
    """
    asked = _asked(
        service=service,
        document=document,
        topic=topic,
        severity=severity,
        direction=direction,
        language=language,
        since=since,
        until=until,
        effective_from=effective_from,
        effective_to=effective_to,
        cosmetic=cosmetic,
        limit=limit,
        cursor=cursor,
    )
    with opened(config, even_read_only=True) as (watchlist, database), database.reading() as session:
        page = asked.page(session)
        if as_json:
            from policywatch.changes_json import changes_json

            print_json({"changes": changes_json(session, page), "next": str(page.older) if page.older else None})
        elif page.rows:
            from policywatch.cli.terminal import show_changes

            show_changes(console(), page)
        else:
            console().print(_nothing(session, asked, watchlist))


def _asked(**said: Any) -> ChangesPaged:
    from policywatch.web.query_params import ChangesPaged  # loads slowly, as all that knows the store

    try:
        return ChangesPaged(**{name: value for name, value in said.items() if value is not None})
    except ValidationError as failure:
        name = str(failure.errors()[0]["loc"][0]).replace("_", "-")
        raise typer.BadParameter(str(failure), param_hint=f"--{name}") from failure


def _nothing(session: Session, asked: ChangesPaged, watchlist: Watchlist) -> str:
    """And what there is, where a name that is asked for may be misspelt."""
    from analysis.model import TOPICS
    from messages import ENGLISH, catalogue
    from storage.documents import document, services_and_languages

    for id_ in asked.document:
        document(session, id_)  # raises where there is none
    words = catalogue(ENGLISH)
    if not asked.said:
        return words("changes.empty")
    found = [words("changes.none")]
    if asked.service:
        found.append(f"The services: {', '.join(services_and_languages(session)[0]) or 'none'}.")
    if asked.topic:
        found.append(f"The topics: {', '.join([*TOPICS, *watchlist.topics])}.")
    return harmless(" ".join(found))
