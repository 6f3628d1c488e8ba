"""The store as a data set: compressed JSON Lines or CSV, with a file of texts for each document."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Literal, NamedTuple

from pydantic import TypeAdapter, ValidationError

from policywatch.atomic_file import published, replace_file, replacement
from policywatch.views.json_models import (
    ChangeHead,
    CheckJson,
    DocumentJson,
    PlacedPassage,
    Shape,
    VersionText,
)
from policywatch.views.serializer import (
    all_changes,
    cell,
    csv_line,
    documents_json,
    passage_json,
    version_texts,
)
from storage.change_list import ChangeFilter, PassagePlace, passages_page
from storage.checks import checks_after
from storage.database import Database
from storage.documents import Document
from storage.versions import state_of_texts, versions_of_document

MANIFEST = "manifest.json"
_AT_ONCE = 500  # rows
_OF_A_CHECK = {*CheckJson.model_fields} - {"document"}

Form = Literal["jsonl", "csv"]


class _File(NamedTuple):
    """An equal `state` gives an equal file."""

    rows: int
    sha256: str
    state: str


_MANIFEST = TypeAdapter(dict[str, _File])


class Exported(NamedTuple):
    written: int
    unchanged: int
    rows: int


def export_data(
    database: Database,
    folder: Path,
    documents: Sequence[Document],
    *,
    form: Form,
    progress: Callable[[str], None],
) -> Exported:
    """Unchanged texts of an earlier or interrupted export stay. Raises `OSError`."""
    ids = [row.id for row in documents]
    wanted = ChangeFilter(document=ids, cosmetic=True)
    tables: dict[str, tuple[type[Shape], Iterator[Shape]]] = {
        "documents": (DocumentJson, _documents(database, documents)),
        "changes": (ChangeHead, all_changes(database, wanted)),
        "passages": (PlacedPassage, _passages(database, wanted)),
        "checks": (CheckJson, _checks(database, ids)),
    }
    known = _read_manifest(folder)
    files: dict[str, _File] = {}
    written = 0
    with published():
        for row in documents:
            name = f"versions/{row.id}.{form}.gz"
            with database.reading() as session:
                state = state_of_texts(session, row.id)
            if (
                name in known
                and known[name].state == state
                and (folder / name).exists()
            ):
                files[name] = known[name]
                continue
            progress(name)
            texts = _texts(database, row.id)
            files[name] = _write(folder / name, form, VersionText, texts, state)
            written += 1
            _write_manifest(folder, known | files)
        for table, (shape, rows) in tables.items():
            name = f"{table}.{form}.gz"
            progress(name)
            files[name] = _write(folder / name, form, shape, rows, "")
            written += 1
        _write_manifest(folder, files)
    return Exported(
        written, len(files) - written, sum(file.rows for file in files.values())
    )


def _documents(
    database: Database, rows: Sequence[Document]
) -> Iterator[DocumentJson]:
    with database.reading() as session:
        yield from documents_json(session, rows)


def _passages(database: Database, wanted: ChangeFilter) -> Iterator[PlacedPassage]:
    before: PassagePlace | None = None
    while True:
        with database.reading() as session:
            page = passages_page(session, wanted, before=before, limit=_AT_ONCE)
            yield from map(passage_json, page.rows)
        before = page.older
        if before is None:
            return


def _checks(database: Database, ids: Sequence[str]) -> Iterator[CheckJson]:
    for id_ in ids:
        after = 0
        while True:
            with database.reading() as session:
                rows = checks_after(session, id_, after, limit=_AT_ONCE)
                yield from (
                    CheckJson(document=id_, **row.model_dump(include=_OF_A_CHECK))
                    for row in rows
                )
            if len(rows) < _AT_ONCE:
                break
            after = rows[-1].id


def _texts(database: Database, id_: str) -> Iterator[VersionText]:
    before: int | None = None
    while True:
        with database.reading() as session:
            rows = versions_of_document(session, id_, before=before)
            yield from version_texts(session, rows)
        if not rows:
            return
        before = rows[-1].number


def _write(
    path: Path, form: Form, shape: type[Shape], rows: Iterator[Shape], state: str
) -> _File:
    digest, count = sha256(), 0
    with (
        replacement(path) as raw,
        gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as out,
    ):

        def add(line: str) -> None:
            body = line.encode("utf-8", "replace")
            digest.update(body)
            out.write(body)

        if form == "csv":
            add(csv_line(list(shape.model_fields)))
        for row in rows:
            add(
                csv_line(_cells(row))
                if form == "csv"
                else row.model_dump_json() + "\n"
            )
            count += 1
    return _File(count, digest.hexdigest(), state)


def _cells(row: Shape) -> list[str]:
    return [
        cell(json.dumps(value, ensure_ascii=False))
        if isinstance(value, (list, dict))
        else cell(value)
        for value in row.model_dump(mode="json").values()
    ]


def _read_manifest(folder: Path) -> dict[str, _File]:
    try:
        return _MANIFEST.validate_json((folder / MANIFEST).read_bytes())
    except (FileNotFoundError, ValidationError):
        return {}


def _write_manifest(folder: Path, files: dict[str, _File]) -> None:
    rows = {name: file._asdict() for name, file in sorted(files.items())}
    replace_file(folder / MANIFEST, json.dumps(rows, indent=1).encode())
