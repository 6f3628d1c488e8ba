"""Which file of an exported site holds which page."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import quote

from messages import LANGUAGES
from policywatch.views.query_params import ChangesQuery
from policywatch.web.page_context import VIEWS, PageContext, Query

_SERVED_ONLY = re.compile(r"api/|search$|today$|sign-|.*/(?:compare|capture)$")
_TODAY = re.compile("services/(.+)/today")
_SINGLE = re.compile(r"/(?:changes|documents|upcoming)/|/health$")


class NotExported(LookupError):
    """Only a server can answer it, or it is not exported."""


@dataclass
class FileNames:
    """`site` is the folder's public address with a trailing slash; empty if unknown. `services` maps names to parts of
    file names, `written` holds the paths exported.
    """

    site: str = ""
    services: dict[str, str] = field(default_factory=dict)
    written: set[str] = field(default_factory=set)

    def has(self, path: str) -> bool:
        return not _SINGLE.match(path) or path.removesuffix("/text") in self.written

    def file(self, path: str, query: Query) -> str:
        """Raises `NotExported`."""
        if not self.has(path):
            raise NotExported(path)
        params = dict(query)
        language, view = params.pop("lang", LANGUAGES[0]), params.pop("view", None)
        name = self._name(path.strip("/"), params)
        if view in VIEWS and path.startswith("/changes/"):
            name = f"{name.removesuffix('.html')}.{view}.html"
        has_language = not name.startswith("static/") and not name.endswith(".txt")
        return (
            f"{language}/{name}" if language != LANGUAGES[0] and has_language else name
        )

    def _name(self, bare: str, params: dict[str, str]) -> str:
        kind, _, ending = bare.rpartition(".")
        if kind in ("feed", "calendar") and set(params) in ({"service"}, {"document"}):
            return f"{self._of(params)}.{ending}"
        if set(params) == {"service"} and bare in ("services", "changes"):
            return f"{self._of(params)}{'-changes' if bare == 'changes' else ''}.html"
        if (
            set(params) == {"since", "until"}
            and bare == "changes"
            and params["since"].endswith("-01")
        ):
            return f"changes/{params['since'][:7]}.html"
        if not params and (service := _TODAY.fullmatch(bare)):
            return f"services/{self.services[service[1]]}-today.html"
        if params or _SERVED_ONLY.match(bare):
            raise NotExported(f"/{bare} {params}")
        if kind in ("feed", "calendar") or bare.startswith("static/"):
            return bare
        return (
            f"{bare.removesuffix('/text')}.txt"
            if bare.endswith("/text")
            else f"{bare or 'index'}.html"
        )

    def _of(self, params: dict[str, str]) -> str:
        if "document" in params:
            return f"documents/{params['document']}"
        return f"services/{self.services[params['service']]}"

    def page(self, path: str, query: Query, edition: ChangesQuery) -> PageContext:
        folder = os.path.dirname(self.file(path, query))

        def address(target: str, params: Query) -> str:
            """Empty for what is not exported."""
            if not self.has(target):
                return ""
            return quote(os.path.relpath(self.file(target, params), folder or "."))

        def whole(target: str, params: Query) -> str:
            return (
                f"{self.site}{quote(self.file(target, params))}"
                if self.site
                else address(target, params)
            )

        language = dict(query).get("lang", LANGUAGES[0])
        return PageContext(path, query, language, address, whole, edition)


def slugs(names: Iterable[str]) -> dict[str, str]:
    """Valid on any file system, the same at every export."""
    plain = {
        name: re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
        for name in dict.fromkeys(names)
    }
    shared = [slug for slug in plain.values() if list(plain.values()).count(slug) > 1]
    return {
        name: slug
        if slug and slug not in shared
        else f"{slug[:40]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
        for name, slug in plain.items()
    }
