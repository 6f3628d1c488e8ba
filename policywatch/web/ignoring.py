"""POST /changes/{id}/ignore: passages that are not of the document; document.py takes it back."""

from __future__ import annotations

import re

from fastapi import HTTPException, Request, Response
from fastapi.responses import RedirectResponse

from policywatch.ingest.ignoring import ignore
from policywatch.views.query_params import Number
from policywatch.web.backend import Using
from policywatch.web.forms import OperatorForm
from policywatch.web.page_context import page_context
from policywatch.web.rendering import page_router

_POSITIONS = re.compile(r"\d{1,9}(,\d{1,9})*", re.ASCII)
router = page_router()


@router.post("/changes/{change_id:int}/ignore")
def ignore_passages(
    request: Request, backend: Using, change_id: Number, form: OperatorForm
) -> Response:
    """`passages` are positions: of one text in all its places."""
    given = form.get("passages", "")
    if not _POSITIONS.fullmatch(given):
        raise HTTPException(400)
    positions = [int(each) for each in given.split(",")]
    with backend.database.writing() as session:
        ignore(
            session,
            change_id,
            positions,
            actor=request.state.actor,
            at=backend.now(),
        )
    address = page_context(request).link(f"/changes/{change_id}")
    return RedirectResponse(f"{address}#p{positions[0]}", 303)
