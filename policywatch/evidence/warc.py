"""Captures as WARC 1.1: response, request and metadata records."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from http import HTTPStatus
from io import BytesIO
from pathlib import Path
from urllib.parse import quote, urlsplit

from sqlmodel import Session, col, select
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from policywatch.atomic_file import replacement
from storage.captures import Capture, capture

_OF_THE_TRANSFER = {
    "content-encoding",
    "transfer-encoding",
    "content-length",
}


def write_warc(session: Session, file: Path, documents: Sequence[str]) -> int:
    """Raises `DamagedCapture` and `OSError`, and then writes nothing."""
    wanted = select(Capture.id).order_by(col(Capture.fetched_at), col(Capture.id))
    if documents:
        wanted = wanted.where(col(Capture.document_id).in_(documents))
    ids = session.exec(wanted).all()
    with replacement(file) as out:
        writer = WARCWriter(out, gzip=file.suffix == ".gz", warc_version="1.1")
        writer.write_record(
            writer.create_warcinfo_record(file.name, {"software": "policywatch"})
        )
        for id_ in ids:
            row = capture(session, id_)
            _write(writer, row)
            session.expunge(row)  # all bodies may exceed the memory
    return len(ids)


def _write(writer: WARCWriter, row: Capture) -> None:
    url, date = (
        urlsplit(row.final_url),
        f"{row.fetched_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}",
    )
    is_page = url.scheme in (
        "http",
        "https",
    )
    uri = row.final_url if is_page else f"urn:policywatch:{quote(row.final_url)}"

    def write(
        kind: str,
        body: bytes,
        more: dict[str, str],
        http: StatusAndHeaders | None = None,
    ) -> str:
        headers, payload = {"WARC-Date": date} | more, BytesIO(body)
        record = writer.create_warc_record(
            uri, kind, payload, len(body), "", headers, None, http
        )
        writer.write_record(record)
        return str(record.rec_headers.get_header("WARC-Record-ID"))

    if is_page:
        phrase = (
            HTTPStatus(row.status).phrase if row.status in {*HTTPStatus} else "?"
        )
        received = []
        for name, value in row.headers:
            is_wrong = name.lower() in _OF_THE_TRANSFER
            received.append((f"X-Archive-Orig-{name}" if is_wrong else name, value))
        received.append(("Content-Length", str(row.size)))
        answer = write(
            "response",
            row.body,
            {},
            StatusAndHeaders(f"{row.status} {phrase}", received, "HTTP/1.1"),
        )
        line = f"GET {url._replace(scheme='', netloc='', fragment='').geturl() or '/'} HTTP/1.1"
        question = StatusAndHeaders(
            line, [("Host", url.netloc)], is_http_request=True
        )
        write("request", b"", {"WARC-Concurrent-To": answer}, question)
    else:
        answer = write("resource", row.body, {"Content-Type": row.mime})
    facts = {
        "document": row.document_id,
        "requested": row.url,
        "sha256": row.sha256,
        "chain-entry": row.entry,
    }
    facts["request"] = "made of the address; its headers are not kept"
    lines = "".join(f"{name}: {value}\r\n" for name, value in facts.items())
    write("metadata", lines.encode(), {"WARC-Concurrent-To": answer})
