"""From a message's content to its body, within a channel's length."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

from messages import Catalogue, catalogue
from notifier.change_view import ChangeView
from notifier.chat_markup import Format
from notifier.escape import cut
from notifier.forms import DIALECTS, render
from notifier.news import News

_LENGTHS = (1500, 600, 250)  # of a passage
_WAYS = (2, 1, 0)  # to refuse
_ONE_LINE = 500  # SMS and pagers get a line and a link


@dataclass(frozen=True, slots=True)
class Body:
    """`whole` is the address of the complete content."""

    template: Literal["alert", "digest", "notice"]
    language: str
    changes: tuple[ChangeView, ...] = ()
    lines: tuple[News, ...] = ()
    lead: str | None = None
    routes: tuple[str, ...] = ()
    deadlines: tuple[ChangeView, ...] = ()  # of earlier alerts
    whole: str | None = None
    subscription: str | None = None  # where to unsubscribe
    head: str | None = None  # of the chain

    @property
    def words(self) -> Catalogue:
        return catalogue(self.language)


@dataclass(frozen=True, slots=True)
class _Room:
    """Number and length of passages (or changes, lines), and the brief. `ways` to refuse remain of a shortened brief;
    None: the whole brief.
    """

    entries: int
    passage: int
    brief: bool = True
    ways: int | None = None


def fitted(
    body: Body,
    subject: str,
    form: Format,
    length: int,
    size: Callable[[str], int] = len,
) -> str:
    """As much as `length` characters (or `size`) hold."""

    @cache
    def rendered(room: _Room) -> str:
        return _render(body, subject, form, room)

    if length >= _ONE_LINE:
        for room in _rooms(body, lambda tried: size(rendered(tried)) <= length):
            if size(rendered(room)) <= length:
                return rendered(room)
    return _one_line(body, subject, form, length)


def _rooms(body: Body, fits: Callable[[_Room], bool]) -> Iterator[_Room]:
    """Ever less, with as many passages as fit at each length."""
    is_alert = body.template == "alert"
    count = len(body.lines) or (
        len(body.changes[0].excerpts) if is_alert else len(body.changes)
    )
    rooms = [_Room(count, passage) for passage in _LENGTHS]
    rooms += [replace(rooms[-1], ways=ways) for ways in _WAYS] + [
        replace(rooms[-1], brief=False)
    ]
    for room in rooms:
        yield from _most(room, fits)
        if (
            is_alert and room.passage == _LENGTHS[-1]
        ):  # its brief alone is useful, unlike an empty digest
            yield replace(room, entries=0)
    yield replace(rooms[-1], entries=0)


def _most(whole: _Room, fits: Callable[[_Room], bool]) -> Iterator[_Room]:
    if fits(whole):
        yield whole
        return
    least, most = 0, whole.entries
    while least < most:
        tried = (least + most + 1) // 2
        least, most = (
            (tried, most) if fits(replace(whole, entries=tried)) else (least, tried - 1)
        )
    if least > 0:
        yield replace(whole, entries=least)


def _render(body: Body, subject: str, form: Format, room: _Room) -> str:
    changes = (
        body.changes
        if room.ways is None
        else tuple(change.in_short(room.ways) for change in body.changes)
    )
    shown = replace(body, changes=changes)
    return render(
        body.template, form, body=shown, words=body.words, subject=subject, room=room
    )


def _one_line(body: Body, subject: str, form: Format, length: int) -> str:
    """The subject may already be the channel's title; a reader of this line alone needs it too."""
    link = next((change.diff or change.url for change in body.changes), body.whole)
    headline = body.lines[0].text if body.lines else subject
    room = length - len(link) - 1 if link else length
    if room < 20:
        return cut(headline, length)
    escape = html.escape if form == "html" else DIALECTS[form].escape
    kept = headline
    while len(escape(kept)) > room:
        kept = cut(kept, len(kept) - 1 if len(kept) <= room else room)
    return f"{escape(kept)} {link}" if link else escape(kept)
