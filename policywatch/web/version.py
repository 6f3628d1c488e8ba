"""/documents/{id}/versions/{number}: a version with its text, as a page, as plain text, and as it was received; taking
the newest back."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Depends, HTTPException, Query, Request, Response
from fastapi.responses import PlainTextResponse, RedirectResponse, StreamingResponse

from policywatch.ingest.curation import NotTheNewest, withdraw
from policywatch.views.query_params import DocumentId, Number
from policywatch.views.serializer import plain_text
from policywatch.web.backend import Backend, Using
from policywatch.web.forms import OperatorForm, only_operators
from policywatch.web.layout import stretches
from policywatch.web.page_context import page_context
from policywatch.web.rendering import page_router, render
from storage.captures import capture_records
from storage.changes import change_to
from storage.documents import document
from storage.errors import Busy
from storage.lock import one_at_a_time
from storage.paragraphs import blame
from storage.versions import numbered_version, numbers_around

_EXTENSIONS = {
    "text/html": "html",
    "application/pdf": "pdf",
    "text/markdown": "md",
    "text/plain": "txt",
}
router = page_router()


@router.get("/documents/{document_id:path}/versions/{number:int}/text")
def text_of_version(
    backend: Using, document_id: DocumentId, number: Number
) -> Response:
    with backend.database.reading() as session:
        return PlainTextResponse(
            plain_text(numbered_version(session, document_id, number).page)
        )


@router.get("/documents/{document_id:path}/versions/{number:int}/capture")
def capture_of_version(
    backend: Using,
    document_id: DocumentId,
    number: Number,
    part: Annotated[Number, Query()] = 1,
) -> Response:
    with backend.database.reading() as session:
        version = numbered_version(session, document_id, number)
        capture = dict(
            enumerate(capture_records(session, version.capture_id), start=1)
        ).get(part)
        if capture is None:
            raise HTTPException(404)
        suffix = f"-{part}" if part > 1 else ""
        name = re.sub(
            r"[^\w.-]+", "-", f"{document_id}-{number}{suffix}", flags=re.ASCII
        )
        extension = _EXTENSIONS.get(
            capture.mime.partition(";")[0].strip().lower(), "bin"
        )
    size, pieces = backend.bodies.opened(capture.id)
    # to be kept, never to be opened here: the bytes are the watched page's, script and all
    headers = {
        "Content-Disposition": f'attachment; filename="{name}.{extension}"',
        "Content-Length": str(size),
    }
    return StreamingResponse(
        pieces, headers=headers, media_type="application/octet-stream"
    )


@router.get("/documents/{document_id:path}/versions/{number:int}")
def one_version(
    request: Request, backend: Using, document_id: DocumentId, number: Number
) -> Response:
    with backend.database.reading() as session:
        row = document(session, document_id)
        version = numbered_version(session, document_id, number)
        older, newer = numbers_around(session, document_id, number)
        text = stretches(version.page, blame(session, version))
        parts = [part for stretch in text for part in stretch.parts]
        return render(
            request,
            "version.html",
            document=row,
            version=version,
            older=older,
            newer=newer,
            change=change_to(session, version.id),
            captures=capture_records(session, version.capture_id),
            stretches=text,
            headings=[part for part in parts if part.kind == "heading"],
        )


_LONGEST = 500  # characters


@router.get(
    "/documents/{document_id:path}/versions/{number:int}/withdraw",
    dependencies=[Depends(only_operators)],
)
def ask_to_withdraw(
    request: Request, backend: Using, document_id: DocumentId, number: Number
) -> Response:
    return _withdrawal(request, backend, document_id, number)


@router.post("/documents/{document_id:path}/versions/{number:int}/withdraw")
def withdraw_version(
    request: Request,
    backend: Using,
    document_id: DocumentId,
    number: Number,
    form: OperatorForm,
) -> Response:
    try:
        with one_at_a_time(backend.database) as held:
            withdraw(
                held,
                document_id,
                number,
                actor=request.state.actor,
                reason=form.get("reason", "").strip()[:_LONGEST],
                now=backend.now,
            )
    except Busy:
        return _withdrawal(request, backend, document_id, number, "review.busy")
    except NotTheNewest:
        return _withdrawal(request, backend, document_id, number, "withdraw.newer")
    return RedirectResponse(
        page_context(request).link(f"/documents/{document_id}"), 303
    )


def _withdrawal(
    request: Request,
    backend: Backend,
    document_id: str,
    number: int,
    trouble: str | None = None,
) -> Response:
    with backend.database.reading() as session:
        return render(
            request,
            "withdraw.html",
            status=409 if trouble else 200,
            trouble=trouble,
            document=document(session, document_id),
            version=numbered_version(session, document_id, number),
        )
