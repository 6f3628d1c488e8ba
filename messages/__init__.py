"""Words for people."""

from messages.catalogue import (
    ENGLISH,
    LANGUAGES,
    Catalogue,
    catalogue,
    counted,
    preferred_language,
)
from messages.message import (
    Message,
    Value,
    join_messages,
    program_error,
    system_error,
    translate,
    verbatim,
)

__all__ = [
    "ENGLISH",
    "LANGUAGES",
    "Catalogue",
    "Message",
    "Value",
    "catalogue",
    "counted",
    "join_messages",
    "preferred_language",
    "program_error",
    "system_error",
    "translate",
    "verbatim",
]
