"""A stored change for messages: cleaned words of the page, in plain values for templates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby
from typing import Any

from sqlmodel import Session

from foundation.vocabulary import Cause, gravity
from messages import Catalogue, catalogue
from notifier.escape import clean, web_link
from notifier.presentation import (
    Fact,
    Mark,
    Quoted,
    context,
    date_key,
    effective_day,
    facts,
    group_alike,
    headline,
    headline_marks,
    read_statements,
)
from storage.announced import announcements
from storage.changes import Change, StoredPassage, passages
from storage.documents import Document, document
from storage.paragraphs import anchor
from storage.versions import Version, archive_name, version_heads

_SEPARATOR = " › "
_TOPICS_IN_SHORT = 4
_IN_SHORT = ("effective_date", "deadline", "default")  # of the facts
_LONGEST_MEANING = 250  # characters
_CONTEXT = 160  # unchanged characters kept on each side of a change


@dataclass(frozen=True, slots=True)
class PassageView:
    """`marks` are the word diff, in runs of "same", "removed" and "added". `operation` is in the message's language,
    with the number of places; `url` is the words' place in a version.
    """

    heading: str
    operation: str
    topics: tuple[str, ...]
    marks: tuple[Mark, ...]
    url: str | None = None

    def within(self, length: int) -> tuple[Mark, ...]:
        """Cut to about this many characters; unchanged words far from changes go first."""
        return _cut_marks(_near_changes(self.marks), length)


@dataclass(frozen=True, slots=True)
class ChangeView:
    """Cleaned; templates format days and names."""

    id: int | None  # None: invented
    service: str
    title: str
    language: str  # of the page
    severity: str
    severity_name: str  # in the message's language
    topics: tuple[str, ...]
    found: date
    starts: date | None
    starting_key: str  # of the words for that day
    returned: bool
    thread: str  # groups messages about the same
    headline: str
    short: str  # for a subject
    headline_marks: tuple[Mark, ...]
    quotation: Quoted | None  # the page's words around it, if not quoted whole
    gone: bool  # from the earlier text
    facts: tuple[Fact, ...]  # the summary
    passages: tuple[PassageView, ...]  # flagged ones: the meaning's, then the gravest
    unflagged: int
    pages: tuple[str, ...]  # addresses of the document
    severity_reasons: str  # the convention that makes it high, if one does
    # when this very text was announced
    announced: date | None = None
    diff: str | None = None  # address of the whole change
    # address of the stored page, at the news
    stored: str | None = None
    # the archive and day of the text; None: from the service itself
    archived: str | None = None
    retold: str | None = None  # by a machine, in the message's language
    others: tuple[ChangeView, ...] = ()  # of the same event

    @property
    def deadline(self) -> date | None:
        days = (fact.day for fact in self.facts if fact.name == "deadline")
        return next(days, None)

    @property
    def url(self) -> str | None:
        return self.pages[0] if self.pages else None

    def in_short(self, ways: int) -> ChangeView:
        """What a reader needs most: some topics, meaning, day, default and `ways` to refuse."""
        facts = tuple(
            replace(fact, quotes=fact.quotes[:ways]) if fact.is_way_out else fact
            for fact in self.facts
            if fact.name in _IN_SHORT or (fact.is_way_out and ways)
        )
        quoted = self.quotation and self.quotation._replace(
            marks=_cut_marks(self.quotation.marks, _LONGEST_MEANING)
        )
        topics = (
            (*self.topics[:_TOPICS_IN_SHORT], "…")
            if len(self.topics) > _TOPICS_IN_SHORT
            else self.topics
        )
        return replace(self, topics=topics, quotation=quoted, facts=facts, retold=None)


def change_view(
    session: Session, change: Change, language: str, base_url: str | None
) -> ChangeView:
    words, id_ = catalogue(language), change.id
    version = session.get_one(Version, change.version_id)
    announced = announcements(session, [change]).get(id_)
    texts = None
    if base_url:
        home = base_url.rstrip("/")
        heads = version_heads(session, [change.before_id, change.version_id])
        before, after = (
            heads[version_id] for version_id in (change.before_id, change.version_id)
        )
        texts = _version_url(home, before), _version_url(home, after)
    view = view_of(
        words,
        document(session, change.document_id),
        change,
        passages(session, id_),
        texts,
    )
    if change.cause == Cause.ACCEPTED:  # the page showed it before it was accepted
        view = replace(view, found=version.captured_at.date())
    if announced:
        view = replace(view, announced=announced.day, thread=announced.document_id)
    if version.source is not None:
        name, day = (
            archive_name(version.source) or "",
            words.day(version.captured_at.date()),
        )
        view = replace(view, archived=words("say.archived", source=name, date=day))
    if base_url:
        view = replace(view, diff=f"{home}/changes/{change.id}")
    return view


def _version_url(home: str, version: Version) -> str:
    return f"{home}/documents/{version.document_id}/versions/{version.number}"


def view_of(
    words: Catalogue,
    page: Document,
    change: Change,
    stored: Sequence[StoredPassage],
    texts: tuple[str, str] | None = None,
) -> ChangeView:
    """As far as these rows tell; `texts` are the addresses of its two versions."""
    brief: dict[str, Any] = change.brief
    flagged = _without_titles(
        [each for each in stored if each.topics or change.is_unclassified]
    )
    alike = _most_severe_first(group_alike(flagged), brief)
    lead = alike[0][0] if alike else None
    starts = effective_day(change)
    return ChangeView(
        id=change.id,
        service=clean(page.service),
        title=clean(page.title),
        language=page.language,
        severity=change.severity,
        severity_name=words.severity(change.severity, brief),
        topics=tuple(clean(words.term("topics", topic)) for topic in change.topics),
        found=change.detected_at.date(),
        starts=starts,
        starting_key=date_key(change, page.kind, starts),
        returned=change.returns_to is not None,
        thread=page.id,
        headline=headline(words, page, change),
        headline_marks=headline_marks(words, page, change),
        short=headline(words, page, change, short=True),
        quotation=context(brief),
        gone=brief.get("meaning_side") == "before",
        facts=tuple(facts(words, change, page.kind)),
        passages=tuple(_passage(same[0], len(same), words, texts) for same in alike),
        unflagged=0
        if change.is_unclassified
        else sum(not passage.topics for passage in stored),
        pages=tuple(filter(None, map(web_link, page.addresses))),
        severity_reasons=words.severity_reasons(brief),
        retold=" ".join(text for text, _ in read_statements(brief, words.language))
        or None,
        stored=texts
        and (_place(lead, texts) if lead and lead.after is not None else texts[1]),
    )


def _without_titles(flagged: Sequence[StoredPassage]) -> list[StoredPassage]:
    """A title that comes or goes with its section says nothing beyond the section's heading."""
    following = [*flagged, None][1:]
    pairs = zip(flagged, following, strict=True)
    return [
        passage
        for passage, after in pairs
        if after is None or not _is_title(passage, after)
    ]


def _most_severe_first(
    flagged: Sequence[list[StoredPassage]], brief: dict[str, Any]
) -> list[list[StoredPassage]]:
    """For short messages: the one of the meaning, then sections, the gravest first."""
    heads = [
        same
        for same in flagged
        if any(passage.position == brief.get("place") for passage in same)
    ]
    under = heads[0][0].heading if heads else None
    others = groupby(
        (same for same in flagged if same not in heads),
        key=lambda same: same[0].heading,
    )
    sections = [(heading, list(run)) for heading, run in others]
    sections.sort(
        key=lambda section: (
            min(_gravity(same) for same in section[1]),
            section[0] != under,
        )
    )
    return [*heads, *(same for _, run in sections for same in run)]


def _gravity(same: Sequence[StoredPassage]) -> int:
    return min(gravity(passage.severity) for passage in same)


def _is_title(passage: StoredPassage, after: StoredPassage) -> bool:
    if passage.operation != after.operation or passage.operation not in (
        "added",
        "removed",
    ):
        return False
    return [
        *passage.heading,
        passage.after if passage.operation == "added" else passage.before,
    ] == after.heading


def _place(passage: StoredPassage, texts: tuple[str, str]) -> str:
    """Its first block: in the later version, or the earlier one if removed."""
    text, url = (
        (passage.before or "", texts[0])
        if passage.after is None
        else (passage.after, texts[1])
    )
    id_ = anchor(text.split("\n")[0])
    return f"{url}#{id_}" if id_ else url


def _passage(
    passage: StoredPassage,
    places: int,
    words: Catalogue,
    texts: tuple[str, str] | None = None,
) -> PassageView:
    marks: Sequence[Sequence[str]] = passage.marks
    if not marks:
        sides = (("removed", passage.before), ("added", passage.after))
        marks = (
            [("same", passage.after or "")]
            if passage.operation == "moved"
            else [(k, t) for k, t in sides if t]
        )
    return PassageView(
        heading=_SEPARATOR.join(clean(heading) for heading in passage.heading)
        or words("say.start_of_page"),
        operation=words.term("operation", passage.operation)
        + (words("say.places", n=places) if places > 1 else ""),
        topics=tuple(clean(words.term("topics", topic)) for topic in passage.topics),
        marks=_trimmed([(kind, clean(text)) for kind, text in marks]),
        url=_place(passage, texts) if texts else None,
    )


def _trimmed(marks: Sequence[Mark]) -> tuple[Mark, ...]:
    """Moves white space at the edges of marked words outside, where a mark would show nothing."""
    runs: list[Mark] = []
    for kind, text in marks:
        words = text.strip()
        if kind == "same" or not words:
            runs.append(("same", text if kind != "removed" else ""))
        else:
            lead, tail = (
                text[: len(text) - len(text.lstrip())],
                text[len(text.rstrip()) :],
            )
            runs += [("same", lead), (kind, words), ("same", tail)]
    joined: list[Mark] = []
    for kind, text in runs:
        spare = text.lstrip() if not joined or joined[-1][1].endswith(" ") else text
        if spare and joined and joined[-1][0] == kind:
            joined[-1] = (kind, joined[-1][1] + spare)
        elif spare:
            joined.append((kind, spare))
    return tuple(joined)


def _near_changes(marks: tuple[Mark, ...]) -> tuple[Mark, ...]:
    near: list[Mark] = []
    last = len(marks) - 1
    for place, (kind, text) in enumerate(marks):
        before = 0 if place == 0 else _CONTEXT
        after = 0 if place == last else _CONTEXT
        if kind != "same" or last == 0 or len(text) <= before + after + 20:
            near.append((kind, text))
            continue
        head = text[:before].rpartition(" ")[0] or text[:before]
        tail = (text[-after:].partition(" ")[2] or text[-after:]) if after else ""
        near.append((kind, f"{head} … {tail}" if head else f"… {tail}"))
    return tuple(near)


def _cut_marks(marks: tuple[Mark, ...], length: int) -> tuple[Mark, ...]:
    kept: list[Mark] = []
    left = length
    for kind, text in marks:
        if len(text) > left:
            space = text.rfind(" ", 0, left)
            kept.append((kind, text[: space if space > 0 else left].rstrip() + " …"))
            break
        kept.append((kind, text))
        left -= len(text)
    return tuple(kept)
