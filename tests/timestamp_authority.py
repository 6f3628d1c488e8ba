"""A timestamp authority on the loopback that answers by `openssl ts`."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

_CONFIG = """
[tsa]
default_tsa = own
[own]
serial = {folder}/serial
certs = {folder}/root.pem
signer_cert = {folder}/authority.pem
signer_key = {folder}/authority.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_alg = sha256
"""


class TimestampAuthority:
    """Its root certificate is in `root`; `broken` stands for what happens in place of a good answer."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self.folder, self.root = folder, folder / "root.pem"
        self.url = ""
        self.asked = 0
        self.broken: Callable[[bytes], tuple[int, bytes]] | None = None
        new = (
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "30",
        )
        self._openssl(
            *new, "-subj", "/CN=A root", "-keyout", "root.key", "-out", "root.pem"
        )
        signed = (
            "-CA",
            "root.pem",
            "-CAkey",
            "root.key",
            "-addext",
            "extendedKeyUsage=critical,timeStamping",
        )
        self._openssl(
            *new,
            "-subj",
            "/CN=An authority",
            *signed,
            "-keyout",
            "authority.key",
            "-out",
            "authority.pem",
        )
        (folder / "serial").write_text("01\n")
        (folder / "ts.conf").write_text(_CONFIG.format(folder=folder))

    def answer(self, query: bytes) -> bytes:
        """A signed response (DER)."""
        (self.folder / "query.tsq").write_bytes(query)
        self._openssl(
            "ts",
            "-reply",
            "-config",
            "ts.conf",
            "-queryfile",
            "query.tsq",
            "-out",
            "answer.tsr",
        )
        return (self.folder / "answer.tsr").read_bytes()

    def _openssl(self, *words: str) -> None:
        subprocess.run(
            ["openssl", *words], cwd=self.folder, capture_output=True, check=True
        )


@contextmanager
def timestamp_authority(folder: Path) -> Iterator[TimestampAuthority]:
    """A running one."""
    authority = TimestampAuthority(folder)

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["Content-Length"]))
            authority.asked += 1
            status, body = (
                authority.broken(query)
                if authority.broken
                else (200, authority.answer(query))
            )
            self.send_response(status)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    authority.url = f"http://127.0.0.1:{server.server_port}/"
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.01}
    )
    thread.start()
    try:
        yield authority
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
