"""Serves an app over the loopback, as `policywatch serve` does."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI


@contextmanager
def served(
    app: FastAPI,
    *,
    root_path: str = "",
    proxies: Sequence[str] = (),
    http: type[asyncio.Protocol] | str = "auto",
) -> Iterator[str]:
    """The address of the app on a free port, without a slash at its end."""
    config = uvicorn.Config(
        app,
        http=http,
        host="127.0.0.1",
        port=0,
        log_level="warning",
        root_path=root_path,
        timeout_keep_alive=3600,  # a connection that ends by itself may do so just when it is used again
        proxy_headers=bool(proxies),
        forwarded_allow_ips=list(proxies),
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True  # which it sees within two tenths of a second: nobody waits for that


def get(url: str, **how: Any) -> httpx.Response:
    """One answer, however long a busy machine takes for it (and without certificates to load)."""
    return httpx.get(url, timeout=60, verify=False, **how)
