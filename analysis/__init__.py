"""Reads captures and compares versions: what a page says, what changed, what it means.

`versions` takes captures to versions, changes and alerts in the store; all the rest is pure: same input, same answer,
no clock, no network, no database.
"""
