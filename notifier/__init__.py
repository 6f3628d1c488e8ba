"""The only part that knows Apprise: routes, messages, and their delivery, at least once and each by itself."""
