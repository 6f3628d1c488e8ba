"""From what a message says to its body: plain text, HTML or Markdown, within a channel's length."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from markupsafe import Markup

from notifier.dialects import DIALECTS
from notifier.escape import cut
from notifier.news import News
from notifier.shown import Shown
from notifier.templating import OURS, Format, Templates
from notifier.wording import Words, words

_LENGTHS = (1500, 600, 250)  # characters of a passage, from generous to terse
_ONE_LINE = 500  # channels that take less (SMS, pagers) get a line and a link


@dataclass(frozen=True, slots=True)
class Body:
    """What there is to say. `whole` is where more can be read than fits."""

    template: Literal["alert", "digest", "notice"]
    language: str
    changes: tuple[Shown, ...] = ()
    lines: tuple[News, ...] = ()
    lead: str | None = None
    routes: tuple[str, ...] = ()
    whole: str | None = None
    templates: Templates = OURS

    @property
    def words(self) -> Words:
        """Those of its language."""
        return words(self.language)


@dataclass(frozen=True, slots=True)
class _Room:
    """How much of a body is shown: so many passages (or changes, or lines), each so long, with the brief or not."""

    entries: int
    passage: int
    brief: bool = True


def fitted(body: Body, subject: str, form: Format, length: int, size: Callable[[str], int] = len) -> str:
    """As much of the body as `length` characters (or what `size` counts) hold."""
    if length >= _ONE_LINE:
        for room in _rooms(body, lambda tried: size(_render(body, subject, form, tried)) <= length):
            rendered = _render(body, subject, form, room)
            if size(rendered) <= length:
                return rendered
    return _one_line(body, subject, form, length)


def _rooms(body: Body, fits: Callable[[_Room], bool]) -> Iterator[_Room]:
    """From the whole to ever less; at each length of passages, as many of them as fit."""
    count = len(body.lines) or (len(body.changes[0].passages) if body.template == "alert" else len(body.changes))
    for passage in _LENGTHS:
        if fits(_Room(count, passage)):
            yield _Room(count, passage)
        # One more is known not to fit: find the most that do.
        least, most = 0, count
        while least < most:
            tried = (least + most + 1) // 2
            least, most = (tried, most) if fits(_Room(tried, passage)) else (least, tried - 1)
        if least > 0:
            yield _Room(least, passage)
    yield _Room(0, _LENGTHS[-1])
    yield _Room(0, _LENGTHS[-1], brief=False)


def _render(body: Body, subject: str, form: Format, room: _Room) -> str:
    shown = replace(body, templates=OURS)  # a template is told of no folder: the sandbox lets it call what it is given
    values = {"body": shown, "words": body.words, "say": body.words.say, "subject": subject, "room": room}
    rendered = body.templates.render(form, body.template, **values)
    if form in DIALECTS:
        return DIALECTS[form].lines(rendered)
    return re.sub(r"\n{3,}", "\n\n", rendered.strip()) + "\n"


def _one_line(body: Body, subject: str, form: Format, length: int) -> str:
    """The subject stands in the title already where a channel has one; a reader of the line alone needs it here."""
    link = next((change.diff or change.url for change in body.changes), body.whole)
    said = body.lines[0].text if body.lines else subject
    room = length - len(link) - 1 if link else length
    if room < 20:
        return cut(said, length)
    escape: Callable[[str], str] = str
    if form in DIALECTS:
        escape = DIALECTS[form].escape
    elif form == "html":
        escape = _escape_html
    kept = said
    while len(escape(kept)) > room:
        kept = cut(kept, len(kept) - 1 if len(kept) <= room else room)
    return f"{escape(kept)} {link}" if link else escape(kept)


def _escape_html(text: str) -> str:
    return str(Markup.escape(text))
