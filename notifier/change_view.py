"""A change for pages, messages, feeds, the terminal and JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from sqlmodel import Session

from foundation.vocabulary import Cause
from messages import Catalogue, catalogue
from messages.headline import MOST, headline_text
from notifier.escape import clean, cut, web_link
from notifier.excerpts import Excerpt, cut_marks, excerpts
from notifier.summary import (
    Fact,
    Mark,
    Quoted,
    facts,
    marks_within,
    quotation,
    read_statements,
)
from storage.change_list import Announcement, ListedChange, announcements
from storage.changes import Change, StoredPassage, passages
from storage.documents import PREVIEW, Document, document
from storage.versions import Version, archive_name, version_heads

_LONGEST_NAME = 60  # characters
_MOST_IN_SUBJECT = 80
_TOPICS_IN_SHORT = 4
_IN_SHORT = ("effective_date", "deadline", "default")  # of the facts
_LONGEST_MEANING = 250  # characters
_SAMPLE_SITE = "https://watch.example"


@dataclass(frozen=True, eq=False)
class ChangeView:
    """All text is safe to show on one line. Lists have neither `heads` nor `passages`."""

    words: Catalogue
    change: Change
    document: Document  # without a service for two compared files
    announced: Announcement | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    heads: Mapping[int, Version] = field(default_factory=dict)
    passages: Sequence[StoredPassage] = ()
    diff: str | None = None
    texts: tuple[str, str] | None = None
    thread: str = ""  # groups messages about the same
    others: tuple[ChangeView, ...] = ()
    ways: int | None = None  # to refuse, if shortened

    @property
    def before(self) -> Version:
        return self.heads[self.change.before_id]

    @property
    def after(self) -> Version:
        return self.heads[self.change.version_id]

    @property
    def returned(self) -> Version | None:
        return self.heads.get(self.change.returns_to or 0)

    @property
    def service(self) -> str:
        return clean(self.document.service)

    @property
    def title(self) -> str:
        return clean(self.document.title)

    @property
    def pages(self) -> tuple[str, ...]:
        return tuple(filter(None, map(web_link, self.document.addresses)))

    @property
    def url(self) -> str | None:
        return self.pages[0] if self.pages else None

    @property
    def found(self) -> datetime:
        """When the page showed it, also for a text accepted later."""
        is_accepted = self.heads and self.change.cause == Cause.ACCEPTED
        return self.after.captured_at if is_accepted else self.change.detected_at

    @property
    def archived(self) -> str | None:
        name = archive_name(self.after.source) if self.heads else None
        if name is None:
            return None
        day = self.words.day(self.after.captured_at.date())
        return self.words("say.archived", source=name, date=day)

    @property
    def severity_name(self) -> str:
        return self.words.severity(self.change.severity, self.change.brief)

    @property
    def severity_reasons(self) -> str:
        return self.words.severity_reasons(self.change.brief)

    @property
    def topics(self) -> tuple[str, ...]:
        names = [
            clean(self.words.term("topics", each)) for each in self.change.topics
        ]
        if self.ways is not None and len(names) > _TOPICS_IN_SHORT:
            names[_TOPICS_IN_SHORT:] = ["…"]
        return tuple(names)

    @property
    def starts(self) -> date | None:
        return self.change.effective_date or _day(self.change.brief.get("from"))

    @property
    def date_key(self) -> Literal["dated", "announced_for", "since", "starting"]:
        """An announcement takes effect on no day by itself, even after its date."""
        if self.change.brief.get("dated"):
            return "dated"
        if self.document.kind == PREVIEW:
            return "announced_for"
        found = self.change.detected_at  # two files have none
        is_past = found and self.starts and self.starts < found.date()
        return "since" if is_past else "starting"

    @cached_property
    def headline(self) -> str:
        """Empty if it does not alert; of two files, only quotes."""
        return self._headline(short=False)

    @cached_property
    def subject(self) -> str:
        return self._headline(short=True)

    def _headline(self, *, short: bool) -> str:
        words, change, brief = self.words, self.change, self.change.brief
        service, title = self.service, self.title
        if not service:
            return clean(headline_text(words, brief))
        if edited := self.edit.get("headline", {}).get(words.language):
            return clean(edited)
        if read := self._read_headline:
            is_named = service.casefold() in read.casefold()
            text = read if is_named else f"{service} · {title}{words.colon}{read}"
            return cut(text, _MOST_IN_SUBJECT) if short else text
        if len(service) > _LONGEST_NAME:
            service = f"{service[:_LONGEST_NAME]}…"
        if change.is_unclassified:
            return words("headline.unclassified", service=service)
        news = brief.get("headline") or {}
        day, key = change.effective_date, self.date_key
        date = day and words.day(day, short=short)
        if news.get("notice") and day is not None and key != "dated":
            return words("headline.notice", service=service, date=date)
        claim = news.get("claim")
        settled = [
            words.term("headline", brief["default"])
            for quote in brief.get("default_words", ())
            if claim and quote.get("passage") == brief.get("place")
        ]
        in_sentence = claim and day is not None and key in ("starting", "since")
        text = clean(
            headline_text(
                words,
                brief,
                service=service,
                title=title,
                most=_MOST_IN_SUBJECT if short else MOST,
                default=settled[0] if settled else "",
                when=words.term("headline", key, date=date) if in_sentence else "",
            )
        )
        is_complete = day is None or in_sentence
        if is_complete or not (claim or self.document.kind == PREVIEW):
            return text
        return words.term("headline", key, text=text, date=date)

    @property
    def edit(self) -> Mapping[str, Any]:
        edit: Mapping[str, Any] = self.change.brief.get("edit", {})
        return edit

    @property
    def unedited(self) -> ChangeView:
        values = self.change.model_dump() | self.edit.get("machine", {})
        brief = {
            name: each for name, each in values["brief"].items() if name != "edit"
        }
        return replace(self, change=Change(**values | {"brief": brief}))

    @property
    def note(self) -> tuple[str, str] | None:
        """In this language, else in another."""
        notes = self.edit.get("note", {})
        language = next(iter([*({self.words.language} & {*notes}), *notes]), None)
        return (clean(notes[language]), language) if language else None

    @property
    def signed_note(self) -> str:
        if self.note is None:
            return ""
        by = clean(self.edit["by"])
        return self.words("edit.note", text=self.note[0], by=by)

    @property
    def edited(self) -> str:
        """Empty where nobody did."""
        if not self.edit:
            return ""
        words, machine, parts = self.words, self.unedited, []
        if self.headline != machine.headline:
            parts.append(words.quoted(machine.headline))
        if "severity" in self.edit:
            is_none = machine.change.severity == "none"
            severity = (
                words("changes.not_about") if is_none else machine.severity_name
            )
            parts.append(f"{words('say.severity')}{words.colon}{severity}")
        if "topics" in self.edit:
            topics = ", ".join(machine.topics) or words("edit.no_topics")
            parts.append(f"{words('say.about')}{words.colon}{topics}")
        if not parts:
            return ""
        day, by = (
            words.day(datetime.fromisoformat(self.edit["at"]).date()),
            self.edit["by"],
        )
        return words("edit.by", by=clean(by), date=day, machine=" · ".join(parts))

    @property
    def _read_headline(self) -> str | None:
        reader = self.change.brief.get("reader") or {}
        if not (reader.get("decides") and reader["verdict"]["alert"]):
            return None
        read: str | None = (reader.get("headline") or {}).get(self.words.language)
        return read

    @property
    def headline_marks(self) -> tuple[Mark, ...]:
        text, brief = self.headline, self.change.brief
        start, end = (brief.get("headline") or {}).get("clause") or (0, 0)
        clause = clean((brief.get("meaning") or "")[start:end])
        quoted = quotation(brief)
        if (
            self._read_headline
            or not clause
            or clause not in text
            or quoted is None
        ):
            return (("same", text),)
        before, _, after = text.partition(clause)
        marks = marks_within(quoted.marks, clause)
        return (("same", before), *marks, ("same", after))

    @property
    def quotation(self) -> Quoted | None:
        """If not quoted whole."""
        brief = self.change.brief
        news, text = brief.get("headline") or {}, brief.get("meaning") or ""
        start, end = news.get("clause") or (0, 0)
        is_whole = (
            not news.get("claim")
            and not brief.get("reader", {}).get("headline")
            and not self.edit.get("headline")
            and not news.get("notice")
            and text[start:end].strip(" .") == text.strip(" .")
        )
        quoted = None if is_whole else quotation(brief)
        if quoted is None or self.ways is None:
            return quoted
        return quoted._replace(marks=cut_marks(quoted.marks, _LONGEST_MEANING))

    @property
    def is_gone(self) -> bool:
        return self.change.brief.get("meaning_side") == "before"

    @cached_property
    def facts(self) -> tuple[Fact, ...]:
        rows = facts(self.words, self.change.brief, self.starts, self.date_key)
        if self.ways is None:
            return tuple(rows)
        return tuple(
            replace(row, quotes=row.quotes[: self.ways]) if row.is_way_out else row
            for row in rows
            if row.name in _IN_SHORT or (row.is_way_out and self.ways)
        )

    @property
    def deadline(self) -> date | None:
        """The column for lists is empty in what older releases stored."""
        return _day(self.change.brief.get("deadline"))

    @property
    def statements(self) -> list[tuple[str, tuple[Quoted, ...]]]:
        return read_statements(self.change.brief, self.words.language)

    @property
    def retold(self) -> str:
        statements = self.statements if self.ways is None else ()
        return " ".join(
            text if text.endswith((".", "!", "?", "…")) else f"{text}."
            for text, _ in statements
        )

    @cached_property
    def excerpts(self) -> tuple[Excerpt, ...]:
        return excerpts(self.words, self.change, self.passages, self.texts)

    @property
    def unflagged(self) -> int:
        if self.change.is_unclassified:
            return 0
        return sum(not passage.topics for passage in self.passages)

    @property
    def stored(self) -> str | None:
        if self.texts is None:
            return None
        is_there = self.excerpts and self.excerpts[0].passage.after is not None
        lead = self.excerpts[0].url if is_there else None
        return lead or self.texts[1]

    def in_short(self, ways: int) -> ChangeView:
        return replace(self, ways=ways)


def change_view(
    session: Session, change: Change, language: str, site: str | None = None
) -> ChangeView:
    ids = [change.before_id, change.version_id, change.returns_to or 0]
    announced = announcements(session, [change]).get(change.id)
    stored = passages(session, change.id)
    view = ChangeView(
        catalogue(language),
        change,
        document(session, change.document_id),
        announced,
        Counter(passage.operation for passage in stored),
        version_heads(session, ids),
        stored,
        thread=announced.document_id if announced else change.document_id,
    )
    if not site:
        return view
    home = site.rstrip("/")
    before, after = (
        f"{home}/documents/{version.document_id}/versions/{version.number}"
        for version in (view.before, view.after)
    )
    return replace(view, diff=f"{home}/changes/{change.id}", texts=(before, after))


def _day(written: str | None) -> date | None:
    return date.fromisoformat(written) if written else None


def listed_view(row: ListedChange, words: Catalogue) -> ChangeView:
    return ChangeView(words, row.change, row.document, row.announced, row.counts)


def sample_change(language: str) -> ChangeView:
    """An invented one with every part, for trying routes."""
    stored = json.loads(Path(__file__).with_name("sample.json").read_text("utf-8"))
    page = Document.model_validate(stored["document"])
    versions = f"{_SAMPLE_SITE}/documents/{page.id}/versions"
    return ChangeView(
        catalogue(language),
        Change.model_validate(stored["change"]),
        page,
        passages=[
            StoredPassage.model_validate(each) for each in stored["passages"]
        ],
        diff=f"{_SAMPLE_SITE}/changes/1",
        texts=(f"{versions}/1", f"{versions}/2"),
    )
