"""What stands behind the last sentence of a text: what customers say, cards of other pages, the site's last line."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import TypeGuard

from analysis.extract.counts import is_count
from analysis.extract.html_lines import Line, above_title
from analysis.extract.html_tree import Element
from analysis.extract.promotions import is_of_a_topic, is_person, is_quoted, speaks_as_a_policy
from analysis.text.phrases import kinds_of, pattern

_COPYRIGHT = re.compile(r"©|\(c\)\s*\d{4}|copyright\s+(?:©|\(c\)|\d{4})", re.IGNORECASE)
_DAY = re.compile(
    r"\d{1,2}(?:st|nd|rd|th|er)?\.?\s(?:de\s)?[^\W\d]{3,10}\.?|[^\W\d]{3,10}\.?\s\d{1,2}|\d{1,2}[./]\d{1,2}\.?"
)
_CARDS = frozenset(
    ("card", "cards", "post", "posts", "blog", "news", "article", "articles", "teaser", "teasers", "tile")
)


def testimonials(lines: list[Line], page: list[Line]) -> None:
    """Quotations at the end, each with the name of who said it beneath, and their title. A policy may quote the law,
    or end with the name of its author: both are no such pair."""
    _quotations_at_the_end(list(lines))
    for line, following in itertools.pairwise(page):
        if line.reason is None and line.kind == "heading" and following.reason == "testimonial":
            line.reason = "testimonial"


def _quotations_at_the_end(rest: list[Line]) -> None:
    while rest:
        last = rest.pop()
        if is_count(last.text):
            continue
        names = [last]
        if rest and not _is_quotation(rest[-1]) and len(last.text) <= 80 and not last.is_prose:
            names.append(rest.pop())  # a name, and beneath it what the person is
        if not rest or not _is_quotation(rest[-1]) or not is_person(names[-1].text):
            return
        if speaks_as_a_policy(" ".join(line.text for line in [rest[-1], *names])):
            return
        for line in [rest.pop(), *names]:
            line.reason = "testimonial"


def _is_quotation(line: Line) -> bool:
    quoted = any(element.tag == "blockquote" for element in line.element.upwards())
    return line.kind == "paragraph" and len(line.text) <= 400 and (quoted or is_quoted(line.text))


def cards(lines: list[Line], _: list[Line]) -> None:
    """Titles of other pages in a row with nothing below them, and the title of the group. Not where they name
    documents, as on the page of all policies; nor titles that nothing but their place makes a card: the text under
    them may still have to load."""
    tail = list(itertools.takewhile(_is_bare, reversed(lines)))[::-1]
    first = next((index for index, line in enumerate(tail) if _is_card(line)), None)
    if first is None:
        return
    run = [line for line in tail[first:] if not is_count(line.text)]
    titles = [line for line in run if line.kind == "heading" and _is_card(line)]
    group = tail[first - 1] if first and tail[first - 1].kind == "heading" else None
    known = group is not None and pattern("furniture", "related", whole=True).fullmatch(group.text) is not None
    if len(titles) < (1 if known else 2) or any(kinds_of(line.text) for line in titles):
        return
    for line in [*run, *([group] if group is not None else [])]:
        line.reason = "related pages"


def _is_bare(line: Line) -> bool:
    return line.kind == "heading" or line.is_links or is_count(line.text)


def _is_card(line: Line) -> bool:
    if line.kind != "heading" or line.local_chars:
        return False
    if line.is_links:
        return True
    return any(not element.classes().isdisjoint(_CARDS) for element in _boxes(line.element))


def _boxes(element: Element) -> Iterator[Element]:
    """The element and those round it, up to the first in which a sentence stands: that is no card."""
    return itertools.takewhile(lambda box: not box.sentences and not box.titled, element.upwards())


def notes(lines: list[Line], _: list[Line]) -> None:
    """Notes at the end to whose marks nothing refers in the text: they are those of offers that were left out."""
    run = list(itertools.takewhile(_mark_of, reversed(lines)))
    above = lines[: len(lines) - len(run)]
    holders = {line.element for line in above} if run else ()
    raised = {child.words(5).strip("()") for holder in holders for child in holder.children if _is_raised(child)}
    for line in run:
        mark = _mark_of(line)
        referred = mark.strip("()") in raised or any(mark in other.text for other in above)
        if not referred and not is_of_a_topic(line.text):
            line.reason = "advertisement"


def _is_raised(child: Element | str) -> TypeGuard[Element]:
    return isinstance(child, Element) and child.tag == "sup"


def _mark_of(line: Line) -> str:
    """The raised sign that a note begins with, "" if it is none."""
    first = next((child for child in line.element.children if not isinstance(child, str) or child.strip()), None)
    if first is None or line.kind == "row" or not _is_raised(first) or first.clickable_chars():
        return ""
    mark = first.words(5)
    return mark if line.text.startswith(mark) else ""


def news(lines: list[Line], _: list[Line]) -> None:
    """What happened of late, at the end: two or more days without a year, each with a few words, and their title. The
    history of a text names years."""
    at = len(lines)
    while at >= 2 and _is_day(lines[at - 2]) and lines[at - 1].kind != "heading" and len(lines[at - 1].text) <= 200:
        at -= 2
    if len(lines) - at >= 4:
        titled = at > 0 and lines[at - 1].kind == "heading" and lines[at - 1].level > 1
        for line in lines[at - titled :]:
            line.reason = "related pages"


def _is_day(line: Line) -> bool:
    return line.kind != "heading" and _DAY.fullmatch(line.text) is not None


def last_line(lines: list[Line], _: list[Line]) -> None:
    """Links, and behind them whose site it is: "Home | Trips | Terms © 1998-2025 The Rowing Club, best viewed at"."""
    line = lines[-1] if lines else None
    found = _COPYRIGHT.search(line.text) if line is not None else None
    if line is None or found is None or len(line.text) - found.start() > 160 or not line.hrefs:
        return
    before = line.text[: found.start()]
    for words, _href in line.hrefs:
        before = before.replace(words, "", 1)
    if not any(map(str.isalnum, before)):
        line.reason = "page footer"


def of_the_day(lines: list[Line], _: list[Line]) -> None:
    """ "Tip of the day: ..." beside the text; above the title also the news, in that line or in the one below."""
    title = above_title(lines)
    last = max((index for index, line in enumerate(lines) if line.is_prose), default=0)
    for index, line in enumerate(lines):
        if title <= index < last or line.kind == "row" or line.reason is not None or len(line.text) > 300:
            continue
        found = pattern("furniture", "daily").match(line.text)
        if found is None and index < title:
            found = pattern("furniture", "related").match(line.text)
        behind = line.text[found.end() :].strip() if found is not None else None
        said = [line]
        if behind in ("", ":") and index < title:
            said += [other for other in lines[index + 1 : index + 2] if other.kind != "heading"]
        elif not behind or behind[0] not in ":–—-|!":
            continue
        if not speaks_as_a_policy(" ".join(other.text for other in said)):
            for other in said:
                other.reason = "ticker"
