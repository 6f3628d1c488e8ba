"""Hosts, and whether their addresses are public. The checked address is the one connected to: a changing DNS gains
nothing.
"""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from yarl import URL

_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052


class ForbiddenAddress(OSError):
    """An OSError, as connectors expect."""

    def __init__(self, host: str, address: str) -> None:
        super().__init__(f"{host} is in a private network")
        self.host = host
        self.address = address


def host_of(url: str) -> str:
    """Lower case, without the brackets of IPv6. Raises `ValueError`."""
    return URL(url, encoded=True).host or ""


def is_public(text: str) -> bool:
    """Also of IPv4 within IPv6."""
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
    """Raises `ForbiddenAddress` if none is public, `OSError` if there is none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(address[0]) for *_, address in found))
    public = [address for address in addresses if is_public(address)]
    if not public:
        raise ForbiddenAddress(host, addresses[0])
    return public
