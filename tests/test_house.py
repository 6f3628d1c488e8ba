"""The rules of the house that a program can check: import layers, documentation, what may not be in the repository."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

from typer.main import get_command

from evaluation import house
from policywatch.cli import COMMANDS, app
from policywatch.config.watchlist import load
from tests.warm import PACKAGES, ROOT

PAGES = {
    page: page.read_text("utf-8")
    for folder in ("", "docs/**/", "analysis/**/", "evaluation/**/")
    for page in sorted(ROOT.glob(f"{folder}*.md"))
}
VAGUE_MODULES = {"base", "common", "helpers", "manager", "misc", "util", "utils"}
# names that tell a reader nothing, or that the field calls otherwise (belief: validation; manner: extraction config)
VAGUE_NAMES = {
    *(
        "anew",
        "belief",
        "believe",
        "believed",
        "beating",
        "desk",
        "disbelief",
        "doubt",
        "garbage",
        "gist",
        "hearing",
        "heard",
    ),
    *(
        "manner",
        "manners",
        "owed",
        "restless",
        "retell",
        "said",
        "seen_by",
        "those",
        "ticked",
        "told",
        "torn",
    ),
}
FOLDERS = "analysis|crawler|docs|foundation|evaluation|messages|notifier|policywatch|storage|tests"


def test_the_layers_hold() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def modules() -> list[Path]:
    return sorted(
        file for package in PACKAGES for file in (ROOT / package).glob("**/*.py")
    )


def test_names_of_modules_say_something() -> None:
    for file in modules():
        assert file.stem not in VAGUE_MODULES


def test_names_tell_what_they_are() -> None:
    for file in modules():
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            match node:
                case ast.Name(id=name, ctx=ast.Store()):
                    pass
                case ast.Attribute(attr=name, ctx=ast.Store()) | ast.arg(arg=name):
                    pass
                case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                    pass
                case ast.AsyncFunctionDef(name=name):
                    pass
                case _:
                    continue
            where = f"{file.relative_to(ROOT)}:{node.lineno}: {name}"
            assert name.strip("_").lower() not in VAGUE_NAMES, where


def test_the_name_of_a_class_means_one_thing() -> None:
    places: dict[str, list[str]] = {}
    for file in modules():
        for node in ast.parse(file.read_text("utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places.setdefault(node.name, []).append(str(file.relative_to(ROOT)))
    assert [files for files in places.values() if len(files) > 1] == []


def test_links_of_the_docs_lead_somewhere() -> None:
    for page, text in PAGES.items():
        for target in re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)", text):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_files_that_the_docs_name_exist() -> None:
    for page, text in PAGES.items():
        for path in re.findall(rf"`((?:{FOLDERS})/[\w/.-]*)`", text):
            assert (ROOT / path).exists(), f"{page.name} names {path}"


def test_pages_that_the_code_names_exist() -> None:
    for folder in FOLDERS.split("|"):
        for file in [
            *(ROOT / folder).glob("**/*.py"),
            *(ROOT / folder).glob("**/*.toml"),
        ]:
            for path in re.findall(r"docs/[\w/-]+\.md", file.read_text("utf-8")):
                assert (ROOT / path).exists(), (
                    f"{file.relative_to(ROOT)} names {path}"
                )


def command(name: str) -> Any:
    return get_command(app).get_command(None, name)  # type: ignore[attr-defined]


def commands() -> list[str]:
    found: list[str] = []
    for name in (name for rows in COMMANDS.values() for name in rows):
        loaded = command(name)
        found += [f"{name} {inner}" for inner in getattr(loaded, "commands", {})]
        found += [name] if getattr(loaded, "invoke_without_command", True) else []
    return found


def test_every_command_is_in_the_docs_and_its_help_says_what_it_takes() -> None:
    text = (ROOT / "docs" / "commands.md").read_text("utf-8")
    for words in commands():
        assert f"`policywatch {words}" in text, f"docs/commands.md lacks {words}"
        name, *inner = words.split()
        loaded = command(name).commands[inner[0]] if inner else command(name)
        assert "Example" in (loaded.help or ""), f"{words} --help shows no example"
        for option in loaded.params:
            for flag in option.opts:
                assert not flag.startswith("--") or option.help, (
                    f"{words} --help explains no {flag}"
                )


def test_commands_in_the_docs_exist() -> None:
    known = {words.split()[0] for words in commands()}
    for page, text in PAGES.items():
        for word in re.findall(r"`policywatch ([a-z]+)", text):
            assert word in known, f"{page.name} speaks of policywatch {word}"


def test_watchlists_in_the_docs_are_valid(tmp_path: Path) -> None:
    for block in re.findall(r"```toml\n(.*?)```", "".join(PAGES.values()), re.S):
        if "[[documents]]" not in block and "use =" not in block:
            tomllib.loads(block)
            continue
        file = tmp_path / "policywatch.toml"
        file.write_text(block, "utf-8")
        load(file, {"DB_USER": "u", "DB_PASSWORD": "p"})


def test_only_docstrings_and_comments_are_counted_as_words(tmp_path: Path) -> None:
    file = tmp_path / "module.py"
    file.write_text(
        '"""Three words here."""\n'
        "NAMES = (\n"
        '    "not a comment",\n'
        '    "nor this",  # but this is\n'
        ")\n",
        "utf-8",
    )
    assert house.count(file) == {"words of comments": 7, "tokens": 8, "lines": 4}
