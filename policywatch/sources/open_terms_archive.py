"""Repositories of Open Terms Archive (Markdown files "Service/Document type.md"): their past and their news."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import ClassVar

from analysis.model import Page, UnreadablePage
from crawler.failures import CheckEnded
from crawler.targets import Fetched
from foundation.vocabulary import DocumentKind, Outcome
from messages import Message
from policywatch.config.additions import slug
from policywatch.config.errors import nearest
from policywatch.config.schema import DocumentEntry
from policywatch.config.watchlist import Watchlist
from policywatch.ingest.archived import ArchivedText
from policywatch.ingest.extraction import (
    ExtractionConfig,
    RawPage,
    extraction_configs,
)
from policywatch.sources.repository import (
    ArchiveUnreachable,
    NotAnArchive,
    Record,
    Repository,
    followed,
)
from policywatch.sources.source import (
    ArchiveChecks,
    ImportReport,
    Progress,
    import_past,
    is_new,
)
from storage.captures import OPEN_TERMS_ARCHIVE, REFILTERED
from storage.checks import VALID, from_source, newest_check
from storage.database import Database
from storage.documents import Document, known
from storage.versions import (
    OURS,
    Import,
    archive_name,
    current_version,
    last_import,
    mark_imported,
)

_KINDS: dict[str, DocumentKind] = {
    "privacy policy": "privacy-policy",
    "terms of service": "terms",
    "developer terms": "terms",
    "commercial terms": "terms",
    "trackers policy": "cookie-policy",
    "community guidelines": "guidelines",
}
# by the archive "Terms of Service"
_TERMS = (
    "terms of service",
    "terms of use",
    "user agreement",
    "terms and conditions",
    "terms",
)
# an unchanged page was extracted by other rules
_REFILTERED = re.compile(r"(?i)refilter|apply technical or declaration upgrade")


@dataclass(slots=True)
class Archived:
    """Oldest first."""

    service: str
    type: str
    records: list[Record] = field(default_factory=list)

    @property
    def id(self) -> str:
        """By naming: linkedin/privacy-policy."""
        return f"{slug(self.service)}/{slug(self.type)}"

    @property
    def kind(self) -> DocumentKind:
        """ "other" for an unknown type."""
        return _KINDS.get(self.type.casefold(), "other")


def is_refiltered(record: Record) -> bool:
    return _REFILTERED.match(record.subject) is not None


def _last_part(repository: str) -> str:
    """Equal for the address, folder and bundle of one repository."""
    return re.sub(r"\.(git|bundle)$", "", repository.rstrip("/")).rpartition("/")[2]


def _likeness(title: str, other: str) -> float:
    """The share of words in both."""
    words, others = ({*slug(each).split("-")} for each in (title, other))
    return len(words & others) / len(words | others)


def documents(records: Iterable[Record], name: str) -> list[Archived]:
    """By id. Raises `NotAnArchive` where no file fits the layout."""
    archived: dict[str, Archived] = {}
    others: list[str] = []
    for record in records:
        parts = record.path.split("/")
        if (
            len(parts) != 2
            or not parts[1].endswith(".md")
            or not slug(parts[0])
            or not slug(parts[1][:-3])
        ):
            others.append(record.path)
            continue
        archived.setdefault(
            record.path, Archived(parts[0], parts[1][:-3])
        ).records.append(record)
    if not archived:
        examples = f"; it has {', '.join(map(repr, others[:3]))}" if others else ""
        raise NotAnArchive(
            f"{name} is not laid out as a repository of versions of Open Terms Archive (Service/Document type.md)"
            f"{examples}. Its repositories of snapshots hold pages, not texts: take the one of versions."
        )
    for each in archived.values():
        each.records.sort(key=lambda record: record.place)
    return sorted(
        archived.values(), key=lambda each: (each.id, each.service, each.type)
    )


def continued_by(
    archived: Archived,
    watched: Iterable[DocumentEntry],
    language: str,
    *,
    title: str = "",
    repository: str = "",
) -> DocumentEntry | None:
    """The watched document with this history: the one that names its type; else of the same id; else the service's only
    one of that kind. Of several, the one that follows this `repository`, else the nearest by `title`.
    """
    entries, path = list(watched), f"{archived.service}/{archived.type}.md"
    named = [entry for entry in entries if entry.archive_path == path] or [
        entry for entry in entries if entry.id == archived.id
    ]
    following = [
        entry
        for entry in named
        if _last_part(entry.repository or "") == _last_part(repository)
    ]
    if named or archived.kind == "other":
        return max(
            following or named,
            key=lambda entry: _likeness(entry.title, title),
            default=None,
        )
    same = [
        entry
        for entry in entries
        if entry.service.casefold() == archived.service.casefold()
        and entry.kind == archived.kind
        and entry.language == language
    ]
    if archived.kind == "terms":
        general = archived.type.casefold() == "terms of service"
        same = [
            entry for entry in same if general and entry.title.casefold() in _TERMS
        ]
    return same[0] if len(same) == 1 else None


@dataclass(frozen=True, slots=True)
class ArchivedDocument:
    """`url` is its page's."""

    archive: ClassVar = OPEN_TERMS_ARCHIVE
    repository: Repository
    recorded: Sequence[Record]
    document: str
    url: str

    def texts(self, since: Import | None) -> Iterator[ArchivedText]:
        """After the mark; by date where the archive's history was rewritten. Raises `ArchiveUnreachable`."""
        commits = [record.commit for record in self.recorded]
        if since is not None and since.commit in commits:
            records = self.recorded[commits.index(since.commit) + 1 :]
        else:
            records = [
                each for each in self.recorded if is_new(each.recorded_at, since)
            ]
        name = self.repository.name
        bodies = self.repository.texts([record.blob for record in records])
        for record, body in zip(records, bodies, strict=True):
            address = f"{name}#{record.commit}:{record.path}"
            yield ArchivedText(
                record.commit,
                record.recorded_at,
                partial(self._page, record, body, address),
                f"{OPEN_TERMS_ARCHIVE}, {name}, {record.commit[:12]}",
                address,
            )

    def _page(
        self, record: Record, body: bytes | None, address: str
    ) -> Fetched | Message:
        if body is None:
            return Message("archive.no_text")
        headers = [("x-archive-commit", record.commit)]
        if is_refiltered(record):
            headers.append(REFILTERED)
        return Fetched(
            self.document,
            self.url,
            final_url=address,
            status=200,
            headers=headers,
            mime="text/markdown",
            charset="utf-8",
            body=body,
        )


@dataclass(frozen=True, slots=True)
class Selection:
    """A service, or documents, each perhaps as TYPE=ID with our id.

    `insists`: also under an unknown id, or a document of another kind.
    """

    service: str | None = None
    documents: Sequence[str] = ()
    insists: bool = False

    def wants(self, archived: Archived) -> bool:
        """Ignoring case."""
        service = self.service or archived.service
        if service.casefold() != archived.service.casefold():
            return False
        return not self.documents or self._named(archived) is not None

    def id_for(self, archived: Archived) -> str | None:
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


def chosen(repository: Repository, selection: Selection) -> list[Archived]:
    """Raises `NotAnArchive` with the available ones."""
    available = documents(repository.records(), repository.name)
    wanted = [archived for archived in available if selection.wants(archived)]
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
    selection: Selection,
    *,
    progress: Progress = lambda *_: None,
) -> Iterator[ImportReport]:
    """One document at a time. Raises `NotAnArchive` for ids that two documents share, and for a given id that is
    probably a mistake.
    """
    wanted = chosen(repository, selection)
    if not selection.insists:
        _check_ids(database, watchlist, wanted, selection)
    configs = extraction_configs(watchlist)
    taken: dict[str, Archived] = {}
    for archived in wanted:
        id_, newest = selection.id_for(archived), _newest_page(repository, archived)
        language = (newest and newest.language) or "en"
        if id_:
            entry = watchlist.document(id_)
        else:
            entry = continued_by(
                archived,
                watchlist.documents,
                language,
                title=newest.title if newest else "",
                repository=repository.name,
            )
        document_id = id_ or (entry.id if entry else archived.id)
        if (other := taken.setdefault(document_id, archived)) is not archived:
            names = f"{other.service}/{other.type} and {archived.service}/{archived.type}"
            raise NotAnArchive(
                f'{names} would both be {document_id}; give one its own id: --insist --document "{archived.type}=ID"'
            )
        if entry is None:
            _declare(database, document_id, archived, repository, language)
        config = (
            configs[entry.id]
            if entry
            else ExtractionConfig(archived.type, language)
        )
        url = entry.addresses[0] if entry else repository.name
        source = ArchivedDocument(repository, archived.records, document_id, url)
        count = len(archived.records)
        show = partial(progress, document_id, count)
        done = import_past(database, source, document_id, config, progress=show)
        yield ImportReport(
            document_id,
            archived.service,
            archived.type,
            entry is not None,
            count,
            done,
        )


def _check_ids(
    database: Database,
    watchlist: Watchlist,
    wanted: Sequence[Archived],
    selection: Selection,
) -> None:
    """One of ours, of the same kind: a history is hard to take out again."""
    with database.reading() as session:
        kinds = {row.id: row.kind for row in known(session)}
    kinds |= {entry.id: entry.kind for entry in watchlist.documents}
    for archived in wanted:
        id_ = selection.id_for(archived)
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
    """The newest readable text with a known language."""
    config = ExtractionConfig(archived.type, "en")
    newest = [record.blob for record in reversed(archived.records[-5:])]
    for body in repository.texts(newest):
        try:
            page = config.extract(RawPage(body or b"", "text/markdown"))
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
    """Retired from the beginning: nothing reports it as unchecked."""
    row = Document(
        id=id_,
        service=archived.service,
        title=archived.type,
        kind=archived.kind,
        url=repository.name,
        language=language,
        added_at=archived.records[0].recorded_at,
        retired=True,
    )
    with database.writing() as session:
        if session.get(Document, id_) is None:
            session.add(row)


def follow(
    database: Database,
    entries: Sequence[DocumentEntry],
    configs: Mapping[str, ExtractionConfig],
    folder: Path,
    mistakes: list[Exception],
) -> Iterator[tuple[str, list[int]]]:
    """Each document's id and checks; clones are kept in `folder`."""
    for address in dict.fromkeys(entry.repository or "" for entry in entries):
        here = [entry for entry in entries if entry.repository == address]
        fetch, resting = (
            cache(partial(_fetched, address, folder, here)),
            list[Exception](),
        )
        for entry in here:
            checks = ArchiveChecks(
                database,
                entry.id,
                f"{OPEN_TERMS_ARCHIVE}, {address}, {entry.archive_path}",
                resting,
            )
            read = partial(
                _news, fetch=fetch, entry=entry, config=configs[entry.id]
            )
            yield entry.id, checks.attempt(read, mistakes)


_History = tuple[Repository, Mapping[str, Sequence[Record]]]  # records by path


def _fetched(
    address: str, folder: Path, entries: Sequence[DocumentEntry]
) -> _History:
    allow_private = all(entry.allow_private for entry in entries)
    repository = followed(address, folder, allow_private=allow_private)
    records: dict[str, list[Record]] = {
        entry.archive_path or "": [] for entry in entries
    }
    for record in repository.records([*records]):
        records[record.path].append(record)
    for run in records.values():
        run.sort(key=lambda record: record.place)
    return repository, records


def _news(
    checks: ArchiveChecks,
    *,
    fetch: Callable[[], _History],
    entry: DocumentEntry,
    config: ExtractionConfig,
) -> list[int]:
    """`fetch` does so once in a run for all documents, whether it fails or not.

    Texts from before the first good check are history and alert nobody. A text is marked as read in its check's
    transaction, so that a killed run loses and repeats none.
    """
    try:
        repository, records = fetch()
    except Exception as failure:
        if not isinstance(failure, ArchiveUnreachable):  # which rests anyway
            checks.resting.append(failure)
        raise
    path = entry.archive_path or ""
    if not records[path]:
        reason = Message("archive.no_document", name=repository.name, path=path)
        raise CheckEnded(Outcome.GONE, reason)
    source = ArchivedDocument(
        repository, records[path], entry.id, entry.addresses[0]
    )
    database, id_ = checks.database, checks.document_id
    with database.reading() as session:
        was_read = newest_check(session, id_, from_source(checks.source), VALID)
        current = current_version(session, id_)
        since = last_import(session, id_, OPEN_TERMS_ARCHIVE)
    if was_read is None or current is None:
        import_past(database, source, id_, config)
        return [_first_check(checks, source.recorded[-1])]
    is_ours = archive_name(current.source) != OPEN_TERMS_ARCHIVE
    return [
        checks.take(text, text.load())
        for text in source.texts(since)
        if not (since is None or is_ours) or text.recorded_at > current.captured_at
    ] or [checks.repeat()]


def _first_check(checks: ArchiveChecks, newest: Record) -> int:
    id_ = checks.document_id
    with checks.database.writing() as session:
        version = current_version(session, id_)
        if current_version(session, id_, OURS) is not None:
            # the page's own history goes on from here
            mark_imported(
                session, id_, OPEN_TERMS_ARCHIVE, newest.commit, newest.recorded_at
            )
    if version is None:
        return checks.end(Outcome.UNREADABLE, Message("archive.no_text"))
    return checks.end(Outcome.FIRST)
