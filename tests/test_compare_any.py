"""What must hold for any change: no noise alters what is said of it, and nothing but the texts decides."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.compare import compare
from analysis.diff.wording import keyed_sentences
from analysis.model import Block, Comparison
from analysis.text import words
from analysis.text.spelling import keyed_words
from tests.written_cases import cases, compared_once, page, told


def test_swapping_the_texts_mirrors_the_operations() -> None:
    mirror = {
        "added": "removed",
        "removed": "added",
        "reworded": "reworded",
        "moved": "moved",
    }
    for param in cases()[::4]:
        there, back = (
            told(param.values[0], mirrored=mirrored).passages
            for mirrored in (False, True)
        )
        assert sorted(mirror[passage.operation] for passage in there) == sorted(
            passage.operation for passage in back
        )


def test_a_document_does_not_differ_from_itself() -> None:
    for param in cases():
        after = page(param.values[0], param.values[0]["after"])
        assert compare(after, after, language=after.language) == Comparison(
            substantive=False
        ), param.id


NOISE = {
    "menu": lambda page: (
        Block("item", "Products"),
        Block("item", "Pricing"),
        *page.blocks,
    ),
    "footer": lambda page: (
        *page.blocks,
        Block("item", "Careers"),
        Block("item", "Press"),
        Block("item", "© Parley"),
    ),
    "pickers": lambda page: (
        *page.blocks,
        Block("paragraph", "English Deutsch Français Español Italiano"),
    ),
    "counter": lambda page: (
        *page.blocks,
        Block("paragraph", "Updated 3 days ago"),
    ),
    "quotes": lambda page: tuple(
        replace(block, text=block.text.replace("’", "'")) for block in page.blocks
    ),
    "addresses": lambda page: tuple(
        replace(
            block, text=re.sub(r"[\w.]+@[\w.]+\w", "[email protected]", block.text)
        )
        for block in page.blocks
    ),
    "dashes": lambda page: tuple(
        replace(block, text=block.text.replace(" - ", " – "))
        for block in page.blocks
    ),
    "link targets": lambda page: tuple(
        replace(
            block,
            links=tuple(
                replace(link, url=f"{link.url}?utm=1") for link in block.links
            ),
        )
        for block in page.blocks
    ),
    "order": lambda page: (
        *page.blocks[:-4],
        *page.blocks[-2:],
        *page.blocks[-4:-2],
    ),
    "consent": lambda page: (
        *page.blocks,
        Block(
            "paragraph",
            "We use cookies to make this site better. Accept all Reject all Manage preferences",
        ),
    ),
    "numbers": lambda page: tuple(
        replace(block, text=f"{number}. {block.text}")
        if block.kind == "heading"
        else block
        for number, block in enumerate(page.blocks, 1)
    ),
}


def _some(noise: str) -> list[Any]:
    """Other cases for each noise."""
    return cases()[[*NOISE].index(noise) % 6 :: 6]


@pytest.mark.parametrize("noise", NOISE)
def test_noise_beside_a_change_alters_no_verdict(noise: str) -> None:
    other = 0
    for param in _some(noise):
        case = param.values[0]
        before, after = page(case, case["before"]), page(case, case["after"])
        noisy = replace(after, blocks=NOISE[noise](after))
        quiet, told_with_noise = (
            told(case),
            compare(before, noisy, language=case["language"]),
        )
        other += quiet.alert != told_with_noise.alert
        assert quiet.effective_date == told_with_noise.effective_date, case["name"]
    assert other <= 1  # a case whose chance is close to the bound


@pytest.mark.parametrize("noise", NOISE)
def test_noise_alone_is_no_change(noise: str) -> None:
    for param in _some(noise):
        case = param.values[0]
        after = page(case, case["after"])
        assert not compare(
            after,
            replace(after, blocks=NOISE[noise](after)),
            language=case["language"],
        ).substantive, case["name"]


def test_a_short_sentence_of_a_short_page_is_text() -> None:
    table = "| Name | Purpose |\n| --- | --- |\n| sid | Keeps you signed in |"
    around = f"We count visits without cookies.\n\n## Which\n\n{table}\n\n## How"
    longer = "We use cookies, pixels and device identifiers to know your language and to track how you use our site."
    case = {"document": "cookies", "language": "en", "section": "What else"}
    one, other = (
        page(case, f"{around}\n\n{text}")
        for text in (longer, "We use cookies to know your language.")
    )
    with_furniture = replace(
        other, blocks=NOISE["menu"](replace(other, blocks=NOISE["footer"](other)))
    )
    for before, after in (
        (one, other),
        (other, one),
        (one, with_furniture),
        (with_furniture, one),
    ):
        assert compare(before, after, language="en").alert


@given(st.sampled_from(cases()), st.sampled_from(cases()))
def test_the_same_texts_give_the_same_answer(one: Any, other: Any) -> None:
    before, after = (
        page(one.values[0], one.values[0]["before"]),
        page(one.values[0], other.values[0]["after"]),
    )
    assert compare(before, after, language="en") == compare(
        before, after, language="en"
    )


def test_spaces_that_hold_words_together_are_spaces() -> None:
    for param in cases()[::3]:
        case = param.values[0]
        held_together = {
            **case,
            "after": re.sub(r"(?<=\w) (?=\w)", "\u00a0", case["after"]),
        }
        assert told(held_together) == told(case), case["name"]


@pytest.mark.parametrize(
    "text",
    [
        "It was written on 3 March\n2025 brought nothing new. We keep letters e.g. in Rome.",
        "Ask us 2\nyears ago we did.",
        "Read 'https://parley.example/a.' Then write to help@parley.example. Or call.",
        "Letters | 3 May | 2024 | see parley.example/letters",
    ],
)
def test_a_sentence_has_the_words_that_it_has_alone(text: str) -> None:
    found = keyed_sentences(text)
    assert len(found) > 1
    for start, end, keys in found:
        assert keys == keyed_words(text[start:end]).keys


def test_the_fast_extra_gives_the_same_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("fast_diff_match_patch")
    answers = []
    for way in (words._slow_diff, words._fast_diff):
        monkeypatch.setattr(words, "_character_diff", way)
        keyed_words.cache_clear()
        compared_once.cache_clear()
        answers.append([told(param.values[0]) for param in cases()[::3]])
    assert answers[0] == answers[1]


def test_the_answer_hangs_on_nothing_but_the_texts(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("old.md", "new.md")]
    for file, name in zip(files, ("before", "after"), strict=True):
        chosen = [
            param.values[0][name]
            for param in cases()
            if param.values[0]["document"] == "privacy"
        ][:40]
        file.write_text(
            "# Privacy policy of Parley\n\n" + "\n\n".join(chosen), "utf-8"
        )
    command = [
        sys.executable,
        "-m",
        "policywatch",
        "compare",
        *map(str, files),
        "--json",
    ]
    answers = {
        subprocess.run(
            command,
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(answers) == 1
