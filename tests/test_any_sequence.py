"""After any sequence of what people and sites do, `verify`, `database check` and `doctor` find nothing damaged."""

from __future__ import annotations

import io
import json
import re
import shutil
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack, closing, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from functools import partial
from itertools import takewhile
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import currently_in_test_context, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

import storage.clock
from policywatch.cli import main
from policywatch.config.recipients import recipients
from policywatch.config.watchlist import load
from policywatch.web.backend import WatchlistState
from storage.database import Database
from tests.archive import Commit, repository
from tests.archived import day
from tests.archived import policy as archived_policy
from tests.conftest import made
from tests.inbox import mail_server
from tests.indexed import assert_indexed
from tests.site import AI, ERROR_PAGE, PARAGRAPHS, a_site, policy
from tests.web_pages import visited

SOLD = "We sell the list of what you read to our advertising partners."
# what a page can be
PAGES: dict[str, str | tuple[int, str]] = {
    "plain": policy(),
    "with AI": policy(AI),
    "sold": policy(SOLD, paragraphs=PARAGRAPHS[1:]),
    "both": policy(SOLD, AI),
    "linking": policy('<a href="/terms-of-sale">Terms of sale</a>', AI),
    "only a third": policy(paragraphs=PARAGRAPHS[:2]),
    "another third": policy(paragraphs=PARAGRAPHS[4:]),
    "an error page": ERROR_PAGE,
    "nothing": "<html></html>",
    "gone": (410, "gone"),
    "forbidden": (403, "no"),
}
NAMES = ("privacy", "terms", "cookies")
SAVED = {
    "2019-03-01": policy(paragraphs=PARAGRAPHS[:5]),
    "2019-09-01": policy(),
    "2020-03-01": policy(SOLD),
}

HELD = st.sampled_from(["only a third", "another third", "an error page"])
documents, states, kinds = (
    st.sampled_from(NAMES),
    st.sampled_from([*PAGES]),
    st.sampled_from(["sqlite", "postgresql"]),
)


class Later(datetime):
    """The clock that the program reads, set forward by `passed`."""

    passed = timedelta()

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        return datetime.now(tz) + cls.passed


@dataclass(frozen=True)
class Given:
    """What all sequences share."""

    folder: Path
    file: Path  # an empty store
    server: str  # a PostgreSQL
    template: str  # an empty store there
    archive: Path
    # how often each operation was done, by its name and exit status
    done: Counter[str]


@pytest.fixture
def given(
    migrated: Path,
    postgres_server: str,
    migrated_postgres: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Given:
    monkeypatch.setattr(storage.clock, "datetime", Later)
    texts = [
        archived_policy(),
        archived_policy(AI),
        archived_policy(),
        archived_policy(SOLD),
    ]
    commits = [
        Commit(day(30 * n), "Library/Privacy Policy.md", text)
        for n, text in enumerate(texts)
    ]
    archive = repository(tmp_path / "versions.git", commits)
    for date, page in SAVED.items():
        (tmp_path / "saved").mkdir(exist_ok=True)
        (tmp_path / "saved" / f"{date}.html").write_text(page, "utf-8")
    return Given(
        tmp_path, migrated, postgres_server, migrated_postgres, archive, Counter()
    )


class AnySequence(RuleBasedStateMachine):
    """A rule is something that a person or a site does. Each calls the command itself, in this process, or asks the
    pages; `do` says which exit statuses are none of a failure."""

    def __init__(self, given: Given) -> None:
        super().__init__()
        self.given, self.open = given, ExitStack()
        self.folder = Path(
            self.open.enter_context(tempfile.TemporaryDirectory(dir=given.folder))
        )
        self.site, self.inbox = (
            self.open.enter_context(a_site()),
            self.open.enter_context(mail_server()),
        )
        self.ids = {name: f"library/{name}" for name in NAMES}
        Later.passed = timedelta()

    def teardown(self) -> None:
        self.open.close()

    @property
    def config(self) -> Path:
        return self.folder / "policywatch.toml"

    def write_config(self) -> None:
        entries = [
            f'[[documents]]\nid = "{id_}"\nservice = "Library"\ntitle = "Privacy policy of the library"\n'
            f'kind = "privacy-policy"\nurl = "{self.site.url}/{name}"\nallow_private = true\n'
            for name, id_ in self.ids.items()
        ]
        text = (
            f'contact = "test@example.org"\ndatabase = "{self.url}"\nsite = "https://watch.example"\n'
            "[crawl]\ndelay = 0\nconfirm_delay = 0\n[retention]\nchecks = 7\ndeliveries = 7\nset_aside = 7\n"
            f'[[routes]]\nname = "all"\nto = ["file://{self.folder}/alerts.txt"]\n'
            f'[[routes]]\nname = "weekly"\nto = ["file://{self.folder}/digest.txt"]\nwhen = "weekly monday 08:00"\n'
            f'[operator]\nto = ["file://{self.folder}/operator.txt"]\nafter = 2\n'
            f'[mail]\nhost = "localhost"\nport = {self.inbox.port}\nsecurity = "none"\nfrom = "watch@example.net"\n'
            "[web]\nsubscribe = true\n"
        )
        self.config.write_text(text + "".join(entries), "utf-8")

    def new_store(self, kind: str) -> str:
        """The address of an empty one."""
        if kind == "postgresql":
            return self.open.enter_context(
                made(self.given.server, self.given.template)
            )
        file = self.folder / f"{len([*self.folder.iterdir()])}.db"
        return f"sqlite:///{shutil.copyfile(self.given.file, file)}"

    def do(self, *words: object, allowed: tuple[int, ...] = (0,)) -> str:
        """A command; its output."""
        arguments = [*map(str, words), "--config", str(self.config)]
        out, err, status = io.StringIO(), io.StringIO(), 0
        with (
            patch.object(sys, "argv", ["policywatch", *arguments]),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            try:
                main()
            except SystemExit as ended:
                status = ended.code if isinstance(ended.code, int) else 0
        if currently_in_test_context():
            note(
                f"{' '.join(map(str, words))}: {status} {err.getvalue().strip()[-200:]}"
            )
        self.given.done[
            f"{' '.join(takewhile(str.isidentifier, map(str, words)))} {status}"
        ] += 1
        assert status in allowed, (words, out.getvalue(), err.getvalue())
        return out.getvalue()

    def check(self, name: str) -> None:
        self.do("run", "--now", "--document", self.ids[name], allowed=(0, 1))

    # what people and sites do

    @initialize(kind=kinds)
    def begin(self, kind: str) -> None:
        self.site.pages |= {f"/{name}": policy(name) for name in NAMES}
        self.url = self.new_store(kind)
        self.write_config()
        self.do("run")

    @rule(name=documents, state=states)
    def change(self, name: str, state: str) -> None:
        self.site.pages[f"/{name}"] = PAGES[state]
        self.check(name)

    @rule(name=documents, a=states, b=states, times=st.integers(2, 4))
    def alternate(self, name: str, a: str, b: str, times: int) -> None:
        for self.site.pages[f"/{name}"] in [PAGES[a], PAGES[b]] * times:
            self.check(name)

    @rule(name=documents, times=st.integers(1, 4))
    def stay(self, name: str, times: int) -> None:
        for _ in range(times):
            self.check(name)

    @rule(hours=st.sampled_from([1, 25, 24 * 8, 24 * 40]))
    def wait(self, hours: int) -> None:
        Later.passed += timedelta(hours=hours)
        self.do("run", allowed=(0, 1))

    @rule(name=documents, state=HELD)
    def accept(self, name: str, state: str) -> None:
        self.change(name, state)
        self.do("accept", self.ids[name], "--yes", allowed=(0, 1, 2))

    @rule(name=documents, state=HELD)
    def reject(self, name: str, state: str) -> None:
        self.change(name, state)
        self.do("reject", self.ids[name], allowed=(0, 1, 2))

    @rule(name=documents, times=st.integers(1, 2))
    def withdraw(self, name: str, times: int) -> None:
        """The newest version."""
        for _ in range(times):
            history = self.do("history", self.ids[name], "--json", allowed=(0, 2))
            numbers = (
                [row["number"] for row in json.loads(history)["versions"]]
                if history
                else []
            )
            if numbers:
                self.do(
                    "withdraw",
                    self.ids[name],
                    max(numbers),
                    "--yes",
                    allowed=(0, 1, 2),
                )

    @rule(name=documents, imported=st.booleans())
    def remove(self, name: str, imported: bool) -> None:
        more = ["--imported"] if imported else []
        self.do(
            "documents", "remove", self.ids[name], "--yes", *more, allowed=(0, 1, 2)
        )

    @rule(name=documents)
    def rename(self, name: str) -> None:
        old = self.ids[name]
        self.ids[name] = f"{old}-{name[0]}"
        self.do("documents", "rename", old, self.ids[name], allowed=(0, 1, 2))
        self.write_config()

    @rule(name=st.sampled_from(["anna", "bob"]), leaves=st.booleans())
    def subscribe(self, name: str, leaves: bool) -> None:
        watchlist, mails = load(self.config), len(self.inbox.mails)
        state = WatchlistState(watchlist, recipients=recipients(watchlist))
        fields = {
            "address": f"{name}@example.org",
            "severity": "low",
            "language": "en",
        }
        with (
            closing(Database(self.url)) as database,
            visited(database, state=lambda: state) as site,
        ):
            assert site.post("/subscribe", data=fields).status_code == 200
            until = time.monotonic() + 1  # no mail comes where one did today
            while len(self.inbox.mails) == mails and time.monotonic() < until:
                time.sleep(0.01)
            for mail in self.inbox.mails[mails:]:
                (link,) = {
                    *re.findall(
                        r"/subscription/[\w-]+",
                        mail.get_body(("plain",)).get_content(),
                    )
                }
                assert site.post(link, data={"confirm": "true"}).status_code == 200
                assert (
                    not leaves
                    or site.post(
                        link, data={"List-Unsubscribe": "One-Click"}
                    ).status_code
                    == 200
                )
        self.given.done["subscribe 0"] += 1

    @rule(name=documents)
    def import_saved(self, name: str) -> None:
        self.do("import", "folder", self.ids[name], self.given.folder / "saved")

    @rule(name=documents)
    def import_archive(self, name: str) -> None:
        which = f"Privacy Policy={self.ids[name]}"
        self.do(
            "import",
            "open-terms-archive",
            self.given.archive,
            "-d",
            which,
            "--insist",
        )

    @rule()
    def read_again(self) -> None:
        self.do("read", "--again", allowed=(0, 1))

    @rule(data=st.data())
    def review_and_split(self, data: st.DataObject) -> None:
        changes = [
            row["id"] for row in json.loads(self.do("changes", "--json"))["changes"]
        ]
        if changes:
            change = data.draw(st.sampled_from(changes))
            severity = data.draw(st.sampled_from(["none", "low", "high"]))
            words = ("--headline", "en=News", "--severity", severity)
            self.do("review", change, "concerns-us", *words)
            self.do("split", change, allowed=(0, 1, 2))

    @rule(data=st.data())
    def ignore_and_unignore(self, data: st.DataObject) -> None:
        changes = [
            row["id"] for row in json.loads(self.do("changes", "--json"))["changes"]
        ]
        if changes:
            change = data.draw(st.sampled_from(changes))
            self.do("ignore", change, 1, allowed=(0, 2))
        name = data.draw(documents)
        self.do("unignore", self.ids[name], 1, allowed=(0, 2))

    @rule(kind=kinds)
    def copy(self, kind: str) -> None:
        new = self.new_store(kind)
        arguments = ["policywatch", "database", "copy", self.url, new]
        with (
            patch.object(sys, "argv", arguments),
            redirect_stdout(io.StringIO()),
            pytest.raises(SystemExit) as ended,
        ):
            main()
        assert ended.value.code == 0
        self.given.done["database copy 0"] += 1
        self.url = new
        self.write_config()

    @rule(kind=kinds)
    def back_up_and_restore(self, kind: str) -> None:
        file = self.folder / f"backup-{len([*self.folder.iterdir()])}.db"
        self.do("database", "backup", file)
        self.url = self.new_store(kind)
        self.write_config()
        self.do("database", "restore", file)

    # what must hold

    @invariant()
    def nothing_is_damaged(self) -> None:
        if not self.config.exists():
            return
        self.do("verify")
        self.do("database", "check")
        with closing(Database(self.url)) as database:
            assert_indexed(database)
        findings = json.loads(self.do("doctor", "--json", allowed=(0, 1)))
        # pages may be held or blocked; a document that was removed has not been checked since
        of_pages = {*self.ids.values(), "checks", "job", "never checked"}
        assert [
            each
            for each in findings
            if not each["good"] and each["about"] not in of_pages
        ] == []


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_what_once_left_a_store_that_was_called_damaged_does_not(
    given: Given, kind: str
) -> None:
    machine = AnySequence(given)
    steps = (
        lambda: machine.begin(kind),
        lambda: machine.subscribe("anna", leaves=False),
        lambda: machine.alternate("privacy", "with AI", "plain", 3),
        lambda: machine.remove("cookies", imported=False),
        lambda: machine.import_saved("terms"),
        lambda: machine.accept("privacy", "only a third"),
        lambda: machine.withdraw("privacy", 1),
        lambda: machine.rename("terms"),
    )
    with machine.open:
        for step in steps:
            step()
            machine.nothing_is_damaged()


@pytest.mark.hypothesis
def test_no_sequence_of_operations_leaves_a_store_that_is_called_damaged(
    given: Given,
) -> None:
    examples, steps = (
        (3, 10) if settings().max_examples < 100 else (20, 30)
    )  # the latter to explore
    how = settings(max_examples=examples, stateful_step_count=steps)
    run_state_machine_as_test(partial(AnySequence, given), settings=how)
    print(
        sum(given.done.values()), json.dumps(given.done, indent=1, sort_keys=True)
    )
