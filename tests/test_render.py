"""Pages that scripts fill, in a real Chromium: what they come to, and what they can't reach."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest

from crawler.targets import CrawlSettings
from foundation.vocabulary import Outcome
from storage.captures import capture
from storage.checks import Check
from storage.database import Database
from tests import misbehaving
from tests.crawling import QUICK, captures, checked, own, served
from tests.misbehaving import Site, Sites, after, page, redirect

pytestmark = pytest.mark.browser
if shutil.which("chromium") is None:
    pytest.skip(
        "there is no Chromium here: apt-get install chromium",
        allow_module_level=True,
    )
pytest.importorskip("playwright", reason="playwright is not installed")

BROWSED = replace(QUICK, timeout=60)  # seconds, the start of the browser included
TEXT = "We keep your letters for a year, and then we burn them in the stove of the office."
SHELL = "<!doctype html><html lang=en><title>Policy</title><body><main id=m></main><script>{}</script></body></html>"
WRITE = "document.getElementById('m').innerHTML = '<p>' + {} + '</p>'"


sites = pytest.fixture(served)


@pytest.fixture
def site(sites: Sites) -> Site:
    return sites.new()


DATABASES = ["sqlite"]


def rendered(
    database: Database,
    site: Site,
    settings: CrawlSettings = BROWSED,
    **more: object,
) -> Check:
    return checked(
        database, replace(own(site.url("/"), render=True), **more), settings
    )  # type: ignore[arg-type]


def body(database: Database, check: Check) -> str:
    """The page as it was kept."""
    assert check.capture_id is not None, check.reason
    with database.reading() as session:
        return capture(session, check.capture_id).body.decode()


def test_a_page_that_a_script_fills_from_its_server_is_read(
    database: Database, site: Site
) -> None:
    script = f"fetch('/api/text', {{method: 'POST', body: 'en'}}).then(a => a.json()).then(a => {WRITE.format('a.text')})"
    site.answers["/"] = page(
        SHELL.format("").replace("<script>", "<script src=/app.js>")
    )
    site.answers["/app.js"] = page(script, mime="text/javascript")
    site.answers["/api/text"] = after(
        0.3, page(json.dumps({"text": TEXT}), mime="application/json")
    )
    check = rendered(database, site)
    assert check.outcome is None
    assert f"<p>{TEXT}</p>" in body(database, check)
    assert dict(captures(database)[0].headers)[
        "Policywatch-Rendered-By"
    ].startswith("Chromium ")
    assert site.paths() == ["/robots.txt", *["/", "/app.js", "/api/text"] * 2], (
        "and nothing else, such as an icon"
    )
    assert {
        asked.headers["user-agent"].partition("/")[0] for asked in site.asked
    } == {"policywatch"}


def test_what_a_click_opens_is_read_if_the_watchlist_says_so(
    database: Database, site: Site
) -> None:
    fill = "this.nextElementSibling.innerHTML = `<p>${this.dataset.text}</p>`; this.ariaExpanded = true"

    def section(title: str, text: str) -> str:
        button = f'<button aria-expanded=false data-text="{text}" onclick="{fill}">{title}</button>'
        return f"<h2>{button}<div></div></h2>"

    away = "<a href=/elsewhere><button aria-expanded=false>Away</button></a>"
    jump = "<button aria-expanded=false onclick='location = \"/elsewhere\"'>Jump</button>"
    text = (
        section("Letters", TEXT)
        + section("Reading", "We never read them.")
        + away
        + jump
    )
    site.answers["/"] = page(
        f"<html lang=en><main><p>Our policy has two parts.</p>{text}</main></html>"
    )
    check = rendered(database, site, expand=True)
    assert f"<p>{TEXT}</p>" in body(database, check)
    assert "<p>We never read them.</p>" in body(database, check)
    assert "/elsewhere" not in site.paths()


LINK = "var l = document.createElement('link'); l.rel = '{}'; l.href = '{{0}}/secret'; document.head.append(l)"
ATTEMPTS = {
    "fetch": "fetch('{0}/secret').then(a => a.text()).then(a => "
    + WRITE.format("a")
    + ")",
    "script": "var s = document.createElement('script'); s.src = '{0}/secret'; document.body.append(s)",
    "frame": "var f = document.createElement('iframe'); f.src = '{0}/secret'; document.body.append(f)",
    "picture": "new Image().src = '{0}/secret'",
    "navigation": "location = '{0}/secret'",
    "window": "window.open('{0}/secret')",
    "socket": "new WebSocket('{0}/secret'.replace('http', 'ws'))",
    "stream": "new EventSource('{0}/secret')",
    "beacon": "navigator.sendBeacon('{0}/secret', 'x')",
    "worker": "new Worker(URL.createObjectURL(new Blob([\"fetch('{0}/secret')\"])))",
    "prefetch": LINK.format("prefetch"),
    "preconnect": LINK.format("preconnect"),
    "form": "document.body.innerHTML += '<form action={0}/secret>'; document.forms[0].submit()",
    "redirect": "fetch('/away')",
    "file": "fetch('file:///etc/passwd').then(a => a.text()).then(a => "
    + WRITE.format("a")
    + ")",
}


def test_no_page_reaches_a_private_address(
    database: Database, site: Site, sites: Sites
) -> None:
    secret = sites.new()
    secret.answers["/secret"] = page("swordfish", access_control_allow_origin="*")
    site.answers["/away"] = redirect(secret.url("/secret"))
    attempts = ";".join(
        f"try {{ {each.format(secret.url()[:-1])} }} catch (e) {{}}"
        for each in ATTEMPTS.values()
    )
    site.answers["/"] = page(
        SHELL.format(WRITE.format(f"'{TEXT}'") + ";" + attempts)
    )
    check = rendered(database, site)
    assert TEXT in body(database, check)
    assert "swordfish" not in body(database, check)
    assert secret.asked == []
    assert "/away" in site.paths()


def test_a_name_that_turns_into_a_private_address_is_not_asked(
    database: Database, site: Site, sites: Sites
) -> None:
    """localhost is no address: it is judged when the connection is made, as any name that a page mentions."""
    secret = sites.new()
    url = f"http://localhost:{site.port}/secret"
    site.answers["/"] = page(
        SHELL.format(f"fetch('{url}').catch(e => {WRITE.format('e')})")
    )
    assert "Failed to fetch" in body(database, rendered(database, site))
    assert secret.asked == []
    assert "/secret" not in site.paths()


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("for (;;) {}", "did not finish the page within 4 seconds"),
        (
            "setInterval(() => { for (;;) {} }, 100)",
            "did not finish the page within 4 seconds",
        ),
        (
            "document.body.append('All work and no play. '.repeat(99999))",
            "larger than",
        ),
        (
            "setInterval(() => document.body.append('x'.repeat(90000)), 10)",
            "larger than",
        ),
        ("fetch('/endless')", None),
        ("setInterval(() => fetch('/'), 100)", None),
    ],
    ids=[
        "for ever",
        "for ever later",
        "too large",
        "growing",
        "a piece without end",
        "asking for ever",
    ],
)
def test_a_page_without_end_ends(
    database: Database, site: Site, script: str, said: str | None
) -> None:
    site.answers["/endless"] = misbehaving.endless
    site.answers["/"] = page(
        SHELL.format(WRITE.format(f"'{TEXT}'") + f"; {script}")
    )
    check = rendered(
        database,
        site,
        BROWSED if said == "larger than" else replace(BROWSED, timeout=4),
    )
    if said is None:
        assert check.outcome in (None, Outcome.FAILED)
    else:
        assert (check.outcome, said in str(check.reason or "")) == (
            Outcome.FAILED,
            True,
        ), check.reason
    site.answers["/"] = page(SHELL.format(WRITE.format(f"'{TEXT}'")))
    assert rendered(database, site).outcome is None, (
        "the next page has a browser again"
    )


def test_robots_txt_holds_for_what_a_page_asks_for(
    database: Database, site: Site
) -> None:
    site.answers["/robots.txt"] = page(
        "User-agent: *\nDisallow: /api/", mime="text/plain"
    )
    site.answers["/"] = page(
        SHELL.format(f"fetch('/api/text').catch(e => {WRITE.format('e')})")
    )
    assert "Failed to fetch" in body(database, rendered(database, site))
    assert "/api/text" not in site.paths()


def test_a_page_that_is_refused_opens_no_browser(
    database: Database, site: Site
) -> None:
    site.answers["/"] = page(SHELL.format("fetch('/asked')"), 403)
    assert rendered(database, site).outcome == Outcome.BLOCKED
    assert site.paths() == ["/robots.txt", "/"]


def test_a_missing_browser_says_what_to_install(
    database: Database, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POLICYWATCH_CHROMIUM", "/nowhere/chromium")
    site.answers["/"] = page(SHELL.format(""))
    check = rendered(database, site)
    assert check.outcome == Outcome.FAILED
    assert "apt-get install chromium" in str(check.reason or "")


def test_a_missing_extra_says_what_to_install(
    database: Database, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "playwright.async_api", None)
    check = rendered(database, site)
    assert check.outcome == Outcome.FAILED
    assert 'pip install "policywatch[render]"' in str(check.reason or "")
    assert site.asked == []


def test_try_renders_a_page(site: Site) -> None:
    site.answers["/"] = page(SHELL.format(WRITE.format(f"'{TEXT}'")))
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "policywatch",
            "try",
            site.url("/"),
            "--allow-private",
            "--contact",
            "a@b.c",
            "--render",
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert TEXT in done.stdout, done.stderr
