"""Reads pages and compares versions: what a page says, what changed, what it means.

Pure: same input, same answer; no clock, no network, no database.
"""
