"""Pages and changes in the terminal: coloured where there is colour, plain text with wdiff's marks where there is none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby, zip_longest
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text
from sqlmodel import Session

from analysis.model import Comparison, Page
from foundation.vocabulary import Cause
from messages import ENGLISH, Message, catalogue, counted
from notifier.change_view import ChangeView, change_view, listed_view
from notifier.summary import Quoted
from policywatch.ingest.drafts import change_columns, stored_passages
from policywatch.sanitize import sanitize, terminal_reason
from policywatch.views.passages import Run, Section, flagged_first, runs
from storage.captures import capture_addresses, capture_records
from storage.change_list import (
    ChangesPage,
    ListedChange,
    changes_to,
    event_of,
    leading_first,
)
from storage.changes import Change, change
from storage.checks import OF_THE_PAGE, Check, newest_check
from storage.documents import Document, document
from storage.reviews import reviews_of
from storage.versions import (
    Version,
    Withdrawal,
    versions,
    with_withdrawn,
    withdrawals,
)

_WORDS = catalogue(ENGLISH)
_WIDEST = 100  # columns
_SEVERITY = {"high": "bold red", "medium": "bold yellow", "low": "bold cyan"}
_MARK = {"removed": "red strike", "added": "green underline", "same": ""}
_PLAIN = {"removed": ("[-", "-]"), "added": ("{+", "+}"), "same": ("", "")}


# of two files that are compared
_NO_DOCUMENT = Document(
    id="",
    service="",
    title="",
    kind="",
    url="",
    language="",
    added_at=datetime.fromtimestamp(0, UTC),
)


class _Sheet:
    """Paragraphs, indented and wrapped on a terminal, one a line when piped."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._width = min(console.width, _WIDEST)
        self._is_coloured = (
            console.is_terminal
            and not console.no_color
            and console.color_system is not None
        )

    def line(self, *parts: str | tuple[str, str] | Text, indent: int = 0) -> None:
        """Of words, each plain, with a style, or ready. What they say is sanitized here."""
        text = Text(no_wrap=not self._console.is_terminal, overflow="fold")
        for part in parts:
            if isinstance(part, Text):
                text.append_text(part)
            else:
                words, style = part if isinstance(part, tuple) else (part, "")
                text.append(sanitize(words), style)
        if not self._console.is_terminal:
            text.pad_left(indent)
            self._console.print(text, soft_wrap=True)
            return
        self._console.print(
            Padding(text, (0, 0, 0, indent), expand=False), width=self._width
        )

    def gap(self) -> None:
        self._console.print()

    def rule(self) -> None:
        self._console.print(Rule(style=""), width=self._width)

    def marked(self, diff: Iterable[Run]) -> Text:
        """Where there is no colour, the words that decided a topic are left to the line below."""
        text = Text()
        last = "same"
        for run in diff:
            before, after = ("", "") if self._is_coloured else _PLAIN[run.tag]
            if self._is_coloured and (last, run.tag) == ("removed", "added"):
                # the new word must not look like the end of the old one
                text.append(" ")
            last = run.tag
            text.append(before)
            for piece in () if run.folded else run.pieces:
                decides = " bold reverse" if piece.topics else ""
                style = f"{_MARK[run.tag]}{decides}" if self._is_coloured else ""
                text.append(sanitize(piece.text), style)
            text.append("[…] " if run.folded else after)
        return text

    def table(self, rows: Sequence[tuple[str, Sequence[str]]]) -> None:
        """In two columns where there is a width to keep."""
        if not self._console.is_terminal:
            for name, values in rows:
                self.line(f"{name}: {', '.join(values)}", indent=2)
            return
        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_column(style="dim", max_width=self._width // 3)
        grid.add_column(overflow="fold")
        for name, values in rows:
            for label, value in zip_longest([name], values, fillvalue=""):
                grid.add_row(Text(sanitize(label)), Text(sanitize(value)))
        self._console.print(Padding(grid, (0, 0, 0, 2)), width=self._width)


def show_history(console: Console, session: Session, document_id: str) -> None:
    """Newest first. Raises `UnknownDocument`."""
    sheet = _Sheet(console)
    row = document(session, document_id)
    with with_withdrawn(session):
        history = versions(session, document_id)
    withdrawn = withdrawals(session, [version.id for version in history])
    changes = changes_to(session, [version.id for version in history])
    sheet.line(
        (row.service, "bold"),
        " · ",
        (row.title, "bold"),
        (f"  {row.id} ({row.language})", "dim"),
    )
    for url in row.addresses:
        sheet.line((url, "dim"))
    _last_check(sheet, newest_check(session, document_id, OF_THE_PAGE))
    if not history:
        sheet.gap()
        sheet.line("No text stored yet.")
    for version in reversed(history):
        sheet.gap()
        if withdrawal := withdrawn.get(version.id):
            _withdrawn_entry(sheet, version, withdrawal)
        else:
            _version_entry(sheet, version, changes.get(version.id))
    if changes:
        sheet.gap()
        sheet.line(("See one with: policywatch show CHANGE", "dim"))
    show_ignored(console, row.ignored or ())


def show_ignored(console: Console, clicks: Sequence[Mapping[str, Any]]) -> None:
    """Numbered by click."""
    sheet = _Sheet(console)
    for number, click in enumerate(clicks, 1):
        sheet.gap()
        who = _WORDS.actor(click["by"], click["via"])
        day = _WORDS.day(datetime.fromisoformat(click["at"]))
        sheet.line((f"Ignored ({number})", "bold"), f"  since {day}, by {who}")
        for heading, text in click["passages"]:
            sheet.line(f"{heading} › {text}" if heading else text, indent=2)


def show_changes(console: Console, page: ChangesPage) -> None:
    """Newest first; those of one event under the first of them."""
    sheet = _Sheet(console)
    for event in page.events:
        row, *others = leading_first(event, ENGLISH)
        _change_entry(sheet, row.change.detected_at, "", row, with_document=True)
        _other_changes(sheet, others)
        sheet.gap()
    sheet.line(("See one with: policywatch show CHANGE", "dim"))
    if page.older:
        sheet.line((f"Older ones with: --cursor {page.older}", "dim"))


def show_change(
    console: Console, session: Session, change_id: int, *, why: bool = False
) -> None:
    """What it means, the flagged passages, then the rest. `why` adds the reasons for the classification. Raises
    `Unknown`.
    """
    sheet = _Sheet(console)
    view = change_view(session, change(session, change_id), ENGLISH)
    of = view.document
    reasons = view.change.why if why else None
    sheet.line(
        (_WORDS("change.number", n=change_id), "bold"),
        " · ",
        of.service,
        " · ",
        of.title,
    )
    _facts(sheet, view)
    if view.returned:
        sheet.line(_WORDS("change.returns", n=view.returned.number))
    if view.change.waits:
        sheet.line(_WORDS("change.waits"))
    if view.announced:
        sheet.line(_WORDS("say.announced", date=_WORDS.day(view.announced.day)))
    if event := event_of(session, view.change):
        reason = view.change.event_reason
        sheet.line(_WORDS("event.title"), f" ({reason})" if reason else "")
        _other_changes(sheet, [row for row in event if row.change.id != change_id])
    for review in reviews_of(session, change_id):
        state = _WORDS.label("review_state", review.state)
        note = f": {review.note}" if review.note else ""
        sheet.line(
            f"{_time(review.at)} UTC  ", (state, "bold"), f" · {review.by}{note}"
        )
    _why(sheet, reasons or ())
    _summary(sheet, view)
    _reading(sheet, view)
    _passages(sheet, view, why=reasons)
    sheet.gap()
    sheet.rule()
    for version in (view.before, view.after):
        captured = _WORDS(
            "change.captured", moment=f"{_time(version.captured_at)} UTC"
        )
        sheet.line(f"version {version.number}, {captured}")
    captures = capture_records(session, view.after.capture_id)
    for url in capture_addresses(captures, of.url):
        sheet.line((url, "dim"))


def show_comparison(
    console: Console, comparison: Comparison, *, why: bool = False
) -> None:
    """In the manner of `show_change`."""
    sheet = _Sheet(console)
    if comparison.held:
        sheet.line(("Not classified", "bold"), f": {comparison.held}")
        if comparison.passages:
            counts = Counter[str](each.operation for each in comparison.passages)
            sheet.line(f"{_WORDS.operations(counts)}; --json lists them")
        return
    view = ChangeView(
        _WORDS,
        Change(cause="page", **change_columns(comparison)),
        _NO_DOCUMENT,
        passages=stored_passages(comparison.passages),
    )
    _facts(sheet, view, has_passages=bool(comparison.passages))
    reasons = comparison.why if why else None
    _why(sheet, reasons or ())
    _summary(sheet, view)
    _passages(sheet, view, why=reasons)


def _passages(
    sheet: _Sheet, view: ChangeView, *, why: Collection[Message] | None
) -> None:
    """`why` holds the reasons of the whole change, which no passage says again; without it none says any."""
    flagged, others = flagged_first(view.passages, view.document.title)
    for section in (*flagged, *others):
        sheet.gap()
        if section in flagged:
            sheet.rule()
        elif section is others[0]:
            sheet.rule()
            number = sum(each.places for each in others)
            sheet.line((f"Other differences ({number})", "bold"))
            sheet.gap()
        _section(sheet, section, why=why)


def _last_check(sheet: _Sheet, check: Check | None) -> None:
    if check is None:
        sheet.line(_WORDS("outcome.never"))
        return
    outcome = _WORDS.label("outcome", check.outcome or "unread").lower()
    reason = f": {terminal_reason(check.reason)}" if check.reason else ""
    sheet.line(f"last check {_time(check.checked_at)} UTC, {outcome}{reason}")


def _version_entry(
    sheet: _Sheet, version: Version, row: ListedChange | None
) -> None:
    name = f"  version {version.number}"
    if row is None:
        first = "first text" if version.number == 1 else ""
        sheet.line(
            (f"{_time(version.captured_at)} UTC", "bold"),
            f"{name}  ",
            (first, "dim"),
        )
        if version.cause == Cause.REPLACED:
            sheet.line(_WORDS.label("cause", version.cause), indent=2)
    else:
        _change_entry(sheet, version.captured_at, name, row)
    if version.source:
        sheet.line((version.source, "dim"), indent=2)


def _withdrawn_entry(
    sheet: _Sheet, version: Version, withdrawal: Withdrawal
) -> None:
    mark = _WORDS("withdrawn.mark", date=_WORDS.day(withdrawal.withdrawn_at.date()))
    sheet.line(
        (f"{_time(version.captured_at)} UTC", "bold"),
        f"  version {version.number}  ",
        (mark, "dim"),
    )
    if withdrawal.reason:
        sheet.line(
            (_WORDS("withdrawn.why", why=withdrawal.reason), "dim"), indent=2
        )


def _change_entry(
    sheet: _Sheet,
    at: datetime,
    name: str,
    row: ListedChange,
    *,
    with_document: bool = False,
) -> None:
    view, of = listed_view(row, _WORDS), row.document
    number = _WORDS("change.number", n=row.change.id).lower()
    sheet.line((f"{_time(at)} UTC", "bold"), f"{name}  {number}  ", _weight(view))
    if with_document:
        sheet.line(
            of.service,
            " · ",
            of.title,
            (f"  {of.id} ({of.language})", "dim"),
            indent=2,
        )
    announced = (
        _WORDS("changes.announced", date=view.announced.day.isoformat())
        if view.announced
        else None
    )
    for line in (view.headline, _about(view, announced)):
        if line:
            sheet.line(line, indent=2)
    if row.counts:
        sheet.line((_WORDS.operations(row.counts), "dim"), indent=2)


def _other_changes(sheet: _Sheet, rows: Iterable[ListedChange]) -> None:
    for row in rows:
        number = _WORDS("change.number", n=row.change.id).lower()
        sheet.line(
            f"{number}  ",
            row.document.title,
            (f"  {row.document.id}", "dim"),
            indent=4,
        )


def _weight(view: ChangeView) -> tuple[str, str]:
    change = view.change
    if not change.substantive:
        return _WORDS("changes.form_only"), "dim"
    if change.severity == "none":
        return _WORDS("changes.not_about"), "dim"
    return view.severity_name.upper(), _SEVERITY.get(change.severity, "bold")


def _about(view: ChangeView, announced: str | None = None) -> str:
    change = view.change
    parts = [_WORDS.label("topics", topic) for topic in change.topics]
    if change.effective_date is not None:
        day = change.effective_date.isoformat()
        parts.append(_WORDS.term("changes", view.date_key, date=day))
    if announced:
        parts.append(announced)
    if change.cause != "page":
        parts.append(_WORDS.label("cause", change.cause))
    return " · ".join(parts)


def _facts(sheet: _Sheet, view: ChangeView, *, has_passages: bool = True) -> None:
    sheet.line(_weight(view) if has_passages else _WORDS("change.no_passages"))
    for line in (_WORDS.why_high(view.change.brief), _about(view)):
        if line:
            sheet.line(line)


def _summary(sheet: _Sheet, view: ChangeView) -> None:
    if view.headline:
        sheet.gap()
        sheet.line((view.headline, "bold"))
    for line in filter(None, (view.signed_note, view.edited)):
        sheet.line(line, indent=2)
    if quoted := view.quotation:
        label = _WORDS("brief.gone") + _WORDS.colon if view.is_gone else ""
        sheet.line(f"{label}“{quoted.text}”", indent=2)
    rows = [
        (fact.label, [*filter(None, [fact.value]), *map(_quote, fact.quotes)])
        for fact in view.facts
        if fact.name != "effective_date"  # above
    ]
    if rows:
        sheet.gap()
        sheet.table(rows)


def _reading(sheet: _Sheet, view: ChangeView) -> None:
    """What a language model made of the change, and what of it was dropped."""
    reader = view.change.brief.get("reader")
    if not reader:
        return
    sheet.gap()
    sheet.line((f"{_WORDS('brief.retold')} ({reader['model']}):", "dim"))
    if failure := reader.get("failure"):
        sheet.line(_WORDS("reader.failed", why=failure), indent=2)
    if verdict := reader.get("verdict"):
        judged = _WORDS.classification(
            verdict["severity"], verdict["direction"], verdict["topics"]
        )
        sheet.line(
            judged if verdict["alert"] else _WORDS("changes.not_about"), indent=2
        )
    if kept := reader.get("kept"):
        sheet.line(_WORDS.term("kept", kept), indent=2)
    for text, quotes in view.statements:
        sheet.line(text, indent=2)
        for quoted in quotes:
            sheet.line((_quote(quoted), "dim"), indent=4)
    if dropped := reader.get("dropped"):
        sheet.line(_WORDS("reader.dropped", n=len(dropped)), indent=2)


def _quote(quote: Quoted) -> str:
    links = [url for _, url in quote.links] or ([quote.link] if quote.link else [])
    return " ".join([f"“{quote.text}”", *(f"<{url}>" for url in links)])


def _section(
    sheet: _Sheet, section: Section, *, why: Collection[Message] | None
) -> None:
    heading = " › ".join(section.heading) or _WORDS("say.start_of_page")
    operations = ", ".join(
        _WORDS.label("operation", name).lower() for name in section.operations
    )
    severity = _WORDS.label("severity", section.severity).lower()
    weight = (
        (f"  {severity}", _SEVERITY.get(section.severity, ""))
        if section.topics
        else ""
    )
    sheet.line((heading, "bold"), (f"  {operations}", "italic"), weight)
    for passage in section.passages:
        sheet.line(sheet.marked(runs(passage)), indent=2)
        if also := section.also(passage):
            sheet.line((_WORDS.places(also), "italic"), indent=4)
        for topic in passage.topics:
            evidence = [
                f"“{each['text']}”"
                for each in passage.evidence
                if each["topic"] == topic
            ]
            sheet.line(
                (_WORDS.label("topics", topic), "magenta"),
                f": {', '.join(evidence)}" if evidence else "",
                indent=4,
            )
        _why(
            sheet,
            (
                reason
                for reason in passage.why
                if why is not None and reason not in why
            ),
            indent=4,
        )


def _why(sheet: _Sheet, reasons: Iterable[Message], indent: int = 0) -> None:
    for reason in reasons:
        sheet.line(
            (f"{_WORDS('change.why').lower()}: {reason}", "dim"), indent=indent
        )


def _time(when: datetime) -> str:
    return f"{when:%Y-%m-%d %H:%M}"


_SHOWN = 200  # characters of a dropped text
_MARKS = {"heading": "# ", "item": "- ", "row": "| ", "paragraph": ""}


def show_page(console: Console, page: Page, *, dropped: bool) -> None:
    """In page order; `dropped` adds what was left out, in place, and why."""
    sheet = _Sheet(console)
    language = page.language or "language unknown"
    sheet.line((f"{page.title}  [{language}]", "bold"))
    left_out = {
        after: list(parts)
        for after, parts in groupby(page.dropped, key=lambda part: part.after)
    }
    for number in range(len(page.blocks) + 1):
        for part in left_out.get(number, ()) if dropped else ():
            text = sanitize(part.text)
            text = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
            sheet.line((f"left out ({part.reason}): {text}", "dim"))
        if number < len(page.blocks):
            block = page.blocks[number]
            style = "bold" if block.kind == "heading" else ""
            line = f"{_MARKS[block.kind]}{block.text}"
            sheet.line((line, style), indent=2 * len(block.heading))
    words = sum(len(block.text.split()) for block in page.blocks)
    parts = counted(len(page.dropped), "part was", "parts were")
    sizes = f"{counted(len(page.blocks), 'block')}, {counted(words, 'word')}"
    sheet.line((f"{sizes}; {parts} left out.", "dim"))
