"""A notice in the operator's language: what happened, why, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from foundation.vocabulary import NoticeKind
from messages import Catalogue, Message, catalogue, translate
from notifier.escape import clean
from storage.notices import Notice

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
