"""One request, one answer: the download handler that Scrapy hands each request to.

Scrapy's own handlers have no guard against private addresses and count the timeout and the size limit apart from the
decompression; this one is the only place where a connection is made, so that all limits hold for every request.
No proxy is used, not even one named in the environment: it would resolve names itself and void the guard.
"""

from __future__ import annotations

import gzip
import socket
import ssl
import zlib
from functools import cached_property
from io import BytesIO
from typing import Any

import aiohttp
from scrapy import Request
from scrapy.core.downloader.handlers.base import BaseDownloadHandler
from scrapy.http import Response
from yarl import URL

from crawler.addresses import PublicResolver, public_socket
from crawler.failures import DownloadFailed, ForbiddenAddress
from messages import Message, system_error, verbatim

ACCEPT_ENCODING = "gzip, deflate"  # what the standard library decodes: the fewer decoders face the web, the better
_HEADER_SIZE = 65536  # bytes; some sites send content security policies beyond aiohttp's 8 kB
_MAX_ENCODINGS = 2  # one over the other
_NO_TLS = {"WRONG_VERSION_NUMBER", "HTTP_REQUEST"}  # how OpenSSL calls an answer that is none of TLS

RawHeaders = list[tuple[str, str]]


class GuardedDownloads(BaseDownloadHandler):
    """Raises `DownloadFailed`. Puts the headers, as received, into `request.meta["received"]`.

    Of `request.meta` it reads `download_timeout` and `download_maxsize` (both required: there is no request without
    limits) and `allow_private`.
    """

    lazy = True

    async def download_request(self, request: Request) -> Response:
        """Ask once, follow nothing, and read the whole body within the limits."""
        limit, seconds = request.meta["download_maxsize"], request.meta["download_timeout"]
        host = URL(request.url, encoded=True).host or ""
        try:
            status, headers, body = await self._exchange(request, limit, seconds)
        except TimeoutError as failure:
            raise DownloadFailed(Message("network.late", host=host, seconds=seconds), temporary=True) from failure
        except aiohttp.ClientError as failure:
            raise _explained(failure, host) from failure
        request.meta["received"] = headers
        return Response(request.url, status, body=_decoded(body, headers, limit, host), request=request)

    async def _exchange(self, request: Request, limit: int, seconds: float) -> tuple[int, RawHeaders, bytes]:
        async with (
            _session(self._trusted, allow_private=request.meta.get("allow_private", False)) as session,
            session.request(
                request.method,
                URL(request.url, encoded=True),
                headers=request.headers.to_tuple_list(),
                data=request.body or None,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=seconds),
            ) as answer,
        ):
            headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in answer.raw_headers]
            if (answer.content_length or 0) > limit:
                raise too_large(limit)
            body = bytearray()
            async for chunk in answer.content.iter_any():
                body += chunk
                if len(body) > limit:
                    raise too_large(limit)
            return answer.status, headers, bytes(body)

    @cached_property
    def _trusted(self) -> ssl.SSLContext:
        """The authorities that this system trusts; loading them takes a while."""
        return ssl.create_default_context()


def _session(trusted: ssl.SSLContext, *, allow_private: bool) -> aiohttp.ClientSession:
    """For one request: a connection that was allowed for one target must not serve another.

    Connections are not kept in any case: a kept one may break off at any time, and aiohttp then asks a second time by
    itself, without the delay between two requests.
    """
    guards: dict[str, Any] = {} if allow_private else {"resolver": PublicResolver(), "socket_factory": public_socket}
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=trusted, force_close=True, **guards),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,  # without a limit
        max_line_size=_HEADER_SIZE,
        max_field_size=_HEADER_SIZE,
        skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding"),
    )
    session._retry_connection = False
    return session


def too_large(limit: int) -> DownloadFailed:
    """What is said of a page above `limit` bytes."""
    if limit >= 2**20:
        size = Message("size.mega", number=f"{limit / 2**20:.1f}")
    else:
        size = Message("size.kilo", number=f"{limit / 1024:.1f}")
    return DownloadFailed(Message("network.large", size=size))


def _explained(failure: aiohttp.ClientError, host: str) -> DownloadFailed:
    cause = getattr(failure, "os_error", None)
    match failure:
        case aiohttp.ClientConnectorError() if isinstance(cause, ForbiddenAddress):
            host, address = cause.host, cause.address
            where = host if host == address else Message("network.private_at", host=host, address=address)
            return DownloadFailed(Message("network.private", where=where), reached=False)
        case aiohttp.ClientConnectorCertificateError():
            certificate = failure.certificate_error
            why = certificate.verify_message if isinstance(certificate, ssl.SSLCertVerificationError) else certificate
            return DownloadFailed(Message("network.certificate", host=host, why=str(why)), reached=False)
        case aiohttp.ClientSSLError() if isinstance(cause, ssl.SSLError) and cause.reason in _NO_TLS:
            return DownloadFailed(Message("network.no_tls", host=host), reached=False)
        case aiohttp.ClientSSLError():
            return DownloadFailed(Message("network.tls", host=host, why=str(cause)), reached=False)
        case aiohttp.ClientConnectorDNSError():
            unsure = isinstance(cause, socket.gaierror) and cause.errno == socket.EAI_AGAIN
            return DownloadFailed(Message("network.name", host=host), temporary=unsure, reached=False)
        case aiohttp.ClientConnectorError():
            reason = Message("network.connection", host=host, why=_named(failure))
            return DownloadFailed(reason, temporary=True, reached=False)
        case aiohttp.ClientPayloadError() | aiohttp.ClientConnectionError():
            return DownloadFailed(Message("network.broken_off", host=host), temporary=True)
        case aiohttp.InvalidURL():
            return DownloadFailed(Message("network.address"), reached=False)
    return DownloadFailed(Message("network.http", host=host))


def _named(failure: aiohttp.ClientConnectorError) -> Message:
    return system_error(failure.errno) if failure.errno else verbatim(str(failure))


def _decoded(body: bytes, headers: RawHeaders, limit: int, host: str) -> bytes:
    named = ",".join(value for name, value in headers if name.lower() == "content-encoding")
    encodings = [one for each in named.split(",") if (one := each.strip().lower()) not in {"", "identity"}]
    if len(encodings) > _MAX_ENCODINGS or not set(encodings) <= {"gzip", "x-gzip", "deflate"}:
        raise DownloadFailed(Message("network.encoding", host=host, named=repr(named[:40])))
    for encoding in reversed(encodings):
        try:
            body = _inflated(body, limit) if encoding == "deflate" else _gunzipped(body, limit)
        except (OSError, EOFError, zlib.error) as failure:
            raise DownloadFailed(Message("network.compressed", host=host), temporary=True) from failure
        if len(body) > limit:
            raise too_large(limit)
    return body


def _gunzipped(body: bytes, limit: int) -> bytes:
    if not body:
        return body  # of a 304 or a 204, whose headers speak of the page
    with gzip.GzipFile(fileobj=BytesIO(body)) as file:
        return file.read(limit + 1)


def _inflated(body: bytes, limit: int) -> bytes:
    if not body:
        return body
    try:
        return _complete(zlib.decompressobj(), body, limit)
    except zlib.error:  # some servers leave out the zlib wrapper
        return _complete(zlib.decompressobj(-zlib.MAX_WBITS), body, limit)


def _complete(decompressor: zlib._Decompress, body: bytes, limit: int) -> bytes:
    found = decompressor.decompress(body, limit + 1)
    if len(found) <= limit and not decompressor.eof:
        raise EOFError
    return found
