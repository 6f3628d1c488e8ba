"""/sign-in and /sign-out."""

from __future__ import annotations

from fastapi import Depends, HTTPException, Request, Response
from fastapi.responses import RedirectResponse

from policywatch.web.access import SESSION_SECONDS, TooManyTries
from policywatch.web.backend import Backend, Using
from policywatch.web.forms import Form, is_same_origin, own_form
from policywatch.web.page_context import page_context
from policywatch.web.rendering import page_router, render
from policywatch.web.security import COOKIE

router = page_router()


@router.get("/sign-in")
def sign_in_form(request: Request, backend: Using) -> Response:
    if not backend.access.can_sign_in:
        raise HTTPException(404)
    return _form(request, backend, request.query_params.get("next", "/"))


@router.post("/sign-in")
async def sign_in(request: Request, backend: Using, form: Form) -> Response:
    access = backend.access
    if not access.can_sign_in or not is_same_origin(request):
        raise HTTPException(403)
    onward = form.get("next", "/")
    try:
        address = request.client.host if request.client else ""
        secret = await access.sign_in_by_turn(
            form.get("password", ""), address, form.get("name", "").strip()
        )
    except TooManyTries as failure:
        answer = _form(request, backend, onward, 429, "sign_in.too_many")
        answer.headers["Retry-After"] = str(failure.wait)
        return answer
    if secret is None:
        trouble = "sign_in.wrong_name" if access.knows_people else "sign_in.wrong"
        return _form(request, backend, onward, 403, trouble)
    page = page_context(request)
    home = page.onward("/work" if onward == "/" else onward)
    done = RedirectResponse(home, 303, {"Cache-Control": "no-store"})
    done.set_cookie(
        COOKIE,
        secret,
        max_age=SESSION_SECONDS,
        path=request.scope.get("root_path") or "/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )
    return done


def _form(
    request: Request,
    backend: Backend,
    onward: str,
    status: int = 200,
    trouble: str | None = None,
) -> Response:
    return render(
        request,
        "sign_in.html",
        status=status,
        trouble=trouble,
        onward=onward,
        access=backend.access,
    )


@router.post("/sign-out", dependencies=[Depends(own_form)])
def sign_out(request: Request, backend: Using) -> Response:
    backend.access.sign_out(request.cookies.get(COOKIE, ""))
    done = RedirectResponse(page_context(request).link("/"), 303)
    done.delete_cookie(COOKIE, path=request.scope.get("root_path") or "/")
    return done
