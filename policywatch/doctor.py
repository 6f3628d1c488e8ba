"""Examines an installation: what is wrong, and how to fix it."""

from __future__ import annotations

import glob
import shlex
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path

from sqlalchemy.exc import InternalError, OperationalError
from sqlmodel import Session

from crawler.browser import require as require_browser
from crawler.failures import DownloadFailed
from foundation.vocabulary import Outcome
from messages import ENGLISH, catalogue, counted
from notifier.routes import AfterReview
from policywatch import sandbox
from policywatch.config.errors import WatchlistError
from policywatch.config.recipients import recipients
from policywatch.config.schema import span
from policywatch.config.watchlist import (
    NOTHING_WATCHED,
    Watchlist,
    contact_problem,
    filter_problems,
    load,
)
from policywatch.entries import with_additions
from policywatch.evidence.timestamps import authority_of, late_problem
from policywatch.ingest.noise import volatile_place
from policywatch.plan import is_late
from policywatch.reader import reader_of
from policywatch.sanitize import terminal_reason
from policywatch.schedule.installation import BACKUPS, ENVIRONMENT_FILE
from policywatch.views.health import (
    Finding,
    by_cause,
    cause_line,
    check_store,
    few_names,
    is_trouble,
    job_problem,
    last_checked,
    nothing_reached,
    undelivered,
    unread_captures,
)
from storage.alternating import alternating_passages
from storage.captures import share_since
from storage.changes import dated_ahead
from storage.checks import Check, last_checks
from storage.clock import utc_now
from storage.database import Database
from storage.deliveries import counts
from storage.documents import edited, known
from storage.errors import StorageError, with_advice
from storage.journal import last_pauses
from storage.readings import dropped_since, usage_since


def examine(config: Path, *, deep: bool = False) -> list[Finding]:
    """In the order of fixing. `deep` reads the whole store."""
    return _looked_at(config, partial(_examine, deep=deep), _settings)


def is_alive(config: Path) -> list[Finding]:
    """It must not fail because a page is blocked."""
    return _looked_at(config, _alive, lambda _watchlist: [])


def _looked_at(
    config: Path,
    look: Callable[[Watchlist, Database], list[Finding]],
    settings: Callable[[Watchlist], list[Finding]],
) -> list[Finding]:
    """The `settings` alone where the database can't be opened."""
    try:
        watchlist = load(config)
        with closing(Database(watchlist.database, even_read_only=True)) as database:
            return look(watchlist, database)
    except WatchlistError as failure:
        return _of_watchlist("watchlist", failure)
    except StorageError as failure:
        return [*settings(watchlist), Finding(False, "database", str(failure))]
    except (OperationalError, InternalError) as failure:
        text = f"went away while it was looked at: {with_advice(failure.orig)}"
        return [Finding(False, "database", text)]


def _of_watchlist(about: str, failure: WatchlistError) -> list[Finding]:
    return [
        Finding(False, about, str(problem), is_configuration=True)
        for problem in failure.problems
    ]


def _watched(watchlist: Watchlist) -> Finding:
    watches = bool(watchlist.documents)
    text = (
        counted(len(watchlist.documents), "document")
        if watches
        else NOTHING_WATCHED
    )
    return Finding(
        watches,
        "watchlist",
        f"{watchlist.file}: {text}",
        is_configuration=not watches,
    )


def _alive(watchlist: Watchlist, database: Database) -> list[Finding]:
    watchlist = with_additions(watchlist, database)
    if not watchlist.documents:
        return [_watched(watchlist)]
    with database.reading() as session:
        unread = unread_captures(session, watchlist)
        problem = job_problem(session, watchlist.documents, utc_now())
    text = problem or "documents are checked when they are due"
    return unread or [Finding(problem is None, "job", text)]


def _examine(
    watchlist: Watchlist, database: Database, *, deep: bool
) -> list[Finding]:
    watchlist = with_additions(watchlist, database)
    findings = _settings(watchlist)
    store = check_store(
        database, deep=deep
    )  # before any write: it also examines the write-ahead log
    if not all(finding.good for finding in store):  # what it says may be wrong
        return [*findings, *store]
    return [
        *findings,
        _writable(database),
        *store,
        *_model(watchlist, database),
        *_readable(watchlist, database),
        *_backup(watchlist, database),
        *_stored(database, watchlist),
    ]


def _settings(watchlist: Watchlist) -> list[Finding]:
    findings = [
        _watched(watchlist),
        *_same_address(watchlist),
        *_recipients(watchlist),
    ]
    if problem := contact_problem(watchlist.contact):
        findings.append(Finding(False, "contact", problem, is_configuration=True))
    return [
        *findings,
        _reader(),
        *_browser(watchlist),
        *_sources(watchlist),
        *_evidence(watchlist),
    ]


def _stored(database: Database, watchlist: Watchlist) -> Iterator[Finding]:
    with database.reading() as session:
        yield from _disk(database, watchlist, session)
        yield from unread_captures(session, watchlist)
        yield from (
            Finding(False, "deliveries", line) for line in undelivered(session)
        )
        yield from _dated_ahead(session)
        if failed := counts(session)["parked"]:
            advice = "`policywatch alerts --parked` says why, `policywatch alerts retry --all` sends again"
            yield Finding(
                False,
                "deliveries",
                f"{counted(failed, 'was', 'were')} given up; {advice}",
            )
        if watchlist.evidence and (late := late_problem(session, utc_now())):
            yield Finding(False, "timestamp", late)
        yield from _paused(session)
        yield from _volatile(session, watchlist)
        yield from _renamed(session, watchlist)
        yield from _checked(watchlist, last_checks(session))


def _same_address(watchlist: Watchlist) -> Iterator[Finding]:
    first: dict[tuple[str | None, ...], str] = {}
    for entry in watchlist.documents:
        place = (entry.repository, *entry.addresses)
        if (id_ := first.setdefault(place, entry.id)) != entry.id:
            text = f"{id_} has the same address: the page is fetched twice, and each change is alerted twice"
            yield Finding(True, entry.id, text, is_note=True)


def _writable(database: Database) -> Finding:
    try:
        database.try_writing()
    except StorageError as failure:
        return Finding(False, "database", str(failure))
    return Finding(True, "database", f"{database}, {database.size() / 1e6:.1f} MB")


def _disk(
    database: Database, watchlist: Watchlist, session: Session
) -> Iterator[Finding]:
    """By the last month's growth: new texts by their share of the file, checks by their frequency."""
    if database.sqlite_file is None:
        return
    month = timedelta(days=30)
    checks = sum(
        month / span(entry.every) * 200 for entry in watchlist.documents
    )  # bytes, with indexes
    growth = share_since(session, utc_now() - month) * database.size() + checks
    free = shutil.disk_usage(database.sqlite_file.parent).free
    if free < growth:
        grows = f"{free / 1e6:.0f} MB are free, and the database grows by some {growth / 1e6:.0f} MB in 30 days"
        yield Finding(
            False,
            "disk",
            f"{grows}: make room, or keep less (docs/deploy.md, Size)",
        )


def _backup(watchlist: Watchlist, database: Database) -> Iterator[Finding]:
    """The newest that the jobs of `schedule` wrote, one a day, where they wrote any."""
    folder = (database.sqlite_file or watchlist.file).parent / BACKUPS
    newest = max(folder.glob("policywatch-????-??-??.db"), default=None)
    if newest is None:
        return
    is_recent = (
        newest.stem >= f"policywatch-{utc_now() - timedelta(days=2):%Y-%m-%d}"
    )
    text = f"the newest is {newest}"
    advice = "; the job that writes one each night has stopped: `policywatch schedule` prints it"
    yield Finding(is_recent, "backup", text if is_recent else text + advice)


def _readable(watchlist: Watchlist, database: Database) -> Iterator[Finding]:
    """What other users of this machine can read or lock."""
    files = [watchlist.file.parent / ENVIRONMENT_FILE]
    if database.sqlite_file is not None:
        files += sorted(
            database.sqlite_file.parent.glob(
                f"{glob.escape(database.sqlite_file.name)}*"
            )
        )
    for file in files:
        if file.is_file() and _is_open_to_others(file):
            text = f"others on this machine can read {file}: `chmod o= {shlex.quote(str(file))}`"
            yield Finding(False, "files", text)


def _is_open_to_others(file: Path) -> bool:
    folders = file.resolve().parents
    return bool(file.stat().st_mode & stat.S_IROTH) and all(
        each.stat().st_mode & stat.S_IXOTH for each in folders
    )


def _reader() -> Finding:
    walls = sandbox.walls()
    missing = [
        name
        for name, stands in (("Landlock", walls.files), ("seccomp", walls.calls))
        if not stands
    ]
    if not missing:
        return Finding(
            True,
            "reader",
            "reads pages in a process that reaches no file, socket or other process",
        )
    text = f"reads pages in a process of its own, which this system can't shut in for want of {' and '.join(missing)}"
    return Finding(
        True,
        "reader",
        f"{text}; who finds a hole in a parser gets what this user can reach",
    )


def _model(watchlist: Watchlist, database: Database) -> Iterator[Finding]:
    """Asks it about the example that ships."""
    try:
        reader = reader_of(database, recipients(watchlist))
    except WatchlistError:
        return
    if reader is None:
        return
    from policywatch.reader.example import try_example  # of an extra

    try:
        _, reading, seconds = try_example(reader)
    except StorageError:
        return
    name, month = reader.model.name, utc_now() - timedelta(days=30)
    if failure := reading.get("failure"):
        text = f"{name} gave no usable answer: {failure}; changes are classified without it"
        yield Finding(False, "model", text)
        return
    with database.reading() as session:
        usage, dropped = usage_since(session, month), dropped_since(session, month)
    text = (
        f"{name} read an example in {seconds:.1f} seconds; in 30 days: "
        f"{counted(usage.questions, 'question')}, {usage.tokens_in} tokens in, {usage.tokens_out} out, "
        f"{counted(dropped, 'sentence')} dropped"
    )
    cost = reader.model.cost(usage.tokens_in, usage.tokens_out)
    yield Finding(
        True, "model", text if cost is None else f"{text}, for {cost:.2f}"
    )


def _browser(watchlist: Watchlist) -> Iterator[Finding]:
    if any(entry.render for entry in watchlist.documents):
        try:
            require_browser()
        except DownloadFailed as failure:
            yield Finding(False, "browser", str(failure.reason))


def _evidence(watchlist: Watchlist) -> list[Finding]:
    try:
        authority_of(watchlist)
    except WatchlistError as failure:
        return _of_watchlist("evidence", failure)
    return []


def _sources(watchlist: Watchlist) -> Iterator[Finding]:
    by_source: dict[str, list[str]] = {}
    for entry in watchlist.documents:
        by_source.setdefault(entry.source_name, []).append(entry.id)
    yield from (
        Finding(True, "source", f"{source}: {', '.join(ids)}")
        for source, ids in by_source.items()
    )
    if (
        any(entry.source == "open-terms-archive" for entry in watchlist.documents)
        and shutil.which("git") is None
    ):
        yield Finding(
            False,
            "git",
            "is not installed, and Open Terms Archive can't be read without it",
        )


def _recipients(watchlist: Watchlist) -> Iterator[Finding]:
    try:
        to = recipients(watchlist)
    except WatchlistError as failure:
        yield from _of_watchlist("routes", failure)
        if (watchlist.file.parent / ENVIRONMENT_FILE).exists():
            take = f"set -a; . ./{ENVIRONMENT_FILE}; set +a"
            text = f"{ENVIRONMENT_FILE} stands beside the watchlist; a shell takes it in by: {take}"
            yield Finding(True, "environment", text)
        return
    for problem in filter_problems(watchlist):  # a document may have gone meanwhile
        yield Finding(True, "routes", str(problem), is_note=True)
    names = ", ".join(route.name for route in to.routes)
    text = (
        names
        or "there are none: changes are stored, and nobody is alerted; add [[routes]] to the watchlist"
    )
    yield Finding(bool(names), "routes", text)
    held = [
        route.name for route in to.routes if isinstance(route.when, AfterReview)
    ]
    if held and not watchlist.people:
        text = (
            f"{', '.join(held)}: waits for a review; who shall review on the pages signs in by name: add [[people]] "
            "(docs/browse.md); `policywatch review` does it from here"
        )
        yield Finding(True, "reviews", text, is_note=True)
    if not to.operator.to:
        text = "nobody hears of pages that can't be read; [operator] to = [...] would tell you"
        yield Finding(True, "operator", text, is_note=True)
    if to.heartbeat is None:
        text = 'none is set; nobody will know if the job stops: [operator] heartbeat = "https://..." reports it'
        yield Finding(True, "heartbeat", text, is_note=True)


def _dated_ahead(session: Session) -> Iterator[Finding]:
    ahead = dated_ahead(session, utc_now())
    if not ahead:
        return
    now = (
        "now()"
        if session.get_bind().dialect.name == "postgresql"
        else "strftime('%Y-%m-%d %H:%M:%f000', 'now')"
    )
    many = counted(len(ahead), "change is", "changes are")
    latest = f"the latest {ahead[0].detected_at:%Y-%m-%d} (change {ahead[0].id})"
    text = (
        f"{many} dated in time to come, {latest}: was the clock wrong then, or is it now? Until that day they head all "
        "lists and feeds, before what is newer. If it was wrong then, date them by now, while no run is at work, with "
        "`sqlite3` or `psql`: "
    )
    fix = f"UPDATE changes SET detected_at = {now} WHERE detected_at > {now}"  # noqa: S608  # to be shown
    yield Finding(False, "changes", text + fix)


def _paused(session: Session) -> Iterator[Finding]:
    """Paused on the pages."""
    pauses, words = last_pauses(session), catalogue(ENGLISH)
    for row in edited(session):
        if not row.paused:
            continue
        text, facts = "is paused, and not checked", {"paused": row.id}
        if entry := pauses.get(row.id):
            who = words.actor(entry.by, entry.via)
            text += f", since {entry.at:%Y-%m-%d %H:%M} UTC, by {who}"
            facts |= {"since": entry.at.isoformat(), "by": who}
        yield Finding(
            True,
            row.id,
            f"{text}; its page has a button to watch it again",
            is_note=True,
            facts=facts,
        )


def _volatile(session: Session, watchlist: Watchlist) -> Iterator[Finding]:
    ids = [entry.id for entry in watchlist.documents]
    longest = {
        row.document_id: row for row in reversed(alternating_passages(session, ids))
    }
    for id_ in ids:
        place = volatile_place(session, longest[id_]) if id_ in longest else None
        if place is not None:
            reason, change_id = place
            text = f"has kept changing in one place since {longest[id_].since:%Y-%m-%d}; that alone alerts nobody"
            text = f"{text}. {terminal_reason(reason)}"
            if change_id is not None:
                text += f" `policywatch ignore {change_id}` leaves out what is not part of the document."
            yield Finding(True, id_, text)


def _renamed(session: Session, watchlist: Watchlist) -> Iterator[Finding]:
    """Under a new id: nobody would look for their history there."""
    gone = {
        row.url: row.id
        for row in known(session)
        if watchlist.document(row.id) is None
    }
    for entry in watchlist.documents:
        if id_ := gone.get(entry.addresses[0]):
            go_on = (
                f"`policywatch documents rename {id_} {entry.id}` goes on with it"
            )
            yield Finding(
                True,
                entry.id,
                f"{id_} had this address; its history ends there: {go_on}",
            )


def _checked(watchlist: Watchlist, checks: dict[str, Check]) -> Iterator[Finding]:
    never = [entry.id for entry in watchlist.documents if entry.id not in checks]
    if never:
        text = f"{few_names(never)} not checked yet; `policywatch run` does"
        yield Finding(False, "never checked", text)
    checked = [
        (entry, checks[entry.id])
        for entry in watchlist.documents
        if entry.id in checks
    ]
    if offline := nothing_reached([check for _, check in checked]):
        yield Finding(False, "network", offline)
        return
    late = [
        check
        for entry, check in checked
        if not is_trouble(check) and is_late(entry, check, now=utc_now())
    ]
    if late:  # one finding
        newest = last_checked(
            max(late, key=lambda check: check.checked_at), utc_now()
        )
        yield Finding(
            False,
            "job",
            f"{counted(len(late), 'document is', 'documents are')} overdue; {newest}",
        )
    troubles = by_cause(check for _, check in checked if is_trouble(check))
    for checks_of_cause in troubles:
        first = checks_of_cause[0]
        line = cause_line(checks_of_cause)
        if first.outcome == Outcome.HELD:
            advice = f"`policywatch accept {first.document_id}` shows it, and takes it if it is right"
            if first.rejected_as is not None:
                advice = f"rejected by a person; `policywatch accept {first.document_id}` still takes it"
            line = f"{line.removesuffix('.')}; {advice}"
        alone = len(checks_of_cause) == 1
        yield Finding(
            False,
            first.document_id if alone else "checks",
            line.removeprefix(f"{first.document_id}: ") if alone else line,
        )
    if checked and not (never or late or troubles):
        text = f"{counted(len(checked), 'document was', 'documents were')} tried at least once"
        yield Finding(True, "checks", text)
