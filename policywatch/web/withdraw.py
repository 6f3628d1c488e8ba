"""/documents/{id}/versions/{number}/withdraw: take the newest version back."""

from __future__ import annotations

from fastapi import Depends, Request, Response
from fastapi.responses import RedirectResponse

from policywatch.ingest.withdraw import NotTheNewest, withdraw
from policywatch.views.query_params import DocumentId, Number
from policywatch.web.backend import Backend, Using
from policywatch.web.forms import OperatorForm, only_operators
from policywatch.web.page_context import page_context
from policywatch.web.rendering import page_router, render
from storage.documents import document
from storage.errors import Busy
from storage.lock import one_at_a_time
from storage.versions import numbered_version

_LONGEST_REASON = 500  # characters
router = page_router()


@router.get(
    "/documents/{document_id:path}/versions/{number:int}/withdraw",
    dependencies=[Depends(only_operators)],
)
def ask_to_withdraw(
    request: Request, backend: Using, document_id: DocumentId, number: Number
) -> Response:
    return _form(request, backend, document_id, number)


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
                reason=form.get("reason", "").strip()[:_LONGEST_REASON],
                now=backend.now,
            )
    except Busy:
        return _form(request, backend, document_id, number, "review.busy")
    except NotTheNewest:
        return _form(request, backend, document_id, number, "withdraw.newer")
    return RedirectResponse(
        page_context(request).link(f"/documents/{document_id}"), 303
    )


def _form(
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
