"""Turns templates into pages in the visitor's language."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from messages import LANGUAGES, catalogue, translate
from notifier.presentation import answered_questions, date_key, reasons
from policywatch.inline_diff import runs, sides, whole_runs
from policywatch.sanitize import harmless, safe_link
from policywatch.web.page_context import Visit, visit
from policywatch.web.search_page import excerpt, fragment

SITE = "policywatch"  # what the pages call themselves


class Renderer:
    """The templates, and what each of them can use: words, dates, links, marks."""

    def __init__(self) -> None:
        self._templates = Environment(
            loader=PackageLoader("policywatch.web"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            finalize=_harmless_text,
        )
        self._templates.globals.update(
            runs=runs,
            sides=sides,
            whole_runs=whole_runs,
            excerpt=excerpt,
            fragment=fragment,
            safe_link=safe_link,
            site=SITE,
            answered=answered_questions,
            date_key=date_key,
            languages=LANGUAGES,
            catalogue=catalogue,
            reasons=reasons,
        )
        self._templates.filters["twice"] = lambda value: (value, value)
        self._templates.filters["said"] = lambda topic, words: words.label("topics", topic)
        self._templates.filters["translate"] = translate

    def page(self, request: Request, template: str, *, status: int = 200, **context: object) -> HTMLResponse:
        """A whole page, as an answer."""
        seen = visit(request)
        headers = {"Content-Language": seen.language, "Vary": "Accept-Language"}
        return HTMLResponse(self.html(seen, template, **context), status, headers)

    def html(self, seen: Visit, template: str, **context: object) -> str:
        """A page, or a piece of one."""
        said = {"visit": seen, "words": catalogue(seen.language), "link": seen.link, "here": seen.here}
        return self._templates.get_template(template).render(said | context)


def _harmless_text(value: object) -> object:
    """Applied to all that a template puts out, so that no template can forget it; what is HTML already stays."""
    return harmless(value) if isinstance(value, str) and not isinstance(value, Markup) else value
