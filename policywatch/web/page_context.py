"""Who looks at which page, in which language, and how addresses are written: on a server or in a folder."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import parse_qs, quote, unquote, urlencode

from starlette.requests import Request

from messages import LANGUAGES, preferred_language
from policywatch.views.query_params import ChangesQuery

Query = tuple[tuple[str, str], ...]
_Asked = TypeVar("_Asked", bound=ChangesQuery)

VIEWS = ("side",)  # besides inline
CHOICES = {"lang": LANGUAGES, "view": (*VIEWS, "whole")}
FEEDS = ("/feed.atom", "/feed.json", "/calendar.ics")
_OURS = re.compile(
    r"/(?![/\\])[^\x00-\x1f\x7f]*"
)  # two slashes would lead to another host
NO_LIMIT = 100_000  # rows: more than any list has
_MOST = 12  # parameters taken over from an address


@dataclass(frozen=True, slots=True)
class PageContext:
    """`whole_address` is for use elsewhere, with the host if known.

    `edition` is the export's query; None on a server.

    `csrf`, `person`, `operates` (may do more than review) and `open_work` (how much there is to do) are of people who
    signed in; forms must send the first.
    """

    path: str
    query: Query
    language: str
    address: Callable[[str, Query], str]
    whole_address: Callable[[str, Query], str]
    edition: ChangesQuery | None = None
    can_sign_in: bool = False
    csrf: str | None = None
    person: str = ""
    operates: bool = False
    can_sign_out: bool = False
    open_work: int = 0
    can_subscribe: bool = False

    @property
    def exported(self) -> bool:
        return self.edition is not None

    def within(self, query: _Asked) -> _Asked:
        """Narrowed to what is exported."""
        if self.edition is None:
            return query
        since = max(filter(None, (query.since, self.edition.since)), default=None)
        service = query.service or self.edition.service
        return query.model_copy(update={"service": service, "since": since})

    @property
    def view(self) -> str:
        """`inline`, `side`, or where there is a server `whole`."""
        return dict(self.chosen).get("view", "inline")

    @property
    def chosen(self) -> Query:
        """The visitor's choices, which every link keeps."""
        return tuple(
            {
                name: value
                for name, value in self.query
                if value in CHOICES.get(name, ())
            }.items()
        )

    @property
    def asked(self) -> str:
        """This page's address below the root, for `onward`."""
        return _below_root(self.path, self.query[:_MOST])

    def onward(self, asked: str) -> str:
        """The asked address; the first page if it can't be ours."""
        path, _, query = asked.partition("?")
        path = unquote(path)
        return (
            self.link(path, **parse_qs(query))
            if _OURS.fullmatch(path)
            else self.link("/")
        )

    def link(self, path: str, /, **query: object) -> str:
        """For a feed with the language, which feed readers do not send."""
        language = (
            {"lang": self.language}
            if path in FEEDS and self.language != LANGUAGES[0]
            else {}
        )
        return self.address(
            path, _merged(self.chosen, query if self.exported else query | language)
        )

    def bare(self, path: str) -> str:
        """Without choices: for a sheet or picture, or a form, whose fields hold them."""
        return self.address(path, ())

    def whole(self, path: str, **query: object) -> str:
        """For use elsewhere."""
        chosen = tuple(
            (name, value) for name, value in self.chosen if name == "lang"
        )
        return self.whole_address(path, _merged(chosen, query))

    def has(self, path: str, **query: object) -> bool:
        """A server has all pages, a folder some."""
        try:
            return self.link(path, **query) != ""
        except LookupError:
            return False

    def here(self, **query: object) -> str:
        """This page with other parameters; None removes one."""
        return self.address(self.path, _merged(self.query[:_MOST], query))


def page_context(request: Request) -> PageContext:
    """The export provides its own."""
    given: PageContext | None = getattr(request.state, "page", None)
    if given is not None:
        return given
    root = str(request.scope.get("root_path", ""))
    asked = request.query_params.get("lang", "")
    return PageContext(
        path=str(request.scope["path"]).removeprefix(root),
        query=tuple(
            (name, value)
            for name, value in request.query_params.multi_items()
            if value
        ),
        language=asked
        if asked in LANGUAGES
        else preferred_language(request.headers.get("accept-language", "")),
        address=lambda path, query: f"{root}{_below_root(path, query)}",
        whole_address=lambda path, query: (
            f"{str(request.base_url).removesuffix('/')}{_below_root(path, query)}"
        ),
        **getattr(request.state, "access", {}),
    )


def _below_root(path: str, query: Query) -> str:
    return f"{quote(path)}{'?' + urlencode(query) if query else ''}"


def _merged(
    query: Sequence[tuple[str, str]], changed: Mapping[str, object]
) -> Query:
    unchanged = [(name, value) for name, value in query if name not in changed]
    added = (
        (name, each)
        for name, value in changed.items()
        for each in (value if isinstance(value, list) else [value])
    )
    return (
        *unchanged,
        *((name, str(value)) for name, value in added if value is not None),
    )
