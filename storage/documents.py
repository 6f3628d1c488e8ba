"""Documents: pages that are or were watched, with what the next request needs."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import JSON
from sqlmodel import Field, Session, SQLModel, col, func, select

from storage.columns import Condition
from storage.errors import UnknownDocument

_FEW = 1_000


class Declared(SQLModel):
    """Of a document, as its entry declares it; JSON and exports have it too."""

    id: str = Field(
        primary_key=True, schema_extra={"examples": ["parley/privacy-policy"]}
    )
    service: str = Field(schema_extra={"examples": ["Parley"]})
    title: str = Field(schema_extra={"examples": ["Privacy Policy"]})
    kind: str = Field(schema_extra={"examples": ["privacy-policy"]})
    language: str = Field(schema_extra={"examples": ["en"]})
    url: str = Field(schema_extra={"examples": ["https://parley.example/privacy"]})


DECLARED = frozenset(Declared.model_fields)


class Document(Declared, table=True):
    """Retired, not deleted, when the watchlist drops it."""

    __tablename__ = "documents"

    added_at: datetime
    retired: bool = False
    # of the answer with the text in force, never of one set aside: a 304 must mean "still the text that we show"
    etag: str | None = None
    last_modified: str | None = None
    # fingerprint of the markup that last gave the text in force, and of that text
    markup: str | None = None
    parts: list[dict[str, str | None]] | None = Field(default=None, sa_type=JSON)
    not_before: datetime | None = None
    # checks in a row without a valid text, since when, and when the operator was last alerted
    failures: int = 0
    failing_since: datetime | None = None
    alerted_at: datetime | None = None
    alert_after: int = 3
    rereading: dict[str, Any] | None = Field(
        default=None, sa_type=JSON(none_as_null=True)
    )

    entry: dict[str, Any] | None = Field(
        default=None, sa_type=JSON(none_as_null=True)
    )
    overrides: bool = False  # its entry takes the place of the file's
    paused: bool = False
    # by click, `passages` that a person called not of the document ([title above, text]), with `by`, `via`, `at`
    ignored: list[dict[str, Any]] | None = Field(
        default=None, sa_type=JSON(none_as_null=True)
    )
    asked_at: datetime | None = None

    thinned_to: int | None = None

    @property
    def addresses(self) -> list[str]:
        """`url` first; of several, the last valid ones."""
        return (
            [str(part["url"]) for part in self.parts] if self.parts else [self.url]
        )

    def forget_validators(self) -> None:
        self.etag = self.last_modified = self.markup = self.parts = None


def few(ids: Iterable[str]) -> list[str] | None:
    named = list(ids)
    return named if len(named) <= _FEW else None


def declare(session: Session, declared: Iterable[Document]) -> None:
    """Others are retired."""
    wanted = {document.id: document for document in declared}
    known = {document.id: document for document in session.exec(select(Document))}
    for gone in known.keys() - wanted.keys():
        known[gone].retired = True
    for id_, document in wanted.items():
        row = known.get(id_)
        if row is None:
            session.add(document)
            continue
        if row.url != document.url:
            row.forget_validators()
            row.not_before = None
        row.retired = False
        for name in DECLARED | {"alert_after"}:
            setattr(row, name, getattr(document, name))


def document(session: Session, id_: str) -> Document:
    row = session.get(Document, id_)
    if row is None:
        raise UnknownDocument(id_, [document.id for document in watched(session)])
    return row


def watched(session: Session) -> list[Document]:
    return list(
        session.exec(
            select(Document)
            .where(col(Document.retired).is_(False))
            .order_by(Document.id)
        )
    )


def edited(session: Session) -> list[Document]:
    is_edited = (
        col(Document.entry).is_not(None)
        | col(Document.ignored).is_not(None)
        | Document.paused
        | col(Document.asked_at).is_not(None)
    )
    return list(
        session.exec(select(Document).where(is_edited).order_by(Document.id))
    )


def is_asked(session: Session, since: datetime) -> bool:
    asked = select(Document.id).where(col(Document.asked_at) > since).limit(1)
    return session.exec(asked).first() is not None


def known(
    session: Session,
    services: Collection[str] = (),
    documents: Collection[str] = (),
) -> list[Document]:
    """All, if none are named."""
    wanted = (
        select(Document)
        .where(*matching(services=services, documents=documents))
        .order_by(Document.service, Document.id)
    )
    return list(session.exec(wanted))


def matching(
    *,
    services: Collection[str] = (),
    documents: Collection[str] = (),
    languages: Collection[str] = (),
) -> list[Condition]:
    """Conditions; empty ones match everything."""
    asked = (
        (Document.service, services),
        (Document.id, documents),
        (Document.language, languages),
    )
    return [col(column).in_(values) for column, values in asked if values]


def filter_choices(session: Session) -> dict[str, list[str]]:
    columns = {
        "services": Document.service,
        "languages": Document.language,
        "kinds": Document.kind,
    }
    return {
        name: sorted(session.exec(select(each).distinct()), key=str.casefold)
        for name, each in columns.items()
    }


def is_silent(row: Document) -> bool:
    return row.failures >= row.alert_after


def failing(session: Session, *, locked: bool = False) -> list[Document]:
    """`locked` until the transaction ends, without those another process is writing."""
    wanted = select(Document).where(
        Document.failures > 0, col(Document.retired).is_(False)
    )
    wanted = (
        wanted.with_for_update(skip_locked=True, key_share=True)
        if locked
        else wanted
    )
    return list(session.exec(wanted.order_by(Document.service, Document.id)))


def watched_counts(
    session: Session, names: Collection[str] = ()
) -> tuple[int, int]:
    counted = select(func.count(func.distinct(Document.service)), func.count())
    services, documents = session.exec(
        counted.where(col(Document.retired).is_(False), *matching(services=names))
    ).one()
    return services, documents


def untranslated_id(document: Document) -> str:
    """Of service/terms and service/terms.fr: service/terms."""
    return document.id.removesuffix(f".{document.language}")


PREVIEW = "preview"  # a document that announces
_MARK = f"/{PREVIEW}-"  # in its id


def may_announce(id_: str) -> bool:
    return _MARK in id_


def replaced_by(announced: Document) -> str | None:
    """By naming: service/preview-terms announces service/terms."""
    if announced.kind != PREVIEW or not may_announce(announced.id):
        return None
    return announced.id.replace(_MARK, "/", 1)


def family_id(document: Document) -> str:
    """The same for a document, its translations and their announced texts."""
    return (replaced_by(document) or document.id).removesuffix(
        f".{document.language}"
    )


def previews(
    session: Session, services: Collection[str] = ()
) -> list[tuple[Document, Document]]:
    wanted = select(Document).where(
        Document.kind == PREVIEW,
        col(Document.retired).is_(False),
        *matching(services=services),
    )
    announced = session.exec(wanted.order_by(Document.id)).all()
    pairs = [
        (each, session.get(Document, replaced_by(each) or "")) for each in announced
    ]
    return [(each, replaced) for each, replaced in pairs if replaced is not None]


def documents_page(
    session: Session,
    *,
    services: Collection[str] = (),
    languages: Collection[str] = (),
    after: str | None = None,
    limit: int,
) -> list[Document]:
    wanted = select(Document).where(
        *matching(services=services, languages=languages)
    )
    if after is not None:
        wanted = wanted.where(Document.id > after)
    return list(session.exec(wanted.order_by(Document.id).limit(limit)))


def services_page(
    session: Session, *, after: str | None = None, limit: int
) -> list[tuple[str, int]]:
    counted = (
        select(Document.service, func.count())
        .group_by(Document.service)
        .order_by(Document.service)
    )
    if after is not None:
        counted = counted.where(Document.service > after)
    return list(session.exec(counted.limit(limit)).all())


class AppliedWatchlist(SQLModel, table=True):
    """In one row: an edited one makes the next run work, though nothing is due."""

    __tablename__ = "applied_watchlist"

    id: int = Field(default=1, primary_key=True)
    digest: str


def applied_digest(session: Session) -> str | None:
    row = session.get(AppliedWatchlist, 1)
    return row.digest if row else None


def mark_applied(session: Session, digest: str) -> None:
    if applied_digest(session) != digest:
        session.merge(AppliedWatchlist(digest=digest))
