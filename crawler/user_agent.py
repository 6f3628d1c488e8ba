"""Who we say we are."""

from __future__ import annotations

from importlib.metadata import version

NAME = "policywatch"  # what a robots.txt calls us


def user_agent(contact: str) -> str:
    """Name, version and whom to write to."""
    return f"{NAME}/{version(NAME)} (+{contact})"
