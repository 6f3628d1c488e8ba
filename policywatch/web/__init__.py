"""The pages, the feed and the JSON API: read-only, without scripts, and nothing loaded from elsewhere."""
