"""Selectors that rot: what a person is told when the page moves its text out of what the watchlist selects."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.site import (
    AI,
    PARAGRAPHS,
    Site,
    library,
    outcomes,
    policywatch,
    run,
    watchlist,
)

TEXT = "".join(f"<p>{paragraph}</p>" for paragraph in PARAGRAPHS)
MENU = "<nav><a href=/>Home</a></nav><div class=teaser><p>Our reading room has new chairs, come and try them.</p></div>"


def page(body: str) -> str:
    return f"<!doctype html><html lang=en><title>Privacy policy of the library</title><body>{MENU}{body}</body></html>"


site = pytest.fixture(library)


def watching(folder: Path, site: Site, select: str) -> Path:
    config = watchlist(folder, site, f"sqlite:///{folder}/watch.db")
    config.write_text(
        config.read_text("utf-8") + f"select = ['{select}']\n", "utf-8"
    )
    return config


def test_a_selector_that_finds_nothing_is_unreadable_until_it_is_mended(
    tmp_path: Path, site: Site
) -> None:
    config = watching(tmp_path, site, ".policy")
    site.pages["/privacy"] = page(
        f"<div class=policy><h1>Privacy policy</h1>{TEXT}</div>"
    )
    assert outcomes(run(config, status=0)) == {"library/privacy": "first"}
    site.pages["/privacy"] = page(
        f"<div class=css-91ab><div id=document><h1>Privacy policy</h1>{TEXT}</div></div>"
    )
    report = run(config, status=1)
    assert outcomes(report) == {"library/privacy": "unreadable"}
    assert "no text inside '.policy'" in report["checks"][0]["reason"]
    config.write_text(
        config.read_text("utf-8").replace("'.policy'", "'#document'"), "utf-8"
    )
    assert outcomes(run(config, status=0)) == {"library/privacy": "unchanged"}


def test_a_selector_that_finds_less_is_held_although_more_than_half_is_left(
    tmp_path: Path, site: Site
) -> None:
    config = watching(tmp_path, site, ".policy")
    site.pages["/privacy"] = page(
        f"<div class=policy><h1>Privacy policy</h1>{TEXT}</div>"
    )
    run(config, status=0)
    kept, moved = (
        f"<p>{'</p><p>'.join(some)}</p>"
        for some in (PARAGRAPHS[:4], PARAGRAPHS[4:])
    )
    site.pages["/privacy"] = page(
        f"<main><div class=policy><h1>Privacy policy</h1>{kept}</div>{moved}</main>"
    )
    report = run(config, status=1)
    assert outcomes(report) == {"library/privacy": "held"}
    assert "finds less of the text" in report["checks"][0]["reason"]
    assert not (tmp_path / "alerts.txt").exists()
    site.pages["/privacy"] = page(
        f"<main><div class=policy><h1>Privacy policy</h1>{kept}</div></main>"
    )
    assert outcomes(run(config, status=0)) == {"library/privacy": "changed"}, (
        "what is gone from the page is a change"
    )


def test_an_earlier_version_that_the_page_keeps_does_not_hold_a_change(
    tmp_path: Path, site: Site
) -> None:
    config = watching(tmp_path, site, ".policy")
    site.pages["/privacy"] = page(
        f"<div class=policy><h1>Privacy policy</h1>{TEXT}</div>"
    )
    run(config, status=0)
    new = TEXT.replace(
        PARAGRAPHS[1],
        "Whoever asks us is told which books you like, and we are paid for it each month.",
    )
    new = new.replace(
        PARAGRAPHS[4],
        f"We read what you write below a book in order to learn from it. {AI}",
    )
    kept = f"<details><summary>Until 3 November</summary><h1>Privacy policy</h1>{TEXT}</details>"
    site.pages["/privacy"] = page(
        f"<main><div class=policy><h1>Privacy policy</h1>{new}</div>{kept}</main>"
    )
    assert outcomes(run(config, status=0)) == {"library/privacy": "changed"}
    assert "train generative AI models" in (tmp_path / "alerts.txt").read_text(
        "utf-8"
    )


def test_a_selector_that_is_left_with_a_part_of_what_stands_whole_elsewhere_is_held(
    tmp_path: Path, site: Site
) -> None:
    config = watching(tmp_path, site, ".policy")
    site.pages["/privacy"] = page(
        f"<div class=policy><h1>Privacy policy</h1>{TEXT}</div>"
    )
    run(config, status=0)
    part = f"<p>{'</p><p>'.join(PARAGRAPHS[:4])}</p>"
    site.pages["/privacy"] = page(
        f"<div class=policy><h1>Privacy policy</h1>{part}</div><article>{TEXT}</article>"
    )
    report = run(config, status=1)
    assert outcomes(report) == {"library/privacy": "held"}
    assert "finds less of the text" in report["checks"][0]["reason"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("select = ['h1', 'h2']", "no complete sentence"),
        ("remove = ['.rest']", "most of the text is gone"),
    ],
)
def test_a_selector_that_loses_the_text_of_a_known_document_is_held_and_told(
    tmp_path: Path, site: Site, line: str, said: str
) -> None:
    config = watching(tmp_path, site, "main")
    plain = config.read_text("utf-8")
    shown = page(
        f"<main><h1>Privacy policy</h1><p>{PARAGRAPHS[0]}</p><div class=rest>{TEXT}</div></main>"
    )
    site.pages["/privacy"] = shown
    run(config, status=0)
    config.write_text(plain.replace("select = ['main']", line), "utf-8")
    report = run(config, status=1)
    assert outcomes(report) == {"library/privacy": "held"}
    assert said in report["checks"][0]["reason"]
    assert PARAGRAPHS[1] in (tmp_path / "operator.txt").read_text("utf-8")
    assert "accept library/privacy" in policywatch(
        "doctor", "--config", config, status=1
    )
    config.write_text(plain, "utf-8")
    assert outcomes(run(config, status=0)) == {"library/privacy": "unchanged"}
    site.pages["/privacy"] = shown.replace(PARAGRAPHS[5], AI)
    assert outcomes(run(config, status=0)) == {"library/privacy": "changed"}
    assert "train generative AI models" in (tmp_path / "alerts.txt").read_text(
        "utf-8"
    )


def test_a_selector_that_loses_the_text_leaves_what_is_read_again_and_alerts_nobody_when_it_is_meant(
    tmp_path: Path, site: Site
) -> None:
    config = watching(tmp_path, site, "main")
    site.pages["/privacy"] = page(
        f"<main><h1>Privacy policy</h1><p>{AI}</p><div class=rest>{TEXT}</div></main>"
    )
    run(config, status=0)
    config.write_text(f"{config.read_text('utf-8')}remove = ['.rest']\n", "utf-8")
    assert "0 have another text now" in policywatch(
        "read", "--again", "--config", config
    )
    run(config, status=1)
    policywatch("accept", "library/privacy", "--yes", "--config", config)
    assert outcomes(run(config, status=0)) == {"library/privacy": "unchanged"}
    assert not (tmp_path / "alerts.txt").exists()


def test_reading_again_says_which_versions_became_one_and_which_two(
    tmp_path: Path, site: Site
) -> None:
    config = watching(tmp_path, site, "main")
    plain = config.read_text("utf-8")
    for extra in ("We keep letters for a year.", "We keep letters for two years."):
        site.pages["/privacy"] = page(
            f"<main><h1>Privacy policy</h1>{TEXT}<p class=extra>{extra}</p></main>"
        )
        run(config, status=0)
    config.write_text(f"{plain}remove = ['.extra']\n", "utf-8")
    said = "2 versions read again: 2 have another text now, {} were merged with the version before, {} were split from it"
    assert said.format(1, 0) in policywatch("read", "--again", "--config", config)
    config.write_text(plain, "utf-8")
    assert said.format(0, 1) in policywatch("read", "--again", "--config", config)


def test_a_first_text_that_is_held_is_shown_before_it_is_taken(
    tmp_path: Path, site: Site
) -> None:
    config = watching(tmp_path, site, "h1")
    site.pages["/privacy"] = page(
        f"<main><h1>What the reading room says</h1>{TEXT}</main>"
    )
    run(config, status=1)
    said = policywatch("accept", "library/privacy", "--yes", "--config", config)
    assert "The fetched text: " in said
    assert "words:\n  What the reading room says\n" in said
