"""From an address to the Apprise object that sends to it, with our own channels and Apprise's traps closed."""

from __future__ import annotations

import hashlib
import re
from typing import Any, cast
from urllib.parse import parse_qs

from apprise import Apprise, AppriseAsset, NotifyBase, NotifyFormat
from apprise.common import PersistentStoreMode
from apprise.exception import AppriseException
from apprise.manager_plugins import NotificationManager

from foundation.addresses import ForbiddenAddress, host_of, public_addresses
from notifier.forms import Channel, Format
from notifier.http_recorder import listening
from notifier.local import Console, TextFile
from notifier.mail import Mail
from notifier.routes import Address
from notifier.webhook import SCHEMES, Webhook

OURS: dict[str, type[NotifyBase]] = {
    "console": Console,
    "file": TextFile,
    "mailto": Mail,
    "mailtos": Mail,
}
OURS |= dict.fromkeys(SCHEMES, Webhook)

# They report success and deliver nothing (Apprise 2.3).
NOT_TRUSTED = frozenset({"xmpp", "xmpps"})

_FORMS: dict[NotifyFormat, Format] = {
    NotifyFormat.TEXT: "text",
    NotifyFormat.HTML: "html",
    NotifyFormat.MARKDOWN: "markdown",
}
# parameters of Apprise's that name a file, whose content is sent
_OF_FILES = frozenset({"template", "keyfile", "subfile", "pgpkey"})
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]{1,14})://", re.IGNORECASE)


class UnusableAddress(ValueError):
    """Without the address."""


def notify_service(url: str) -> NotifyBase:
    """Raises `UnusableAddress`."""
    scheme = scheme_of(url)
    with listening():
        service = (
            _ours(scheme, url)
            if scheme in OURS
            else Apprise.instantiate(url, asset=_asset())
        )
    if not isinstance(service, NotifyBase):
        raise UnusableAddress(
            f"Apprise can't use this {scheme}:// address: a part of it is missing or malformed, "
            "or a package that this service needs is not installed"
        )
    return service


def address_problem(url: str) -> str | None:
    """Without the address."""
    try:
        notify_service(url)
    except UnusableAddress as failure:
        return str(failure)
    return None


def address(written: str, url: str) -> Address:
    """Its name keeps service and host, with a mark that distinguishes addresses; it stays when a `${PASSWORD}` changes,
    and reveals no secret.
    """
    if re.fullmatch(r"\$\{\w+\}", written.strip()):
        return Address(written.strip(), url)
    if url.lower().startswith(("console://", "file://")):
        return Address(url, url)
    try:
        host = host_of(url) if names_its_host(url) else ""
    except (UnusableAddress, ValueError):
        host = ""
    mark = hashlib.scrypt(
        written.encode(), salt=b"policywatch address", n=4096, r=8, p=1, dklen=3
    ).hex()
    scheme, is_url, _ = url.partition("://")
    return Address(f"{scheme if is_url else '…'}://{host or '…'}#{mark}", url)


def stays_inside(url: str) -> bool:
    """Whether it writes or reads files of this machine, or leads into its network, as far as its text says."""
    scheme, _, rest = url.strip().lower().partition("://")
    query = parse_qs(rest.partition("?")[2], keep_blank_values=True)
    if scheme in ("console", "file") or not _OF_FILES.isdisjoint(query):
        return True
    hosts = [host_of(url)] if names_its_host(url) else []
    for host in filter(None, [*hosts, *query.get("smtp", ())]):
        try:
            public_addresses(host, 443)
        except ForbiddenAddress:
            return True
        except OSError:  # the test message says so
            continue
    return False


def body_format(
    service: NotifyBase, channel: Channel
) -> tuple[Format, NotifyFormat]:
    """`format=` of the address, else the channel's own markup where Apprise passes it through."""
    passed_through = None
    if not channel.reads_text:
        is_html = channel.markup == "tags"
        passed_through = NotifyFormat.HTML if is_html else NotifyFormat.MARKDOWN
    understood = service.resolve_format(passed_through)
    is_own = understood == passed_through
    return channel.markup if is_own else _FORMS[understood], understood


def names_its_host(url: str) -> bool:
    scheme = scheme_of(url)
    if scheme in ("http", "https", *OURS):
        return scheme not in ("console", "file")
    templates = cast(tuple[str, ...], NotificationManager()[scheme].templates)
    return all("{host}" in template for template in templates)


def scheme_of(url: str) -> str:
    """Raises `UnusableAddress`."""
    match = _SCHEME.match(url.strip())
    if match is None:
        raise UnusableAddress(
            "this is no Apprise address: it has to begin with a service and ://, as in mailtos://"
        )
    scheme = match[1].lower()
    if scheme in NOT_TRUSTED:
        raise UnusableAddress(
            f"{scheme}:// is refused: it reports success without delivering anything"
        )
    if (
        scheme not in OURS
        and scheme not in ("http", "https")
        and scheme not in NotificationManager()
    ):
        raise UnusableAddress(f"Apprise knows no service called {scheme}://")
    return scheme


def _ours(scheme: str, url: str) -> NotifyBase | None:
    kind = OURS[scheme]
    parsed: dict[str, Any] | None = kind.parse_url(url)
    if parsed is None and kind is Webhook:
        raise UnusableAddress(
            "write webhook+https://SECRET@HOST/PATH, with a secret of 16 characters or more"
        )
    try:
        service = kind(**parsed, asset=_asset()) if parsed is not None else None
    except (AppriseException, TypeError):
        return None
    if not isinstance(service, Mail) or parsed is None:
        return service
    lost, of = service.lost(parsed)
    if lost:
        raise UnusableAddress(
            f"of the {of} people in this address Apprise leaves out number {', '.join(map(str, lost))}; write each "
            "as NAME@HOST.DOMAIN in ASCII (a domain with other letters as xn--...), with a comma between two"
        )
    return service if service.targets else None


def _asset() -> AppriseAsset:
    return AppriseAsset(
        app_id="policywatch",
        app_desc="policywatch",
        async_mode=False,
        interpret_emojis=False,
        interpret_escapes=False,
        http_redirects=False,  # a redirect could leak an alert and its secrets
        secure_logging=True,
        image_url_mask="",  # their server would see who reads
        image_url_logo="",
        storage_mode=PersistentStoreMode.MEMORY,
    )
