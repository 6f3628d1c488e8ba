"""What can be wrong with an archive."""

from __future__ import annotations


class NotAnArchive(Exception):
    """What was named is no archive that can be read; nothing was stored."""


class ArchiveUnreachable(Exception):
    """git could not get the archive; what was stored before is kept."""
