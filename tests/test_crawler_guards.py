"""What comes from the web is hostile: where the crawler goes, whom it trusts, and what it leaves behind."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from crawler.targets import Target
from foundation.addresses import is_public
from foundation.vocabulary import Outcome
from storage.database import Database
from tests.crawling import checked, crawled, own, served
from tests.misbehaving import Site, Sites, needs_cookie, page, redirect, tls_of

sites = pytest.fixture(served, scope="module")


DATABASES = ["sqlite"]


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",  # between a provider and its customers
        "169.254.169.254",  # where clouds keep secrets
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "::ffff:127.0.0.1",
        "::ffff:a9fe:a9fe",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "2002:7f00:1::",
        "2002:a00:1::1",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "fd12:3456::1",
        "fec0::1",
        "ff0e::1",
        "2001:db8::1",
    ],
)
def test_addresses_that_are_not_of_the_open_internet(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "93.184.215.14",
        "2606:2800:21f::1",
        "64:ff9b::5db8:d70e",
        "::ffff:93.184.215.14",
    ],
)
def test_addresses_that_are(address: str) -> None:
    assert is_public(address)


def test_no_way_of_writing_a_private_address_gets_a_connection(
    sites: Sites, database: Database
) -> None:
    site = Site("127.0.0.1")
    hosts = [
        "127.0.0.1",
        "localhost",
        "localhost.",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
        "[::ffff:127.0.0.1]",
        "[::1]",
        "0.0.0.0",
        "[::]",
    ]
    targets = [
        Target(f"private/{n}", f"http://{host}:{site.port}/", "en", robots="ignore")
        for n, host in enumerate(hosts)
    ]
    checks = crawled(database, *targets)
    assert {check.outcome for check in checks.values()} == {Outcome.FAILED}
    assert "private network" in str(checks["private/0"].reason or "")
    assert "allow_private" not in str(checks["private/0"].reason or "")
    assert "localhost (at " in str(checks["private/1"].reason or "")
    assert site.asked == []
    site.close()


def test_the_robots_txt_of_a_private_host_is_not_asked_for_either(
    sites: Sites, database: Database
) -> None:
    site = sites.new()
    check = checked(database, Target("private/obeying", site.url(), "en"))
    assert check.outcome == Outcome.FAILED
    assert "private network" in str(check.reason or "")
    assert site.asked == []


def test_leave_for_one_private_host_is_no_leave_for_another(
    sites: Sites, database: Database
) -> None:
    allowed, inner = sites.new(), sites.new()
    inner.answers["/"] = page()
    allowed.answers |= {
        "/": redirect(f"http://{inner.host}:{allowed.port}/"),
        "/robots.txt": page("", 200),
        "/same": redirect("/there"),
        "/there": page(),
    }
    same_port = Site(inner.host, port=allowed.port)
    check = checked(database, own(allowed.url("/")))
    assert check.outcome == Outcome.FAILED
    assert "The page redirects to" in str(check.reason or "")
    assert "private network" in str(check.reason or "")
    assert same_port.asked == inner.asked == []
    assert checked(
        database, own(allowed.url("/same"), "example/same")
    ).final_url == allowed.url("/there")
    same_port.close()


def test_leave_for_one_document_is_no_leave_for_another_on_that_host(
    sites: Sites, database: Database
) -> None:
    site = sites.new()
    site.answers["/"] = page()
    mine = own(site.url(), "example/mine", robots="ignore")
    checks = crawled(
        database, mine, Target("example/theirs", site.url(), "en", robots="ignore")
    )
    assert (checks["example/mine"].outcome, checks["example/theirs"].outcome) == (
        None,
        Outcome.FAILED,
    )


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("file:///etc/passwd", "not a web address"),
        ("data:text/html,<p>x", "not a web address"),
        ("ftp://127.0.0.1/", "not a web address"),
        ("http://me:secret@127.0.0.1/", "user name"),
        ("http:///path", "names no host"),
        ("http://[::", "not a valid address"),
        ("http://example.org:99999/", "not a valid address"),
        ("http://a..example/", "not a valid address"),
    ],
)
def test_only_plain_web_addresses_are_asked(
    database: Database, url: str, words: str
) -> None:
    check = checked(database, own(url, robots="ignore"))
    assert (check.outcome, words in str(check.reason or "")) == (
        Outcome.FAILED,
        True,
    ), check.reason


def test_a_redirect_to_a_host_that_no_name_can_be_is_a_failure_of_that_page_alone(
    sites: Sites, database: Database
) -> None:
    hosts = ["a..example", ".", ".example", f"{'a' * 64}.example"]
    site, lost = sites.new(), sites.new()
    site.answers = {
        f"/{n}": redirect(f"http://{host}/") for n, host in enumerate(hosts)
    } | {"/": page()}
    lost.answers = {
        "/": page(),
        "/robots.txt": redirect("http://a..example/robots.txt"),
    }
    targets = [
        own(site.url(f"/{n}"), f"example/{n}", robots="ignore")
        for n, _ in enumerate(hosts)
    ]
    checks = crawled(
        database,
        *targets,
        own(lost.url(), "lost/robots"),
        own(site.url(), "example/sound", robots="ignore"),
    )
    for n, host in enumerate(hosts):
        assert checks[f"example/{n}"].outcome == Outcome.FAILED
        assert (
            str(checks[f"example/{n}"].reason)
            == f"The page redirects to http://{host}/, which can’t be used: it is not a valid address."
        )
    assert checks["lost/robots"].outcome == Outcome.ROBOTS
    assert checks["example/sound"].outcome is None  # fetched, and yet to be read


def test_certificates_are_verified(
    sites: Sites,
    database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ours, strange = trustme.CA(), trustme.CA()
    ours.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    ends = {
        "good": datetime.now(UTC) + timedelta(days=9),
        "expired": datetime.now(UTC) - timedelta(days=1),
    }
    served = {
        "good": sites.new(
            lambda host: tls_of(ours.issue_cert(host, not_after=ends["good"]))
        ),
        "expired": sites.new(
            lambda host: tls_of(ours.issue_cert(host, not_after=ends["expired"]))
        ),
        "strange": sites.new(lambda host: tls_of(strange.issue_cert(host))),
        "other": sites.new(
            lambda host: tls_of(ours.issue_cert("other.example.org"))
        ),
    }
    for site in served.values():
        site.answers["/"] = page()
    checks = crawled(
        database, *(own(site.url(), f"tls/{name}") for name, site in served.items())
    )
    assert checks["tls/good"].outcome is None, checks["tls/good"].reason
    for name, words in {
        "expired": "expired",
        "strange": "issuer",
        "other": "mismatch",
    }.items():
        check = checks[f"tls/{name}"]
        assert (check.outcome, check.status) == (Outcome.FAILED, None)
        assert "is not trusted" in str(check.reason or "")
        assert words in str(check.reason or "")
        assert served[name].asked == []


def test_a_server_that_speaks_no_tls_where_it_should_says_so(
    database: Database,
) -> None:
    def answer(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection:
            connection.recv(4096)
            connection.sendall(b"HTTP/1.1 400 This is not what I expected\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=answer, args=(listening,), daemon=True).start()
        check = checked(
            database, own(f"https://127.0.0.1:{listening.getsockname()[1]}/")
        )
    assert check.outcome == Outcome.FAILED
    assert "does not use https" in str(check.reason or "")


def test_cookies_live_as_long_as_a_chain_of_redirects(
    sites: Sites, database: Database
) -> None:
    site = sites.new()
    site.answers |= {"/": needs_cookie, "/other": page()}
    crawled(database, own(site.url()), own(site.url("/other"), "example/other"))
    shown = [
        (asked.path, "cookie" in asked.headers)
        for asked in site.asked
        if asked.path != "/robots.txt"
    ]
    assert shown.count(("/", False)) == 2, (
        "first and second answer are asked for as by a new visitor"
    )
    assert shown.count(("/", True)) == 2
    assert ("/other", True) not in shown


def test_a_proxy_of_the_environment_is_not_used(
    sites: Sites, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, proxy = sites.new(), sites.new()
    site.answers["/"] = page()
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, proxy.url())
    assert checked(database, own(site.url())).outcome is None
    assert proxy.asked == []


def test_large_headers_are_fine_and_endless_ones_are_not(
    sites: Sites, database: Database
) -> None:
    site = sites.new()
    site.answers |= {
        "/policy": page(x_policy="a" * 30_000),
        "/endless": page(x_policy="a" * 300_000),
    }
    checks = crawled(
        database,
        own(site.url("/policy"), "head/large"),
        own(site.url("/endless"), "head/endless"),
    )
    assert checks["head/large"].outcome is None
    assert checks["head/endless"].outcome == Outcome.FAILED


def test_nothing_of_scrapy_listens_or_knows_other_schemes() -> None:
    """In a process of its own, as nothing here may depend on what other tests have imported."""
    script = """
from scrapy.settings import Settings
from crawler.settings import scrapy_settings
from crawler.targets import CrawlSettings
settings = Settings(scrapy_settings(CrawlSettings("me@example.org")))
extensions = settings.getwithbase("EXTENSIONS")
assert extensions["scrapy.extensions.telnet.TelnetConsole"] is None
assert extensions["scrapy.extensions.remote_control.RemoteControl"] is None
replaced = ("robotstxt", "retry", "redirect", "cookies", "httpcompression", "httpproxy")
middlewares = settings.getwithbase("DOWNLOADER_MIDDLEWARES").items()
assert not [name for name, order in middlewares if order and name.split(".")[-2] in replaced]
handlers = {scheme for scheme, handler in settings.getwithbase("DOWNLOAD_HANDLERS").items() if handler}
assert handlers == {"http", "https"}, handlers
assert not settings.getbool("REMOTE_CONTROL_ENABLED") and not settings.getbool("TELNETCONSOLE_ENABLED")
"""
    subprocess.run(
        [sys.executable, "-c", script], check=True, cwd=Path(__file__).parents[1]
    )
