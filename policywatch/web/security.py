"""Which requests are let in, and the security headers of every answer."""

from __future__ import annotations

import re

from starlette.datastructures import MutableHeaders
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from messages import catalogue, preferred_language
from policywatch.web.access import Access
from policywatch.web.page_context import page_context
from policywatch.web.responses import problem
from storage.journal import Actor

COOKIE = "policywatch"
ALIVE, READY = PROBES = ("/healthz", "/readyz")
_HEADERS = {
    # no scripts: text of watched pages can't run even past the escaping
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    # hides addresses from other sites; a stricter policy would also hide a form's origin from us
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
# for what other sites may show in a frame: browsers that know it ignore X-Frame-Options
IN_FRAMES = _HEADERS["Content-Security-Policy"].replace(
    "frame-ancestors 'none'", "frame-ancestors *"
)
LONGEST = 2_048  # bytes of an address
_OPEN = re.compile(
    rf"/sign-in$|/robots\.txt$|/subscription/|/static/|{ALIVE}$|{READY}$"
)  # also where reading is private


class SecurityHeaders:
    """On every answer, errors and static files included."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """HEAD is answered as GET: the server drops the body."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                if state.get("signed_in"):
                    headers["Cache-Control"] = "no-store"
            await send(message)

        state = scope.setdefault("state", {})
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        await self._app({**scope, "method": method}, receive, send_with_headers)


class Hosts(TrustedHostMiddleware):
    """Answers only to its names; probes to any, for orchestrators use the container's address."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        probed = (
            scope["type"] == "http"
            and scope["path"].removeprefix(scope.get("root_path", "")) in PROBES
        )
        await (self.app if probed else super().__call__)(scope, receive, send)


class AccessControl:
    """Refuses long addresses, recognises sessions, and where reading is private, asks to sign in."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        if {"content-length", "transfer-encoding"} <= {*request.headers}:
            # request smuggling: a proxy may frame the request by the other header
            await problem(
                400, "a length or chunks, not both", {"Connection": "close"}
            )(scope, receive, send)
            return
        if len(scope["raw_path"]) + len(scope["query_string"]) > LONGEST:
            await _too_long(request)(scope, receive, send)
            return
        by_cookie = self._access.session(request.cookies.get(COOKIE))
        named = getattr(request.state, "user", None)  # by a trusted proxy
        session = self._access.session_by_proxy(named) or by_cookie
        has_token = self._access.knows_token(
            request.headers.get("authorization", "")
        )
        request.state.signed_in = has_token or session is not None
        request.state.has_token = has_token
        request.state.actor = (
            Actor("", "token") if session is None else Actor(session.name, "pages")
        )
        request.state.access = {
            "can_sign_in": self._access.can_sign_in,
            "csrf": session.csrf if session else None,
            "person": session.name if session else "",
            "operates": has_token
            or (session is not None and self._access.operates(session.name)),
            "can_sign_out": session is not None and session is by_cookie,
        }
        if (
            self._access.private
            and not request.state.signed_in
            and not _OPEN.match(page_context(request).path)
        ):
            await self._ask(request)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _ask(self, request: Request) -> ASGIApp:
        page = page_context(request)
        wants_page = (
            "text/html" in request.headers.get("accept", "")
            and request.method == "GET"
        )
        if wants_page and self._access.can_sign_in:
            return RedirectResponse(page.link("/sign-in", next=page.asked), 303)
        return problem(401, headers={"WWW-Authenticate": "Bearer"})


def _too_long(request: Request) -> Response:
    if "/api/" in request.scope["path"]:
        return problem(414, f"an address has {LONGEST:,} bytes at most")
    language = preferred_language(request.headers.get("accept-language", ""))
    return PlainTextResponse(catalogue(language)("missing.too_long"), 414)
