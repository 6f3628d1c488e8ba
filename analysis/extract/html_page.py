"""HTML to blocks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import takewhile
from urllib.parse import unquote, urljoin, urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from analysis.extract.broken_lines import part
from analysis.extract.grids import with_rows
from analysis.extract.html_flow import lines_of
from analysis.extract.html_lines import MarkupLine
from analysis.extract.html_tree import Element, grow, is_stable_name, parse
from analysis.extract.main_text import leave_out
from analysis.model import Block, Dropped, Link, Page, UnreadablePage
from analysis.text.language import (
    language_of,
    other_language,
    region_of,
    two_letters,
)
from analysis.text.phrases import kinds_of, pattern
from messages import Message

_SCHEMES = ("http", "https", "mailto")
_TITLE_PARTS = re.compile(r"\s+[|·•–—:-]\s+|\s*\|\s*")


def read_html(
    text: str,
    *,
    url: str = "",
    language: str | None = None,
    select: Sequence[str] = (),
    remove: Sequence[str] = (),
    former: Sequence[str] = (),
) -> Page:
    tree = parse(text)
    removed = [
        Dropped(text, "selector in remove")
        for text in without(tree, remove)
        if text
    ]
    label = tree.root.attributes.get("lang") if tree.root is not None else None
    declared = two_letters(label)
    lines: list[MarkupLine] = []
    roots = (
        _selected(tree, select)
        if select
        else [tree.body]
        if tree.body is not None
        else []
    )
    trees = [grow(root) for root in roots]
    for elements in trees:
        part = lines_of(elements)
        leave_out(
            elements, part, language=language, selected=bool(select), former=former
        )
        if not select:
            _narrow(elements, part, unquote(url.partition("#")[2]))
        lines += part
    left = with_rows([line for line in lines if line.reason is None])
    if not left:
        raise UnreadablePage(_empty_reason(lines, select))
    written = _language(left, language, declared)
    base = _base(tree, url)
    foreign = [line for line in left if line.is_foreign]
    page = Page(
        _title(left, tree),
        written,
        tuple(_blocks(left, base)),
        (*removed, *_dropped(lines)),
        declared,
        region_of(label) if written == declared else None,
        _container(left),
        tuple(block.text for block in _blocks(foreign, base)),
    )
    for (
        elements
    ) in trees:  # cycles with parents would keep elements of many pages alive
        for element in elements:
            element.children.clear()
    return page


def _language(
    lines: Sequence[MarkupLine], wanted: str | None, declared: str | None
) -> str | None:
    """The one that is `wanted`, if half of the page is in another."""
    texts = [line.text for line in lines]
    whole = " ".join(texts)
    written = language_of(whole, declared=declared or wanted)
    if written == two_letters(wanted):
        return written
    own = " ".join(
        text for text in texts if not other_language(text, two_letters(wanted))
    )
    is_half = len(whole) > len(own) > len(whole) / 4
    return language_of(own, declared=declared or wanted) if is_half else written


def _container(lines: Iterable[MarkupLine]) -> str | None:
    """Of the innermost named element around all sentences."""
    around: list[Element] = []
    for line in lines:
        if line.is_prose:
            above = dict.fromkeys(line.element.upwards())
            around = [element for element in around or above if element in above]
    for element in around:
        names = (
            f"#{element.get('id')}",
            *(f".{name}" for name in element.get("class").split()),
        )
        if element.tag in ("main", "article"):
            return element.tag
        if name := next((name for name in names if is_stable_name(name[1:])), None):
            return name
    return None


def _dropped(lines: Iterable[MarkupLine]) -> Iterable[Dropped]:
    before = 0
    for line in lines:
        if line.reason is None:
            before += 1 + len(line.breaks)
        else:
            yield Dropped(line.text, line.reason, before)


def without(tree: LexborHTMLParser, remove: Sequence[str]) -> list[str]:
    """Returns their texts."""
    nodes = _selected(tree, remove)
    texts = [" ".join(node.text(separator=" ").split()) for node in nodes]
    for node in nodes:
        node.decompose()
    return texts


def _selected(tree: LexborHTMLParser, selectors: Sequence[str]) -> list[LexborNode]:
    """In page order, none within another."""
    nodes: set[int] = set()
    for selector in selectors:
        try:
            nodes.update(node.mem_id for node in tree.css(selector))
        except (SelectolaxError, ValueError) as failure:
            raise UnreadablePage(
                Message("unreadable.selector", selector=repr(selector))
            ) from failure
    outermost: list[LexborNode] = []
    inside: set[int] = set()
    for node in tree.root.traverse() if nodes and tree.root is not None else ():
        if node.parent is not None and node.parent.mem_id in inside:
            inside.add(node.mem_id)
        elif node.mem_id in nodes:
            inside.add(node.mem_id)
            outermost.append(node)
    return outermost


def _empty_reason(lines: list[MarkupLine], select: Sequence[str]) -> Message:
    if select:
        return Message("unreadable.selected", selector=repr(", ".join(select)))
    if not lines:
        return Message("unreadable.unfilled")
    if any(pattern("broken", "shell").search(line.text) for line in lines):
        return Message("unreadable.shell")
    return Message("unreadable.furniture")


def _narrow(
    elements: list[Element], lines: list[MarkupLine], fragment: str
) -> None:
    """An element with text, or the section of a heading or mark."""
    named = (
        element
        for element in elements
        if fragment in (element.get("id"), element.get("name"))
    )
    target = next(named, None) if fragment else None
    if target is None:
        return
    left = [line for line in lines if line.reason is None]
    part = {line for line in left if line.element.is_within(target)}
    if sum(line.is_prose for line in part) < 2:
        part = set(_section(left, target))
    if sum(line.is_prose for line in part) >= 2:
        for line in left:
            if line not in part:
                line.reason = "another part of the page"


def _section(lines: list[MarkupLine], target: Element) -> list[MarkupLine]:
    start = next(
        (
            index
            for index, line in enumerate(lines)
            if line.element.order >= target.order
        ),
        len(lines),
    )
    if start == len(lines) or lines[start].kind != "heading":
        return []
    level = lines[start].level
    below = takewhile(
        lambda line: line.kind != "heading" or line.level > level,
        lines[start + 1 :],
    )
    return [lines[start], *below]


def _base(tree: LexborHTMLParser, url: str) -> str:
    base = tree.css_first("base[href]")
    return (
        _absolute(url, base.attributes.get("href") or "") or url
        if base is not None
        else url
    )


def _absolute(base: str, href: str) -> str | None:
    """None unless a page's or mailbox's."""
    try:
        address = urljoin(base, href.strip())
        return address if urlsplit(address).scheme in _SCHEMES else None
    except ValueError:  # such as an open bracket in the host
        return None


def _title(lines: list[MarkupLine], tree: LexborHTMLParser) -> str:
    first = next(
        (line.text for line in lines if line.kind == "heading" and line.level == 1),
        "",
    )
    if first:
        return first
    node = tree.css_first("head title") or tree.css_first("title")
    words = " ".join((node.text() if node is not None else "").split())
    parts = [part for part in _TITLE_PARTS.split(words) if part]
    # the site's name may come first
    parts.sort(key=lambda part: not kinds_of(part))
    return (
        parts[0]
        if parts
        else next((line.text for line in lines if line.kind == "heading"), "")
    )


def _blocks(lines: Iterable[MarkupLine], base: str) -> Iterable[Block]:
    path: list[tuple[int, str, Element | None]] = []
    for line in lines:
        while (
            path
            and path[-1][2] is not None
            and not line.element.is_within(path[-1][2])
        ):
            path.pop()
        if line.kind == "heading":
            while path and path[-1][0] >= line.level:
                path.pop()
        addresses = ((href, _absolute(base, href.url)) for href in line.hrefs)
        links = tuple(
            Link(href.text, address, href.at)
            for href, address in addresses
            if address is not None
        )
        headings = tuple(words for _, words, _ in path)
        yield from part(Block(line.kind, line.text, headings, links), line.breaks)
        if line.kind == "heading":
            path.append((line.level, line.text, _scope(line.element)))


def _scope(element: Element) -> Element | None:
    """The <details> of a summary heading; None for headings that hold until the next."""
    summary = next(
        (holder for holder in element.upwards() if holder.tag == "summary"), None
    )
    return summary.parent if summary is not None else None
