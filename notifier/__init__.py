"""The only package that knows Apprise: routes, messages, and delivery at least once."""
