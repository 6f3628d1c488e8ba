"""The watchlist: its file, checked, and who is alerted."""

DEFAULT_FILE = "policywatch.toml"
