"""The code blocks of the docs: what a reader is told to type is typed here, page by page, in a home of its own.

A block of shell or Python whose first line says `notest: REASON` needs what a test may not ask for; no page shows that.
The others run in the folder of a watch with a history, and what they would fetch stands on the loopback.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.archive import Commit, repository
from tests.internet_archive import internet_archive
from tests.site import AI, Site, a_site, policy, policywatch, serving
from tests.test_house import PAGES, command
from tests.warm import ROOT, programs

READERS = {
    page.relative_to(ROOT).as_posix(): text
    for page, text in PAGES.items()
    if page.parts[len(ROOT.parts)] not in {"analysis", "evaluation"}
}
BLOCK = re.compile(
    r"^( *)```(\w*)(?: notest: )?([^\n]*)\n(.*?)^\1```$", re.S | re.M
)
KINDS = {"sh", "python", "toml", "json", "text"}  # toml is read in test_house.py
COMMANDS = (
    r"policywatch|python|pip|pipx|uv|make|docker|git|curl|sha256sum|openssl|jq"
)
# what stays until it is ended works once it says where, and doctor may find what the next line mends
PRELUDE = """
policywatch() {
  case $1 in
  serve) set -- "$@" --port 0 ;;&
  serve | worker | watch)
    command policywatch "$@" >started 2>&1 &
    for _ in $(seq 600); do grep -q . started && break; sleep 0.1; done
    grep . started; kill $!; wait $! || true ;;
  doctor) command policywatch "$@" || test $? = 1 ;; # that something is missing
  *) command policywatch "$@" ;;
  esac
}
"""


@dataclass(frozen=True)
class Block:
    kind: str
    reason: str  # why it is not run
    text: str


def blocks(text: str) -> list[Block]:
    return [
        Block(kind, reason, re.sub(f"^{indent}", "", code, flags=re.M))
        for indent, kind, reason, code in BLOCK.findall(text)
    ]


def runnable(text: str) -> list[Block]:
    return [
        block
        for block in blocks(text)
        if block.kind in {"sh", "python"} and not block.reason
    ]


def history(number: int) -> str:
    """The policy's text of that month: each brings a sentence, and the last the training of AI."""
    more = [
        f"We share your {thing} with our advertising partners for {number} months."
        for number, thing in enumerate(
            (
                *(
                    "name",
                    "e-mail address",
                    "posts",
                    "contacts",
                    "messages",
                    "photos",
                ),
                *(
                    "searches",
                    "location",
                    "purchases",
                    "calendar",
                    "videos",
                    "votes",
                ),
                *("skills", "salary", "job history", "voice", "reading history"),
            ),
            start=2,
        )
    ]
    return policy(*more[:number], *([AI] if number > 16 else []))


@pytest.fixture(scope="module")
def stand_ins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """By what stands in the docs: what is typed in its place."""
    with ExitStack() as stack:
        site: Site = stack.enter_context(a_site())
        archive = stack.enter_context(internet_archive())
        start = datetime(2021, 1, 1, tzinfo=UTC)
        site.pages["/privacy"] = history(17)
        terms = site.url + "/terms"
        site.pages["/terms"] = policy("These are our terms.")
        archive.copies[terms] = [
            (start + timedelta(days=40 * n), 200, policy(f"Terms of year {n}."))
            for n in range(3)
        ]
        folder = tmp_path_factory.mktemp("archive") / "contrib-versions.git"
        repository(
            folder,
            [
                Commit(
                    start, "LinkedIn/Privacy Policy.md", "# Privacy\n\n" + AI * 9
                ),
            ],
        )
        yield {
            "https://www.example.com/privacy": f"{site.url}/privacy --allow-private",
            # one of the 29 documents, whose archive is here
            "policywatch run   ": "policywatch run --document linkedin/privacy-policy ",
            "# copy the database to PostgreSQL (see above), name it in policywatch.toml, then:": (
                "sed -i '1i database = \"POSTGRES\"' policywatch.toml"
            ),
            "'postgresql+psycopg://watch:${PASSWORD}@db/policywatch'": "POSTGRES",
            "03d8871b…": (
                "$(policywatch verify --json | python -c "
                '\'import json, sys; print(*(x["sha256"] for x in json.load(sys.stdin) if "sha256" in x))\')'
            ),
            "SITE": site.url,
            "REPOSITORY": f"file://{folder}",
            "ARCHIVE": archive.url,
        }


@pytest.fixture(scope="module")
def watch(
    stand_ins: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The folder of a watch on two documents of LinkedIn, whose change 17 is of AI."""
    folder = tmp_path_factory.mktemp("watch")
    config = folder / "policywatch.toml"
    config.write_text(
        'contact = "a@example.org"\n[crawl]\ndelay = 0\nconfirm_delay = 0\n'
        f'[sources]\nwayback_url = "{stand_ins["ARCHIVE"]}"\n'
        '[[routes]]\nname = "all"\nto = ["file://alerts.txt"]\n'
        + "".join(
            f'[[documents]]\nid = "linkedin/{name}"\nservice = "LinkedIn"\ntitle = "{title}"\n'
            f'kind = "{kind}"\nurl = "{stand_ins["SITE"]}/{path}"\nallow_private = true\n'
            for name, title, kind, path in (
                ("privacy-policy", "Privacy Policy", "privacy-policy", "privacy"),
                ("user-agreement", "User Agreement", "terms", "terms"),
            )
        ),
        "utf-8",
    )
    saved = folder / "saved"
    saved.mkdir()
    for number in range(18):
        day = datetime(2023, 1, 1, tzinfo=UTC) + timedelta(days=31 * number)
        (saved / f"policy {day:%Y-%m-%d}.html").write_text(history(number), "utf-8")
    policywatch(
        "import", "folder", "linkedin/privacy-policy", saved, "--config", config
    )
    policywatch("run", "--now", "--config", config)
    return folder


def typed(block: Block, stand_ins: dict[str, str]) -> str:
    text = block.text
    for words, instead in stand_ins.items():
        text = text.replace(words, instead)
    return text


@pytest.mark.parametrize(
    "page", [page for page, text in READERS.items() if runnable(text)]
)
def test_what_the_docs_say_to_type_works(
    page: str,
    stand_ins: dict[str, str],
    watch: Path,
    url: str,
    tmp_path: Path,
) -> None:
    folder = Path(shutil.copytree(watch, tmp_path / "watch"))
    (tmp_path / ".gitconfig").write_text(
        f'[url "{stand_ins["REPOSITORY"]}"]\n\tinsteadOf = '
        "https://github.com/OpenTermsArchive/contrib-versions.git\n",
        "utf-8",
    )
    environ = {
        "HOME": str(tmp_path),
        "LANG": "C.UTF-8",
        "PATH": f"{programs()}:{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PASSWORD": "secret",
        "PYTHONPATH": str(ROOT),
    }
    with ExitStack() as stack:
        config = folder / "policywatch.toml"
        there = {**stand_ins, "POSTGRES": url}
        if "127.0.0.1:8642" in READERS[page]:
            pages, _ = stack.enter_context(serving(config))
            there["http://127.0.0.1:8642/"] = pages
        for block in runnable(READERS[page]):
            words = [sys.executable, "-c", block.text]
            if block.kind == "sh":
                where = f"pwd >{shlex.quote(str(tmp_path / 'where'))}"
                script = f"{PRELUDE}{typed(block, there)}\n{where}"
                words = ["bash", "-euo", "pipefail", "-c", script]
            done = subprocess.run(
                words,
                cwd=folder,
                env=environ,
                input="y\n",
                capture_output=True,
                text=True,
                timeout=300,
            )
            assert done.returncode == 0, (block.text, done.stdout, done.stderr)
            if block.kind == "sh":
                folder = Path((tmp_path / "where").read_text("utf-8").strip())


def test_every_block_says_what_it_is() -> None:
    for page, text in READERS.items():
        for block in blocks(text):
            assert block.kind in KINDS, (page, block.text)
            if block.kind == "json":
                json.loads(block.text)
            assert block.reason == "" or block.kind in {"sh", "python"}, page
        outside = BLOCK.sub("", text)
        assert not re.search("^ *```", outside, re.M), page
        assert not re.search(rf"^ +(?:{COMMANDS}) ", outside, re.M), page


def test_options_in_the_docs_exist() -> None:
    for page, text in READERS.items():
        for words in re.findall(
            r"`policywatch ([a-z][^`]*)`", re.sub(r"\n", " ", text)
        ):
            name, *rest = words.split()
            loaded = command(name)
            if rest and rest[0] in getattr(loaded, "commands", {}):
                loaded = loaded.commands[rest[0]]
            known = {flag for option in loaded.params for flag in option.opts}
            known |= {
                flag for option in loaded.params for flag in option.secondary_opts
            }
            for flag in re.findall(r"(?<!\S)--[a-z-]+", words):
                assert flag in known | {"--help", "--version"}, f"{page}: {words}"
