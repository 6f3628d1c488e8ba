"""What messages, pages and the terminal show of a stored change, and in which order."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any, Literal, NamedTuple

from messages import Catalogue, Message
from messages.headline import MOST, headline_text
from notifier.escape import clean, cut, web_link
from storage.changes import Change, StoredPassage
from storage.documents import PREVIEW, Document

_LONGEST_NAME = 60  # characters of a service's name in a headline
# characters of a quotation, before a day and what else there is to know
_MOST_IN_SUBJECT = 80
_MOST_ROWS = 5  # of the summary, the date, the deadline and the default among them
_ORDER = (
    "data",
    "purposes",
    "recipients",
    "refuse",
    "excluded",
    "irreversible",
    "regions",
)
Mark = tuple[str, str]
State = Literal["", "gone", "already", "unsaid"]


class Quoted(NamedTuple):
    """Words of the page in runs of "same", "added" and "removed". `link` is the one on them; of several, `links` has
    each with its words. `passage` is the number of the one that they stand in."""

    marks: tuple[Mark, ...]
    link: str | None = None
    links: tuple[tuple[str, str], ...] = ()
    passage: int | None = None

    @property
    def text(self) -> str:
        return "".join(text for _, text in self.marks)


@dataclass(frozen=True, slots=True)
class Fact:
    """A row of the summary, the same on pages, in messages and in the terminal: a question, what there is to say in the
    reader's words, and what the page says. `day` is the one in `value`; `state` is empty where the change answers.
    """

    name: str
    label: str
    value: str = ""
    quotes: tuple[Quoted, ...] = ()
    state: State = ""
    day: date | None = None

    @property
    def is_way_out(self) -> bool:
        """It says how to refuse, now."""
        return self.name == "refuse" and self.state == "" and bool(self.quotes)


def headline(
    words: Catalogue, document: Document | None, change: Change, *, short: bool = False
) -> str:
    """What stands on top of a change, the same wherever it is shown; nothing where nobody is alerted of it.

    It quotes the page, or says what a convention has settled; of two files, without a `document`, it only quotes. With
    dates as they stand in a subject where it is `short`.
    """
    brief = change.brief
    if document is None:
        return clean(headline_text(words, brief))
    service, title = (clean(name) for name in (document.service, document.title))
    if read := read_headline(brief, words.language):
        about = "" if service.casefold() in read.casefold() else f"{service} · {title}"
        text = f"{about}{words.colon}{read}" if about else read
        return cut(text, _MOST_IN_SUBJECT) if short else text
    service = (
        service if len(service) <= _LONGEST_NAME else f"{service[:_LONGEST_NAME]}…"
    )
    if change.is_unclassified:
        return words("headline.unclassified", service=service)
    news = brief.get("headline") or {}
    day = change.effective_date
    date = day and words.day(day, short=short)
    key = date_key(change, document.kind)
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
    if day is None or in_sentence or not (claim or document.kind == PREVIEW):
        return text
    return words.term("headline", key, text=text, date=date)


def read_headline(brief: Mapping[str, Any], language: str) -> str | None:
    """A language model's, where it decided and the headline stands on words of the page."""
    reader = brief.get("reader") or {}
    if not (reader.get("decides") and reader["verdict"]["alert"]):
        return None
    return (reader.get("headline") or {}).get(language)


def read_statements(
    brief: Mapping[str, Any], language: str
) -> list[tuple[str, tuple[Quoted, ...]]]:
    """What a language model says of the change, each sentence with the words of the page on which it stands."""
    return [
        (statement["text"][language], tuple(map(_quoted, statement["quotes"])))
        for statement in (brief.get("reader") or {}).get("statements", ())
        if language in statement["text"]
    ]


def headline_marks(
    words: Catalogue, document: Document | None, change: Change
) -> tuple[Mark, ...]:
    """The headline with the changed words of its quotation marked."""
    text, quoted = headline(words, document, change), quotation(change.brief)
    if read_headline(change.brief, words.language):
        return (("same", text),)
    start, end = (change.brief.get("headline") or {}).get("clause") or (0, 0)
    clause = clean((change.brief.get("meaning") or "")[start:end])
    before, found, after = text.partition(clause) if clause else (text, "", "")
    if not found or quoted is None:
        return (("same", text),)
    return (("same", before), *_within(quoted.marks, clause), ("same", after))


def _within(marks: Sequence[Mark], words: str) -> Iterator[Mark]:
    """The marks of some of their words."""
    start = "".join(text for _, text in marks).find(words)
    end, at = start + len(words), 0
    for kind, text in marks:
        part = text[max(0, start - at) : max(0, end - at)]
        if part:
            yield kind, part
        at += len(text)


def context(brief: Mapping[str, Any]) -> Quoted | None:
    """What the page says around the headline, where that does not quote all of it."""
    news, text = brief.get("headline") or {}, brief.get("meaning") or ""
    start, end = news.get("clause") or (0, 0)
    is_whole = (
        not news.get("claim")
        and not brief.get("reader", {}).get("headline")
        and not news.get("notice")
        and text[start:end].strip(" .") == text.strip(" .")
    )
    return None if is_whole else quotation(brief)


def quotation(brief: Mapping[str, Any]) -> Quoted | None:
    """The sentence of the page that is the news."""
    if not brief.get("meaning"):
        return None
    new, above = brief.get("meaning_new", ()), brief.get("lead_in", ())
    return _quoted(
        {
            "text": brief["meaning"],
            "side": brief["meaning_side"],
            "new": new,
            "lead_in": above,
        }
    )


def facts(
    words: Catalogue,
    change: Change,
    kind: str,
    link: Callable[[str | None], str | None] = web_link,
) -> list[Fact]:
    """The summary of a change to a document of that kind; `link` says which addresses may be shown."""
    brief = change.brief
    rows = []
    if day := effective_day(change):
        label = words.term("brief", date_key(change, kind, day))
        rows.append(Fact("effective_date", label, words.day(day), day=day))
    if written := brief.get("deadline"):
        day = date.fromisoformat(written)
        label, quotes = words("brief.deadline"), _words_for(brief, "deadline")
        rows.append(Fact("deadline", label, words.day(day), quotes, day=day))
    if default := brief.get("default"):
        label, value = words("brief.default"), words.term("brief", default)
        rows.append(Fact("default", label, value, _words_for(brief, "default")))
    for (state, name), (questions, quotes) in _answers(brief, link, len(rows)).items():
        label = words.questions(questions, state)
        value = "" if quotes else words("brief.unsaid")
        rows.append(Fact(name, label, value, quotes, state))
    return rows


def effective_day(change: Change) -> date | None:
    """From when a change holds."""
    written = change.brief.get("from")
    return change.effective_date or (date.fromisoformat(written) if written else None)


def _answers(
    brief: Mapping[str, Any], link: Callable[[str | None], str | None], others: int
) -> dict[tuple[State, str], tuple[tuple[str, ...], tuple[Quoted, ...]]]:
    """The answers of the summary, each clause once, as many as there is room for beside the other rows; what leads is
    not said again. By state and first question, all questions and the words of the page."""
    found: dict[tuple[State, str], tuple[tuple[str, ...], tuple[Quoted, ...]]] = {}
    for question in _ORDER:
        for quote in brief.get(question, ()):
            is_new = "new" in quote or "passage" not in quote
            state: State = (
                "gone" if quote["side"] == "before" else "" if is_new else "already"
            )
            quoted = _quoted(quote, link)
            same = next(
                (key for key, row in found.items() if row[1] == (quoted,)), None
            )
            if same and same[1] != question:
                questions, quotes = found[same]
                found[same] = (*questions, question), quotes
            elif question == "refuse" or not _leads(brief, quote):
                questions, quotes = found.get((state, question), ((question,), ()))
                found[state, question] = questions, (*quotes, quoted)
    if ("", "refuse") not in found and (elsewhere := brief.get("already")):
        quotes = tuple(_quoted(quote, link) for quote in elsewhere)
        found["already", "refuse"] = ("refuse",), quotes
    elif ("", "refuse") not in found and brief.get("default") == "on":
        found["unsaid", "refuse"] = ("refuse",), ()
    first = sorted(found, key=lambda key: (key[0] == "gone", key[1] != "refuse"))
    kept = sorted(
        first[: max(1, _MOST_ROWS - others)], key=lambda key: _ORDER.index(key[1])
    )
    rows = {key: found[key] for key in kept}
    if notices := brief.get("notice_links"):
        quotes = tuple(_quoted(quote, link) for quote in notices)
        rows["", "notice_links"] = ("notice_links",), quotes
    return rows


def _leads(brief: Mapping[str, Any], quote: Mapping[str, Any]) -> bool:
    """Whether the words stand in the quotation on top."""
    place = brief.get("place")
    return (
        place is not None
        and quote.get("passage") == place
        and quote["text"] in (brief.get("meaning") or "")
    )


def _words_for(
    brief: Mapping[str, Any], name: Literal["default", "deadline"]
) -> tuple[Quoted, ...]:
    """The words of the page that say the default or the deadline."""
    return tuple(_quoted(quote) for quote in brief.get(f"{name}_words", ())[:1])


def _quoted(
    quote: Mapping[str, Any], link: Callable[[str | None], str | None] = web_link
) -> Quoted:
    text, kind = quote["text"], "removed" if quote["side"] == "before" else "added"
    marks: list[Mark] = []
    end = 0
    for start, stop in quote.get("new", ()):
        marks += [("same", text[end:start]), (kind, text[start:stop])]
        end = stop
    marks.append(("same", text[end:] + quote.get("rest", "")))
    if above := quote.get("lead_in"):
        marks.insert(0, ("same", f"{' '.join(above)} … "))

    def mark_of(mark: Mark) -> str:
        """Signs between changed words, and behind them, are marked with them."""
        return mark[0] if any(map(str.isalnum, mark[1])) or len(marks) == 1 else kind

    links = (
        (clean(text[max(start, 0) : stop]), link(url))
        for start, stop, url in quote.get("links", ())
    )
    return Quoted(
        tuple(
            (mark, clean("".join(words for _, words in run)))
            for mark, run in groupby(marks, key=mark_of)
        ),
        link(quote.get("link")),
        tuple((words, url) for words, url in links if url),
        quote.get("passage"),
    )


def reasons(brief: Mapping[str, Any]) -> list[Message]:
    """Why the change as a whole is alerted or not."""
    return [Message.from_json(stored) for stored in brief.get("why", ())]


def date_key(
    change: Change, kind: str, day: date | None = None
) -> Literal["dated", "announced_for", "since", "starting"]:
    """The key of the words for a change's effective date, or for another day; `kind` is the document's.

    An announcement takes effect on no day by itself, not even once its day is past.
    """
    day = day or change.effective_date
    if change.brief.get("dated"):
        return "dated"
    if kind == PREVIEW:
        return "announced_for"
    # a comparison of two files has no time of detection
    detected: date | None = (
        change.detected_at.date() if change.detected_at is not None else None
    )
    return (
        "since"
        if day is not None and detected is not None and day < detected
        else "starting"
    )


def group_alike(passages: Sequence[StoredPassage]) -> list[list[StoredPassage]]:
    """Passages that say the same in several places together, in the order of the first of each group."""
    groups: dict[Hashable, list[StoredPassage]] = {}
    for passage in passages:
        key = (passage.operation, passage.before, passage.after, tuple(passage.topics))
        groups.setdefault(key, []).append(passage)
    return list(groups.values())


def actor_words(words: Catalogue, name: str, via: str) -> str:
    """Who did something, as the journal has it, within a sentence."""
    if via == "pages" and not name:
        return words("actor.shared")
    return words.term("actor", via, name=name)
