"""Messages (alert, digest, notice, test) in the reader's language, and how much of one a channel's length holds."""

from __future__ import annotations

import html
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache
from itertools import chain
from typing import Any

from sqlmodel import Session

from foundation.vocabulary import MessageKind, NoticeKind, gravity
from messages import Catalogue, Message, catalogue, translate
from notifier.calendar import REMINDER, CalendarEntry
from notifier.change_view import ChangeView, change_view, sample_change
from notifier.escape import clean, cut
from notifier.forms import DIALECTS, Format, render
from storage.change_list import (
    ListedChange,
    announcements,
    event_of,
    leading_first,
    listed,
)
from storage.changes import Change, change_in_any_state, newest_alerting
from storage.deliveries import (
    Alert,
    Delivery,
    Notice,
    alerted_before_of_day,
    alerted_changes,
    approaching_deadlines,
)
from storage.documents import document

_SUBJECT = 180  # characters; phones show less
_LENGTHS = (1500, 600, 250)  # of a passage
_WAYS = (2, 1, 0)  # to refuse
_ONE_LINE = 500  # SMS and pagers get a line and a link


@dataclass(frozen=True, slots=True)
class Notification:
    """`key` is the same on every attempt; `taken` holds marks of people who have it; `payload` is a webhook's body."""

    kind: MessageKind
    subject: str
    language: str
    changes: tuple[ChangeView, ...] = ()
    lines: tuple[News, ...] = ()
    lead: str | None = None
    routes: tuple[str, ...] = ()
    deadlines: tuple[ChangeView, ...] = ()
    whole: str | None = None
    subscription: str | None = None
    head: str | None = None
    thread: str | None = None
    key: str = ""
    event: CalendarEntry | None = None
    taken: frozenset[str] = frozenset()
    payload: bytes = b""
    withdrawn: tuple[int, ...] = ()

    @property
    def words(self) -> Catalogue:
        return catalogue(self.language)

    @property
    def text(self) -> str:
        return self.fitted("text", 1_000_000)

    @property
    def html(self) -> str:
        return self.fitted("html", 1_000_000)

    def fitted(
        self, form: Format, length: int, size: Callable[[str], int] = len
    ) -> str:
        """Cut after a passage, with a link to the whole."""

        @cache
        def rendered(room: _Room) -> str:
            shown = self
            if (ways := room.ways) is not None:
                in_short = (change.in_short(ways) for change in self.changes)
                shown = replace(self, changes=tuple(in_short))
            template = "alert" if self.kind == "test" else self.kind
            return render(
                template, form, message=shown, words=self.words, room=room
            )

        def fits(room: _Room) -> bool:
            return size(rendered(room)) <= length

        if length >= _ONE_LINE:
            rooms = self._rooms()
            first = 0 if fits(rooms[0]) else bisect_left(rooms, True, 1, key=fits)
            if first < len(rooms):
                return rendered(rooms[first])
        return self._one_line(form, length)

    def _rooms(self) -> list[_Room]:
        """Ever less: as many passages as fit, one that is cut, the summary alone, ways to refuse."""
        is_alert = self.kind in ("alert", "test")
        entries = (
            self.changes[0].excerpts if is_alert else self.lines or self.changes
        )
        rooms = [_Room(n, max(_LENGTHS)) for n in range(len(entries), 1, -1)]
        rooms += [_Room(min(len(entries), 1), length) for length in _LENGTHS]
        least = rooms[-1]
        if is_alert:  # its brief alone is useful, unlike an empty digest
            least = replace(least, entries=0)
            rooms.append(least)
        rooms += [replace(least, ways=ways) for ways in _WAYS]
        least = replace(least, brief=False)
        return [*rooms, least, replace(least, entries=0)]

    def _one_line(self, form: Format, length: int) -> str:
        """The subject may already be the channel's title; a reader of this line alone needs it too."""
        link = next(
            (change.diff or change.url for change in self.changes), self.whole
        )
        headline = self.lines[0].text if self.lines else self.subject
        room = length - len(link) - 1 if link else length
        if room < 20:
            return cut(headline, length)
        escape = html.escape if form == "html" else DIALECTS[form].escape
        kept = headline
        while len(escape(kept)) > room:
            kept = cut(kept, len(kept) - 1 if len(kept) <= room else room)
        return f"{escape(kept)} {link}" if link else escape(kept)


@dataclass(frozen=True, slots=True)
class _Room:
    """Number and length of passages (or changes, lines); `ways` to refuse remain of a shortened brief."""

    entries: int
    passage: int
    brief: bool = True
    ways: int | None = None


@dataclass(frozen=True, slots=True)
class News:
    text: str
    details: tuple[str, ...] = ()


_SHOWN: dict[str, Callable[[Catalogue, Any], str]] = {
    "since": lambda words, at: words.moment(datetime.fromisoformat(at)),
    "start": lambda words, day: words.day(date.fromisoformat(day)),
    "end": lambda words, day: words.day(date.fromisoformat(day)),
    "sent": lambda words, kind: words.term("notices.sent", kind),
    "reason": lambda words, reason: clean(
        translate(Message.from_json(reason), words.language)
    ),
    **dict.fromkeys(
        ("questions", "failed", "dropped", "tokens_in", "tokens_out"),
        Catalogue.number,
    ),
}
_ADVISED = (
    NoticeKind.UNREADABLE,
    NoticeKind.HELD,
    NoticeKind.PARKED,
    NoticeKind.NARROWED,
    NoticeKind.UNSIGNED,
    NoticeKind.USED,
)


def show_notice(notice: Notice, language: str, base_url: str | None = None) -> News:
    words, kind, facts = catalogue(language), notice.kind, notice.facts
    values = {"document": clean(notice.document_id or ""), "reason": ""}
    values |= {
        name: _SHOWN[name](words, fact) if name in _SHOWN else clean(str(fact))
        for name, fact in facts.items()
        if fact is not None
    }
    if kind == NoticeKind.NARROWED:
        values["by"] = clean(words.actor(facts["by"], facts["via"]))
        text = words.term("notices.narrowed", facts["action"], **values)
    elif facts.get("never_read"):
        text = words("notices.never_read", **values)
    elif facts.get("answers"):
        text = words("notices.answers", **values)
    else:
        text = words.term("notices", kind, **values)
    return News(text, tuple(_details(words, notice, values, base_url)))


def _details(
    words: Catalogue, notice: Notice, values: dict[str, str], base_url: str | None
) -> list[str]:
    kind, facts, details = notice.kind, notice.facts, []
    if values["reason"] and kind == NoticeKind.VOLATILE:
        details.append(values["reason"])
    elif values["reason"] and kind != NoticeKind.PARKED:  # its text contains it
        details.append(words("notices.reason", **values))
    if facts.get("more"):
        details.append(words("notices.more", n=facts["more"]))
    if "also" in facts:
        details.append(words("notices.also", **values))
    if facts.get("rejected"):
        details.append(words("notices.rejected", **values))
    elif kind in _ADVISED:
        about = facts.get("outcome", kind)
        details.append(words.term("notices.advice", about, **values))
    if facts.get("cost") is not None:
        details.append(words("notices.used_cost", **values))
    if change := facts.get("change"):  # where a person can say so
        page = f"{(base_url or '').rstrip('/')}/changes/{change}"
        command = f"`policywatch ignore {change}`"
        details.append(words("notices.ignore", place=page if base_url else command))
    else:
        entries = (entry.splitlines() for _, entry in facts.get("proposals", ()))
        lines = facts.get("passages") or chain.from_iterable(entries)
        details += map(clean, lines)
    return details


def alert_message(
    session: Session,
    alerts: Sequence[Alert],
    *,
    language: str,
    base_url: str | None,
    delivery: Delivery | None = None,
) -> Notification:
    """One change or event. `delivery` tells which dates the address knows; what was announced to it is shortened."""
    rows = listed(session, [alert.change_id for alert in alerts])
    view = _event_view(session, rows, language, base_url)
    source = leading_first(rows, language)[0].change
    message = change_message(view, language, _routes_of(alerts))
    message = replace(message, event=_event(session, source, view, message))
    if delivery is None or source.event_id is None:
        return message
    earlier = alerted_changes(session, source.event_id, {delivery.address})
    for row in rows:
        del earlier[row.change.id]
    if not earlier:
        return message
    announced = announcements(session, [source]).get(source.id)
    if announced and announced.change_id in earlier:
        view = replace(view.in_short(1), passages=())
    day = min(each.detected_at for each in earlier.values()).date()
    lead = message.words("say.event_again", date=message.words.day(day))
    return replace(message, changes=(view,), lead=lead)


def answers_about(
    alerts: Sequence[Alert], asked: Collection[str | None], words: Catalogue
) -> list[str]:
    briefs = [alert.change.brief for alert in alerts]
    answers = [
        each
        for brief in briefs
        for each in (brief.get("reader") or {}).get("about", ())
        if each["question"] in asked
    ]
    confirmed = {each["question"] for each in answers if each["answer"] == "yes"}
    lines: dict[str, None] = {}
    for each in answers:
        if each["answer"] == "yes" or each["question"] not in confirmed:
            answer = words.term("about", each["answer"] or "unclear")
            sentence = each.get("text", {}).get(words.language, "")
            lines[f"{each['question']} {answer} {sentence}".strip()] = None
    return [*lines]


def digest_message(
    session: Session,
    alerts: Sequence[Alert],
    *,
    language: str,
    base_url: str | None,
    delivery: Delivery | None = None,
) -> Notification:
    """By service and document, the weightiest first; an event is one entry."""
    words = catalogue(language)
    events: dict[int, list[ListedChange]] = {}
    for row in listed(session, [alert.change_id for alert in alerts]):
        events.setdefault(row.change.event_id or -row.change.id, []).append(row)
    changes = [
        _event_view(session, rows, language, base_url) for rows in events.values()
    ]

    def place(view: ChangeView) -> tuple[str, int, str]:
        severity = gravity(view.change.severity)
        return view.service.lower(), severity, view.title.lower()

    changes.sort(key=place)
    if changes:
        gravest = min(changes, key=lambda view: gravity(view.change.severity))
        n = len(changes) - 1
        more = f" · {words('subject.digest', n=n)}" if n else ""
        subject = cut(_subject(gravest, words), _SUBJECT - len(more)) + more
    else:
        subject = words("subject.digest_empty")
    digest = Notification(
        "digest",
        subject,
        language,
        changes=tuple(changes),
        lead=words("say.digest_lead" if changes else "say.digest_empty"),
        routes=_routes_of(alerts),
    )
    if delivery is None:
        return digest
    routes, today = {*digest.routes, delivery.route}, delivery.created_at.date()
    shown = {view.change.id for view in changes}
    deadlines = tuple(
        change_view(session, change, language, base_url)
        for change in approaching_deadlines(
            session, routes, today, today + REMINDER
        )
        if change.id not in shown
    )
    if not changes and deadlines and deadlines[0].deadline:
        day = words.day(deadlines[0].deadline, short=True)
        about = f"{deadlines[0].service} · {deadlines[0].title}"
        subject = cut(
            f"{words('brief.deadline')} {day}{words.colon}{about}", _SUBJECT
        )
    named = digest.routes or (delivery.route,)
    return replace(digest, subject=subject, deadlines=deadlines, routes=named)


def _routes_of(alerts: Sequence[Alert]) -> tuple[str, ...]:
    return tuple(sorted({alert.route for alert in alerts}))


def _event_view(
    session: Session,
    rows: Sequence[ListedChange],
    language: str,
    base_url: str | None,
) -> ChangeView:
    ordered = leading_first(rows, language)
    view, *others = (
        change_view(session, row.change, language, base_url) for row in ordered
    )
    view = replace(view, others=tuple(others))
    if event := event_of(session, ordered[0].change):
        return replace(view, thread=event[-1].document.id)
    return view


def notice_message(
    notices: Sequence[Notice], *, language: str, base_url: str | None
) -> Notification:
    words = catalogue(language)
    counted = Counter(show_notice(notice, language, base_url) for notice in notices)
    lines = tuple(
        replace(line, text=f"{line.text} {words('say.times', n=n)}")
        if n > 1
        else line
        for line, n in counted.items()
    )
    one = (
        lines[0].text if len(lines) == 1 else words("subject.notices", n=len(lines))
    )
    return Notification(
        "notice",
        cut(f"policywatch{words.colon}{one}", _SUBJECT),
        language,
        lines=lines,
        lead=words("say.notices_lead"),
        whole=f"{base_url.rstrip('/')}/health" if base_url else None,
    )


def correction_message(
    session: Session, notice: Notice, *, language: str, base_url: str | None
) -> Notification:
    words, source = catalogue(language), document(session, notice.document_id or "")
    id_, day = notice.facts["change"], date.fromisoformat(notice.facts["day"])
    if notice.kind == NoticeKind.EDITED:
        row = change_in_any_state(session, id_)
        view = change_view(session, row, language, base_url)
        message = change_message(view, language, ())
        subject = words("correction.edited_subject", subject=message.subject)
        lead = words("correction.edited", date=words.day(day))
        return replace(message, subject=cut(subject, _SUBJECT), lead=lead)
    values = {
        "service": clean(source.service),
        "title": clean(source.title),
        "date": words.day(day),
    }
    lines = [words("correction.text", **values), words("correction.end")]
    if why := notice.facts.get("why"):
        lines.append(words("correction.why", why=clean(why)))
    return Notification(
        "notice",
        cut(words("correction.subject", **values), _SUBJECT),
        language,
        lead=" ".join(lines),
        whole=f"{base_url.rstrip('/')}/changes/{id_}" if base_url else None,
        thread=source.id,
        withdrawn=(id_,),
    )


def confirmation_message(page: str | None, language: str) -> Notification:
    words = catalogue(language)
    subject, lead = words("subscribe.mail_subject"), words("subscribe.mail")
    return Notification("notice", subject, language, lead=lead, whole=page)


def sample_message(
    session: Session, *, language: str, base_url: str | None, route: str
) -> Notification:
    words, newest = catalogue(language), newest_alerting(session)
    if newest is None:
        # no page of an invented change is stored
        view = replace(sample_change(language), diff=base_url, texts=None)
        lead = words("say.test_sample")
    else:
        view = change_view(session, newest, language, base_url)
        lead = words("say.test_lead")
    sample = change_message(view, language, (route,))
    subject = cut(words("subject.test", subject=sample.subject), _SUBJECT)
    return replace(sample, kind="test", subject=subject, lead=lead, thread=None)


def change_message(
    view: ChangeView, language: str, routes: tuple[str, ...]
) -> Notification:
    return Notification(
        "alert",
        _subject(view, catalogue(language)),
        language,
        changes=(view,),
        routes=routes,
        thread=view.thread,
    )


def _event(
    session: Session, source: Change, view: ChangeView, message: Notification
) -> CalendarEntry | None:
    """None if all were past on detection."""
    found = source.detected_at.date()
    starts, ends = (
        day if day is not None and day >= found else None
        for day in (view.starts, view.deadline)
    )
    if not starts and not ends:
        return None
    about = f"{view.service}, {view.title}"
    links = (link for link in (view.diff, view.url) if link)
    deadline = message.words.term("calendar", "deadline", title=about)
    return CalendarEntry(
        document_id=source.document_id,
        start=(starts, message.subject) if starts else None,
        deadline=(ends, deadline) if ends else None,
        number=alerted_before_of_day(session, source),
        found_at=source.detected_at,
        description="\n".join([view.headline or message.subject, *links]),
        url=view.diff or view.url,
    )


def _subject(view: ChangeView, words: Catalogue) -> str:
    parts = [view.subject or view.service]
    if view.title not in view.subject:
        parts.append(view.title)
    elif view.starts and not view.announced:
        day = words.day(view.starts, short=True)
        parts.append(words.term("subject", view.date_key, date=day))
    if view.returned:
        parts.append(words("subject.returned"))
    if view.announced:
        day = words.day(view.announced.day, short=True)
        parts.append(words("subject.announced", date=day))
    severity = words("subject.severity", severity=view.severity_name)
    severity = severity[:1].upper() + severity[1:]
    return cut(" ".join(f"[{severity}] {' · '.join(parts)}".split(" ")), _SUBJECT)
