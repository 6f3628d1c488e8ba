"""The tables of the first release."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "chain_entries",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("text", sa.String, nullable=False),
    )
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("route", sa.String, nullable=False),
        sa.Column("address", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True)),
        sa.Column("claimed_by", sa.String),
        sa.Column("sent_at", sa.DateTime(timezone=True)),
        sa.Column("tried_since", sa.DateTime(timezone=True)),
        sa.Column("error", sa.JSON),
        sa.Column("gone", sa.Boolean, nullable=False),
        sa.Column("taken", sa.JSON),
    )
    op.create_index("ix_deliveries_state", "deliveries", ["state"])
    op.create_table(
        "documents",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("service", sa.String, nullable=False),
        sa.Column("title", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("url", sa.String, nullable=False),
        sa.Column("language", sa.String, nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired", sa.Boolean, nullable=False),
        sa.Column("etag", sa.String),
        sa.Column("last_modified", sa.String),
        sa.Column("markup", sa.String),
        sa.Column("parts", sa.JSON),
        sa.Column("not_before", sa.DateTime(timezone=True)),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("failing_since", sa.DateTime(timezone=True)),
        sa.Column("alerted_at", sa.DateTime(timezone=True)),
        sa.Column("alert_after", sa.Integer, nullable=False),
        sa.Column("rereading", sa.JSON),
        sa.Column("entry", sa.JSON),
        sa.Column("paused", sa.Boolean, nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True)),
        sa.Column("thinned_to", sa.Integer),
    )
    op.create_table(
        "events",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "paragraph_intervals",
        sa.Column("paragraph_id", sa.BigInteger, primary_key=True),
        sa.Column("first", sa.Integer, primary_key=True),
        sa.Column("last", sa.Integer),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "second_readings",
        sa.Column("passage", sa.String, primary_key=True),
        sa.Column("model", sa.String, primary_key=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer", sa.JSON),
        sa.Column("failure", sa.String),
    )
    op.create_index("ix_second_readings_made_at", "second_readings", ["made_at"])
    op.create_table(
        "subscribers",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String, nullable=False, unique=True),
        sa.Column("token", sa.String, nullable=False, unique=True),
        sa.Column("address", sa.String, nullable=False, unique=True),
        sa.Column("topics", sa.JSON, nullable=False),
        sa.Column("severity", sa.String, nullable=False),
        sa.Column("language", sa.String, nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True)),
    )
    op.create_table(
        "word_forms",
        sa.Column("language", sa.String, primary_key=True),
        sa.Column("word", sa.String, primary_key=True),
        sa.Column("stem", sa.String, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_word_forms_stem", "word_forms", ["language", "stem"])
    op.create_table(
        "captures",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column(
            "document_id", sa.String, sa.ForeignKey("documents.id"), nullable=False
        ),
        sa.Column("head_id", sa.Integer, sa.ForeignKey("captures.id")),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.String),
        sa.Column("url", sa.String, nullable=False),
        sa.Column("final_url", sa.String, nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("headers", sa.JSON, nullable=False),
        sa.Column("mime", sa.String, nullable=False),
        sa.Column("charset", sa.String),
        sa.Column("sha256", sa.String, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column(
            "entry",
            sa.Integer,
            sa.ForeignKey("chain_entries.number"),
            nullable=False,
            unique=True,
        ),
    )
    op.create_index("ix_captures_document_id", "captures", ["document_id"])
    op.create_index("ix_captures_head_id", "captures", ["head_id"])
    op.create_table(
        "imports",
        sa.Column(
            "document_id",
            sa.String,
            sa.ForeignKey("documents.id"),
            primary_key=True,
        ),
        sa.Column("archive", sa.String, primary_key=True),
        sa.Column("commit", sa.String, nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "paragraph_packs",
        sa.Column(
            "first_id",
            sa.BigInteger().with_variant(sa.Integer, "sqlite"),
            primary_key=True,
        ),
        sa.Column("last_id", sa.BigInteger, nullable=False),
        sa.Column(
            "document_id", sa.String, sa.ForeignKey("documents.id"), nullable=False
        ),
        sa.Column("digests", sa.LargeBinary, nullable=False),
        sa.Column("counts", sa.LargeBinary, nullable=False),
        sa.Column("is_counted", sa.Boolean, nullable=False),
        sa.Column("texts", sa.LargeBinary, nullable=False),
    )
    op.create_index(
        "ix_paragraph_packs_document_id", "paragraph_packs", ["document_id"]
    )
    op.create_table(
        "timestamps",
        sa.Column(
            "entry",
            sa.Integer,
            sa.ForeignKey("chain_entries.number"),
            primary_key=True,
        ),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("response", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "versions",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column(
            "document_id", sa.String, sa.ForeignKey("documents.id"), nullable=False
        ),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column(
            "capture_id", sa.Integer, sa.ForeignKey("captures.id"), nullable=False
        ),
        sa.Column("captured_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cause", sa.String, nullable=False),
        sa.Column("fingerprint", sa.String, nullable=False),
        sa.Column("reader", sa.String, nullable=False),
        sa.Column("source", sa.String),
        sa.Column("imported", sa.Boolean, nullable=False),
        sa.Column("page", sa.LargeBinary, nullable=False),
        sa.Column("alternating", sa.JSON, nullable=False),
        sa.UniqueConstraint("document_id", "number"),
    )
    op.create_index("ix_versions_capture_id", "versions", ["capture_id"])
    op.create_index("ix_versions_document_id", "versions", ["document_id"])
    op.create_index("ix_versions_fingerprint", "versions", ["fingerprint"])
    op.create_table(
        "checks",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column(
            "document_id", sa.String, sa.ForeignKey("documents.id"), nullable=False
        ),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("accepted", sa.Boolean, nullable=False),
        sa.Column("source", sa.String),
        sa.Column("stands_in", sa.Boolean, nullable=False),
        sa.Column("reason", sa.JSON),
        sa.Column("status", sa.Integer),
        sa.Column("final_url", sa.String),
        sa.Column("moved_to", sa.String),
        sa.Column("seconds", sa.Float),
        sa.Column("etag", sa.String),
        sa.Column("last_modified", sa.String),
        sa.Column("markup", sa.String),
        sa.Column("parts", sa.JSON),
        sa.Column("capture_id", sa.Integer, sa.ForeignKey("captures.id")),
        sa.Column("version_id", sa.Integer, sa.ForeignKey("versions.id")),
    )
    op.create_index("ix_checks_capture_id", "checks", ["capture_id"])
    op.create_index("ix_checks_of_document", "checks", ["document_id", "id"])
    op.create_index("ix_checks_outcome", "checks", ["outcome"])
    op.create_index("ix_checks_version_id", "checks", ["version_id"])
    op.create_table(
        "alternating_passages",
        sa.Column(
            "document_id",
            sa.String,
            sa.ForeignKey("documents.id"),
            primary_key=True,
        ),
        sa.Column("key", sa.String, primary_key=True),
        sa.Column("text", sa.String, nullable=False),
        sa.Column("stands", sa.Boolean, nullable=False),
        sa.Column("is_away", sa.Boolean, nullable=False),
        sa.Column("turns", sa.Integer, nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("turned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "check_id", sa.Integer, sa.ForeignKey("checks.id"), nullable=False
        ),
        sa.Column("longest", sa.Integer, nullable=False),
    )
    op.create_index(
        "ix_alternating_passages_check_id", "alternating_passages", ["check_id"]
    )
    op.create_table(
        "changes",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column(
            "document_id", sa.String, sa.ForeignKey("documents.id"), nullable=False
        ),
        sa.Column(
            "version_id",
            sa.Integer,
            sa.ForeignKey("versions.id"),
            nullable=False,
            unique=True,
        ),
        sa.Column(
            "before_id", sa.Integer, sa.ForeignKey("versions.id"), nullable=False
        ),
        sa.Column("check_id", sa.Integer, sa.ForeignKey("checks.id")),
        sa.Column("detected_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cause", sa.String, nullable=False),
        sa.Column("substantive", sa.Boolean, nullable=False),
        sa.Column("alert", sa.Boolean, nullable=False),
        sa.Column("severity", sa.String, nullable=False),
        sa.Column("direction", sa.String, nullable=False),
        sa.Column("topics", sa.JSON, nullable=False),
        sa.Column("effective_date", sa.Date),
        sa.Column("brief", sa.JSON, nullable=False),
        sa.Column("returns_to", sa.Integer, sa.ForeignKey("versions.id")),
        sa.Column("waits", sa.Integer, nullable=False),
        sa.Column("event_id", sa.Integer, sa.ForeignKey("events.id")),
        sa.Column("event_reason", sa.JSON),
    )
    op.create_index("ix_changes_before_id", "changes", ["before_id"])
    op.create_index("ix_changes_check_id", "changes", ["check_id"])
    op.create_index("ix_changes_effective_date", "changes", ["effective_date"])
    op.create_index("ix_changes_event_id", "changes", ["event_id"])
    op.create_index(
        "ix_changes_listed",
        "changes",
        [
            "detected_at",
            "id",
            "substantive",
            "cause",
            "severity",
            "direction",
            "document_id",
            "effective_date",
        ],
    )
    op.create_index(
        "ix_changes_of_document",
        "changes",
        ["document_id", "detected_at", "id", "substantive", "cause"],
    )
    op.create_index("ix_changes_returns_to", "changes", ["returns_to"])
    op.create_index("ix_changes_waits", "changes", ["waits"])
    op.create_table(
        "notices",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("document_id", sa.String, sa.ForeignKey("documents.id")),
        sa.Column("check_id", sa.Integer, sa.ForeignKey("checks.id")),
        sa.Column("facts", sa.JSON, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("planned_at", sa.DateTime(timezone=True)),
    )
    op.create_index("ix_notices_check_id", "notices", ["check_id"])
    op.create_index("ix_notices_document_id", "notices", ["document_id"])
    op.create_index("ix_notices_planned_at", "notices", ["planned_at"])
    op.create_table(
        "alerts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column(
            "change_id", sa.Integer, sa.ForeignKey("changes.id"), nullable=False
        ),
        sa.Column("route", sa.String, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("planned_at", sa.DateTime(timezone=True)),
        sa.UniqueConstraint("change_id", "route"),
    )
    op.create_index("ix_alerts_change_id", "alerts", ["change_id"])
    op.create_index("ix_alerts_planned_at", "alerts", ["planned_at"])
    op.create_table(
        "change_topics",
        sa.Column("topic", sa.String, primary_key=True),
        sa.Column(
            "change_id", sa.Integer, sa.ForeignKey("changes.id"), primary_key=True
        ),
    )
    op.create_index("ix_change_topics_change_id", "change_topics", ["change_id"])
    op.create_table(
        "passages",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column(
            "change_id", sa.Integer, sa.ForeignKey("changes.id"), nullable=False
        ),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("operation", sa.String, nullable=False),
        sa.Column("heading", sa.JSON, nullable=False),
        sa.Column("before", sa.String),
        sa.Column("after", sa.String),
        sa.Column("topics", sa.JSON, nullable=False),
        sa.Column("evidence", sa.JSON, nullable=False),
        sa.Column("severity", sa.String, nullable=False),
        sa.Column("direction", sa.String, nullable=False),
        sa.Column("returns", sa.Boolean, nullable=False),
        sa.Column("why", sa.JSON, nullable=False),
        sa.Column("marks", sa.JSON, nullable=False),
    )
    op.create_index("ix_passages_change_id", "passages", ["change_id"])
    op.create_table(
        "reviews",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column(
            "change_id", sa.Integer, sa.ForeignKey("changes.id"), nullable=False
        ),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("note", sa.String, nullable=False),
        sa.Column("by", sa.String, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_reviews_change_id", "reviews", ["change_id"])
    op.create_table(
        "delivery_items",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column(
            "delivery_id",
            sa.Integer,
            sa.ForeignKey("deliveries.id"),
            nullable=False,
        ),
        sa.Column("address", sa.String, nullable=False),
        sa.Column("alert_id", sa.Integer, sa.ForeignKey("alerts.id")),
        sa.Column("notice_id", sa.Integer, sa.ForeignKey("notices.id")),
        sa.UniqueConstraint("alert_id", "address"),
        sa.UniqueConstraint("notice_id", "address"),
        sa.CheckConstraint(
            "(alert_id IS NULL) <> (notice_id IS NULL)", name="one_thing"
        ),
    )
    op.create_index(
        "ix_delivery_items_delivery_id", "delivery_items", ["delivery_id"]
    )
    if op.get_bind().dialect.name == "sqlite":
        # The program's own words go in: nothing is left to a tokenizer, and the text is not stored a second time.
        op.execute(
            "CREATE VIRTUAL TABLE paragraph_words USING fts5(words, content='', columnsize=0, tokenize='ascii')"
        )
    else:
        op.execute(
            "CREATE TABLE paragraph_words (paragraph_id BIGINT PRIMARY KEY, words TSVECTOR NOT NULL)"
        )
        op.execute(
            "CREATE INDEX ix_paragraph_words ON paragraph_words USING gin (words)"
        )
