"""Which addresses may be connected to: public ones.

They are checked when the connection is made: a name is resolved once, and the connection goes to the address that was
checked, so that a DNS that answers something else the next time changes nothing.
"""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: an IPv4 address in the last 32 bits


class ForbiddenAddress(OSError):
    """A name or an address that leads into a private network; an OSError, as a connector expects one."""

    def __init__(self, host: str, address: str) -> None:
        super().__init__(f"{host} is in a private network")
        self.host = host
        self.address = address


def is_public(text: str) -> bool:
    """Whether an address is one of the open internet, whichever way an IPv4 address is wrapped in it."""
    address = ip_address(text)
    if isinstance(address, IPv6Address):
        inner = _wrapped(address)
        if inner is not None:
            return is_public(str(inner))
        if address.is_site_local:
            return False
    return address.is_global and not (
        address.is_multicast or address.is_reserved or address.is_unspecified
    )


def _wrapped(address: IPv6Address) -> IPv4Address | None:
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.teredo[1] if address.teredo is not None else None


def public_addresses(host: str, port: int) -> list[str]:
    """Where a name leads now, for a program that is told where to connect. Raises `ForbiddenAddress` if none of its
    addresses is public, `OSError` where it has none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(address[0]) for *_, address in found))
    public = [address for address in addresses if is_public(address)]
    if not public:
        raise ForbiddenAddress(host, addresses[0])
    return public
