"""A whole job with secrets in every place: none of them is in its output, its database, its pages or its messages."""

from __future__ import annotations

import base64
import os
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import SQLModel

from storage.database import Database
from tests import warm
from tests.inbox import Hook, held_port, mail_server, webhook
from tests.site import AI, Site, library, policy, watchlist
from tests.web_pages import visited

SECRETS = {
    "path": "s3cretpath",
    "user": "topsecretuser",
    "password": "hunter2swordfish",
    "token": "tok3n-0f-great-value",
    "person": "whisper@example.org",
    "heartbeat": "b3a7-0a1d",
}


site = pytest.fixture(library)


def echo(handler: BaseHTTPRequestHandler) -> None:
    """Refuse, and say all that was sent."""
    credentials = base64.b64decode(
        handler.headers.get("Authorization", "").removeprefix("Basic ")
    ).decode()
    text = f"no {handler.path} {credentials} {dict(handler.headers)}".encode()
    handler.send_response(403)
    handler.send_header("Content-Length", str(len(text)))
    handler.end_headers()
    handler.wfile.write(text)


def environ(hook: Hook, mail_port: int, nobodys_port: int) -> dict[str, str]:
    credentials = f"{SECRETS['user']}:{SECRETS['password']}"
    return {
        **os.environ,
        "GOOD": f"json://{credentials}@127.0.0.1:{hook.port}/{SECRETS['path']}?-token={SECRETS['token']}",
        "REFUSED": f"json://{credentials}@127.0.0.1:{hook.port}/no/{SECRETS['path']}",
        "NOBODY": f"json://{credentials}@127.0.0.1:{nobodys_port}/{SECRETS['path']}",
        "MAIL": f"mailto://localhost:{mail_port}/{SECRETS['person']}?from=watch@example.net",
        "CHAT": f"slack://T1JJ3T3L2/A1BRTD4JD/{'x' * 16}{'hunter2s'}",
        "HEARTBEAT": f"http://127.0.0.1:{hook.port}/{SECRETS['heartbeat']}",
        "https_proxy": f"http://127.0.0.1:{nobodys_port}",  # the chat is never reached
    }


def config(folder: Path, site: Site, hook: Hook) -> Path:
    """Every kind of address, by name and as it is; an operator and a heartbeat."""
    file = watchlist(folder, site, f"sqlite:///{folder / 'a.db'}")
    written = f"json://{SECRETS['user']}:{SECRETS['password']}@127.0.0.1:{hook.port}/{SECRETS['path']}/written"
    to = f'["${{GOOD}}", "${{REFUSED}}", "${{NOBODY}}", "${{MAIL}}", "${{CHAT}}", "{written}"]'
    lines = file.read_text("utf-8").replace(f'["file://{folder}/alerts.txt"]', to)
    lines = lines.replace(
        "[operator]\n", '[operator]\nheartbeat = "${HEARTBEAT}"\n', 1
    )
    file.write_text(lines, "utf-8")
    return file


def said(*words: object, environ: dict[str, str]) -> str:
    done = warm.done("-m", "policywatch", *words, environ=environ)
    return done.stdout + done.stderr


def test_no_secret_is_anywhere(tmp_path: Path, site: Site) -> None:
    places: dict[str, str] = {}
    with webhook() as hook, mail_server() as inbox, held_port() as nobodys_port:
        env = environ(hook, inbox.port, nobodys_port)
        inbox.refusals[SECRETS["person"]] = f"550 {SECRETS['person']} is unknown"
        file = config(tmp_path, site, hook)
        site_words = ("--config", file)
        hook.always = echo
        for name, words in {
            "first run": ("run", *site_words),
            "run": ("run", "--now", "--json", *site_words),
            "trial": ("routes", "test", *site_words),
            "alerts": ("alerts", *site_words),
            "alerts as JSON": ("alerts", "--json", *site_words),
            "doctor": ("doctor", *site_words),
            "retry": ("alerts", "retry", "--all", *site_words),
        }.items():
            if name == "run":
                site.pages["/privacy"] = policy(AI)
            places[name] = said(*words, environ=env)
        broken = dict(
            env,
            REFUSED=f"nosuch://{SECRETS['password']}",
            HEARTBEAT=f"ftp://{SECRETS['heartbeat']}",
        )
        places["wrong watchlist"] = said("run", *site_words, environ=broken)
    assert "403" in places["trial"]
    assert "550" in places["alerts"]
    assert "nosuch" in places["wrong watchlist"]
    database = Database(f"sqlite:///{tmp_path / 'a.db'}")
    with database.reading() as session:
        tables = SQLModel.metadata.sorted_tables
        rows = [
            str(row)
            for table in tables
            for row in session.execute(text(f"SELECT * FROM {table}"))
        ]
    places["database"] = "\n".join(rows)
    assert "403" in places["database"]
    with visited(database) as client:
        for page in ("/", "/health", "/changes/1", "/feed.atom"):
            places[page] = client.get(page, follow_redirects=True).text
    database.close()
    places["operator"] = (tmp_path / "operator.txt").read_text("utf-8")
    assert "403" in places["operator"]
    places["messages"] = "\n".join(str(call.body) for call in hook.calls)
    for place, shown in places.items():
        for what, secret in SECRETS.items():
            assert secret not in shown, f"{what} in {place}"
        assert "hunter2" not in shown, place
