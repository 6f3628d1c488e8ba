"""A webhook for programs: signed JSON with changes as in the API."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from apprise import NotifyBase
from sqlmodel import Session

from foundation.http_client import HttpResponse, fetch
from notifier.escape import for_machines
from storage.clock import utc_now

if TYPE_CHECKING:
    from notifier.notifications import Notification

SCHEMES = ("webhook+http", "webhook+https")
_SHORTEST = 16  # characters of a secret
_SECONDS = 35.0  # for the whole exchange

ChangeJson = Callable[[Session, int], dict[str, Any]]


class Webhook(NotifyBase):
    """`webhook+https://SECRET@HOST/PATH`; the secret signs and is not sent."""

    def __init__(self, target: str, secret: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)  # type: ignore[no-untyped-call]
        self.target, self.secret = target, secret

    def post(self, body: bytes) -> HttpResponse:
        """Raises `HttpFailure`."""
        at = int(utc_now().timestamp())
        signature = hmac.new(
            self.secret.encode(), f"{at}.".encode() + body, hashlib.sha256
        ).hexdigest()
        headers = {
            "Content-Type": "application/json",
            "Policywatch-Signature": f"t={at},v1={signature}",
            "User-Agent": self.app_id,
        }
        return fetch(
            self.target,
            method="POST",
            body=body,
            headers=headers,
            seconds=_SECONDS,
            allow_private=True,
        )

    @staticmethod
    def parse_url(url: str, *_args: Any, **_kwargs: Any) -> dict[str, Any] | None:
        parts = urlsplit(url.strip())
        secret, host = (
            unquote(parts.username or ""),
            parts.netloc.rpartition("@")[2],
        )
        if not parts.hostname or len(secret) < _SHORTEST:
            return None
        return {
            "target": parts._replace(
                scheme=parts.scheme[len("webhook+") :], netloc=host
            ).geturl(),
            "secret": secret,
        }


def only_id(_session: Session, id_: int) -> dict[str, Any]:
    return {"id": id_}


def webhook_body(
    session: Session, message: Notification, change_json: ChangeJson
) -> bytes:
    """As `WebhookMessage` of policywatch/views/json_models.py."""
    views = [
        view for change in message.changes for view in (change, *change.others)
    ]
    body = {
        "id": message.key,
        "kind": message.kind,
        "language": message.language,
        "subject": message.subject,
        "text": message.text,
        "routes": list(message.routes),
        "changes": [
            change_json(session, id_) for view in views if (id_ := view.change.id)
        ],
        "withdrawn": list(message.withdrawn),
        "pages": [view.diff for view in views if view.diff],
    }
    return for_machines(json.dumps(body, ensure_ascii=False)).encode(
        "utf-8", "replace"
    )
