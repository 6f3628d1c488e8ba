"""Reads public archives of policies: their history becomes versions whose source is named."""
