"""A storm: many changes, bad servers, two deliverers at once, and kills at random moments; then counts what came.

    python -m evaluation.alert_storm [--database URL] [--changes 200] [--kills 40] [--seed 1]
    python -m evaluation.alert_storm --speed 1000

Owed is one message for each change and address. A message that came twice is inside the documented window if the
process that sent it first was killed, and that was the last thing it sent: the server had taken it, and the record was
not yet written. Time runs 60 times faster for the deliverers, so that waits of minutes take seconds.
"""

from __future__ import annotations

import argparse
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

from notifier.delivery import DeliveryRun
from notifier.routes import Address, Route
from storage.database import Database
from storage.deliveries import has_undelivered
from tests.inbox import Answer, Hook, mail_server, reset, webhook
from tests.owed import owe, route

SITE = "https://watch.example"
FASTER = 60
EPOCH = datetime.now(UTC)
TROUBLES: tuple[Answer, ...] = (500, (429, {"Retry-After": "5"}, ""), reset, 503)


def deliver_for_ever(database: str, worker: str, epoch: str, *ports: str) -> None:
    """What each deliverer does until it is killed or told to end."""
    began = datetime.fromisoformat(epoch)
    hooks = [Hook(port=int(port)) for port in ports]
    opened = Database(database)

    def now() -> datetime:
        return began + (datetime.now(UTC) - began) * FASTER

    def sleep(seconds: float) -> None:
        time.sleep(seconds / FASTER)

    while True:
        DeliveryRun(
            opened, routes(hooks, worker), base_url=SITE, now=now, sleep=sleep
        ).deliver_due()
        time.sleep(0.1)


def routes(hooks: list[Hook], worker: str) -> list[Route]:
    """Six, on three servers; two of them share an address, so that a change they both want is owed once there."""
    made = []
    for number in range(6):
        mine, shared = hooks[number % 3], hooks[(number // 2) % 3]
        to = (
            Address(
                f"own-{number}", mine.url(f"own-{number}", f"?-worker={worker}")
            ),
            Address(
                f"pair-{number // 2}",
                shared.url(f"pair-{number // 2}", f"?-worker={worker}"),
            ),
        )
        made.append(Route(f"route-{number}", to))
    return made


def storm(database: str, changes: int, kills: int, seed: int) -> bool:
    """True if nothing is missing, and nothing doubled outside the window."""
    chance = random.Random(seed)
    store = Database(database)
    owed: set[tuple[str, int]] = set()
    with webhook() as one, webhook() as two, webhook() as three:
        hooks = [one, two, three]
        ports = [str(hook.port) for hook in hooks]
        started = 0

        def start() -> tuple[str, subprocess.Popen[bytes]]:
            nonlocal started
            started += 1
            command = [
                sys.executable,
                "-m",
                "evaluation.alert_storm",
                "--deliver",
                database,
                f"w{started}",
                EPOCH.isoformat(),
            ]
            return f"w{started}", subprocess.Popen([*command, *ports])

        running = [start(), start()]
        killed: set[str] = set()
        for round_ in range(kills):
            for _ in range(
                changes * (round_ + 1) // kills - changes * round_ // kills
            ):
                numbers = [number for number in range(6) if chance.random() < 0.7]
                change = owe(store, *(f"route-{number}" for number in numbers))
                owed |= {(f"own-{number}", change) for number in numbers}
                owed |= {(f"pair-{number // 2}", change) for number in numbers}
            for hook in hooks:
                hook.always = 200
            hooks[round_ % 3].always = TROUBLES[chance.randrange(len(TROUBLES))]
            time.sleep(chance.uniform(0.3, 3.0))
            name, process = running.pop(0)
            process.send_signal(signal.SIGKILL)
            process.wait()
            killed.add(name)
            running.append(start())
        for hook in hooks:
            hook.always = 200
        _settle(store)
        for _, process in running:
            process.kill()
            process.wait()
        return _judge(hooks, owed, killed, started)


def _settle(store: Database) -> None:
    until = time.monotonic() + 600
    while time.monotonic() < until:
        time.sleep(2)
        with store.reading() as session:
            if not has_undelivered(session):
                return


def _judge(
    hooks: list[Hook], owed: set[tuple[str, int]], killed: set[str], started: int
) -> bool:
    came: dict[tuple[str, int], list[str]] = defaultdict(list)
    last: dict[str, tuple[str, int]] = {}
    for call in sorted(
        (call for hook in hooks for call in hook.taken), key=lambda call: call.at
    ):
        path, worker = re.fullmatch(r"/([\w-]+)\?worker=(\w+)", call.path).groups()  # type: ignore[union-attr]
        change = int(re.search(rf"{SITE}/changes/(\d+)", call.body["message"])[1])  # type: ignore[index]
        came[path, change].append(worker)
        last[worker] = path, change
    missing = owed - came.keys()
    strange = came.keys() - owed
    doubled = {key: workers for key, workers in came.items() if len(workers) > 1}
    outside = [
        key
        for key, by in doubled.items()
        if any(w not in killed or last[w] != key for w in by[:-1])
    ]
    print(
        f"owed {len(owed)}, delivered {len(came)}, missing {len(missing)}, not owed {len(strange)}"
    )
    print(
        f"doubled inside the window {len(doubled) - len(outside)}, outside {len(outside)}"
    )
    print(
        f"deliverers started {started}, killed {len(killed)}, calls {sum(len(hook.calls) for hook in hooks)}"
    )
    return not missing and not strange and not outside


def speed(database: str, alerts: int) -> None:
    """How long a good mail server takes to be told everything: each change to ten people."""
    store = Database(database)
    for _ in range(alerts // 10):
        owe(store, "team")
    with mail_server() as inbox:
        team = route(
            "team",
            *(inbox.url(f"reader-{number}@example.org") for number in range(10)),
        )
        began, busy = time.monotonic(), time.process_time()
        done = DeliveryRun(store, [team], base_url=SITE).deliver_due()
        seconds, own = time.monotonic() - began, time.process_time() - busy
    took = f"{seconds:.1f} s, of which {own:.1f} s at work in this process, the server's side included"
    print(
        f"{done.sent} alerts, {len(inbox.mails)} mails to one SMTP server in {took}"
    )


def main() -> None:
    """See the top of the file."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument(
        "--database", help="an empty database; a new SQLite file if left out"
    )
    options.add_argument("--changes", type=int, default=200)
    options.add_argument("--kills", type=int, default=40)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--speed", type=int, metavar="ALERTS")
    options.add_argument("--deliver", nargs="+", help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.deliver:
        deliver_for_ever(*chosen.deliver)
    with tempfile.TemporaryDirectory(prefix="policywatch-storm-") as folder:
        database = chosen.database or f"sqlite:///{Path(folder) / 'storm.db'}"
        if chosen.speed:
            speed(database, chosen.speed)
            return
        began = time.monotonic()
        fine = storm(database, chosen.changes, chosen.kills, chosen.seed)
        print(f"took {timedelta(seconds=round(time.monotonic() - began))}")
    sys.exit(0 if fine else 1)


if __name__ == "__main__":
    main()
