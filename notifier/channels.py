"""From an address to the Apprise object that sends to it; with our own channels, and Apprise's traps closed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, cast
from urllib.parse import urlsplit

from apprise import Apprise, AppriseAsset, NotifyBase, NotifyFormat
from apprise.common import PersistentStoreMode
from apprise.exception import AppriseException
from apprise.manager_plugins import NotificationManager

from notifier.http_recorder import listening
from notifier.local import Console, TextFile
from notifier.mail import Mail
from notifier.templating import Format

# Our own, by scheme. Mail stands in for Apprise's e-mail: same URLs, but it sends our plain text, our headers, and
# knows what the server answered.
OURS: dict[str, type[NotifyBase]] = {"console": Console, "file": TextFile, "mailto": Mail, "mailtos": Mail}

# Say yes and deliver nothing (seen with Apprise 2.3): an alert sent there would be lost without a word.
NOT_TRUSTED = frozenset({"xmpp", "xmpps"})

# What reads these is a program; it gets plain text unless the address says format=.
WEBHOOKS = frozenset({"json", "jsons", "xml", "xmls", "form", "forms"})

# Take a file: these within the message, those as one more message after it. The others that could are push services,
# where it would be a second alarm on a phone.
TAKE_FILE_WITHIN = frozenset({"json", "jsons"})
TAKE_FILE_AFTER = frozenset({"discord", "matrix", "matrixs", "tgram"})
POST_TEXT_WITH_FILE = frozenset({"matrix", "matrixs"})  # an empty one, if none is given

_FORMS: dict[NotifyFormat, Format] = {
    NotifyFormat.TEXT: "text",
    NotifyFormat.HTML: "html",
    NotifyFormat.MARKDOWN: "markdown",
}
_DIALECTS: dict[str, tuple[Format, NotifyFormat]] = {
    "discord": ("discord", NotifyFormat.MARKDOWN),
    "gchat": ("slack", NotifyFormat.MARKDOWN),
    "matrix": ("tags", NotifyFormat.HTML),
    "matrixs": ("tags", NotifyFormat.HTML),
    "slack": ("slack", NotifyFormat.MARKDOWN),
    "tgram": ("tags", NotifyFormat.HTML),
    "workflow": ("teams", NotifyFormat.MARKDOWN),
    "workflows": ("teams", NotifyFormat.MARKDOWN),
}

# What these take in truth, where Apprise says far less (and would leave most of an alert out) or more (ntfy makes a
# file of what is over 4,096 bytes, and a server that takes no files refuses it for good).
_ROOM = {"workflow": 12_000, "workflows": 12_000, "ntfy": 4000, "ntfys": 4000}
_COUNT_BYTES = frozenset({"ntfy", "ntfys"})
_TITLE_AS_JSON = 1400  # bytes: 200 characters, each of them perhaps \uXXXX, and the other keys

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]{1,14})://", re.IGNORECASE)


class UnusableAddress(ValueError):
    """An address that can't be sent to; the sentence does not hold the address."""


def channel(url: str) -> NotifyBase:
    """Raises `UnusableAddress`."""
    scheme = scheme_of(url)
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


def forms(made: NotifyBase, url: str) -> tuple[Format, NotifyFormat]:
    """What this channel gets, and what Apprise is told that it is.

    It is what the address says with `format=`, else the chat's own dialect, else Markdown where that is understood.
    """
    scheme = scheme_of(url)
    dialect, told = _DIALECTS.get(scheme, ("markdown", NotifyFormat.MARKDOWN))
    understood = made.resolve_format(None if scheme in WEBHOOKS else told)
    return (dialect, told) if understood == told and scheme not in WEBHOOKS else (_FORMS[understood], understood)


def room_of(made: NotifyBase, url: str) -> int:
    """How much of a body goes into one message: characters, or what `size_of` counts."""
    return _ROOM.get(scheme_of(url), int(made.body_maxlen))


def size_of(url: str) -> Callable[[str], int]:
    """What this channel counts."""
    return _bytes if scheme_of(url) in _COUNT_BYTES else len


def _bytes(text: str) -> int:
    """As UTF-8, or half of the JSON that it travels in with its title: ntfy allows twice its limit for that."""
    return max(len(text.encode()), (len(json.dumps(text)) + _TITLE_AS_JSON) // 2)


def names_its_host(url: str) -> bool:
    """Whether the part after :// is a host name, not a token, as it is for many chat services."""
    scheme = scheme_of(url)
    if scheme in ("http", "https", *OURS):
        return scheme not in ("console", "file")
    templates = cast(tuple[str, ...], NotificationManager()[scheme].templates)
    return all("{host}" in template for template in templates)


def scheme_of(url: str) -> str:
    """In small letters. Raises `UnusableAddress` where nothing can be sent by it."""
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
        made = kind(**parsed, asset=_asset())
    except (AppriseException, TypeError):
        return None
    if isinstance(made, Mail):
        lost, of = made.lost(parsed)
        if lost:
            raise UnusableAddress(
                f"of the {of} people in this address Apprise leaves out number {', '.join(map(str, lost))}; write each "
                "as NAME@HOST.DOMAIN in ASCII (a domain with other letters as xn--...), with a comma between two"
            )
        return made if made.targets else None
    return made


def _asset() -> AppriseAsset:
    return AppriseAsset(
        app_id="policywatch",
        app_desc="policywatch",
        async_mode=False,
        interpret_emojis=False,
        interpret_escapes=False,
        http_redirects=False,  # a redirect may lead an alert, and its secrets, elsewhere
        secure_logging=True,
        image_url_mask="",  # no pictures from elsewhere: whoever serves them would see who reads
        image_url_logo="",
        storage_mode=PersistentStoreMode.MEMORY,
    )


def host_of(url: str) -> str:
    """The host of an address that names one, without user, password and port."""
    return urlsplit(url).hostname or ""
