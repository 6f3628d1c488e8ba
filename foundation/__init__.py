"""Depends on nothing of ours."""
