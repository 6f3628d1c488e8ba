"""`try`: what a person sees of a page before watching it."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from analysis.extract import read_page
from policywatch.cli.terminal import show_page
from tests.site import a_site, policy, policywatch

PAGE = (
    "<html lang=en><title>Privacy policy</title><nav><a href=/>Home</a> <a href=/walks>Walks</a></nav>"
    "<main><h1>Privacy policy</h1><p>We keep the names of those who walk with us.</p>"
    "<button>Print this page</button><p>We delete them after the last walk of the year.</p></main>"
    "<footer><p>© 2025 Heron Lake \x1b[31m</p></footer></html>"
)


def test_what_was_left_out_is_shown_in_its_place() -> None:
    out = StringIO()
    show_page(
        Console(file=out, width=80, force_terminal=True, color_system=None),
        read_page(PAGE.encode()),
        dropped=True,
    )
    assert "page footer): © 2025 Heron Lake" in out.getvalue()
    assert "\x1b[31m" not in out.getvalue()
    lines = [
        line.strip()
        for line in out.getvalue().splitlines()
        if "left out (" in line or "We " in line
    ]
    assert [line[:24] for line in lines] == [
        "left out (navigation): H",
        "We keep the names of tho",
        "left out (control): Prin",
        "We delete them after the",
        "left out (page footer): ",
    ]


@pytest.mark.parametrize("dropped", [True, False])
def test_piped_it_is_plain(tmp_path: Path, dropped: bool) -> None:
    file = tmp_path / "page.html"
    file.write_text(PAGE, "utf-8")
    said = policywatch(
        "try", file, *(["--why", "--remove", "footer"] if dropped else [])
    )
    assert "  We keep the names of those who walk with us.\n" in said
    assert ("left out (control): Print this page\n" in said) is dropped
    assert ("left out (selector in remove): © 2025 Heron Lake" in said) is dropped
    assert "\x1b" not in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["--select", "h1"],
            "A run would hold this: no complete sentence on the page",
        ),
        (
            ["--language", "fr"],
            "A run would hold this: written in another language (en)",
        ),
    ],
)
def test_what_a_run_would_hold_is_said(
    tmp_path: Path, words: list[str], said: str
) -> None:
    file = tmp_path / "page.html"
    file.write_text(policy(), "utf-8")
    assert said in policywatch("try", file, *words).splitlines()[-1]
    assert "A run would hold" not in policywatch("try", file)


def test_a_pdf_that_is_none_and_https_where_there_is_none_are_said_in_plain_words(
    tmp_path: Path,
) -> None:
    file = tmp_path / "page.pdf"
    file.write_bytes(b"%PDF-1.4\nnonsense")
    assert "the file is damaged, incomplete, or no PDF at all" in policywatch(
        "try", file, status=1
    )
    with a_site() as site:
        address = f"{site.url.replace('http:', 'https:')}/privacy"
        answer = policywatch("try", address, "--allow-private", status=1)
    assert (
        "127.0.0.1 does not use https at this address: should the address begin with http://"
        in answer
    )


def test_a_folder_and_a_language_that_is_none_are_refused(tmp_path: Path) -> None:
    assert "is a folder; name a file in it" in policywatch(
        "try", tmp_path, status=2
    )
    assert "write two small letters" in policywatch(
        "try", tmp_path, "--language", "English", status=2
    )


def test_a_page_is_asked_for_once_and_no_database_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "nowhere"))
    config = tmp_path / "policywatch.toml"
    config.write_text('contact = "test@example.org"\n')
    with a_site() as site:
        site.pages["/privacy"] = policy()
        policywatch("try", f"{site.url}/privacy", "--allow-private")
        assert site.asked["/privacy"] == 1
        words = ("--kind", "privacy-policy", "--allow-private", "--config", config)
        policywatch("add", f"{site.url}/privacy", *words)
        assert site.asked["/privacy"] == 2
    assert [file.name for file in tmp_path.iterdir()] == ["policywatch.toml"]
