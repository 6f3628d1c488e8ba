"""GET /documents/{id}/compare: what differs between two versions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from fastapi import Request, Response
from sqlmodel import Session

from foundation.vocabulary import Cause
from policywatch.views.between import steps_between, sum_of
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
    first_captured_at,
    numbered_version,
    version_on,
    versions,
    versions_of_document,
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
        numbers = range(sides.before.number + 1, sides.after.number + 1)
        begun = [
            each
            for each in versions(session, document_id)
            if each.number in numbers and each.cause == Cause.REPLACED
        ]
        captures = [
            (version, capture_records(session, version.capture_id))
            for version in (sides.before, sides.after)
        ]
    draft = backend.comparisons.compared(sides, request)
    whole = sum_of(steps, draft.passages, sides.before.page, sides.after.page)
    return render(
        request,
        "versions.html",
        day=old if isinstance(old, date) and new is None else None,
        choice=choice,
        begun=begun,
        captures=captures,
        texts=sides,
        document=sides.document,
        steps=steps,
        shown={
            step.version.number
            for brought in whole.brought.values()
            for step in brought
        },
        placed=PlacedPassages(
            whole.passages,
            sides.document.title,
            sides.before,
            sides.after,
            whole.brought,
        ),
    )


def two_versions(
    session: Session, document_id: str, first: int | date, second: int | date | None
) -> Sides:
    """By number, or by a day on which it was in force, or the newest; the older first. Raises `UnknownDocument`,
    `Unknown` or `BeforeFirstText`.
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
    """Of a document, the day of its first text, the number of its newest, and the two compared."""

    first: date
    newest: int
    before: Version
    after: Version


def comparison_choice(
    session: Session, document_id: str, sides: Sides | None = None
) -> Choice | None:
    """Without `sides`, the last two; None if there are no two."""
    heads = versions_of_document(session, document_id, limit=2)
    if len(heads) < 2:
        return None
    before, after = (sides.before, sides.after) if sides else heads[::-1]
    first = first_captured_at(session, document_id).date()
    return Choice(first, heads[0].number, before, after)
