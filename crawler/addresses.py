"""Which addresses may be asked: public ones, over http and https.

The URL is checked before each request, and the address itself when the connection is made: a name is resolved once, by
`PublicResolver`, and the connection goes to the address that was checked, so that a DNS that answers something else the
next time changes nothing. `public_socket` sees every connection, also to an address that stands in the URL.
"""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from aiohttp.abc import ResolveResult
from aiohttp.connector import AddrInfoType
from aiohttp.resolver import ThreadedResolver
from yarl import URL

from crawler.failures import ForbiddenAddress
from messages import Message

WEB_PORTS = frozenset({80, 443})
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: an IPv4 address in the last 32 bits


def is_public(text: str) -> bool:
    """Whether an address is one of the open internet, whichever way an IPv4 address is wrapped in it."""
    address = ip_address(text)
    if isinstance(address, IPv6Address):
        inner = _wrapped(address)
        if inner is not None:
            return is_public(str(inner))
        if address.is_site_local:
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def _wrapped(address: IPv6Address) -> IPv4Address | None:
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.teredo[1] if address.teredo is not None else None


class PublicResolver(ThreadedResolver):
    """Resolves names to public addresses only."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Raise `ForbiddenAddress` if none of the host's addresses is public."""
        results = await super().resolve(host, port, family)
        public = [result for result in results if is_public(result["host"])]
        if results and not public:
            raise ForbiddenAddress(host, results[0]["host"])
        return public


def public_socket(info: AddrInfoType) -> socket.socket:
    """A socket for one connection; raises `ForbiddenAddress` for an address that is not public."""
    family, kind, protocol, _, address = info
    if not is_public(str(address[0])):
        raise ForbiddenAddress(str(address[0]), str(address[0]))
    return socket.socket(family=family, type=kind, proto=protocol)


def host_of(url: str) -> str:
    """The host of an http(s) URL, lower case, without the brackets of IPv6."""
    return URL(url, encoded=True).host or ""


def port_of(url: str) -> int | None:
    """The port that a URL leads to."""
    return URL(url, encoded=True).port


def objection(url: str, ports: frozenset[int] | None = None) -> Message | None:
    """Why this URL is not asked, as the end of a sentence ("... which is not a web address"); None if it may be.

    Without `ports`, any port will do.
    """
    try:
        parsed = URL(url, encoded=True)
        host, port = parsed.host, parsed.port
        (parsed.raw_host or "").encode("idna")  # as the resolver will: "a..com" and labels of 64 letters have no name
    except ValueError:  # UnicodeError is one
        return Message("objection.unclear")
    if parsed.scheme not in {"http", "https"}:
        return Message("objection.scheme")
    if not host:
        return Message("objection.host")
    if parsed.user is not None or parsed.password is not None:
        return Message("objection.password")
    if ports is not None and port not in ports:
        return Message("objection.port", port=port or 0)
    return None
