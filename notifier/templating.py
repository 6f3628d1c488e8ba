"""The templates of messages: one for each form of a body."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from notifier.chat_markup import DIALECTS, Chat, Dialect

Format = Literal["text", "html"] | Chat


def render_template(form: Format, name: str, **values: Any) -> str:
    """A template whose name has no ending: it gets that of the form."""
    ending = {"text": "txt", "html": "html"}.get(form, "chat")
    return _environment(form).get_template(f"{name}.{ending}.j2").render(**values)


@cache
def _environment(form: Format) -> Environment:
    dialect = DIALECTS.get(form)
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=form == "html",  # noqa: S701  # plain text needs no escapes, chats get their own
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_escaping(dialect) if dialect else None,
    )
    environment.filters["plain"] = lambda text: Markup(text)  # noqa: S704  # our own words and URLs, never a page's
    if dialect:
        environment.filters |= {
            "bold": dialect.bold,
            "linked": dialect.linked,
            "marked": dialect.marked,
        }
    return environment


def _escaping(dialect: Dialect) -> Callable[[Any], Any]:
    """Jinja escapes for HTML only; this does it for a chat, at every place where a template prints something."""
    return lambda value: (
        dialect.escape(value)
        if isinstance(value, str) and not isinstance(value, Markup)
        else value
    )
