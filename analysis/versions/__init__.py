"""From captures to versions, changes and alerts. The only part of analysis that knows the store."""
