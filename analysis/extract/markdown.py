"""Markdown, as archives keep it, and plain text, to blocks."""

from __future__ import annotations

import html
import re
from bisect import bisect_left
from dataclasses import replace
from itertools import accumulate, pairwise

from analysis.extract.broken_lines import breaks_in, part
from analysis.model import CELL, Block, Link, Page, UnreadablePage
from analysis.text.language import language_of
from analysis.text.normal import UNSEEN
from foundation.vocabulary import BlockKind
from messages import Message

# all repetitions are bounded against hostile lookahead
_ATX = re.compile(r"\s{0,12}(#{1,6})(?:\s++|$)(.*)$")
_UNDERLINE = re.compile(r"\s{0,3}(=+|-+)\s*$")
_RULE = re.compile(r"\s{0,3}(?:(?:\*\s*+){3,}|(?:-\s*+){3,}|(?:_\s*+){3,})$")
_ITEM = re.compile(r"\s*(?:[*+-]|\d{1,4}\\?[.)])\s+(.*)$")
_NUMBERED = re.compile(r"\s*(\d{1,4}\\?[.)])\s+")
_TABLE_LINE = re.compile(
    r"\s*+\|?\s*+:?-{2,}+:?\s*+(?:\|\s*+:?-{2,}+:?\s*+)*+\|?\s*+$"
)
_IMAGE = re.compile(
    r"!\[((?:[^\[\]\\]|\\.){0,500})\]\((?:[^()\\]|\\.|\([^()]*\)){0,4000}\)"
)
_LINK = re.compile(
    r"\[((?:[^\[\]\\]|\\.|\[[^\[\]]{0,200}\]){0,2000})\]\(\s*<?((?:[^()\s\\<>]|\\.|\([^()\s]{0,500}\)){0,4000})>?(?:\s+(?:\"[^\"]{0,500}\"|'[^']{0,500}'))?\s*\)"
)
_AUTOLINK = re.compile(
    r"<((?:https?://|mailto:)[^\s<>]{1,2000}|[^\s<>@]{1,64}@[^\s<>@]{1,255})>"
)
_STRONG = re.compile(r"(\*\*|__)(?=\S)(.{1,1000}?)(?<=\S)\1")
_EMPHASIS = re.compile(r"(?<![\w*_])([*_])(?=\S)([^*_]+?)(?<=\S)\1(?![\w*_])")
_CODE = re.compile(r"(?<!`)`{1,3}([^`]{1,1000})`{1,3}")
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
_SIGNS = re.compile("[\x02\x03]")
_LINK_START = re.compile("\x02(\\d+)\x03")
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,500}>")
_PARTING = re.compile(
    r"</?(?:p|div|section|article|ul|ol|li|dl|dt|dd|blockquote|pre|h[1-6]|table|tr|hr)(?:\s[^<>]{0,500})?/?>|(?:<br\s*/?>\s*){2,}",
    re.IGNORECASE,
)
_BREAK = "\x04"  # a line's end that is one to the reader
_BR = re.compile(r"<br\s*/?>", re.IGNORECASE)
_SLASH = "\\"
_HARD_BREAK = re.compile(r"\S(?: {2,}|\\)$")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_CELL_BORDER = re.compile(r"(?<!\\)\|")
_SAFE = re.compile(r"(?:https?|mailto):", re.IGNORECASE)


def inline(raw: str) -> tuple[str, tuple[Link, ...]]:
    """Words and links, without images and tags.

    A numbered mark holds each link's place until the words are final.
    """
    links: list[tuple[str, str]] = []

    def words_of_link(match: re.Match[str]) -> str:
        words, _ = (
            inline(match.group(1))
            if "[" in match.group(1)
            else (_plain(match.group(1)), ())
        )
        address = _ESCAPE.sub(r"\1", match.group(2))
        if words and _SAFE.match(address):
            links.append((words, address))
            return f"\x02{len(links) - 1}\x03{match.group(1)}"
        return match.group(1) if words else ""

    def words_of_address(match: re.Match[str]) -> str:
        address = match.group(1)
        words = address.removeprefix("mailto:")
        links.append(
            (words, address if _SAFE.match(address) else f"mailto:{address}")
        )
        return f"\x02{len(links) - 1}\x03{words}"

    text = _SIGNS.sub("", raw)
    text = _IMAGE.sub(" ", text) if "![" in text else text
    text = _LINK.sub(words_of_link, text) if "](" in text else text
    text = _AUTOLINK.sub(words_of_address, text) if "<" in text else text
    pieces = _LINK_START.split(_plain(text))  # alternating words and link numbers
    ends = [*accumulate(map(len, pieces[::2]))]
    placed = (
        Link(*links[int(number)], at)
        for number, at in zip(pieces[1::2], ends, strict=False)
    )
    return "".join(pieces[::2]), tuple(placed)


def _plain(text: str) -> str:
    if "<" in text:
        text = _TAG.sub(" ", text)
    text = _CODE.sub(r"\1", text) if "`" in text else text
    for _ in range(2):
        text = _STRONG.sub(r"\2", text)
    text = _EMPHASIS.sub(r"\2", text)
    text = _ESCAPE.sub(r"\1", text) if "\\" in text else text
    return " ".join((html.unescape(text) if "&" in text else text).split())


def _unbroken(text: str) -> str:
    return " ".join(text.replace(_BREAK, "").split()) if _BREAK in text else text


class _Reader:
    """One pass over the lines; `pending` are those of the open paragraph or item."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.path: list[tuple[int, str]] = []  # open headings
        self.pending: list[str] = []
        self.kind: BlockKind = "paragraph"
        self.in_table = False

    def add(
        self, kind: BlockKind, text: str, links: tuple[Link, ...], level: int = 0
    ) -> None:
        if not text:
            return
        while kind == "heading" and self.path and self.path[-1][0] >= level:
            self.path.pop()
        self.blocks.append(
            Block(kind, text, tuple(words for _, words in self.path), links)
        )
        if kind == "heading":
            self.path.append((level, text))

    def add_row(self, line: str) -> None:
        """Empty cells keep their place, as in HTML."""
        first, *others = _CELL_BORDER.split(line.strip())
        cells = [
            inline(cell)
            for cell in (others if others and not first else [first, *others])
        ]
        text = CELL.join(words for words, _ in cells).rstrip(" |")
        starts = accumulate(
            (len(words) + len(CELL) for words, _ in cells), initial=0
        )
        placed = zip(starts, cells, strict=False)
        self.add(
            "row",
            text,
            tuple(
                replace(link, at=start + link.at)
                for start, (_, links) in placed
                for link in links
            ),
        )

    def end(self) -> None:
        raw = " ".join(self.pending)
        # Markdown paragraphs may contain HTML's block tags
        for section in _PARTING.split(raw) if "<" in raw else [raw]:
            text, links = inline(_BR.sub(f" {_BREAK} ", section))
            breaks = breaks_in(text.split(_BREAK)) if _BREAK in text else ()
            marks = [mark.start() for mark in re.finditer(_BREAK, text)]
            links = tuple(
                Link(
                    _unbroken(link.text),
                    link.url,
                    link.at - 2 * bisect_left(marks, link.at),
                )
                for link in links
            )
            whole = Block(self.kind, _unbroken(text), (), links)
            for block in part(whole, breaks):
                self.add(block.kind, block.text, block.links)
        self.pending.clear()
        self.kind = "paragraph"

    def _underline(self, line: str) -> re.Match[str] | None:
        """A heading's underline; inside a list item it is indented."""
        return _UNDERLINE.match(
            line if self.kind == "paragraph" else line.removeprefix("    ")
        )

    def take(self, line: str, following: str) -> None:
        if not line.strip():
            self.end()
            self.in_table = False
        elif match := _ATX.match(line):
            self.end()
            self.add(
                "heading",
                *inline(match.group(2).rstrip().rstrip("#").rstrip()),
                len(match.group(1)),
            )
        elif self.pending and (match := self._underline(line)):
            self.add(
                "heading",
                *inline(_unbroken(" ".join(self.pending))),
                1 if match.group(1).startswith("=") else 2,
            )
            self.pending.clear()
            self.kind = "paragraph"
        elif _RULE.match(line):
            self.end()
        elif self.in_table or _is_table_border(following):
            self.end()
            self.in_table = True
            if not _is_table_border(line):
                self.add_row(line)
        elif match := _ITEM.match(line):
            self.end()
            self.kind = "item"
            number = _NUMBERED.match(line)
            counts = number and not _NUMBERED.match(
                match.group(1)
            )  # not "2. 1. Data we collect"
            self.pending.append(
                (number.group(1) + " " if number and counts else "")
                + match.group(1)
            )
        else:
            text = line.lstrip("> ") if line.startswith(">") else line
            self.pending.append(text.strip())
        if self.pending and _HARD_BREAK.search(line):
            self.pending[-1] = f"{self.pending[-1].removesuffix(_SLASH)} {_BREAK}"


def read_markdown(text: str, *, language: str | None = None) -> Page:
    commented = text.rfind("-->") + 3  # later "<!--" have no end to search for
    lines = (
        UNSEEN.sub("", _COMMENT.sub("", text[:commented]) + text[commented:])
        .replace(_BREAK, "")
        .splitlines()
    )
    reader = _Reader()
    for line, following in pairwise([*lines, ""]):
        reader.take(line, following)
    reader.end()
    return _page(reader.blocks, language)


def _is_table_border(line: str) -> bool:
    return "|" in line and _TABLE_LINE.match(line) is not None


def read_plain(text: str, *, language: str | None = None) -> Page:
    """Paragraphs between empty lines."""
    lines = (
        UNSEEN.sub("", text)
        .replace("\r\n", "\n")
        .replace("\r", "\n")
        .replace("\f", "\n\n")
    )
    paragraphs = re.split(r"\n[^\S\n]*\n", lines)
    blocks = [
        Block("paragraph", words)
        for paragraph in paragraphs
        if (words := " ".join(paragraph.split()))
    ]
    return _page(blocks, language)


def _page(blocks: list[Block], language: str | None) -> Page:
    if not blocks:
        raise UnreadablePage(Message("unreadable.marks"))
    title = next(
        (block.text for block in blocks if block.kind == "heading"),
        blocks[0].text[:120],
    )
    return Page(
        title,
        language_of(" ".join(block.text for block in blocks), declared=language),
        tuple(blocks),
    )
