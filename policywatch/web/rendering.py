"""Renders templates in the visitor's language."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus

from fastapi import APIRouter
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from analysis.text.regions import region_name
from messages import LANGUAGES, catalogue, translate
from notifier.change_view import listed_view
from notifier.escape import web_link
from policywatch.sanitize import sanitize
from policywatch.views.passages import runs, sides
from policywatch.web.page_context import PageContext, page_context
from policywatch.web.responses import known_parameters
from storage.change_list import leading_first
from storage.paragraphs import anchor
from storage.search import excerpt

SITE = "policywatch"


def _templates() -> Environment:
    templates = Environment(
        loader=PackageLoader("policywatch.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_sanitized,
    )
    templates.globals.update(
        runs=runs,
        sides=sides,
        excerpt=excerpt,
        fragment=_fragment,
        web_link=web_link,
        site=SITE,
        listed_view=listed_view,
        spoken=LANGUAGES,  # `languages` may be a page's own, of its documents
        catalogue=catalogue,
        leading_first=leading_first,
        region_name=region_name,
    )
    templates.filters["twice"] = lambda value: (value, value)
    templates.filters["translate"] = translate
    templates.filters["datetime"] = datetime.fromisoformat
    templates.filters["topic"] = lambda name, words: words.label("topics", name)
    return templates


def _fragment(text: str) -> str:
    """For the address of a version with this text in a block: the browser scrolls there and marks it."""
    id_ = anchor(text)
    return f"#{id_}" if id_ else ""


def _sanitized(value: object) -> object:
    """Applied to all output, so that no template can forget it; HTML stays."""
    return (
        sanitize(value)
        if isinstance(value, str) and not isinstance(value, Markup)
        else value
    )


_TEMPLATES = _templates()


def page_router() -> APIRouter:
    return APIRouter(default_response_class=HTMLResponse, include_in_schema=False)


def render(
    request: Request, template: str, *, status: int = 200, **context: object
) -> HTMLResponse:
    page = page_context(request)
    headers = {"Content-Language": page.language, "Vary": "Accept-Language"}
    canonical = _canonical(request, page) if status == HTTPStatus.OK else None
    text = html(page, template, canonical=canonical, **context)
    return HTMLResponse(text, status, headers)


def _canonical(request: Request, page: PageContext) -> str | None:
    """This page's one address for use elsewhere; None where a folder's is not known."""
    known = ("lang", *known_parameters(request))
    query = tuple((name, value) for name, value in page.query if name in known)
    address = page.whole_address(page.path, query)
    return address if web_link(address) else None


def html(page: PageContext, template: str, **context: object) -> str:
    """Links to what is not exported become plain text."""
    shared = {
        "page": page,
        "words": catalogue(page.language),
        "link": page.link,
        "here": page.here,
    }
    text = _TEMPLATES.get_template(template).render(shared | context)
    return text.replace(' href=""', "") if page.exported else text
