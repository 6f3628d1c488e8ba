"""What a reader of the code carries: `python -m evaluation.house`.

Tokens, lines, words of comments and names are counted in what git tracks of our packages; files and functions are those
that one page with one change enters, from the command to the alert, in a run of its own on the loopback.
"""

from __future__ import annotations

import ast
import io
import subprocess
import sys
import tempfile
import threading
import tokenize
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from tests.site import AI, a_job, a_site, policy, watchlist
from tests.warm import PACKAGES, ROOT

_LAYOUT = {
    tokenize.COMMENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
    tokenize.INDENT,
    tokenize.NEWLINE,
    tokenize.NL,
}


def modules() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", *PACKAGES],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [ROOT / name for name in listed.stdout.split() if name.endswith(".py")]


def count(file: Path) -> Counter[str]:
    """Tokens of code, the lines that they stand on, and words of comments and docstrings."""
    counts: Counter[str] = Counter()
    lines: set[int] = set()
    code = file.read_text("utf-8")
    docstrings = set(_docstrings(ast.parse(code)))
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        is_docstring = token.type == tokenize.STRING and token.start in docstrings
        if token.type == tokenize.COMMENT or is_docstring:
            counts["words of comments"] += len(token.string.split())
        elif token.type not in _LAYOUT:
            counts["tokens"] += 1
            lines.update(range(token.start[0], token.end[0] + 1))
    counts["lines"] = len(lines)
    return counts


def _docstrings(tree: ast.Module) -> Iterator[tuple[int, int]]:
    """Line and column where each begins."""
    documented = ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef
    for node in ast.walk(tree):
        if isinstance(node, documented) and ast.get_docstring(node) is not None:
            yield node.body[0].lineno, node.body[0].col_offset


def shared_names(files: list[Path]) -> list[str]:
    """Names of public classes that more than one module defines."""
    names = Counter(
        node.name
        for file in files
        for node in ast.parse(file.read_text("utf-8")).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    return sorted(name for name, times in names.items() if times > 1)


def way_of_a_page() -> tuple[set[str], set[tuple[str, str]]]:
    """The files and functions that the second run enters when the page has changed."""
    functions: set[tuple[str, str]] = set()

    def enter(frame: FrameType, event: str, _: Any) -> None:
        if event == "call":
            code = frame.f_code
            functions.add((code.co_filename, code.co_qualname))

    with tempfile.TemporaryDirectory() as folder, a_site() as site:
        site.pages["/privacy"] = policy()
        config = watchlist(Path(folder), site, f"sqlite:///{folder}/watch.db")
        with a_job(config) as job:
            job.run(force=True)
        site.pages["/privacy"] = policy(AI)
        threading.setprofile(enter)
        sys.setprofile(enter)
        try:
            with a_job(config) as job:
                job.run(force=True)
        finally:
            sys.setprofile(None)
            threading.setprofile(None)
    ours = {
        (name, function)
        for name, function in functions
        if any(name.startswith(f"{ROOT / package}/") for package in PACKAGES)
    }
    return {name for name, _ in ours}, ours


def main() -> None:
    files = modules()
    counts = sum(map(count, files), Counter[str]())
    entered, functions = way_of_a_page()
    names = shared_names(files)
    print(f"files                {len(files):>8,}")
    print(f"tokens               {counts['tokens']:>8,}")
    print(f"code lines           {counts['lines']:>8,}")
    print(f"tokens a line        {counts['tokens'] / counts['lines']:>8.1f}")
    print(f"words of comments    {counts['words of comments']:>8,}")
    print(
        f"one changed page     {len(entered):>8,} files, {len(functions):,} functions"
    )
    print(f"classes of one name  {len(names):>8,} {', '.join(names)}")


if __name__ == "__main__":
    main()
