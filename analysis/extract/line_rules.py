"""What single lines tell of themselves: controls, contents, related pages, what is left of menus at the edges."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from itertools import groupby, takewhile

from analysis.extract.counts import is_count, leave_out_counts
from analysis.extract.html_lines import REMARK, MarkupLine
from analysis.extract.html_tree import Element
from analysis.text.normal import normalize
from analysis.text.phrases import kinds_of, pattern
from analysis.text.word_lists import any_of, word_lists

_SIZE = re.compile(
    r"\s*[(\[](?:[a-z]{3,4}\W+)?\d+(?:[.,]\d+)?\s?(?:[kmg]i?[bo]|bytes|octets)[)\]]\s*$",
    re.IGNORECASE,
)
_PRESSED = re.compile(r"\s*\(\d[\d.,]*\)")  # how often a button was: "Yes (812)"
_INFO_SIGNS = frozenset("ⓘℹ🛈")  # beside a word, for a tip that a pointer shows
_BESIDE = re.compile(r"\s*[·•|]\s*")
_BELOW = 0.3  # of the page's sentences, at most, are what readers wrote below the text
_DESCRIPTION = 250  # characters
_PRICE = re.compile(r"(?:[€$£]\s?\d[\d.,\s]*|\d[\d.,\s]*(?:[€$£]|EUR\b|CHF\b))")
_CARDS = frozenset(
    (
        "card",
        "cards",
        "post",
        "posts",
        "blog",
        "news",
        "article",
        "articles",
        "teaser",
        "teasers",
        "tile",
    )
)
_COPYRIGHT = re.compile(r"(?:©|\(c\)|copyright\s+(?:©|\(c\)|\d{4}))", re.IGNORECASE)


def _is(key: str, text: str) -> bool:
    """Whether a text is nothing but one of these phrases of furniture."""
    return pattern("furniture", key, whole=True).fullmatch(text) is not None


def _controls(lines: list[MarkupLine], _: list[MarkupLine]) -> None:
    for line in lines:
        if line.kind != "row" and len(line.text) <= REMARK:
            line.reason = _of_one_line(line)


def _of_one_line(line: MarkupLine) -> str | None:
    if _is_control(line) or (line.is_clickable and _is("top", line.text)):
        return "control"
    if _is_about_the_page(line.text) or _are_remarks(line.beside):
        return "metadata"
    if _feedback().fullmatch(line.text):
        return "feedback"
    return "skip link" if _is("skip", line.text) else None


def _is_control(line: MarkupLine) -> bool:
    if not any(map(str.isalnum, line.text)):  # "☺", "⌄"
        return bool(line.button_chars or line.link_chars or line.text in _INFO_SIGNS)
    if len(line.text) >= 60:
        return False
    text = _PRESSED.sub(" ", line.text).rstrip() if line.button_chars else line.text
    return (
        line.is_clickable and _is("controls", _SIZE.sub("", text))
    ) or _several_controls().fullmatch(text) is not None


def _is_about_the_page(text: str) -> bool:
    """A date that moves by itself ("Updated 2 weeks ago"), or several remarks beside each other, none of which is of
    the text: "By Anna · 1,203 views · 3 min read"."""
    if _relative_date().fullmatch(text) is not None:
        return True
    if len(text) > 120 or _BESIDE.search(text) is None:
        return False
    parts = _BESIDE.split(text.strip(" ·•|"))
    known = [
        _feedback().fullmatch(part) is not None
        or _is("controls", part)
        or is_count(part)
        for part in parts
    ]
    return any(known) and all(
        sure or _is("byline", part) for sure, part in zip(known, parts, strict=True)
    )


def _are_remarks(beside: tuple[Element, ...]) -> bool:
    """Elements that run on in one line, each of which is furniture by itself: "Skip to contentVersion: 3.2";
    with other buttons between them or not."""
    remarks = [element for element in beside if _is_remark(element)]
    return bool(remarks) and all(
        element in remarks or element.tag == "button" for element in beside
    )


def _is_remark(element: Element) -> bool:
    if element.reason:
        return True
    text = element.words(REMARK)
    control = element.is_clickable and _is("controls", text)
    return (
        control
        or is_count(text)
        or _feedback().fullmatch(text) is not None
        or _is("skip", text)
    )


@cache
def _relative_date() -> re.Pattern[str]:
    updated, ago = (
        pattern("furniture", "updated").pattern,
        pattern("furniture", "ago").pattern,
    )
    return re.compile(rf"\W*(?:{updated})\W{{0,3}}(?:{ago})\W*", re.IGNORECASE)


@cache
def _several_controls() -> re.Pattern[str]:
    """Two or more labels of controls in a row ("Expand all Collapse all"), which no sentence consists of."""
    label = pattern("furniture", "controls").pattern
    return re.compile(rf"\W*(?:{label})(?:\W+(?:{label}))+\W*", re.IGNORECASE)


@cache
def _feedback() -> re.Pattern[str]:
    """A question about the page, with its answers in the same line or not ("Was this helpful? Yes No")."""
    question = pattern("furniture", "feedback", whole=True).pattern
    return re.compile(
        rf"{question}(?:{pattern('furniture', 'controls').pattern}|\W+)*", re.IGNORECASE
    )


def _contents(lines: list[MarkupLine], page: list[MarkupLine]) -> None:
    """A table of contents: three or more links in a row that lead to places of this page, or lines in a row that are
    titles further below, most of them of the text; and its own title, also where the list went with a menu."""
    headings = {normalize(line.text) for line in lines if line.kind == "heading"}
    others = {normalize(line.text) for line in page if line.kind == "heading"}

    def leads(line: MarkupLine, titles: set[str]) -> bool:
        repeats = (
            line.kind in ("item", "paragraph")
            and len(line.text) < 160
            and normalize(line.text) in titles
        )
        return line.local_chars > 0.8 * len(line.text) or repeats

    for run in _runs(lines, lambda line: leads(line, others)):
        while (
            run
            and lines[run[-1]].kind == "heading"
            and not _is_heading(lines, run[-1] + 1)
        ):
            run.pop()  # the title of what follows, that leads to itself
        if len(run) >= 3 and 2 * sum(
            leads(lines[index], headings) for index in run
        ) > len(run):
            for index in run:
                lines[index].reason = "table of contents"
    for index, line in enumerate(lines):
        following = lines[index + 1] if index + 1 < len(lines) else None
        alone = (
            following is None
            or following.kind == "heading"
            or following.reason == "table of contents"
        )
        titled = alone and len(line.text) < 60 and _is("contents", line.text)
        if line.reason is None and (
            titled or (len(line.hrefs) >= 3 and line.local_chars > 0.6 * len(line.text))
        ):
            line.reason = "table of contents"


def _is_heading(lines: list[MarkupLine], index: int) -> bool:
    return index < len(lines) and lines[index].kind == "heading"


def _languages(lines: list[MarkupLine], _: list[MarkupLine]) -> None:
    """Names of languages, each in itself: three or more in a row, or in one line two or more."""
    for run in _runs(
        lines,
        lambda line: (
            line.kind != "row" and len(line.text) < 40 and _is_language(line.text)
        ),
    ):
        if len(run) >= 3:
            for index in run:
                lines[index].reason = "language picker"
    for line in lines:
        if line.reason is None and len(line.text) < 400 and line.hrefs:
            parts = [
                part
                for part in re.split(r"[|·•/,\n]|\s{2,}", line.text)
                if part.strip()
            ]
            names = parts if len(parts) > 1 else [href.text for href in line.hrefs]
            apart = len(names) > 1 and (len(parts) > 1 or line.is_links)
            if apart and all(map(_is_language, names)):
                line.reason = "language picker"


def _is_language(text: str) -> bool:
    return _language_name().fullmatch(text.strip()) is not None


@cache
def _language_name() -> re.Pattern[str]:
    """A language's name for itself, with the country or script behind it or not: "English (UK)"."""
    return re.compile(
        rf"(?:{any_of(word_lists().autonyms)})(?:\s*[(（–-].{{1,30}})?", re.IGNORECASE
    )


def _related(lines: list[MarkupLine], _: list[MarkupLine]) -> None:
    """Links under a title such as "Related articles", and such a title with nothing under it."""
    for index, line in enumerate(lines):
        if line.reason is None and _is_related_title(line):
            rest = lines[index + 1 :]
            teasers = _described_teasers(rest) or list(takewhile(_is_teaser, rest))
            links = [each for each in teasers if each.is_links]
            if links and all(kinds_of(each.text) for each in links):
                continue  # the documents that belong to this one
            for related in [line, *teasers] if teasers or not rest else ():
                related.reason = "related pages"
    last = next((line for line in reversed(lines) if line.reason is None), None)
    if last is not None and last.kind == "heading" and _is_related_title(last):
        last.reason = "related pages"


def _is_related_title(line: MarkupLine) -> bool:
    return len(line.text) < 60 and _is("related", line.text)


def _described_teasers(rest: list[MarkupLine]) -> list[MarkupLine]:
    """Titles of other pages with a few words beneath each, if they end the page."""
    lines = list(takewhile(lambda line: not _is_imprint(line), rest))
    described = all(
        _is_teaser(line)
        or (
            at > 0
            and _is_teaser(lines[at - 1])
            and line.kind == "paragraph"
            and len(line.text) <= _DESCRIPTION
        )
        for at, line in enumerate(lines)
    )
    return lines if described and sum(map(_is_teaser, lines)) > 1 else []


def _is_teaser(line: MarkupLine) -> bool:
    """A link to another page, be it its title over a few words of it, or to what is sold, with its price."""
    clicks = line.link_chars + (line.button_chars if line.link_chars else 0)
    bare = len(_PRICE.sub("", line.text))
    return (
        clicks >= 0.8 * bare > 0
        and line.kind != "row"
        and not (line.kind == "heading" and line.local_chars)
    )


def _comments(lines: list[MarkupLine], _: list[MarkupLine]) -> None:
    """What readers wrote below the text, from its title on, where people are asked for it."""
    begin = next(
        (
            at
            for at, line in enumerate(lines)
            if line.kind == "heading" and _is("commented", line.text)
        ),
        None,
    )
    if begin is None:
        return
    title, *rest = lines[begin:]
    asked = any(_is("commented", line.text) for line in rest)
    if asked and _prose(rest) < _BELOW * _prose(lines):
        for line in (title, *rest):
            line.reason = "comments"


def _prose(lines: Iterable[MarkupLine]) -> int:
    return sum(len(line.text) for line in lines if line.is_prose)


def _runs(
    lines: list[MarkupLine], test: Callable[[MarkupLine], bool]
) -> Iterator[list[int]]:
    for passes, run in groupby(range(len(lines)), key=lambda index: test(lines[index])):
        if passes:
            yield [*run]


def _edges(lines: list[MarkupLine], _: list[MarkupLine]) -> None:
    """What stands before and behind the text, in whatever order: one thing may hide that another is the last."""
    left = -1
    while left != len(lines):
        left = len(lines)
        for rule in (_menus, _cards):
            rule(lines)
            lines = [line for line in lines if line.reason is None]


def _menus(lines: Sequence[MarkupLine]) -> None:
    """What is left of menus before the first line that is no link, and after the last one if it is a whole list."""
    for line in takewhile(lambda line: not line.is_prose, lines):
        if _is_path(line):
            line.reason = "navigation"
    left = [line for line in lines if line.reason is None and not is_count(line.text)]
    leading = list(takewhile(_is_menu, left))
    last = list(
        takewhile(lambda line: _is_imprint(line) or _leads_away(line), reversed(left))
    )
    titled = len(last) < len(left) and left[-1 - len(last)].kind == "heading"
    trailing = [line for line in last if not _is_imprint(line)]
    several = sum(max(1, len(line.hrefs)) for line in trailing) >= 3
    for line in [*leading, *(trailing if several and not titled else ())]:
        line.reason = "navigation"
    for line in last:
        if _is_imprint(line):
            line.reason = "page footer"


def _is_menu(line: MarkupLine) -> bool:
    """Links, or things to click and other furniture beside each other."""
    furniture = bool(line.beside) and all(
        element.reason or element.is_clickable for element in line.beside
    )
    return line.kind != "heading" and (line.is_links or furniture)


def _is_imprint(line: MarkupLine) -> bool:
    """Whose site it is, be it behind links: "Home | Trips | Terms © 1998-2025 The Rowing Club"."""
    text = line.text
    for href in line.hrefs:
        text = text.replace(href.text, "", 1)
    return len(text) < 160 and _COPYRIGHT.match(text.lstrip(" |·•-–")) is not None


def _is_path(line: MarkupLine) -> bool:
    """ "Home > Legal > Privacy": where the page stands in the site, above its sentences."""
    parts = re.split(r"\s*[>›»→]\s*|\s+/\s+", line.text)
    return (
        len(parts) > 1
        and bool(line.hrefs)
        and all(0 < len(part) < 50 for part in parts)
        and not line.is_prose
    )


def _leads_away(line: MarkupLine) -> bool:
    return (
        line.is_links
        and "@" not in line.text
        and not any(href.url.startswith("mailto:") for href in line.hrefs)
    )


def _cards(lines: Sequence[MarkupLine]) -> None:
    """Titles of other pages in a row with nothing below them, and the title of the group. Not where they name
    documents, as on the page of all policies; nor titles that nothing but their place makes a card: the text under
    them may still have to load."""
    tail = list(
        takewhile(
            lambda line: line.kind == "heading" or line.is_links or is_count(line.text),
            reversed(lines),
        )
    )
    tail.reverse()
    first = next((index for index, line in enumerate(tail) if _is_card(line)), None)
    if first is None:
        return
    titles = [line for line in tail[first:] if _is_card(line)]
    group = tail[first - 1] if first and tail[first - 1].kind == "heading" else None
    known = group is not None and _is("related", group.text)
    if len(titles) >= (1 if known else 2) and not any(
        kinds_of(line.text) for line in titles
    ):
        for line in [line for line in tail[first:] if not is_count(line.text)] + (
            [group] if group else []
        ):
            line.reason = "related pages"


def _is_card(line: MarkupLine) -> bool:
    if line.kind != "heading" or line.local_chars:
        return False
    # the element and those round it, up to the first in which a sentence stands: that is no card
    boxes = takewhile(
        lambda box: not box.sentences and not box.titled, line.element.upwards()
    )
    return line.is_links or any(not box.classes().isdisjoint(_CARDS) for box in boxes)


# each is given the lines that are left, and all lines of the page
LINE_RULES: tuple[Callable[[list[MarkupLine], list[MarkupLine]], None], ...] = (
    _controls,
    _languages,
    _contents,
    _comments,
    _related,
    _edges,
    leave_out_counts,
)
