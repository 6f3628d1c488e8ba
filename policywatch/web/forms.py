"""Fields of a form, and whether it is one of ours."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple
from urllib.parse import parse_qs

from fastapi import Depends, HTTPException, Request
from fastapi.responses import RedirectResponse

from policywatch.config.schema import Table
from policywatch.web.page_context import page_context

_LARGEST_FORM = 10_000  # bytes
_LARGEST_OWN = 60_000  # of people who signed in, with notes in several languages


async def _form(request: Request) -> dict[str, str]:
    body, most = b"", _LARGEST_OWN if request.state.signed_in else _LARGEST_FORM
    async for part in request.stream():
        body += part
        if len(body) > most:
            raise HTTPException(413)
    return {
        name: values[0]
        for name, values in parse_qs(body.decode("utf-8", "replace")).items()
    }


Form = Annotated[dict[str, str], Depends(_form)]


def own_form(request: Request, form: Form) -> dict[str, str]:
    """The fields of our own form, sent by someone who signed in; anything else is refused."""
    if not request.state.signed_in:
        raise HTTPException(403)
    if not request.state.has_token:  # browsers never send a token for another site
        csrf = request.state.access["csrf"] or ""
        if not is_same_origin(request) or not hmac.compare_digest(
            form.get("csrf", "").encode(), csrf.encode()
        ):
            raise HTTPException(403)
    return form


OwnForm = Annotated[dict[str, str], Depends(own_form)]


def only_operators(request: Request) -> None:
    if not request.state.access["operates"]:
        raise HTTPException(403)


def _operator_form(request: Request, form: OwnForm) -> dict[str, str]:
    only_operators(request)
    return form


OperatorForm = Annotated[dict[str, str], Depends(_operator_form)]


class EntryForm(NamedTuple):
    """Which keys of a watchlist's entry a form edits: texts, lists with a line for each, boxes to tick."""

    texts: tuple[str, ...]
    lists: tuple[str, ...]
    choices: tuple[str, ...] = ()  # lists with a box for each value
    flags: tuple[str, ...] = ()

    def filled(self, entry: Table) -> dict[str, str]:
        """The fields, as this entry has them."""
        fields = {name: str(getattr(entry, name) or "") for name in self.texts}
        for name in self.lists:
            fields[name] = "\n".join(getattr(entry, name) or ())
        for name in self.choices:
            fields |= {
                f"{name}.{value}": "on" for value in getattr(entry, name) or ()
            }
        return fields | {name: "on" for name in self.flags if getattr(entry, name)}

    def values(self, fields: Mapping[str, str]) -> dict[str, Any]:
        values: dict[str, Any] = {
            name: fields.get(name, "").strip() for name in self.texts
        }
        for name in self.lists:
            values[name] = lines(fields, name)
        for name in self.choices:
            values[name] = [
                field.removeprefix(f"{name}.")
                for field in fields
                if field.startswith(f"{name}.")
            ]
        return values | {name: name in fields for name in self.flags}


def lines(fields: Mapping[str, str], name: str) -> list[str]:
    return [
        line for each in fields.get(name, "").splitlines() if (line := each.strip())
    ]


def written(
    kind: type[Table], values: Mapping[str, Any], before: Table | None
) -> dict[str, Any]:
    """As one would write them into the file: without empty ones, and without defaults that `before` did not write."""
    former = before.model_fields_set if before else set()
    return {
        name: value
        for name, value in values.items()
        if value not in (None, "", [])
        and (value != kind.model_fields[name].default or (value and name in former))
    }


def done(
    request: Request, form: Mapping[str, str], path: str, place: str = ""
) -> RedirectResponse:
    """To the page that the form stands on, where it says so; else to a `place` of `path`."""
    page = page_context(request)
    target = (
        page.onward(form["next"]) if "next" in form else page.link(path) + place
    )
    return RedirectResponse(target, 303)


def is_same_origin(request: Request) -> bool:
    """By the browser's headers; without them the CSRF token decides."""
    site, origin = (
        request.headers.get("sec-fetch-site"),
        request.headers.get("origin"),
    )
    if site is not None:
        return site == "same-origin"
    return origin is None or origin.partition("://")[2] == request.headers.get(
        "host"
    )
