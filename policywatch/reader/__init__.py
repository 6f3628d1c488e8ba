"""A language model of the operator's as reader: it reads whole changes, and stands by nothing but quotations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage.database import Database

if TYPE_CHECKING:
    from policywatch.config.recipients import Recipients
    from policywatch.reader.reader import Reader


def reader_of(database: Database, recipients: Recipients) -> Reader | None:
    """None without a model: nothing of the extra that asks one is loaded then."""
    if recipients.model is None:
        return None
    from policywatch.reader.reader import Reader

    languages = {route.language for route in recipients.routes}
    about = {route.about for route in recipients.routes if route.about}
    return Reader(
        database,
        recipients.model,
        sorted(languages | {recipients.operator_language}),
        sorted(about),
    )
