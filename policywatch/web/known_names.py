"""Filters take names that exist: a page repeats its filter in many links, so a visitor may not invent one."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import Request
from fastapi.exceptions import RequestValidationError

from analysis.model import TOPICS
from policywatch.web.admin import Desk
from policywatch.web.api_answers import UNKNOWN
from storage.change_list import NAMED_FIELDS, unknown_name
from storage.database import Database


def known_names(database: Database, desk: Callable[[], Desk]) -> Callable[[Request], None]:
    """What every route depends on. Raises `RequestValidationError`."""

    def check(request: Request) -> None:
        asked = {field: set(filter(None, request.query_params.getlist(field))) for field in NAMED_FIELDS}
        if asked["topic"]:  # one of the operator's own may have no change yet
            own = {topic.name for config in desk().configs.values() for topic in config.topics}
            asked["topic"] -= {*TOPICS} | own
        with database.reading() as session:
            for field, names in asked.items():
                if (name := unknown_name(session, field, sorted(names))) is not None:
                    said = f"no {field} is called {name!r}"
                    raise RequestValidationError(
                        [{"type": UNKNOWN, "loc": ("query", field), "msg": said, "input": name}]
                    )

    return check
