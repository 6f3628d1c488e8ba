"""From captures to versions, changes and alerts."""
