"""Pages, feeds and the JSON API: no scripts, and nothing loaded from elsewhere."""
