"""Runs the pages."""

from __future__ import annotations

import socket
import sys

import uvicorn

from policywatch.web.app import create_app
from storage.database import Database


def serve(database: Database, *, host: str, port: int) -> None:
    """Until SIGINT or SIGTERM. Raises `OSError` where the address is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family) as listening:
        where = f"[{host}]" if ":" in host else host
        sys.stdout.write(f"The pages are at http://{where}:{listening.getsockname()[1]}/ (stop with Ctrl-C)\n")
        sys.stdout.flush()
        config = uvicorn.Config(create_app(database), log_level="warning", access_log=False, server_header=False)
        uvicorn.Server(config).run(sockets=[listening])
