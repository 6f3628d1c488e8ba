"""What stands on nothing of ours: bytes of others come in here, within limits."""
