"""What addresses may ask for, kept to what the store can hold."""

from __future__ import annotations

from fastapi import HTTPException

from storage.columns import MAX_INTEGER


def storable(number: int) -> int:
    """The number, where a row could have it; else there is nothing."""
    if number > MAX_INTEGER:
        raise HTTPException(404)
    return number


def storable_text(text: str) -> str:
    """The text, where a column could hold it; else there is nothing."""
    if "\x00" in text:  # PostgreSQL knows no text with it
        raise HTTPException(404)
    return text
