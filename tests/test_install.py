"""The program as it is installed: what is in the packages, and a watch in a folder of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

from evaluation.man_page import PAGE, man_page
from tests.warm import PACKAGES, ROOT


def run(*command: str | Path, folder: Path) -> str:
    environ = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    done = subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the wheel and the source distribution."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "hatchling", "build", "-d", folder, folder=ROOT)
    return folder


def test_the_packages_hold_what_git_holds_of_them_and_nothing_else(
    built: Path,
) -> None:
    tracked = {
        name
        for name in run("git", "ls-files", *PACKAGES, folder=ROOT).split("\n")
        if name
    }
    [wheel] = built.glob("*.whl")
    names = {
        name
        for name in zipfile.ZipFile(wheel).namelist()
        if ".dist-info/" not in name
    }
    (manual,) = (name for name in names if ".data/" in name)
    assert manual.endswith(".data/data/share/man/man1/policywatch.1")
    assert names - {manual} == tracked
    [sdist] = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()}
    assert tracked <= inside
    assert {name.partition("/")[0] for name in inside} == {*PACKAGES} | {
        ".gitignore",
        "CHANGELOG.md",
        "LICENSE",
        "PKG-INFO",
        "README.md",
        "pyproject.toml",
        "scrapy.cfg",
        "tests",
    }


def test_a_watch_stands_in_a_folder_of_its_own_whatever_else_lies_there(
    built: Path, tmp_path: Path
) -> None:
    venv.create(tmp_path / "venv")
    [wheel] = built.glob("*.whl")
    pip = (sys.executable, "-m", "pip", "--python", tmp_path / "venv/bin/python")
    run(*pip, "install", "--no-deps", wheel, folder=tmp_path)
    # what it needs is here already; nothing else of the checkout is in reach
    [site] = (tmp_path / "venv/lib").glob("python*/site-packages")
    needed = sysconfig.get_path("purelib")
    (site / "needed.pth").write_text(needed, "utf-8")
    program = tmp_path / "venv/bin/policywatch"

    shown = run(
        program, "init", "mine", "--contact", "a@example.org", folder=tmp_path
    )
    assert "Next: cd mine, then policywatch doctor" in shown
    watch = tmp_path / "mine"
    for package in PACKAGES:
        (watch / f"{package}.py").write_text(
            "raise SystemExit('not ours')", "utf-8"
        )
    page = watch / "policy.html"
    page.write_text(
        "<title>Privacy</title><main><h1>Privacy Policy</h1>"
        + "<p>We keep your posts for a year. We never sell them.</p>" * 9,
        "utf-8",
    )
    assert "We never sell them." in run(program, "try", page, folder=watch)
    assert run(program, "documents", folder=watch)


def test_the_manual_page_has_all_commands() -> None:
    written = PAGE.read_text("utf-8")
    assert written == man_page(), "python -m evaluation.man_page writes it anew"
    assert ".B policywatch import open\\-terms\\-archive\n" in written


def test_each_package_is_pinned_with_its_hashes() -> None:
    lines = re.sub(
        r"\\\n\s*", "", (ROOT / "requirements.txt").read_text()
    ).splitlines()
    pinned = [line for line in lines if not line.startswith("#")]
    assert len(pinned) > 100
    for line in pinned:
        assert re.match(r"\S+==\S+ ", line), line
        assert re.search(r"--hash=sha256:\w{64}( |$)", line), line
