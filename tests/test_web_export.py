"""The site as files: complete, relative, brought up to date without touching what stays."""

from __future__ import annotations

import json
import re
import resource
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from urllib.parse import unquote, urlsplit

import feedparser
import pytest
from icalendar import Calendar
from selectolax.lexbor import LexborHTMLParser
from typer.testing import CliRunner

from messages import LANGUAGES, verbatim
from policywatch.cli import app
from policywatch.web import static_export
from policywatch.web.export import _PACKAGES, export_site
from policywatch.web.static_export import File, ForeignFolder, bring_up_to_date
from storage.changes import changes_of, passages
from storage.database import Database
from storage.documents import Document
from storage.paragraphs import reindex
from storage.versions import numbered_version
from tests.stories import Teller, block, day, tell_hostile
from tests.story_of_parley import PRIVACY, PRIVACY_FR, TERMS
from tests.web_pages import hrefs, text

TODAY = date(2025, 10, 30)


@pytest.fixture
def store(story_file: Path, tmp_path: Path) -> Iterator[Database]:
    database = Database(
        f"sqlite:///{shutil.copyfile(story_file, tmp_path / 'store.db')}"
    )
    yield database
    database.close()


@pytest.fixture(scope="module")
def exported(story_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of the story, to be looked at or copied."""
    folder = tmp_path_factory.mktemp("exported") / "site"
    database = Database(
        f"sqlite:///{shutil.copyfile(story_file, folder.with_name('store.db'))}"
    )
    export_site(database, folder, today=TODAY)
    database.close()
    return folder


def names(folder: Path) -> set[str]:
    return {
        str(file.relative_to(folder))
        for file in folder.rglob("*")
        if file.is_file()
    }


def times(folder: Path) -> dict[str, int]:
    return {name: (folder / name).stat().st_mtime_ns for name in names(folder)}


def test_every_link_of_every_page_leads_to_a_file_of_its_own(
    store: Database, tmp_path: Path
) -> None:
    tell_hostile(store)
    with store.writing() as session:
        # services with like names
        for number, name in enumerate(("A b", "A-B", "ÉÉ")):
            url = f"https://{number}.example"
            facts = {
                "title": "Terms",
                "kind": "terms",
                "language": "en",
                "added_at": day(0),
            }
            session.add(
                Document(id=f"twin{number}/terms", service=name, url=url, **facts)
            )
    folder = tmp_path / "site"
    done = export_site(store, folder, today=TODAY)
    assert done.written == len(names(folder)) - 1  # the record
    assert links_that_lead_to_files(folder) > 500
    assert (
        len(
            [
                name
                for name in names(folder)
                if name.startswith("services/") and name.endswith("-changes.html")
            ]
        )
        == 6
    )


def links_that_lead_to_files(folder: Path) -> int:
    links = 0
    trees = {
        page: LexborHTMLParser(page.read_text("utf-8"))
        for page in folder.rglob("*.html")
    }
    ids = {
        page: {node.attributes["id"] for node in tree.css("[id]")}
        for page, tree in trees.items()
    }
    for page, tree in trees.items():
        for address in hrefs(tree, "a[href], link"):
            parts = urlsplit(address)
            assert parts.scheme in ("", "https", "http"), address
            assert not address.startswith("/"), address
            if parts.scheme or not parts.path:
                continue
            target = (page.parent / unquote(parts.path)).resolve()
            assert target.is_relative_to(folder)
            assert target.is_file(), (
                f"{page.relative_to(folder)} leads to {address}"
            )
            links += 1
            if parts.fragment and target.suffix == ".html":
                assert parts.fragment in ids[target], address
        assert not tree.css("form, script, img, [style]")
    return links


def test_it_says_what_the_served_pages_say_in_every_language(
    exported: Path,
) -> None:
    folder = exported
    health = LexborHTMLParser((folder / "health.html").read_text("utf-8"))
    assert text(health, "h1") == ["Health"]
    home = LexborHTMLParser((folder / "index.html").read_text("utf-8"))
    assert text(home, ".soon .when") == ["3 November 2025", "3 November 2025"]
    assert hrefs(home, ".languages a") == [
        "index.html",
        *(f"{language}/index.html" for language in LANGUAGES[1:]),
    ]
    document = LexborHTMLParser(
        (folder / f"fr/documents/{PRIVACY}.html").read_text("utf-8")
    )
    assert text(document, "h2") == [
        "Au fil du temps",
        "Chronologie",
        "Vérifications",
    ]
    side = [name for name in names(folder) if name.endswith(".side.html")]
    assert LexborHTMLParser((folder / side[0]).read_text("utf-8")).css(
        ".pair, .stays"
    )
    assert (
        (folder / f"documents/{PRIVACY}/versions/2.txt")
        .read_text("utf-8")
        .startswith("1. What we collect")
    )
    months = {name for name in names(folder) if name.startswith("changes/2025")}
    assert months == {"changes/2025-10.html", "changes/2025-11.html"}
    november = LexborHTMLParser(
        (folder / "changes/2025-11.html").read_text("utf-8")
    )
    assert hrefs(november, ".pages [rel=next]") == ["2025-10.html"]


@dataclass(frozen=True, slots=True)
class Commanded:
    """What the command wrote of the story, to be looked at or copied."""

    site: Path
    config: Path
    output: str

    def export(self, folder: Path, *options: str) -> str:
        arguments = ["export", "site", str(folder), "--config", str(self.config)]
        done = CliRunner().invoke(
            app, [*arguments, "--site", "https://policies.example/watch", *options]
        )
        return done.output if done.exception is None else str(done.exception)


@pytest.fixture(scope="module")
def commanded(
    story_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Commanded:
    folder = tmp_path_factory.mktemp("commanded")
    config = folder / "policywatch.toml"
    file = shutil.copyfile(story_file, folder / "store.db")
    config.write_text(f'database = "sqlite:///{file}"\ncontact = "a@example.org"\n')
    output = (given := Commanded(folder / "site", config, "")).export(given.site)
    return replace(given, output=output)


def test_feeds_name_the_host_that_the_command_is_given_and_it_says_what_it_did(
    commanded: Commanded,
) -> None:
    folder = commanded.site
    assert "files written, 0 are as they were, 0 were removed" in commanded.output
    assert "0 files written" in commanded.export(folder)
    feed = feedparser.parse((folder / f"documents/{PRIVACY}.atom").read_bytes())
    assert not feed.bozo
    assert feed.entries[0].link.startswith(
        "https://policies.example/watch/changes/"
    )
    assert (
        feed.feed.links[1].href
        == f"https://policies.example/watch/documents/{PRIVACY}.atom"
    )
    said = json.loads((folder / "fr/services/harbour.json").read_bytes())
    assert (
        said["home_page_url"]
        == "https://policies.example/watch/fr/services/harbour-changes.html"
    )
    assert (
        len(
            Calendar.from_ical((folder / "calendar.ics").read_bytes()).walk(
                "VEVENT"
            )
        )
        == 2
    )


def test_only_what_changed_is_written_and_what_is_gone_goes(
    store: Database, exported: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(exported, tmp_path / "site")
    before = times(folder)
    again = export_site(store, folder, today=TODAY)
    assert (again.written, again.unchanged, again.removed) == (
        0,
        len(before) - 1,
        0,
    )
    with store.writing() as session:
        Teller(session, {TERMS: 3}).version(
            TERMS, day(40), [block("paragraph", "The yearly fee is 60 euros.")]
        )
    export_site(store, folder, today=TODAY)
    after = times(folder)
    changed = {name for name in before if after[name] != before[name]} - {
        ".policywatch.json"
    }
    assert f"documents/{TERMS}.html" in changed
    assert not {
        name
        for name in changed
        if name.startswith((f"documents/{PRIVACY}", "static/", "changes/2025-10"))
    }
    assert after.keys() - before.keys() >= {
        f"documents/{TERMS}/versions/4.html",
        f"documents/{TERMS}/versions/4.txt",
    }


def test_what_was_read_again_or_judged_otherwise_is_noticed(
    store: Database, exported: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(exported, tmp_path / "site")
    with store.writing() as session:
        judged = passages(session, changes_of(session, TERMS)[-1].id)[0]
        judged.why = [verbatim("another rule")]
        row = numbered_version(session, PRIVACY, 1)
        page = json.loads(json.dumps(row.page))
        page["blocks"][-1]["text"] = "Read by other rules."
        row.page, row.fingerprint = page, "as if by other rules"
        reindex(session, PRIVACY)
    again = export_site(store, folder, today=TODAY)
    assert 0 < again.written < again.unchanged
    anew = tmp_path / "anew"
    export_site(store, anew, today=TODAY)
    for name in names(anew) - {".policywatch.json"}:
        assert (folder / name).read_bytes() == (anew / name).read_bytes(), name


def test_a_page_that_is_gone_is_taken_away_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "site"
    files = [File("a/b.html", lambda: b"b"), File("c.html", lambda: b"c")]
    bring_up_to_date(folder, files, known="1")
    (folder / "a" / "mine.txt").write_text("kept")
    done = bring_up_to_date(folder, files[1:], known="1")
    assert (done.removed, names(folder)) == (
        1,
        {"a/mine.txt", "c.html", ".policywatch.json"},
    )


def test_a_known_page_is_not_made_again_unless_asked_or_after_an_update(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "site"
    made: list[str] = []

    def file() -> list[File]:
        return [File("a.html", lambda: made.append("a") or b"a", "same")]  # type: ignore[func-returns-value]

    for known, again in (
        ("1", False),
        ("1", False),
        ("1", True),
        ("2", False),
        ("2", False),
    ):
        bring_up_to_date(folder, file(), known=known, again=again)
    assert len(made) == 3
    (folder / "a.html").unlink()
    assert bring_up_to_date(folder, file(), known="2").written == 1


def test_an_export_that_was_stopped_is_taken_up_again(tmp_path: Path) -> None:
    folder, made = tmp_path / "site", []

    def files(*names: str, stop: bool = False) -> Iterator[File]:
        for name in names:
            yield File(
                name, lambda name=name: made.append(name) or name.encode(), "key"
            )  # type: ignore[misc]
        if stop:
            raise KeyboardInterrupt

    for known in ("1", "2"):  # at first, and after an update
        with pytest.raises(KeyboardInterrupt):
            bring_up_to_date(folder, files("a", "b", stop=True), known=known)
    assert bring_up_to_date(folder, files("b", "c"), known="2").removed == 1
    assert (made, names(folder)) == (
        ["a", "b", "a", "b", "c"],
        {"b", "c", ".policywatch.json"},
    )


def test_an_export_that_was_killed_is_taken_up_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(static_export, "_OFTEN", 2)
    folder = tmp_path / "site"

    def killed() -> bytes:
        shutil.copytree(folder, tmp_path / "then")
        return b"c"

    files = [File(name, name.encode, "key") for name in "ab"]
    bring_up_to_date(folder, [*files, File("c", killed)], known="1")
    assert bring_up_to_date(tmp_path / "then", files, known="1").unchanged == 2


def test_a_full_disk_leaves_a_folder_that_the_next_export_takes_up(
    tmp_path: Path,
) -> None:
    folder, before = tmp_path / "site", resource.getrlimit(resource.RLIMIT_FSIZE)

    def fills() -> bytes:
        resource.setrlimit(
            resource.RLIMIT_FSIZE, (5, before[1])
        )  # neither this file nor the record can be written
        return b"larger"

    try:
        with pytest.raises(OSError, match="too large"):
            bring_up_to_date(
                folder,
                [File("a.html", lambda: b"a"), File("b.html", fills)],
                known="1",
            )
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert names(folder) == {"a.html", ".policywatch.json"}
    assert (
        bring_up_to_date(folder, [File("b.html", lambda: b"b")], known="1").written
        == 1
    )


def test_a_folder_of_others_is_left_alone(store: Database, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "thesis.txt").write_text("years of work")
    with pytest.raises(ForeignFolder):
        export_site(store, folder, today=TODAY)
    assert names(folder) == {"thesis.txt"}


@pytest.mark.parametrize(
    "record",
    [
        "",
        "[]",
        '{"known": "1"}',
        '{"known": "1", "files": {"../thesis.txt": [null, null]}}',
    ],
)
def test_a_damaged_record_is_said_and_takes_nothing_away(
    tmp_path: Path, record: str
) -> None:
    folder, thesis = tmp_path / "public", tmp_path / "thesis.txt"
    thesis.write_text("years of work")
    bring_up_to_date(folder, [File("a.html", lambda: b"a")], known="1")
    (folder / ".policywatch.json").write_text(record)
    with pytest.raises(
        ForeignFolder,
        match=r"\.policywatch\.json, which says .* is damaged; empty the folder",
    ):
        bring_up_to_date(folder, [], known="1")
    assert (thesis.exists(), names(folder)) == (
        True,
        {"a.html", ".policywatch.json"},
    )


def test_the_command_writes_what_is_asked_and_links_to_nothing_else(
    commanded: Commanded, store: Database, tmp_path: Path
) -> None:
    folder = shutil.copytree(commanded.site, tmp_path / "site")
    everything = names(folder)
    misspelt = commanded.export(folder, "--service", "Parly")
    assert "no service is called 'Parly'" in misspelt
    assert names(folder) == everything, "a misspelt name takes nothing away"
    narrow = ("--service", "Parley", "--since", "2025-10-25")
    assert "files written" in commanded.export(folder, *narrow)
    narrowed = names(folder)
    assert links_that_lead_to_files(folder) > 200
    with store.reading() as session:
        changes = [
            change
            for document in (PRIVACY, PRIVACY_FR, TERMS)
            for change in changes_of(session, document)
        ]
    since = {
        f"changes/{change.id}.html"
        for change in changes
        if change.detected_at.date() >= date(2025, 10, 25)
    }
    assert {
        name for name in narrowed if re.fullmatch(r"changes/\d+\.html", name)
    } == since
    assert 0 < len(since) < len(changes)
    assert {
        f"documents/{PRIVACY}/versions/{number}.html" for number in (1, 2)
    } <= narrowed, "and the one before"
    assert f"documents/{TERMS}/versions/1.html" not in narrowed
    assert not [name for name in narrowed if "harbour" in name or "health" in name]
    for page in ("index.html", "services.html", "changes.html", "feed.atom"):
        content = (folder / page).read_text("utf-8")
        assert "Parley" in content, page
        assert "Harbour" not in content, page
    assert "0 files written" in commanded.export(folder, *narrow)
    assert "0 were removed" in commanded.export(folder)
    assert names(folder) == everything


def test_all_packages_that_pages_are_made_of_count_for_whether_they_are_made_anew() -> (
    None
):
    folder = Path(__file__).parents[1]
    made_of = {
        line.split()[1].split(".")[0]
        for file in (folder / "policywatch" / "web").glob("*.py")
        for line in file.read_text("utf-8").splitlines()
        if line.startswith("from ")
    }
    assert made_of & {each.name for each in folder.iterdir() if each.is_dir()} <= {
        *_PACKAGES
    }
