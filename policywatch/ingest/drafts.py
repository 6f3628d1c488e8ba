"""A comparison as rows, drafted before the transaction, for word diffs take long."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

from analysis.model import Comparison, Passage, TooCostly
from analysis.page_json import stored_brief
from analysis.text.words import Tag, word_diffs
from policywatch import sandbox
from policywatch.ingest.extraction import ExtractionConfig
from policywatch.reader.prompt import Subject
from policywatch.reader.reading import decide
from storage.changes import StoredPassage


class ChangeDraft(NamedTuple):
    """`reading` is a language model's."""

    comparison: Comparison
    passages: list[StoredPassage]
    reading: dict[str, Any] | None = None

    def columns(self, *, alert: bool = True) -> dict[str, Any]:
        """Without `alert`, one that alerts nobody."""
        columns = change_columns(self.comparison)
        if self.reading is not None:
            columns = decide(columns, self.passages, self.reading)
        return columns | {"alert": columns["alert"] and alert}


def draft_change(comparison: Comparison) -> ChangeDraft:
    return ChangeDraft(comparison, stored_passages(comparison.passages))


def read_draft(
    draft: ChangeDraft, config: ExtractionConfig, *, former: str | None = None
) -> ChangeDraft:
    """With a language model's reading, if there is one; it may use the network, so hold no transaction. `former`: only
    look up what it answered.
    """
    if config.read is None:
        return draft
    subject = Subject(
        config.service, config.title, config.kind or "", config.language
    )
    return config.read(subject, draft, former=former)


def change_columns(comparison: Comparison) -> dict[str, Any]:
    return {
        "substantive": comparison.substantive,
        "alert": comparison.alert or comparison.returns,
        "severity": comparison.severity,
        "direction": comparison.direction,
        "topics": list(comparison.topics),
        "effective_date": comparison.effective_date,
        "deadline": comparison.brief.deadline,
        "brief": stored_brief(comparison),
    }


def stored_passages(passages: Iterable[Passage]) -> list[StoredPassage]:
    """With word diffs."""
    passages = list(passages)
    marks = _marks(
        [(passage.before or "", passage.after or "") for passage in passages]
    )
    return [
        StoredPassage(
            change_id=0,  # set later
            position=position,
            operation=passage.operation,
            heading=[*passage.heading, *passage.lead_in],
            before=passage.before,
            after=passage.after,
            topics=list(passage.topics),
            evidence=[asdict(evidence) for evidence in passage.evidence],
            severity=passage.severity,
            direction=passage.direction,
            returns=passage.returns,
            why=list(passage.why),
            marks=[*marks[position]],
        )
        for position, passage in enumerate(passages)
    ]


def _marks(sides: Sequence[tuple[str, str]]) -> list[list[tuple[Tag, str]]]:
    """If too costly, each text replaces the other as a whole."""
    try:
        return sandbox.run(word_diffs, sides)
    except TooCostly:
        return [_replaced(before, after) for before, after in sides]


def _replaced(before: str, after: str) -> list[tuple[Tag, str]]:
    sides: tuple[tuple[Tag, str], ...] = (("removed", before), ("added", after))
    return [(tag, text) for tag, text in sides if text]
