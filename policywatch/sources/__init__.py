"""Public archives of policies: their history becomes versions that name their source."""
