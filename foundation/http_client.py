"""One request, one answer: one deadline, a size limit before and after decompression, public addresses unless the caller
allows others. No redirects, cookies or proxies (they resolve names past the address guard).
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import aiohttp
from aiohttp.abc import ResolveResult
from aiohttp.connector import AddrInfoType
from aiohttp.resolver import ThreadedResolver
from yarl import URL

from foundation.addresses import ForbiddenAddress, is_public

# bytes; some content security policies exceed aiohttp's 8 kB
_HEADER_SIZE = 65536
_MAX_ENCODINGS = 2  # nested
_MOST_MEMBERS = 100  # of a gzip file, which may also have trailing zeros
_NO_TLS = {
    "WRONG_VERSION_NUMBER",
    "HTTP_REQUEST",
}  # OpenSSL's name for an answer without TLS

Headers = Sequence[tuple[str, str]]
FailureCause = Literal[
    "late",
    "large",
    "private",
    "name",
    "connection",
    "certificate",
    "no_tls",
    "tls",
    "broken_off",
    "address",
    "http",
    "encoding",
    "compressed",
]


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """`body` is decoded."""

    status: int
    headers: Headers
    body: bytes

    def header(self, name: str) -> str | None:
        return next(
            (value for key, value in self.headers if key.lower() == name.lower()),
            None,
        )


class HttpFailure(Exception):
    """Says why, without an address."""

    def __init__(
        self,
        cause: FailureCause,
        why: str,
        *,
        error: BaseException | None = None,
        detail: str = "",
    ) -> None:
        super().__init__(why)
        self.cause = cause
        self.error = error  # of the library or system
        self.detail = detail  # its words, or the server's

    @property
    def errno(self) -> int | None:
        return getattr(self.error, "errno", None)


def fetch(
    url: str,
    *,
    seconds: float = 20.0,
    max_size: int = 64 * 1024,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    allow_private: bool = False,
) -> HttpResponse:
    """Whatever the status. Raises `HttpFailure`. Not within an event loop."""
    sent = {"Accept-Encoding": "gzip, deflate"} | dict(headers or {})
    asked = exchange(
        url,
        seconds=seconds,
        max_size=max_size,
        method=method,
        headers=[*sent.items()],
        body=body,
        allow_private=allow_private,
    )
    return asyncio.run(asked)


async def exchange(
    url: str,
    *,
    seconds: float,
    max_size: int,
    method: str = "GET",
    headers: Headers = (),
    body: bytes | None = None,
    allow_private: bool = False,
) -> HttpResponse:
    """Within an event loop; sends only these headers."""
    try:
        async with (
            _session(allow_private=allow_private) as session,
            session.request(
                method,
                URL(url, encoded=True),
                headers=headers,
                data=body,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=seconds),
            ) as answer,
        ):
            received = [
                (name.decode("latin-1"), value.decode("latin-1"))
                for name, value in answer.raw_headers
            ]
            content = await _body(answer, max_size)
    except TimeoutError as failure:
        raise HttpFailure(
            "late", f"no whole answer within {seconds:g} seconds"
        ) from failure
    except aiohttp.ClientError as failure:
        raise _explained(failure) from failure
    return HttpResponse(
        answer.status, received, _decoded(content, received, max_size)
    )


class _PublicResolver(ThreadedResolver):
    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_INET,
    ) -> list[ResolveResult]:
        """Raises `ForbiddenAddress`."""
        results = await super().resolve(host, port, family)
        public = [result for result in results if is_public(result["host"])]
        if results and not public:
            raise ForbiddenAddress(host, results[0]["host"])
        return public


def _public_socket(info: AddrInfoType) -> socket.socket:
    """Raises `ForbiddenAddress`."""
    family, kind, protocol, _, address = info
    if not is_public(str(address[0])):
        raise ForbiddenAddress(str(address[0]), str(address[0]))
    return socket.socket(family=family, type=kind, proto=protocol)


@cache
def _trust(_paths: ssl.DefaultVerifyPaths) -> ssl.SSLContext:
    return ssl.create_default_context()


def _session(*, allow_private: bool) -> aiohttp.ClientSession:
    """For one request: what is allowed for one target must not serve another."""
    guards: dict[str, Any] = (
        {}
        if allow_private
        else {"resolver": _PublicResolver(), "socket_factory": _public_socket}
    )
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            ssl=_trust(ssl.get_default_verify_paths()), force_close=True, **guards
        ),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,  # it has no limit
        max_line_size=_HEADER_SIZE,
        max_field_size=_HEADER_SIZE,
        skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding"),
    )
    session._retry_connection = False
    return session


async def _body(answer: aiohttp.ClientResponse, limit: int) -> bytes:
    if (answer.content_length or 0) > limit:
        raise _too_large(limit)
    body = bytearray()
    async for chunk in answer.content.iter_any():
        body += chunk
        if len(body) > limit:
            raise _too_large(limit)
    return bytes(body)


def _too_large(limit: int) -> HttpFailure:
    return HttpFailure(
        "large", f"the answer is too large, more than {limit // 1024} kB"
    )


def _explained(failure: aiohttp.ClientError) -> HttpFailure:
    error = getattr(failure, "os_error", None)
    match failure:
        case aiohttp.ClientConnectorError() if isinstance(error, ForbiddenAddress):
            return HttpFailure(
                "private", "its address is in a private network", error=error
            )
        case aiohttp.ClientConnectorCertificateError():
            certificate = failure.certificate_error
            why = (
                certificate.verify_message
                if isinstance(certificate, ssl.SSLCertVerificationError)
                else certificate
            )
            return HttpFailure(
                "certificate",
                f"the certificate is not trusted ({why})",
                detail=str(why),
            )
        case aiohttp.ClientSSLError() if (
            isinstance(error, ssl.SSLError) and error.reason in _NO_TLS
        ):
            return HttpFailure(
                "no_tls", "it does not use https at this address", error=error
            )
        case aiohttp.ClientSSLError():
            return HttpFailure(
                "tls", f"no secure connection ({error})", detail=str(error)
            )
        case aiohttp.ClientConnectorDNSError():
            return HttpFailure(
                "name", "no address was found for its name", error=error
            )
        case aiohttp.ClientConnectorError():
            return HttpFailure(
                "connection",
                f"no connection ({failure.strerror or failure})",
                error=failure,
            )
        case aiohttp.ClientPayloadError() | aiohttp.ClientConnectionError():
            return HttpFailure(
                "broken_off",
                "the connection was closed before the answer was complete",
                error=failure,
            )
        case aiohttp.InvalidURL():
            return HttpFailure("address", "the address is not valid", error=failure)
    return HttpFailure("http", "the answer is not valid HTTP", error=failure)


def is_passing_name_failure(failure: HttpFailure) -> bool:
    """Of DNS, not an unknown name."""
    return (
        isinstance(failure.error, socket.gaierror)
        and failure.error.errno == socket.EAI_AGAIN
    )


def _decoded(body: bytes, received: Headers, limit: int) -> bytes:
    named = ",".join(
        value for name, value in received if name.lower() == "content-encoding"
    )
    encodings = [
        encoding
        for each in named.split(",")
        if (encoding := each.strip().lower()) not in {"", "identity"}
    ]
    if len(encodings) > _MAX_ENCODINGS or not set(encodings) <= {
        "gzip",
        "x-gzip",
        "deflate",
    }:
        quoted = repr(named[:40])
        raise HttpFailure(
            "encoding",
            f"the answer is compressed in an unsupported way ({quoted})",
            detail=quoted,
        )
    for _ in encodings:
        try:
            body = _inflated(body, limit)
        except (EOFError, zlib.error) as failure:
            raise HttpFailure(
                "compressed", "the answer can't be decompressed"
            ) from failure
        if len(body) > limit:
            raise _too_large(limit)
    return body


def _inflated(body: bytes, limit: int) -> bytes:
    """Up to one byte above the limit."""
    try:
        return _decompressed(body, limit, zlib.MAX_WBITS | 32)
    except zlib.error:  # some servers omit deflate's wrapper
        return _decompressed(body, limit, -zlib.MAX_WBITS)


def _decompressed(body: bytes, limit: int, wbits: int) -> bytes:
    """Raises `EOFError` for a truncated body."""
    content = b""
    for _ in range(_MOST_MEMBERS):
        decompressor = zlib.decompressobj(wbits)
        content += decompressor.decompress(body, limit + 1 - len(content))
        if len(content) > limit:
            return content
        if not decompressor.eof:
            break
        body = decompressor.unused_data.lstrip(b"\0")
        if not body:
            return content
    raise EOFError
