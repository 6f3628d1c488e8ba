"""Proves captures to others: timestamps of the chain, WARC files, self-contained bundles."""
