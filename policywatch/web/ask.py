"""GET and POST /ask: questions to the operator's language model, for people who signed in."""

from __future__ import annotations

from fastapi import HTTPException, Request, Response

from messages import Message
from policywatch.reader import reader_of
from policywatch.reader.model import NoAnswer
from policywatch.reader.question import answer_question, paragraphs_about
from policywatch.web.backend import Backend, Using
from policywatch.web.forms import OwnForm
from policywatch.web.rendering import page_router, render

_LONGEST = 300  # characters
router = page_router()


@router.get("/ask")
def ask(request: Request, backend: Using) -> Response:
    if not request.state.signed_in:
        raise HTTPException(403)
    return _page(request, backend)


@router.post("/ask")
def answer(request: Request, backend: Using, form: OwnForm) -> Response:
    """One question at a time: each blocks a thread until the model answers."""
    question = form.get("question", "").strip()[:_LONGEST]
    reader = reader_of(backend.database, backend.state().recipients)
    if reader is None or not question:
        return _page(request, backend)
    if not backend.question.acquire(blocking=False):
        return _page(request, backend, question, trouble=Message("ask.busy"))
    try:
        with backend.database.reading() as session:
            hits = paragraphs_about(session, question)
        answered = answer_question(reader, question, hits)
    except NoAnswer as failure:
        trouble = Message("ask.failed", why=str(failure))
        return _page(request, backend, question, trouble=trouble)
    finally:
        backend.question.release()
    return _page(request, backend, question, answered=answered)


def _page(
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
