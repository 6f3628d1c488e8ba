"""Turns templates into pages in the visitor's language."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from policywatch.harmless import harmless, safe_link
from policywatch.marking import runs
from policywatch.wording import LANGUAGES, wished_language, wording


class Renderer:
    """The templates, and what each of them can use: words, dates, links, marks."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._templates = Environment(
            loader=PackageLoader("policywatch.web"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            finalize=_harmless_text,
        )
        self._templates.globals.update(runs=runs, safe_link=safe_link)
        self._templates.filters["said"] = lambda topic, words: words.label("topics", topic)

    def page(self, request: Request, template: str, *, status: int = 200, **context: object) -> HTMLResponse:
        """A whole page."""
        language = _language(request)
        text = self._templates.get_template(template).render(self._context(request, language), **context)
        return HTMLResponse(text, status, {"Content-Language": language, "Vary": "Accept-Language"})

    def fragment(self, request: Request, template: str, **context: object) -> str:
        """A piece of HTML in the first of our languages, for feeds."""
        return self._templates.get_template(template).render(self._context(request, LANGUAGES[0]), **context)

    def _context(self, request: Request, language: str) -> dict[str, Any]:
        words = wording(language)
        chosen = {"lang": language} if request.query_params.get("lang") in LANGUAGES else {}
        root = request.scope.get("root_path", "")

        def link(path: str, **query: object) -> str:
            said = urlencode(chosen | {name: value for name, value in query.items() if value is not None})
            return f"{root}{quote(path)}{'?' + said if said else ''}"

        def in_language(code: str) -> str:
            query = [(name, value) for name, value in request.query_params.multi_items() if name != "lang"]
            return f"{root}{quote(_path(request))}?{urlencode([*query, ('lang', code)])}"

        return {
            "site": self._title,
            "words": words,
            "languages": LANGUAGES,
            "link": link,
            "in_language": in_language,
            "path": _path(request),
        }


def _harmless_text(value: object) -> object:
    """Applied to all that a template puts out, so that no template can forget it; what is HTML already stays."""
    return harmless(value) if type(value) is str else value


def _path(request: Request) -> str:
    path, root = str(request.scope["path"]), str(request.scope.get("root_path", ""))
    return path.removeprefix(root) if root else path


def _language(request: Request) -> str:
    chosen = request.query_params.get("lang", "")
    return chosen if chosen in LANGUAGES else wished_language(request.headers.get("accept-language", ""))
