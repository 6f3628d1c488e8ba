"""Looks over an installation: what is wrong, and how to fix it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlmodel import Session

from messages import counted
from policywatch.config.errors import WatchlistError
from policywatch.config.watchlist import NOTHING_WATCHED, Watchlist, contact_problem, load
from policywatch.plan import GRACE, is_late
from policywatch.schedule.installation import ENVIRONMENT_FILE
from policywatch.trouble import NETWORK, check_troubles, delivery_troubles
from storage.changes import dated_ahead
from storage.checks import Check, last_checks, pauses, unread_checks
from storage.clock import is_ahead, utc_now
from storage.database import Database
from storage.deliveries import counts
from storage.documents import known
from storage.errors import StorageError
from storage.integrity import all_damage, daily_look
from storage.second_readings import last_second_reading


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; `said` holds what is wrong and how to fix it, or that all is well."""

    good: bool
    about: str
    said: str
    is_configuration: bool = False  # the watchlist is wrong, so that no run begins


def is_alive(config: Path) -> list[Finding]:
    """Whether the job does its work: for a health check, which shall not fail because a page is blocked."""
    try:
        watchlist = load(config)
    except WatchlistError as failure:
        return _wrong("watchlist", failure)
    if not watchlist.documents:
        return [_watched(watchlist)]
    try:
        database = Database(watchlist.database)
    except StorageError as failure:
        return [Finding(False, "database", str(failure))]
    with database.reading() as session:
        checks, waits = last_checks(session), pauses(session, utc_now())
        unread = list(_unread(session, watchlist))
    database.close()
    if unread:
        return unread
    made = [(entry, checks[entry.id]) for entry in watchlist.documents if entry.id in checks]
    if not made:
        return [Finding(False, "job", "no document was checked yet")]
    if all(is_late(entry, check, waits.get(entry.id), now=utc_now()) for entry, check in made):
        newest = max((check for _, check in made), key=lambda check: check.checked_at)
        return [Finding(False, "job", f"all documents are overdue, {_overdue(newest)}")]
    return [Finding(True, "job", "documents are checked when they are due")]


def examine(config: Path, *, deep: bool = False) -> list[Finding]:
    """In the order in which things must be fixed; what can't be looked at yet is left out. `deep` reads the whole
    store."""
    try:
        watchlist = load(config)
    except WatchlistError as failure:
        return _wrong("watchlist", failure)
    findings = [_watched(watchlist), *_twice(watchlist), *_told(watchlist)]
    if said := contact_problem(watchlist.contact):
        findings.append(Finding(False, "contact", said, is_configuration=True))
    findings += _rendered(watchlist)
    try:
        database = Database(watchlist.database, even_read_only=True)
    except StorageError as failure:
        return [*findings, Finding(False, "database", str(failure))]
    damaged = check_store(database, deep=deep)  # before anything is written: the log of newest pages is looked at, too
    if any(not finding.good for finding in damaged):
        database.close()
        return [*findings, *damaged]  # what else is read of it may be wrong
    findings += [_writable(database), *damaged]
    with database.reading() as session:
        checks, deliveries = last_checks(session), counts(session)
        second = last_second_reading(session) if watchlist.classify[0].model else None
        restless = [*_restless(session, watchlist), *_left_behind(session, watchlist)]
        findings += _unread(session, watchlist)
        findings += [Finding(False, "deliveries", said) for said in delivery_troubles(session)]
        findings += _dated_ahead(session)
    database.close()
    if deliveries["parked"]:
        up = counted(deliveries["parked"], "was", "were")
        said = f"{up} given up; `policywatch alerts --parked` says why, `policywatch alerts retry --all` sends again"
        findings.append(Finding(False, "deliveries", said))
    if second and second.failure:
        said = f"{second.model} gave no usable answer: {second.failure}; changes are classified without it"
        findings.append(Finding(False, "model", said))
    return [*findings, *restless, *_checked(watchlist, checks)]


def _wrong(about: str, failure: WatchlistError) -> list[Finding]:
    return [Finding(False, about, str(problem), is_configuration=True) for problem in failure.problems]


def check_store(database: Database, *, deep: bool) -> list[Finding]:
    """Whether all is as it was written: all of it where it is `deep`, else what can be found within seconds."""
    damage = list(all_damage(database) if deep else daily_look(database, utc_now().toordinal()))
    if not damage:
        looked = "all that is stored is as it was written" if deep else "no damage in today's sample of the store"
        return [Finding(True, "store", looked)]
    advice = (
        "stop the job, keep a copy of the damaged database, and restore the newest backup that "
        "`policywatch database check` finds whole (docs/deploy.md, Backing up); the next run goes on from there"
    )
    return [
        *(Finding(False, each.about, each.problem) for each in damage),
        Finding(False, "store", f"{counted(len(damage), 'thing is', 'things are')} damaged: {advice}"),
    ]


def _unread(session: Session, watchlist: Watchlist) -> Iterator[Finding]:
    """What was fetched is read at once; where it was not, each run breaks off before it."""
    for check in unread_checks(session):
        waits = utc_now() - check.checked_at
        if waits > GRACE and watchlist.document(check.document_id):
            hours = counted(int(waits / timedelta(hours=1)), "hour")
            said = f"capture {check.capture_id} has been unread for {hours}; run `policywatch read` to see why"
            yield Finding(False, check.document_id, said)


def _twice(watchlist: Watchlist) -> Iterator[Finding]:
    first: dict[tuple[str, ...], str] = {}
    for entry in watchlist.documents:
        if (id_ := first.setdefault(entry.addresses, entry.id)) != entry.id:
            said = f"{id_} has the same address: the page is fetched twice, and each change is alerted twice"
            yield Finding(True, entry.id, said)


def _writable(database: Database) -> Finding:
    try:
        database.try_writing()
    except StorageError as failure:
        return Finding(False, "database", str(failure))
    return Finding(True, "database", f"{database}, {database.size() / 1e6:.1f} MB")


def _watched(watchlist: Watchlist) -> Finding:
    said = counted(len(watchlist.documents), "document") if watchlist.documents else NOTHING_WATCHED
    watches = bool(watchlist.documents)
    return Finding(watches, "watchlist", f"{watchlist.file}: {said}", is_configuration=not watches)


def _rendered(watchlist: Watchlist) -> Iterator[Finding]:
    if not any(entry.render for entry in watchlist.documents):
        return
    from crawler.browser import require  # it brings along all that fetches
    from crawler.failures import DownloadFailed

    try:
        require()
    except DownloadFailed as failure:
        yield Finding(False, "browser", str(failure.reason))


def _told(watchlist: Watchlist) -> Iterator[Finding]:
    from policywatch.config.recipients import recipients  # it brings Apprise along, which a health check does without

    try:
        found = recipients(watchlist)
    except WatchlistError as failure:
        yield from _wrong("routes", failure)
        if (watchlist.file.parent / ENVIRONMENT_FILE).exists():
            take = f"set -a; . ./{ENVIRONMENT_FILE}; set +a"
            said = f"{ENVIRONMENT_FILE} stands beside the watchlist; a shell takes it in by: {take}"
            yield Finding(True, "environment", said)
        return
    names = ", ".join(route.name for route in found.routes)
    said = names or "there are none: changes are stored, and nobody is told; add [[routes]] to the watchlist"
    yield Finding(bool(names), "routes", said)
    if not found.operator:
        yield Finding(
            True, "operator", "nobody hears of pages that can't be read; [operator] to = [...] would tell you"
        )
    if found.templates.folder is not None:
        from notifier.try_templates import template_problems

        problems = template_problems(found.templates)
        yield from (Finding(False, "messages", f"{problem}; ours is used instead") for problem in problems)
        if not problems:
            yield Finding(True, "messages", f"your own templates in {found.templates.folder} work")
    if found.heartbeat is None:
        yield Finding(
            True, "heartbeat", 'nobody notices if the job itself stops; [operator] heartbeat = "https://..." would tell'
        )


def _overdue(check: Check) -> str:
    at = f"{check.checked_at:%Y-%m-%d %H:%M} UTC"
    if is_ahead(check.checked_at, utc_now()):
        return f"the last check is dated {at}, which is still to come: was the clock wrong then, or is it now?"
    return f"the last check was at {at}: does the job still run?"


def _dated_ahead(session: Session) -> Iterator[Finding]:
    ahead = dated_ahead(session, utc_now())
    if not ahead:
        return
    now = "now()" if session.get_bind().dialect.name == "postgresql" else "strftime('%Y-%m-%d %H:%M:%f000', 'now')"
    many = counted(len(ahead), "change is", "changes are")
    latest = f"the latest {ahead[0].detected_at:%Y-%m-%d} (change {ahead[0].id})"
    said = (
        f"{many} dated in time to come, {latest}: was the clock wrong then, or is it now? Until that day they head all "
        "lists and feeds, before what is newer. If it was wrong then, date them by now, while no run is at work, with "
        "`sqlite3` or `psql`: "
    )
    mend = f"UPDATE changes SET detected_at = {now} WHERE detected_at > {now}"  # noqa: S608  # to be shown
    yield Finding(False, "changes", said + mend)


def _restless(session: Session, watchlist: Watchlist) -> Iterator[Finding]:
    # they bring along all that compares, which a health check does without
    from policywatch.ingest.extraction import extraction_configs
    from policywatch.ingest.volatility import volatile_content

    for id_, config in extraction_configs(watchlist).items():
        if found := volatile_content(session, id_, config, utc_now()):
            said = f"has kept changing at one place since {found.since:%Y-%m-%d}, and in nothing worth telling"
            yield Finding(True, id_, f"{said}. {found.reason}")


def _left_behind(session: Session, watchlist: Watchlist) -> Iterator[Finding]:
    """Where an id was changed, whose history nobody would look for under the new one."""
    gone = {row.url: row.id for row in known(session) if watchlist.document(row.id) is None}
    for entry in watchlist.documents:
        if id_ := gone.get(entry.addresses[0]):
            go_on = f"`policywatch documents rename {id_} {entry.id}` goes on with it"
            yield Finding(True, entry.id, f"{id_} had this address; its history ends there: {go_on}")


def _checked(watchlist: Watchlist, checks: dict[str, Check]) -> Iterator[Finding]:
    never = [entry.id for entry in watchlist.documents if entry.id not in checks]
    if never:
        more = f" and {len(never) - 3} more" if len(never) > 3 else ""
        said = f"{', '.join(never[:3])}{more} not checked yet; `policywatch run` does"
        yield Finding(False, "never checked", said)
    made = [checks[entry.id] for entry in watchlist.documents if entry.id in checks]
    troubles = {trouble.about: trouble.text for trouble in check_troubles(made)}
    yield from (Finding(False, about, text) for about, text in troubles.items())
    if NETWORK in troubles:
        return
    for entry in watchlist.documents:
        check = checks.get(entry.id)
        if check and entry.id not in troubles and is_late(entry, check, now=utc_now()):
            yield Finding(False, entry.id, f"due every {entry.every}, {_overdue(check)}")
    if made and not never:
        yield Finding(True, "checks", f"{counted(len(made), 'document was', 'documents were')} tried at least once")
