"""How seldom Python looks for garbage in a process that compares many texts."""

from __future__ import annotations

import gc

_SELDOM = (100_000, 10, 100)  # objects; collections of the young; of the middle-aged


def look_seldom() -> None:
    """What is loaded stays to the end, so it is left out of every search from now on; and as what a comparison makes
    goes by itself, searches of all the rest, some 80 ms each, are made rare."""
    gc.freeze()
    gc.set_threshold(*_SELDOM)
