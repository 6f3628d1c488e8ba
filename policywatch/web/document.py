"""GET /documents/{id}: a document, its versions, and its length and mentions of topics over time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from policywatch.ingest.curation import unignore
from policywatch.ingest.proposals import open_proposals
from policywatch.views.query_params import DocumentId, Number
from policywatch.web.backend import Using
from policywatch.web.compare import comparison_choice
from policywatch.web.edit import owner
from policywatch.web.forms import OperatorForm, done
from policywatch.web.page_context import NO_LIMIT, page_context
from policywatch.web.rendering import page_router, render
from storage.alternating import alternating_passages
from storage.change_list import changes_to
from storage.checks import (
    OF_THE_PAGE,
    VALID,
    count_checks,
    newest_check,
    newest_checks,
)
from storage.documents import document
from storage.journal import Action, Actor, enter, merged_into
from storage.paragraphs import Point, course
from storage.versions import versions_of_document, with_withdrawn, withdrawals

_CHECKS = 12  # shown
_STEPS = 40  # versions on one page
router = page_router()


@router.get("/documents/{document_id:path}")
def one_document(
    request: Request,
    backend: Using,
    document_id: DocumentId,
    before: Number | None = None,
) -> Response:
    """The newest versions, or those below number `before`, each with its change or withdrawal."""
    page = page_context(request)
    most = NO_LIMIT if page.exported else _STEPS
    with backend.database.reading() as session:
        if other := merged_into(session, document_id):
            return RedirectResponse(page.link(f"/documents/{other}"), 301)
        row = document(session, document_id)
        with with_withdrawn(session):
            versions = versions_of_document(
                session, document_id, before=before, limit=most + 1
            )
        ids = [version.id for version in versions]
        withdrawn, changes = withdrawals(session, ids), changes_to(session, ids)
        checks = count_checks(session, document_id)
        is_first = before is None
        return render(
            request,
            "document.html",
            document=row,
            owner=owner(backend.watchlist, row) if page.operates else None,
            # imported, never watched here
            is_imported=row.retired and not (row.paused or checks),
            steps=[
                (version, changes.get(version.id), withdrawn.get(version.id))
                for version in versions[:most]
                if page.has(f"/documents/{document_id}/versions/{version.number}")
            ],
            older=versions[most - 1].number if len(versions) > most else None,
            choice=comparison_choice(session, document_id) if is_first else None,
            alternating=alternating_passages(session, [document_id]),
            proposals=open_proposals(session, document_id),
            checks=newest_checks(session, document_id, limit=_CHECKS),
            check_count=checks,
            last_run=newest_check(session),
            last_good=newest_check(session, document_id, OF_THE_PAGE, VALID),
            chart=chart(course(session, document_id)) if is_first else None,
            paged=not is_first,
        )


@router.post("/documents/{document_id:path}")
def edit_document(
    request: Request, backend: Using, document_id: DocumentId, form: OperatorForm
) -> Response:
    with backend.database.writing() as session:
        if form.get("do") == "check":
            document(session, document_id).asked_at = backend.now()
        elif form.get("do") == "unignore":
            unignore(
                session,
                document_id,
                form.get("when", ""),
                actor=request.state.actor,
                at=backend.now(),
            )
        else:
            pause(
                session,
                document_id,
                form.get("do") == "pause",
                request.state.actor,
                backend.now(),
            )
    return done(request, form, f"/documents/{document_id}")


def pause(
    session: Session, document_id: str, is_paused: bool, actor: Actor, at: datetime
) -> None:
    row = document(session, document_id)
    if row.paused != is_paused:
        row.paused = row.retired = is_paused
        enter(
            session,
            actor,
            Action.PAUSE if is_paused else Action.RESUME,
            row.id,
            at=at,
        )


WIDTH, HEIGHT = 1000, 100  # user units; the page stretches the picture
_MOST_TOPICS = 8
_MOST_ROWS = 60  # of more versions, the last of each month


@dataclass(frozen=True, slots=True)
class ChartLine:
    """`topic` is None for the length; `path` is the step line, `area` the surface below it."""

    topic: str | None
    path: str
    area: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Chart:
    """`years` are the x of each 1 January."""

    lines: list[ChartLine]
    years: list[float]
    rows: list[Point]
    sampled: bool

    @property
    def topics(self) -> list[str]:
        return [line.topic for line in self.lines if line.topic is not None]


def chart(points: Sequence[Point]) -> Chart | None:
    if len(points) < 2:
        return None
    start, last = points[0].captured_at, points[-1].captured_at
    length = max(
        (last - start) * 1.06, timedelta(hours=1)
    )  # so that the last step is visible

    def x(moment: datetime) -> float:
        return round((moment - start) / length * WIDTH, 1)

    topics = _most_moved(points)[:_MOST_TOPICS]
    lines = [_line(None, points, x, lambda point: point.words)]
    lines += [
        _line(
            topic,
            points,
            x,
            lambda point, topic=topic: point.mentions.get(topic, 0),  # type: ignore[misc]
        )
        for topic in topics
    ]
    first_years = (
        datetime(year, 1, 1, tzinfo=UTC)
        for year in range(start.year + 1, last.year + 1)
    )
    rows = list(points) if len(points) <= _MOST_ROWS else _last_of_months(points)
    return Chart(
        lines,
        [x(year) for year in first_years],
        rows[::-1],
        len(rows) < len(points),
    )


def _line(
    topic: str | None,
    points: Sequence[Point],
    x: Callable[[datetime], float],
    value: Callable[[Point], int],
) -> ChartLine:
    values = [value(point) for point in points]
    most = max(*values, 1)

    def y(count: int) -> float:
        return round(HEIGHT - count / most * (HEIGHT - 6), 1)

    steps = [f"M0 {y(values[0])}"]
    steps += [
        f"H{x(point.captured_at)}V{y(count)}"
        for point, count, before in zip(
            points[1:], values[1:], values, strict=False
        )
        if count != before
    ]
    path = "".join([*steps, f"H{WIDTH}"])
    return ChartLine(topic, path, f"{path}V{HEIGHT}H0Z", values[0], values[-1])


def _most_moved(points: Sequence[Point]) -> list[str]:
    """The topics whose mentions changed most, then the most mentioned."""
    counts = {
        topic: [point.mentions.get(topic, 0) for point in points]
        for topic in {t for p in points for t in p.mentions}
    }
    return sorted(
        counts,
        key=lambda topic: (
            min(counts[topic]) - max(counts[topic]),
            -max(counts[topic]),
            topic,
        ),
    )


def _last_of_months(points: Sequence[Point]) -> list[Point]:
    return list(
        {
            (point.captured_at.year, point.captured_at.month): point
            for point in points
        }.values()
    )
