"""Messages (alert, digest, notice, test), made from stored rows in the reader's language."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache
from typing import Any, Literal

from sqlmodel import Session

from foundation.vocabulary import MessageKind, NoticeKind, gravity
from messages import Catalogue, Message, catalogue, translate
from notifier.calendar import REMINDER, CalendarEntry
from notifier.change_view import ChangeView, change_view
from notifier.escape import clean, cut
from notifier.forms import DIALECTS, Format, render
from notifier.sample import sample_change
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


_TEXTS = {
    NoticeKind.UNREADABLE: "notices.unreadable",
    NoticeKind.RECOVERED: "notices.recovered",
    NoticeKind.HELD: "notices.review",
    NoticeKind.PARKED: "notices.failed",
    NoticeKind.VOLATILE: "notices.volatile",
    NoticeKind.LINKS: "notices.links",
    NoticeKind.MOVED: "notices.moved",
    NoticeKind.UNSIGNED: "notices.unsigned",
    NoticeKind.ADDRESSED: "notices.addressed",
    NoticeKind.USED: "notices.used",
}
_ADVICE = {
    NoticeKind.HELD: "notices.accept",
    NoticeKind.PARKED: "notices.retry",
    NoticeKind.NARROWED: "notices.narrowed_to_do",
    NoticeKind.UNSIGNED: "notices.unsigned_to_do",
    NoticeKind.USED: "notices.used_details",
}


@dataclass(frozen=True, slots=True)
class News:
    """`details` are a line each."""

    text: str
    details: tuple[str, ...] = ()


def show_notice(notice: Notice, language: str, base_url: str | None = None) -> News:
    """Words of pages and servers are cleaned."""
    words, kind, facts = catalogue(language), NoticeKind(notice.kind), notice.facts
    values = {
        name: clean(str(value)) for name, value in facts.items() if value is not None
    }
    values.setdefault("document", clean(notice.document_id or ""))
    if "since" in facts:
        values["since"] = words.moment(datetime.fromisoformat(facts["since"]))
    if kind is NoticeKind.USED:
        for name in ("start", "end"):
            values[name] = words.day(date.fromisoformat(facts[name]))
        for name in ("questions", "failed", "dropped", "tokens_in", "tokens_out"):
            values[name] = words.number(facts[name])
    if "sent" in facts:
        values["sent"] = words.term("notices.sent", facts["sent"])
    if "outcome" in facts:
        values["outcome"] = words.term("notices.outcomes", facts["outcome"])
    values["reason"] = (
        clean(translate(Message.from_json(facts["reason"]), language))
        if facts.get("reason")
        else ""
    )
    if kind is NoticeKind.NARROWED:
        values["by"] = clean(words.actor(facts["by"], facts["via"]))
        text = words.term("notices.narrowed", facts["action"], **values)
    elif facts.get("never_read"):
        text = words("notices.never_read", **values)
    elif facts.get("answers"):
        text = words("notices.answers", **values)
    else:
        text = words(_TEXTS[kind], **values)
    lines = facts.get("passages") or [
        line for _, entry in facts.get("proposals", ()) for line in entry.splitlines()
    ]
    if change := facts.get("change"):  # where a person can say so
        page = f"{(base_url or '').rstrip('/')}/changes/{change}"
        command = f"`policywatch ignore {change}`"
        lines = [words("notices.ignore", place=page if base_url else command)]
    return News(text, (*_details(words, kind, facts, values), *map(clean, lines)))


def _details(
    words: Catalogue, kind: NoticeKind, facts: dict[str, Any], values: dict[str, str]
) -> list[str]:
    lines = []
    if kind is NoticeKind.VOLATILE:
        lines.append(values["reason"])
    elif values["reason"] and kind is not NoticeKind.PARKED:  # its text contains it
        lines.append(words("notices.reason", **values))
    if facts.get("more"):
        lines.append(words("notices.more", n=facts["more"]))
    if "also" in facts:
        lines.append(words("notices.also", **values))
    if kind is NoticeKind.UNREADABLE:
        lines.append(
            words("notices.rejected", **values)
            if facts.get("rejected")
            else words.term("notices.to_do", facts["outcome"], **values)
        )
    elif kind in _ADVICE:
        lines.append(words(_ADVICE[kind], **values))
    if facts.get("cost") is not None:
        lines.append(words("notices.used_cost", **values))
    return lines


# characters; phones show less
_SUBJECT = 180


@dataclass(frozen=True, slots=True)
class Notification:
    """`key` is the same on every attempt; `thread` is the document, or the one that announced it.

    `taken` holds marks of people who have it; `payload` is a webhook's body.
    """

    kind: MessageKind
    subject: str
    body: Body
    thread: str | None = None
    key: str = ""
    event: CalendarEntry | None = None
    taken: frozenset[str] = frozenset()
    payload: bytes = b""
    withdrawn: tuple[int, ...] = ()  # of a correction

    def fitted(
        self, form: Format, length: int, size: Callable[[str], int] = len
    ) -> str:
        """Cut after a passage, with a link to the whole."""
        return fitted(self.body, self.subject, form, length, size)

    @property
    def text(self) -> str:
        return self.fitted("text", 1_000_000)

    @property
    def html(self) -> str:
        return self.fitted("html", 1_000_000)


def alert_message(
    session: Session,
    alerts: Sequence[Alert],
    *,
    language: str,
    base_url: str | None,
    key: str = "",
    delivery: Delivery | None = None,
) -> Notification:
    """One change or event; several alerts of a change where an address is in several routes.

    `delivery` tells which dates the address knows; what was announced to it is shortened.
    """
    rows = listed(session, [alert.change_id for alert in alerts])
    view = _event_view(session, rows, language, base_url)
    source = leading_first(rows, language)[0].change
    message = change_message(
        view, language, tuple(sorted({alert.route for alert in alerts})), key
    )
    message = replace(
        message, event=_event(session, source, view, language, message.subject)
    )
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
    lead = message.body.words("say.event_again", date=message.body.words.day(day))
    return replace(message, body=replace(message.body, changes=(view,), lead=lead))


def opened_by_answers(
    session: Session,
    message: Notification,
    alerts: Sequence[Alert],
    asked: Collection[str | None],
) -> Notification:
    """Answers of a language model to the routes' questions."""
    words = message.body.words
    briefs = [session.get_one(Change, alert.change_id).brief for alert in alerts]
    answers = [
        each
        for brief in briefs
        for each in (brief.get("reader") or {}).get("about", ())
        if each["question"] in asked
    ]
    confirmed = {each["question"] for each in answers if each["answer"] == "yes"}
    lines = []
    for each in answers:
        if each["answer"] == "yes" or each["question"] not in confirmed:
            answer = words.term("about", each["answer"] or "unclear")
            sentence = each.get("text", {}).get(words.language, "")
            lines.append(f"{each['question']} {answer} {sentence}".strip())
    if not lines:
        return message
    lead = " ".join([*dict.fromkeys(lines), *filter(None, [message.body.lead])])
    return replace(message, body=replace(message.body, lead=lead))


def marked_unreviewed(message: Notification) -> Notification:
    """Of a route that waits for a review in vain."""
    lead = message.body.words("say.unreviewed")
    lead = " ".join(filter(None, [lead, message.body.lead]))
    return replace(message, body=replace(message.body, lead=lead))


def digest_message(
    session: Session,
    alerts: Sequence[Alert],
    *,
    language: str,
    base_url: str | None,
    key: str = "",
) -> Notification:
    """By service and document, the weightiest first; an event is one entry."""
    words = catalogue(language)
    events: dict[int, list[ListedChange]] = {}
    for row in listed(session, [alert.change_id for alert in alerts]):
        events.setdefault(row.change.event_id or -row.change.id, []).append(row)
    changes = [
        _event_view(session, rows, language, base_url) for rows in events.values()
    ]
    changes.sort(
        key=lambda view: (
            view.service.lower(),
            gravity(view.change.severity),
            view.title.lower(),
        )
    )
    routes = tuple(sorted({alert.route for alert in alerts}))
    gravest = min(changes, key=lambda view: gravity(view.change.severity))
    more = f" · {words('subject.digest', n=len(changes) - 1)}" if changes[1:] else ""
    subject = cut(_subject(gravest, words), _SUBJECT - len(more)) + more
    body = Body(
        "digest",
        language,
        changes=tuple(changes),
        lead=words("say.digest_lead"),
        routes=routes,
    )
    return Notification("digest", subject, body, key=key)


def _event_view(
    session: Session, rows: Sequence[ListedChange], language: str, base_url: str | None
) -> ChangeView:
    """The leading change, with the others."""
    ordered = leading_first(rows, language)
    view, *others = (
        change_view(session, row.change, language, base_url) for row in ordered
    )
    if event := event_of(session, ordered[0].change):
        view = replace(
            view, thread=event[-1].document.id
        )  # that of the event's first message
    return replace(view, others=tuple(others))


def empty_digest(route: str, *, language: str, key: str = "") -> Notification:
    words = catalogue(language)
    body = Body("digest", language, lead=words("say.digest_empty"), routes=(route,))
    return Notification("digest", words("subject.digest_empty"), body, key=key)


def with_reminders(
    session: Session,
    digest: Notification,
    routes: Collection[str],
    today: date,
    base_url: str | None,
) -> Notification:
    """Adds approaching deadlines of changes that these routes were alerted to."""
    shown = {view.change.id for view in digest.body.changes}
    language, words = digest.body.language, digest.body.words
    views = tuple(
        change_view(session, change, language, base_url)
        for change in approaching_deadlines(session, routes, today, today + REMINDER)
        if change.id not in shown
    )
    if not views:
        return digest
    subject = digest.subject
    if not shown and views[0].deadline:
        day = words.day(views[0].deadline, short=True)
        about = f"{views[0].service} · {views[0].title}"
        subject = cut(f"{words('brief.deadline')} {day}{words.colon}{about}", _SUBJECT)
    return replace(digest, subject=subject, body=replace(digest.body, deadlines=views))


def notice_message(
    notices: Sequence[Notice], *, language: str, base_url: str | None, key: str = ""
) -> Notification:
    """Equal ones once, with their count."""
    words = catalogue(language)
    counted = Counter(show_notice(notice, language, base_url) for notice in notices)
    lines = tuple(
        replace(line, text=f"{line.text} {words('say.times', n=n)}") if n > 1 else line
        for line, n in counted.items()
    )
    whole = f"{base_url.rstrip('/')}/health" if base_url else None
    subject = f"policywatch{words.colon}{lines[0].text if len(lines) == 1 else words('subject.notices', n=len(lines))}"
    body = Body(
        "notice", language, lines=lines, lead=words("say.notices_lead"), whole=whole
    )
    return Notification("notice", cut(subject, _SUBJECT), body, key=key)


def correction_message(
    session: Session,
    notice: Notice,
    *,
    language: str,
    base_url: str | None,
    key: str = "",
) -> Notification:
    """Of a change that was withdrawn, or whose words a person edited."""
    words, source = catalogue(language), document(session, notice.document_id or "")
    day = words.day(date.fromisoformat(notice.facts["day"]))
    if notice.kind == NoticeKind.EDITED:
        row = change_in_any_state(session, notice.facts["change"])
        message = change_message(
            change_view(session, row, language, base_url), language, (), key
        )
        subject = words("correction.edited_subject", subject=message.subject)
        lead = words("correction.edited", date=day)
        body = replace(message.body, lead=lead)
        return replace(message, subject=cut(subject, _SUBJECT), body=body)
    values = {
        "service": clean(source.service),
        "title": clean(source.title),
        "date": day,
    }
    lines = [words("correction.text", **values), words("correction.end")]
    if why := notice.facts.get("why"):
        lines.append(words("correction.why", why=clean(why)))
    page = (
        f"{base_url.rstrip('/')}/changes/{notice.facts['change']}" if base_url else None
    )
    body = Body("notice", language, lead=" ".join(lines), whole=page)
    subject = cut(words("correction.subject", **values), _SUBJECT)
    return Notification(
        "notice", subject, body, source.id, key, withdrawn=(notice.facts["change"],)
    )


def confirmation_message(
    page: str | None, *, language: str, key: str = ""
) -> Notification:
    words = catalogue(language)
    body = Body("notice", language, lead=words("subscribe.mail"), whole=page)
    return Notification("notice", words("subscribe.mail_subject"), body, key=key)


def sample_message(
    session: Session, *, language: str, base_url: str | None, route: str
) -> Notification:
    """The newest alerting change, or an invented one."""
    words = catalogue(language)
    newest = newest_alerting(session)
    if newest is None:
        # no page of an invented change is stored
        view, lead = (
            replace(sample_change(language), diff=base_url, texts=None),
            words("say.test_sample"),
        )
    else:
        view, lead = (
            change_view(session, newest, language, base_url),
            words("say.test_lead"),
        )
    sample = change_message(view, language, (route,))
    subject = cut(words("subject.test", subject=sample.subject), _SUBJECT)
    return replace(
        sample,
        kind="test",
        subject=subject,
        body=replace(sample.body, lead=lead),
        thread=None,
    )


def change_message(
    view: ChangeView, language: str, routes: tuple[str, ...], key: str = ""
) -> Notification:
    body = Body("alert", language, changes=(view,), routes=routes)
    return Notification("alert", _subject(view, body.words), body, view.thread, key)


def _event(
    session: Session, source: Change, view: ChangeView, language: str, subject: str
) -> CalendarEntry | None:
    """None without a day, or if all were past on detection."""
    found, words = source.detected_at.date(), catalogue(language)
    starts = view.starts is not None and view.starts >= found
    is_open = view.deadline is not None and view.deadline >= found
    if not starts and not is_open:
        return None
    about = f"{view.service}, {view.title}"
    links = (link for link in (view.diff, view.url) if link)
    return CalendarEntry(
        document_id=source.document_id,
        start=(view.starts, subject) if view.starts and starts else None,
        deadline=(view.deadline, words.term("calendar", "deadline", title=about))
        if view.deadline and is_open
        else None,
        number=alerted_before_of_day(session, source),
        found_at=source.detected_at,
        description="\n".join([view.headline or subject, *links]),
        url=view.diff or view.url,
    )


def _subject(view: ChangeView, words: Catalogue) -> str:
    """Severity and news first."""
    parts = [
        view.subject or view.service,
        *([] if view.title in view.subject else [view.title]),
    ]
    if view.starts and not view.announced and view.title in view.subject:
        parts.append(
            words.term(
                "subject", view.date_key, date=words.day(view.starts, short=True)
            )
        )
    if view.returned:
        parts.append(words("subject.returned"))
    if view.announced:
        parts.append(
            words("subject.announced", date=words.day(view.announced.day, short=True))
        )
    severity = words("subject.severity", severity=view.severity_name)
    severity = severity[:1].upper() + severity[1:]
    return cut(" ".join(f"[{severity}] {' · '.join(parts)}".split(" ")), _SUBJECT)
