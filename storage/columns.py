"""Column types that both databases store alike, and the limits of values and statements."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import lru_cache
from threading import get_ident
from typing import Any

import zstandard
from sqlalchemy import JSON, ColumnElement, LargeBinary
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator
from sqlmodel import Session, update

from messages import Message
from storage.errors import DamagedValue

Condition = ColumnElement[bool]
MAX_INTEGER = 2**31 - 1  # of PostgreSQL's type
MAX_BIGINT = 2**63 - 1
ROWS = 500  # read at a time, or bound values in a statement


def in_parts(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (values[start : start + ROWS] for start in range(0, len(values), ROWS))


def parsed_id(text: str) -> int | None:
    is_short = (
        text.isascii() and text.isdigit() and len(text) <= len(str(MAX_INTEGER))
    )
    return int(text) if is_short and int(text) <= MAX_INTEGER else None


def add_to_unique(
    session: Session, column: Any, by: int, since: int, *conditions: Any
) -> None:
    table = column.parent.entity
    # by way of negative numbers: they are unique at every moment
    for where, value in ((column >= since, -column), (column < 0, by - column)):
        session.exec(
            update(table).where(where, *conditions).values({column: value})
        )


def compressed(value: bytes) -> bytes:
    # a copy: the compressor's own result keeps a buffer of the uncompressed size alive
    return bytes(
        memoryview(zstandard.ZstdCompressor(write_checksum=True).compress(value))
    )


def decompressed(value: bytes) -> bytes:
    """Raises `DamagedValue`, also where damaged bytes declare a length beyond any memory."""
    try:
        return _decompressor(get_ident()).decompress(value)
    except (zstandard.ZstdError, MemoryError) as failure:
        raise DamagedValue from failure


@lru_cache(
    maxsize=64
)  # one a thread: it can't be shared, and costs more than most decompressions
def _decompressor(_thread: int) -> zstandard.ZstdDecompressor:
    return zstandard.ZstdDecompressor()


class MessageColumn(TypeDecorator[Any]):
    impl = JSON(none_as_null=True)
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        if isinstance(value, list):
            return [message.to_json() for message in value]
        return None if value is None else value.to_json()

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        try:
            if isinstance(value, list):
                return [Message.from_json(stored) for stored in value]
            return None if value is None else Message.from_json(value)
        except (KeyError, TypeError) as failure:
            raise DamagedValue from failure


class Compressed(TypeDecorator[Any]):
    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> bytes | None:
        return None if value is None else compressed(value)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> Any:
        return None if value is None else decompressed(value)


def json_bytes(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


class CompressedJson(Compressed):
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> bytes | None:
        return None if value is None else compressed(json_bytes(value))

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> Any:
        try:
            return (
                None if value is None else json.loads(decompressed(value).decode())
            )
        except ValueError as failure:
            raise DamagedValue from failure
