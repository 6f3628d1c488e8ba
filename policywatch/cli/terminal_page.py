"""An extracted page in the terminal, with dropped text beside it where there is room."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from rich.console import Console
from rich.table import Table
from rich.text import Text

from analysis.model import Block, Dropped, Page
from messages import counted
from policywatch.sanitize import sanitize

_WIDE = 120  # columns
_SHOWN = 200  # characters of a dropped text
_MARKS = {"heading": "# ", "item": "- ", "row": "| ", "paragraph": ""}


def show_page(console: Console, page: Page, *, dropped: bool) -> None:
    """In page order; `dropped` adds what was left out, in place, and why."""
    console.print(
        Text(
            f"{sanitize(page.title)}  [{page.language or 'language unknown'}]",
            style="bold",
        )
    )
    if dropped and console.is_terminal and console.width >= _WIDE:
        _side_by_side(console, page)
    else:
        _one_below_the_other(console, page, dropped=dropped)
    words = sum(len(block.text.split()) for block in page.blocks)
    left_out = counted(len(page.dropped), "part was", "parts were")
    sizes = f"{counted(len(page.blocks), 'block')}, {counted(words, 'word')}"
    console.print(Text(f"{sizes}; {left_out} left out.", style="dim"))


def _one_below_the_other(console: Console, page: Page, *, dropped: bool) -> None:
    left_out = _by_place(page.dropped) if dropped else {}
    for number in range(len(page.blocks) + 1):
        for part in left_out.get(number, ()):
            console.print(
                Text(f"left out ({part.reason}): {_short(part)}", style="dim")
            )
        if number < len(page.blocks):
            console.print(_line(page.blocks[number]))


def _side_by_side(console: Console, page: Page) -> None:
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    table.add_column("read", ratio=3, overflow="fold")
    table.add_column("left out, and why", ratio=2, overflow="fold")
    left_out = _by_place(page.dropped)
    for number in range(len(page.blocks) + 1):
        beside = Text()
        for reason, parts in groupby(
            left_out.get(number, ()), key=lambda part: part.reason
        ):
            beside.append("\n" if beside else "")
            beside.append(f"{reason}: ", "italic").append(
                " · ".join(map(_short, parts)), "dim"
            )
        table.add_row(
            _line(page.blocks[number]) if number < len(page.blocks) else Text(), beside
        )
    console.print(table)


def _by_place(dropped: Iterable[Dropped]) -> dict[int, list[Dropped]]:
    return {
        after: list(parts)
        for after, parts in groupby(dropped, key=lambda part: part.after)
    }


def _line(block: Block) -> Text:
    style = "bold" if block.kind == "heading" else ""
    return Text(
        f"{'  ' * len(block.heading)}{_MARKS[block.kind]}{sanitize(block.text)}",
        style=style,
    )


def _short(part: Dropped) -> str:
    text = sanitize(part.text)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
