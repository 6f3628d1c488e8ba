"""A document that is read from several addresses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from foundation.vocabulary import Outcome
from policywatch.config.errors import WatchlistError
from policywatch.config.watchlist import load
from storage.captures import captures_from
from storage.checks import Check
from storage.database import Database
from storage.versions import Version, current_version
from tests import misbehaving
from tests.crawling import believe, captures, checked, own, served
from tests.misbehaving import Sites, in_turn, page, redirect, validated
from tests.site import (
    AI,
    ERROR_PAGE,
    PARAGRAPHS,
    Site,
    a_site,
    outcomes,
    policy,
    policywatch,
    run,
    watchlist,
)
from tests.web_pages import hrefs, visited
from tests.web_pages import page as shown_page

TEXT, NEWER = (
    "<p>We keep your letters for a year.</p>",
    "<p>We keep your letters for two years.</p>",
)


@pytest.fixture
def site() -> Iterator[Site]:
    with a_site() as site:
        site.pages["/privacy"] = policy(paragraphs=PARAGRAPHS[:2])
        site.pages["/more"] = policy(paragraphs=PARAGRAPHS[2:])
        yield site


@pytest.fixture
def config(tmp_path: Path, site: Site) -> Path:
    file = watchlist(tmp_path, site, f"sqlite:///{tmp_path}/watch.db")
    both = file.read_text("utf-8").replace(
        f'url = "{site.url}/privacy"',
        f'urls = ["{site.url}/privacy", "{site.url}/more"]',
    )
    file.write_text(both, "utf-8")
    return file


def in_force(folder: Path) -> tuple[Version, list[str]]:
    """The current version and its paragraphs."""
    database = Database(f"sqlite:///{folder}/watch.db")
    with database.reading() as session:
        version = current_version(session, "library/privacy")
    database.close()
    assert version is not None
    return version, [
        block["text"]
        for block in version.page["blocks"]
        if block["kind"] == "paragraph"
    ]


def test_the_parts_are_one_text_in_their_order_and_a_change_in_one_is_told(
    tmp_path: Path, site: Site, config: Path
) -> None:
    assert outcomes(run(config, status=0)) == {"library/privacy": "first"}
    assert in_force(tmp_path)[1] == [*PARAGRAPHS]
    assert outcomes(run(config, status=0)) == {"library/privacy": "unchanged"}
    site.pages["/more"] = policy(AI, paragraphs=PARAGRAPHS[2:])
    assert outcomes(run(config, status=0)) == {"library/privacy": "changed"}
    assert AI in (tmp_path / "alerts.txt").read_text("utf-8")
    version, _ = in_force(tmp_path)
    database = Database(f"sqlite:///{tmp_path}/watch.db")
    with database.reading() as session:
        evidence = captures_from(session, version.capture_id)
    database.close()
    assert [kept.url for kept in evidence] == [
        f"{site.url}/privacy",
        f"{site.url}/more",
    ]
    told = (tmp_path / "alerts.txt").read_text("utf-8")
    assert (
        f"The page 1/2 ({site.url}/privacy)\nThe page 2/2 ({site.url}/more)\n"
        in told
    )
    assert AI.encode() in evidence[1].body
    assert "2 versions read again: 0 have another text now" in policywatch(
        "read", "--again", "--config", config
    )


def test_every_address_and_capture_of_a_text_is_shown(
    tmp_path: Path, site: Site, config: Path
) -> None:
    run(config, status=0)
    site.pages["/more"] = policy(AI, paragraphs=PARAGRAPHS[2:])
    run(config, status=0)
    addresses = [f"{site.url}/privacy", f"{site.url}/more"]
    assert policywatch("show", 1, "--config", config).splitlines()[-2:] == addresses
    database = Database(f"sqlite:///{tmp_path}/watch.db")
    path = "/documents/library/privacy/versions/2"
    with visited(database) as pages:
        for shown in ("/changes/1", path):
            there = hrefs(shown_page(pages, shown), "main a")
            assert [href for href in there if href in addresses] == addresses
            assert [href for href in there if "/capture" in href] == [
                f"{path}/capture",
                f"{path}/capture?part=2",
            ]
        document = shown_page(pages, "/documents/library/privacy")
        assert [
            href for href in hrefs(document, ".address a") if href in addresses
        ] == addresses
        api = "/api/v1"
        assert (
            pages.get(f"{api}/documents/library/privacy").json()["urls"]
            == addresses
        )
        (listed,) = pages.get(f"{api}/changes").json()["changes"]
        assert (listed["url"], listed["urls"]) == (addresses[0], addresses)
        for part, marker in ((1, PARAGRAPHS[0]), (2, AI)):
            assert (
                marker.encode() in pages.get(f"{path}/capture?part={part}").content
            )
        assert (
            "library-privacy-2-2.html"
            in pages.get(f"{path}/capture?part=2").headers["content-disposition"]
        )
        assert pages.get(f"{path}/capture?part=3").status_code == 404
    database.close()
    for words in (
        ("documents", "--json"),
        ("history", "library/privacy", "--json"),
        ("show", "1", "--json"),
    ):
        told = json.loads(policywatch(*words, "--config", config))
        assert (told[0] if isinstance(told, list) else told)["urls"] == addresses
    assert "\n".join(addresses) in policywatch(
        "history", "library/privacy", "--config", config
    )


@pytest.mark.parametrize(
    ("broken", "outcome", "said"),
    [
        ((404, "gone"), "gone", "answered 404"),
        ((403, "no"), "blocked", "answered 403"),
        (ERROR_PAGE, "held", "an error page"),
        ("<nav><a href=/>Home</a></nav>", "unreadable", "no document text"),
        (policy(paragraphs=PARAGRAPHS[2:3]), "held", "most of the text is gone"),
    ],
    ids=["gone", "blocked", "error text", "empty", "cut off"],
)
def test_a_part_that_fails_is_named_and_the_last_good_version_stands(
    tmp_path: Path,
    site: Site,
    config: Path,
    broken: str | tuple[int, str],
    outcome: str,
    said: str,
) -> None:
    run(config, status=0)
    site.pages["/more"] = broken
    report = run(config, status=1)
    assert outcomes(report) == {"library/privacy": outcome}
    reason = report["checks"][0]["reason"]
    assert reason.lower().startswith(f"part 2 of 2 ({site.url}/more): ")
    assert said in reason
    assert in_force(tmp_path)[1] == [*PARAGRAPHS]


def test_another_set_of_addresses_is_the_operators_doing_and_alerts_nobody(
    tmp_path: Path, site: Site, config: Path
) -> None:
    run(config, status=0)
    site.pages["/third"] = policy(AI, paragraphs=PARAGRAPHS[:2])
    config.write_text(
        config.read_text("utf-8").replace('/more"', f'/more", "{site.url}/third"'),
        "utf-8",
    )
    assert outcomes(run(config, status=0)) == {"library/privacy": "changed"}
    version, paragraphs = in_force(tmp_path)
    assert (version.cause, AI in paragraphs) == ("reader", True)
    assert not (tmp_path / "alerts.txt").exists()


# what is asked of the servers


sites = pytest.fixture(served)


DATABASES = ["sqlite"]


def seen(check: Check) -> tuple[str | None, int | None]:
    return check.outcome, check.capture_id


def test_each_part_is_asked_for_conditionally(
    sites: Sites, database: Database
) -> None:
    site = sites.new()
    target = replace(own(site.url("/a")), more=(site.url("/b"),))
    site.answers |= {
        "/a": validated(etag='"a"'),
        "/b": validated(last_modified="Mon, 02 Mar 2026 09:00:00 GMT"),
    }
    checked(database, target)
    believe(database)
    site.asked.clear()
    assert seen(checked(database, target)) == (Outcome.NOT_MODIFIED, None)
    assert site.paths() == ["/robots.txt", "/a", "/b"]
    site.answers["/b"] = page(misbehaving.POLICY, etag='"b"')
    assert seen(checked(database, target)) == (Outcome.UNCHANGED, None)
    site.asked.clear()
    checked(database, target)
    assert [asked.headers.get("if-none-match") for asked in site.asked] == [
        None,
        '"a"',
        '"b"',
    ]


def test_a_new_text_in_one_part_is_confirmed_with_all_parts_and_kept_with_them(
    sites: Sites, database: Database
) -> None:
    site = sites.new()
    target = replace(own(site.url("/a")), more=(site.url("/b"),))
    site.answers |= {"/a": validated(etag='"a"'), "/b": page(TEXT)}
    checked(database, target)
    believe(database)
    site.asked.clear()
    site.answers["/b"] = page(NEWER)
    check = checked(database, target)
    assert check.outcome is None
    assert site.paths() == ["/robots.txt", "/a", "/b", "/a", "/b"]
    assert [asked.headers.get("if-none-match") for asked in site.asked] == [
        None,
        '"a"',
        None,
        None,
        None,
    ]
    kept = captures(database)
    assert [(each.head_id, each.url) for each in kept] == [
        (None, site.url("/a")),
        (kept[0].id, site.url("/b")),
        (None, site.url("/a")),
        (kept[2].id, site.url("/b")),
    ]
    assert check.capture_id == kept[2].id


def test_a_part_that_says_something_else_each_time_is_held_and_kept_once(
    sites: Sites, database: Database
) -> None:
    site = sites.new()
    target = replace(own(site.url("/a")), more=(site.url("/b"),))
    site.answers |= {
        "/a": page(TEXT),
        "/b": in_turn(page(TEXT), page(NEWER), page(TEXT), page(NEWER)),
    }
    first, second = checked(database, target), checked(database, target)
    assert first.outcome == second.outcome == Outcome.HELD
    assert first.capture_id == second.capture_id
    assert len(captures(database)) == 2


def test_a_part_that_leads_to_a_private_place_is_not_asked(
    sites: Sites, database: Database
) -> None:
    site, secret = sites.new(), sites.new()
    target = replace(own(site.url("/a")), more=(site.url("/b"),))
    site.answers |= {"/a": page(TEXT), "/b": redirect(secret.url("/"))}
    check = checked(database, target)
    assert check.outcome == Outcome.FAILED
    assert f"Part 2 of 2 ({site.url('/b')}): The page redirects to" in str(
        check.reason or ""
    )
    assert not secret.asked


# the watchlist

ENTRY = (
    '[[documents]]\nid = "a/b"\nservice = "A"\ntitle = "B"\nkind = "terms"\n'
    'urls = ["https://example.org/1", "https://example.org/2"]\n'
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (ENTRY + 'url = "https://example.org/"', "either url, or urls"),
        (ENTRY.replace("urls", "# urls"), "either url, or urls"),
        (ENTRY.replace("/2", "/1"), "an address twice"),
        (ENTRY.replace(', "https://example.org/2"', ""), "at least 2"),
        (
            ENTRY.replace("https://example.org/2", "mailto:x"),
            "documents[0].urls[1]",
        ),
    ],
)
def test_a_wrong_list_of_addresses_is_told(
    tmp_path: Path, text: str, said: str
) -> None:
    file = tmp_path / "policywatch.toml"
    file.write_text(text, "utf-8")
    with pytest.raises(WatchlistError) as caught:
        load(file, {})
    assert said in str(caught.value)
    assert len(caught.value.problems) == 1


def test_a_shipped_document_can_be_given_several_addresses(tmp_path: Path) -> None:
    file = tmp_path / "policywatch.toml"
    own_entry = '[[documents]]\nid = "linkedin/privacy-policy"\nurls = ["https://example.org/1", "https://example.org/2"]\n'
    file.write_text(f'use = ["linkedin"]\n{own_entry}', "utf-8")
    entry = load(file, {}).document("linkedin/privacy-policy")
    assert entry is not None
    assert entry.addresses == ("https://example.org/1", "https://example.org/2")
