"""The operator's language model as reader of whole changes; each statement stands on quotations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage.database import Database

if TYPE_CHECKING:
    from policywatch.config.recipients import Recipients
    from policywatch.reader.reader import Reader


def reader_of(database: Database, recipients: Recipients) -> Reader | None:
    """None without a model."""
    if recipients.model is None:
        return None
    # it needs ingest, which needs this
    from policywatch.reader.reader import Reader

    languages = {route.language for route in recipients.routes}
    about = {route.about for route in recipients.routes if route.about}
    return Reader(
        database,
        recipients.model,
        sorted(languages | {recipients.operator.language}),
        sorted(about),
    )
