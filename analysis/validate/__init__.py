"""Whether a text that was read is the document, and whole."""
