"""One document of several on a page: only what stands under its heading is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.extract import read_page
from analysis.model import UnreadablePage
from tests.site import AI, PARAGRAPHS, a_job, a_site, policywatch, run, watchlist

TERMS = "You row slowly, and not at night, and you pay for the boats that you lose."


def legal(
    *, terms: str = TERMS, more: str = "", title: str = "Privacy Policy"
) -> str:
    text = "".join(
        f"<p>{paragraph}</p>"
        for paragraph in (*PARAGRAPHS, *([more] if more else []))
    )
    return (
        "<html lang=en><title>Legal</title><main><h1>Legal</h1><h2>Contents</h2>"
        f"<h3>{title.lower()}</h3><p>Here is what we do with data.</p><h2>Terms</h2><p>{terms}</p>"
        f"<h2>{title}</h2><h3>Your data</h3>{text}<h2>Imprint</h2><p>The library stands by the lake.</p></main></html>"
    )


def test_only_the_section_is_the_document(tmp_path: Path) -> None:
    with a_site() as site:
        site.pages["/legal"] = legal()
        config = watchlist(
            tmp_path, site, f"sqlite:///{tmp_path}/watch.db", names=("legal",)
        )
        config.write_text(
            f'{config.read_text("utf-8")}section = "privacy policy"\n', "utf-8"
        )
        with a_job(config) as job:
            outcomes = []
            for page in (
                legal(),
                legal(terms=AI),
                legal(terms=AI, more=AI),
                legal(title="Data", more=AI),
            ):
                site.pages["/legal"] = page
                outcomes.append(job.run(force=True).json()["checks"][0])
        assert [check["outcome"] for check in outcomes] == [
            "first",
            "unchanged",
            "changed",
            "unreadable",
        ]
        assert outcomes[-1]["reason"].startswith(
            "no heading “privacy policy” on the page"
        )
        config.write_text(
            config.read_text("utf-8").replace('"privacy policy"', '"Data"'), "utf-8"
        )
        assert run(config)["checks"][0]["outcome"] == "changed", (
            "its heading is another"
        )
    assert (tmp_path / "alerts.txt").read_text("utf-8").count("/changes/") == 1


def test_a_change_of_the_whole_page_says_under_which_document_it_stands(
    tmp_path: Path,
) -> None:
    old, new = tmp_path / "old.html", tmp_path / "new.html"
    old.write_text(legal(), "utf-8")
    new.write_text(legal(more=AI), "utf-8")
    assert "Privacy Policy › Your data" in policywatch("compare", old, new)


@pytest.mark.parametrize("mime", ["text/html", "text/markdown"])
def test_the_section_is_read_of_every_sort_of_page(mime: str) -> None:
    texts = {
        "text/html": legal(),
        "text/markdown": f"# Legal\n\n## Terms\n\n{TERMS}\n\n## Privacy Policy\n\nWe forget.",
    }
    page = read_page(texts[mime].encode(), mime=mime, section="Privacy Policy")
    assert page.title == page.blocks[0].text == "Privacy Policy"
    assert page.blocks[0].heading == ()
    assert {each.text: each.reason for each in page.dropped}[
        TERMS
    ] == "another section"
    with pytest.raises(UnreadablePage, match="Cookies"):
        read_page(texts[mime].encode(), mime=mime, section="Cookies")
