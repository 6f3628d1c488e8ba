"""Imports the history of an Open Terms Archive repository into the store, document by document."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlmodel import Session

from analysis.model import Page, UnreadablePage
from messages import Message
from policywatch.config.errors import nearest
from policywatch.config.watchlist import Watchlist
from policywatch.ingest.archived import ArchivedText, Imported, import_document
from policywatch.ingest.extraction import Body, ExtractionConfig, extraction_configs
from policywatch.sources.layout import Archived, continued_by, documents, is_refiltered
from policywatch.sources.repository import NotAnArchive, Record, Repository
from storage.captures import OPEN_TERMS_ARCHIVE
from storage.database import Database
from storage.documents import Document, known
from storage.versions import first_own, last_import

Progress = Callable[
    [str, int], None
]  # a document, and how many more of its texts are done


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for: of one service, of some documents, each perhaps as TYPE=ID with the id that it has with us."""

    service: str | None = None
    documents: Sequence[str] = ()
    insists: bool = (
        False  # on ids that name no document of ours, and on a document of another kind
    )

    def wants(self, archived: Archived) -> bool:
        """Names are compared without regard to case."""
        if (
            self.service is not None
            and archived.service.casefold() != self.service.casefold()
        ):
            return False
        return not self.documents or self._named(archived) is not None

    def id_for(self, archived: Archived) -> str | None:
        """The id that was given for it."""
        return (self._named(archived) or "").partition("=")[2] or None

    def _named(self, archived: Archived) -> str | None:
        names = (archived.type.casefold(), archived.id)
        return next(
            (
                each
                for each in self.documents
                if each.partition("=")[0].casefold() in names
            ),
            None,
        )


@dataclass(frozen=True, slots=True)
class DocumentReport:
    """What became of one document; `continues` says that it is one of the watchlist."""

    id: str
    service: str
    type: str
    continues: bool
    in_archive: int
    left_out: int  # texts that are later than our own first, or were imported before
    done: Imported

    def json(self) -> dict[str, Any]:
        """For --json."""
        names = {
            name: getattr(self, name)
            for name in ("service", "type", "continues", "in_archive", "left_out")
        }
        counts = {
            name: getattr(self.done, name)
            for name in ("versions", "changes", "flagged", "same")
        }
        aside = [
            {
                "commit": text.mark,
                "recorded_at": text.recorded_at.isoformat(),
                "reason": str(reason),
            }
            for text, reason in self.done.set_aside
        ]
        return {"document": self.id, **names, **counts, "set_aside": aside}


def chosen(repository: Repository, wish: Wish) -> list[Archived]:
    """The documents that are asked for. Raises `NotAnArchive` where there is none, and says which there are."""
    available = documents(repository.records(), repository.name)
    wanted = [archived for archived in available if wish.wants(archived)]
    if not wanted:
        names = ", ".join(
            sorted({f"{each.service}/{each.type}" for each in available})[:20]
        )
        raise NotAnArchive(
            f"{repository.name} has no such service or document; it has {names}"
        )
    return wanted


def import_archive(
    database: Database,
    watchlist: Watchlist,
    repository: Repository,
    wanted: Sequence[Archived],
    wish: Wish,
    *,
    progress: Progress = lambda _document, _texts: None,
) -> Iterator[DocumentReport]:
    """One document after the other, so that each is done when it is reported.

    Raises `NotAnArchive` at a second document that would have the id of another: their histories must not mix; and
    at once where an id was given that is hardly meant.
    """
    if not wish.insists:
        _check_ids(database, watchlist, wanted, wish)
    configs = extraction_configs(watchlist)
    taken: dict[str, Archived] = {}
    for archived in wanted:
        id_, newest = wish.id_for(archived), _newest_page(repository, archived)
        language, title = (
            (newest.language or "en", newest.title) if newest else ("en", "")
        )
        if id_:
            entry = watchlist.document(id_)
        else:
            entry = continued_by(
                archived,
                watchlist.documents,
                language,
                title=title,
                repository=repository.name,
            )
        document_id = id_ or (entry.id if entry else archived.id)
        if (other := taken.setdefault(document_id, archived)) is not archived:
            names = (
                f"{other.service}/{other.type} and {archived.service}/{archived.type}"
            )
            raise NotAnArchive(
                f'{names} would both be {document_id}; give one its own id: --insist --document "{archived.type}=ID"'
            )
        if entry is None:
            _declare(database, document_id, archived, repository, language)
        config = (
            configs[entry.id] if entry else ExtractionConfig(archived.type, language)
        )
        left = past_records(database, document_id, archived.records)
        skipped = len(archived.records) - len(left)
        progress(document_id, skipped)
        texts = archived_texts(
            repository, left, entry.addresses[0] if entry else repository.name
        )
        done = import_document(
            database,
            document_id,
            config,
            texts,
            progress=partial(progress, document_id),
        )
        yield DocumentReport(
            document_id,
            archived.service,
            archived.type,
            entry is not None,
            len(archived.records),
            skipped,
            done,
        )


def _check_ids(
    database: Database, watchlist: Watchlist, wanted: Sequence[Archived], wish: Wish
) -> None:
    """An id that was given is that of a document of ours, of the same kind: a history is hard to take out again."""
    with database.reading() as session:
        kinds = {row.id: row.kind for row in known(session)}
    kinds |= {entry.id: entry.kind for entry in watchlist.documents}
    for archived in wanted:
        id_ = wish.id_for(archived)
        kind = kinds.get(id_ or "")
        if (
            id_ is None
            or kind == archived.kind
            or (kind and "other" in (kind, archived.kind))
        ):
            continue
        problem = f"is no document{nearest(id_, [*kinds])}"
        if kind:
            problem = f"is {kind}, and “{archived.type}” is {archived.kind}"
        raise NotAnArchive(
            f"{id_} {problem}. Nothing was taken; --insist takes it nevertheless"
        )


def _newest_page(repository: Repository, archived: Archived) -> Page | None:
    """The newest text that can be read, and whose language is known."""
    config = ExtractionConfig(archived.type, "en")
    for body in repository.texts(
        [record.blob for record in reversed(archived.records[-5:])]
    ):
        try:
            page = config.extract(Body(body or b"", "text/markdown"))
        except UnreadablePage:
            continue
        if page.language:
            return page
    return None


def _declare(
    database: Database,
    id_: str,
    archived: Archived,
    repository: Repository,
    language: str,
) -> None:
    """A document that is not watched: retired from the beginning, so that nothing asks why it is never checked."""
    names: dict[str, Any] = {
        "service": archived.service,
        "title": archived.type,
        "kind": archived.kind,
    }
    added_at = archived.records[0].recorded_at
    row = Document(
        id=id_,
        **names,
        url=repository.name,
        language=language,
        added_at=added_at,
        retired=True,
    )
    with database.writing() as session:
        if session.get(Document, id_) is None:
            session.add(row)


def past_records(
    database: Database, document_id: str, records: Sequence[Record]
) -> list[Record]:
    """Those that no import has read yet and that come before our own first text."""
    with database.reading() as session:
        left, own = (
            unread_records(session, document_id, records),
            first_own(session, document_id),
        )
    return [
        record for record in left if own is None or record.recorded_at < own.captured_at
    ]


def unread_records(
    session: Session, document_id: str, records: Sequence[Record]
) -> list[Record]:
    """Those after the mark, by their dates where the archive's history was rewritten since."""
    done = last_import(session, document_id, OPEN_TERMS_ARCHIVE)
    if done is None:
        return list(records)
    commits = [record.commit for record in records]
    if done.commit in commits:
        return list(records[commits.index(done.commit) + 1 :])
    return [record for record in records if record.recorded_at > done.recorded_at]


def archived_texts(
    repository: Repository, records: Sequence[Record], url: str
) -> Iterator[ArchivedText]:
    """The records with what the archive says of each; `url` is the page's. Raises `ArchiveUnreachable`."""
    for record, body in zip(
        records, repository.texts([record.blob for record in records]), strict=True
    ):
        yield ArchivedText(
            mark=record.commit,
            recorded_at=record.recorded_at,
            body=Message("archive.no_text") if body is None else body,
            source=f"{OPEN_TERMS_ARCHIVE}, {repository.name}, {record.commit[:12]}",
            url=url,
            address=f"{repository.name}#{record.commit}:{record.path}",
            refiltered=is_refiltered(record),
            headers=[("x-archive-commit", record.commit)],
        )
