"""Whatever a visitor writes into an address, the answer comes soon and is no longer than what it shows."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from http.client import HTTPConnection
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.routing import iter_route_contexts
from hypothesis import example, given
from hypothesis import strategies as st

from foundation.vocabulary import TOPICS
from policywatch.web.app import create_app
from policywatch.web.security import LONGEST
from tests.story_of_parley import HELP, NOTES, PRIVACY, PRIVACY_FR, TERMS
from tests.web_pages import Story

APP = create_app(None)  # type: ignore[arg-type]  # no database is needed to name its routes
ROUTES = sorted(
    {
        route.path
        for route in iter_route_contexts(APP.routes)
        if "GET" in (route.methods or ())
    }
)
PLACES = {
    "document_id": PRIVACY,
    "number": "2",
    "change_id": "1",
    "token": "none",
    "service": "Parley",
}  # by parameter of a path
KNOWN = {
    "service": ["Parley", "Harbour"],
    "services": ["Parley", "Harbour"],
    "document": [HELP, NOTES, PRIVACY, PRIVACY_FR, TERMS],
    "topic": [*TOPICS],
    "language": ["en", "fr"],
    "direction": ["expands", "limits", "clarifies", "mixed", "none"],
    "severity": ["high", "low"],
    "since": ["2025-10-01"],
    "until": ["2999-12-31"],
    "cosmetic": ["true"],
    "q": ["data", "d" * 300, '"' * 300],
    "lang": ["en", "fr"],
    "view": ["side"],
    "limit": ["200"],
    "cursor": ["5", "2025-11-03T08:00:00+00:00~3", PRIVACY],
    "from": ["1"],
    "to": ["2"],
    "next": ["/changes"],
}
# without a password, held text, announced text or readers
NOT_HERE = (
    "/ask",
    "/work",
    "/lists",
    "/routes",
    "/routes/edit",
    "/subscribers",
    "/edit/{document_id:path}",
    "/changes/{change_id:int}/message",
    "/record.pdf",
    "/sign-in",
    "/subscribe",
    "/subscription/{token}",
    "/health/held/{document_id:path}",
    "/upcoming/{document_id:path}",
    "/documents/{document_id:path}/versions/{number:int}/withdraw",
)
SOON = 10  # seconds, on a machine that is busy with other tests
LARGEST = 200_000  # bytes of an answer
ANSWERED = (
    200,
    301,
    307,
    400,
    403,
    404,
    410,
    414,
)  # 307: an address with a slash too many


def path(route: str, places: Mapping[str, str] = PLACES) -> str:
    return re.sub(r"\{(\w+)[^}]*\}", lambda name: places[name[1]], route)


@pytest.fixture(scope="module")
def asking(parley: Story) -> Iterator[HTTPConnection]:
    """As http.client sends any address as it is."""
    connection = HTTPConnection(
        parley.site.base_url.host, parley.site.base_url.port, timeout=120
    )
    yield connection
    connection.close()


def ask(asking: HTTPConnection, address: str) -> tuple[int, bytes]:
    start = time.monotonic()
    asking.request("GET", address)
    answer = asking.getresponse()
    body = answer.read()
    assert time.monotonic() - start < SOON, address
    assert answer.status in ANSWERED, address
    assert len(body) < LARGEST, address
    return answer.status, body


def test_each_action_is_a_function_of_a_module() -> None:
    """So that it is found by its name, and can be called by itself."""
    actions = [
        route.endpoint for route in iter_route_contexts(APP.routes) if route.methods
    ]
    ours = [each for each in actions if each.__module__.startswith("policywatch")]
    assert len(ours) > 50
    assert not [each for each in ours if "<locals>" in each.__qualname__]


@pytest.mark.parametrize("route", ROUTES)
def test_no_page_grows_with_what_is_asked_of_it(
    asking: HTTPConnection, route: str
) -> None:
    at = path(route)
    plain = f"{at}?{'from=1&to=2' if at.endswith('/compare') else ''}"
    assert ask(asking, plain)[0] in (200, 301) or route in NOT_HERE
    many = "&".join(f"service=a{n}" for n in range(4_000))
    status, body = ask(asking, f"{plain}&{many}")
    assert (status, len(body) < 200) == (414, True)
    for name, values in KNOWN.items():
        said = [f"{name}={quote(value, safe='')}" for value in values]
        room = LONGEST - len(plain) - 1
        whole = "&".join(said * (room // len(said[0])))[:room].rpartition("&")[0]
        ask(asking, f"{plain}&{whole}")


@pytest.mark.parametrize(
    "route",
    ["/changes", "/feed.atom", "/calendar.ics", "/search", "/api/v1/changes"],
)
@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("service=Nobody", "Nobody"),
        ("service=Parley&document=parley/none", "parley/none"),
        ("language=tlh", "tlh"),
        ("topic=horoscopes", "horoscopes"),
        ("&".join(f"document={PRIVACY}" for _ in range(21)), ""),
    ],
)
def test_a_filter_takes_a_few_names_that_exist(
    parley: Story, route: str, query: str, said: str
) -> None:
    if "topic" in query and route == "/search":
        query, said = "service=%00", "service"
    answer = parley.site.get(f"{route}?{query}")
    assert answer.status_code == 400
    assert said in answer.text


def test_what_is_wrong_with_a_filter_is_said(parley: Story) -> None:
    many = "&".join("topic=security" for _ in range(21))
    for address, said in (
        ("/changes?service=Nobody", "“Nobody” is not a known service."),
        ("/changes?service=Nobody&lang=fr", "n’est pas une valeur connue"),
        (f"/changes?{many}", "“topic” has too many values."),
        (
            "/api/v1/changes?service=Nobody",
            "service: no service is called 'Nobody'",
        ),
        (f"/api/v1/changes?{many}", "topic: List should have at most 20 items"),
        (f"/search?q={'a' * LONGEST}", "This address is too long."),
        (f"/api/v1/search?q={'a' * LONGEST}", "an address has 2,048 bytes at most"),
    ):
        assert said in parley.site.get(address).text, address


ODD = st.one_of(
    st.sampled_from(
        [
            "%00",
            "%FF",
            "%C0%80",
            "%ED%A0%80",
            "%",
            "%2",
            "%u0041",
            "+",
            ";",
            "%26",
            "%3D",
            "%0D%0A",
            "[",
        ]
    ),
    st.text(max_size=40).map(lambda text: quote(text, safe="", errors="replace")),
    st.sampled_from(["a", "%41", "%F0%9F%98%80", "%22", "%3C"]).flatmap(
        lambda one: st.integers(1, 60_000 // len(one)).map(
            lambda times: one * times
        )
    ),
)
PARTS = st.one_of(
    st.sampled_from([*KNOWN]).flatmap(
        lambda name: st.sampled_from(KNOWN[name]).map(
            lambda value: f"{name}={quote(value, safe='')}"
        )
    ),
    st.builds(
        "{}={}".format,
        st.one_of(
            st.sampled_from([*KNOWN, "before", "newer", "part", "standing"]), ODD
        ),
        ODD,
    ),
)
QUERIES = st.lists(st.tuples(PARTS, st.integers(1, 200)), max_size=6).map(
    lambda parts: "&".join(part for part, times in parts for _ in range(times))[
        :60_000
    ]
)


@given(route=st.sampled_from(ROUTES), query=QUERIES, odd=st.none() | ODD)
@example(route="/changes", query="lang=en&" * 255, odd=None)
@example(route="/changes/{change_id:int}", query="", odd="")
def test_no_question_is_too_much(
    asking: HTTPConnection, route: str, query: str, odd: Any
) -> None:
    places = PLACES if odd is None else dict.fromkeys(PLACES, odd[:3_000])
    ask(asking, f"{path(route, places)}?{query}")
