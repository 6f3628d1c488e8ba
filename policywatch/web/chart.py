"""A document's length and mentions of topics over time, as lines of an SVG."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from storage.paragraphs import Point

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
    """None for a single version."""
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
        _line(topic, points, x, lambda point, topic=topic: point.mentions.get(topic, 0))  # type: ignore[misc]
        for topic in topics
    ]
    first_years = (
        datetime(year, 1, 1, tzinfo=UTC)
        for year in range(start.year + 1, last.year + 1)
    )
    rows = list(points) if len(points) <= _MOST_ROWS else _last_of_months(points)
    return Chart(
        lines, [x(year) for year in first_years], rows[::-1], len(rows) < len(points)
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
        for point, count, before in zip(points[1:], values[1:], values, strict=False)
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
            (point.captured_at.year, point.captured_at.month): point for point in points
        }.values()
    )
