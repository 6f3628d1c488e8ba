"""From an address to the Apprise object that sends to it; with our own channels, and Apprise's traps closed."""

from __future__ import annotations

import re
from typing import Any, cast
from urllib.parse import urlsplit

from apprise import Apprise, AppriseAsset, NotifyBase, NotifyFormat
from apprise.common import PersistentStoreMode
from apprise.exception import AppriseException
from apprise.manager_plugins import NotificationManager

from notifier.answers import listening
from notifier.local import Console, TextFile
from notifier.mail import Mail

# Our own, by scheme. Mail stands in for Apprise's e-mail: same URLs, but it sends our plain text, our headers, and
# knows what the server answered.
OURS: dict[str, type[NotifyBase]] = {"console": Console, "file": TextFile, "mailto": Mail, "mailtos": Mail}

# Say yes and deliver nothing (seen with Apprise 2.3): an alert sent there would be lost without a word.
NOT_TRUSTED = frozenset({"xmpp", "xmpps"})

# What reads these is a program; it gets plain text unless the address says format=.
WEBHOOKS = frozenset({"json", "jsons", "xml", "xmls", "form", "forms"})

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]{1,14})://", re.IGNORECASE)


class UnusableAddress(ValueError):
    """An address that can't be sent to; the sentence does not hold the address."""


def channel(url: str) -> NotifyBase:
    """Raises `UnusableAddress`."""
    scheme = _scheme(url)
    with listening():
        made = _ours(scheme, url) if scheme in OURS else Apprise.instantiate(url, asset=_asset())
    if not isinstance(made, NotifyBase):
        raise UnusableAddress(
            f"Apprise can't use this {scheme}:// address: a part of it is missing or malformed, "
            "or a package that this service needs is not installed"
        )
    return made


def address_problem(url: str) -> str | None:
    """Why this address can't be used; None if it can. Nothing is sent, and the address is not in the answer."""
    try:
        channel(url)
    except UnusableAddress as failure:
        return str(failure)
    return None


def body_format(made: NotifyBase, url: str) -> NotifyFormat:
    """Which body this channel gets: what the address says with `format=`, else Markdown where that is understood."""
    if _scheme(url) in WEBHOOKS:
        return made.resolve_format(None)
    return made.resolve_format(NotifyFormat.MARKDOWN)


def names_its_host(url: str) -> bool:
    """Whether the part after :// is a host name, not a token, as it is for many chat services."""
    scheme = _scheme(url)
    if scheme in ("http", "https", *OURS):
        return scheme not in ("console", "file")
    templates = cast(tuple[str, ...], NotificationManager()[scheme].templates)
    return all("{host}" in template for template in templates)


def _scheme(url: str) -> str:
    found = _SCHEME.match(url.strip())
    if found is None:
        raise UnusableAddress("this is no Apprise address: it has to begin with a service and ://, as in mailtos://")
    scheme = found[1].lower()
    if scheme in NOT_TRUSTED:
        raise UnusableAddress(f"{scheme}:// is refused: it reports success without delivering anything")
    if scheme not in OURS and scheme not in ("http", "https") and scheme not in NotificationManager():
        raise UnusableAddress(f"Apprise knows no service called {scheme}://")
    return scheme


def _ours(scheme: str, url: str) -> NotifyBase | None:
    kind = OURS[scheme]
    parsed: dict[str, Any] | None = kind.parse_url(url)
    if parsed is None:
        return None
    try:
        return kind(**parsed, asset=_asset())
    except (AppriseException, TypeError):
        return None


def _asset() -> AppriseAsset:
    return AppriseAsset(
        app_id="policywatch",
        app_desc="policywatch",
        async_mode=False,
        interpret_emojis=False,
        interpret_escapes=False,
        http_redirects=False,  # a redirect may lead an alert, and its secrets, elsewhere
        secure_logging=True,
        storage_mode=PersistentStoreMode.MEMORY,
    )


def host_of(url: str) -> str:
    """The host of an address that names one, without user, password and port."""
    return urlsplit(url).hostname or ""
