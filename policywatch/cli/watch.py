"""The command that stays: watch."""

from __future__ import annotations

from policywatch.cli.opening import opened, ready
from policywatch.cli.options import CONFIG, Config, Logs
from policywatch.config.recipients import Recipients, recipients
from policywatch.config.reloadable import Reloadable, at_rest
from policywatch.config.watchlist import Watchlist, load, same_database
from policywatch.logs import LogFormat, start_logging
from policywatch.plan import edits, with_additions
from policywatch.watch import watch as stay


def watch(config: Config = CONFIG, log_format: Logs = None) -> None:
    """Stay, and run whenever a document or a delivery is due; for a container or a service. Ends cleanly on SIGTERM.

    The file is read again before each run, so new documents and routes need no restart.

    Example: `policywatch watch --config /data/policywatch.toml`
    """
    start_logging(log_format)
    with opened(config) as (first, database):

        def read() -> tuple[Watchlist, Recipients]:
            watchlist = with_additions(
                same_database(load(at_rest(config)), first, "watch"), database
            )
            return ready(watchlist), recipients(watchlist)

        stay(
            database,
            Reloadable(config, read, also=lambda: edits(database)),
            log_format or LogFormat.TEXT,
        )
