"""What single lines tell of themselves: controls, contents, related pages, what is left of menus at the edges."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from itertools import groupby, takewhile

from analysis.extract.html_lines import REMARK, MarkupLine
from analysis.text.normal import normalize
from analysis.text.phrases import kinds_of, pattern

_COPYRIGHT = re.compile(r"(?:©|\(c\)|copyright\s+(?:©|\(c\)|\d{4}))", re.IGNORECASE)
_NUMBER = re.compile(
    r"\d[\d.,'’/\s]*(?:(?:[kme]|th|st|nd|rd|er|ème)(?!\w))?", re.IGNORECASE
)
_SECTION = re.compile(r"\W*\d{1,2}(?:[.)]|(?:\.\d{1,2})+)\s")  # "12. Comments"
_LABEL = 60  # characters


def _is(key: str, text: str) -> bool:
    """Whether a text is nothing but one of these phrases of furniture."""
    return pattern("furniture", key, whole=True).fullmatch(text) is not None


def _controls(lines: list[MarkupLine]) -> None:
    for line in lines:
        if line.kind != "row" and len(line.text) <= REMARK:
            line.reason = _of_one_line(line)


def _of_one_line(line: MarkupLine) -> str | None:
    if line.is_clickable and len(line.text) < _LABEL and _is("controls", line.text):
        return "control"
    if _relative_date().fullmatch(line.text):
        return "metadata"
    return "feedback" if _feedback().fullmatch(line.text) else None


@cache
def _relative_date() -> re.Pattern[str]:
    """ "Updated 2 weeks ago": it moves by itself."""
    updated, ago = (
        pattern("furniture", "updated").pattern,
        pattern("furniture", "ago").pattern,
    )
    return re.compile(rf"\W*(?:{updated})\W{{0,3}}(?:{ago})\W*", re.IGNORECASE)


@cache
def _feedback() -> re.Pattern[str]:
    """A question about the page, with its answers in the same line or not ("Was this helpful? Yes No")."""
    question = pattern("furniture", "feedback", whole=True).pattern
    return re.compile(
        rf"{question}(?:{pattern('furniture', 'controls').pattern}|\W+)*",
        re.IGNORECASE,
    )


def _contents(lines: list[MarkupLine]) -> None:
    """A table of contents: three or more lines in a row, or links in a line, that lead to places of this page or are
    titles of it; and its own title."""
    titles = {normalize(line.text) for line in lines if line.kind == "heading"}

    def leads(line: MarkupLine) -> bool:
        if line.kind == "heading":
            return False  # to itself
        return line.local_chars > 0.8 * len(line.text) or (
            line.kind != "row"
            and len(line.text) < REMARK
            and normalize(line.text) in titles
        )

    for passes, run in groupby(lines, leads):
        entries = [*run]
        if passes and sum(max(1, len(line.hrefs)) for line in entries) >= 3:
            for line in entries:
                line.reason = "table of contents"
    for index, line in enumerate(lines):
        following = lines[index + 1] if index + 1 < len(lines) else None
        alone = (
            following is None
            or following.kind == "heading"
            or following.reason is not None
        )
        if alone and len(line.text) < _LABEL and _is("contents", line.text):
            line.reason = "table of contents"


def _related(lines: list[MarkupLine]) -> None:
    """Links under a title such as "Related articles"; not the documents that belong to this one."""
    for index, line in enumerate(lines):
        if len(line.text) < _LABEL and _is("related", line.text):
            teasers = list(takewhile(_is_teaser, lines[index + 1 :]))
            if not all(kinds_of(teaser.text) for teaser in teasers):
                for related in (line, *teasers):
                    related.reason = "related pages"


def _is_teaser(line: MarkupLine) -> bool:
    """A link to another page, be it its title."""
    leads_here = line.kind == "heading" and line.local_chars > 0
    return line.is_links and line.kind != "row" and not leads_here


def _counts(lines: list[MarkupLine]) -> None:
    """Of readers, likes or downloads, before the first sentence or behind the last: "1,203 views". Not what a colon
    introduces ("The free plan has:")."""
    counts = {
        index
        for index, line in enumerate(lines)
        if line.kind == "paragraph" and _is_count(line.text)
    }
    others = [index for index in range(len(lines)) if index not in counts]
    prose = [index for index in others if lines[index].is_prose]
    for index in counts:
        above = next((other for other in reversed(others) if other < index), None)
        amid = bool(prose) and prose[0] < index < prose[-1]
        if not amid and (above is None or not lines[above].text.endswith(":")):
            lines[index].reason = "counter"


def _is_count(text: str) -> bool:
    """With what is counted."""
    if len(text) > REMARK or _SECTION.match(text):
        return False
    rest, numbers = _NUMBER.subn(" ", text)
    rest, names = pattern("furniture", "counted").subn(" ", rest)
    rest = pattern("furniture", "counting").sub(" ", rest)
    return bool(numbers and names) and not any(map(str.isalpha, rest))


def _edges(lines: list[MarkupLine]) -> None:
    """Where the page stands in its site, links before the first sentence, and whose site it is behind the last."""
    for line in takewhile(lambda line: not line.is_prose, lines):
        if _is_path(line):
            line.reason = "navigation"
    left = [line for line in lines if line.reason is None]
    for line in takewhile(_is_menu, left):
        line.reason = "navigation"
    for line in takewhile(_is_imprint, reversed(left)):
        line.reason = "page footer"


def _is_menu(line: MarkupLine) -> bool:
    clicks = line.link_chars + line.button_chars
    return line.kind != "heading" and clicks >= 0.8 * len(line.text)


def _is_path(line: MarkupLine) -> bool:
    """ "Home > Legal > Privacy"."""
    parts = re.split(r"\s*[>›»→]\s*|\s+/\s+", line.text)
    return (
        len(parts) > 1
        and bool(line.hrefs)
        and all(0 < len(part) < 50 for part in parts)
    )


def _is_imprint(line: MarkupLine) -> bool:
    """Be it behind links: "Home | Trips | Terms © 1998-2025 The Rowing Club"."""
    text = line.text
    for href in line.hrefs:
        text = text.replace(href.text, "", 1)
    return (
        len(text) < REMARK and _COPYRIGHT.match(text.lstrip(" |·•-–")) is not None
    )


# each is given the lines that are left
LINE_RULES: tuple[Callable[[list[MarkupLine]], None], ...] = (
    _controls,
    _contents,
    _related,
    _edges,
    _counts,
)
