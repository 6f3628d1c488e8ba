"""The watchlist that `init` writes."""

from __future__ import annotations

import json
from importlib.resources import files


def starter(contact: str) -> str:
    """A commented policywatch.toml, valid as it is, with `contact` for the User-Agent."""
    text = (files("policywatch.config") / "starter.toml").read_text("utf-8")
    return text.replace('"CONTACT"', json.dumps(contact))
