"""A store as the first release left it, for tests of what migrations fill in."""

from __future__ import annotations

from alembic import command
from sqlalchemy import text

from storage import database as opening
from storage.columns import CompressedJson

SOLD = "We never sell what's yours."
_ROWS = (
    "INSERT INTO documents (id, service, title, kind, url, language, added_at, retired, failures) "
    "VALUES ('a/b', 'A', 'B', 'terms', 'https://a.example/', 'en', '2025-01-01', false, 0)",
    "INSERT INTO captures (id, document_id, fetched_at, url, final_url, status, headers, mime, sha256, size, body) "
    "VALUES (1, 'a/b', '2025-01-01', '', '', 200, '[]', 'text/html', '', 0, '')",
    "INSERT INTO versions (id, document_id, number, capture_id, captured_at, cause, fingerprint, reader, page) "
    "VALUES (1, 'a/b', 1, 1, '2025-01-01', 'page', 'x', 'r', ''), (2, 'a/b', 2, 1, '2025-01-02', 'page', 'y', 'r', '')",
    "INSERT INTO changes (id, document_id, version_id, before_id, detected_at, cause, substantive, alert, severity, "
    "direction, topics, brief, waits) VALUES (1, 'a/b', 2, 1, '2025-01-02', 'page', true, true, 'high', 'expands', "
    """'["ai_training", "retention"]', '{}', 0)""",
)


def first_release(url: str) -> None:
    """Make it, in an empty database: document a/b with two versions that say SOLD, and one change."""
    old = opening._engine(opening._parsed(url))
    config = opening._scripts()
    with old.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        for statement in _ROWS:
            connection.execute(text(statement))
        kept = CompressedJson().process_bind_param({"blocks": [{"text": SOLD}]}, connection.dialect)
        connection.execute(text("UPDATE versions SET page = :page"), {"page": kept})
    old.dispose()
