"""GET /documents/{id}/compare: what differs between two versions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from fastapi import Request, Response
from sqlmodel import Session

from foundation.vocabulary import Cause
from policywatch.ingest.drafts import ChangeDraft
from policywatch.views.between import Step, steps_between, sum_of
from policywatch.views.query_params import LATEST, DocumentId
from policywatch.web.backend import Using
from policywatch.web.comparisons import From, Sides, To
from policywatch.web.placed import PlacedPassages
from policywatch.web.rendering import page_router, render
from storage.captures import capture_records
from storage.documents import document
from storage.versions import (
    BeforeFirstText,
    Version,
    numbered_version,
    version_on,
    versions,
)

router = page_router()


@router.get("/documents/{document_id:path}/compare")
def any_two_versions(
    request: Request,
    backend: Using,
    document_id: DocumentId,
    old: From,
    new: To = None,
) -> Response:
    with backend.database.reading() as session:
        try:
            sides = two_versions(session, document_id, old, new)
        except BeforeFirstText as problem:
            return render(
                request,
                "too_early.html",
                status=404,
                document=document(session, document_id),
                choice=comparison_choice(session, document_id),
                problem=problem,
            )
        steps = steps_between(session, sides.before, sides.after)
        choice = comparison_choice(session, document_id, sides)
        captures = [
            (version, capture_records(session, version.capture_id))
            for version in (sides.before, sides.after)
        ]
    context = versions_page(
        sides, choice, steps, backend.comparisons.compared(sides, request)
    )
    day = old if isinstance(old, date) and new is None else None
    return render(request, "versions.html", day=day, captures=captures, **context)


def two_versions(
    session: Session, document_id: str, first: int | date, second: int | date | None
) -> Sides:
    """By number, or by a day on which it was in force, or the newest; the older first. Raises `UnknownDocument`,
    `UnknownVersion` or `BeforeFirstText`.
    """
    row = document(session, document_id)
    numbers = (
        at if isinstance(at, int) else version_on(session, document_id, at)
        for at in (first, LATEST if second is None else second)
    )
    before, after = (
        numbered_version(session, document_id, number) for number in sorted(numbers)
    )
    return Sides(row, row, before, after)


@dataclass(frozen=True, slots=True)
class Choice:
    """A document's versions, oldest first, and the two compared."""

    versions: Sequence[Version]
    before: Version
    after: Version


def comparison_choice(
    session: Session, document_id: str, sides: Sides | None = None
) -> Choice | None:
    """Without `sides`, the last two; None if there are no two."""
    heads = versions(session, document_id)
    if len(heads) < 2:
        return None
    return Choice(heads, *((sides.before, sides.after) if sides else heads[-2:]))


def versions_page(
    sides: Sides, choice: Choice | None, steps: Sequence[Step], draft: ChangeDraft
) -> dict[str, Any]:
    """The difference between two versions, and the changes that made it."""
    whole = sum_of(steps, draft.passages, sides.before.page, sides.after.page)
    numbers = range(sides.before.number + 1, sides.after.number + 1)
    return {
        "begun": [
            each
            for each in choice.versions
            if each.number in numbers and each.cause == Cause.REPLACED
        ]
        if choice
        else [],
        "texts": sides,
        "document": sides.document,
        "choice": choice,
        "steps": whole.steps,
        "shown": {
            step.version.number
            for brought in whole.brought.values()
            for step in brought
        },
        "placed": PlacedPassages(
            whole.passages,
            sides.document.title,
            sides.before,
            sides.after,
            whole.brought,
        ),
    }
