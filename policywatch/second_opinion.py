"""What a second reader made of a change as a whole, beside what was decided."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlmodel import Session

from analysis.classify.verdict import Verdict, classify_change
from notifier.presentation import meanings
from storage.second_readings import second_readings


class SecondOpinion(NamedTuple):
    """`model` is the name of the one that answered last, `meanings` its words by language."""

    model: str
    verdict: Verdict
    meanings: dict[str, str]

    def as_json(self) -> dict[str, Any]:
        """For `show --json` and the API."""
        verdict = {
            name: getattr(self.verdict, name)
            for name in ("substantive", "alert", "severity", "direction")
        }
        return {
            "model": self.model,
            "meaning": self.meanings,
            **verdict,
            "topics": [*self.verdict.topics],
        }


def second_opinion(session: Session, change_id: int) -> SecondOpinion | None:
    """Of the passages that it was asked about; None where there is no answer."""
    readings = second_readings(session, change_id)
    if not readings:
        return None
    last = max(readings, key=lambda reading: reading.made_at)
    verdict = classify_change(
        [verdict_of(reading.answer or {}) for reading in readings]
    )
    return SecondOpinion(last.model, verdict, meanings(readings))


def verdict_of(answer: Mapping[str, Any]) -> Verdict:
    """A stored answer, to be put in the trained model's place: `first` keeps it from being taken for learnt."""
    return Verdict(
        substantive=answer["substantive"],
        alert=answer["alert"],
        topics=tuple(answer["topics"]),
        severity=answer["severity"],
        direction=answer["direction"],
        first=Verdict(),
    )
