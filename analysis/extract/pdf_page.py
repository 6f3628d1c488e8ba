"""PDF to blocks: lines joined to paragraphs, titles, items and rows."""

from __future__ import annotations

import io
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pdfminer.high_level import extract_pages
from pdfminer.layout import LAParams, LTChar, LTPage, LTTextBox, LTTextLine

from analysis.extract.pdf_tables import table_rows
from analysis.model import CELL, Block, Dropped, Page, UnreadablePage
from analysis.text.language import language_of
from foundation.vocabulary import BlockKind
from messages import Message

_PAGES = 500  # a policy has some 40
_CHARACTERS = 2_000_000
_EDGE = 0.12  # of the page's height, for running heads and page numbers
_PAGE_NUMBER = re.compile(
    r"(?:page|seite|página|p\.)?\s*[-–—|]?\s*(?:\d{1,4}|[ivxlc]{1,6})\s*(?:(?:/|of|sur|von|de|\|)\s*\d{1,4})?\s*[-–—|]?",
    re.IGNORECASE,
)
_BULLET = re.compile(r"(?:[•●○◦▪■□‣➢✓✔·∙\uf0b7\uf0a7\uf0d8o]|[-–—*])\s+(?=\S)")
_NUMBERED = re.compile(
    r"(?:\d{1,3}(?:\.\d{1,3})*[.)]|\d{1,3}(?:\.\d{1,3})+|\(?[a-z]\)|\(?[ivx]{1,4}\))\s+(?=\S)"
)
_ENDED = re.compile(r"[.!?:;。！？]['\"’”»)\]]*$")
_HYPHENATED = re.compile(r"(\w+)[-‐\u00ad]$")
_BOLD = re.compile("bold|black|heavy|demi", re.IGNORECASE)
_LIGATURE = re.compile("[\ufb00-\ufb06]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]|\(cid:\d+\)")


@dataclass(slots=True, eq=False)
class _TextLine:
    """`left` to `top` are in points; `box` is numbered over all pages."""

    text: str
    size: float
    bold: bool
    left: float
    right: float
    bottom: float
    top: float
    page: int
    box: int
    edge: bool
    row: list[list[_TextLine]] | None = None  # of a table, with cells


def read_pdf(body: bytes, *, language: str | None = None) -> Page:
    """A few hundred bytes can take hours or gigabytes."""
    # to notice longer files
    pages = extract_pages(
        io.BytesIO(body), maxpages=_PAGES + 1, laparams=LAParams()
    )
    try:
        lines = list(_bounded(pages))
    except (UnreadablePage, MemoryError):
        raise
    except Exception as failure:  # hostile bytes raise anything
        raise UnreadablePage(Message("unreadable.pdf")) from failure
    running = _running(lines)
    blocks = tuple(_blocks([line for line in lines if line not in running]))
    if not any(map(str.isalpha, "".join(block.text for block in blocks))):
        raise UnreadablePage(Message("unreadable.scan"))
    title = next(
        (block.text for block in blocks if block.kind == "heading"),
        blocks[0].text[:120],
    )
    dropped = tuple(
        Dropped(line.text, "running head or page number")
        for line in lines
        if line in running
    )
    return Page(
        title,
        language_of(" ".join(block.text for block in blocks), declared=language),
        blocks,
        dropped,
    )


def _bounded(pages: Iterable[LTPage]) -> Iterator[_TextLine]:
    """Raises `UnreadablePage`."""
    characters = 0
    for line in _lines(pages):
        characters += len(line.text)
        if line.page >= _PAGES or characters > _CHARACTERS:
            raise UnreadablePage(Message("unreadable.costly"))
        yield line


def _lines(pages: Iterable[LTPage]) -> Iterator[_TextLine]:
    number = 0
    for index, page in enumerate(pages):
        lines: list[_TextLine] = []
        for box in page:
            if not isinstance(box, LTTextBox):
                continue
            number += 1
            lines += filter(
                None, (_line(page, line, index, number) for line in box)
            )
        for row in table_rows(page, lines):
            for line in (line for cell in row for line in cell):
                line.row = row
        yield from lines


def _line(page: LTPage, line: object, index: int, box: int) -> _TextLine | None:
    if not isinstance(line, LTTextLine):
        return None
    letters = [
        letter
        for letter in line
        if isinstance(letter, LTChar) and letter.get_text().strip()
    ]
    text = " ".join(
        _LIGATURE.sub(
            lambda letters: unicodedata.normalize("NFKC", letters[0]),
            _CONTROL.sub("", line.get_text()),
        ).split()
    )
    if not text or not letters:
        return None
    sizes = Counter(round(letter.size * 2) / 2 for letter in letters)
    bold = sum(
        _BOLD.search(letter.fontname) is not None for letter in letters
    ) > 0.8 * len(letters)
    height = page.height or 1
    edge = line.y0 < _EDGE * height or line.y1 > (1 - _EDGE) * height
    return _TextLine(
        text,
        sizes.most_common(1)[0][0],
        bold,
        line.x0,
        line.x1,
        line.y0,
        line.y1,
        index,
        box,
        edge,
    )


def _running(lines: list[_TextLine]) -> set[_TextLine]:
    """Recurring at the edge of most pages but for numbers; and page numbers."""
    pages = len({line.page for line in lines})
    seen: dict[str, set[int]] = {}
    for line in lines:
        if line.edge:
            seen.setdefault(re.sub(r"\d+", "0", line.text), set()).add(line.page)
    often = {
        text
        for text, on in seen.items()
        if len(on) >= 2 and len(on) >= 0.5 * (pages - 1)
    }
    return {
        line
        for line in lines
        if line.edge
        and (
            re.sub(r"\d+", "0", line.text) in often
            or (pages > 1 and _PAGE_NUMBER.fullmatch(line.text))
        )
    }


def _blocks(lines: list[_TextLine]) -> Iterator[Block]:
    if not lines:
        return
    weights: Counter[float] = Counter()
    for line in lines:
        weights[line.size] += len(line.text)
    body = weights.most_common(1)[0][0]
    bold_share = (
        sum(len(line.text) for line in lines if line.bold) / weights.total()
    )
    words = (re.findall(r"\w+(?:-\w+)*", line.text) for line in lines)
    whole_words = Counter(word.lower() for each in words for word in each[:-1])
    paragraphs = [
        (paragraph, _text(paragraph, whole_words))
        for paragraph in _in_order(lines, body)
    ]
    titles = [
        _is_title(paragraph[0], text, body, bold_counts=bold_share < 0.3)
        for paragraph, text in paragraphs
    ]
    sizes = sorted(
        {
            paragraph[0].size
            for (paragraph, _), title in zip(paragraphs, titles, strict=True)
            if title
        }
    )
    path: list[tuple[int, str]] = []
    for ((first, *_), text), title in zip(paragraphs, titles, strict=True):
        kind: BlockKind = (
            "heading" if title else "row" if first.row is not None else "paragraph"
        )
        level = len(sizes) - sizes.index(first.size) if title else 0
        while title and path and path[-1][0] >= level:
            path.pop()
        bullet = _BULLET.match(text) if kind == "paragraph" else None
        if bullet or (kind == "paragraph" and _NUMBERED.match(text)):
            kind = "item"
        yield Block(
            kind,
            text[bullet.end() :] if bullet else text,
            tuple(words for _, words in path),
        )
        if title:
            path.append((level, text))


def _in_order(lines: list[_TextLine], body: float) -> list[list[_TextLine]]:
    """By their first line."""
    place = {line: number for number, line in enumerate(lines)}
    rows: dict[int, list[_TextLine]] = {}
    for line in lines:
        if line.row is not None:
            rows.setdefault(id(line.row), []).append(line)
    plain = _paragraphs([line for line in lines if line.row is None], body)
    return sorted(
        [*plain, *rows.values()], key=lambda paragraph: place[paragraph[0]]
    )


def _text(lines: list[_TextLine], whole_words: Counter[str]) -> str:
    row = lines[0].row
    if row is None:
        return _joined(lines, whole_words)
    cells = ([line for line in cell if line in lines] for cell in row)
    return CELL.join(_joined(cell, whole_words) for cell in cells if cell)


def _is_title(
    line: _TextLine, text: str, body: float, *, bold_counts: bool
) -> bool:
    """Larger or bolder, and no sentence."""
    if (
        line.row is not None
        or len(text) > 140
        or text[-1] in ".,;"
        or not any(character.isalpha() for character in text)
    ):
        return False
    if text[0].islower() or _BULLET.match(text):
        return False
    return line.size > 1.1 * body or (
        bold_counts and line.bold and line.size >= 0.95 * body
    )


def _paragraphs(lines: list[_TextLine], body: float) -> Iterator[list[_TextLine]]:
    margins: dict[tuple[int, int], float] = {}
    for line in lines:
        key = (line.page, line.box)
        margins[key] = max(margins.get(key, 0.0), line.right)
    open_: list[_TextLine] = []
    for line in lines:
        if open_ and not _goes_on(open_[-1], line, margins, body):
            yield open_
            open_ = []
        open_.append(line)
    if open_:
        yield open_


def _goes_on(
    last: _TextLine,
    line: _TextLine,
    margins: dict[tuple[int, int], float],
    body: float,
) -> bool:
    """Same style and box, or an unfinished sentence over a column or page."""
    if (
        abs(last.size - line.size) > 0.12 * line.size
        or last.bold != line.bold
        or _BULLET.match(line.text)
    ):
        return False
    ended = _ENDED.search(last.text) is not None
    near = (
        last.page == line.page
        and -line.size < last.bottom - line.top < 0.9 * line.size
    )
    if last.box == line.box:
        width = margins[last.page, last.box] - last.left
        short = last.right < margins[last.page, last.box] - 0.15 * width
        return near and not (
            short and (ended or _NUMBERED.match(line.text) is not None)
        )
    if _NUMBERED.match(line.text):
        return False
    unfinished = not ended and (line.text[0].islower() or last.text[-1] in ",-")
    beneath = (
        last.page == line.page
        and -line.size < last.bottom - line.top < 1.3 * line.size
    )
    title = last.size == line.size > 1.1 * body or (last.bold and line.bold)
    return unfinished or (title and beneath and not ended)


def _joined(paragraph: list[_TextLine], whole_words: Counter[str]) -> str:
    """Without hyphenation, unless the word has its hyphen elsewhere too."""
    text = paragraph[0].text
    for line in paragraph[1:]:
        broken = _HYPHENATED.search(text)
        if broken is None or not line.text[0].islower():
            text = f"{text} {line.text}"
            continue
        rest = re.match(r"\w+", line.text)
        joined = (broken.group(1) + (rest.group() if rest else "")).lower()
        hyphened = f"{broken.group(1)}-{rest.group() if rest else ''}".lower()
        keep = whole_words[hyphened] > whole_words[joined]
        text = f"{text[:-1]}{'-' if keep else ''}{line.text}"
    return text
