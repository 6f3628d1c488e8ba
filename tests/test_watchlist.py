"""The watchlist: what is accepted, and how a mistake is told."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from messages import LANGUAGES
from notifier.channels import address_problem, notify_service
from notifier.mail import Mail
from policywatch import web
from policywatch.cli.setup import starter
from policywatch.config.errors import WatchlistError
from policywatch.config.recipients import recipients
from policywatch.config.schema import DocumentEntry, check_document_id
from policywatch.config.watchlist import (
    Watchlist,
    filter_problems,
    load,
    shipped,
    shipped_documents,
)
from policywatch.plan import LOOKED_BACK, NEVER, due, due_at
from storage.checks import Check
from tests.site import a_site, policy, policywatch
from tests.site import watchlist as for_site

KNOWN = ", ".join(LANGUAGES)
GOOD = """\
contact = "watch@example.org"

[[documents]]
id = "example/privacy"
service = "Example"
title = "Privacy"
kind = "privacy-policy"
url = "https://example.org/privacy"
language = "en"
"""
ROUTE = """
[[routes]]
name = "team"
to = ["${TEAM_MAIL}"]
"""
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def written(folder: Path, text: str) -> Path:
    file = folder / "policywatch.toml"
    file.write_text(text, "utf-8")
    return file


def problems(
    folder: Path, text: str, environ: dict[str, str] | None = None
) -> list[str]:
    found = []
    try:
        watchlist = load(written(folder, text), environ or {})
        found += filter_problems(watchlist)
        recipients(watchlist, environ or {})
    except WatchlistError as failure:
        found += failure.problems
    return [
        str(problem).removeprefix(f"{folder}/policywatch.toml:")
        for problem in found
    ]


def test_a_plain_watchlist(tmp_path: Path) -> None:
    watchlist = load(written(tmp_path, GOOD), {})
    assert watchlist.contact == "watch@example.org"
    assert [entry.id for entry in watchlist.documents] == ["example/privacy"]
    assert watchlist.database == f"sqlite:///{tmp_path / 'policywatch.db'}"


def test_no_id_reads_as_a_page_of_another_document() -> None:
    sources = [
        file.read_text("utf-8") for file in Path(web.__file__).parent.glob("*.py")
    ]
    ends = {
        end
        for source in sources
        for end in re.findall(r'\{document_id:path\}(/[^"]+)"', source)
    }
    assert {"/compare", "/versions/{number}", "/versions/{number:int}/text"} <= ends
    for end in ends:
        for id_ in (
            f"example{re.sub('{.*?}', '3', end)}",
            f"example/terms{re.sub('{.*?}', '3', end)}",
        ):
            with pytest.raises(ValueError, match="pages of other documents end so"):
                check_document_id(id_)
    assert check_document_id("example/compare-us") == "example/compare-us"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD.replace('"privacy-policy"', '"policy"'), "7: documents[0].kind: found 'policy'; allowed:"),
        (GOOD.replace('"https:', '"ftp:'), "8: documents[0].url: found 'ftp://example.org/privacy';"),
        (GOOD.replace("//", "//reader:secret@"), "8: documents[0].url: no user name and password are sent"),
        (GOOD.replace("//", "//token@"), "8: documents[0].url: no user name and password are sent"),
        (GOOD.replace("org/", "org:99999/"), "8: documents[0].url: found 'https://example.org:99999/privacy';"),
        (GOOD.replace("org/", ".org/"), "8: documents[0].url: found 'https://example..org/privacy'; no server"),
        (GOOD.replace("/privacy\"", "/our privacy\""), "8: documents[0].url: found 'https://example.org/our privacy';"),
        (GOOD.replace("title =", "tittle ="), "3: documents[0].title: is missing"),
        (GOOD + '\n[[routes]]\nname = "x"\nto = []\n', "13: routes[0].to: write at least 1"),
        (GOOD + '\n[[routes]]\nname = "x"\n', "11: routes[0].to: is missing"),
        (GOOD.replace("url =", "ulr ="), "8: documents[0].ulr: is not a key that is known here; did you mean 'url'?"),
        ("\ufeff" + GOOD.replace("url =", "ulr ="), "8: documents[0].ulr: is not a key"),
        (f"{GOOD}[[document]]\n", "10: document: is not a key that is known here; did you mean 'documents'?"),
        (GOOD.replace("title =", "tittle ="), "6: documents[0].tittle: is not a key that is known here"),
        (GOOD + "[crawl]\ndelay = -1\n", "11: crawl.delay: found -1; allowed: 0 and more"),
        (GOOD + '[crawl]\ndelay = "5"\n', "11: crawl.delay: found '5'; write a number, without quotes"),
        (GOOD + '[crawl]\ntimeout = 0\n', "11: crawl.timeout: found 0; allowed: 1 and more"),
        (GOOD + 'every = 6\n', "10: documents[0].every: found 6; write a text, in quotes"),
        (GOOD + 'every = "9999999999d"\n', "10: documents[0].every: found '9999999999d'; write at most a year"),
        (GOOD + 'remove = ".banner"\n', "10: documents[0].remove: found '.banner'; write a list, in brackets"),
        (GOOD + 'render = "yes"\n', "10: documents[0].render: found 'yes'; allowed: true, false"),
        (GOOD.replace('"en"', '"English"'), "9: documents[0].language: found 'English'; write two small letters"),
        (GOOD + '[topics.mine]\nphrases = [""]\n', "11: topics.mine.phrases[0]: found ''; write a word or more"),
        (GOOD + '[topics.voice]\nphrases = ["a", "voice (b"]\n', "11: topics.voice.phrases[1]: found 'voice (b'; br"),
        (GOOD + '[topics.voice]\nphrases = ["voice ..."]\n', "11: topics.voice.phrases[0]: found 'voice ...'; a phr"),
        (GOOD + '[topics.voice]\nphrases = ["(voice|)"]\n', "11: topics.voice.phrases[0]: found '(voice|)'; brack"),
        (GOOD + '[topics.voice]\nphrases = ["[my] [own]"]\n', "11: topics.voice.phrases[0]: found '[my] [own]'; e"),
        (GOOD + 'every = "6 hours"\n', "10: documents[0].every: found '6 hours'; write a number and"),
        (GOOD + 'select = ["main >"]\n', "10: documents[0].select[0]: found 'main >'; this is not a CSS"),
        ('use = ["linkdin"]\n' + GOOD, "1: use: found 'linkdin'; the watchlists that ship are: amazon, a"),
        (GOOD + GOOD[GOOD.index("[[") :], "11: documents[1].id: found 'example/privacy' a second time"),
        (GOOD + "[[documents\n", "10: this is not TOML"),
        (GOOD + ROUTE + 'when = "sometimes"\n', "14: routes[0].when: found 'sometimes'; allowed: \"at once\","),
        (GOOD + ROUTE + 'topics = ["ai"]\n', "14: routes[0].topics: found 'ai'; allowed: advertising,"),
        (GOOD + ROUTE + 'timezone = "Paris"\n', "14: routes[0].timezone: found 'Paris'; write a time zone"),
        (GOOD + ROUTE + 'services = ["Exmple"]\n', "14: routes[0].services: found 'Exmple'; allowed: Ex"),
        (GOOD + ROUTE + 'languages = ["fr"]\n', "14: routes[0].languages: found 'fr'; allowed: en"),
        (GOOD + ROUTE + 'documents = ["exmple/*"]\n', "14: routes[0].documents: found 'exmple/*'; allowed: example/pr"),
        (GOOD + ROUTE + 'quiet = "22-7"\n', "14: routes[0].quiet: found '22-7'; write"),
        (GOOD + ROUTE + 'when = "daily 08:00"\nquiet = "22:00-07:00"\n', "15: routes[0].quiet: is only for routes"),
        (GOOD + ROUTE + 'empty = true\n', "14: routes[0].empty: is only for digests; this route sends at once"),
        (GOOD + ROUTE + 'language = "xx"\n', f"14: routes[0].language: found 'xx'; allowed: {KNOWN}"),
        (
            GOOD + ROUTE + 'formerly = ["team"]\n',
            "14: routes[0].formerly: found 'team', which is the name of a current route",
        ),
        (GOOD + '[operator]\nheartbeat = "hunter2"\n', "11: operator.heartbeat: write a whole address"),
        (GOOD + '[operator]\nlanguage = "xx"\n', f"11: operator.language: found 'xx'; allowed: {KNOWN}"),
        ('database = "sqlite:///"\n' + GOOD, "1: database: names no file, so nothing would be kept"),
        ('database = "sqlite:///:memory:?timeout=5"\n' + GOOD, "1: database: names no file, so nothing would be kept"),
        (GOOD.replace("example/privacy", "example/compare"), "4: documents[0].id: found 'example/compare'; an id"),
        ('documents = 3\n', "1: documents: write it in double brackets"),
        ('use = ["linkedin"]\nservices = 3\n', "2: services: write [services.NAME] tables"),
        ('use = [["linkedin"]]\n' + GOOD, "1: use[0]: found ['linkedin']; write a text, in quotes"),
        ('crawl = 5\n' + GOOD, "1: crawl: write a table, in brackets"),
        (GOOD + '[services.Example]\nrobots = "no"\n', "11: services.Example.robots: found 'no'; allowed:"),
        (GOOD + '[mail]\nhost = "a.example"\npassword = 5\nfrom = "a@b.example"\n', "12: mail.password: write a"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_file_line_key_found_and_allowed(
    tmp_path: Path, text: str, said: str
) -> None:
    told = problems(
        tmp_path, text, {"TEAM_MAIL": "mailto://user:hunter2@example.org"}
    )
    assert any(line.startswith(said) for line in told), told


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    text = (
        GOOD.replace('"privacy-policy"', '"policy"').replace("https:", "ftp:")
        + "[crawl]\ndelay = -1\n"
    )
    assert len(problems(tmp_path, text)) == 3


def test_a_missing_variable_is_named(tmp_path: Path) -> None:
    told = problems(tmp_path, GOOD + ROUTE)
    assert told == [
        "13: routes[0].to[0]: the environment variable TEAM_MAIL is not set"
    ]


def test_a_wrong_address_is_told_without_its_secret(tmp_path: Path) -> None:
    told = problems(
        tmp_path, GOOD + ROUTE, {"TEAM_MAIL": "nosuch://user:hunter2@example.org"}
    )
    assert "routes[0].to[0]" in told[0]
    assert "hunter2" not in "".join(told)


def test_what_many_write_at_first_is_told_how_to_write(tmp_path: Path) -> None:
    (braces,) = problems(
        tmp_path, GOOD + ROUTE.replace("${TEAM_MAIL}", "$TEAM_MAIL")
    )
    assert braces == "13: routes[0].to[0]: write ${TEAM_MAIL}, with braces"
    (person,) = problems(
        tmp_path, GOOD + ROUTE.replace("${TEAM_MAIL}", "anna@example.org")
    )
    assert (
        "routes[0].to[0]: this names a person, not the server that sends: add a [mail] block"
        in person
    )


MAIL = """
[mail]
host = "smtp.gmail.com"
user = "watch@gmail.com"
password = "${MAIL_PASSWORD}"
from = "watch@gmail.com"
"""


@pytest.mark.parametrize(
    ("more", "mode", "port"),
    [
        ("", "starttls", 587),
        ('security = "tls"\n', "ssl", 465),
        ('security = "none"\nport = 2525\n', "insecure", 2525),
    ],
)
def test_a_plain_address_is_sent_to_by_the_mail_server(
    tmp_path: Path, more: str, mode: str, port: int
) -> None:
    environ = {"TEAM_MAIL": "anna+watch@example.org", "MAIL_PASSWORD": "p@ss/w:r%d"}
    watchlist = load(written(tmp_path, GOOD + ROUTE + MAIL + more), environ)
    (to,) = recipients(watchlist, environ).routes[0].to
    assert to.name == "${TEAM_MAIL}"
    mail = notify_service(to.url)
    assert isinstance(mail, Mail)
    assert (mail.smtp_host, mail.secure_mode, mail.port) == (
        "smtp.gmail.com",
        mode,
        port,
    )
    assert (mail.user, mail.password, mail.from_addr[1]) == (
        "watch@gmail.com",
        "p@ss/w:r%d",
        "watch@gmail.com",
    )
    assert [address for _, address in mail.targets] == ["anna+watch@example.org"]


def test_a_wrong_mail_block_is_told_without_its_secrets(tmp_path: Path) -> None:
    assert problems(tmp_path, GOOD + MAIL) == [
        "14: mail.password: the environment variable MAIL_PASSWORD is not set"
    ]
    wrong = (
        MAIL.replace('"${MAIL_PASSWORD}"', "4711")
        .replace("[mail]", '[mail]\nsecurity = "ssl"')
        .replace("@g", "g")
    )
    told = "\n".join(problems(tmp_path, GOOD + wrong))
    assert (
        "12: mail.security: found 'ssl'; allowed: 'tls', 'starttls' or 'none'"
        in told
    )
    assert "15: mail.password: write a text, in quotes" in told
    assert "16: mail.from: found 'watchgmail.com'; " in told
    (lacking,) = problems(
        tmp_path, GOOD + MAIL.replace("host", "hots"), {"MAIL_PASSWORD": "x"}
    )[1:]
    assert (
        "mail.hots: is not a key that is known here; did you mean 'host'?"
        in lacking
    )


def test_readers_can_subscribe_only_where_mail_and_links_work(
    tmp_path: Path,
) -> None:
    (problem,) = problems(
        tmp_path,
        'site = "http://watch.example"\n'
        + GOOD
        + MAIL
        + "[web]\nsubscribe = true\n",
    )
    assert problem.startswith("18: web.subscribe: needs a [mail] block, and site")
    for site in ("http://localhost:8000", "http://127.0.0.1:8000"):
        config = f'site = "{site}"\n{GOOD}{MAIL}[web]\nsubscribe = true\n'
        assert load(written(tmp_path, config)).web.subscribe


def test_the_mail_addresses_to_copy_are_addresses() -> None:
    text = (
        Path(__file__).parents[1].joinpath("docs", "alerts.md").read_text("utf-8")
    )
    copied = re.findall(r"`(mailtos?://[^`]*to=[^`]*)`", text)
    assert len(copied) >= 6
    assert [address_problem(one) for one in copied] == [None] * len(copied)


def test_the_password_of_a_page_is_not_shown(tmp_path: Path) -> None:
    told = problems(
        tmp_path, GOOD.replace("//", "//reader:hunter2@") + 'every = "6"\n'
    )
    assert len(told) == 2
    assert "hunter2" not in "".join(told)


def test_a_database_address_is_not_shown(tmp_path: Path) -> None:
    told = problems(
        tmp_path, 'database = ["postgresql://u:hunter2@host/db"]\n' + GOOD
    )
    assert "hunter2" not in "".join(told)


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(WatchlistError, match="policywatch init"):
        load(tmp_path / "nothing.toml")


def test_addresses_come_from_the_environment_and_keep_their_name(
    tmp_path: Path,
) -> None:
    environ = {"TEAM_MAIL": "json://127.0.0.1:1/x"}
    found = recipients(load(written(tmp_path, GOOD + ROUTE), environ), environ)
    assert [(one.name, one.url) for one in found.routes[0].to] == [
        ("${TEAM_MAIL}", "json://127.0.0.1:1/x")
    ]


def test_a_variable_in_the_contact_is_sent_to_no_site(tmp_path: Path) -> None:
    with a_site() as site:
        site.pages["/privacy"] = policy()
        config = for_site(tmp_path, site, f"sqlite:///{tmp_path}/watch.db")
        config.write_text(
            config.read_text().replace("test@example.org", "${SECRET}@example.org")
        )
        told = policywatch(
            "run",
            "--config",
            config,
            environ={**os.environ, "SECRET": "s3cret"},
            status=2,
        )
        assert (
            "1: contact: every site reads it, so no variable is put in: write the address itself"
            in told
        )
        assert site.asked == {}


def test_a_route_that_is_switched_off_needs_no_address(tmp_path: Path) -> None:
    assert (
        recipients(
            load(written(tmp_path, GOOD + ROUTE + "enabled = false\n"), {}), {}
        ).routes
        == ()
    )


def test_what_ships_is_valid(tmp_path: Path) -> None:
    for name in shipped():
        documents = load(
            written(tmp_path, f'use = ["{name}"]\ncontact = "a@example.org"\n'), {}
        ).documents
        assert len(documents) >= 2
        assert len(
            {(document.url, document.repository) for document in documents}
        ) == len(documents)
        for document in documents:
            assert document.id.startswith(f"{name}/")
            assert (document.url or "").startswith("https://")
            assert not document.select, "selectors break with a redesign"
    ids = [
        document["id"] for name in shipped() for document in shipped_documents(name)
    ]
    assert len(set(ids)) == len(ids) > 110
    assert {
        "linkedin/privacy-policy",
        "linkedin/privacy-policy.fr",
        "linkedin/preview-privacy-policy",
    } <= set(ids)


def test_the_file_that_init_writes_watches_linkedin_and_obeys_robots(
    tmp_path: Path,
) -> None:
    watchlist = load(written(tmp_path, starter("o'brien\"@example.org")), {})
    recipients(watchlist, {})
    assert watchlist.contact == "o'brien\"@example.org"
    assert len(watchlist.documents) >= 20
    assert {watchlist.robots(entry) for entry in watchlist.documents} == {"obey"}


def test_the_commented_lines_for_robots_work_when_taken_in(tmp_path: Path) -> None:
    text = starter("a@example.org").replace(
        "# [services.LinkedIn]", "[services.LinkedIn]"
    )
    watchlist = load(
        written(tmp_path, text.replace('# robots = "ignore"', 'robots = "ignore"')),
        {},
    )
    assert {watchlist.robots(entry) for entry in watchlist.documents} == {"ignore"}


def test_a_shipped_document_is_overridden_key_by_key(tmp_path: Path) -> None:
    text = 'use = ["linkedin"]\n[[documents]]\nid = "linkedin/privacy-policy"\nevery = "1h"\nrobots = "ignore"\n'
    watchlist = load(written(tmp_path, text), {})
    entry = watchlist.document("linkedin/privacy-policy")
    assert entry is not None
    assert (entry.every, entry.service, watchlist.robots(entry)) == (
        "1h",
        "LinkedIn",
        "ignore",
    )


def entry_of(folder: Path, every: str) -> Watchlist:
    return load(written(folder, GOOD + f'every = "{every}"\n'), {})


def test_a_job_that_starts_every_six_hours_sharp_skips_no_turn(
    tmp_path: Path,
) -> None:
    entry = entry_of(tmp_path, "6h").documents[0]
    last = {
        entry.id: Check(
            document_id=entry.id, checked_at=NOON + timedelta(seconds=40)
        )
    }
    assert due([entry], last, {}, NOON + timedelta(hours=6)) == [entry]
    assert due([entry], last, {}, NOON + timedelta(hours=4)) == []
    assert due([entry], {}, {}, NOON) == [entry]


def checked(entry: DocumentEntry, runs: Iterable[datetime]) -> list[datetime]:
    """The runs that check it, a little after they began."""
    made: list[datetime] = []
    for at in runs:
        last = (
            {
                entry.id: Check(
                    document_id=entry.id,
                    checked_at=made[-1] + timedelta(seconds=40),
                )
            }
            if made
            else {}
        )
        earlier = {entry.id: made[-LOOKED_BACK]} if len(made) >= LOOKED_BACK else {}
        if due([entry], last, {}, at, earlier=earlier):
            made.append(at)
    return made


def test_a_job_that_comes_up_to_half_an_hour_late_skips_no_turn(
    tmp_path: Path,
) -> None:
    entry = entry_of(tmp_path, "6h").documents[0]
    runs = [
        NOON + timedelta(hours=6 * turn, minutes=turn * 17 % 31)
        for turn in range(100)
    ]
    assert checked(entry, runs) == runs


def test_a_daily_job_skips_no_day_when_clocks_go_forward(tmp_path: Path) -> None:
    entry = entry_of(tmp_path, "1d").documents[0]
    mornings = (
        datetime(2027, 3, day, 6, 10, tzinfo=ZoneInfo("Europe/Paris"))
        for day in range(20, 32)
    )
    runs = [morning.astimezone(UTC) for morning in mornings]
    assert checked(entry, runs) == runs


@pytest.mark.parametrize(
    ("every", "minutes", "most"),
    [("1h", 10, 24), ("30m", 10, 48), ("6h", 60, 4.2), ("1d", 60, 1.04)],
)
def test_a_job_that_comes_often_hardly_checks_more_often_than_was_asked(
    tmp_path: Path, every: str, minutes: int, most: float
) -> None:
    entry = entry_of(tmp_path, every).documents[0]
    runs = [
        NOON + timedelta(minutes=minutes * turn)
        for turn in range(100 * 24 * 60 // minutes)
    ]
    assert len(checked(entry, runs)) <= 100 * most + 1


def test_a_check_made_under_a_wrong_clock_holds_up_none(tmp_path: Path) -> None:
    entry = entry_of(tmp_path, "6h").documents[0]
    last = {
        entry.id: Check(document_id=entry.id, checked_at=NOON + timedelta(days=365))
    }
    assert due([entry], last, {}, NOON) == [entry]
    assert due_at(entry, last[entry.id], now=NOON, spread=True) == NEVER
    last[entry.id].checked_at = NOON + timedelta(
        minutes=2
    )  # by another machine, whose clock is a little ahead
    assert due([entry], last, {}, NOON) == []


def test_nothing_is_due_before_its_server_wants_to_be_asked(tmp_path: Path) -> None:
    entry = entry_of(tmp_path, "1h").documents[0]
    check, pause = (
        Check(document_id=entry.id, checked_at=NOON),
        NOON + timedelta(hours=9),
    )
    assert (
        due(
            [entry],
            {entry.id: check},
            {entry.id: pause},
            pause - timedelta(seconds=1),
        )
        == []
    )
    assert due([entry], {entry.id: check}, {entry.id: pause}, pause) == [entry]
    assert due_at(entry, check, pause, now=NOON, spread=True) == pause


def test_the_watch_spreads_what_has_one_interval(tmp_path: Path) -> None:
    entry = entry_of(tmp_path, "10h").documents[0]
    check = Check(document_id=entry.id, checked_at=NOON)
    assert due_at(entry, None, now=NOON) == NEVER
    assert (
        NOON + timedelta(hours=10)
        <= due_at(entry, check, now=NOON, spread=True)
        < NOON + timedelta(hours=11)
    )


def test_the_name_of_a_service_may_be_written_in_any_case(tmp_path: Path) -> None:
    file = tmp_path / "policywatch.toml"
    own = '[[documents]]\nid = "linkedin/news"\nservice = "linkedin"\ntitle = "News"\nkind = "other"\nurl = "https://a.example/"\n'
    route = '[[routes]]\nname = "a"\nto = ["console://"]\nservices = ["LINKEDIN"]\n'
    file.write_text(
        f'use = ["linkedin"]\n{own}{route}[services.Linkedin]\nrobots = "ignore"\nsource = "page"\n',
        "utf-8",
    )
    watchlist = load(file)
    assert {entry.service for entry in watchlist.documents} == {"LinkedIn"}
    assert {watchlist.robots(entry) for entry in watchlist.documents} == {"ignore"}
    assert {entry.source for entry in watchlist.documents} == {"page"}
    assert watchlist.routes[0].services == ["LinkedIn"]
