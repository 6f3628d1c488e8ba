"""The ways in: command line, watchlist, schedule, demo, web pages."""

from importlib.metadata import version

__version__ = version("policywatch")
