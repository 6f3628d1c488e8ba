"""Whether stored texts match their captures, by extracting them again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy.exc import NoResultFound
from sqlmodel import Session, col, select

from analysis.model import Page, TooCostly, UnreadablePage
from analysis.page_json import page_from_json
from policywatch.ingest.extraction import ExtractionConfig
from policywatch.ingest.reprocess import extract_again
from storage.captures import captures_from, intact
from storage.errors import DamagedCapture, DamagedText
from storage.integrity import Damage, sample_of_day, text_damage
from storage.versions import Version
from storage.withdrawals import with_withdrawn

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
            about = (
                f"the text of version {version.number} is not what its capture gives"
            )
            yield Damage(
                version.document_id, f"{about}; `policywatch read --again` extracts it"
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
