"""GET /search: the texts that have these words. /ask: questions to the operator's language model, for people who signed
in."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import HTTPException, Query, Request, Response

from messages import Message
from policywatch.reader import reader_of
from policywatch.reader.model import NoAnswer
from policywatch.reader.question import answer_question, paragraphs_about
from policywatch.views.query_params import SearchQuery
from policywatch.web.backend import Backend, Using
from policywatch.web.forms import OwnForm
from policywatch.web.rendering import page_router, render
from storage.documents import filter_choices
from storage.search import search

_HITS = 20
router = page_router()


@router.get("/search")
def find(
    request: Request, backend: Using, query: Annotated[SearchQuery, Query()]
) -> Response:
    """An empty query finds nothing."""
    with backend.database.reading() as session:
        results = search(
            session, query.q, **query.places, before=query.cursor, limit=_HITS
        )
        choices: dict[str, Any] = dict(filter_choices(session))
        can_ask = request.state.signed_in and backend.state().recipients.model
        return render(
            request,
            "search.html",
            query=query,
            results=results,
            can_ask=can_ask,
            **choices,
        )


_LONGEST = 300  # characters


@router.get("/ask")
def ask(request: Request, backend: Using) -> Response:
    if not request.state.signed_in:
        raise HTTPException(403)
    return _answer(request, backend)


@router.post("/ask")
def answer(request: Request, backend: Using, form: OwnForm) -> Response:
    """One question at a time: each blocks a thread until the model answers."""
    question = form.get("question", "").strip()[:_LONGEST]
    reader = reader_of(backend.database, backend.state().recipients)
    if reader is None or not question:
        return _answer(request, backend)
    if not backend.question.acquire(blocking=False):
        return _answer(request, backend, question, trouble=Message("ask.busy"))
    try:
        with backend.database.reading() as session:
            hits = paragraphs_about(session, question)
        answered = answer_question(reader, question, hits)
    except NoAnswer as failure:
        trouble = Message("ask.failed", why=str(failure))
        return _answer(request, backend, question, trouble=trouble)
    finally:
        backend.question.release()
    return _answer(request, backend, question, answered=answered)


def _answer(
    request: Request,
    backend: Backend,
    question: str = "",
    *,
    answered: object = None,
    trouble: Message | None = None,
) -> Response:
    model = backend.state().recipients.model
    if model is None:
        raise HTTPException(404)
    return render(
        request,
        "ask.html",
        status=503 if trouble else 200,
        model=model.name,
        question=question,
        answered=answered,
        trouble=trouble,
    )
