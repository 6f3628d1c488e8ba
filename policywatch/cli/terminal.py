"""Changes in the terminal: coloured where there is colour, plain text with wdiff's marks where there is none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text
from sqlmodel import Session

from analysis.classify.verdict import Verdict
from analysis.model import Comparison
from messages import ENGLISH, Message, catalogue
from notifier.presentation import answered_questions, date_key, reasons
from policywatch.ingest.drafts import change_columns, stored_passages
from policywatch.inline_diff import Piece, Section, flagged_first, pieces
from policywatch.sanitize import harmless
from policywatch.second_opinion import SecondOpinion, second_opinion
from storage.announced import Announcement, announcements
from storage.captures import addresses, capture_records
from storage.change_list import ChangesPage, ListedChange, changes_to
from storage.changes import Change, StoredPassage, change, passages
from storage.checks import Check, last_check
from storage.documents import Document, document
from storage.versions import Version, version_heads, versions

WIDEST = 100  # columns; longer lines are hard to read
_CONTEXT = 30  # words of unchanged text that stay on each side of a mark
_SEVERITY = {"high": "bold red", "medium": "bold yellow", "low": "bold cyan"}
_MARK = {"removed": "red strike", "added": "green underline", "same": ""}
_PLAIN = {"removed": ("[-", "-]"), "added": ("{+", "+}"), "same": ("", "")}


class _Sheet:
    """Writes paragraphs to a console, indented and wrapped on a terminal, one a line when piped."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self.is_coloured = console.is_terminal and not console.no_color and console.color_system is not None
        self.words = catalogue(ENGLISH)

    def line(self, *parts: str | tuple[str, str] | Text, indent: int = 0) -> None:
        """A paragraph of words, each plain, with a style, or ready. What they say is made harmless here."""
        text = Text(no_wrap=not self._console.is_terminal, overflow="fold")
        for part in parts:
            if isinstance(part, Text):
                text.append_text(part)
            else:
                words, style = part if isinstance(part, tuple) else (part, "")
                text.append(self.safe(words), style)
        if not self._console.is_terminal:
            text.pad_left(indent)
            self._console.print(text, soft_wrap=True)
            return
        width = min(self._console.width, WIDEST)
        self._console.print(Padding(text, (0, 0, 0, indent), expand=False), width=width)

    def gap(self) -> None:
        self._console.print()

    def rule(self) -> None:
        self.line(("-" if self._console.options.ascii_only else "─") * min(self._console.width, WIDEST), "")

    def safe(self, text: str) -> str:
        """Harmless, and only of characters that the console's encoding has."""
        encoding = self._console.encoding
        return harmless(text).encode(encoding, "replace").decode(encoding)

    def marked(self, parts: Iterable[Piece]) -> Text:
        """A word diff; where there is no colour, the words that decided a topic are left to the line below."""
        text = Text()
        if self.is_coloured:
            last = "same"
            for part in parts:
                if (last, part.tag) == ("removed", "added"):
                    text.append(" ")  # the new word must not look like the end of the old one
                last = part.tag
                evidence = "bold reverse" if part.topics else ""
                text.append(self.safe(part.text), f"{_MARK[part.tag]} {evidence}".strip())
            return text
        for tag, run in groupby(parts, key=lambda part: part.tag):
            before, after = _PLAIN[tag]
            text.append(f"{before}{self.safe(''.join(part.text for part in run))}{after}")
        return text

    def table(self, rows: Sequence[tuple[str, Sequence[str]]], indent: int = 2) -> None:
        """Names and what stands behind them, in two columns where there is a width to keep."""
        if not self._console.is_terminal:
            for name, said in rows:
                self.line(f"{name}: {', '.join(said)}", indent=indent)
            return
        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_column(style="dim", max_width=min(self._console.width, WIDEST) // 3)
        grid.add_column(overflow="fold")
        for name, said in rows:
            for number, each in enumerate(said):
                grid.add_row(Text(self.safe(name) if number == 0 else ""), Text(self.safe(each)))
        self._console.print(Padding(grid, (0, 0, 0, indent)), width=min(self._console.width, WIDEST))


def show_history(console: Console, session: Session, document_id: str) -> None:
    """A document's versions, newest first, each with what changed. Raises `UnknownDocument`."""
    sheet = _Sheet(console)
    row = document(session, document_id)
    made = versions(session, document_id)
    brought = changes_to(session, [each.id for each in made if each.id is not None])
    _document_head(sheet, row)
    _last_check(sheet, last_check(session, document_id))
    if not made:
        sheet.gap()
        sheet.line(sheet.words("terminal.no_versions"))
    for version in reversed(made):
        assert version.id is not None
        sheet.gap()
        _version_entry(sheet, version, brought.get(version.id))
    if brought:
        sheet.gap()
        sheet.line((sheet.words("terminal.show_with"), "dim"))


def show_changes(console: Console, page: ChangesPage) -> None:
    """A page of the list of changes, newest first, each as in a history, with where it was found."""
    sheet = _Sheet(console)
    for row in page.rows:
        _change_entry(sheet, row.change.detected_at, "", row, named=True)
        sheet.gap()
    sheet.line((sheet.words("terminal.show_with"), "dim"))
    if page.older:
        sheet.line((sheet.words("terminal.older_with", place=page.older), "dim"))


def show_change(console: Console, session: Session, change_id: int, *, why: bool = False) -> None:
    """A change: what it means, the flagged passages, then the rest. `why` adds the reasons for the classification.

    Raises `UnknownChange`.
    """
    sheet = _Sheet(console)
    row = change(session, change_id)
    heads = version_heads(session, [row.before_id, row.version_id, row.returns_to or row.version_id])
    of = document(session, row.document_id)
    sheet.line((sheet.words("change.number", n=change_id), "bold"), " · ", of.service, " · ", of.title)
    _facts(sheet, row, heads, of)
    if told := announcements(session, [row]).get(change_id):
        sheet.line(sheet.words("say.announced", date=sheet.words.day(told.day)))
    _why(sheet, reasons(row.brief) if why else ())
    _brief(sheet, row.brief)
    _second(sheet, second_opinion(session, change_id))
    _passages(sheet, passages(session, change_id), of.title, why=reasons(row.brief) if why else None)
    sheet.gap()
    sheet.rule()
    captures = capture_records(session, heads[row.version_id].capture_id)
    _source(sheet, addresses(captures, of.url), row, heads)


def show_comparison(console: Console, found: Comparison, *, why: bool = False) -> None:
    """What a change between two texts would be, in the manner of `show_change`."""
    sheet = _Sheet(console)
    if found.held:
        sheet.line((sheet.words("terminal.held"), "bold"), f": {found.held}")
        if found.passages:
            counts = sheet.words.operations(Counter(passage.operation for passage in found.passages))
            sheet.line(sheet.words("terminal.held_passages", passages=counts))
        return
    row = Change(cause="page", **change_columns(found))
    sheet.line(*(_weight(sheet, row) if found.passages else (sheet.words("change.no_passages"),)))
    _why_high(sheet, row)
    if about := _about(sheet, row, ""):
        sheet.line(about)
    _why(sheet, found.why if why else ())
    _brief(sheet, row.brief)
    _passages(sheet, stored_passages(found.passages), "", why=found.why if why else None)


def _passages(sheet: _Sheet, found: list[StoredPassage], title: str, *, why: Collection[Message] | None) -> None:
    """`why` holds the reasons of the whole change, which no passage says again; without it none says any."""
    flagged, others = flagged_first(found, title)
    for section in flagged:
        sheet.gap()
        sheet.rule()
        _section(sheet, section, why=why)
    if others:
        sheet.gap()
        sheet.rule()
        number = sum(section.places for section in others)
        sheet.line((f"{sheet.words('terminal.others')} ({number})", "bold"))
    for section in others:
        sheet.gap()
        _section(sheet, section, why=why)


def _document_head(sheet: _Sheet, row: Document) -> None:
    sheet.line((row.service, "bold"), " · ", (row.title, "bold"), (f"  {row.id} ({row.language})", "dim"))
    for url in row.addresses:
        sheet.line((url, "dim"))


def _last_check(sheet: _Sheet, check: Check | None) -> None:
    if check is None:
        sheet.line(sheet.words("outcome.never"))
        return
    outcome = sheet.words.label("outcome", check.outcome or "unread").lower()
    reason = f": {check.reason}" if check.reason else ""
    sheet.line(f"{sheet.words('terminal.last_check')} {_time(check.checked_at)} UTC, {outcome}{reason}")


def _version_entry(sheet: _Sheet, version: Version, found: ListedChange | None) -> None:
    name = f"version {version.number}"
    if found is None:
        when = (f"{_time(version.captured_at)} UTC", "bold")
        sheet.line(when, f"  {name}  ", (sheet.words("terminal.first_text") if version.number == 1 else "", "dim"))
        if version.source:
            sheet.line((version.source, "dim"), indent=2)
        return
    _change_entry(sheet, version.captured_at, f"  {name}", found, named=False)
    if version.source:
        sheet.line((version.source, "dim"), indent=2)


def _change_entry(sheet: _Sheet, at: datetime, name: str, row: ListedChange, *, named: bool) -> None:
    """`named`: with the document that it is of."""
    found, of = row.change, row.document
    number = sheet.words("change.number", n=found.id).lower()
    sheet.line((f"{_time(at)} UTC", "bold"), f"{name}  {number}  ", *_weight(sheet, found))
    if named:
        sheet.line(of.service, " · ", of.title, (f"  {of.id} ({of.language})", "dim"), indent=2)
    for said in (sheet.words.headline(found.brief), _about(sheet, found, of.kind, row.announced)):
        if said:
            sheet.line(said, indent=2)
    if row.counts:
        sheet.line((sheet.words.operations(row.counts), "dim"), indent=2)


def _weight(sheet: _Sheet, found: Change) -> list[tuple[str, str]]:
    if not found.substantive:
        return [(sheet.words("changes.form_only"), "dim")]
    if found.severity == "none":
        return [(sheet.words("changes.not_about"), "dim")]
    severity = sheet.words.label("severity", found.severity).upper()
    direction = sheet.words.direction(found.direction)
    return [(severity, _SEVERITY.get(found.severity, "bold")), (f"  {direction}", "")]


def _why_high(sheet: _Sheet, found: Change) -> None:
    if reasons := sheet.words.why_high(found.brief):
        sheet.line(reasons)


def _about(sheet: _Sheet, found: Change, kind: str, announced: Announcement | None = None) -> str:
    said = [sheet.words.label("topics", topic) for topic in found.topics]
    if found.effective_date is not None:
        key = date_key(found, kind)
        said.append(sheet.words(f"changes.{key}", date=found.effective_date.isoformat()))
    if announced is not None:
        said.append(sheet.words("changes.announced", date=announced.day.isoformat()))
    if found.cause != "page":
        said.append(sheet.words.label("cause", found.cause))
    return " · ".join(said)


def _facts(sheet: _Sheet, row: Change, heads: dict[int, Version], of: Document) -> None:
    sheet.line(*_weight(sheet, row))
    _why_high(sheet, row)
    about = _about(sheet, row, of.kind)
    if about:
        sheet.line(about)
    if row.returns_to is not None:
        sheet.line(sheet.words("change.returns", n=heads[row.returns_to].number))
    if row.waits:
        sheet.line(sheet.words("change.waits"))


def _brief(sheet: _Sheet, brief: dict[str, Any]) -> None:
    if meaning := sheet.words.headline(brief):
        sheet.gap()
        sheet.line((meaning, "bold"))
    rows: list[tuple[str, list[str]]] = []
    if default := brief.get("default"):
        rows.append((sheet.words("brief.default"), [sheet.words(f"brief.{default}")]))
    for key, gone, quotes in answered_questions(brief):
        rows.append((sheet.words.question(key, gone=gone), [_quote(quote) for quote in quotes]))
    if rows:
        sheet.gap()
        sheet.table(rows)


def _second(sheet: _Sheet, opinion: SecondOpinion | None) -> None:
    if opinion is None:
        return
    sheet.gap()
    sheet.line((f"{sheet.words('brief.retold')} ({opinion.model}):", "dim"))
    sheet.line(_classification(sheet, opinion.verdict), indent=2)
    for language, text in opinion.meanings.items():
        sheet.line(f"{text} ({language})", indent=2)


def _classification(sheet: _Sheet, verdict: Verdict) -> str:
    if not verdict.alert:
        return sheet.words("changes.not_about")
    return sheet.words.classification(verdict.severity, verdict.direction, verdict.topics)


def _quote(quote: Mapping[str, Any]) -> str:
    return f"“{quote['text']}”" + (f" <{quote['link']}>" if quote.get("link") else "")


def _section(sheet: _Sheet, section: Section, *, why: Collection[Message] | None) -> None:
    heading = " › ".join(section.heading) or sheet.words("say.start_of_page")
    operations = ", ".join(sheet.words.label("operation", each).lower() for each in section.operations)
    severity = sheet.words.label("severity", section.severity).lower()
    weight = (f"  {severity}", _SEVERITY.get(section.severity, "")) if section.topics else ""
    sheet.line((heading, "bold"), (f"  {operations}", "italic"), weight)
    for passage in section.passages:
        _passage(sheet, passage, section.also(passage), why=why)


def _passage(sheet: _Sheet, passage: StoredPassage, also: Sequence[str], *, why: Collection[Message] | None) -> None:
    sheet.line(sheet.marked(_folded(pieces(passage))), indent=2)
    if also:
        sheet.line((sheet.words.places(also), "italic"), indent=4)
    for topic in passage.topics:
        said = [f"“{each['text']}”" for each in passage.evidence if each["topic"] == topic]
        sheet.line((sheet.words.label("topics", topic), "magenta"), f": {', '.join(said)}", indent=4)
    _why(sheet, (reason for reason in passage.why if why is not None and reason not in why), indent=4)


def _why(sheet: _Sheet, reasons: Iterable[Message], indent: int = 0) -> None:
    for reason in reasons:
        sheet.line((f"{sheet.words('change.why').lower()}: {reason}", "dim"), indent=indent)


def _folded(parts: Sequence[Piece]) -> list[Piece]:
    """Long unchanged text shortened to its ends that touch a mark."""
    folded = []
    for k, part in enumerate(parts):
        words = part.text.split(" ")
        if part.tag != "same" or part.topics or len(words) <= 2 * _CONTEXT + 5:
            folded.append(part)
            continue
        start = " ".join(words[:_CONTEXT]) if k > 0 or len(parts) == 1 else ""
        end = " ".join(words[-_CONTEXT:]) if k < len(parts) - 1 else ""
        folded.append(Piece("same", " ".join(each for each in (start, "[…]", end) if each)))
    return folded


def _source(sheet: _Sheet, urls: Sequence[str], row: Change, heads: dict[int, Version]) -> None:
    before, after = heads[row.before_id], heads[row.version_id]
    for version in (before, after):
        captured = sheet.words("change.captured", moment=f"{_time(version.captured_at)} UTC")
        sheet.line(f"version {version.number}, {captured}")
    for url in urls:
        sheet.line((url, "dim"))


def _time(when: datetime) -> str:
    return f"{when:%Y-%m-%d %H:%M}"
