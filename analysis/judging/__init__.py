"""What a change means: whether it is told, what it is about, how grave it is, in whose favour, and why."""
