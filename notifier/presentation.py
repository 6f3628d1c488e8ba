"""What messages, pages and the terminal show of a stored change, and in which order."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from datetime import date
from itertools import groupby
from typing import Any, Literal, NamedTuple

from messages import Catalogue, Message
from notifier.escape import clean, web_link
from storage.changes import Change, StoredPassage
from storage.documents import PREVIEW
from storage.second_readings import SecondReading

QUESTIONS = ("data", "purposes", "recipients", "refuse", "excluded", "irreversible", "regions", "notice_links")
_MEANINGS = 3  # sentences of a language model on one change
_LONGEST_NAME = 60  # characters of a service's name in a headline
_USES_SHOWN = 3
# topics that are a use of data, which happens by default or not, and can be refused
_USES = (
    *("ai_training", "ai_features", "automated_decisions", "data_collection", "data_use"),
    *("data_sharing", "advertising", "tracking"),
)
Mark = tuple[str, str]
_Quotes = dict[str, list[dict[str, Any]]]  # by question


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
    """The page's answer to a question of the summary; `state` is empty where the change gives it."""

    question: str
    quotes: tuple[Quoted, ...]
    state: Literal["", "gone", "already", "unsaid"] = ""


class Use(NamedTuple):
    """One of the things that are done by a change, where it has several, by its topic; else all of it, without one."""

    topic: str | None
    answers: tuple[Answer, ...]

    def of(self, question: str) -> Use:
        """With its answers to one question alone."""
        return self._replace(answers=tuple(answer for answer in self.answers if answer.question == question))


def headline(words: Catalogue, service: str, change: Change, kind: str, *, short: bool = False) -> str:
    """A change in one plain sentence, the same wherever it is shown; nothing where nobody is alerted of it.

    `kind` is the document's. At most 160 characters, with dates as they stand in a subject where it is `short`.
    """
    lead = change.brief.get("lead")
    if lead is None:
        return ""
    service = clean(service)
    name = service if len(service) <= _LONGEST_NAME else f"{service[:_LONGEST_NAME]}…"
    # guidelines say what users may do, not what the service does; and nobody is to be soothed by a guess
    direction = "mixed" if kind == "guidelines" or lead["direction"] == "limits" else lead["direction"]
    text = words.headline(name, lead["topic"], direction, lead["reason"])
    happens = lead["reason"] in ("training", "sale") or (not lead["reason"] and lead["topic"] in _USES[1:])
    if happens and direction == "expands" and change.brief["default"]:
        text = words(f"headline.{change.brief['default']}", text=text)
    if change.effective_date is None:
        return text
    return words(f"headline.{date_key(change, kind)}", text=text, date=words.day(change.effective_date, short=short))


def quotation(brief: Mapping[str, Any]) -> Quoted | None:
    """The sentence of the page that is the news."""
    if not brief.get("meaning"):
        return None
    return _quoted({"text": brief["meaning"], "side": brief["meaning_side"], "new": brief.get("meaning_new", ())})


def uses(
    brief: Mapping[str, Any],
    passages: Sequence[StoredPassage] = (),
    link: Callable[[str | None], str | None] = web_link,
) -> list[Use]:
    """The answers of the summary, by use where at least two questions are answered of each of two or more.

    `link` says which addresses may be shown.
    """
    lead = brief.get("lead") or {}
    topics = {passage.position: passage.topics[0] for passage in passages if passage.topics}
    groups: dict[str | None, _Quotes] = {}
    for question in QUESTIONS:
        for quote in brief.get(question, ()):
            groups.setdefault(topics.get(quote.get("passage")), {}).setdefault(question, []).append(quote)
    several = [topic for topic, quotes in groups.items() if topic and len(quotes) > 1]
    several = sorted(several, key=lambda topic: topic != lead.get("topic"))[:_USES_SHOWN]
    if len(several) < 2:
        return [Use(None, tuple(_answers(brief, brief, link)))]
    rest: _Quotes = {}
    for topic, quotes in groups.items():
        for question in quotes if topic not in several else ():
            rest.setdefault(question, []).extend(quotes[question])
    shown = [
        Use(topic, tuple(_answers(brief if topic == several[0] else {}, groups[topic], link))) for topic in several
    ]
    others = tuple(_answers({}, rest, link))
    return [*shown, Use(None, others)] if others else shown


def _answers(
    brief: Mapping[str, Any], quotes: Mapping[str, Any], link: Callable[[str | None], str | None]
) -> Iterator[Answer]:
    """To each question: words that the page says unchanged where the change does not answer; of the whole `brief`, also
    that it does not say how to refuse."""
    lead = brief.get("lead") or {}
    asks = lead.get("reason") or brief.get("default") == "on" or brief.get("already")
    for question in QUESTIONS:
        parts: dict[Literal["", "gone", "already"], list[Quoted]] = {"": [], "gone": [], "already": []}
        for quote in quotes.get(question, ()):
            is_new = "new" in quote or "passage" not in quote
            parts["gone" if quote["side"] == "before" else "" if is_new else "already"].append(_quoted(quote, link))
        if question == "refuse":
            parts["already"] += [_quoted(quote, link) for quote in brief.get("already", ())]
            if not parts[""] and asks and lead.get("direction") == "expands" and lead.get("topic") in _USES:
                yield Answer(question, (), "unsaid")
        for state, shown in parts.items():
            if shown and not (state == "already" and parts[""]):
                yield Answer(question, tuple(shown), state)


def _quoted(quote: Mapping[str, Any], link: Callable[[str | None], str | None] = web_link) -> Quoted:
    text, kind = quote["text"], "removed" if quote["side"] == "before" else "added"
    marks: list[Mark] = []
    end = 0
    for start, stop in quote.get("new", ()):
        marks += [("same", text[end:start]), (kind, text[start:stop])]
        end = stop
    marks.append(("same", text[end:] + quote.get("rest", "")))

    def mark_of(mark: Mark) -> str:
        """Signs between changed words, and behind them, are marked with them."""
        return mark[0] if any(map(str.isalnum, mark[1])) or len(marks) == 1 else kind

    links = ((clean(text[max(start, 0) : stop]), link(url)) for start, stop, url in quote.get("links", ()))
    return Quoted(
        tuple((mark, clean("".join(words for _, words in run))) for mark, run in groupby(marks, key=mark_of)),
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
    detected: date | None = change.detected_at.date() if change.detected_at is not None else None
    return "since" if day is not None and detected is not None and day < detected else "starting"


def group_alike(passages: Sequence[StoredPassage]) -> list[list[StoredPassage]]:
    """Passages that say the same in several places together, in the order of the first of each group."""
    groups: dict[Hashable, list[StoredPassage]] = {}
    for passage in passages:
        key = (passage.operation, passage.before, passage.after, tuple(passage.topics))
        groups.setdefault(key, []).append(passage)
    return list(groups.values())


def meanings(readings: Sequence[SecondReading]) -> dict[str, str]:
    """The language model's own words on a change, by language; first on the passages that it would alert of."""
    answers = sorted((row.answer for row in readings if row.answer), key=lambda answer: not answer["alert"])[:_MEANINGS]
    return {
        language: " ".join(answer["meaning"][language] for answer in answers if language in answer["meaning"])
        for language in sorted({language for answer in answers for language in answer["meaning"]})
    }


def actor_words(words: Catalogue, name: str, via: str) -> str:
    """Who did something, as the journal has it, within a sentence."""
    if via == "pages" and not name:
        return words("actor.shared")
    return words(f"actor.{via}", name=name)
