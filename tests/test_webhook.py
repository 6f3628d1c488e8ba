"""The webhook for programs: signed, described by a schema, and switched off where its server says it is gone."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from jsonschema import Draft202012Validator, ValidationError

from notifier.channels import address_problem
from notifier.delivery import DeliveryRun
from notifier.routes import Address, Route
from notifier.send import send
from policywatch.views.serializer import webhook_change
from storage.database import Database
from storage.deliveries import OPERATOR, counts, retry_parked
from tests.inbox import Answer, Hook, drip, webhook
from tests.owed import owe, route
from tests.post import notices, one_message
from tests.web_pages import visited

DATABASES = ["sqlite"]

SECRET = "a-secret-of-24-characters"
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
delivery_run = partial(
    DeliveryRun, base_url="https://watch.example", change_json=webhook_change
)


def address(hook: Hook) -> str:
    return f"webhook+http://{SECRET}@127.0.0.1:{hook.port}/hook?team=1"


def test_a_receiver_verifies_signature_and_schema(store: Database) -> None:
    owe(store, "team")
    with webhook() as hook:
        hook.answers = [503]
        team = [route("team", address(hook))]
        assert delivery_run(store, team, now=lambda: NOON).deliver_due().failed == 1
        assert (
            delivery_run(store, team, now=lambda: NOON + HOUR).deliver_due().sent
            == 1
        )
    first, second = hook.calls
    assert first.body == second.body
    assert second.path == "/hook?team=1", "the secret is not sent"
    stamps = dict(
        part.split("=")
        for part in second.headers["Policywatch-Signature"].split(",")
    )
    signed = f"{stamps['t']}.".encode() + second.raw
    assert (
        hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
        == stamps["v1"]
    )
    with visited(store) as site:
        schema = site.get("/static/webhook.schema.json").json()
        assert (
            schema["$id"]
            == f"{str(site.base_url).rstrip('/')}/static/webhook.schema.json"
        )
        assert site.get(schema["$id"]).json() == schema
        (change,) = second.body["changes"]
        assert site.get(f"/api/v1/changes/{change['id']}").json() == change
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)  # it needs no other file
    validator.validate(second.body)
    with pytest.raises(ValidationError):
        validator.validate(
            second.body | {"changes": [change | {"severity": "grave"}]}
        )
    assert second.body["pages"] == [f"https://watch.example/changes/{change['id']}"]
    assert change["brief"]["meaning"]
    assert second.body["subject"].startswith("[High] Parley trains AI on your data")


@pytest.mark.parametrize(
    ("answer", "permanent", "reason"),
    [
        (
            (302, {"Location": "http://127.0.0.1:1/elsewhere"}, ""),
            True,
            "status 302",
        ),
        ((400, {}, f"no {SECRET} here"), True, "status 400: no *** here"),
        ((429, {"Retry-After": "1800"}, "later"), False, "status 429: later"),
        (drip, False, "no answer within 1 seconds"),
    ],
)
def test_what_a_receiver_answers_decides_what_follows(
    store: Database, answer: Answer, permanent: bool, reason: str
) -> None:
    with webhook() as hook:
        hook.always = answer
        message = replace(one_message(store), payload=b"{}")
        result = send(Address("${A}", address(hook)), message, deadline=1)
    assert (result.ok, result.permanent, result.gone, str(result.answer)) == (
        False,
        permanent,
        False,
        reason,
    )
    assert result.retry_after == (HOUR / 2 if "429" in reason else None)
    assert len(hook.calls) == 1


def test_an_address_that_is_gone_is_switched_off_until_a_message_is_retried(
    database: Database,
) -> None:
    for _ in range(3):
        owe(database, "team")
    with webhook() as hook:
        hook.answers = [410]
        to = Address("${OPS}", f"json://127.0.0.1:{hook.port}/ops")
        routes = [route("team", address(hook)), Route(OPERATOR, (to,))]
        delivery_run(database, routes, now=lambda: NOON).deliver_due()
        owe(database, "team")
        delivery_run(database, routes, now=lambda: NOON + HOUR).deliver_due()
        assert [call.path for call in hook.calls] == ["/hook?team=1", "/ops"], (
            "one try, and one notice"
        )
        assert "nothing more is sent there" in hook.calls[1].body["message"]
        with database.writing() as session:
            assert counts(session)["parked"] == 4
            retry_parked(session, [1], NOON)
        owe(database, "team")
        delivery_run(database, routes, now=lambda: NOON + 2 * HOUR).deliver_due()
        assert len(hook.calls) == 4, "the one that was retried, and the new one"
    assert len(notices(database)) == 1


@pytest.mark.parametrize("secret", ["", "short@"])
def test_an_address_without_a_secret_is_refused(secret: str) -> None:
    problem = address_problem(f"webhook+https://{secret}hooks.example/x")
    assert (
        problem
        == "write webhook+https://SECRET@HOST/PATH, with a secret of 16 characters or more"
    )
