"""What people decide: to take or reject a held text, withdraw a version, review a change, ignore a passage."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from analysis.model import Page
from analysis.page_json import page_from_json
from analysis.text.lexicon import mentions_in
from analysis.text.normal import fingerprint
from foundation.vocabulary import Cause, NoticeKind, Outcome, ReviewState, State
from messages import counted
from policywatch.ingest.alerting import RoutesFor, add_alerts, routes_wanting
from policywatch.ingest.captures import record
from policywatch.ingest.checks import accept_check
from policywatch.ingest.decision import (
    NewVersion,
    captures_in_force,
    former_pages,
    load_history,
    new_version,
    read,
)
from policywatch.ingest.extraction import (
    ExtractionConfig,
    Memory,
    join_pages,
)
from policywatch.ingest.noise import passage_keys
from policywatch.ingest.reprocess import differs_by_reader, page_before
from storage.alternating import take_turns_back
from storage.captures import capture, captures_from
from storage.changes import (
    Change,
    StoredPassage,
    change,
    change_to,
    leave_event,
    passages,
)
from storage.checks import Check, check_that_brought, last_set_aside, reject_capture
from storage.clock import utc_now
from storage.database import AdvisoryLock, Database, take
from storage.deliveries import Alert, Delivery, cancel, carriers, send_correction
from storage.documents import Document, document
from storage.errors import StorageError, Unknown
from storage.journal import Action, Actor, enter
from storage.paragraphs import reindex
from storage.reviews import add_review, last_reviews, reviewed_together
from storage.versions import (
    Version,
    Withdrawal,
    current_version,
    numbered_version,
    version_heads,
)


class NothingHeld(StorageError):
    pass


def reject(
    database: Database,
    document_id: str,
    check_id: int | None = None,
    *,
    actor: Actor,
    now: Callable[[], datetime] = utc_now,
) -> Check:
    """It is neither shown nor announced again; `accept` still takes it.

    Raises `NothingHeld`, and `AnotherTextHeld` if a run replaced the text of `check_id`.
    """
    with database.writing() as session:
        check = held_check(session, document_id)
        if check_id is not None and check.id != check_id:
            raise AnotherTextHeld(
                f"another text of {document_id} was held while you were looking, so none was rejected"
            )
        reject_capture(session, document_id, check.capture_id or 0)
        enter(
            session,
            actor,
            Action.REJECT,
            document_id,
            at=now(),
            before={"check": check.id},
        )
        return check


class AnotherTextHeld(StorageError):
    """The person has seen another text."""


def held_check(session: Session, document_id: str) -> Check:
    """Rejected ones included. Raises `NothingHeld`."""
    document(session, document_id)
    check = last_set_aside(session, document_id)
    if check is None or check.outcome != Outcome.HELD or check.capture_id is None:
        raise NothingHeld(
            f"nothing is held for {document_id}: its last text was accepted, or could not be read at all"
        )
    return check


def held_text(
    session: Session, document_id: str, config: ExtractionConfig
) -> tuple[Check, NewVersion]:
    """What accepting it would write. Raises `NothingHeld`, and `UnreadablePage` where the capture gives no text now."""
    check = held_check(session, document_id)
    assert check.capture_id is not None
    captures = captures_from(session, check.capture_id)
    history = load_history(session, check, captures, config)
    current = history.current
    in_force = captures_in_force(session, current) if current is not None else []
    former = page_before(session, current) if current is not None else None
    session.commit()  # extracting is slow, and needs no connection
    page = join_pages(config.extract_parts(captures, memory=Memory.of(current)))
    is_comparable = bool(former_pages(history, config)) and not differs_by_reader(
        page, current, in_force, config, Memory.of_page(former)
    )
    version = new_version(
        page, history, config, cause=Cause.ACCEPTED, is_comparable=is_comparable
    )
    return check, read(version, config)


def accept(
    database: Database,
    document_id: str,
    config: ExtractionConfig,
    routes_for: RoutesFor,
    *,
    seen: Page,
    actor: Actor,
    now: Callable[[], datetime] = utc_now,
) -> Change | None:
    """Write the held text as the next version. Its change alerts like any other, unless only selectors made it, and
    is dated by the acceptance: it would be invisible to readers of recent changes otherwise.

    None without a text to compare it with. Needs `one_at_a_time`. Raises as `held_text` does, and `AnotherTextHeld`
    if a run replaced the text that was `seen`.
    """
    with database.reading() as session:  # others may write meanwhile
        held, decision = held_text(session, document_id, config)
        assert held.capture_id is not None
        held_capture = capture(session, held.capture_id)
    if fingerprint(decision.page.blocks) != fingerprint(seen.blocks):
        raise AnotherTextHeld(
            f"another text of {document_id} was held while you were looking, so nothing was taken: "
            f"`policywatch accept {document_id}` shows it"
        )
    with database.writing() as session:
        check = session.get_one(Check, held.id)
        before = current_version(session, document_id)
        change = record(
            session,
            check,
            decision,
            held_capture,
            config,
            routes_for,
            detected_at=now(),
        )
        accept_check(session, check)
        after = current_version(session, document_id)
        assert after is not None, "it was taken"
        former = {"version": before.number if before else None}
        enter(
            session,
            actor,
            Action.ACCEPT,
            document_id,
            at=now(),
            before=former,
            after={"version": after.number},
        )
        return change


class NotTheNewest(StorageError):
    """Another version follows it."""


@dataclass(frozen=True, slots=True)
class WithdrawalReport:
    """`corrected` counts addresses, `cancelled` alerts."""

    document: str
    version: int
    change: int | None
    corrected: int
    cancelled: int


def newest_version(session: Session, document_id: str, number: int) -> Version:
    """Raises `Unknown`, and `NotTheNewest`: later versions were compared with it."""
    document(session, document_id)
    version, current = (
        numbered_version(session, document_id, number),
        current_version(session, document_id),
    )
    assert current is not None, "a version stands"
    if current.id != version.id:
        raise NotTheNewest(
            f"version {current.number} of {document_id} was compared with what came before it: "
            f"`policywatch withdraw {document_id} {current.number}` withdraws that one first"
        )
    return version


def withdraw(
    database: Database,
    document_id: str,
    number: int,
    *,
    actor: Actor,
    reason: str = "",
    now: Callable[[], datetime] = utc_now,
) -> WithdrawalReport:
    """Withdraw the newest version in one transaction; the one before is in force again.

    Unsent alerts are cancelled, sent ones corrected. The capture stays, and the same text is set aside when it comes
    again. Needs `one_at_a_time`. Raises as `newest_version` does.
    """
    with database.writing() as session:
        take(session, AdvisoryLock.PLANNING)
        version = newest_version(session, document_id, number)
        change = change_to(session, version.id)
        corrected = cancelled = 0
        if change is not None:
            reached, cancelled = cancel(session, change.id, now())
            corrected = len(
                send_correction(session, change, reached, reason, now())
            )
            leave_event(session, change)
        _withdraw_text(session, version, change, reason, now())
        standing = current_version(session, document_id)
        values = {
            "version": standing.number if standing else None,
            "reason": reason,
        }
        enter(
            session,
            actor,
            Action.WITHDRAW,
            document_id,
            at=now(),
            before={"version": number},
            after=values,
        )
    return WithdrawalReport(
        document_id, number, change.id if change else None, corrected, cancelled
    )


def _withdraw_text(
    session: Session,
    version: Version,
    change: Change | None,
    reason: str,
    now: datetime,
) -> None:
    change_id = change.id if change is not None else None
    session.add(
        Withdrawal(
            version_id=version.id,
            change_id=change_id,
            reason=reason,
            withdrawn_at=now,
        )
    )
    session.flush()
    row = document(session, version.document_id)
    row.forget_validators()  # a 304 would mean the withdrawn text
    reject_capture(session, row.id, version.capture_id)
    check = check_that_brought(session, version.capture_id)
    standing = current_version(session, row.id)
    if check is not None and standing is not None:
        keys = passage_keys(page_from_json(standing.page))
        take_turns_back(session, row.id, check.id, check.checked_at, keys)
    reindex(session, row.id, mentions_in(row.language))


class EditedMeanwhile(StorageError):
    """Somebody reviewed the change after the words were shown that an edit takes the place of."""


def review(
    session: Session,
    change_id: int,
    state: ReviewState,
    *,
    note: str,
    by: str,
    at: datetime,
    actor: Actor,
    event: bool,
    edit: Mapping[str, Any] | None,
    seen: int,
    routes_for: RoutesFor,
    corrects: bool = False,
) -> list[int]:
    """Of the change, or of all of its event; the ids of those. `seen` is the id of the last review that the person
    saw, or 0; it matters for an `edit` alone, as entries of several people stand beside each other. `corrects`: who
    got the alert gets the edited words. Raises `Unknown`, `Withdrawn`, `EditedMeanwhile`.
    """
    take(session, AdvisoryLock.PLANNING)
    ids = reviewed_together(session, change_id, event=event)
    newest = max(
        (each.id for each in last_reviews(session, ids).values()), default=0
    )
    if edit is not None and newest > seen:
        raise EditedMeanwhile
    rows = [change(session, id_) for id_ in ids]
    wanted = {row.id: routes_wanting(session, row, routes_for) for row in rows}
    add_review(
        session,
        change_id,
        state,
        note=note,
        by=by,
        at=at,
        actor=actor,
        event=event,
        edit=edit,
    )
    for row in rows:
        if not row.waits and not _is_imported(session, row):
            add_alerts(session, row, routes_for, lambda: at, but=wanted[row.id])
    first = change(session, change_id)
    if corrects and first.brief.get("edit"):
        sent = [each for row in rows for each in reached(session, row.id)]
        send_correction(session, first, sent, "", at, NoticeKind.EDITED)
    return ids


def reached(session: Session, change_id: int) -> list[Delivery]:
    """The deliveries by which people got the change."""
    of_it = carriers(session, Alert.change_id == change_id)
    return [each for each in of_it if each.state == State.SENT]


def _is_imported(session: Session, row: Change) -> bool:
    heads = version_heads(session, [row.before_id, row.version_id])
    return any(head.imported for head in heads.values())


def ignore(
    session: Session,
    change_id: int,
    positions: Collection[int],
    *,
    actor: Actor,
    at: datetime,
) -> Document:
    """These passages of a change, in both texts where they were reworded or moved. What was sent stays; if nothing
    else of the change is left, what was not sent is cancelled. Raises `Unknown`.
    """
    row, all_of_it = change(session, change_id), passages(session, change_id)
    chosen = [each for each in all_of_it if each.position in positions]
    if len(chosen) < len({*positions}):
        raise Unknown(
            f"change {change_id} has {counted(len(all_of_it), 'passage')}; "
            f"`policywatch ignore {change_id}` lists them"
        )
    source = document(session, row.document_id)
    new = [each for each in chosen if ignored_by(source, each) is None]
    if found := [[*each] for each in _places(session, row, new)]:
        click = {"by": actor.name, "via": actor.via, "at": at.isoformat()}
        source.ignored = [*(source.ignored or ()), click | {"passages": found}]
        after = {"change": change_id, "passages": found}
        enter(session, actor, Action.IGNORE, source.id, at=at, after=after)
    if all(ignored_by(source, each) for each in all_of_it):
        cancel(session, change_id, at)
        row.waits = 0
    return source


def unignore(
    session: Session, document_id: str, when: str, *, actor: Actor, at: datetime
) -> None:
    """Take back what was ignored at that moment; nothing, if somebody else was faster. Raises `UnknownDocument`."""
    source = document(session, document_id)
    for click in source.ignored or ():
        if click["at"] == when:
            rest = [each for each in source.ignored or () if each is not click]
            source.ignored = rest or None
            before = {"passages": click["passages"]}
            enter(session, actor, Action.UNIGNORE, source.id, at=at, before=before)
            return


def ignored_by(source: Document, passage: StoredPassage) -> dict[str, Any] | None:
    """The click, if all the passage's words are ignored below its title."""
    wanted = {*_texts(passage)}
    for click in source.ignored or ():
        texts = {
            text
            for heading, text in click["passages"]
            if not heading or heading in passage.heading
        }
        if wanted <= texts:
            return click
    return None


def _texts(passage: StoredPassage) -> Iterator[str]:
    """Of several blocks, where paragraphs were split or joined."""
    for side in (passage.after, passage.before):
        if side:
            yield from side.split("\n")


def _places(
    session: Session, row: Change, chosen: Sequence[StoredPassage]
) -> Collection[tuple[str, str]]:
    """The title above each block, and its text."""
    places: dict[tuple[str, str], None] = {}
    for version_id in (row.version_id, row.before_id):
        page = page_from_json(session.get_one(Version, version_id).page)
        for passage, text in (
            (each, text) for each in chosen for text in _texts(each)
        ):
            blocks = [block for block in page.blocks if block.text == text]
            if blocks:
                at = tuple(passage.heading)
                block = max(
                    blocks,
                    key=lambda block: at[: len(block.heading)] == block.heading,
                )
                places[block.heading[-1] if block.heading else "", text] = None
    return places
