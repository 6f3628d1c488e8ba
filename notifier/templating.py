"""The templates of messages: ours, and before them the operator's own, which can fail without harm."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

from jinja2 import (
    BaseLoader,
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    StrictUndefined,
    TemplateNotFound,
    TemplateSyntaxError,
)
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from notifier.chat_markup import DIALECTS, Chat, Dialect

Format = Literal["text", "html"] | Chat

SUBJECT = "subject.txt.j2"  # has no template of ours: the subject that we make is handed to it
_OURS = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Templates:
    """`folder` holds the operator's own, each in place of ours of that name.

    `troubles` says what failed there while messages were made with ours instead, each thing once.
    """

    folder: Path | None = None
    troubles: list[str] = field(default_factory=list, compare=False)

    def render(self, form: Format, name: str, **values: Any) -> str:
        """A template whose name has no ending: it gets that of the form."""
        ending = {"text": "txt", "html": "html"}.get(form, "chat")
        file = f"{name}.{ending}.j2"
        own = self._own(form, file, values) if self.folder is not None else None
        return own if own is not None else _environment(form, None).get_template(file).render(**values)

    def subject(self, **values: Any) -> str | None:
        """What the operator's own template for subjects makes; None where there is none, or it fails."""
        if self.folder is None or not (self.folder / SUBJECT).exists():
            return None
        return self._own("text", SUBJECT, values)

    def _own(self, form: Format, file: str, values: dict[str, Any]) -> str | None:
        try:
            rendered = _environment(form, self.folder).get_template(file).render(**values)
            trouble = None if rendered.strip() else f"{file}: it prints nothing"
        except Exception as failure:  # noqa: BLE001  # a template may do anything, and no alert is lost by it
            trouble = self._trouble(failure, file)
        if trouble is None:
            return rendered
        if trouble not in self.troubles:
            self.troubles.append(trouble)
        return None

    def _trouble(self, failure: Exception, file: str) -> str:
        """The operator's file and line, and what is wrong there."""
        if isinstance(failure, TemplateSyntaxError):
            return f"{Path(failure.filename or file).name}, line {failure.lineno}: {failure.message}"
        trace, place = failure.__traceback__, file
        while trace is not None:
            source = Path(trace.tb_frame.f_code.co_filename)
            if source.parent == self.folder:
                place = f"{source.name}, line {trace.tb_lineno}"
            trace = trace.tb_next
        reason = f"{failure.name} is not there" if isinstance(failure, TemplateNotFound) else failure
        return f"{place}: {reason or type(failure).__name__}"


OURS = Templates()


def template_names() -> set[str]:
    """The names under which a template of one's own is used."""
    return {file.name for file in _OURS.glob("*.j2")} | {SUBJECT}


@cache
def _environment(form: Format, folder: Path | None) -> Environment:
    dialect = DIALECTS.get(form)
    ours: BaseLoader = FileSystemLoader(_OURS)
    environment = (ImmutableSandboxedEnvironment if folder else Environment)(
        loader=ChoiceLoader([FileSystemLoader(folder), ours]) if folder else ours,
        autoescape=form == "html",  # plain text needs no escapes, chats get their own
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_escaping(dialect) if dialect else None,
    )
    environment.filters["plain"] = lambda text: Markup(text)  # noqa: S704  # our own words and URLs, never a page's
    if dialect:
        environment.filters |= {"bold": dialect.bold, "linked": dialect.linked, "marked": dialect.marked}
    return environment


def _escaping(dialect: Dialect) -> Callable[[Any], Any]:
    """Jinja escapes for HTML only; this does it for a chat, at every place where a template prints something."""
    return lambda value: dialect.escape(value) if isinstance(value, str) and not isinstance(value, Markup) else value
