"""Decides about a fetched text, by its page and the document's history, before anything is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlmodel import Session

from analysis.model import Comparison, Page, TooCostly, UnreadablePage
from analysis.page_json import page_from_json
from analysis.text.normal import fingerprint
from analysis.validate.rejection import (
    are_different_documents,
    bears_title,
    word_trigrams,
)
from foundation.vocabulary import Cause, NoticeKind, Outcome
from messages import Message
from policywatch.ingest.alerting import CONFIRMATIONS
from policywatch.ingest.drafts import ChangeDraft, draft_change, read_draft
from policywatch.ingest.extraction import (
    ExtractionConfig,
    Memory,
    PageCache,
    changed_lines,
    join_pages,
    keys_of_earlier,
)
from policywatch.ingest.noise import Turns, load_turns
from storage.captures import OPEN_TERMS_ARCHIVE, Capture, captures_from
from storage.changes import waiting_changes
from storage.checks import (
    HELD,
    Check,
    count_checks,
    last_kept,
    later_than,
    rejected_captures,
)
from storage.deliveries import notices_of
from storage.documents import Document, document, replaced_by
from storage.versions import (
    FROM_PAGE,
    Version,
    archive_name,
    current_version,
    is_read_as,
    numbered_version,
    numbers_around,
    pages_before,
    withdrawn_texts,
)

_SAME = 0.6  # of the longer text's words
_LONG = timedelta(days=7)
# reasons by which the text in force may be wrong, and by which the page may be incomplete
STORED_LOOKS_WRONG = frozenset(
    ("rejection.earlier", "rejection.grown", "rejection.other_page")
)
_PARTIAL = frozenset(
    (
        "rejection.most_gone",
        "rejection.twice",
        "rejection.stops",
        "rejection.title_last",
        "rejection.behind",
        "rejection.no_beginning",
        "rejection.no_end",
        "rejection.half",
    )
)


class ShownText(NamedTuple):
    """`later`: how many checks rejected one since."""

    captures: Sequence[Capture]
    at: datetime
    checks: int


def shown_texts(session: Session, row: Document) -> list[ShownText]:
    """Rejected texts since the last good check."""
    if row.failing_since is None:
        return []
    shown = []
    for notice in notices_of(session, NoticeKind.HELD, row.id):
        if notice.created_at >= row.failing_since and notice.check_id is not None:
            check = session.get_one(Check, notice.check_id)
            if check.capture_id is not None:
                captures = captures_from(session, check.capture_id)
                later = count_checks(
                    session, row.id, HELD, later_than(notice.check_id)
                )
                shown.append(ShownText(captures, check.checked_at, later))
    return shown


def has_stayed(
    reason: Message,
    page: Page,
    at: datetime,
    shown: Sequence[ShownText],
    config: ExtractionConfig,
    memory: Memory,
    *,
    is_only_text: bool,
) -> bool:
    """For three checks: it is then the document if only its novelty spoke against it, or if the only text in force
    looks wrong beside it; else after a week. A text that says it is no policy never is.
    """
    code = reason.code
    if code == "rejection.other_page" and not bears_title(page, config.title):
        return False
    if code == "rejection.unlike" or (is_only_text and code in STORED_LOOKS_WRONG):
        since = at
    elif code in _PARTIAL or code in STORED_LOOKS_WRONG:
        since = at - _LONG
    else:
        return False
    return any(
        each.at <= since
        and each.checks + 2 >= CONFIRMATIONS
        and says_the_same(each.captures, page, config, memory)
        for each in shown
    )


def preview(
    before: Page | None,
    page: Page,
    shown: Sequence[ShownText],
    config: ExtractionConfig,
    memory: Memory,
) -> list[str] | None:
    """Lines that a rejected text would change; None if the operator was shown an equal one: an error page with a new
    number is no news.
    """
    if any(says_the_same(each.captures, page, config, memory) for each in shown):
        return None
    return changed_lines(before, page) if before is not None else []


def says_the_same(
    captures: Sequence[Capture],
    page: Page,
    config: ExtractionConfig,
    memory: Memory,
) -> bool:
    """No difference would alert."""
    try:
        former = join_pages(config.extract_parts(captures, memory=memory))
    except UnreadablePage:
        return False
    if fingerprint(former.blocks) == fingerprint(page.blocks):
        return True
    then, now = word_trigrams(former.blocks), word_trigrams(page.blocks)
    if (then & now).total() < _SAME * max(then.total(), now.total()):
        return False
    return not config.compare(former, page).alert


EARLIER = 6  # versions that tell returns from news


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The text in force; `fetched` is the page if it alternates."""

    version: Version
    fetched: Page | None = None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An `is_costly` one is retried by some later checks, then only on request."""

    reason: Message
    is_costly: bool = False


@dataclass(frozen=True, slots=True)
class NeedsReview:
    """`preview` are lines it would change; None if the operator was shown them. `rejected_as` is the capture of an
    equal text that a person rejected.
    """

    reason: Message
    preview: list[str] | None
    rejected_as: int | None = None


@dataclass(frozen=True, slots=True)
class NewVersion:
    """An accepted text, and its difference from version `before` (none if incomparable): the `current` one, or the
    one that an announced text will replace.

    If the address now has another document, there is a `current` one but no `before`. `alerts`: subscribers may hear
    of it. `undoes` is the waiting change that it takes back. `is_first` of its source. Alternating passages (their
    keys) stand as in the current version; `fetched` is the page as it came.
    """

    page: Page
    cause: Cause
    current: Version | None = None
    before: Version | None = None
    draft: ChangeDraft | None = None
    alerts: bool = False
    undoes: int | None = None
    alternating: Sequence[str] = ()
    fetched: Page | None = None
    is_first: bool = False

    @property
    def outcome(self) -> Outcome:
        if self.is_first or self.draft is None:
            return Outcome.FIRST
        return (
            Outcome.CHANGED
            if self.draft.comparison.substantive
            else Outcome.COSMETIC
        )


Decision = Unchanged | Unreadable | NeedsReview | NewVersion


@dataclass(frozen=True, slots=True)
class History:
    """What the store knows of a document when a text comes.

    `former` are the captures of the text in force, by part; none if the watchlist's addresses or language changed, as
    then nobody can tell the service's changes. `earlier` are pages before the current version, oldest first;
    `replaced` is what an announced text will replace; `waiting` are changes with waiting alerts and the versions
    before them; `shown` are rejected texts the operator was shown, `rejected` those a person rejected, `withdrawn`
    captures of withdrawn versions by fingerprint; `turns` are recent turns.

    `is_first`: first of its source. `page_text` is the fingerprint of the page's own last text, if an archive's has
    replaced it since.
    """

    current: Version | None
    former: Sequence[Capture]
    earlier: Sequence[dict[str, Any]]
    replaced: Version | None
    waiting: Sequence[tuple[int, Version]]
    shown: Sequence[ShownText]
    rejected: Sequence[Sequence[Capture]]
    withdrawn: Mapping[str, int]
    turns: Turns
    is_first: bool
    page_text: str | None


def load_history(
    session: Session,
    check: Check,
    captures: Sequence[Capture],
    config: ExtractionConfig,
) -> History:
    document_id = check.document_id
    current = current_version(session, document_id)
    row = document(session, document_id)
    replaced = replaced_by(row)
    waiting = [
        (change.id, _version_before(session, document_id, change.version_id))
        for change in (waiting_changes(session) if current is not None else ())
        if change.document_id == document_id
    ]
    return History(
        current=current,
        former=_former_captures(session, current, captures, config)
        if current is not None
        else (),
        earlier=pages_before(session, document_id, current.number, EARLIER)
        if current is not None
        else (),
        replaced=current_version(session, replaced)
        if replaced is not None
        else None,
        waiting=waiting,
        shown=shown_texts(session, row),
        rejected=[
            captures_from(session, id_)
            for id_ in rejected_captures(session, document_id)
        ],
        withdrawn=withdrawn_texts(session, document_id)
        if current is not None
        else {},
        turns=load_turns(session, document_id, current, check.checked_at),
        is_first=current is None or _is_from_elsewhere(current, captures[0]),
        page_text=_page_text(session, current)
        if captures[0].source is None
        else None,
    )


def _is_from_elsewhere(current: Version, capture: Capture) -> bool:
    """Nobody saw when an imported text changed, and Open Terms Archive extracts by its own rules; copies of the
    Internet Archive are the page itself.
    """
    theirs, ours = archive_name(current.source), archive_name(capture.source)
    return theirs != ours and (
        current.imported or OPEN_TERMS_ARCHIVE in (theirs, ours)
    )


def _page_text(session: Session, current: Version | None) -> str | None:
    if current is None or current.source is None:
        return None
    own = current_version(session, current.document_id, FROM_PAGE)
    return own.fingerprint if own is not None else None


def _version_before(session: Session, document_id: str, version_id: int) -> Version:
    """The document's own one, not the one that an announced text will replace."""
    number, _ = numbers_around(
        session, document_id, session.get_one(Version, version_id).number
    )
    assert number is not None, "only a text that has one before it waits"
    return numbered_version(session, document_id, number)


def _former_captures(
    session: Session,
    current: Version,
    captures: Sequence[Capture],
    config: ExtractionConfig,
) -> list[Capture]:
    if not is_read_as(current.extractor, config.language):
        return []
    addresses = [capture.url for capture in captures]
    former = captures_from(session, current.capture_id)
    if [capture.url for capture in former] != addresses:
        former = captures_in_force(session, current)
    return former if [capture.url for capture in former] == addresses else []


def captures_in_force(session: Session, current: Version) -> list[Capture]:
    """Its own captures, or later ones from other addresses."""
    return captures_from(
        session,
        last_kept(session, current.document_id, current.id) or current.capture_id,
    )


def decide(
    captures: Sequence[Capture],
    history: History,
    config: ExtractionConfig,
    cache: PageCache | None = None,
) -> Decision:
    """Raises `TooCostly`."""
    current = history.current
    former = former_pages(history, config)
    try:
        pages = config.extract_parts(
            captures, memory=Memory.of(current), cache=cache
        )
    except TooCostly:
        raise
    except UnreadablePage as failure:
        return Unreadable(failure.reason)
    fetched = join_pages(pages)
    page, alternating = _held_still(fetched, history, config)
    if current is not None and current.fingerprint == fingerprint(page.blocks):
        return Unchanged(current, fetched if history.turns.rows else None)
    reason = config.reject_reason(
        captures, () if history.is_first else former, pages
    )
    if reason and not _replaced_by_a_person(page, history):
        memory = Memory.of(current)
        for rejected in history.rejected:
            if says_the_same(rejected, page, config, memory):
                return NeedsReview(reason, None, rejected_as=rejected[0].id)
        is_only = not history.earlier
        stayed = current is not None and has_stayed(
            reason,
            page,
            history.turns.at,
            history.shown,
            config,
            memory,
            is_only_text=is_only,
        )
        if not stayed:
            before = (
                None
                if current is None or history.is_first
                else page_from_json(current.page)
            )
            lines = preview(before, page, history.shown, config, memory)
            return NeedsReview(reason, lines)
        if is_only and reason.code in STORED_LOOKS_WRONG:
            return NewVersion(page, Cause.REPLACED, current, is_first=True)
    for text in (page, fetched) if current is not None else ():
        if (
            rejected_as := history.withdrawn.get(fingerprint(text.blocks))
        ) is not None:
            return NeedsReview(
                Message("held.withdrawn"), None, rejected_as=rejected_as
            )
    is_comparable = bool(former) and not captures[0].is_refiltered
    cause = Cause.PAGE if is_comparable or history.is_first else Cause.EXTRACTION
    version = new_version(
        page, history, config, cause=cause, is_comparable=is_comparable
    )
    is_own = is_comparable and captures[0].source is None
    if current is not None and is_own and _may_pass(version, fetched, history):
        return Unchanged(current, fetched)
    return replace(read(version, config), alternating=alternating, fetched=fetched)


def read(version: NewVersion, config: ExtractionConfig) -> NewVersion:
    """With a language model's reading, if subscribers may hear of it."""
    if version.draft is None or version.is_first or not version.alerts:
        return version
    return replace(version, draft=read_draft(version.draft, config))


def _may_pass(version: NewVersion, fetched: Page, history: History) -> bool:
    """Only text that seems to say nothing of the document came or went, and has not stayed."""
    current = version.current
    if version.draft is None or current is None or version.before is not current:
        return False
    return version.draft.comparison.may_pass and not history.turns.has_stayed(
        page_from_json(current.page), fetched
    )


def _replaced_by_a_person(page: Page, history: History) -> bool:
    """The page is back at its text from before a person's acceptance: it is the document, however unlike."""
    earlier = (page_from_json(each) for each in history.earlier)
    return history.turns.is_accepted and fingerprint(page.blocks) in {
        fingerprint(each.blocks) for each in earlier
    }


def _held_still(
    page: Page, history: History, config: ExtractionConfig
) -> tuple[Page, list[str]]:
    """With alternating passages as in the text in force, and their keys; unchanged if from another address, or if it
    undoes an unalerted change.
    """
    if not history.turns.rows:
        return page, []
    if (
        history.current is None
    ):  # differences between two first answers wait until they stay
        return history.turns.hold_still(replace(page, blocks=()), page)
    if not history.former:
        return page, []
    held, keys = history.turns.hold_still(
        page_from_json(history.current.page), page
    )
    if (
        held.blocks == page.blocks
        or _undone_change(page, history, config) is not None
    ):
        return page, []
    return held, keys


def former_pages(history: History, config: ExtractionConfig) -> list[Page]:
    """By part."""
    if history.current is None or not history.former:
        return []
    if len(history.former) == 1:
        return [page_from_json(history.current.page)]
    try:
        return config.extract_parts(
            history.former, memory=Memory.of(history.current)
        )
    except UnreadablePage:
        return []


def new_version(
    page: Page,
    history: History,
    config: ExtractionConfig,
    *,
    cause: Cause,
    is_comparable: bool,
) -> NewVersion:
    """The text as the next version, accepted at once or by a person.

    No alert if incomparable (the watchlist or an archive's extraction differs), for a page's first text after an
    archive's, or when it returns to its own text after an archive's copy. If a person accepts another document's
    text, it is compared with nothing.
    """
    current = history.current
    if current is None:
        before, comparison = _announced(
            page, Comparison(substantive=True, alert=True), history, config
        )
        draft = (
            draft_change(comparison)
            if before is not None and comparison.passages
            else None
        )
        return NewVersion(
            page,
            cause,
            before=before if draft else None,
            draft=draft,
            alerts=True,
            is_first=True,
        )
    in_force = page_from_json(current.page)
    if cause is Cause.ACCEPTED and are_different_documents(
        in_force, page, title=config.title
    ):
        return NewVersion(page, Cause.REPLACED, current, is_first=True)
    comparison = config.compare(
        in_force, page, earlier=keys_of_earlier(history.earlier)
    )
    if history.is_first:
        return NewVersion(
            page, cause, current, current, draft_change(comparison), is_first=True
        )
    before, comparison = _announced(page, comparison, history, config)
    is_comparable = is_comparable and history.page_text != fingerprint(page.blocks)
    if not is_comparable:
        comparison = replace(comparison, alert=False, returns=False)
    return NewVersion(
        page,
        cause,
        current,
        before or current,
        draft_change(comparison),
        alerts=is_comparable,
        undoes=_undone_change(page, history, config),
    )


def _announced(
    page: Page, since: Comparison, history: History, config: ExtractionConfig
) -> tuple[Version | None, Comparison]:
    """Compared with the text in force that it replaces.

    `since` is its difference from the last announced text; if that does not alert, neither does this. Without a
    comparable text in force (a summary, say), only `since` is known.
    """
    if history.replaced is None:
        return None, since
    comparison = config.compare(
        page_from_json(history.replaced.page), page, trusted=False
    )
    if comparison.held:
        return None, since
    return history.replaced, replace(
        comparison, alert=comparison.alert and since.alert
    )


def _undone_change(
    page: Page, history: History, config: ExtractionConfig
) -> int | None:
    """The oldest one before which the text was equal but for cosmetics."""
    for change_id, before in history.waiting:
        if before.fingerprint == fingerprint(page.blocks):
            return change_id
        if not config.compare(page_from_json(before.page), page).substantive:
            return change_id
    return None
