"""Stored captures are extracted again: after rules or selectors changed, without alerts, and to prove the stored texts."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from sqlalchemy.exc import NoResultFound
from sqlmodel import Session, col, select

from analysis.model import Page, TooCostly, UnreadablePage
from analysis.page_json import page_from_json, page_json
from analysis.text.lexicon import mentions_in
from analysis.text.normal import fingerprint
from analysis.validate.rejection import page_rejection
from foundation.vocabulary import Cause
from messages import Message
from policywatch.code_digest import code_digest
from policywatch.ingest.captures import add_change, add_version
from policywatch.ingest.decision import EARLIER, captures_in_force
from policywatch.ingest.drafts import ChangeDraft, draft_change, read_draft
from policywatch.ingest.extraction import (
    ExtractionConfig,
    Memory,
    join_pages,
    keys_of_earlier,
)
from policywatch.ingest.noise import hold_still, passage_keys
from storage.captures import Capture, captures_from, intact
from storage.changes import change_to, passages
from storage.database import Database
from storage.documents import Document, document
from storage.errors import DamagedCapture, DamagedText, isolate_errors
from storage.integrity import Damage, sample_of_day, text_damage
from storage.paragraphs import reindex
from storage.reviews import last_reviews, machine_values, put_edit
from storage.versions import (
    Version,
    current_version,
    enter_text,
    is_read_as,
    numbered_version,
    numbers_around,
    pages_before,
    versions,
    with_withdrawn,
)


def reprocess_current(
    database: Database, document_id: str, config: ExtractionConfig
) -> None:
    """Else the next check would mistake our progress for a change."""
    with database.reading() as session:
        current = current_version(session, document_id)
        assert current is not None, "a text in force has a version"
        captures = captures_in_force(session, current)
        former = page_before(session, current)
    # in another language than declared, only the next answer can be extracted
    page = (
        _page_again(current, captures, config, former)
        if is_read_as(current.extractor, config.language)
        else None
    )
    draft = None
    stored = page_from_json(current.page)
    if page is not None and fingerprint(page.blocks) != fingerprint(stored.blocks):
        draft = draft_change(config.compare(stored, page))
    with database.writing() as session:
        row = document(session, document_id)
        row.forget_validators()  # a 304 would hide what the new rules can't extract
        if page is None:
            return  # the version stands; the next check reports the reason
        if draft is None:
            session.get_one(Version, current.id).extractor = config.extractor
            return
        version = add_version(
            session,
            captures[0],
            config,
            page,
            current,
            Cause.EXTRACTION,
            imported=current.imported,
        )
        add_change(
            session,
            current,
            version,
            draft,
            Cause.EXTRACTION,
            detected_at=captures[0].fetched_at,
        )


def _page_again(
    version: Version,
    captures: Sequence[Capture],
    config: ExtractionConfig,
    former: Page | None,
) -> Page | None:
    """None if it fails, or if new rules find so little that a fetched text would be held."""
    try:
        page = extract_again(version, captures, config, former)
    except UnreadablePage:
        return None
    stored = page_from_json(version.page)
    if version.extractor == config.extractor or not page_rejection(
        page, before=stored, language=config.language, title=config.title
    ):
        return page
    return None


def extract_again(
    version: Version,
    captures: Sequence[Capture],
    config: ExtractionConfig,
    former: Page | None,
) -> Page:
    """After the `former` text, from which alternating passages are taken; nothing is taken from the version itself.
    Raises `UnreadablePage`.
    """
    memory = Memory.of_page(former)
    page = join_pages(config.extract_parts(captures, memory=memory))
    if not version.alternating:
        return page
    stands = {*passage_keys(page)}
    stood = {*passage_keys(page_from_json(version.page))}
    held = {key for key in version.alternating if (key in stands) != (key in stood)}
    before = replace(page, blocks=()) if former is None else former
    return hold_still(before, page, version.alternating, held)


class Preview(NamedTuple):
    """`rejection` says why a run would hold it."""

    version: Version
    page: Page
    draft: ChangeDraft
    rejection: Message | None


def preview(
    session: Session, document_id: str, config: ExtractionConfig
) -> Preview | None:
    """Of the text in force. Raises `UnreadablePage`."""
    current = current_version(session, document_id)
    if current is None:
        return None
    captures = captures_in_force(session, current)
    page = extract_again(current, captures, config, page_before(session, current))
    stored = page_from_json(current.page)
    rejection = page_rejection(
        page, before=stored, language=config.language, title=config.title
    )
    draft = draft_change(config.compare(stored, page))
    return Preview(current, page, draft, rejection)


def page_before(session: Session, version: Version) -> Page | None:
    """The previous version that still stands."""
    number, _ = numbers_around(session, version.document_id, version.number)
    if number is None:
        return None
    row = numbered_version(session, version.document_id, number)
    return page_from_json(row.page)


def differs_by_reader(
    page: Page,
    current: Version | None,
    captures: Sequence[Capture],
    config: ExtractionConfig,
    memory: Memory,
) -> bool:
    """From the one in force, of these `captures`, read with this `memory`."""
    if current is None or current.extractor == config.extractor:
        return False
    try:
        again = join_pages(config.extract_parts(captures, memory=memory))
    except UnreadablePage:
        return False
    return fingerprint(again.blocks) == fingerprint(page.blocks)


def reprocess_all(
    database: Database,
    configs: Mapping[str, ExtractionConfig],
    mistakes: list[Exception],
) -> Counter[str]:
    """Compare each with the one before, in place: numbers, addresses and sent alerts stay. Counts the versions `read`
    (`before`: by a stopped call); of these the `different`, with another text now, the `merged`, now equal to the one
    before, the `split`, which were, and the `unreadable`, also if most of their text would be lost.

    After a program error the rest of that document stays as it was. Needs `one_at_a_time`. A stopped call is continued
    by the next one under the same rules and watchlist.
    """
    total: Counter[str] = Counter()
    for document_id, config in configs.items():
        with isolate_errors(mistakes):
            total += _reprocess_document(database, document_id, config, mistakes)
    with database.writing() as session:
        for row in session.exec(
            select(Document).where(col(Document.rereading).is_not(None))
        ):
            row.rereading = None  # done: the next call starts again
    return total


def _rules_of(config: ExtractionConfig) -> str:
    """Of the program, and the document's settings."""
    program = code_digest("analysis", "messages")
    return hashlib.sha256(f"{program} {config!r}".encode()).hexdigest()[:16]


class _Text(NamedTuple):
    """`differs` is None if it can't be extracted, or lost most of its text."""

    version_id: int
    page: Page
    fingerprint: str
    differs: bool | None


def _reprocess_document(
    database: Database,
    document_id: str,
    config: ExtractionConfig,
    mistakes: list[Exception],
) -> Counter[str]:
    """A transaction for each version, its change and how far it is; none during extraction and comparison."""
    rules = _rules_of(config)
    with database.reading() as session:
        rows = versions(session, document_id)
        ids = [row.id for row in rows]
        document_row = session.get(Document, document_id)
        progress = (document_row and document_row.rereading) or {}
        if progress.get("rules") != rules or progress["version_id"] not in ids:
            progress = {}
        before = _stored(session, progress["version_id"]) if progress else None
    done = ids.index(before.version_id) + 1 if before else 0
    former_fingerprint = progress.get("former_fingerprint")
    counts = Counter[str](progress.get("counts"))
    counts["before"] = counts["read"]
    try:
        for row in rows[done:]:
            with database.reading() as session:
                text = _text_again(session, row, before, config, mistakes)
                draft = _draft_again(session, row, text, before, config)
            was_same = former_fingerprint == row.fingerprint
            is_same = before is not None and before.fingerprint == text.fingerprint
            counts.update(
                read=1,
                merged=is_same and not was_same,
                split=was_same and not is_same,
            )
            counts.update(
                different=text.differs is True, unreadable=text.differs is None
            )
            before, former_fingerprint = text, row.fingerprint
            with database.writing() as session:
                _rewrite(session, row, text, draft, config)
                session.get_one(Document, document_id).rereading = {
                    "rules": rules,
                    "version_id": row.id,
                    "former_fingerprint": former_fingerprint,
                    "counts": dict(counts),
                }
    finally:
        with database.writing() as session:
            reindex(session, document_id, mentions_in(config.language))
    return counts


def _stored(session: Session, version_id: int) -> _Text:
    row = session.get_one(Version, version_id)
    return _Text(version_id, page_from_json(row.page), row.fingerprint, False)


def _text_again(
    session: Session,
    row: Version,
    before: _Text | None,
    config: ExtractionConfig,
    mistakes: list[Exception],
) -> _Text:
    """A damaged capture is added to `mistakes`."""
    try:
        captures = intact(captures_from(session, row.capture_id))
        version, former = session.get_one(Version, row.id), before and before.page
        stored = page_from_json(version.page)
        page = _page_again(version, captures, config, former)
    except DamagedCapture as damaged:
        mistakes.append(damaged)
        page = None
    if page is None:
        return _stored(session, row.id)._replace(differs=None)
    text = fingerprint(page.blocks)
    return _Text(row.id, page, text, text != fingerprint(stored.blocks))


def _draft_again(
    session: Session,
    row: Version,
    text: _Text,
    before: _Text | None,
    config: ExtractionConfig,
) -> ChangeDraft | None:
    """None without a change."""
    change = change_to(session, text.version_id)
    if change is None:
        return None
    if before is None or change.before_id != before.version_id:
        before = _stored(
            session, change.before_id
        )  # that an announced text will replace
    keys = keys_of_earlier(
        pages_before(session, row.document_id, row.number - 1, EARLIER)
    )
    comparison = config.compare(before.page, text.page, earlier=keys)
    former = (change.brief.get("reader") or {}).get("question", "")
    return read_draft(draft_change(comparison), config, former=former)


def _rewrite(
    session: Session,
    row: Version,
    text: _Text,
    draft: ChangeDraft | None,
    config: ExtractionConfig,
) -> None:
    version = session.get_one(Version, row.id)
    # another language stays marked: the next answer is no change of it
    if text.differs is not None and is_read_as(row.extractor, config.language):
        version.extractor = config.extractor
    if text.fingerprint != version.fingerprint:
        version.fingerprint = text.fingerprint
        if version.cause != Cause.REPLACED:
            version.cause = Cause.EXTRACTION
    is_new = version.entry is None or page_json(text.page) != version.page
    if is_new and text.differs is not None:
        version.page = page_json(text.page)
        enter_text(session, version)
    change = change_to(session, text.version_id)
    if change is None or draft is None:
        return
    columns = draft.columns(alert=machine_values(change)["alert"])
    for name, value in columns.items():
        setattr(change, name, value)
    put_edit(change, last_reviews(session, [change.id]).get(change.id))
    for passage in passages(session, change.id):
        session.delete(passage)
    for passage in draft.passages:
        passage.change_id = change.id
    session.add_all(draft.passages)


_FORMER = 2  # a re-extracted version was read after the first

Configs = Mapping[str, ExtractionConfig]


def extraction_damage(
    day: int | None,
    configs: Configs,
    counts: Counter[bool | None],
    session: Session,
) -> Iterator[Damage]:
    """Of all versions, or of a `day`'s sample. `counts` gets the answers of `gives_text`."""
    with with_withdrawn(session):
        ids = session.exec(select(Version.id).order_by(col(Version.id))).all()
    if day is not None:
        ids = sample_of_day(ids, day)
    for id_ in ids:
        with with_withdrawn(session):
            version = session.get_one(Version, id_)
        answer = gives_text(session, version, configs)
        counts[answer] += 1
        if answer is False:
            about = f"the text of version {version.number} is not what its capture gives"
            yield Damage(
                version.document_id,
                f"{about}; `policywatch read --again` extracts it",
            )
        session.expunge(version)


def gives_text(session: Session, version: Version, configs: Configs) -> bool | None:
    """None if unknown: other rules extracted it, the document is no longer watched, or a capture is damaged or missing."""
    config = configs.get(version.document_id)
    if config is None or version.extractor != config.extractor:
        return None
    is_read = False
    try:
        captures = intact(captures_from(session, version.capture_id))
        stored = page_from_json(version.page)
        for former in _former(session, version):
            try:
                page = extract_again(version, captures, config, former)
            except TooCostly:
                return None
            except UnreadablePage:
                continue
            is_read = True
            if _words(page) == _words(stored):
                return True
    except (DamagedCapture, NoResultFound):
        return None
    except ValueError:  # of an invalid page
        return False
    return False if is_read and not version.alternating else None


def _former(session: Session, version: Version) -> Iterator[Page | None]:
    """Since then versions may have been withdrawn, or imported before it."""
    before = select(Version.page).where(
        Version.document_id == version.document_id,
        col(Version.number) < version.number,
    )
    with with_withdrawn(session):
        pages = session.exec(
            before.order_by(col(Version.number).desc()).limit(_FORMER)
        ).all()
    yield from map(page_from_json, pages)
    yield None


def _words(page: Page) -> list[str]:
    return [page.title or "", *(block.text for block in page.blocks)]


def require_texts(
    session: Session, versions: Sequence[Version], configs: Configs
) -> None:
    """Raises `DamagedText`."""
    damage = [*text_damage(session, [version.id for version in versions])]
    for version in versions:
        if damage or gives_text(session, version, configs) is False:
            raise DamagedText(version.number, version.document_id)
