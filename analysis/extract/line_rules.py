"""What single lines say of themselves: controls, contents, related pages, what is left of menus at the edges."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable
from functools import cache

from analysis.extract.after_text import cards, last_line, news, notes, of_the_day, testimonials
from analysis.extract.counts import counts, is_count
from analysis.extract.furniture import autonyms, is_named
from analysis.extract.html_lines import REMARK, Line, above_title
from analysis.extract.html_tree import Element
from analysis.text.normal import normal
from analysis.text.phrases import pattern


def controls(lines: list[Line], _: list[Line]) -> None:
    label = pattern("furniture", "controls", whole=True)
    several = _several_controls()
    feedback = _asks_for_feedback()
    skip = pattern("furniture", "skip", whole=True)
    top = pattern("furniture", "top", whole=True)
    advert = pattern("furniture", "advert", whole=True)
    visitor = pattern("furniture", "visitor", whole=True)
    printed = pattern("furniture", "printed", whole=True)
    titled = any(line.kind == "heading" and line.level == 1 for line in lines)
    first = next((index for index, line in enumerate(lines) if line.is_prose), 0) if titled else 0
    for index, line in enumerate(lines):
        if line.kind == "row" or len(line.text) > REMARK:
            continue
        if _is_control(line, label, several) or (line.is_clickable and top.fullmatch(line.text)):
            line.reason = "control"
        elif (
            printed.fullmatch(line.text)
            or _is_about_the_page(line.text, label, feedback)
            or _are_remarks(line.beside, label, feedback, skip)
            or (index < first and line.kind == "paragraph" and _is_labelled(line.beside, feedback))
        ):
            line.reason = "metadata"
        elif feedback.fullmatch(line.text):
            line.reason = "feedback"
        elif skip.fullmatch(line.text):
            line.reason = "skip link"
        elif visitor.fullmatch(line.text):
            line.reason = "the visitor's own"
        elif line.kind == "paragraph" and _is_advert(line, advert):
            line.reason = "advertisement"


def _is_control(line: Line, label: re.Pattern[str], several: re.Pattern[str]) -> bool:
    if not any(character.isalnum() for character in line.text):  # "☺", "⌄"
        return bool(line.button_chars or line.link_chars or line.text in _INFORMS)
    if len(line.text) >= 60:
        return False
    text = _PRESSED.sub(" ", line.text).rstrip() if line.button_chars else line.text
    return bool((line.is_clickable and label.fullmatch(_SIZE.sub("", text))) or several.fullmatch(text))


def _is_advert(line: Line, advert: re.Pattern[str]) -> bool:
    """The label of an advertisement, in an element that is named so or with the word that the text goes on below it."""
    parts = [element.words(REMARK) for element in line.beside] or [line.text]
    if not all(advert.fullmatch(part) for part in parts):
        return False
    return any(" " in part.strip() for part in parts) or is_named(line.element, "advertisement")


_SIZE = re.compile(r"\s*[(\[](?:[a-z]{3,4}\W+)?\d+(?:[.,]\d+)?\s?(?:[kmg]i?[bo]|bytes|octets)[)\]]\s*$", re.IGNORECASE)
_PRESSED = re.compile(r"\s*\(\d[\d.,]*\)")  # how often a button was: "Yes (812)"
_BELOW = 0.3  # of the page's sentences, at most, are what readers wrote below the text
_INFORMS = frozenset("ⓘℹ🛈")  # stands beside a word, for a tip that a pointer shows
_BESIDE = re.compile(r"\s*[·•|]\s*")


def _is_about_the_page(text: str, label: re.Pattern[str], feedback: re.Pattern[str]) -> bool:
    """A date that moves by itself ("Updated 2 weeks ago"), or several remarks beside each other, none of which is of
    the text: "By Anna · 1,203 views · 3 min read"."""
    if _moves().fullmatch(text) is not None:
        return True
    if len(text) > 120 or _BESIDE.search(text) is None:
        return False
    parts = _BESIDE.split(text.strip(" ·•|"))
    byline = pattern("furniture", "byline", whole=True)
    known = [bool(feedback.fullmatch(part) or label.fullmatch(part) or is_count(part)) for part in parts]
    return any(known) and all(
        told or byline.fullmatch(part) is not None for told, part in zip(known, parts, strict=True)
    )


def _are_remarks(beside: tuple[Element, ...], label: re.Pattern[str], *known: re.Pattern[str]) -> bool:
    """Elements that run on in one line, each of which is furniture by itself: "Skip to contentVersion: 3.2";
    with other buttons between them or not."""
    told = [element for element in beside if _is_remark(element, label, known)]
    return bool(told) and all(element in told or element.tag == "button" for element in beside)


def _is_remark(element: Element, label: re.Pattern[str], known: Iterable[re.Pattern[str]]) -> bool:
    if element.reason:
        return True
    text = element.words(REMARK)
    if element.is_clickable and label.fullmatch(text):
        return True
    return is_count(text) or any(phrase.fullmatch(text) for phrase in known)


def _is_labelled(beside: tuple[Element, ...], feedback: re.Pattern[str]) -> bool:
    """Of what a page with a title is, and how long it takes to read: "Privacy4 min read"."""
    texts = [element.words(REMARK) for element in beside]
    others = [text for text in texts if not feedback.fullmatch(text)]
    return len(others) < len(texts) and all(len(text) <= 30 and not any(map(str.isdigit, text)) for text in others)


@cache
def _moves() -> re.Pattern[str]:
    updated, ago = pattern("furniture", "updated").pattern, pattern("furniture", "ago").pattern
    return re.compile(rf"\W*(?:{updated})\W{{0,3}}(?:{ago})\W*", re.IGNORECASE)


@cache
def _several_controls() -> re.Pattern[str]:
    """Two or more labels of controls in a row ("Expand all Collapse all"), which no sentence consists of."""
    label = pattern("furniture", "controls").pattern
    return re.compile(rf"\W*(?:{label})(?:\W+(?:{label}))+\W*", re.IGNORECASE)


@cache
def _asks_for_feedback() -> re.Pattern[str]:
    """A question about the page, with its answers in the same line or not ("Was this helpful? Yes No")."""
    question = pattern("furniture", "feedback", whole=True).pattern
    return re.compile(rf"{question}(?:{pattern('furniture', 'controls').pattern}|\W+)*", re.IGNORECASE)


def contents(lines: list[Line], page: list[Line]) -> None:
    """A table of contents: three or more links in a row that lead to places of this page, or lines in a row that are
    titles further below, most of them of the text; and its own title, also where the list went with a menu."""
    title = pattern("furniture", "contents", whole=True)
    headings = {normal(line.text) for line in lines if line.kind == "heading"}
    others = {normal(line.text) for line in page if line.kind == "heading"}

    def leads(line: Line, titles: set[str]) -> bool:
        return line.local_chars > 0.8 * len(line.text) or _repeats(line, titles)

    for run in _runs(lines, lambda line: leads(line, others)):
        while run and lines[run[-1]].kind == "heading" and not _is_heading(lines, run[-1] + 1):
            run.pop()  # the title of what follows, that leads to itself
        if len(run) >= 3 and 2 * sum(leads(lines[index], headings) for index in run) > len(run):
            for index in run:
                lines[index].reason = "table of contents"
    for index, line in enumerate(lines):
        following = lines[index + 1] if index + 1 < len(lines) else None
        alone = following is None or following.kind == "heading" or following.reason == "table of contents"
        if line.reason is not None:
            continue
        if (alone and len(line.text) < 60 and title.fullmatch(line.text)) or (
            len(line.hrefs) >= 3 and line.local_chars > 0.6 * len(line.text)
        ):
            line.reason = "table of contents"


def _is_heading(lines: list[Line], index: int) -> bool:
    return index < len(lines) and lines[index].kind == "heading"


def _repeats(line: Line, headings: set[str]) -> bool:
    return line.kind in ("item", "paragraph") and len(line.text) < 160 and normal(line.text) in headings


def languages(lines: list[Line], _: list[Line]) -> None:
    """Names of languages, each in itself: three or more in a row, or in one line two or more."""
    name = _language_name()
    for run in _runs(lines, lambda line: line.kind != "row" and len(line.text) < 40 and _is_named(line.text, name)):
        if len(run) >= 3:
            for index in run:
                lines[index].reason = "language picker"
    for line in lines:
        if line.reason is None and len(line.text) < 400 and line.hrefs:
            parts = [part for part in re.split(r"[|·•/,\n]|\s{2,}", line.text) if part.strip()]
            by_links = [words for words, _ in line.hrefs]
            several = parts if len(parts) > 1 else by_links
            if (
                len(several) > 1
                and all(_is_named(part, name) for part in several)
                and (len(parts) > 1 or line.is_links)
            ):
                line.reason = "language picker"


def _is_named(text: str, name: re.Pattern[str]) -> bool:
    return name.fullmatch(text.strip()) is not None


@cache
def _language_name() -> re.Pattern[str]:
    """A language's name for itself, with the country or script behind it or not: "English (UK)"."""
    names = "|".join(map(re.escape, autonyms()))
    return re.compile(rf"(?:{names})(?:\s*[(（–-].{{1,30}})?", re.IGNORECASE)


def related(lines: list[Line], _: list[Line]) -> None:
    """Links under a title such as "Related articles", and such a title with nothing under it."""
    title = pattern("furniture", "related", whole=True)
    for index, line in enumerate(lines):
        if line.reason is None and len(line.text) < 60 and title.fullmatch(line.text):
            run = index + 1
            for teased in lines[run : _end_of_teasers(lines, run)]:
                teased.reason = "related pages"
                run += 1
            while run < len(lines) and _is_card(lines[run]):
                lines[run].reason = "related pages"
                run += 1
            if run > index + 1 or run == len(lines):
                line.reason = "related pages"
    last = next((line for line in reversed(lines) if line.reason is None), None)
    if last is not None and last.kind == "heading" and title.fullmatch(last.text):
        last.reason = "related pages"


def _end_of_teasers(lines: list[Line], start: int) -> int:
    """Where titles of other pages end that have a few words of each beneath; `start` if they do not end the page."""
    titles, run = 0, start
    while run < len(lines) and not _is_imprint(lines[run].text):
        line = lines[run]
        if _is_card(line):
            titles += 1
        elif not (run > start and _is_card(lines[run - 1]) and line.kind == "paragraph" and len(line.text) <= 250):
            break
        run += 1
    return run if titles >= 2 and (run == len(lines) or _is_imprint(lines[run].text)) else start


_PRICE = re.compile(r"(?:[€$£]\s?\d[\d.,\s]*|\d[\d.,\s]*(?:[€$£]|EUR\b|CHF\b))")


def _is_card(line: Line) -> bool:
    """A link to another page, be it its title over a few words of it, or to what is sold, with its price."""
    clicks = line.link_chars + (line.button_chars if line.link_chars else 0)
    bare = len(_PRICE.sub("", line.text))
    return clicks >= 0.8 * bare > 0 and line.kind != "row" and not (line.kind == "heading" and line.local_chars)


def comments(lines: list[Line], _: list[Line]) -> None:
    """What readers wrote below the text, from its title on: where elements are named so or people are asked for it."""
    said = pattern("furniture", "commented", whole=True)
    begin = next((at for at, line in enumerate(lines) if line.kind == "heading" and said.fullmatch(line.text)), None)
    if begin is None:
        return
    title, *rest = lines[begin:]
    asked = any(said.fullmatch(line.text) for line in rest)
    named = bool(rest) and all(is_named(line.element, "comments") for line in rest)
    if (asked or named) and _prose(rest) < _BELOW * _prose(lines):
        for line in (title, *rest):
            line.reason = "comments"


def _prose(lines: Iterable[Line]) -> int:
    return sum(len(line.text) for line in lines if line.is_prose)


def _runs(lines: list[Line], test: Callable[[Line], bool]) -> Iterable[list[int]]:
    run: list[int] = []
    for index, line in enumerate(lines):
        if test(line):
            run.append(index)
        elif run:
            yield run
            run = []
    if run:
        yield run


def edges(lines: list[Line], _: list[Line]) -> None:
    """What is left of menus before the first line that is no link, and after the last one if it is a whole list."""
    title = above_title(lines)
    for line in lines[:title]:
        if _is_path(line):
            line.reason = "navigation"
    kept = [line for line in lines if line.reason is None and not is_count(line.text)]
    leading = list(itertools.takewhile(_is_menu, kept))
    last = list(itertools.takewhile(lambda line: _is_imprint(line.text) or _leads_away(line), reversed(kept)))
    for line in last:
        if line.is_links and pattern("furniture", "pager", whole=True).fullmatch(line.text):
            line.reason = "navigation"
    imprint = [line for line in last if _is_imprint(line.text)]
    trailing = [line for line in last if not _is_imprint(line.text)]
    titled = len(last) < len(kept) and kept[-1 - len(last)].kind == "heading"
    several = sum(max(1, len(line.hrefs)) for line in trailing) >= 3
    for line in leading + (trailing if several and not titled else []):
        line.reason = "navigation"
    for line in imprint:
        line.reason = "page footer"


def _is_menu(line: Line) -> bool:
    """Links, or things to click and other furniture beside each other."""
    if line.kind == "heading":
        return False
    return line.is_links or (
        bool(line.beside) and all(element.reason or element.is_clickable for element in line.beside)
    )


_IMPRINT = re.compile(r"(?:©|\(c\)|copyright\s+(?:©|\(c\)|\d{4}))", re.IGNORECASE)


def _is_imprint(text: str) -> bool:
    return len(text) < 160 and (
        _IMPRINT.match(text) is not None or pattern("furniture", "imprint", whole=True).fullmatch(text) is not None
    )


def _is_path(line: Line) -> bool:
    """ "Home > Legal > Privacy": where the page stands in the site, above its title."""
    parts = re.split(r"\s*[>›»→]\s*|\s+/\s+", line.text)
    return len(parts) > 1 and bool(line.hrefs) and all(0 < len(part) < 50 for part in parts) and not line.is_prose


def _leads_away(line: Line) -> bool:
    return line.is_links and not _is_address(line)


def _is_address(line: Line) -> bool:
    return "@" in line.text or any(href.startswith("mailto:") for _, href in line.hrefs)


def ends(lines: list[Line], page: list[Line]) -> None:
    """What stands before and behind the text, in whatever order: one thing may hide that another is the last."""
    left = -1
    while left != len(lines):
        left = len(lines)
        for rule in (last_line, edges, testimonials, cards, notes, news):
            rule(lines, page)
            lines = [line for line in lines if line.reason is None]


# each is given the lines that are left, and all lines of the page
LINE_RULES: tuple[Callable[[list[Line], list[Line]], None], ...] = (
    controls,
    languages,
    contents,
    comments,
    related,
    of_the_day,
    ends,
    counts,
)
