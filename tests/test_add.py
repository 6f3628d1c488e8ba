"""`add`: from an address to an entry of the watchlist, or to why there is none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from policywatch.config.watchlist import load
from tests.site import Site, a_site, outcomes, policy, policywatch, run

BEFORE = """\
# our pages, by hand
contact = "test@example.org"   # reaches us
database = "sqlite:///watch.db"

[crawl]
delay = 0
confirm_delay = 0"""


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with a_site() as running:
        running.pages["/privacy"] = policy()
        running.pages["/fr/privacy"] = policy().replace('lang="en"', 'lang="fr"')
        running.pages["/shop"] = policy().replace(
            "Privacy policy of the library", 'Our "best" books\x7f'
        )
        running.pages["/error"] = (
            "<html lang=en><title>Privacy policy</title><h1>Privacy policy</h1><p>Soon.</p>"
        )
        running.pages["/secret/privacy"] = policy()
        running.pages["/robots.txt"] = "User-agent: *\nDisallow: /secret"
        yield running


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "policywatch.toml"
    file.write_bytes(BEFORE.encode())
    return file


def add(config: Path, *words: object, status: int = 0) -> str:
    return policywatch(
        "add", *words, "--allow-private", "--config", config, status=status
    )


def test_a_page_is_shown_and_added_and_the_rest_of_the_file_stays(
    site: Site, config: Path
) -> None:
    url = f"{site.url}/privacy"
    entry = (
        '[[documents]]\nid = "library/privacy-policy"\nservice = "Library"\ntitle = "Privacy policy of the library"\n'
        f'kind = "privacy-policy"\nurl = "{url}"\nlanguage = "en"\nevery = "1d"\nallow_private = true\n'
    )
    words = (url, "--service", "Library", "--every", "1d")
    shown = add(config, *words, "--dry-run")
    assert "We keep the list of the books that you borrow" in shown
    assert entry in shown
    assert config.read_text("utf-8") == BEFORE
    assert add(config, *words).endswith(f"{entry}\nAdded to {config}.\n")
    assert config.read_text("utf-8") == f"{BEFORE}\n\n{entry}"
    assert outcomes(run(config, status=0)) == {"library/privacy-policy": "first"}
    answer = add(config, url.replace("http:", "https:") + "/", status=2)
    assert "it is watched already, as library/privacy-policy" in answer
    add(
        config,
        f"{site.url}/fr/privacy",
        "--language",
        "en",
        "--title",
        "Second edition",
    )
    second = load(config).documents[1]
    assert (second.id, second.service) == ("library/second-edition", "Library"), (
        "the host is known, the first id taken"
    )


@pytest.mark.parametrize(
    ("path", "words", "status", "reason"),
    [
        (
            "/shop",
            (),
            2,
            "names no kind of policy; if it is to be watched, give its kind",
        ),
        ("/error", (), 1, "no complete sentence on the page"),
        ("/privacy", ("--language", "fr"), 1, "written in another language"),
        ("/none", (), 1, "gone: "),
        ("/secret/privacy", (), 1, "robots: "),
        ("/privacy", ("--select", "#gone"), 1, "#gone"),
        (
            "/privacy",
            ("--kind", "policy"),
            2,
            "--kind: found 'policy'; allowed: 'privacy-policy', ",
        ),
        ("/a b", (), 2, "URL: there is no space in an address"),
        ("/privacy", ("--service", "図書館"), 2, "make no id that is free"),
        ("/privacy", ("--id", "library"), 2, "--id: write service/document"),
    ],
)
def test_a_page_that_cannot_be_watched_is_refused_before_anything_is_written(
    site: Site,
    config: Path,
    path: str,
    words: tuple[str, ...],
    status: int,
    reason: str,
) -> None:
    assert reason in add(config, site.url + path, *words, status=status)
    assert config.read_text("utf-8") == BEFORE


def test_a_private_address_is_refused_unless_it_is_allowed(
    site: Site, config: Path
) -> None:
    answer = policywatch("add", f"{site.url}/privacy", "--config", config, status=1)
    assert "--allow-private" in answer
    assert config.read_text("utf-8") == BEFORE


def test_what_a_page_calls_itself_does_no_harm_and_a_wrong_file_is_left_alone(
    site: Site, config: Path
) -> None:
    config.write_text(
        f'{BEFORE}\n[services.Shop]\nrobots = "ignore"\n[[documents]]\nid = "shop/terms"\n',
        "utf-8",
    )
    wrong = config.read_text("utf-8")
    assert "policywatch.toml:10: documents[0].service" in add(
        config, f"{site.url}/shop", "--kind", "other", status=2
    )
    assert config.read_text("utf-8") == wrong
    config.write_text(f"{BEFORE}\n", "utf-8")
    add(config, f"{site.url}/shop", "--kind", "other", "--service", "Shop")
    assert load(config).documents[0].title == 'Our "best" books[U+007F]'


@pytest.mark.parametrize("form", ["csv", "opml"])
def test_pages_of_a_file_are_added_and_a_bad_line_stops_no_other(
    site: Site, config: Path, tmp_path: Path, form: str
) -> None:
    pages = [
        ("/shop", ""),
        ("/none", ""),
        ("/fr/privacy", "=1+1"),
        ("/privacy", "Second edition"),
        ("/privacy", ""),
    ]
    file = tmp_path / "pages"
    lines = [
        "url,service,title",
        *(f"{site.url}{path},Library,{title}" for path, title in pages),
        "",
    ]
    outlines = (
        f'<outline text="{title}" htmlUrl="{site.url}{path}"/>'
        for path, title in pages
    )
    file.write_text(
        "\n".join(lines)
        if form == "csv"
        else f"<opml><body>{''.join(outlines)}</body></opml>",
        "utf-8",
    )
    answer = add(
        config, "--from", file, "--language", "en", "--service", "Library", status=1
    )
    results = [
        line.removeprefix(site.url)
        for line in answer.splitlines()
        if line.startswith(site.url)
    ]
    assert results[0].startswith(
        '/shop: not added: “Our "best" books[U+007F]” names no kind'
    )
    assert results[1].startswith("/none: not added: gone: ")
    assert results[2].startswith("/fr/privacy: library/privacy-policy. Added")
    assert results[3].startswith("/privacy: library/second-edition. Added")
    assert (
        results[4]
        == "/privacy: not added: it is watched already, as library/second-edition"
    )
    assert [entry.title for entry in load(config).documents] == [
        "=1+1",
        "Second edition",
    ]
    assert "give one page, or --from FILE" in add(config, status=2)


TRACKED = ("?lipi=urn%3Ali%3Apage", "?trk=footer&x=1")


def test_a_watched_page_under_another_address_is_no_new_document(
    site: Site, config: Path
) -> None:
    own = '<link rel="canonical" href="/privacy">'
    site.pages |= {f"/privacy{query}": policy(noise="b") for query in TRACKED}
    site.pages |= {
        "/moved": (302, ""),
        "/print/privacy": policy().replace("<head>", f"<head>{own}"),
        "/privacy?edition=children": policy(
            "We never ask children for their address."
        ).replace("<head>", f"<head>{own}"),
    }
    add(config, f"{site.url}/privacy", "--service", "Library")
    before = config.read_text("utf-8")
    for path in (*(f"/privacy{query}" for query in TRACKED), "/print/privacy"):
        answer = add(config, f"{site.url}{path}", "--kind", "other", status=2)
        assert "it is watched already, as library/privacy-policy" in answer, path
    site.headers["Location"] = "/privacy"
    answer = add(config, f"{site.url}/moved", status=2)
    assert "it is watched already, as library/privacy-policy" in answer
    del site.headers["Location"]
    assert config.read_text("utf-8") == before
    add(
        config,
        f"{site.url}/privacy?edition=children",
        "--service",
        "library",
        "--title",
        "For children",
    )
    child = load(config).documents[1]
    assert (child.service, child.title) == ("Library", "For children"), (
        "other words are another document"
    )
