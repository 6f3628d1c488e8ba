"""Every way in which a server can misbehave ends in a check with the right outcome and a reason that helps."""

from __future__ import annotations

import socket
import time
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime

import pytest

from crawler.crawl import crawl
from crawler.targets import CrawlJob, Target
from foundation.vocabulary import Outcome
from policywatch.ingest.checks import finish
from storage.captures import capture
from storage.checks import Check, pauses
from storage.database import Database
from storage.documents import document
from tests import misbehaving
from tests.crawling import (
    NOW,
    QUICK,
    believe,
    captures,
    checked,
    crawled,
    declared,
    fingerprint_of,
    own,
    served,
)
from tests.misbehaving import (
    POLICY,
    Site,
    Sites,
    after,
    in_turn,
    leading_to,
    page,
    redirect,
    validated,
)

DATABASES = ["sqlite"]
LOGIN_FORM = "<title>Welcome</title><p>Sign in</p><form><input name=u><input type='password' name=p></form>"
RIDDLE = "<title>Just a moment</title><p>Please verify you are human.</p><script src=/captcha.js></script>"
RIDDLE_FR = "<title>Un instant</title><p>Vérifiez que vous êtes humain.</p>"
LONG_WITH_LOGIN = (
    "<header><input type=password></header>"
    + "<p>We say access denied to whom has no right.</p>" * 60
)

# path, what it answers, the outcome (None: a page that waits to be read), words of the reason
MISBEHAVIOURS = [
    ("/page", page(), None, None),
    ("/999", page("no", 999), Outcome.BLOCKED, "blocks unknown robots"),
    ("/401", page("no", 401), Outcome.BLOCKED, "ask the publisher"),
    ("/403", page("no", 403), Outcome.BLOCKED, "ask the publisher"),
    ("/407", page("no", 407), Outcome.BLOCKED, "proxy"),
    ("/429", page("no", 429), Outcome.BLOCKED, "too many requests"),
    ("/451", page("no", 451), Outcome.BLOCKED, "legal reasons"),
    ("/503", page("no", 503), Outcome.BLOCKED, "not available"),
    ("/to-login", redirect("/account/sign-in?next=/x"), Outcome.BLOCKED, "redirect to a login page"),
    ("/account/sign-in?next=/x", page(POLICY), None, None),  # asked for by its own name, it is a page like any other
    ("/to-wall", redirect("/authwall?from=to-wall"), Outcome.BLOCKED, "redirect to a login page"),
    ("/authwall?from=to-wall", page(POLICY), None, None),
    ("/login-form", page(LOGIN_FORM), Outcome.BLOCKED, "a login form"),
    ("/riddle", page(RIDDLE), Outcome.BLOCKED, "a test for humans"),
    ("/riddle-fr", page(RIDDLE_FR), Outcome.BLOCKED, "whether we are human"),
    ("/marked", page(POLICY, cf_mitigated="challenge"), Outcome.BLOCKED, "a test for humans"),
    ("/long-with-login", page(LONG_WITH_LOGIN), None, None),
    ("/404", page("no", 404), Outcome.GONE, "change its url"),
    ("/410", page("no", 410), Outcome.GONE, "change its url"),
    ("/418", page("no", 418), Outcome.FAILED, "418"),
    ("/500", page("no", 500), Outcome.FAILED, "on the second try as well"),
    ("/202", page(POLICY, 202), Outcome.FAILED, "202"),
    ("/uncalled-304", page("", 304), Outcome.FAILED, "304"),
    ("/empty", page(""), Outcome.UNREADABLE, "empty page"),
    ("/blank", page("  \r\n"), Outcome.UNREADABLE, "empty page"),
    ("/reset", misbehaving.reset, Outcome.FAILED, "closed the connection"),
    ("/liar", misbehaving.liar, Outcome.FAILED, "closed the connection"),
    ("/babble", misbehaving.babble, Outcome.FAILED, "not valid HTTP"),
    ("/endless", misbehaving.endless, Outcome.FAILED, "larger than"),
    ("/huge", page("<p>x</p>" * 50_000), Outcome.FAILED, "larger than"),
    ("/bomb", page(misbehaving.BOMB, content_encoding="gzip, gzip"), Outcome.FAILED, "larger than"),
    ("/layers", page(b"x", content_encoding="gzip, gzip, gzip"), Outcome.FAILED, "unsupported way"),
    ("/not-gzip", page(POLICY, content_encoding="gzip"), Outcome.FAILED, "decompressed"),
    ("/unknown-coding", page(POLICY, content_encoding="br"), Outcome.FAILED, "unsupported way"),
    ("/deflate", page(misbehaving.DEFLATED, content_encoding="deflate"), None, None),
    ("/loop", redirect("/loop"), Outcome.FAILED, "redirects more than 5 times"),
    ("/nowhere", page("", 302), Outcome.FAILED, "302"),
    ("/to-file", redirect("file:///etc/passwd"), Outcome.FAILED, "not a web address"),
    ("/to-script", redirect("javascript:alert(1)"), Outcome.FAILED, "not a web address"),
    ("/to-user", redirect("http://me:secret@127.0.0.1/"), Outcome.FAILED, "user name or a password"),
    ("/to-mail-port", redirect("http://127.0.0.1:25/"), Outcome.FAILED, "port 25"),
    ("/to-nothing", redirect("http://[::"), Outcome.FAILED, "invalid address"),
    ("/leads-to-login", leading_to("/account/sign-in?next=/x"), Outcome.BLOCKED, "redirect to a login page"),
    ("/leads-to-file", leading_to("file:///etc/passwd"), Outcome.FAILED, "not a web address"),
    ("/leads-in", leading_to("/circles"), Outcome.FAILED, "redirects more than 5 times"),
    ("/circles", leading_to("/leads-in"), Outcome.FAILED, "redirects more than 5 times"),
    ("/unstable", misbehaving.unstable, Outcome.HELD, "Two answers a moment apart differ"),
    ("/recovers", in_turn(page("no", 502), misbehaving.reset, page()), None, None),
    ("/cookie", misbehaving.needs_cookie, None, None),
    ("/latin", page("<p>Confidentialité</p>".encode("latin-1"), mime="text/html; charset=ISO-8859-1"), None, None),
    ("/wrong-charset", page("<p>été</p>".encode("latin-1")), None, None),
    ("/pdf", page(b"%PDF-1.7 ...", mime="application/pdf"), None, None),
    ("/unnamed-pdf", page(b"%PDF-1.7 ...", mime="application/octet-stream"), None, None),
]  # fmt: skip


sites = pytest.fixture(served, scope="module")


@pytest.fixture(scope="module")
def misbehaved(
    sites: Sites, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, Check], Database, Site]:
    """The checks of one crawl of all misbehaviours."""
    site = sites.new()
    targets = []
    for path, answer, _, _ in MISBEHAVIOURS:
        site.answers[path] = answer
        targets.append(own(site.url(path), f"example{path}"))
    database = Database(
        f"sqlite:///{tmp_path_factory.mktemp('crawl') / 'policywatch.db'}"
    )
    return crawled(database, *targets), database, site


@pytest.mark.parametrize(
    ("path", "outcome", "words"),
    [(path, outcome, words) for path, _, outcome, words in MISBEHAVIOURS],
)
def test_each_misbehaviour_has_its_outcome(
    misbehaved: tuple[dict[str, Check], Database, Site],
    path: str,
    outcome: Outcome | None,
    words: str | None,
) -> None:
    check = misbehaved[0][f"example{path}"]
    assert (check.outcome, check.reason if words is None else None) == (
        outcome,
        None,
    ), check.reason
    if words is not None:
        assert words in str(check.reason or "")
    keeps = outcome in (None, Outcome.HELD)
    assert (check.capture_id is not None) is keeps


def test_the_headers_and_kinds_of_pages_are_kept(
    misbehaved: tuple[dict[str, Check], Database, Site],
) -> None:
    checks, database, site = misbehaved
    with database.reading() as session:
        latin, wrong, pdf, unnamed, deflated = (
            capture(session, checks[f"example{path}"].capture_id or 0)
            for path in (
                "/latin",
                "/wrong-charset",
                "/pdf",
                "/unnamed-pdf",
                "/deflate",
            )
        )
    assert (latin.mime, latin.charset, latin.body) == (
        "text/html",
        "ISO-8859-1",
        "<p>Confidentialité</p>".encode("latin-1"),
    )
    assert (wrong.charset, wrong.body) == ("utf-8", b"<p>\xe9t\xe9</p>")
    assert pdf.mime == unnamed.mime == "application/pdf"
    assert (deflated.body, deflated.size) == (POLICY.encode(), len(POLICY))
    assert ("content-encoding", "deflate") in [
        tuple(header) for header in deflated.headers
    ]
    assert deflated.url == deflated.final_url == site.url("/deflate")


def test_failures_that_may_pass_are_tried_three_times_and_refusals_once(
    misbehaved: tuple[dict[str, Check], Database, Site],
) -> None:
    paths = misbehaved[2].paths()
    assert {path: paths.count(path) for path in ("/500", "/reset", "/liar")} == {
        "/500": 3,
        "/reset": 3,
        "/liar": 3,
    }
    assert {
        path: paths.count(path)
        for path in ("/999", "/403", "/404", "/503", "/endless")
    } == {
        "/999": 1,
        "/403": 1,
        "/404": 1,
        "/503": 1,
        "/endless": 1,
    }


def test_how_far_it_is_can_be_shown(sites: Sites, store: Database) -> None:
    site, reports = sites.new(), []
    targets = [own(site.url(f"/{n}"), f"example/{n}") for n in range(2)]
    site.answers |= {"/0": page("<p>0</p>"), "/1": page("no", 404)}
    declared(store, targets)
    crawl(
        CrawlJob(store, targets, fingerprint_of),
        QUICK,
        mistakes=[],
        progress=lambda *now: reports.append(now),
    )
    assert [report[:2] for report in reports] == [(0, 2), (1, 2), (2, 2)]
    assert {report[2] for report in reports} == {"", "example/0", "example/1"}


def test_checks_that_end_together_share_a_transaction(
    sites: Sites, store: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, writings = sites.new(), []
    targets = [own(site.url(f"/{n}"), f"example/{n}") for n in range(12)]
    site.answers |= {f"/{n}": page(f"<p>{n}</p>") for n in range(12)}
    crawled(store, *targets)
    believe(store)
    plain = Database.writing
    monkeypatch.setattr(
        Database,
        "writing",
        lambda database: writings.append(database) or plain(database),
    )
    assert {check.outcome for check in crawled(store, *targets).values()} == {
        Outcome.UNCHANGED
    }
    assert len(writings) < 12, "one of them declares the documents"


def test_a_server_that_is_too_slow_fails_in_time(
    sites: Sites, database: Database
) -> None:
    site = sites.new()
    site.answers |= {
        "/silent": misbehaving.silent,
        "/trickling": misbehaving.trickling,
    }
    targets = [
        own(site.url(path), f"slow{path}", robots="ignore")
        for path in ("/silent", "/trickling")
    ]
    checks = crawled(
        database, *targets, settings=replace(QUICK, timeout=0.4, retry_waits=())
    )
    for check in checks.values():
        assert check.outcome == Outcome.FAILED
        assert (
            str(check.reason)
            == f"{site.host} did not finish its answer within 0.4 seconds."
        )
        assert check.seconds is not None
        assert 0.3 < check.seconds < 15


def test_who_cannot_be_reached_is_named(database: Database) -> None:
    with (
        socket.socket() as taken
    ):  # bound and not listening: whoever connects is refused
        taken.bind(("127.0.0.1", 0))
        refusing = f"http://127.0.0.1:{taken.getsockname()[1]}/"
        checks = crawled(
            database,
            own(refusing, "down/refusing"),
            Target("down/nameless", "http://no-such-name.invalid/", "en"),
        )
    assert {check.outcome for check in checks.values()} == {Outcome.FAILED}
    assert "No connection to" in str(checks["down/refusing"].reason or "")
    assert "No address was found for no-such-name.invalid" in str(
        checks["down/nameless"].reason or ""
    )


def test_a_first_text_is_confirmed_and_kept_once(
    sites: Sites, database: Database
) -> None:
    site = sites.new()
    site.answers["/"] = page(set_cookie="session=secret")
    check = checked(database, own(site.url()))
    assert (check.outcome, check.status, check.final_url) == (None, 200, site.url())
    assert site.paths() == ["/robots.txt", "/", "/"]
    (stored,) = captures(database)
    assert (stored.body, stored.fetched_at) == (POLICY.encode(), NOW)
    assert "secret" not in str(stored.headers)


def test_the_same_text_in_other_bytes_is_unchanged_and_not_kept(
    sites: Sites, database: Database
) -> None:
    site = sites.new()
    site.answers["/"] = page()
    target = own(site.url())
    checked(database, target)
    believe(database)
    site.answers["/"] = page(POLICY.replace("<body>", "<body data-nonce='9'>"))
    check = checked(database, target)
    assert (check.outcome, check.reason, check.capture_id) == (
        Outcome.UNCHANGED,
        None,
        None,
    )
    assert check.version_id is not None
    assert len(captures(database)) == 1
    assert site.paths().count("/") == 3, "a known text needs no second answer"


def test_a_text_that_is_gone_at_the_second_look_is_unchanged(
    sites: Sites, database: Database
) -> None:
    site = sites.new()
    site.answers["/"] = page()
    target = own(site.url())
    checked(database, target)
    believe(database)
    site.answers["/"] = in_turn(page("<p>Half deployed.</p>"), page())
    check = checked(database, target)
    assert (check.outcome, check.capture_id) == (Outcome.UNCHANGED, None)


def test_a_new_text_that_cannot_be_confirmed_is_not_kept(
    sites: Sites, database: Database
) -> None:
    site = sites.new()
    site.answers["/"] = in_turn(page(), page("no", 403))
    check = checked(database, own(site.url()))
    assert (check.outcome, check.capture_id) == (Outcome.BLOCKED, None)


def test_a_page_set_aside_again_is_stored_once(
    sites: Sites, database: Database
) -> None:
    site = sites.new()
    site.answers["/"] = page("no text at all")
    target = own(site.url())
    first, second = checked(database, target), checked(database, target)
    assert first.capture_id == second.capture_id
    site.answers["/"] = page(
        "no text at all", mime="text/plain"
    )  # reads otherwise, so it is another capture
    assert checked(database, target).capture_id != first.capture_id


@pytest.mark.parametrize(
    ("validators", "sent"),
    [
        ({"etag": '"v1"'}, ("if-none-match", '"v1"')),
        (
            {"last_modified": "Mon, 02 Mar 2026 08:00:00 GMT"},
            ("if-modified-since", "Mon, 02 Mar 2026 08:00:00 GMT"),
        ),
    ],
)
def test_an_unmodified_page_costs_one_conditional_request(
    sites: Sites,
    database: Database,
    validators: dict[str, str],
    sent: tuple[str, str],
) -> None:
    site = sites.new()
    site.answers |= {
        "/old": redirect("/policy"),
        "/policy": validated(**validators),
    }
    target = own(site.url("/old"))
    checked(database, target)
    assert not any(sent[0] in asked.headers for asked in site.asked), (
        "no version yet, nothing to compare with"
    )
    believe(database)
    asked_before = len(site.asked)
    check = checked(database, target)
    assert (check.outcome, check.status) == (Outcome.NOT_MODIFIED, 304)
    assert check.version_id is not None
    asked = [
        (request.path, request.headers.get(sent[0]))
        for request in site.asked[asked_before:]
    ]
    assert asked == [("/robots.txt", None), ("/old", None), ("/policy", sent[1])], (
        "only who gave it is shown it"
    )
    assert checked(database, target).outcome == Outcome.NOT_MODIFIED


@pytest.mark.parametrize(
    ("answer", "read"),
    [
        (leading_to("/policy"), "/policy"),
        (leading_to("/old"), "/old"),
        (leading_to("/policy", wait=60), "/old"),
        (leading_to("/policy", text=POLICY * 100), "/old"),
        (
            page(
                f'<noscript><meta http-equiv="refresh" content="0; url=/policy"></noscript>{POLICY}'
            ),
            "/old",
        ),
        (leading_to("http://[x"), "/old"),
        (leading_to("http://example.org:99999/"), "/old"),
    ],
    ids=[
        "at once",
        "to itself",
        "later",
        "beside a text",
        "without scripts",
        "to no address",
        "to no port",
    ],
)
def test_a_page_that_only_leads_to_another_is_followed(
    sites: Sites, database: Database, answer: misbehaving.Answer, read: str
) -> None:
    site = sites.new()
    site.answers |= {"/old": answer, "/policy": page()}
    assert checked(database, own(site.url("/old"))).final_url == site.url(read)


def test_the_validators_of_an_unbelieved_text_are_never_sent(
    sites: Sites, database: Database
) -> None:
    site = sites.new()
    site.answers["/"] = validated(etag='"good"')
    target = own(site.url())
    checked(database, target)
    believe(database)
    site.answers["/"] = in_turn(
        page("<p>a</p>", etag='"bad"'),
        page("<p>b</p>", etag='"bad"'),
        validated(etag='"bad"'),
    )
    assert checked(database, target).outcome == Outcome.HELD
    checked(database, target)
    shown = [
        asked.headers.get("if-none-match")
        for asked in site.asked
        if asked.path == "/"
    ]
    assert shown == [None, None, '"good"', None, '"good"']


def test_a_short_retry_after_is_waited_for(
    sites: Sites, database: Database
) -> None:
    site = sites.new()
    site.answers["/"] = in_turn(page("slow down", 429, retry_after="1"), page())
    assert checked(database, own(site.url())).outcome is None
    refused, again = [asked for asked in site.asked if asked.path == "/"][:2]
    assert again.began - refused.ended >= 1


@pytest.mark.parametrize(
    "wait", ["7200", format_datetime(NOW + timedelta(hours=2), usegmt=True)]
)
def test_a_long_retry_after_keeps_us_away(
    sites: Sites, database: Database, wait: str
) -> None:
    site = sites.new()
    site.answers |= {
        "/": page("slow down", 503, retry_after=wait),
        "/other": page(),
    }
    target = own(site.url(), "busy/first")
    checks = crawled(database, target, own(site.url("/other"), "busy/second"))
    assert {check.outcome for check in checks.values()} == {Outcome.BLOCKED}
    assert "before 2026-03-02 11:00 UTC" in str(checks["busy/first"].reason or "")
    assert site.paths() == ["/robots.txt", "/"], (
        "the host is left alone, not just the page"
    )
    with database.reading() as session:
        assert pauses(session, NOW) == dict.fromkeys(
            checks, NOW + timedelta(hours=2)
        )

    early = checked(database, target)
    assert (early.outcome, len(site.asked)) == (Outcome.BLOCKED, 2)
    assert "asked us not to come back before 2026-03-02 11:00 UTC" in str(
        early.reason or ""
    )
    site.answers["/"] = page()
    later = crawled(database, target, now=lambda: NOW + timedelta(hours=3))
    assert later[target.document].outcome is None


def test_a_pause_holds_for_all_documents_of_the_host(
    sites: Sites, database: Database
) -> None:
    site, other = sites.new(), sites.new()
    site.answers |= {
        "/": page("slow down", 429, retry_after="7200"),
        "/other": page(),
    }
    other.answers["/"] = page()
    busy = own(site.url(), "busy/first")
    rest = [own(site.url("/other"), "busy/second"), own(other.url(), "free/first")]
    declared(database, [busy, *rest])
    crawl(
        CrawlJob(database, [busy], fingerprint_of, finish=finish),
        QUICK,
        mistakes=[],
        now=lambda: NOW,
    )
    for _ in range(2):
        checks = crawled(database, busy, *rest)
        assert checks["busy/second"].outcome == Outcome.BLOCKED
        assert "asked us not to come back before 2026-03-02 11:00 UTC" in str(
            checks["busy/second"].reason or ""
        )
        assert checks["free/first"].outcome is None
    assert site.paths() == ["/robots.txt", "/"]
    with database.reading() as session:
        assert set(pauses(session, NOW)) == {"busy/first", "busy/second"}
        assert [
            document(session, id_).failures for id_ in ("busy/first", "busy/second")
        ] == [1, 0]
    later = crawled(database, *rest, now=lambda: NOW + timedelta(hours=3))
    assert later["busy/second"].outcome is None


def test_a_pause_that_was_written_under_a_wrong_clock_holds_up_nothing(
    sites: Sites, database: Database
) -> None:
    site = sites.new()
    site.answers |= {
        "/": page("slow down", 429, retry_after="7200"),
        "/other": page(),
    }
    targets = [
        own(site.url(), "busy/first"),
        own(site.url("/other"), "busy/second"),
    ]
    crawled(database, *targets, now=lambda: NOW + timedelta(days=365))
    site.answers["/"] = page()
    checks = crawled(database, *targets)
    assert {check.outcome for check in checks.values()} == {None}
    with database.reading() as session:
        assert pauses(session, NOW) == {}


def test_the_pause_is_that_of_the_host_that_a_page_led_to(
    database: Database,
) -> None:
    """Not of the one that redirects there."""
    targets = [
        own(f"https://{host}.example/{n}", f"{host}/{n}")
        for host in ("old", "new")
        for n in range(2)
    ]
    declared(database, targets)
    with database.writing() as session:
        led = Check(
            document_id="old/0", checked_at=NOW, final_url="https://new.example/0"
        )
        finish(session, led, Outcome.BLOCKED, not_before=NOW + timedelta(hours=2))
    with database.reading() as session:
        assert set(pauses(session, NOW)) == {"old/0", "new/0", "new/1"}


def test_a_pause_counts_as_one_failure_however_often_we_come(
    sites: Sites, database: Database
) -> None:
    site = sites.new()
    site.answers["/"] = page("slow down", 429, retry_after="7200")
    for _ in range(4):
        checked(database, own(site.url()))
    with database.reading() as session:
        assert document(session, "example/policy").failures == 1


@pytest.mark.parametrize("status", [429, 503])
def test_a_robots_txt_keeps_us_away_too(
    sites: Sites, database: Database, status: int
) -> None:
    site = sites.new()
    site.answers |= {
        "/robots.txt": page("slow down", status, retry_after="7200"),
        "/": page(),
    }
    check = checked(database, own(site.url()))
    assert check.outcome == Outcome.ROBOTS
    assert (
        f"answered {status}, and asked us not to come back before 2026-03-02 11:00 UTC"
        in str(check.reason or "")
    )
    assert checked(database, own(site.url())).outcome == Outcome.BLOCKED
    assert site.paths() == ["/robots.txt"]


@pytest.mark.parametrize("wait", ["999999999999", "9" * 30, "9" * 5000])
def test_no_server_can_send_us_away_for_years(
    sites: Sites, database: Database, wait: str
) -> None:
    site = sites.new()
    site.answers["/"] = page("never", 429, retry_after=wait)
    checked(database, own(site.url()))
    with database.reading() as session:
        assert document(session, "example/policy").not_before == NOW + timedelta(
            days=7
        )


@pytest.mark.parametrize(
    "wait", ["soon", "-5", "²", "Mon, 02 Mar 99999999999999999999 08:00:00 GMT"]
)
def test_a_pause_without_sense_is_none(
    sites: Sites, database: Database, wait: str
) -> None:
    site = sites.new()
    site.answers["/"] = page("slow down", 429, retry_after=wait)
    check = checked(database, own(site.url()))
    assert (
        check.outcome,
        "A later check tries again" in str(check.reason or ""),
    ) == (
        Outcome.BLOCKED,
        True,
    )


def test_a_check_has_one_deadline_whatever_its_answers_lead_to(
    store: Database, sites: Sites
) -> None:
    slow, other = sites.new(), sites.new()
    hops = {
        f"/{number}": after(0.5, redirect(f"/{number + 1}")) for number in range(4)
    }
    slow.answers |= hops | {
        "/4": after(0.5, page("<p>Terms</p>")),
        **dict.fromkeys(
            ("/part", "/part/2", "/part/3"), after(0.7, page("<p>Part</p>"))
        ),
    }
    slow.answers["/retry"] = after(0.5, page("", 500))
    other.answers["/"] = page("<p>Privacy</p>")
    settings = replace(QUICK, check_timeout=1.2)
    began = time.monotonic()
    checks = crawled(
        store,
        own(slow.url("/0"), "example/led"),
        own(
            slow.url("/part"),
            "example/parts",
            more=(slow.url("/part/2"), slow.url("/part/3")),
        ),
        own(slow.url("/retry"), "example/retried"),
        own(other.url("/"), "example/quick"),
        settings=settings,
    )
    assert time.monotonic() - began < 8
    assert {id_: check.outcome for id_, check in checks.items()} == {
        "example/led": Outcome.FAILED,
        "example/parts": Outcome.FAILED,
        "example/retried": Outcome.FAILED,
        "example/quick": None,
    }
    for name in ("led", "parts", "retried"):
        assert "took longer than 1.2 seconds in all" in str(
            checks[f"example/{name}"].reason
        )
