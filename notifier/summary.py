"""The summary of a change: the page's own answers to a reader's questions, from its stored brief."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any, Literal, NamedTuple

from foundation.vocabulary import QUESTIONS
from messages import Catalogue
from notifier.escape import clean, web_link

_MOST_ROWS = 5  # with date, deadline and default
Mark = tuple[str, str]
State = Literal["", "gone", "already", "unsaid"]


class Quoted(NamedTuple):
    """`link` is the one on them; of several, `links` has each with its words."""

    marks: tuple[Mark, ...]
    link: str | None = None
    links: tuple[tuple[str, str], ...] = ()
    passage: int | None = None

    @property
    def text(self) -> str:
        return "".join(text for _, text in self.marks)


@dataclass(frozen=True, slots=True)
class Fact:
    """`state` is empty if the change itself answers."""

    name: str
    label: str
    value: str = ""
    quotes: tuple[Quoted, ...] = ()
    state: State = ""
    day: date | None = None

    @property
    def is_way_out(self) -> bool:
        return self.name == "refuse" and self.state == "" and bool(self.quotes)


def read_statements(
    brief: Mapping[str, Any], language: str
) -> list[tuple[str, tuple[Quoted, ...]]]:
    return [
        (statement["text"][language], tuple(map(_quoted, statement["quotes"])))
        for statement in (brief.get("reader") or {}).get("statements", ())
        if language in statement["text"]
    ]


def marks_within(marks: Sequence[Mark], words: str) -> Iterator[Mark]:
    start = "".join(text for _, text in marks).find(words)
    end, at = start + len(words), 0
    for kind, text in marks:
        part = text[max(0, start - at) : max(0, end - at)]
        if part:
            yield kind, part
        at += len(text)


def quotation(brief: Mapping[str, Any]) -> Quoted | None:
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
    words: Catalogue, brief: Mapping[str, Any], starts: date | None, date_key: str
) -> list[Fact]:
    rows = []
    if starts:
        label = words.term("brief", date_key)
        rows.append(Fact("effective_date", label, words.day(starts), day=starts))
    if written := brief.get("deadline"):
        day = date.fromisoformat(written)
        label, quotes = words("brief.deadline"), _words_for(brief, "deadline")
        rows.append(Fact("deadline", label, words.day(day), quotes, day=day))
    if default := brief.get("default"):
        label, value = words("brief.default"), words.term("brief", default)
        rows.append(Fact("default", label, value, _words_for(brief, "default")))
    for (state, name), (questions, quotes) in _answers(brief, len(rows)).items():
        label = words.questions(questions, state)
        value = "" if quotes else words("brief.unsaid")
        rows.append(Fact(name, label, value, quotes, state))
    return rows


def _answers(
    brief: Mapping[str, Any], others: int
) -> dict[tuple[State, str], tuple[tuple[str, ...], tuple[Quoted, ...]]]:
    """Each clause once, without the headline's, as many as fit, by state and first question."""
    found: dict[tuple[State, str], tuple[tuple[str, ...], tuple[Quoted, ...]]] = {}
    for question in QUESTIONS:
        for quote in brief.get(question, ()):
            is_new = "new" in quote or "passage" not in quote
            state: State = (
                "gone" if quote["side"] == "before" else "" if is_new else "already"
            )
            quoted = _quoted(quote)
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
        quotes = tuple(_quoted(quote) for quote in elsewhere)
        found["already", "refuse"] = ("refuse",), quotes
    elif ("", "refuse") not in found and brief.get("default") == "on":
        found["unsaid", "refuse"] = ("refuse",), ()
    first = sorted(found, key=lambda key: (key[0] == "gone", key[1] != "refuse"))
    kept = sorted(
        first[: max(1, _MOST_ROWS - others)],
        key=lambda key: QUESTIONS.index(key[1]),
    )
    rows = {key: found[key] for key in kept}
    if notices := brief.get("notice_links"):
        quotes = tuple(_quoted(quote) for quote in notices)
        rows["", "notice_links"] = ("notice_links",), quotes
    return rows


def _leads(brief: Mapping[str, Any], quote: Mapping[str, Any]) -> bool:
    place = brief.get("place")
    return (
        place is not None
        and quote.get("passage") == place
        and quote["text"] in (brief.get("meaning") or "")
    )


def _words_for(
    brief: Mapping[str, Any], name: Literal["default", "deadline"]
) -> tuple[Quoted, ...]:
    return tuple(_quoted(quote) for quote in brief.get(f"{name}_words", ())[:1])


def _quoted(quote: Mapping[str, Any]) -> Quoted:
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
        """Punctuation between changed words is marked too."""
        return (
            mark[0] if any(map(str.isalnum, mark[1])) or len(marks) == 1 else kind
        )

    links = (
        (clean(text[max(start, 0) : stop]), web_link(url))
        for start, stop, url in quote.get("links", ())
    )
    return Quoted(
        tuple(
            (mark, clean("".join(words for _, words in run)))
            for mark, run in groupby(marks, key=mark_of)
        ),
        web_link(quote.get("link")),
        tuple((words, url) for words, url in links if url),
        quote.get("passage"),
    )
