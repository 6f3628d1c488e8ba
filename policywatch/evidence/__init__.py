"""Proves to others what was captured: timestamps of the chain, WARC files, bundles that need no program of ours."""
