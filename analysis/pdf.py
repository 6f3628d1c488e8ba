"""PDF to blocks."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pdfminer.high_level import extract_pages
from pdfminer.layout import LAParams, LTChar, LTPage, LTTextBox, LTTextLine

from analysis.blocks import Block, BlockKind, Dropped, Page, UnreadablePage
from analysis.language import language_of

_MOST_PAGES = 500
_EDGE = 0.12  # of the page's height, at the top and at the bottom: where running heads and page numbers stand
_PAGE_NUMBER = re.compile(
    r"(?:page|seite|página|p\.)?\s*[-–—|]?\s*(?:\d{1,4}|[ivxlc]{1,6})\s*(?:(?:/|of|sur|von|de|\|)\s*\d{1,4})?\s*[-–—|]?",
    re.IGNORECASE,
)
_BULLET = re.compile(r"(?:[•●○◦▪■□‣➢✓✔·∙\uf0b7\uf0a7\uf0d8o]|[-–—*])\s+(?=\S)")
_NUMBERED = re.compile(r"(?:\d{1,3}(?:\.\d{1,3})*[.)]|\d{1,3}(?:\.\d{1,3})+|\(?[a-z]\)|\(?[ivx]{1,4}\))\s+(?=\S)")
_ENDED = re.compile(r"[.!?:;。！？]['\"’”»)\]]*$")
_HYPHENATED = re.compile(r"(\w+)[-‐\u00ad]$")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]|\(cid:\d+\)")


@dataclass(slots=True, eq=False)
class _TextLine:
    """A line as it stands on the paper. `left` to `top` are in points; `box` numbers the boxes over all pages."""

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


def read_pdf(body: bytes, *, language: str | None = None) -> Page:
    try:
        lines = list(_lines(extract_pages(io.BytesIO(body), maxpages=_MOST_PAGES, laparams=LAParams())))
    except Exception as failure:  # hostile bytes bring any error out of the parser: KeyError, TypeError, zlib.error ...
        raise UnreadablePage(f"not a PDF that can be read: {type(failure).__name__}") from failure
    running = _running(lines)
    blocks = list(_blocks([line for line in lines if line not in running]))
    if not any(character.isalpha() for block in blocks for character in block.text):
        raise UnreadablePage("the PDF has no text: it is a scan, or made of pictures")
    title = next((block.text for block in blocks if block.kind == "heading"), blocks[0].text[:120])
    spoken = language_of(" ".join(block.text for block in blocks), declared=language)
    dropped = tuple(Dropped(line.text, "running head or page number") for line in lines if line in running)
    return Page(title, spoken, tuple(blocks), dropped)


def _lines(pages: Iterable[LTPage]) -> Iterator[_TextLine]:
    number = 0
    for index, page in enumerate(pages):
        height = page.height or 1
        for box in page:
            if not isinstance(box, LTTextBox):
                continue
            number += 1
            for line in box:
                if not isinstance(line, LTTextLine):
                    continue
                letters = [letter for letter in line if isinstance(letter, LTChar) and letter.get_text().strip()]
                text = " ".join(_CONTROL.sub("", line.get_text()).split())
                if not text or not letters:
                    continue
                sizes = Counter(round(letter.size * 2) / 2 for letter in letters)
                bold = sum(_is_bold(letter.fontname) for letter in letters) > 0.8 * len(letters)
                edge = line.y0 < _EDGE * height or line.y1 > (1 - _EDGE) * height
                size = sizes.most_common(1)[0][0]
                yield _TextLine(text, size, bold, line.x0, line.x1, line.y0, line.y1, index, number, edge)


def _is_bold(font: str) -> bool:
    return any(word in font.lower() for word in ("bold", "black", "heavy", "semibold", "demi"))


def _running(lines: list[_TextLine]) -> set[_TextLine]:
    """Lines at the edge of the paper that come again on most pages, but for the numbers in them; and page numbers."""
    pages = len({line.page for line in lines})
    seen: dict[str, set[int]] = {}
    for line in lines:
        if line.edge:
            seen.setdefault(re.sub(r"\d+", "0", line.text), set()).add(line.page)
    often = {text for text, on in seen.items() if len(on) >= 2 and len(on) >= 0.5 * (pages - 1)}
    return {
        line
        for line in lines
        if line.edge and (re.sub(r"\d+", "0", line.text) in often or (pages > 1 and _PAGE_NUMBER.fullmatch(line.text)))
    }


def _blocks(lines: list[_TextLine]) -> Iterator[Block]:
    if not lines:
        return
    weights: Counter[float] = Counter()
    for line in lines:
        weights[line.size] += len(line.text)
    body = weights.most_common(1)[0][0]
    bold_share = sum(len(line.text) for line in lines if line.bold) / sum(weights.values())
    sizes = sorted({line.size for line in lines if line.size > 1.1 * body}, reverse=True)
    whole_words = Counter(word.lower() for line in lines for word in re.findall(r"\w+(?:-\w+)*", line.text)[:-1])
    path: list[tuple[int, str]] = []
    for paragraph, level in _paragraphs(lines, body, sizes, bold_counts=bold_share < 0.3):
        text = _joined(paragraph, whole_words)
        bullet = _BULLET.match(text)
        kind: BlockKind = "heading" if level else "item" if bullet or _NUMBERED.match(text) else "paragraph"
        if bullet and not level:
            text = text[bullet.end() :]
        if not text:
            continue
        if level:
            while path and path[-1][0] >= level:
                path.pop()
        yield Block(kind, text, tuple(words for _, words in path))
        if level:
            path.append((level, text))


def _level(line: _TextLine, body: float, sizes: list[float], bold_counts: bool) -> int:
    """Of the heading that the line is part of, 1 the largest; 0 for running text."""
    if line.size > 1.1 * body and len(line.text) < 160:
        return sizes.index(line.size) + 1
    if bold_counts and line.bold and line.size >= 0.95 * body and len(line.text) < 120 and line.text[-1] not in ".,;":
        return len(sizes) + 1
    return 0


def _paragraphs(
    lines: list[_TextLine], body: float, sizes: list[float], *, bold_counts: bool
) -> Iterator[tuple[list[_TextLine], int]]:
    margins: dict[tuple[int, int], float] = {}
    for line in lines:
        key = (line.page, line.box)
        margins[key] = max(margins.get(key, 0.0), line.right)
    open_: list[_TextLine] = []
    open_level = 0
    for line in lines:
        level = _level(line, body, sizes, bold_counts)
        if open_ and not (level == open_level and _goes_on(open_[-1], line, margins, heading=bool(level))):
            yield open_, open_level
            open_ = []
        open_level = level
        open_.append(line)
    if open_:
        yield open_, open_level


def _goes_on(last: _TextLine, line: _TextLine, margins: dict[tuple[int, int], float], *, heading: bool) -> bool:
    if _BULLET.match(line.text) or (_NUMBERED.match(line.text) and last.box != line.box):
        return False
    ended = _ENDED.search(last.text) is not None
    if last.box == line.box:
        gap = last.bottom - line.top
        if gap > 0.9 * line.size:
            return False
        short = last.right < margins[last.page, last.box] - 0.15 * (margins[last.page, last.box] - last.left)
        return not (ended and short) and not (short and _NUMBERED.match(line.text))
    if heading:
        return False
    return not ended and (line.text[0].islower() or last.text[-1] in ",-")


def _joined(paragraph: list[_TextLine], whole_words: Counter[str]) -> str:
    """The lines of a paragraph with hyphenation undone, unless the word is written with its hyphen elsewhere too."""
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
