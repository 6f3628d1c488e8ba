"""The ways in: command line, watchlist, schedule, demo, web pages."""
