"""A worker does, beside others on one PostgreSQL, what `run` does alone (docs/scale.md).

Each minute due work is queued from the store: `check` fetches documents of a group of hosts, `read` ingests, `deliver`
sends. The queue is procrastinate's tables, in their own schema of the store's database.
"""

from __future__ import annotations

import asyncio
import hashlib
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from functools import partial
from typing import Any, Final

import psycopg
from procrastinate import App, PsycopgConnector, exceptions
from procrastinate.jobs import DeleteJobCondition, Status
from procrastinate.schema import SchemaManager
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

import crawler.crawl  # noqa: F401  # before threads, which would import Scrapy concurrently
from policywatch.config.recipients import Recipients
from policywatch.config.schema import DocumentEntry
from policywatch.config.watchlist import Watchlist
from policywatch.logs import log
from policywatch.pipeline import Job
from policywatch.plan import by_host, due_times
from policywatch.report import log_checks, log_deliveries, outcomes, ping
from policywatch.views.health import job_problem, undelivered
from storage.chain import head_line
from storage.checks import last_checks, newest_check, unread_checks
from storage.clock import utc_now
from storage.database import SERVER_TIMEOUTS, Database
from storage.errors import (
    STORE_LOST,
    Busy,
    DatabaseUnavailable,
    StorageError,
    with_advice,
)
from storage.lock import LEASE, beside_others

_SCHEMA = "procrastinate"
_TABLES = SchemaManager.get_schema()
# as the schema's comment
_RELEASE = hashlib.sha256(_TABLES.encode()).hexdigest()[:16]
_WRITTEN = "SELECT obj_description(to_regnamespace(%s), 'pg_namespace')"


class NoQueue(StorageError):
    """The queue's tables are missing or of another release."""


def connector(database: Database) -> PsycopgConnector:
    return PsycopgConnector(conninfo=_address(database))


def make_queue(database: Database) -> None:
    """Also replaces another release's tables; stop the workers first."""
    with psycopg.connect(_address(database)) as connection:
        if _is_current(connection):
            return
        name = sql.Identifier(_SCHEMA)
        for statement in ("DROP SCHEMA IF EXISTS {} CASCADE", "CREATE SCHEMA {}"):
            connection.execute(sql.SQL(statement).format(name))
        connection.execute(_TABLES)
        connection.execute(
            sql.SQL("COMMENT ON SCHEMA {} IS {}").format(name, _RELEASE)
        )


def require_queue(database: Database) -> None:
    """Raises `NoQueue`, `DatabaseUnavailable`."""
    try:
        with psycopg.connect(_address(database)) as connection:
            if not _is_current(connection):
                raise NoQueue(
                    "the queue's tables are missing, or of another release; run `policywatch database upgrade`"
                )
    except psycopg.OperationalError as failure:
        raise DatabaseUnavailable(
            f"can't open {database}: {with_advice(failure)}"
        ) from failure


def _is_current(connection: psycopg.Connection) -> bool:
    row = connection.execute(_WRITTEN, [_SCHEMA]).fetchone()
    return row is not None and row[0] == _RELEASE


def _address(database: Database) -> str:
    """For libpq, with the queue's schema first."""
    address = database.url.set(drivername="postgresql").render_as_string(
        hide_password=False
    )
    settings = {"search_path": _SCHEMA, **SERVER_TIMEOUTS}
    own = " ".join(f"-c {name}={value}" for name, value in settings.items())
    options = f"{conninfo_to_dict(address).get('options') or ''} {own}".strip()
    return make_conninfo(address, options=options)


CHECK, READ, DELIVER = QUEUES = ("check", "read", "deliver")
Read = Callable[[], tuple[Watchlist, Recipients]]
_AT_ONCE: Final = 5  # documents of a job
_HEARTBEATS: Final = 6  # in the time of a lease
_LONGEST_PAUSE: Final = 60  # seconds between attempts to reach a lost database
_LATE: Final = (
    "answers"  # late ones, and those of texts in force; no host is called so
)
_Work = tuple[str, str, list[str]]  # queue, group of hosts, documents


def work(
    database: Database,
    read: Read,
    *,
    concurrency: int,
    queues: Sequence[str],
    wait: bool = True,
    lease: float = LEASE,
) -> None:
    """Until SIGTERM or SIGINT, which let current jobs end; a second one stops them too. Without `wait`, until nothing
    is left. `lease`: seconds after which others take over a silent worker's jobs. Raises `NoQueue`.
    """
    asyncio.run(_Worker(database, read, lease).stay(concurrency, queues, wait=wait))


def _say_unforeseen(
    loop: asyncio.AbstractEventLoop, context: dict[str, Any]
) -> None:
    """Others take over a job whose end can't be recorded."""
    if isinstance(context.get("exception"), exceptions.ConnectorException):
        log.debug("a job's end was not noted", exc_info=context["exception"])
    else:
        loop.default_exception_handler(context)


class _Worker:
    def __init__(self, database: Database, read: Read, seconds: float) -> None:
        self._database = database
        self._seconds = seconds
        self._read = read
        self._app = App(connector=connector(database))
        steps: tuple[Callable[..., list[_Work]], ...] = (
            self._check,
            self._ingest,
            self._deliver,
        )
        for queue, step in zip(QUEUES, steps, strict=True):
            self._app.task(name=queue, queue=queue)(partial(self._do, step))
        plan = self._app.task(name="plan", queue=CHECK, queueing_lock="plan")(
            self._plan_task
        )
        self._app.periodic(cron="* * * * *")(plan)

    async def stay(
        self, concurrency: int, queues: Sequence[str], *, wait: bool
    ) -> None:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        loop.set_default_executor(
            ThreadPoolExecutor(2 * concurrency + 2)
        )  # a crawl extracts pages in a thread too

        def stop() -> None:
            assert task is not None
            task.cancel()  # procrastinate lets current jobs end
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)

        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop)
        loop.set_exception_handler(_say_unforeseen)
        pause = 1
        with suppress(asyncio.CancelledError):
            while True:
                try:
                    await asyncio.to_thread(require_queue, self._database)
                    async with self._app.open_async():
                        await self._forget_silent()
                        await self._defer("plan", "", {"timestamp": 0})
                        log.info(
                            "worker started: %s",
                            ", ".join(queues),
                            extra={"event": "worker started"},
                        )
                        pause = 1
                        sweeping = asyncio.create_task(self._sweep())
                        try:
                            await self._app.run_worker_async(
                                queues=list(queues),
                                concurrency=concurrency,
                                wait=wait,
                                fetch_job_polling_interval=1,  # it is not notified of free locks
                                listen_notify=False,
                                delete_jobs=DeleteJobCondition.ALWAYS,
                                install_signal_handlers=False,
                                update_heartbeat_interval=self._seconds
                                / _HEARTBEATS,
                                stalled_worker_timeout=self._silence,
                            )
                        finally:
                            sweeping.cancel()
                except (
                    exceptions.ConnectorException,
                    psycopg.OperationalError,
                    DatabaseUnavailable,
                ) as failure:
                    log.error(
                        "%s; nothing is lost, the worker tries again",
                        with_advice(failure.__cause__ or failure),
                    )
                if not wait:
                    break
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
        log.info("worker ended", extra={"event": "worker ended"})

    async def _sweep(self) -> None:
        """Plans again as soon as a worker is found silent."""
        while True:
            with suppress(exceptions.ConnectorException):
                if await self._forget_silent():
                    await self._defer("plan", "", {"timestamp": 0})
            await asyncio.sleep(self._seconds / _HEARTBEATS)

    async def _forget_silent(self) -> bool:
        """Removes jobs of silent workers, which block their groups; whether there were any."""
        manager = self._app.job_manager
        stalled = [
            *await manager.get_stalled_jobs(seconds_since_heartbeat=self._silence)
        ]
        for job in stalled:
            log.warning(
                "a worker is silent; others take over: %s %s",
                job.task_name,
                job.lock or "",
            )
            with suppress(exceptions.ConnectorException):  # another was faster
                await manager.finish_job(job, Status.FAILED, delete_job=True)
        return bool(stalled)

    @property
    def _silence(self) -> float:
        """Seconds; by then the worker's leases have expired."""
        return self._seconds * (1 + 1 / _HEARTBEATS)

    async def _plan_task(self, timestamp: int) -> None:  # noqa: ARG002  # given by procrastinate
        await self._do(self._plan)
        await self._do(self._beat)

    async def _do(self, step: Callable[..., list[_Work]], **words: Any) -> None:
        """In a thread; queues the following jobs."""
        try:
            following = await asyncio.to_thread(step, **words)
        except Busy as failure:
            log.debug("%s", failure)
            return
        except STORE_LOST as failure:
            log.error(
                "%s; what was finished is kept",
                with_advice(getattr(failure, "orig", failure)),
            )
            return
        for queue, group, documents in following:
            await self._defer(
                queue,
                group,
                {"group": group, "documents": documents}
                if queue != DELIVER
                else {},
            )

    async def _defer(self, name: str, group: str, words: dict[str, Any]) -> None:
        """One lock for a group, and one waiting job of each kind."""
        locks: dict[str, Any] = (
            {"lock": group, "queueing_lock": f"{name} {group}"} if group else {}
        )
        with suppress(exceptions.AlreadyEnqueued):
            await self._app.configure_task(name, **locks).defer_async(**words)

    def _plan(self) -> list[_Work]:
        watchlist, recipients = self._read()
        with self._lease("plan") as held:
            job = Job(watchlist, held, recipients)
            job.declare()
            job.confirm()
        with self._database.reading() as session:
            groups = by_host(watchlist.documents, last_checks(session))
            now = utc_now()
            times = due_times(session, watchlist.documents, now)
            unread = {check.document_id for check in unread_checks(session)}
        following: list[_Work] = [(DELIVER, DELIVER, [])]
        for group, ids in groups.items():
            following += [(READ, group, ids)] if unread & {*ids} else []
            following += (
                [(CHECK, group, ids)]
                if any(times[id_] <= now for id_ in ids)
                else []
            )
        return following

    def _beat(self) -> list[_Work]:
        """Each minute, once something was checked."""
        watchlist, recipients = self._read()
        with self._database.reading() as session:
            if recipients.heartbeat is None or newest_check(session) is None:
                return []
            problem = next(iter(undelivered(session)), None) or job_problem(
                session, watchlist.documents, utc_now()
            )
            head = head_line(session)
        ping(
            recipients.heartbeat,
            "fail" if problem else "good",
            "\n".join(filter(None, (problem, head))),
        )
        return []

    def _check(self, group: str, documents: list[str]) -> list[_Work]:
        with self._lease(group) as held:
            entries = self._watched(documents)
            with held.reading() as session:
                times = due_times(session, entries, utc_now())
            due = sorted(
                (entry for entry in entries if times[entry.id] <= utc_now()),
                key=lambda each: times[each.id],
            )
            now, later = due[:_AT_ONCE], due[_AT_ONCE:]
            job = self._job(now, held)
            job.reprocess()
            checks = self._log(job, job.crawl(now))
            job.thin([entry.id for entry in now])
        has_unread = any(check["outcome"] is None for check in checks)
        return [
            (queue, group, documents)
            for queue, wanted in ((READ, has_unread), (CHECK, later))
            if wanted
        ]

    def _ingest(self, group: str, documents: list[str]) -> list[_Work]:
        if group == _LATE:
            job = self._job([], self._database)
            job.read_late()
            job.answer()
            return []
        with self._lease(group) as held:
            entries = self._watched(documents)
            with held.reading() as session:
                unread = {check.document_id for check in unread_checks(session)}
            job = self._job(
                [entry for entry in entries if entry.id in unread], held
            )
            self._log(job, job.ingest())
        return [(DELIVER, DELIVER, []), (READ, _LATE, [])]

    def _deliver(self) -> list[_Work]:
        job = self._job([], self._database)
        done = job.notify()
        if done.sent or done.failed:
            log_deliveries(done)
        job.timestamp()
        return []

    def _lease(self, group: str) -> AbstractContextManager[Database]:
        return beside_others(self._database, group, lease=self._seconds)

    def _watched(self, documents: Sequence[str]) -> list[DocumentEntry]:
        watchlist, _ = self._read()
        return [entry for entry in watchlist.documents if entry.id in documents]

    def _job(self, entries: Sequence[DocumentEntry], database: Database) -> Job:
        watchlist, recipients = self._read()
        return Job(
            watchlist.model_copy(update={"documents": [*entries]}),
            database,
            recipients,
        )

    def _log(self, job: Job, ids: Sequence[int]) -> list[dict[str, Any]]:
        checks = outcomes(self._database, ids)
        with self._database.reading() as session:
            log_checks(
                checks,
                last_checks(session, [check["document"] for check in checks]),
            )
        for mistake in job.mistakes:
            log.error("a mistake of policywatch", exc_info=mistake)
        return checks
