"""The headline of a change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from messages.catalogue import Catalogue

MOST = 140  # characters of a quotation


def headline_text(
    words: Catalogue,
    brief: Mapping[str, Any],
    *,
    service: str = "",
    title: str = "",
    most: int = MOST,
    default: str = "",
    when: str = "",
) -> str:
    """May be empty. Claims need a `service`; `default` and `when` are phrases within one; `most` bounds a quotation."""
    if not brief.get("meaning"):
        return ""
    claim = (brief.get("headline") or {}).get("claim")
    if claim and service:
        parts = {"default": default and f" {default}", "when": when and f" {when}"}
        return words.term("headline", claim, service=service, **parts)
    quoted = clause_of(words, brief, most)
    about = " · ".join(filter(None, (service, title)))
    return f"{about}{words.colon}{quoted}" if about else quoted


def clause_of(words: Catalogue, brief: Mapping[str, Any], most: int = MOST) -> str:
    text: str = brief["meaning"]
    start, end = (brief.get("headline") or {}).get("clause") or (0, len(text))
    if end - start > most and (
        most < MOST or not brief.get("headline")
    ):  # or from a store without clauses
        end = max(text.rfind(" ", start, start + most), start + most // 2)
    clause = text[start:end]
    if start > 0:
        clause = f"… {clause}"
    if end < len(text.rstrip(" .;,:")) and not clause.endswith((".", "!", "?")):
        clause = f"{clause} …"
    quoted = words.quoted(clause)
    if lead_in := brief.get("lead_in"):
        quoted = f"{' '.join(lead_in)} {quoted}"
    gone = (
        words("brief.gone") + words.colon
        if brief.get("meaning_side") == "before"
        else ""
    )
    return gone + quoted
