"""A comparison as rows of the store: drafted before the transaction that writes it, for word diffs take long."""

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
    """A comparison, its passages with their word diffs, and what a language model made of them."""

    comparison: Comparison
    passages: list[StoredPassage]
    reading: dict[str, Any] | None = None

    def columns(self, *, alert: bool = True) -> dict[str, Any]:
        """As the columns of a change, with its passages flagged; without `alert`, one that alerts nobody."""
        columns = change_columns(self.comparison)
        if self.reading is not None:
            columns = decide(
                columns,
                self.passages,
                self.reading,
                decides=self.reading.get("use") == "decides",
            )
        return columns | {"alert": columns["alert"] and alert}


def draft_change(comparison: Comparison) -> ChangeDraft:
    return ChangeDraft(comparison, stored_passages(comparison.passages))


def read_draft(
    draft: ChangeDraft, config: ExtractionConfig, *, former: str | None = None
) -> ChangeDraft:
    """As a language model reads it, where there is one: it may go over the network, so no transaction is open then.
    With `former` it only looks up what it answered."""
    if config.read is None:
        return draft
    subject = Subject(config.service, config.title, config.kind or "", config.language)
    return config.read(subject, draft, former=former)


def change_columns(comparison: Comparison) -> dict[str, Any]:
    """What a comparison says, as the columns of a change."""
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
    """In the order of the passages, with their word diffs."""
    passages = list(passages)
    marks = _marks(
        [(passage.before or "", passage.after or "") for passage in passages]
    )
    return [
        StoredPassage(
            change_id=0,  # none yet
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
    """The word diff of each pair of texts. Where that is too costly, the one as a whole took the other's place."""
    try:
        return sandbox.run(word_diffs, sides)
    except TooCostly:
        return [_replaced(before, after) for before, after in sides]


def _replaced(before: str, after: str) -> list[tuple[Tag, str]]:
    sides: tuple[tuple[Tag, str], ...] = (("removed", before), ("added", after))
    return [(tag, text) for tag, text in sides if text]
