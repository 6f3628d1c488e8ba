"""Turns templates into pages in the visitor's language."""

from __future__ import annotations

from fastapi import APIRouter
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from messages import LANGUAGES, catalogue, translate
from notifier.presentation import (
    actor_words,
    context,
    date_key,
    facts,
    headline,
    headline_marks,
    read_statements,
    reasons,
)
from policywatch.sanitize import safe_link, sanitize
from policywatch.views.excerpt import excerpt
from policywatch.views.passages import runs, sides
from policywatch.web.page_context import PageContext, page_context
from storage.change_list import leading_first
from storage.paragraphs import anchor

SITE = "policywatch"  # what the pages call themselves


def _templates() -> Environment:
    """The templates, and what each of them can use: words, dates, links, marks."""
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
        safe_link=safe_link,
        site=SITE,
        actor_words=actor_words,
        headline=headline,
        headline_marks=headline_marks,
        quotation_around=context,
        facts_of=facts,
        date_key=date_key,
        read_statements=read_statements,
        reasons=reasons,
        spoken=LANGUAGES,  # a page may have `languages` of its documents
        catalogue=catalogue,
        leading_first=leading_first,
    )
    templates.filters["twice"] = lambda value: (value, value)
    templates.filters["translate"] = translate
    templates.filters["topic"] = lambda name, words: words.label("topics", name)
    return templates


def _fragment(text: str) -> str:
    """Ends the address of a version that has this text in a block, so that a browser scrolls to it and marks it."""
    id_ = anchor(text)
    return f"#{id_}" if id_ else ""


def _sanitized(value: object) -> object:
    """Applied to all that a template puts out, so that no template can forget it; what is HTML already stays."""
    return (
        sanitize(value)
        if isinstance(value, str) and not isinstance(value, Markup)
        else value
    )


_TEMPLATES = _templates()


def page_router() -> APIRouter:
    """Of actions that answer with pages."""
    return APIRouter(default_response_class=HTMLResponse, include_in_schema=False)


def render(
    request: Request, template: str, *, status: int = 200, **context: object
) -> HTMLResponse:
    page = page_context(request)
    headers = {"Content-Language": page.language, "Vary": "Accept-Language"}
    return HTMLResponse(html(page, template, **context), status, headers)


def html(page: PageContext, template: str, **context: object) -> str:
    """What is not exported has no address: then the words stand without a link."""
    shared = {
        "page": page,
        "words": catalogue(page.language),
        "link": page.link,
        "here": page.here,
    }
    text = _TEMPLATES.get_template(template).render(shared | context)
    return text.replace(' href=""', "") if page.exported else text
