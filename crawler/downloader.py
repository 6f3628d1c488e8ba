"""One request, one answer: the download handler that Scrapy hands each request to.

The only place where a connection is made, so that all limits hold for every request: Scrapy's handlers know no private
addresses, and their timeout and size limit end before the decompression. No proxy is used, not even one that the
environment names: it would resolve names itself, past the address guard.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import zlib
from collections import defaultdict
from functools import cached_property
from typing import Any

import aiohttp
from scrapy import Request
from scrapy.core.downloader.handlers.base import BaseDownloadHandler
from scrapy.crawler import Crawler
from scrapy.http import Headers, Response
from scrapy.responsetypes import responsetypes
from yarl import URL

from crawler.addresses import PublicResolver, host_of, public_socket
from crawler.extensions import pauses_of
from crawler.failures import DownloadFailed, ForbiddenAddress, TemporaryFailure
from messages import Message, system_error, verbatim

_HEADER_SIZE = 65536  # bytes; some sites send content security policies beyond aiohttp's 8 kB
_MAX_ENCODINGS = 2  # one over the other
_MOST_MEMBERS = 100  # of a gzip file, which may also have zeros after the last one
_NO_TLS = {"WRONG_VERSION_NUMBER", "HTTP_REQUEST"}  # how OpenSSL calls an answer that is no TLS

RawHeaders = list[tuple[str, str]]


class GuardedDownloadHandler(BaseDownloadHandler):
    """Raises `DownloadFailed`. Puts the headers as they came into `request.meta["received_headers"]`.

    Only the host of `request.meta["private_host"]` may have a private address.
    """

    lazy = True

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._max_size = crawler.settings.getint("DOWNLOAD_MAXSIZE")
        self._pauses = pauses_of(crawler)
        self._connections = asyncio.Semaphore(crawler.settings.getint("CONCURRENT_HOSTS"))
        self._hosts: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)  # which several slots may share

    async def download_request(self, request: Request) -> Response:
        """Ask once, follow nothing, and read the whole body within the limits."""
        self._pauses.refuse(request)
        try:
            async with self._hosts[host_of(request.url)], self._connections:
                status, received, body = await self._exchange(request)
        finally:
            self._pauses.request_ended(request)
        request.meta["received_headers"] = received
        body = _decoded(body, received, self._max_size, host_of(request.url))
        headers = Headers()
        for name, value in received:
            if name.lower() != "content-encoding":
                headers.appendlist(name, value)
        response_class = responsetypes.from_args(headers=headers, url=request.url, body=body)
        return response_class(request.url, status, headers=headers, body=body)

    async def _exchange(self, request: Request) -> tuple[int, RawHeaders, bytes]:
        host, seconds = host_of(request.url), request.meta["download_timeout"]
        allow_private = request.meta.get("private_host") == host
        try:
            async with (
                _session(self._trusted, allow_private=allow_private) as session,
                session.request(
                    request.method,
                    URL(request.url, encoded=True),
                    headers=request.headers.to_tuple_list(),
                    data=request.body or None,
                    allow_redirects=False,
                    timeout=aiohttp.ClientTimeout(total=seconds),
                ) as answer,
            ):
                received = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in answer.raw_headers]
                return answer.status, received, await self._body(answer)
        except TimeoutError as failure:
            raise TemporaryFailure(Message("network.late", host=host, seconds=seconds)) from failure
        except aiohttp.ClientError as failure:
            raise _explained(failure, host) from failure

    async def _body(self, answer: aiohttp.ClientResponse) -> bytes:
        if (answer.content_length or 0) > self._max_size:
            raise too_large(self._max_size)
        body = bytearray()
        async for chunk in answer.content.iter_any():
            body += chunk
            if len(body) > self._max_size:
                raise too_large(self._max_size)
        return bytes(body)

    @cached_property
    def _trusted(self) -> ssl.SSLContext:
        """The authorities that this system trusts; loading them takes a while."""
        return ssl.create_default_context()


def _session(trusted: ssl.SSLContext, *, allow_private: bool) -> aiohttp.ClientSession:
    """For one request: a connection that was allowed for one target must not serve another.

    A connection that is kept may break off at any time, and aiohttp then asks a second time by itself, without the
    delay between two requests.
    """
    guards: dict[str, Any] = {} if allow_private else {"resolver": PublicResolver(), "socket_factory": public_socket}
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=trusted, force_close=True, **guards),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,  # it has no limit
        max_line_size=_HEADER_SIZE,
        max_field_size=_HEADER_SIZE,
        skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding"),
    )
    session._retry_connection = False
    return session


def too_large(limit: int) -> DownloadFailed:
    """For a page above `limit` bytes."""
    if limit >= 2**20:
        size = Message("size.mega", number=f"{limit / 2**20:.1f}")
    else:
        size = Message("size.kilo", number=f"{limit / 1024:.1f}")
    return DownloadFailed(Message("network.large", size=size))


def _explained(failure: aiohttp.ClientError, host: str) -> DownloadFailed:
    cause = getattr(failure, "os_error", None)
    match failure:
        case aiohttp.ClientConnectorError() if isinstance(cause, ForbiddenAddress):
            where = Message("network.private_at", host=cause.host, address=cause.address)
            return DownloadFailed(
                Message("network.private", where=cause.host if cause.host == cause.address else where), reached=False
            )
        case aiohttp.ClientConnectorCertificateError():
            certificate = failure.certificate_error
            why = certificate.verify_message if isinstance(certificate, ssl.SSLCertVerificationError) else certificate
            return DownloadFailed(Message("network.certificate", host=host, why=str(why)), reached=False)
        case aiohttp.ClientSSLError() if isinstance(cause, ssl.SSLError) and cause.reason in _NO_TLS:
            return DownloadFailed(Message("network.no_tls", host=host), reached=False)
        case aiohttp.ClientSSLError():
            return DownloadFailed(Message("network.tls", host=host, why=str(cause)), reached=False)
        case aiohttp.ClientConnectorDNSError():
            may_pass = isinstance(cause, socket.gaierror) and cause.errno == socket.EAI_AGAIN
            kind = TemporaryFailure if may_pass else DownloadFailed
            return kind(Message("network.name", host=host), reached=False)
        case aiohttp.ClientConnectorError():
            cause = system_error(failure.errno) if failure.errno else verbatim(str(failure))
            return TemporaryFailure(Message("network.connection", host=host, why=cause), reached=False)
        case aiohttp.ClientPayloadError() | aiohttp.ClientConnectionError():
            return TemporaryFailure(Message("network.broken_off", host=host))
        case aiohttp.InvalidURL():
            return DownloadFailed(Message("network.address"), reached=False)
    return DownloadFailed(Message("network.http", host=host))


def _decoded(body: bytes, received: RawHeaders, limit: int, host: str) -> bytes:
    named = ",".join(value for name, value in received if name.lower() == "content-encoding")
    encodings = [encoding for each in named.split(",") if (encoding := each.strip().lower()) not in {"", "identity"}]
    if len(encodings) > _MAX_ENCODINGS or not set(encodings) <= {"gzip", "x-gzip", "deflate"}:
        raise DownloadFailed(Message("network.encoding", host=host, named=repr(named[:40])))
    for _ in encodings:
        try:
            body = _inflated(body, limit)
        except (EOFError, zlib.error) as failure:
            raise TemporaryFailure(Message("network.compressed", host=host)) from failure
        if len(body) > limit:
            raise too_large(limit)
    return body


def _inflated(body: bytes, limit: int) -> bytes:
    """Of gzip or deflate, as far as a byte above the limit."""
    try:
        return _decompressed(body, limit, zlib.MAX_WBITS | 32)
    except zlib.error:  # some servers leave out the wrapper of deflate
        return _decompressed(body, limit, -zlib.MAX_WBITS)


def _decompressed(body: bytes, limit: int, wbits: int) -> bytes:
    """Raises `EOFError` for a body that breaks off, which Scrapy would take for the whole."""
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
