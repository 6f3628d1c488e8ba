"""What stands in the way of a scheduled job."""

from __future__ import annotations


class CannotSchedule(Exception):
    """This installation can't be run that way; the message says why and what to do."""
