"""Proposals to the operator: pages that nobody watches yet, and addresses that have changed."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from foundation.vocabulary import NoticeKind
from policywatch.ingest import captures
from policywatch.ingest.proposals import page_key
from policywatch.pipeline import Job
from policywatch.views.serializer import history_json
from storage.database import Database
from storage.deliveries import notices_of
from tests.site import Site, a_job, a_site, policy, watchlist
from tests.web_pages import visited

DATABASES = ["sqlite"]

LONG = "x" * 10_000


@pytest.fixture
def site() -> Iterator[Site]:
    with a_site() as running:
        running.pages["/privacy"] = policy(
            "Our rules are on <a href='/house-rules'>the page of the rules</a>."
        )
        running.pages["/terms"] = policy().replace("Privacy policy", "Terms of use")
        yield running


def check(job: Job, times: int = 1) -> None:
    for _ in range(times):
        job.run(force=True)
        assert not job.mistakes


def linking(*links: str) -> str:
    return policy(
        *(
            f"What is new at our desk: see {link} before you borrow a book again."
            for link in links
        )
    )


def told(folder: Path) -> str:
    file = folder / "operator.txt"
    return file.read_text("utf-8") if file.exists() else ""


def test_a_new_link_to_a_policy_is_proposed_once(
    site: Site, database: Database, tmp_path: Path
) -> None:
    url = database.url.render_as_string(hide_password=False)
    config = watchlist(tmp_path, site, url, ("privacy", "terms"))
    with a_job(config) as job:
        check(job)
        assert told(tmp_path) == ""  # of a first text nothing is new
        hostile = [
            "<a href='javascript:alert(1)'>AI policy</a>",
            "<a href='data:text/html,hello'>Privacy of data</a>",
            f"<a href='/{LONG}/privacy'>Privacy by its length</a>",
            "<a href='http://10.0.0.1/privacy'>Privacy within</a>",
            "<a href='https://xn--80ak6aa92e.com/privacy'>Privacy of another</a>",
            "<a href='http://[::1/privacy'>Privacy of nobody</a>",
            "<a href='/terms/?utm_source=mail#top'>Terms of use</a>",
            "<a href='/en/terms'>Terms of use in English</a>",
            "<a href='/privacy-2023-archive'>Earlier privacy policy</a>",
            "<a href='/scones'>Our scones</a>",
        ]
        good = "<a href='/help/ai?trk=here'>How we train\x1b[2J AI with &lt;b&gt;your data&lt;/b&gt; \"today\"</a>"
        site.pages["/privacy"] = linking(*hostile, good)
        site.pages["/terms"] = linking(good).replace(
            "Privacy policy", "Terms of use"
        )
        check(job)
        entry = told(tmp_path).partition("[[documents]]")[2].split("\n\n")[0]
        entry = "\n".join(line.strip() for line in entry.splitlines())
        assert tomllib.loads(entry)["url"] == f"{site.url}/help/ai?trk=here"
        assert tomllib.loads(entry)["kind"] == "help"
        assert told(tmp_path).count("[[documents]]") == 1
        assert "library/privacy links to pages that are not watched" in told(
            tmp_path
        )
        site.pages["/privacy"] = linking(*hostile)
        check(job)
        site.pages["/privacy"] = linking(*hostile, good.replace("?trk=here", ""))
        check(job)
        assert told(tmp_path).count('kind = "help"') == 1
        with database.reading() as session:
            (proposal,) = history_json(session, "library/privacy")["proposals"]
        assert tomllib.loads(proposal["entry"])["documents"][0]["title"].startswith(
            "How we train"
        )
        with visited(database) as client:
            page = client.get("/documents/library/privacy").text
        assert "kind = &#34;help&#34;" in page
        assert "<b>your data</b>" not in page
    config.write_text(
        f"{config.read_text('utf-8')}\n{proposal['entry']}allow_private = true\n",
        "utf-8",
    )
    site.pages["/help/ai?trk=here"] = policy().replace(
        "Privacy policy", "AI help page"
    )
    with a_job(config) as job:
        check(job)
        with database.reading() as session:
            assert history_json(session, "library/privacy")["proposals"] == []


def test_many_links_make_one_notice(
    site: Site, store: Database, tmp_path: Path
) -> None:
    config = watchlist(tmp_path, site, str(store.url))
    with a_job(config) as job:
        check(job)
        site.pages["/privacy"] = linking(
            *(f"<a href='/privacy/{n}'>Privacy policy {n}</a>" for n in range(300))
        )
        check(job)
    with store.reading() as session:
        (notice,) = notices_of(session, NoticeKind.LINKS)
    assert [url for url, _ in notice.facts["proposals"]] == [
        f"{site.url}/privacy/{n}" for n in range(8)
    ]
    assert "292 more new links" in told(tmp_path)


def test_a_run_that_ends_amid_a_text_tells_once(
    site: Site, store: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with a_job(watchlist(tmp_path, site, str(store.url))) as job:
        check(job)
        site.pages["/privacy"] = linking("<a href='/ai-terms'>Terms of our AI</a>")
        with monkeypatch.context() as ending:
            ending.setattr(
                captures,
                "finish",
                lambda *_: (_ for _ in ()).throw(KeyboardInterrupt),
            )
            with pytest.raises(KeyboardInterrupt):
                job.run(force=True)
        with store.reading() as session:
            assert notices_of(session, NoticeKind.LINKS) == []
        check(job, 2)
    assert told(tmp_path).count("[[documents]]") == 1


@pytest.mark.parametrize(
    ("status", "checks", "is_proposed"),
    [(301, 3, True), (308, 2, False), (302, 4, False)],
    ids=["moved", "soon", "now"],
)
def test_a_page_that_moved_for_good_is_proposed(
    site: Site,
    store: Database,
    tmp_path: Path,
    status: int,
    checks: int,
    is_proposed: bool,
) -> None:
    with a_job(watchlist(tmp_path, site, str(store.url))) as job:
        check(job)
        site.pages |= {
            "/new/privacy": site.pages["/privacy"],
            "/privacy": (status, ""),
        }
        site.headers["Location"] = "/new/privacy"
        check(job, checks)
        line = f'url = "{site.url}/new/privacy"'
        assert (line in told(tmp_path)) is is_proposed
        check(job)
        assert told(tmp_path).count(line) == (status != 302)
        with store.reading() as session:
            proposals = history_json(session, "library/privacy")["proposals"]
        assert [each["entry"] for each in proposals] == [line] * (status != 302)


@pytest.mark.parametrize(
    "address", ["/new/privacy", "/privacy/", "http://[::1", "javascript:alert(1)"]
)
def test_the_own_address_of_a_page_that_is_gone_is_proposed(
    site: Site, store: Database, tmp_path: Path, address: str
) -> None:
    site.pages["/privacy"] = policy().replace(
        "<head>", f'<head><link rel="canonical" href="{address}">'
    )
    assert "canonical" in site.pages["/privacy"]
    with a_job(watchlist(tmp_path, site, str(store.url))) as job:
        check(job)
        site.pages["/privacy"] = (410, "")
        check(job, 4)
        line = f'url = "{site.url}/new/privacy"'
        assert told(tmp_path).count(line) == (address == "/new/privacy")
        with store.reading() as session:
            proposals = history_json(session, "library/privacy")["proposals"]
    assert [each["entry"] for each in proposals] == [line] * (
        address == "/new/privacy"
    )


def test_links_are_known_by_words_address_and_heading(
    site: Site, store: Database, tmp_path: Path
) -> None:
    links = {
        "<a href='/legal/privacy-notice'>here</a>": "privacy-policy",
        "<a href='/x1'>Cookie policy</a>": "cookie-policy",
        "<a href='/help/answer/12'>Delete your data</a>": "help",
        "<a href='/help/answer/13'>Renew a book</a>": None,
        "<a href='/fr/desk'>How we use your name</a>": None,
        "<a href='/old/terms'>Previous version</a>": None,
        "<a href='/articles/a13'>more</a>": None,
    }
    with a_job(watchlist(tmp_path, site, str(store.url))) as job:
        check(job)
        about_ai = (
            linking("<a href='/articles/a12'>more</a>")
            .partition("<p>What is new")[2]
            .partition("</main>")[0]
        )
        text = (
            f"{linking(*links)}</main>".partition("</main>")[0]
            + f"<h2>Artificial intelligence</h2><p>News: {about_ai}"
        )
        site.pages["/privacy"] = f"{text}</main></body></html>"
        check(job)
    with store.reading() as session:
        (notice,) = notices_of(session, NoticeKind.LINKS)
    entries = [
        tomllib.loads(entry)["documents"][0]
        for _, entry in notice.facts["proposals"]
    ]
    assert [entry["kind"] for entry in entries] == [
        *filter(None, links.values()),
        "help",
    ]
    assert entries[-1]["url"] == f"{site.url}/articles/a12"


def test_a_watched_page_with_parameters_of_any_name_is_no_proposal(
    site: Site, store: Database, tmp_path: Path
) -> None:
    canonical = '<head><link rel="canonical" href="/legal/privacy-of-all">'
    site.pages["/privacy"] = policy().replace("<head>", canonical)
    with a_job(
        watchlist(tmp_path, site, str(store.url), ("privacy", "terms"))
    ) as job:
        check(job)
        links = [
            "<a href='/terms?lipi=urn%3Ali%3Apage'>Terms of use</a>",
            "<a href='/terms?xyz=12&y=1'>read them</a>",
            "<a href='/privacy?lipi='>Privacy policy</a>",
            "<a href='/legal/privacy-of-all'>Privacy policy</a>",
            "<a href='/terms?document=cookies'>Cookie policy</a>",
        ]
        site.pages["/privacy"] = linking(*links).replace("<head>", canonical)
        check(job)
    with store.reading() as session:
        (notice,) = notices_of(session, NoticeKind.LINKS)
        assert [url for url, _ in notice.facts["proposals"]] == [
            f"{site.url}/terms?document=cookies"
        ]


def test_the_same_page_has_one_key() -> None:
    same = (
        "https://www.example.org/a/privacy",
        "http://example.org/de/a/Privacy/?utm_source=x&hl=de#y",
    )
    assert len({page_key(url) for url in same}) == 1
    others = (
        "https://example.org/ai/privacy",
        "https://example.org/privacy",
        "https://example.org/privacy?id=2",
    )
    assert len({page_key(url) for url in others}) == 3
