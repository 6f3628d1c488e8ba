"""What messages, pages and the terminal show of a stored change, and in which order."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from datetime import date
from itertools import groupby
from typing import Any, Literal, NamedTuple

from messages import Catalogue, Message
from messages.headline import MOST, headline_text
from notifier.escape import clean, web_link
from storage.changes import Change, StoredPassage
from storage.documents import PREVIEW, Document
from storage.second_readings import SecondReading

_MEANINGS = 3  # sentences of a language model on one change
_LONGEST_NAME = 60  # characters of a service's name in a headline
_MOST_IN_SUBJECT = (
    80  # characters of a quotation, before a day and what else there is to know
)
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


class Answer(NamedTuple):
    """The page's answer to questions of the summary; `state` is empty where the change gives it."""

    questions: tuple[str, ...]
    quotes: tuple[Quoted, ...]
    state: Literal["", "gone", "already", "unsaid"] = ""


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


def headline_marks(
    words: Catalogue, document: Document | None, change: Change
) -> tuple[Mark, ...]:
    """The headline with the changed words of its quotation marked."""
    text, quoted = headline(words, document, change), quotation(change.brief)
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


def answers(
    brief: Mapping[str, Any], link: Callable[[str | None], str | None] = web_link
) -> tuple[Answer, ...]:
    """The answers of the summary, each clause once, as many as there is room for; what leads is not said again.

    `link` says which addresses may be shown.
    """
    found: dict[tuple[str, str], Answer] = {}
    for question in _ORDER:
        for quote in brief.get(question, ()):
            is_new = "new" in quote or "passage" not in quote
            state: Literal["", "gone", "already"] = (
                "gone" if quote["side"] == "before" else "" if is_new else "already"
            )
            quoted = _quoted(quote, link)
            same = next(
                (key for key, answer in found.items() if answer.quotes == (quoted,)),
                None,
            )
            if same and same[1] != question:
                found[same] = found[same]._replace(
                    questions=(*found[same].questions, question)
                )
            elif question == "refuse" or not _leads(brief, quote):
                known = found.get((state, question), Answer((question,), (), state))
                found[state, question] = known._replace(quotes=(*known.quotes, quoted))
    if ("", "refuse") not in found and (elsewhere := brief.get("already")):
        found["already", "refuse"] = Answer(
            ("refuse",), tuple(_quoted(quote, link) for quote in elsewhere), "already"
        )
    elif ("", "refuse") not in found and brief.get("default") == "on":
        found["", "refuse"] = Answer(("refuse",), (), "unsaid")
    facts = sum(bool(brief.get(name)) for name in ("from", "deadline", "default"))
    first = sorted(found, key=lambda key: (key[0] == "gone", key[1] != "refuse"))[
        : max(1, _MOST_ROWS - facts)
    ]
    rows = [found[key] for key in sorted(first, key=lambda key: _ORDER.index(key[1]))]
    if notices := brief.get("notice_links"):
        rows.append(
            Answer(("notice_links",), tuple(_quoted(quote, link) for quote in notices))
        )
    return tuple(rows)


def _leads(brief: Mapping[str, Any], quote: Mapping[str, Any]) -> bool:
    """Whether the words stand in the quotation on top."""
    place = brief.get("place")
    return (
        place is not None
        and quote.get("passage") == place
        and quote["text"] in (brief.get("meaning") or "")
    )


def words_for(
    brief: Mapping[str, Any], name: Literal["default", "deadline"]
) -> Quoted | None:
    """The words of the page that say the default or the deadline."""
    quotes = brief.get(f"{name}_words") or ()
    return _quoted(quotes[0]) if quotes else None


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


def meanings(readings: Sequence[SecondReading]) -> dict[str, str]:
    """The language model's own words on a change, by language; first on the passages that it would alert of."""
    answers = sorted(
        (row.answer for row in readings if row.answer),
        key=lambda answer: not answer["alert"],
    )[:_MEANINGS]
    return {
        language: " ".join(
            answer["meaning"][language]
            for answer in answers
            if language in answer["meaning"]
        )
        for language in sorted(
            {language for answer in answers for language in answer["meaning"]}
        )
    }


def actor_words(words: Catalogue, name: str, via: str) -> str:
    """Who did something, as the journal has it, within a sentence."""
    if via == "pages" and not name:
        return words("actor.shared")
    return words.term("actor", via, name=name)
