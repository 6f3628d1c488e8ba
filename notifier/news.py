"""A notice in the words of the operator's language: what happened, why, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from messages import told
from notifier.escape import clean
from notifier.wording import NoticeWords, words
from storage.notices import Notice, NoticeKind


@dataclass(frozen=True, slots=True)
class News:
    """One thing that the operator must hear; `details` are a line each."""

    text: str
    details: tuple[str, ...] = ()


def show_notice(notice: Notice, language: str) -> News:
    """What older releases stored as a whole text is shown as they wrote it."""
    if notice.text is not None:
        return News(clean(notice.text))
    spoken, facts = words(language), notice.facts
    said = spoken.notices
    values = {name: clean(str(value)) for name, value in facts.items() if value is not None}
    if "reason" in values:
        values["reason"] = clean(told(facts["reason"], facts.get("reason_code"), language).text)
    values["document"] = clean(notice.document_id or "")
    if "since" in values:
        values["since"] = spoken.moment(datetime.fromisoformat(values["since"]))
    if "sent" in values:
        values["sent"] = said.sent.get(values["sent"], values["sent"])
    outcome = values.get("outcome", "")
    values["outcome"] = said.outcomes.get(outcome, outcome)
    text, to_do = _patterns(said, notice.kind, outcome)
    if facts.get("never_read"):
        text = said.never_read
    lines = [line.format(**values) for line in to_do]
    if "reason" in values and not any("{reason}" in line for line in (text, *to_do)):
        lines.insert(0, said.reason.format(**values))
    if "also" in values:
        lines.insert(1, said.also.format(**values))
    return News(text.format(**values), (*lines, *_passages(facts)))


def _patterns(said: NoticeWords, kind: str, outcome: str) -> tuple[str, list[str]]:
    """The sentence, and what to do about it."""
    match NoticeKind(kind):
        case NoticeKind.UNREADABLE:
            return said.unreadable, [said.to_do[outcome]] if outcome in said.to_do else []
        case NoticeKind.RECOVERED:
            return said.recovered, []
        case NoticeKind.HELD:
            return said.held, [said.accept]
        case NoticeKind.PARKED:
            return said.parked, [said.retry]
        case NoticeKind.TEMPLATE:
            return said.template, [said.mend]
        case NoticeKind.RESTLESS:
            return said.restless, ["{reason}"]


def _passages(facts: dict[str, Any]) -> tuple[str, ...]:
    return tuple(clean(str(line)) for line in facts.get("passages", ()))
