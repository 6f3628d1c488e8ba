"""Depends on nothing of ours: shared vocabulary, and bounded access to others' bytes."""
