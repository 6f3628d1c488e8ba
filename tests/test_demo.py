"""The demo, as `make demo` runs it."""

from __future__ import annotations

from pathlib import Path

from tests.site import policywatch


def test_the_demo_tells_just_its_story(tmp_path: Path) -> None:
    said = policywatch("demo", "--folder", tmp_path / "demo")
    assert "All came as it should." in said
    assert "(not expected)" not in said
    readme = Path(__file__).parents[1].joinpath("README.md").read_text("utf-8")
    shown = readme.partition("```text\n")[2].partition("\n```")[0]
    assert f"\n{shown}\n" in (tmp_path / "demo" / "alerts.txt").read_text("utf-8")
    assert "8 alerts were delivered, 8 belong to the story." in said
    assert "holds a demo already" in policywatch("demo", "--folder", tmp_path / "demo", status=1)
